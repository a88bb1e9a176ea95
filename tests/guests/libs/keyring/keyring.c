/* The library's functions.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "keyring.h"

uint64_t keyring_attack(const char *action, uint64_t number)
{
    return key_attack(action, number);
}

/* xmm8 to xmm15 and r12 to r15 are not used by the generated code on the way here. */
uint64_t keyring_registers(uint64_t number)
{
    uint64_t low = 0, high = 0, general = 0, x87 = 0;
    uint16_t control;
    __asm__ volatile(
        "fnstcw %1\n por %%mm1, %%mm0\n por %%mm2, %%mm0\n por %%mm3, %%mm0\n por %%mm4, %%mm0\n"
        "por %%mm5, %%mm0\n por %%mm6, %%mm0\n por %%mm7, %%mm0\n movq %%mm0, %0\n movq %2, %%mm5\n emms"
        : "=r"(x87), "=m"(control)
        : "r"(number)
        : "mm0", "mm1", "mm2", "mm3", "mm4", "mm5", "mm6", "mm7");
    __asm__ volatile(
        "por %%xmm9, %%xmm8\n por %%xmm10, %%xmm8\n por %%xmm11, %%xmm8\n por %%xmm12, %%xmm8\n"
        "por %%xmm13, %%xmm8\n por %%xmm14, %%xmm8\n por %%xmm15, %%xmm8\n"
        "movq %%xmm8, %0\n psrldq $8, %%xmm8\n movq %%xmm8, %1\n"
        "mov %%r13, %2\n or %%r14, %2\n or %%r15, %2\n"
        "movq %3, %%xmm8\n movq %3, %%xmm15\n"
        : "=&r"(low), "=&r"(high), "=&r"(general)
        : "r"(number)
        : "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
    return (low != 0) + (high != 0) + (general == number) + (x87 != 0) + (control != 0x37f);
}
