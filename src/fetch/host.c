#include "fetch/host.h"

#include "base/mem.h"
#include "base/random.h"
#include "base/siphash.h"
#include "fetch/plain.h"
#include "runtime/loop.h"

#include <string.h>

enum {
    SLOTS = 256,
    HOSTS_MOST = 1024, /* the least recently used one without calls is forgotten beyond */
    RETRIES_MOST = 10  /* saved up */
};

typedef struct host_waiter {
    list_link link;
    coro *waiting;
    bool has_turn;
} host_waiter;

static struct {
    fetch_host *slots[SLOTS];
    list_link by_use;
    unsigned count;
    siphash_key secret;
    bool is_ready;
} hosts;

static bool prepare(void)
{
    if (hosts.is_ready)
        return true;
    list_init(&hosts.by_use);
    if (!random_bytes(&hosts.secret, sizeof hosts.secret))
        return false;
    hosts.is_ready = true;
    return true;
}

static fetch_host **slot_of(const char *key, size_t len)
{
    return &hosts.slots[siphash_1_3(&hosts.secret, key, len) % SLOTS];
}

static void forget(fetch_host *h)
{
    fetch_host **at = slot_of(h->key, h->key_len);
    while (*at != h)
        at = &(*at)->next;
    *at = h->next;
    list_remove(&h->by_use);
    hosts.count--;
    plain_forget_host(h);
    mem_free(h);
}

static void forget_unused(unsigned keep)
{
    list_link *link = hosts.by_use.next;
    while (hosts.count > keep && link != &hosts.by_use) {
        fetch_host *h = list_owner(link, fetch_host, by_use);
        link = link->next;
        if (h->users == 0)
            forget(h);
    }
}

static fetch_host *make(const char *key, size_t len)
{
    fetch_host *h = mem_zero(1, sizeof *h + len + 1);
    if (h == NULL)
        return NULL;
    memcpy(h->key, key, len);
    h->key_len = len;
    h->retries = RETRIES_MOST;
    list_init(&h->line);
    list_init(&h->idle);
    list_init(&h->by_use);
    fetch_host **slot = slot_of(key, len);
    h->next = *slot;
    *slot = h;
    hosts.count++;
    return h;
}

fetch_host *host_get(const char *key, size_t len)
{
    if (!prepare())
        return NULL;
    fetch_host *h = *slot_of(key, len);
    while (h != NULL && (h->key_len != len || memcmp(h->key, key, len) != 0))
        h = h->next;
    if (h == NULL && hosts.count >= HOSTS_MOST)
        forget_unused(HOSTS_MOST - 1);
    if (h == NULL && (h = make(key, len)) == NULL)
        return NULL;
    list_remove(&h->by_use);
    list_append(&hosts.by_use, &h->by_use);
    h->users++;
    return h;
}

void host_release(fetch_host *h)
{
    h->users--;
}

void hosts_forget(void)
{
    if (hosts.is_ready)
        forget_unused(0);
}

/* -- turns -- */

bool host_is_paused(const fetch_host *h)
{
    return h->paused_until_ms != 0 && (loop_self.now_ms < h->paused_until_ms || h->is_probing);
}

static void begin(fetch_host *h, const tern_fetch_settings *settings, bool is_retry)
{
    h->running++;
    h->is_probing = h->paused_until_ms != 0;
    if (!is_retry)
        h->retries += (double)settings->retry_percent / 100;
    if (h->retries > RETRIES_MOST)
        h->retries = RETRIES_MOST;
}

bool host_try_enter(fetch_host *h, const tern_fetch_settings *settings)
{
    if (host_is_paused(h) || h->running >= settings->per_host || !list_empty(&h->line))
        return false;
    begin(h, settings, true);
    return true;
}

static host_turn wait_in_line(fetch_host *h, uint64_t at_ms)
{
    host_waiter waiter = {.waiting = coro_self()};
    list_append(&h->line, &waiter.link);
    h->waiting++;
    coro_outcome outcome = coro_wait(at_ms);
    list_remove(&waiter.link);
    h->waiting--;
    if (waiter.has_turn && outcome != CORO_CANCELLED)
        return HOST_GO;
    if (waiter.has_turn)
        h->running--;
    return outcome == CORO_CANCELLED ? HOST_CANCELLED : HOST_LATE;
}

static void admit(fetch_host *h, const tern_fetch_settings *settings);

host_turn host_enter(fetch_host *h, const tern_fetch_settings *settings, uint64_t at_ms, bool is_retry)
{
    if (host_is_paused(h))
        return HOST_PAUSED;
    if (h->running >= settings->per_host || !list_empty(&h->line)) {
        if (h->waiting >= settings->waiting)
            return HOST_FULL;
        host_turn turn = wait_in_line(h, at_ms);
        if (turn != HOST_GO) {
            admit(h, settings); /* the turn it was given, if any */
            return turn;
        }
        h->running--; /* begin counts it */
        if (host_is_paused(h)) {
            admit(h, settings);
            return HOST_PAUSED;
        }
    }
    begin(h, settings, is_retry);
    return HOST_GO;
}

/* Gives free turns to the longest waiters. They count as running from now on. */
static void admit(fetch_host *h, const tern_fetch_settings *settings)
{
    list_link *link;
    while (h->running < settings->per_host && (link = list_take_first(&h->line)) != NULL) {
        host_waiter *waiter = list_owner(link, host_waiter, link);
        waiter->has_turn = true;
        h->running++;
        coro_wake(waiter->waiting);
    }
}

void host_note_reply(fetch_host *h)
{
    h->failures = 0;
    if (h->paused_until_ms != 0)
        h->last_pause_ms = h->paused_until_ms;
    h->paused_until_ms = 0;
    h->is_probing = false;
}

/* The pauses of a service's target grow while they follow each other: other targets do its work. */
static void pause_host(fetch_host *h, const tern_fetch_settings *settings, bool was_probing)
{
    enum { PAUSES_MOST = 10 };
    bool is_new = h->paused_until_ms == 0;
    if (is_new && loop_self.now_ms >= h->last_pause_ms + (uint64_t)PAUSES_MOST * settings->pause_ms)
        h->pauses = 0;
    if ((is_new || was_probing) && h->pauses < PAUSES_MOST)
        h->pauses++;
    h->paused_until_ms = loop_self.now_ms + (uint64_t)settings->pause_ms * (h->is_target ? h->pauses : 1);
}

void host_done(fetch_host *h, const tern_fetch_settings *settings, host_outcome outcome)
{
    h->running--;
    bool was_probing = h->is_probing;
    h->is_probing = false;
    if (outcome == HOST_WORKED)
        host_note_reply(h);
    else if ((outcome == HOST_FAILED || outcome == HOST_FAILED_KEPT) && ++h->failures >= settings->failures &&
             outcome == HOST_FAILED)
        pause_host(h, settings, was_probing);
    admit(h, settings);
}

bool host_may_retry(fetch_host *h)
{
    if (h->retries < 1)
        return false;
    h->retries -= 1;
    return true;
}
