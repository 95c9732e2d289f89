#include "runtime/switch.h"

#ifdef SWITCH_UCONTEXT

#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>

enum { ENTRY_BYTES = 16 * 1024 }; /* makecontext only wants to know where the stack ends */

typedef struct entry_call {
    void *(*entry)(void *arg);
    void *arg;
} entry_call;

/** makecontext passes nothing but ints: the pointer comes in two halves. */
static void run_entry(unsigned high, unsigned low)
{
    entry_call call = *(const entry_call *)(uintptr_t)((uint64_t)high << 32 | low);
    const ucontext_t *next = call.entry(call.arg);
    setcontext(next);
    abort();
}

void switch_enter(void **save, void *stack_top, void *(*entry)(void *arg), void *arg)
{
    ucontext_t here = {0}, fresh = {0};
    entry_call call = {entry, arg};
    uint64_t call_address = (uintptr_t)&call;
    if (getcontext(&fresh) != 0)
        abort(); /* it can fail only for a bad pointer */
    fresh.uc_stack.ss_sp = (char *)stack_top - ENTRY_BYTES;
    fresh.uc_stack.ss_size = ENTRY_BYTES;
    makecontext(&fresh, (void (*)(void))run_entry, 2, (unsigned)(call_address >> 32), (unsigned)call_address);
    *save = &here;
    swapcontext(&here, &fresh);
}

void switch_to(void **save, void *to)
{
    ucontext_t here = {0};
    *save = &here;
    swapcontext(&here, to);
}

#else
typedef int switch_is_in_assembly; /* a translation unit may not be empty */
#endif
