/*
 * The switch for x86-64 (System V calling convention).
 *
 * A saved stack holds, upwards from its stack pointer: r15 r14 r13 r12 rbx rbp, return address. mxcsr and the
 * x87 control word are fpcontrol.h's affair.
 *
 * It goes on by an indirect jump, not by `ret`: the processor predicts a `ret` from the calls it saw, which
 * were made on the other stack. Measured: 10 ns less for a wake and wait. `notrack`, because the places
 * jumped to follow a call and carry no endbr64.
 */
#include "runtime/switch.h"

#ifdef SWITCH_X86_64

.macro SAVE_CALLER
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
    pushq %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbx, 0
    pushq %r12
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r12, 0
    pushq %r13
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r13, 0
    pushq %r14
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r14, 0
    pushq %r15
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r15, 0
    movq %rsp, (%rdi)
.endm

.macro RESTORE_CALLER
    popq %r15
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r15
    popq %r14
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r14
    popq %r13
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r13
    popq %r12
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r12
    popq %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbx
    popq %rbp
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbp
.endm

    .text

/* void switch_to(void **save, void *to) */
    .globl switch_to
    .hidden switch_to
    .type switch_to, @function
    .p2align 4
switch_to:
    .cfi_startproc
#ifdef __CET__
    endbr64
#endif
    SAVE_CALLER
    movq %rsi, %rsp
    RESTORE_CALLER
    popq %rcx
    .cfi_adjust_cfa_offset -8
    .cfi_register %rip, %rcx
    notrack jmp *%rcx
    .cfi_endproc
    .size switch_to, . - switch_to

/* void switch_enter(void **save, void *stack_top, void *(*entry)(void *), void *arg) */
    .globl switch_enter
    .hidden switch_enter
    .type switch_enter, @function
    .p2align 4
switch_enter:
    .cfi_startproc
#ifdef __CET__
    endbr64
#endif
    SAVE_CALLER
    movq %rsi, %rsp
    /* Nobody called this stack: unwinders and frame-pointer walks stop here. */
    .cfi_remember_state
    .cfi_undefined %rip
    xorl %ebp, %ebp
    movq %rcx, %rdi
    call *%rdx
    .cfi_restore_state
    movq %rax, %rsp
    RESTORE_CALLER
    ret /* most coroutines end without having waited: then the prediction is right */
    .cfi_endproc
    .size switch_enter, . - switch_enter

#ifdef __CET__
/* Marks indirect branch tracking (IBT) alone: leaving one stack for another does not fit a shadow stack. */
    .section .note.gnu.property, "a", @note
    .p2align 3
    .long 4, 16, 5
    .asciz "GNU"
    .long 0xc0000002, 4, 1, 0
#endif

#endif

    .section .note.GNU-stack, "", @progbits
