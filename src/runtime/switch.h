/**
 * Switching the processor between two stacks.
 *
 * Every suspended stack is named by one pointer, its saved stack pointer; what it needs to go on is there.
 * switch_x86_64.S and switch_aarch64.S keep exactly what the calling convention says a call preserves;
 * switch_ucontext.c serves all other processors, or all of them with the CMake option TERN_CORO_UCONTEXT. It
 * is some hundred times slower: swapcontext asks the kernel for the signal mask each time.
 */
#ifndef RUNTIME_SWITCH_H
#define RUNTIME_SWITCH_H

#if !defined(TERN_CORO_UCONTEXT) && defined(__x86_64__) && defined(__LP64__)
#define SWITCH_X86_64 1
#elif !defined(TERN_CORO_UCONTEXT) && defined(__aarch64__) && defined(__LP64__)
#define SWITCH_AARCH64 1
#else
#define SWITCH_UCONTEXT 1
#endif

#ifndef __ASSEMBLER__
/**
 * Saves the caller in `*save` and calls `entry(arg)` on the stack that ends at `stack_top` (aligned to 16).
 * `entry` returns the saved stack pointer to go on with, and its own stack is then done with. Returns when a
 * switch to what was saved happens.
 */
void switch_enter(void **save, void *stack_top, void *(*entry)(void *arg), void *arg);
/** Saves the caller in `*save` and goes on with the stack saved as `to`; returns as switch_enter does. */
void switch_to(void **save, void *to);
#endif

#endif
