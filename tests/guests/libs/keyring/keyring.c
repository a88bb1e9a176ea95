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
    uint64_t low = 0, high = 0, general = 0;
    __asm__ volatile(
        "por %%xmm9, %%xmm8\n por %%xmm10, %%xmm8\n por %%xmm11, %%xmm8\n por %%xmm12, %%xmm8\n"
        "por %%xmm13, %%xmm8\n por %%xmm14, %%xmm8\n por %%xmm15, %%xmm8\n"
        "movq %%xmm8, %0\n psrldq $8, %%xmm8\n movq %%xmm8, %1\n"
        "mov %%r13, %2\n or %%r14, %2\n or %%r15, %2\n"
        "movq %3, %%xmm8\n movq %3, %%xmm15\n"
        : "=&r"(low), "=&r"(high), "=&r"(general)
        : "r"(number)
        : "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
    return (low != 0) + (high != 0) + (general == number);
}
