/* The trap shim, all of a guest's ring 0: it reports exceptions to the VMM, and issues VMCALL for ring 3.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * A position-independent blob inside the VMM, which copies it to a supervisor-only page and points the IDT at
 * bh_shim_vectors (one entry each SHIM_STRIDE bytes), at bh_shim_vmcall or bh_shim_vmmcall, and at bh_shim_thread. It
 * uses the stacks of the TSS, and has no data and no state. */
#include "rpc/hypercall.h"

#define STRIDE 16 /* vmm/kvm/descriptor_tables.h, SHIM_STRIDE */
#define MSR_FS_BASE 0xc0000100

        .section .rodata.bh_shim, "a"
        .globl  bh_shim_start, bh_shim_end, bh_shim_vectors, bh_shim_vmcall, bh_shim_vmmcall, \
                bh_shim_thread
        .balign 16
bh_shim_start:
bh_shim_vectors:
        /* The CPU pushes an error code for these alone (Intel SDM vol. 3A, table 6-1; AMD: 29, 30). */
        vector = 0
        .rept 32
        .balign STRIDE
        .if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || \
              vector == 29 || vector == 30)
        push    $0
        .endif
        push    $vector
        jmp     report
        vector = vector + 1
        .endr

        /* Pushes struct bh_trap, from its end to its start; the VMM reads it through %rsp. */
report:
        cld
        push    %rax
        push    %rcx
        push    %rdx
        push    %rbx
        push    %rbp
        push    %rsi
        push    %rdi
        push    %r8
        push    %r9
        push    %r10
        push    %r11
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        mov     $BH_PORT_TRAP, %edx
        out     %al, (%dx)
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %r11
        pop     %r10
        pop     %r9
        pop     %r8
        pop     %rdi
        pop     %rsi
        pop     %rbp
        pop     %rbx
        pop     %rdx
        pop     %rcx
        pop     %rax
        add     $16, %rsp /* vector and error */
        iretq

        /* BH_VECTOR_CALL: eax = operation, rdi, rsi, r8, r9 = arguments, untouched; result in rax. */
        .macro  hypercall instruction:vararg
        push    %rbx
        push    %rcx
        push    %rdx
        mov     %eax, %edx
        mov     $12, %eax /* KVM_HC_MAP_GPA_RANGE(address 0, one page, attributes = operation) */
        xor     %ebx, %ebx
        mov     $1, %ecx
        \instruction
        pop     %rdx
        pop     %rcx
        pop     %rbx
        iretq
        .endm
        .balign 16
bh_shim_vmcall:
        hypercall vmcall
        .balign 16
bh_shim_vmmcall:
        hypercall vmmcall

        /* BH_VECTOR_THREAD: %fs base = rdi, for the core, which alone runs with PKRU 0. Compartments cannot change the
         * base themselves: CR4.FSGSBASE is off in a VM with protection keys. */
        .balign 16
bh_shim_thread:
        xor     %ecx, %ecx
        rdpkru
        test    %eax, %eax
        jne     1f
        mov     $MSR_FS_BASE, %ecx
        mov     %edi, %eax
        mov     %rdi, %rdx
        shr     $32, %rdx
        wrmsr
        iretq
1:      push    $0
        push    $13
        jmp     report
bh_shim_end:

        .section .note.GNU-stack, "", @progbits
