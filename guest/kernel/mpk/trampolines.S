/* Crossings between protection keys: templates that the VMM copies into a VM and fills in (vmm/trampolines.c).
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Nowhere else in a VM is there a WRPKRU. Anybody may jump to any byte of these, with any registers and any %fs base. So
 * nothing that happens before a WRPKRU counts for what comes after it, but for two things: the value that went into PKRU
 * is still in eax, and a secret of the domain that left, which only that domain can load, is in a register. Both are
 * compared with constants, which nobody can read: the pages are executable only. Then the stack pointer comes from memory
 * of the domain that is entered, by way of a thread pointer that only the core can write. docs/mpk.md has the argument.
 *
 * P_* are placeholders: 32-bit fields with values that occur nowhere else, and 64-bit ones. */
#define P_PKRU_FROM   0x7b0a0001 /* rpc/mpk.h explains what they mean */
#define P_PKRU_TO     0x7b0a0002
#define P_TOKEN_FROM  0x7b0a0003
#define P_TOKEN_TO    0x7b0a0004
#define P_SP_FROM     0x7b0a0005 /* struct bh_control, relative to %fs */
#define P_SP_TO       0x7b0a0006
#define P_SECRET_FROM 0x7b0a0007
#define P_SECRET_TO   0x7b0a0008
#define P_FRAME       0x7b0a0009
#define P_EDGE        0x7b0a000a
#define P_FUNCTIONS   0x7b0a000b
#define P_CALLER      0x7b0a000c
#define P_STACKS      0x7b0a000d /* address >> 30 of the caller's stacks */
#define P_CALLS       0x7b0a000e
#define P_CURRENT     0x7b0b00017b0b0001
#define P_TABLE       0x7b0b00027b0b0002
#define P_SECRET_CORE 0x7b0b00037b0b0003

#define TCB_CORE_SP   0x100 /* struct bh_tcb */
#define TCB_CALLER    0x108
#define TCB_MXCSR     0x10c
#define FRAME_CORE    0x2000
#define STATUS_LAST   9 /* rpc/gate.h, BH_NO_GATE: what follows is no callee's to say */
#define REFUSED       1
/* struct bh_outgoing begins like struct bh_incoming, bh/core.h */
#define CALL_RET      48
#define CALL_EDGE     96
#define CALL_FN       100
#define CALL_SLOT     102
#define CALL_CALLER   104
#define CALL_SIZE     112

        /* PKRU = value; `secret`, which a register got before, is the leaving domain's token. */
        .macro  enter value:req, secret:req, token:req
        xor     %ecx, %ecx
        xor     %edx, %edx
        mov     $\value, %eax
        wrpkru
        cmp     $\value, %eax
        jne     9f
        cmp     $\token, \secret
        jne     9f
        .endm
        .macro  enter_core secret:req, token:req
        xor     %ecx, %ecx
        xor     %edx, %edx
        xor     %eax, %eax
        wrpkru
        test    %eax, %eax
        jne     9f
        cmp     $\token, \secret
        jne     9f
        .endm
        .macro  trusted_thread_pointer
        movabs  P_CURRENT, %rax
        wrfsbase %rax
        .endm
        .macro  save_registers
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        .endm
        .macro  restore_registers
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        .endm
        .macro  clear list:vararg
        .irp    r, \list
        xor     \r, \r
        .endr
        .endm

        .section .rodata.bh_mpk, "a"
        .globl  bh_mpk_full, bh_mpk_full_end, bh_mpk_light, bh_mpk_light_end, bh_mpk_call, bh_mpk_call_end, \
                bh_mpk_down, bh_mpk_down_end, bh_mpk_refuse, bh_mpk_refuse_end

        /* Gate call, stacks switched: rdi = struct bh_outgoing of the caller. */
bh_mpk_full:
        save_registers
        push    %rdi
        push    %fs:P_SP_FROM
        push    $P_FRAME
        stmxcsr 4(%rsp)
        mov     %rsp, %fs:P_SP_FROM
        movups  (%rdi), %xmm0
        movups  16(%rdi), %xmm1
        movups  32(%rdi), %xmm2
        movzwl  CALL_FN(%rdi), %ebx
        mov     %edi, %ebp
        mov     %fs:P_SECRET_FROM, %r8d
        enter   P_PKRU_TO, %r8d, P_TOKEN_FROM
        trusted_thread_pointer
        mov     %fs:P_SP_TO, %rsp
        cld
        ldmxcsr %fs:TCB_MXCSR
        sub     $CALL_SIZE, %rsp /* struct bh_incoming */
        movups  %xmm0, (%rsp)
        movups  %xmm1, 16(%rsp)
        movups  %xmm2, 32(%rsp)
        vzeroall
        movups  %xmm0, CALL_RET(%rsp)
        movups  %xmm0, CALL_RET+16(%rsp)
        movups  %xmm0, CALL_RET+32(%rsp)
        movl    $P_EDGE, CALL_EDGE(%rsp)
        mov     %bx, CALL_FN(%rsp)
        mov     %bp, CALL_SLOT(%rsp)
        movq    $P_CALLER, CALL_CALLER(%rsp)
        mov     $REFUSED, %eax
        cmp     $P_FUNCTIONS, %ebx
        jae     1f
        movabs  $P_TABLE, %rax
        mov     (%rax,%rbx,8), %rax
        mov     %rsp, %rdi
        clear   %ebx, %ebp, %esi, %r8d, %r9d, %r10d, %r11d, %r12d, %r13d, %r14d, %r15d
        call    *%rax
1:      movups  CALL_RET(%rsp), %xmm0
        movups  CALL_RET+16(%rsp), %xmm1
        movups  CALL_RET+32(%rsp), %xmm2
        mov     %eax, %ebx
        mov     %fs:P_SECRET_TO, %r8d
        enter   P_PKRU_FROM, %r8d, P_TOKEN_TO
        trusted_thread_pointer
        mov     %fs:P_SP_FROM, %rsp
        cmpl    $P_FRAME, (%rsp)
        jne     9f
        cld
        ldmxcsr 4(%rsp)
        add     $8, %rsp
        pop     %fs:P_SP_FROM
        pop     %rdi
        movups  %xmm0, CALL_RET(%rdi)
        movups  %xmm1, CALL_RET+16(%rdi)
        movups  %xmm2, CALL_RET+32(%rdi)
        mov     $REFUSED, %eax
        cmp     $STATUS_LAST, %ebx
        cmovbe  %ebx, %eax
        restore_registers
        vzeroall
        clear   %esi, %r8d, %r9d, %r10d, %r11d
        ret
9:      ud2
bh_mpk_full_end:

        /* Gate call on the caller's stack, which the callee can use; the call's own memory serves both. */
bh_mpk_light:
        push    %rdi
        push    %fs:P_SP_FROM
        push    $P_FRAME
        mov     %rsp, %fs:P_SP_FROM
        mov     %di, CALL_SLOT(%rdi)
        mov     %fs:P_SECRET_FROM, %r8d
        enter   P_PKRU_TO, %r8d, P_TOKEN_FROM
        trusted_thread_pointer
        /* Else the caller could make the callee write to its own memory. */
        mov     %rsp, %rax
        shr     $30, %rax
        cmp     $P_STACKS, %eax
        jne     9f
        mov     %rdi, %rax
        shr     $30, %rax
        cmp     $P_STACKS, %eax
        jne     9f
        cmpl    $P_EDGE, CALL_EDGE(%rdi)
        jne     9f
        movzwl  CALL_FN(%rdi), %eax
        cmp     $P_FUNCTIONS, %eax
        jae     2f
        movabs  $P_TABLE, %rdx
        call    *(%rdx,%rax,8)
1:      mov     %eax, %r9d
        mov     %fs:P_SECRET_TO, %r8d
        enter   P_PKRU_FROM, %r8d, P_TOKEN_TO
        trusted_thread_pointer
        mov     %fs:P_SP_FROM, %rsp
        cmpl    $P_FRAME, (%rsp)
        jne     9f
        add     $8, %rsp
        pop     %fs:P_SP_FROM
        pop     %rdi
        mov     %r9d, %eax
        ret
2:      mov     $REFUSED, %eax
        jmp     1b
9:      ud2
bh_mpk_light_end:

        /* Core call number r9d; arguments rdi, rsi, rdx; result rax. */
bh_mpk_call:
        push    %rdi
        push    %fs:P_SP_FROM
        push    $FRAME_CORE
        stmxcsr 4(%rsp)
        mov     %rsp, %fs:P_SP_FROM
        mov     %rdx, %r10
        mov     %fs:P_SECRET_FROM, %r8d
        enter_core %r8d, P_TOKEN_FROM
        trusted_thread_pointer
        mov     %fs:TCB_CORE_SP, %rsp
        movl    $P_CALLER, %fs:TCB_CALLER
        cld
        ldmxcsr %fs:TCB_MXCSR
        mov     %r10, %rdx
        cmp     $P_CALLS, %r9d
        jae     9f
        movabs  $P_TABLE, %rax
        call    *(%rax,%r9,8)
        mov     %rax, %r9
        movabs  P_SECRET_CORE, %rax
        mov     %eax, %r8d
        enter   P_PKRU_FROM, %r8d, P_TOKEN_TO
        mov     %fs:P_SP_FROM, %rsp
        cmpl    $FRAME_CORE, (%rsp)
        jne     9f
        cld
        ldmxcsr 4(%rsp)
        add     $8, %rsp
        pop     %fs:P_SP_FROM
        pop     %rdi
        mov     %r9, %rax
        vzeroall
        clear   %esi, %edi, %r8d, %r9d, %r10d, %r11d
        ret
9:      ud2
bh_mpk_call_end:

        /* The core calls into a compartment: rdi = entry, rsi, rdx = its arguments, rcx = its stack; result rax. */
bh_mpk_down:
        save_registers
        push    $0
        push    %fs:TCB_CORE_SP
        push    $P_FRAME
        stmxcsr 4(%rsp)
        mov     %rsp, %fs:TCB_CORE_SP
        mov     %rdi, %r9
        mov     %rdx, %r10
        mov     %rcx, %rbx
        movabs  P_SECRET_CORE, %rax
        mov     %eax, %r8d
        enter   P_PKRU_TO, %r8d, P_TOKEN_FROM
        mov     %rbx, %rsp
        cld
        ldmxcsr %fs:TCB_MXCSR
        mov     %rsi, %rdi
        mov     %r10, %rsi
        mov     %r9, %rax
        vzeroall
        clear   %ebx, %ebp, %r8d, %r9d, %r10d, %r11d, %r12d, %r13d, %r14d, %r15d
        call    *%rax
        mov     %rax, %rbx
        mov     %fs:P_SECRET_TO, %r8d
        enter_core %r8d, P_TOKEN_TO
        trusted_thread_pointer
        mov     %fs:TCB_CORE_SP, %rsp
        cmpl    $P_FRAME, (%rsp)
        jne     9f
        cld
        ldmxcsr 4(%rsp)
        add     $8, %rsp
        pop     %fs:TCB_CORE_SP
        add     $8, %rsp
        mov     %rbx, %rax
        restore_registers
        ret
9:      ud2
bh_mpk_down_end:

        /* What a dispatch table holds for a function that is not granted. */
bh_mpk_refuse:
        mov     $REFUSED, %eax
        ret
bh_mpk_refuse_end:

        .section .note.GNU-stack, "", @progbits
