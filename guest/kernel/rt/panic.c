/* The ways a compartment gives up, each with a report that names the place.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime.h"

static void give_up(enum bh_report_kind kind, const void *pc, const char *format, va_list args)
{
    struct bh_report report = {
        .kind = kind, .fatal = 1, .compartment = bh_gates.compartment, .peer = BH_NO_PEER, .pc = (uint64_t)pc};
    vsnprintf(report.text, sizeof(report.text), format, args);
    bh_core()->report(&report);
    __builtin_trap();
}

void bh_panic(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    give_up(BH_REPORT_PANIC, __builtin_return_address(0), format, args);
    __builtin_unreachable();
}

static void failed_assert(const void *pc, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    give_up(BH_REPORT_ASSERT, pc, format, args);
}

_Noreturn void __assert_func(const char *file, int line, const char *function, const char *expression)
{
    (void)file, (void)line;
    failed_assert(__builtin_return_address(0), "assertion failed in %s(): %s", function, expression);
    __builtin_unreachable();
}

_Noreturn void abort(void)
{
    failed_assert(__builtin_return_address(0), "abort() called");
    __builtin_unreachable();
}

_Noreturn void __stack_chk_fail(void)
{
    failed_assert(__builtin_return_address(0), "stack smashing detected");
    __builtin_unreachable();
}

void bh_log(const char *format, ...)
{
    char line[256];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof(line) - 1, format, args);
    va_end(args);
    size_t size = n < 0 ? 0 : (size_t)n < sizeof(line) - 1 ? (size_t)n : sizeof(line) - 2;
    line[size++] = '\n';
    bh_core()->log(bh_gates.compartment, line, size);
}
