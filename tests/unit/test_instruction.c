/* Hosted tests of disassembling one instruction: what a report shows, and bytes that are none.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "vmm/crash/instruction.h"

static char text[128];

static size_t of(const char *bytes, size_t n)
{
    return instruction_text((const uint8_t *)bytes, n, 0x111000102350, text, sizeof(text));
}

static void known(void)
{
    CHECK(of("\x48\x89\x07\xc3", 4) == 3 && !strcmp(text, "movq %rax, (%rdi)"));
    CHECK(of("\x0f\x0b", 2) == 2 && !strcmp(text, "ud2"));
    CHECK(of("\xf7\xf9\x90", 3) == 2 && !strcmp(text, "idivl %ecx"));
    CHECK(of("\xe8\x0b\x00\x00\x00", 5) == 5 && !strcmp(text, "callq 0x111000102360"));
}

static void none(void)
{
    CHECK(of("\x48\x89", 2) == 0 && !text[0]); /* not all of it */
    CHECK(of("\x06", 1) == 0 && !text[0]);     /* not in 64-bit mode */
    CHECK(of("", 0) == 0 && !text[0]);
    CHECK(of("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90", 16) == 0); /* too long */
}

static void anything(void)
{
    char small[4];
    uint8_t bytes[16];
    srand(1);
    for (unsigned n = 0; n < 2000; n++) {
        for (unsigned i = 0; i < sizeof(bytes); i++)
            bytes[i] = (uint8_t)rand();
        size_t most = (size_t)rand() % 17;
        CHECK(instruction_text(bytes, most, UINT64_MAX - 3, text, sizeof(text)) <= most);
        CHECK(instruction_text(bytes, most, 0, small, sizeof(small)) <= most && memchr(small, 0, sizeof(small)));
    }
}

int main(void)
{
    RUN(known);
    RUN(none);
    RUN(anything);
    return CHECK_RESULT();
}
