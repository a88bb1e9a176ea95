/* Crossings between protection keys: templates that the VMM copies into a VM and fills in (vmm/mpk/trampolines.c).
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Nowhere else in a VM is there a WRPKRU. Anybody may jump to any byte of these, with any registers. So nothing that
 * happens before a WRPKRU counts for what comes after it, but for one thing: rax, whose lower half went into PKRU and
 * whose upper half is a secret of this crossing, which only the domain that leaves and the one that is entered can load
 * (WRPKRU ignores it: Intel SDM vol. 2D). Both are compared at once with a word that nobody can write and that lies in
 * memory of the domain that is entered. Then the stack pointer comes from memory of that domain, by way of a thread
 * pointer that compartments cannot change (CR4.FSGSBASE is off; a selector loaded into %fs makes its base 0, where
 * nothing is mapped). docs/mpk.md has the argument.
 *
 * P_* are placeholders: 32-bit fields with values that occur nowhere else. R_* are as well, for what is addressed
 * relative to the next instruction, which begins behind the field. */
#include "rpc/mpk.h"

#define P_SP_FROM     0x7b0a0001 /* struct bh_control, relative to %fs */
#define P_SP_TO       0x7b0a0002
#define P_FRAME       0x7b0a0003
#define P_EDGE        0x7b0a0004
#define P_CALLER      0x7b0a0005
#define P_CALLS       0x7b0a0006
#define R_IN_HAVE     0x7b0c0001(%rip) /* secret and PKRU: the leaving domain's copy */
#define R_IN_WANT     0x7b0c0002(%rip) /* the entered domain's */
#define R_OUT_HAVE    0x7b0c0003(%rip) /* the same on the way back */
#define R_OUT_WANT    0x7b0c0004(%rip)
#define R_FUNCTION    0x7b0c0005(%rip) /* address of the dispatch entry */
#define R_WINDOW      0x7b0c0006(%rip) /* address of the caller's window: a multiple of 4 GiB */
#define R_CALLS       0x7b0c0007(%rip) /* the core's calls */

        .macro  cross have:vararg
        mov     \have, %rax
        xor     %ecx, %ecx
        xor     %edx, %edx
        wrpkru
        .endm
        .macro  check want:vararg
        cmp     \want, %rax
        jne     9f
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
        /* The x87 unit and MMX: empty, 0, with the default control word. A tenth of the cycles of one FXRSTOR. */
        .macro  clear_x87
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        pxor    %mm\n, %mm\n
        .endr
        emms
        fldcw   %fs:BH_TCB_FCW
        .endm

        .section .rodata.bh_mpk, "a"
        .globl  bh_mpk_full, bh_mpk_full_end, bh_mpk_light, bh_mpk_light_end, bh_mpk_call, bh_mpk_call_end, \
                bh_mpk_down, bh_mpk_down_end

        /* Gate call, stacks switched: rdi = struct bh_outgoing of the caller, which has saved its registers
         * (bh_gate_call() in bh/marshal_caller.h). */
bh_mpk_full:
        push    %rdi
        push    %fs:P_SP_FROM
        push    $P_FRAME
        stmxcsr 4(%rsp)
        mov     %rsp, %fs:P_SP_FROM
        vmovups (%rdi), %ymm0
        vmovups 32(%rdi), %xmm1
        cross   R_IN_HAVE
        check   R_IN_WANT
        mov     %fs:P_SP_TO, %rsp
        cld
        ldmxcsr %fs:BH_TCB_MXCSR
        sub     $BH_CALL_SIZE, %rsp /* struct bh_incoming */
        vmovups %ymm0, (%rsp)
        vmovups %xmm1, 32(%rsp)
        vzeroall
        vmovups %ymm0, BH_CALL_RET(%rsp)
        vmovups %ymm0, BH_CALL_RET+32(%rsp)
        movl    $P_EDGE, BH_CALL_EDGE(%rsp)
        mov     %di, BH_CALL_SLOT(%rsp)
        mov     %rsp, %rdi
        clear_x87
        clear   %ebx, %ebp, %esi, %r8d, %r9d, %r10d, %r11d, %r12d, %r13d, %r14d, %r15d
        call    *R_FUNCTION
        vmovups BH_CALL_RET(%rsp), %ymm0 /* 52 bytes: ret, words and status */
        vmovups BH_CALL_RET+20(%rsp), %ymm1
        cross   R_OUT_HAVE
        check   R_OUT_WANT
        mov     %fs:P_SP_FROM, %rsp
        cmpl    $P_FRAME, (%rsp)
        jne     9f
        cld
        ldmxcsr 4(%rsp)
        pop     %rsi
        pop     %fs:P_SP_FROM
        pop     %rdi
        vmovups %ymm0, BH_CALL_RET(%rdi)
        vmovups %ymm1, BH_CALL_RET+20(%rdi)
        vzeroall
        clear_x87
        clear   %r8d, %r9d, %r10d, %r11d
        ret
9:      ud2
bh_mpk_full_end:

        /* Gate call on the caller's stack, which the callee can use; the call's own memory serves both. Whatever the
         * pointers were, they are addresses of the caller's window now: else it could make the callee write to its
         * own memory. The callee can write return addresses of the caller, so on the way back there is nothing to
         * protect but who comes. */
bh_mpk_light:
        cross   R_IN_HAVE
        check   R_IN_WANT
        cld
        mov     %edi, %edi
        add     R_WINDOW, %rdi
        lea     -8(%rsp), %esp
        add     R_WINDOW, %rsp
        movl    $P_EDGE, BH_CALL_EDGE(%rdi)
        call    *R_FUNCTION
        cross   R_OUT_HAVE
        check   R_OUT_WANT
        add     $8, %rsp
        ret
9:      ud2
bh_mpk_light_end:

        /* Core call number r9d; arguments rdi, rsi, rdx; result rax. */
bh_mpk_call:
        push    %rdi
        push    %fs:P_SP_FROM
        push    $BH_FRAME_CORE
        stmxcsr 4(%rsp)
        mov     %rsp, %fs:P_SP_FROM
        mov     %rdx, %r10
        cross   R_IN_HAVE
        check   R_IN_WANT
        mov     %fs:BH_TCB_CORE_SP, %rsp
        movl    $P_CALLER, %fs:BH_TCB_CALLER
        cld
        ldmxcsr %fs:BH_TCB_MXCSR
        mov     %r10, %rdx
        cmp     $P_CALLS, %r9d
        jae     9f
        lea     R_CALLS, %rax
        call    *(%rax,%r9,8)
        mov     %rax, %r9
        cross   R_OUT_HAVE
        check   R_OUT_WANT
        mov     %fs:P_SP_FROM, %rsp
        cmpl    $BH_FRAME_CORE, (%rsp)
        jne     9f
        ldmxcsr 4(%rsp)
        pop     %rsi
        pop     %fs:P_SP_FROM
        pop     %rdi
        mov     %r9, %rax
        vzeroall
        clear_x87
        clear   %r8d, %r9d, %r10d, %r11d
        ret
9:      ud2
bh_mpk_call_end:

        /* The core calls into a compartment: rdi = entry, rsi, rdx = its arguments, rcx = its stack; result rax. */
bh_mpk_down:
        save_registers
        push    $0
        push    %fs:BH_TCB_CORE_SP
        push    $P_FRAME
        stmxcsr 4(%rsp)
        mov     %rsp, %fs:BH_TCB_CORE_SP
        mov     %rdi, %r9
        mov     %rdx, %r10
        mov     %rcx, %rbx
        cross   R_IN_HAVE
        check   R_IN_WANT
        mov     %rbx, %rsp
        ldmxcsr %fs:BH_TCB_MXCSR
        mov     %rsi, %rdi
        mov     %r10, %rsi
        mov     %r9, %rax
        vzeroall
        clear_x87
        clear   %ebx, %ebp, %r8d, %r9d, %r10d, %r11d, %r12d, %r13d, %r14d, %r15d
        call    *%rax
        mov     %rax, %rbx
        cross   R_OUT_HAVE
        check   R_OUT_WANT
        mov     %fs:BH_TCB_CORE_SP, %rsp
        cmpl    $P_FRAME, (%rsp)
        jne     9f
        cld
        ldmxcsr 4(%rsp)
        pop     %rcx
        pop     %fs:BH_TCB_CORE_SP
        pop     %rcx
        mov     %rbx, %rax
        restore_registers
        ret
9:      ud2
bh_mpk_down_end:

        .section .note.GNU-stack, "", @progbits
