/**
 * Stand-ins: each worker has a listening socket of its own, so while a worker is down its share of the new
 * connections would wait. Another worker takes them until it is back.
 */
#include "runtime/master.h"
#include "runtime/worker_process.h"

static bool is_serving_well(const master *m, const slot *s, uint64_t now_ms)
{
    if (s->current == MASTER_NONE || m->processes[s->current].state != PROCESS_SERVING)
        return false;
    uint64_t busy_since = atomic_load(&m->board->records[s->current].busy_since_ms);
    return busy_since == 0 || now_ms <= busy_since + MASTER_STUCK_MS;
}

/** A worker that only starts is served soon; one that waits for its next try, or hangs, is not. */
static bool is_down(const master *m, const slot *s, uint64_t now_ms)
{
    if (s->current == MASTER_NONE)
        return s->respawn_at_ms != 0;
    return m->processes[s->current].state == PROCESS_SERVING && !is_serving_well(m, s, now_ms);
}

/** The next worker that serves: two neighbours that are down get different ones where there are enough. */
static int find_guardian(const master *m, unsigned number, uint64_t now_ms)
{
    for (unsigned i = 1; i < m->slot_count; i++) {
        unsigned other = (number + i) % m->slot_count;
        if (is_serving_well(m, &m->slots[other], now_ms))
            return (int)other;
    }
    return BOARD_NOBODY;
}

static void tell(const master *m, int number)
{
    int current = number == BOARD_NOBODY ? MASTER_NONE : m->slots[number].current;
    if (current != MASTER_NONE)
        kill(m->processes[current].pid, WORKER_REVIEW);
}

void guard_slots(master *m, uint64_t now_ms)
{
    for (unsigned i = 0; i < m->slot_count; i++) {
        int guardian = atomic_load(&m->board->guardian[i]), wanted = BOARD_NOBODY;
        if (!is_serving_well(m, &m->slots[i], now_ms)) {
            bool stays = guardian != BOARD_NOBODY && is_serving_well(m, &m->slots[guardian], now_ms);
            if (stays || guardian != BOARD_NOBODY || is_down(m, &m->slots[i], now_ms))
                wanted = stays ? guardian : find_guardian(m, i, now_ms);
        }
        if (wanted == guardian)
            continue;
        atomic_store(&m->board->guardian[i], wanted);
        tell(m, guardian);
        tell(m, wanted);
    }
}
