/*
 * The wheel reads a deadline as eleven digits of base 64. A timer is on the level of the highest digit in
 * which its deadline differs from now_ms, in the slot of that digit. Hence:
 *
 *   - on each level only slots above now's own digit are occupied, and all of a lower level is due before
 *     anything of a higher one: the next slot is the first of the lowest level that has any;
 * - a timer's slot stays right while now_ms grows, until now_ms reaches the start of its slot; then the
 *   slot's timers move to lower levels.
 *
 * Eleven levels cover every uint64_t, so the wheel has no horizon and does not wrap.
 */
#include "runtime/timer.h"

#include <limits.h>

enum { DIGIT_BITS = 6, DIGIT_MASK = TIMER_SLOTS - 1 };

void timer_wheel_init(timer_wheel *wheel, uint64_t now_ms)
{
    wheel->now_ms = now_ms;
    wheel->count = 0;
    list_init(&wheel->overdue);
    for (int level = 0; level < TIMER_LEVELS; level++) {
        wheel->occupied[level] = 0;
        for (int slot = 0; slot < TIMER_SLOTS; slot++)
            list_init(&wheel->slots[level][slot]);
    }
}

static void place(timer_wheel *wheel, timer_entry *timer)
{
    uint64_t difference = timer->at_ms ^ wheel->now_ms;
    unsigned level = (63 - (unsigned)__builtin_clzll(difference | 1)) / DIGIT_BITS;
    unsigned slot = (unsigned)(timer->at_ms >> (level * DIGIT_BITS)) & DIGIT_MASK;
    wheel->occupied[level] |= (uint64_t)1 << slot;
    list_append(&wheel->slots[level][slot], &timer->link);
}

void timer_start(timer_wheel *wheel, timer_entry *timer, uint64_t at_ms)
{
    timer_stop(wheel, timer);
    timer->at_ms = at_ms;
    wheel->count++;
    if (at_ms <= wheel->now_ms)
        list_append(&wheel->overdue, &timer->link);
    else
        place(wheel, timer);
}

/** Takes a timer out of its list; the last one of a slot clears the slot's bit. */
static void unlink_timer(timer_wheel *wheel, timer_entry *timer)
{
    list_link *neighbour = timer->link.next;
    list_remove(&timer->link);
    timer->link.next = NULL;
    if (neighbour->next != neighbour)
        return;
    uintptr_t offset = (uintptr_t)neighbour - (uintptr_t)wheel->slots;
    if (offset >= sizeof wheel->slots)
        return; /* the list of overdue timers, or the one being fired */
    size_t index = offset / sizeof(list_link);
    wheel->occupied[index / TIMER_SLOTS] &= ~((uint64_t)1 << index % TIMER_SLOTS);
}

void timer_stop(timer_wheel *wheel, timer_entry *timer)
{
    if (!timer_is_running(timer))
        return;
    unlink_timer(wheel, timer);
    wheel->count--;
}

/** The next slot to be reached: true with its level, number and first millisecond. */
static bool next_slot(const timer_wheel *wheel, unsigned *level, unsigned *slot, uint64_t *starts_ms)
{
    for (unsigned l = 0; l < TIMER_LEVELS; l++) {
        if (wheel->occupied[l] == 0)
            continue;
        unsigned shift = l * DIGIT_BITS;
        *level = l;
        *slot = (unsigned)__builtin_ctzll(wheel->occupied[l]);
        /* now's digits above this one, then the slot, then zeros */
        uint64_t above = wheel->now_ms >> shift >> DIGIT_BITS << DIGIT_BITS;
        *starts_ms = (above | *slot) << shift;
        return true;
    }
    return false;
}

/** Moves every timer due at `now_ms` to the end of `due`, in the order of their slots. */
static void collect_due(timer_wheel *wheel, uint64_t now_ms, list_link *due)
{
    unsigned level, slot;
    uint64_t starts_ms;
    while (next_slot(wheel, &level, &slot, &starts_ms) && starts_ms <= now_ms) {
        wheel->now_ms = starts_ms;
        wheel->occupied[level] &= ~((uint64_t)1 << slot);
        list_link *link, *head = &wheel->slots[level][slot];
        while ((link = list_take_first(head)) != NULL) {
            timer_entry *timer = list_owner(link, timer_entry, link);
            if (timer->at_ms <= now_ms)
                list_append(due, link);
            else
                place(wheel, timer);
        }
    }
    if (now_ms > wheel->now_ms)
        wheel->now_ms = now_ms;
}

void timer_wheel_advance(timer_wheel *wheel, uint64_t now_ms)
{
    /* All are collected before any is fired: a timer that `fire` starts again for a time already past waits
     * for the next advance, and cannot keep this one busy for ever. */
    list_link due;
    list_take_all(&wheel->overdue, &due);
    collect_due(wheel, now_ms, &due);
    while (!list_empty(&due)) {
        timer_entry *timer = list_owner(due.next, timer_entry, link);
        timer_stop(wheel, timer);
        timer->fire(timer);
    }
}

int timer_wheel_sleep_ms(const timer_wheel *wheel, uint64_t now_ms)
{
    unsigned level, slot;
    uint64_t starts_ms;
    if (!list_empty(&wheel->overdue))
        return 0;
    if (!next_slot(wheel, &level, &slot, &starts_ms))
        return -1;
    if (starts_ms <= now_ms)
        return 0;
    return starts_ms - now_ms < INT_MAX ? (int)(starts_ms - now_ms) : INT_MAX;
}
