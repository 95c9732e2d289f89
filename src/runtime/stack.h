/**
 * The stacks coroutines run on: mapped once, pooled, each with a guard below it.
 *
 * Address order within one mapping: guard (CORO_GUARD_BYTES), then CORO_STACK_BYTES of usable stack with a
 * stack_slot at its top. The pool is last in, first out, so that the next request runs on the stack whose top
 * pages are still in the cache.
 */
#ifndef RUNTIME_STACK_H
#define RUNTIME_STACK_H

#include "base/sanitize.h"
#include "runtime/coro.h"

/** What is at the top of every stack. */
typedef struct stack_slot {
    coro co;
    coro_fn *fn;
    void *arg;
    struct stack_slot *next_pooled;
    unsigned valgrind_id;
    bool is_fresh;   /* spawned and not yet run */
    bool is_trimmed; /* its deep pages went back to the kernel and it was not used since */
} stack_slot;

/** The most stacks that the pool keeps; further ones are unmapped when they are put back. */
enum { STACK_POOL_MOST = 4096 };
/** Those that an idle worker keeps, so that its next requests need no system call. */
enum { STACK_POOL_IDLE = 8 };

typedef struct stack_pool {
    stack_slot *first;
    unsigned count;
    unsigned least; /* stacks that stayed in the pool all the time since the last coro_tidy */
} stack_pool;

extern __attribute__((visibility("hidden"))) stack_pool stack_pool_self;

/** Maps a new stack, which counts as in use; NULL when the kernel has no more (address space, memory or
 * mappings). */
stack_slot *stack_map(void);
void stack_unmap(stack_slot *slot);
/** Frames left by a throw may still be marked as out of bounds: makes the whole of a used stack
 * accessible. */
void stack_forget_frames(stack_slot *slot);

/** A stack with `co.stack_base` and `co.stack_bytes` set and everything else of undefined content, or
 * NULL. */
static inline stack_slot *stack_get(void)
{
    stack_slot *slot = stack_pool_self.first;
    if (__builtin_expect(slot == NULL, 0))
        return stack_map();
    stack_pool_self.first = slot->next_pooled;
    if (--stack_pool_self.count < stack_pool_self.least)
        stack_pool_self.least = stack_pool_self.count;
    slot->is_trimmed = false;
    if (BASE_ASAN)
        stack_forget_frames(slot);
    return slot;
}

/** Gives a stack back that nothing runs on. */
static inline void stack_put(stack_slot *slot)
{
    if (__builtin_expect(stack_pool_self.count >= STACK_POOL_MOST, 0)) {
        stack_unmap(slot);
        return;
    }
    slot->next_pooled = stack_pool_self.first;
    stack_pool_self.first = slot;
    stack_pool_self.count++;
}

/** Gives the kernel back the whole pages from `base` up to `top`, which nothing uses. */
void stack_release_below(void *base, void *top);
/** coro_trim. */
void stack_trim(unsigned keep);
/** coro_tidy. */
bool stack_tidy(void);

/**
 * Whether the code of `frame` touches every page of its stack frame in order (-fstack-clash-protection), so
 * that the guard below a stack catches it however large the frame is.
 *
 * @param frame  has a frame of 32 KiB and writes to the low end of it only.
 * @return true also where that is unknown: under AddressSanitizer or Valgrind, or without memory to try it .
 */
bool stack_is_probed(void (*frame)(void));

#endif
