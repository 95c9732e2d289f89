#include "runtime/board.h"

#include "base/clock.h"

#include <sys/mman.h>

board *board_new(unsigned slots, unsigned records)
{
    size_t head = (sizeof(board) + 63) & ~(size_t)63;
    size_t bytes = head + records * sizeof(board_record) + 2 * slots * sizeof(_Atomic int);
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    board *b = (board *)(void *)memory;
    b->bytes = bytes;
    b->slot_count = slots;
    b->record_count = records;
    b->records = (board_record *)(void *)(memory + head);
    b->current = (_Atomic int *)(void *)(b->records + records);
    b->guardian = b->current + slots;
    for (unsigned i = 0; i < 2 * slots; i++)
        atomic_init(&b->current[i], BOARD_NOBODY);
    return b;
}

void board_free(board *b)
{
    if (b)
        munmap(b, b->bytes);
}

void board_reset(board *b, unsigned record)
{
    board_record *r = &b->records[record];
    atomic_store(&r->state, BOARD_STARTING);
    atomic_store(&r->incarnation, clock_ns());
    atomic_store(&r->busy_since_ms, 0);
    atomic_store(&r->load, 0);
    atomic_store(&r->capacity, 0);
}

static bool can_take(const board_record *r, uint32_t load, uint64_t now_ms)
{
    uint64_t busy_since = atomic_load_explicit(&r->busy_since_ms, memory_order_relaxed);
    bool is_stuck = busy_since != 0 && now_ms > busy_since + BOARD_STUCK_MS;
    return !is_stuck && load < atomic_load_explicit(&r->capacity, memory_order_relaxed) &&
           atomic_load_explicit(&r->state, memory_order_relaxed) == BOARD_SERVING;
}

/** Handing a connection over costs two system calls, keeping it none. Where connections are few and
 * long-lived every one counts; where many come and go an eighth more or less evens out. */
static uint32_t worth_passing(uint32_t own)
{
    return own - own / 8;
}

/** The least loaded process with room and its load; `self` wins when it has hardly more. */
static int least_loaded(const board *b, unsigned self, uint64_t now_ms, uint32_t *load)
{
    const board_record *own = &b->records[self];
    int best = BOARD_NOBODY;
    *load = atomic_load_explicit(&own->load, memory_order_relaxed);
    if (*load < atomic_load_explicit(&own->capacity, memory_order_relaxed) &&
        atomic_load_explicit(&own->state, memory_order_relaxed) == BOARD_SERVING)
        best = (int)self;
    const uint32_t own_load = *load;
    if (best != BOARD_NOBODY)
        *load = worth_passing(own_load);
    for (unsigned i = 0; i < b->slot_count; i++) {
        int record = atomic_load_explicit(&b->current[i], memory_order_relaxed);
        if (record == BOARD_NOBODY || record == (int)self)
            continue;
        uint32_t other = atomic_load_explicit(&b->records[record].load, memory_order_relaxed);
        if ((best == BOARD_NOBODY || other < *load) && can_take(&b->records[record], other, now_ms)) {
            best = record;
            *load = other;
        }
    }
    if (best == (int)self)
        *load = own_load;
    return best;
}

int board_place(board *b, unsigned self, uint64_t now_ms)
{
    for (;;) {
        uint32_t load;
        int best = least_loaded(b, self, now_ms, &load);
        if (best == BOARD_NOBODY || atomic_compare_exchange_weak(&b->records[best].load, &load, load + 1))
            return best;
    }
}

bool board_has_room(const board *b, unsigned self, uint64_t now_ms)
{
    uint32_t load;
    return least_loaded(b, self, now_ms, &load) != BOARD_NOBODY;
}

int board_slot_of(const board *b, unsigned record)
{
    for (unsigned i = 0; i < b->slot_count; i++)
        if (atomic_load(&b->current[i]) == (int)record)
            return (int)i;
    return BOARD_NOBODY;
}

void board_release(board *b, unsigned record)
{
    atomic_fetch_sub(&b->records[record].load, 1);
}
