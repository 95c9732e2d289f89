/**
 * One maker at a time for a value that many requests want.
 *
 * In a worker those that want the same value queue for a gate, so that only the first of the queue looks at the
 * store. Among workers, and machines, the maker has a claim in the store, which names its process. The others look
 * again after a short while: for the value, and for the claim. A claim of a process that has died is taken over;
 * one of another machine ends by itself.
 */
#include "middleware/cache.h"

#include <tern/task.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { CLAIM_MS = 35000, FIRST_PAUSE_MS = 1, LONGEST_PAUSE_MS = 20 };

/* What a maker stores under the key of its value. */
typedef struct claim {
    uint64_t machine; /* drawn at random: processes of other machines cannot be asked */
    int32_t pid;
    uint32_t number; /* of the flight in its process; 0: of a copy of a request that has not begun */
} claim;

/* Requests of this worker that want one value (or several of one hash, which does no harm). */
typedef struct gate {
    struct gate *next;
    uint64_t hash;
    tern_mutex mutex;
    unsigned users;
} gate;

struct cache_flight {
    tern_ctx *c;
    const tern_store *store;
    tern_str key;
    gate *gate;
    claim claim;
    int64_t until_ms;
    uint64_t pause_ms;
    bool is_first; /* nobody was at the gate */
    bool has_claim, has_gate;
};

static gate *gates, *free_gates;

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* -- gates -- */

static gate *enter_gate(uint64_t hash)
{
    gate *g = gates;
    while (g != NULL && g->hash != hash)
        g = g->next;
    if (g == NULL && (g = free_gates) != NULL) {
        free_gates = g->next;
        *g = (gate){.next = gates, .hash = hash};
        gates = g;
    } else if (g == NULL) {
        gate fresh = {.next = gates, .hash = hash};
        g = tern_keep(&fresh, sizeof fresh);
        if (g == NULL)
            return NULL;
        gates = g;
    }
    g->users++;
    return g;
}

static void leave_gate(gate *g)
{
    if (--g->users != 0)
        return;
    gate **place = &gates;
    while (*place != g)
        place = &(*place)->next;
    *place = g->next;
    g->next = free_gates;
    free_gates = g;
}

/* -- claims -- */

static claim own_claim(uint32_t number)
{
    static uint64_t machine; /* drawn before the workers are forked */
    static int32_t pid;
    if (pid != (int32_t)getpid()) {
        pid = (int32_t)getpid();
        if (machine == 0 && getrandom(&machine, sizeof machine, 0) != sizeof machine)
            machine = (uint64_t)now_ms();
    }
    return (claim){.machine = machine, .pid = pid, .number = number};
}

static uint32_t next_number(void)
{
    static uint32_t last;
    return ++last != 0 ? last : ++last;
}

void cache_claim_prepare(void)
{
    (void)own_claim(0);
}

static tern_str bytes_of(const claim *of)
{
    return (tern_str){(const char *)of, sizeof *of};
}

static tern_str claim_key(tern_ctx *c, tern_str key)
{
    char *text = tern_alloc(c, key.len + 1);
    *text = 'l';
    memcpy(text + 1, key.data, key.len);
    return (tern_str){text, key.len + 1};
}

static const tern_stay claim_stay = {.ms = CLAIM_MS, .is_claimed = true};

static bool is_of_the_dead(tern_str value)
{
    claim theirs, own = own_claim(0);
    if (value.len != sizeof theirs)
        return true; /* not a claim of ours */
    memcpy(&theirs, value.data, sizeof theirs);
    return theirs.machine == own.machine && kill(theirs.pid, 0) != 0 && errno == ESRCH;
}

/* Claims the value: TERN_STORED_NOT while another one has it. */
static tern_stored take_claim(cache_flight *f)
{
    const tern_store *store = f->store;
    tern_str theirs;
    if (tern_is_repeat(f->c)) { /* the claim may have been made for it */
        claim given = own_claim(0);
        tern_stored outcome =
            store->replace(f->c, store, f->key, bytes_of(&given), bytes_of(&f->claim), claim_stay);
        if (outcome != TERN_STORED_NOT)
            return outcome;
    }
    tern_stored outcome = store->add(f->c, store, f->key, bytes_of(&f->claim), claim_stay);
    if (outcome != TERN_STORED_NOT)
        return outcome;
    outcome = store->get(f->c, store, f->key, &theirs);
    if (outcome == TERN_STORED && is_of_the_dead(theirs))
        return store->replace(f->c, store, f->key, theirs, bytes_of(&f->claim), claim_stay);
    return outcome == TERN_STORED_AWAY ? outcome : TERN_STORED_NOT;
}

tern_str cache_claim_new(tern_ctx *c)
{
    claim *own = tern_alloc(c, sizeof *own);
    *own = own_claim(next_number());
    return bytes_of(own);
}

bool cache_claim_is_dead(tern_str value)
{
    return is_of_the_dead(value);
}

/* -- flights -- */

void cache_flight_end(cache_flight *f)
{
    if (f->has_claim)
        f->store->remove(f->c, f->store, f->key, bytes_of(&f->claim));
    f->has_claim = false;
    if (f->has_gate)
        tern_unlock(f->c, &f->gate->mutex);
    f->has_gate = false;
    if (f->gate != NULL)
        leave_gate(f->gate);
    f->gate = NULL;
}

static void end_flight(void *arg)
{
    cache_flight_end(arg);
}

cache_flight *cache_flight_join(tern_ctx *c, const tern_store *store, tern_str key, uint64_t wait_ms)
{
    cache_flight *f = tern_alloc(c, sizeof *f);
    *f = (cache_flight){.c = c,
                        .store = store,
                        .key = claim_key(c, key),
                        .claim = own_claim(next_number()),
                        .until_ms = now_ms() + (int64_t)wait_ms,
                        .pause_ms = FIRST_PAUSE_MS};
    tern_defer(c, end_flight, f);
    f->gate = enter_gate(cache_hash(key.data, key.len, (uint64_t)(uintptr_t)store));
    f->is_first = f->gate != NULL && f->gate->users == 1;
    return f;
}

/* Takes the gate, if it is not taken; false when the time is over. */
static bool pass_gate(cache_flight *f, int64_t left_ms)
{
    if (!f->has_gate && f->gate != NULL && left_ms > 0)
        f->has_gate = tern_lock_within(f->c, &f->gate->mutex, (uint64_t)left_ms);
    return f->has_gate;
}

cache_turn cache_flight_turn(cache_flight *f)
{
    if (f->has_claim)
        return CACHE_MAKE; /* and the look after the claim has found nothing */
    int64_t left_ms = f->until_ms - now_ms();
    bool has_waited = f->has_gate;
    if (!f->has_gate && !pass_gate(f, left_ms))
        return CACHE_ALONE;
    if (!has_waited && !f->is_first)
        return CACHE_LOOK; /* those before it may have made the value */
    tern_stored outcome = take_claim(f);
    if (outcome == TERN_STORED) {
        f->has_claim = true;
        return CACHE_LOOK; /* it may have been made between the last look and the claim */
    }
    if (outcome != TERN_STORED_NOT)
        return outcome == TERN_STORED_AWAY ? CACHE_AWAY : CACHE_ALONE;
    if (left_ms <= 0)
        return CACHE_ALONE;
    tern_sleep(f->c, f->pause_ms);
    f->pause_ms = f->pause_ms * 2 < LONGEST_PAUSE_MS ? f->pause_ms * 2 : LONGEST_PAUSE_MS;
    return CACHE_LOOK;
}

bool cache_flight_repeat(tern_ctx *c, const tern_store *store, tern_str key)
{
    claim given = own_claim(0);
    tern_str name = claim_key(c, key);
    if (store->add(c, store, name, bytes_of(&given), claim_stay) != TERN_STORED)
        return false;
    if (tern_repeat(c))
        return true;
    store->remove(c, store, name, bytes_of(&given));
    return false;
}
