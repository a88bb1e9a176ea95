/* Context switch between cooperative threads (System V AMD64 psABI: callee-saved registers).
 * SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/hypercall.h"

    .text
    .globl switch_stacks
    .hidden switch_stacks
    .type switch_stacks, @function
/* void switch_stacks(void **save_sp, void *new_sp, uint64_t new_fs): `new_sp` was saved by this function, or prepared
 * by prepare_stack() of thread.c (struct first_frame) to look like it. */
switch_stacks:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    sub $8, %rsp
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    cmpq $0, keys(%rip)
    jne 1f
    wrfsbase %rdx
0:
    fldcw 4(%rsp)
    ldmxcsr (%rsp)
    add $8, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
1:  mov %rdx, %rdi
    int $BH_VECTOR_THREAD
    jmp 0b
    .size switch_stacks, . - switch_stacks
    .section .note.GNU-stack, "", @progbits
