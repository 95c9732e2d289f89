/**
 * Leaving many frames at once: C's `raise`, for handlers.
 *
 * A catch point is a frame that stays; unwind_throw returns to the innermost one of the running coroutine.
 * Frames in between are dropped without running: what they held must belong to the request's arena or to a
 * defer.
 */
#ifndef RUNTIME_UNWIND_H
#define RUNTIME_UNWIND_H

#include "runtime/coro.h"

#include <setjmp.h>
#include <stddef.h>

typedef enum unwind_reason {
    UNWIND_NONE,
    UNWIND_FAIL,     /* tern_fail: the request's problem says more */
    UNWIND_CANCELLED /* the client left, the deadline passed or the worker is being stopped */
} unwind_reason;

typedef struct unwind_point {
    jmp_buf env;
    struct unwind_point *outer;
    unwind_reason reason; /* set by unwind_throw */
} unwind_point;

/**
 * Sets a catch point: `if (unwind_catch(&point) == 0) { ...; unwind_release(&point); } else { caught }`. It
 * is a macro because setjmp's frame must not return. `point` must be released in the frame that set it; on
 * the caught side it is released already and `point.reason` says why. Locals changed in between must be
 * volatile or not be read.
 */
#define unwind_catch(point) (unwind_push(point), _setjmp((point)->env))

extern unwind_point *unwind_of_loop; /* the innermost catch point of the loop's own stack */

/** The innermost catch point. Each stack has its own chain: a throw never leaves the stack it runs on. */
static inline unwind_point **unwind_innermost(void)
{
    coro *co = coro_self();
    return co != NULL ? &co->unwind : &unwind_of_loop;
}

#ifdef __clang_analyzer__ /* which cannot know that a throw has taken the point off the chain */
void unwind_push(unwind_point *point);
#else
static inline void unwind_push(unwind_point *point)
{
    unwind_point **chain = unwind_innermost();
    point->outer = *chain;
    point->reason = UNWIND_NONE;
    *chain = point;
}
#endif

static inline void unwind_release(unwind_point *point)
{
    *unwind_innermost() = point->outer;
}

/** Leaves to the innermost catch point of this coroutine; without one the process aborts with a message. */
_Noreturn void unwind_throw(unwind_reason reason);

#endif
