/**
 * The stacks coroutines run on: mapped once, pooled, each with a guard below it.
 *
 * Address order within one mapping of CORO_STACK_BYTES: guard | usable stack | stack_slot. The pool is last
 * in, first out, so that the next request runs on the stack whose top pages are still in the cache.
 */
#ifndef RUNTIME_STACK_H
#define RUNTIME_STACK_H

#include "runtime/coro.h"

/** What lies at the top of every stack. */
typedef struct stack_slot {
    coro co;
    coro_fn *fn;
    void *arg;
    struct stack_slot *next_pooled;
    unsigned valgrind_id;
    bool is_fresh;   /* spawned and not yet run */
    bool is_trimmed; /* its deep pages went back to the kernel and it was not used since */
} stack_slot;

/** The most stacks the pool keeps; those given back beyond are unmapped. */
enum { STACK_POOL_MOST = 4096 };

/** A stack with `co.stack_base` and `co.stack_bytes` set and everything else of undefined content; NULL when
 * the kernel has no more (address space, memory or mappings). */
stack_slot *stack_take(void);
/** Gives a stack back that nothing runs on. */
void stack_put(stack_slot *slot);
/** coro_trim. */
void stack_trim(unsigned keep);
/** Bytes of inaccessible memory below each stack_base. */
size_t stack_guard_bytes(void);

#endif
