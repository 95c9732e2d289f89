/*
 * Hot path: coro_start, coro_wait, coro_wake. No allocation, no formatting, no system call except for the
 * first use of a stack.
 */
#include "runtime/coro.h"

#include "runtime/fpcontrol.h"
#include "runtime/loop.h"
#include "runtime/stack.h"
#include "runtime/switch.h"

#include <limits.h>

#if BASE_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

coro *coro_running;
static void *loop_stack_pointer; /* saved while a coroutine runs */
static uint64_t loop_fpcontrol;  /* what every coroutine begins with */
static bool is_set_up;
static unsigned alive, most_alive = UINT_MAX;

/* -- what AddressSanitizer must know of each switch -- */

#if BASE_ASAN
static void *loop_fake_stack;
static const void *loop_stack_base;
static size_t loop_stack_bytes;

/** On the loop's stack, before it is left for `co`. */
static inline void sanitizer_leave_loop(const coro *co)
{
    __sanitizer_start_switch_fiber(&loop_fake_stack, co->stack_base, co->stack_bytes);
}

/** Back on the loop's stack. */
static inline void sanitizer_reach_loop(void)
{
    __sanitizer_finish_switch_fiber(loop_fake_stack, NULL, NULL);
}

/** On a coroutine's stack, before it is left; `fake_stack` is NULL when it will not come back. */
static inline void sanitizer_leave_coro(void **fake_stack)
{
    __sanitizer_start_switch_fiber(fake_stack, loop_stack_base, loop_stack_bytes);
}

/** On a coroutine's stack, first or again. */
static inline void sanitizer_reach_coro(void *fake_stack)
{
    __sanitizer_finish_switch_fiber(fake_stack, &loop_stack_base, &loop_stack_bytes);
}
#else
static inline void sanitizer_leave_loop(const coro *co)
{
    (void)co;
}
static inline void sanitizer_reach_loop(void)
{
}
static inline void sanitizer_leave_coro(void **fake_stack)
{
    (void)fake_stack;
}
static inline void sanitizer_reach_coro(void *fake_stack)
{
    (void)fake_stack;
}
#endif

/* -- starting and ending -- */

/** The first frame of every coroutine; returns the stack to go on with. */
__attribute__((no_sanitize("address"))) static void *run_coroutine(void *arg)
{
    sanitizer_reach_coro(NULL);
    stack_slot *slot = arg;
    slot->fn(slot->arg);
    if (__builtin_expect(fpcontrol_get() != loop_fpcontrol, 0))
        fpcontrol_set(loop_fpcontrol);
    sanitizer_leave_coro(NULL);
    return loop_stack_pointer;
}

/** Has `co` resumed in the next turn, after all that are ready now. */
static __attribute__((noinline, cold)) void queue_yielding(coro *co)
{
    co->is_suspended = false;
    list_append(&loop_self.ready, &co->ready_link);
}

/** The loop goes on after `co` has waited or ended. is_suspended says which, because nothing else has run. */
static inline void come_back(coro *co)
{
    sanitizer_reach_loop();
    coro_running = NULL;
    if (!co->is_suspended) {
        alive--;
        stack_put((stack_slot *)co);
    } else if (__builtin_expect(co->is_yielding, 0)) {
        queue_yielding(co);
    }
}

static inline void enter(stack_slot *slot)
{
    coro *co = &slot->co;
    coro_running = co;
    sanitizer_leave_loop(co);
    switch_enter(&loop_stack_pointer, slot, run_coroutine, slot);
    come_back(co);
}

/** Once, before the first coroutine. */
static void set_up(void)
{
    loop_fpcontrol = fpcontrol_get();
    is_set_up = true;
}

static void on_deadline(timer_entry *timer);

static stack_slot *new_coroutine(coro_fn *fn, void *arg)
{
    if (__builtin_expect(!is_set_up, 0))
        set_up();
    if (alive >= most_alive)
        return NULL;
    stack_slot *slot = stack_get();
    if (slot == NULL)
        return NULL;
    alive++;
    coro *co = &slot->co;
    co->unwind = NULL;
    co->request = NULL;
    co->scope = NULL;
    co->timer.link.next = NULL;
    co->timer.fire = on_deadline;
    co->is_suspended = false;
    co->is_cancelled = false;
    co->is_yielding = false;
    co->cancel_masked = 0;
    co->cpu_ticks = 0;
    slot->is_fresh = false;
    slot->fn = fn;
    slot->arg = arg;
    return slot;
}

bool coro_start(coro_fn *fn, void *arg)
{
    stack_slot *slot = new_coroutine(fn, arg);
    if (slot == NULL)
        return false;
    enter(slot);
    return true;
}

coro *coro_spawn(coro_fn *fn, void *arg, void *request, void *scope)
{
    stack_slot *slot = new_coroutine(fn, arg);
    if (slot == NULL)
        return NULL;
    slot->is_fresh = true;
    slot->co.request = request;
    slot->co.scope = scope;
    list_append(&loop_self.ready, &slot->co.ready_link);
    return &slot->co;
}

/* -- waiting and waking -- */

static void make_ready(coro *co, coro_outcome outcome)
{
    co->outcome = outcome;
    co->is_suspended = false;
    if (timer_is_running(&co->timer))
        timer_stop(&loop_self.timers, &co->timer);
    list_append(&loop_self.ready, &co->ready_link);
}

static void on_deadline(timer_entry *timer)
{
    make_ready(list_owner(timer, coro, timer), CORO_TIMEOUT);
}

/** Goes on with the loop until it resumes `co`, the running coroutine. */
static inline void suspend(coro *co)
{
    uint64_t fpcontrol = fpcontrol_get();
    if (__builtin_expect(fpcontrol != loop_fpcontrol, 0))
        fpcontrol_set(loop_fpcontrol);
    co->is_suspended = true;
    sanitizer_leave_coro(&co->sanitizer_stack);
    switch_to(&co->stack_pointer, loop_stack_pointer);
    sanitizer_reach_coro(co->sanitizer_stack);
    if (__builtin_expect(fpcontrol != loop_fpcontrol, 0))
        fpcontrol_set(fpcontrol);
}

coro_outcome coro_wait(uint64_t at_ms)
{
    coro *co = coro_running;
    if (co->is_cancelled && co->cancel_masked == 0)
        return CORO_CANCELLED;
    if (at_ms != 0)
        timer_start(&loop_self.timers, &co->timer, at_ms);
    suspend(co);
    return co->outcome;
}

bool coro_yield(void)
{
    coro *co = coro_running;
    co->is_yielding = true;
    suspend(co);
    co->is_yielding = false;
    return !co->is_cancelled || co->cancel_masked != 0;
}

void coro_wake(coro *co)
{
    if (co->is_suspended)
        make_ready(co, CORO_WOKEN);
}

void coro_cancel(coro *co)
{
    co->is_cancelled = true;
    if (co->is_suspended && co->cancel_masked == 0)
        make_ready(co, CORO_CANCELLED);
}

static void resume(coro *co)
{
    stack_slot *slot = (stack_slot *)co;
    if (slot->is_fresh) {
        slot->is_fresh = false;
        enter(slot);
        return;
    }
    coro_running = co;
    sanitizer_leave_loop(co);
    switch_to(&loop_stack_pointer, co->stack_pointer);
    come_back(co);
}

bool coro_run_ready(void)
{
    list_link pass; /* the coroutines ready now: those they make ready wait for the next pass */
    if (!list_take_all(&loop_self.ready, &pass))
        return false;
    list_link *link;
    while ((link = list_take_first(&pass)) != NULL)
        resume(list_owner(link, coro, ready_link));
    return true;
}

/* -- the rest -- */

void coro_rest(const coro *co)
{
    if (co->is_suspended)
        stack_release_below(co->stack_base, co->stack_pointer);
}

unsigned coro_count(void)
{
    return alive;
}

void coro_set_limit(unsigned most)
{
    most_alive = most != 0 ? most : UINT_MAX;
}

void coro_trim(unsigned keep)
{
    stack_trim(keep);
}

bool coro_tidy(void)
{
    return stack_tidy();
}

bool coro_is_untidy(void)
{
    return stack_pool_self.count != stack_pool_self.least;
}

bool coro_is_guard(const void *address)
{
    if (coro_running == NULL)
        return false;
    uintptr_t base = (uintptr_t)coro_running->stack_base, at = (uintptr_t)address;
    return at < base && base - at <= CORO_GUARD_BYTES;
}
