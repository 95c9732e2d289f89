#include "tls/ticket.h"

#include "base/random.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { TRIES = 100 }; /* while another process makes the key */

/** Copies the key of a period; false when its slot has another one, or gets another one meanwhile. */
static bool copy_key(const ticket_keys *keys, uint64_t period, ticket_key *out)
{
    const ticket_slot *slot = &keys->slots[period % TICKET_SLOTS];
    if (atomic_load_explicit(&slot->period, memory_order_acquire) != period + 1)
        return false;
    *out = slot->key;
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&slot->period, memory_order_relaxed) == period + 1;
}

/** Whether this process may change the keys. A process that died with the right to has lost it. */
static bool become_maker(ticket_keys *keys)
{
    int32_t holder = 0, self = (int32_t)getpid();
    if (atomic_compare_exchange_strong(&keys->maker, &holder, self))
        return true;
    bool is_dead = kill((pid_t)holder, 0) != 0 && errno == ESRCH;
    return is_dead && atomic_compare_exchange_strong(&keys->maker, &holder, self);
}

static void erase(ticket_slot *slot)
{
    atomic_store_explicit(&slot->period, 0, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
    explicit_bzero(&slot->key, sizeof slot->key);
}

/** Makes the key of a period, and erases all but that of the period before. */
static bool make_key(ticket_keys *keys, uint64_t period)
{
    ticket_key fresh;
    if (!random_bytes(&fresh, sizeof fresh))
        return false;
    for (unsigned i = 0; i < TICKET_SLOTS; i++)
        if (atomic_load(&keys->slots[i].period) != period)
            erase(&keys->slots[i]);
    ticket_slot *slot = &keys->slots[period % TICKET_SLOTS];
    slot->key = fresh;
    atomic_store_explicit(&slot->period, period + 1, memory_order_release);
    explicit_bzero(&fresh, sizeof fresh);
    return true;
}

bool ticket_key_now(ticket_keys *keys, uint64_t now_ms, ticket_key *out)
{
    uint64_t period = now_ms / TICKET_PERIOD_MS;
    for (unsigned i = 0; i < TRIES; i++) {
        if (copy_key(keys, period, out))
            return true;
        if (!become_maker(keys)) {
            sched_yield(); /* the other process needs some microseconds */
            continue;
        }
        bool is_made = copy_key(keys, period, out) || make_key(keys, period);
        atomic_store(&keys->maker, 0);
        if (!is_made)
            return false;
    }
    return false;
}

bool ticket_key_find(ticket_keys *keys, uint64_t now_ms, const unsigned char *name, ticket_key *out,
                     bool *is_present)
{
    uint64_t period = now_ms / TICKET_PERIOD_MS;
    for (uint64_t age = 0; age <= 1 && age <= period; age++) {
        if (copy_key(keys, period - age, out) && memcmp(out->name, name, TICKET_NAME_BYTES) == 0) {
            *is_present = age == 0;
            return true;
        }
    }
    return false;
}
