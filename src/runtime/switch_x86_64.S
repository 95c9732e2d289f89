/*
 * The switch for x86-64 (System V calling convention).
 *
 * A saved stack holds, upwards from its stack pointer: mxcsr (4 bytes), x87 control word (2, padded to 4),
 * r15 r14 r13 r12 rbx rbp, return address. The two control words belong to the caller by the convention, so
 * a rounding mode set by one coroutine must not leak into another. Storing them is cheap and loading them is
 * not, so they are loaded only where they differ, mxcsr's sticky exception flags (low 6 bits) left aside.
 */
#include "runtime/switch.h"

#ifdef SWITCH_X86_64

#define MXCSR_CONTROL 0xffc0

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
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %rsp, (%rdi)
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
    movl (%rsp), %eax
    movl 4(%rsp), %edx
    movq %rsi, %rsp
.Lresume:
    xorl (%rsp), %eax
    testl $MXCSR_CONTROL, %eax
    jne .Lload_mxcsr
.Lmxcsr_set:
    cmpw 4(%rsp), %dx
    jne .Lload_x87
.Lx87_set:
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
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
    ret
    .cfi_adjust_cfa_offset 56
    .cfi_rel_offset %rbp, 48
    .cfi_rel_offset %rbx, 40
    .cfi_rel_offset %r12, 32
    .cfi_rel_offset %r13, 24
    .cfi_rel_offset %r14, 16
    .cfi_rel_offset %r15, 8
.Lload_mxcsr:
    ldmxcsr (%rsp)
    jmp .Lmxcsr_set
.Lload_x87:
    fldcw 4(%rsp)
    jmp .Lx87_set
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
    subq $8, %rsp /* the ended stack's top words serve to read the control words once more */
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movl 4(%rsp), %edx
    movl (%rsp), %ecx
    movq %rax, %rsp
    movl %ecx, %eax
    jmp .Lresume
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
