/*
 * The switch for AArch64 (AAPCS64).
 *
 * A saved stack holds, upwards from its stack pointer: x19 to x28, x29, x30, the low halves d8 to d15:
 * 160 bytes. fpcr is fpcontrol.h's affair. It goes on by a jump
 * where that may be, as on x86-64: see there.
 */
#include "runtime/switch.h"

#ifdef SWITCH_AARCH64

#define FRAME_BYTES 160

.macro SAVE_CALLER
    sub sp, sp, #FRAME_BYTES
    .cfi_adjust_cfa_offset FRAME_BYTES
    stp x19, x20, [sp, #0]
    .cfi_rel_offset x19, 0
    .cfi_rel_offset x20, 8
    stp x21, x22, [sp, #16]
    .cfi_rel_offset x21, 16
    .cfi_rel_offset x22, 24
    stp x23, x24, [sp, #32]
    .cfi_rel_offset x23, 32
    .cfi_rel_offset x24, 40
    stp x25, x26, [sp, #48]
    .cfi_rel_offset x25, 48
    .cfi_rel_offset x26, 56
    stp x27, x28, [sp, #64]
    .cfi_rel_offset x27, 64
    .cfi_rel_offset x28, 72
    stp x29, x30, [sp, #80]
    .cfi_rel_offset x29, 80
    .cfi_rel_offset x30, 88
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x10, sp
    str x10, [x0]
.endm

.macro RESTORE_CALLER
    ldp d14, d15, [sp, #144]
    ldp d12, d13, [sp, #128]
    ldp d10, d11, [sp, #112]
    ldp d8, d9, [sp, #96]
    ldp x29, x30, [sp, #80]
    ldp x27, x28, [sp, #64]
    ldp x25, x26, [sp, #48]
    ldp x23, x24, [sp, #32]
    ldp x21, x22, [sp, #16]
    ldp x19, x20, [sp, #0]
    add sp, sp, #FRAME_BYTES
    .cfi_def_cfa_offset 0
    .cfi_restore x19
    .cfi_restore x20
    .cfi_restore x21
    .cfi_restore x22
    .cfi_restore x23
    .cfi_restore x24
    .cfi_restore x25
    .cfi_restore x26
    .cfi_restore x27
    .cfi_restore x28
    .cfi_restore x29
    .cfi_restore x30
.endm

    .text

/* void switch_to(void **save, void *to) */
    .globl switch_to
    .hidden switch_to
    .type switch_to, %function
    .p2align 4
switch_to:
    .cfi_startproc
    hint #34 /* bti c: where an indirect call may land */
    SAVE_CALLER
    mov sp, x1
    RESTORE_CALLER
#ifdef __ARM_FEATURE_BTI_DEFAULT
    ret /* a jump could land only on a bti instruction, and a call's return place has none */
#else
    br x30
#endif
    .cfi_endproc
    .size switch_to, . - switch_to

/* void switch_enter(void **save, void *stack_top, void *(*entry)(void *), void *arg) */
    .globl switch_enter
    .hidden switch_enter
    .type switch_enter, %function
    .p2align 4
switch_enter:
    .cfi_startproc
    hint #34
    SAVE_CALLER
    mov sp, x1
    /* Nobody called this stack: unwinders and frame-pointer walks stop here. */
    .cfi_remember_state
    .cfi_undefined x30
    mov x29, #0
    mov x30, #0
    mov x0, x3
    blr x2
    .cfi_restore_state
    mov sp, x0
    RESTORE_CALLER
    ret
    .cfi_endproc
    .size switch_enter, . - switch_enter

#ifdef __ARM_FEATURE_BTI_DEFAULT
/* Marks branch target identification (BTI). */
    .section .note.gnu.property, "a", %note
    .p2align 3
    .long 4, 16, 5
    .asciz "GNU"
    .long 0xc0000000, 4, 1, 0
#endif

#endif

    .section .note.GNU-stack, "", %progbits
