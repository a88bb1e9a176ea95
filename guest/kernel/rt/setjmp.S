/* setjmp() and longjmp(), which refuses to jump out of a callback: the library that called it waits for its end.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * jmp_buf: rbx, rbp, r12, r13, r14, r15, the stack pointer after the return, where to return to. */
    .section .text.setjmp, "ax", @progbits
    .globl setjmp
    .type setjmp, @function
setjmp:
    mov %rbx, (%rdi)
    mov %rbp, 8(%rdi)
    mov %r12, 16(%rdi)
    mov %r13, 24(%rdi)
    mov %r14, 32(%rdi)
    mov %r15, 40(%rdi)
    lea 8(%rsp), %rax
    mov %rax, 48(%rdi)
    mov (%rsp), %rax
    mov %rax, 56(%rdi)
    xor %eax, %eax
    ret
    .size setjmp, . - setjmp

    .section .text.longjmp, "ax", @progbits
    .globl longjmp
    .type longjmp, @function
longjmp:
    /* The record of the innermost callback lies in the frame that runs it. Is that frame among those that go? */
    mov %fs:bh_backs@tpoff, %rcx
    test %rcx, %rcx
    jz 1f
    cmp %rcx, 48(%rdi)
    ja 2f
1:  mov %esi, %eax
    test %eax, %eax
    jnz 3f
    inc %eax
3:  mov (%rdi), %rbx
    mov 8(%rdi), %rbp
    mov 16(%rdi), %r12
    mov 24(%rdi), %r13
    mov 32(%rdi), %r14
    mov 40(%rdi), %r15
    mov 48(%rdi), %rsp
    jmp *56(%rdi)
2:  and $-16, %rsp
    call bh_back_left
    ud2
    .size longjmp, . - longjmp
    .section .note.GNU-stack, "", @progbits
