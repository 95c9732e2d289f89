/**
 * The floating-point control word of the processor: rounding mode, exception masks, flush to zero.
 *
 * The calling convention gives it to the caller, so a coroutine must not leak its own into the others: it may
 * wait, or be left by a throw, between fesetround and the call that sets it back. Reading it takes about 2 ns
 * and loading it more, so it is read only where a coroutine is left, and loaded only where it differs.
 */
#ifndef RUNTIME_FPCONTROL_H
#define RUNTIME_FPCONTROL_H

#include "runtime/switch.h"

#include <stdint.h>

#if defined(SWITCH_X86_64)

/** mxcsr without its sticky exception flags, and the x87 control word above it. */
static inline uint64_t fpcontrol_get(void)
{
    uint32_t mxcsr;
    uint16_t x87;
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(x87));
    return (uint64_t)x87 << 32 | (mxcsr & 0xffc0u);
}

static inline void fpcontrol_set(uint64_t control)
{
    uint32_t mxcsr = (uint32_t)control;
    uint16_t x87 = (uint16_t)(control >> 32);
    __asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(mxcsr), "m"(x87));
}

#elif defined(SWITCH_AARCH64)

static inline uint64_t fpcontrol_get(void)
{
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return fpcr;
}

static inline void fpcontrol_set(uint64_t control)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(control));
}

#else /* setcontext sees to it */

static inline uint64_t fpcontrol_get(void)
{
    return 0;
}

static inline void fpcontrol_set(uint64_t control)
{
    (void)control;
}

#endif

#endif
