/* Hypercalls as no core would make them: each has to return an error, and the VM lives.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <bh/bulkhead.h>
#include <bh/core.h>

#include "where.h"

enum { LINUX_ENODEV = 19, LINUX_ENOSYS = 38 }; /* this C library may have other values */

static long hypercall(uint32_t op, uint64_t a0, uint64_t a1, uint64_t a2)
{
    long result;
    register uint64_t r8 __asm__("r8") = a2;
    if (bh_boot()->doorbell == BH_DOORBELL_VMCALL)
        __asm__ volatile("int %[vector]"
                         : "=a"(result)
                         : "a"((long)op), "D"(a0), "S"(a1), "r"(r8), [vector] "i"(BH_VECTOR_CALL)
                         : "memory");
    else
        __asm__ volatile("out %%eax, %%dx"
                         : "=a"(result)
                         : "a"((long)op), "D"(a0), "S"(a1), "r"(r8), "d"(BH_PORT_CALL)
                         : "memory");
    return result;
}

static const struct wrong {
    const char *what;
    uint32_t op;
    uint64_t a0;
    const char *at; /* where(at) is the second argument, or `a1` if NULL; reports: the first */
    uint64_t a1, a2;
    long want, want_library; /* results in the application and in a library */
} table[] = {
    {"no such operation", 0, 0, NULL, 0, 0, -LINUX_ENOSYS, -LINUX_ENOSYS},
    {"operation 1000", 1000, 0, NULL, 0, 0, -LINUX_ENOSYS, -LINUX_ENOSYS},
    {"operation -1", UINT32_MAX, 0, NULL, 0, 0, -LINUX_ENOSYS, -LINUX_ENOSYS},
    {"park for no time", BH_HC_PARK, 0, NULL, 0, 0, 0, 0},
    {"park for unknown events", BH_HC_PARK, 1000, NULL, 0xfff0, 0, 0, 0},
    {"ring no VM", BH_HC_NOTIFY, 64, NULL, 0, 0, -EINVAL, -EINVAL},
    {"ring VM 2^64 - 1", BH_HC_NOTIFY, UINT64_MAX, NULL, 0, 0, -EINVAL, -EINVAL},
    {"write to stdin", BH_HC_WRITE, 0, "data", 0, 1, -EBADF, -EBADF},
    {"write to stream 3", BH_HC_WRITE, 3, "data", 0, 1, -EBADF, -EBADF},
    {"write to stream 2^32 + 1", BH_HC_WRITE, 1ull << 32 | 1, "data", 0, 1, -EBADF, -EBADF},
    {"write nothing", BH_HC_WRITE, 1, "data", 0, 0, 0, -EBADF},
    {"write from null", BH_HC_WRITE, 1, "null", 0, 8, -EFAULT, -EBADF},
    {"write from the kernel", BH_HC_WRITE, 1, "kernel-tables", 0, 8, -EFAULT, -EBADF},
    {"write from a hole", BH_HC_WRITE, 1, "hole", 0, 8, -EFAULT, -EBADF},
    {"write from elsewhere", BH_HC_WRITE, 1, "foreign-ring", 0, 8, -EFAULT, -EBADF},
    {"write from no address", BH_HC_WRITE, 1, "upper-end", 0, 64, -EFAULT, -EBADF},
    {"read from stdout", BH_HC_READ, 1, "data", 0, 1, -EBADF, -EBADF},
    {"read nothing", BH_HC_READ, 0, "data", 0, 0, 0, -EBADF},
    {"read to read-only data", BH_HC_READ, 0, "rodata", 0, 8, -EFAULT, -EBADF},
    {"read to code", BH_HC_READ, 0, "text", 0, 8, -EFAULT, -EBADF},
    {"read to the gate table", BH_HC_READ, 0, "gates", 0, 8, -EFAULT, -EBADF},
    {"read to the boot information", BH_HC_READ, 0, "boot", 0, 8, -EFAULT, -EBADF},
    {"read to the status page", BH_HC_READ, 0, "status", 0, 8, -EFAULT, -EBADF},
    {"read to the kernel's stack", BH_HC_READ, 0, "kernel-stack", 0, 8, -EFAULT, -EBADF},
    {"read to no address", BH_HC_READ, 0, "upper-end", 0, 64, -EFAULT, -EBADF},
    {"log of compartment 2^64 - 1", BH_HC_LOG, UINT64_MAX, "data", 0, 4, -EINVAL, -EINVAL},
    {"log of another's", BH_HC_LOG, 2, "data", 0, 4, -EINVAL, -EINVAL},
    {"log of 2^63 bytes", BH_HC_LOG, UINT64_MAX, "data", 0, 1ull << 63, -EINVAL, -EINVAL},
    {"network without one", BH_HC_NET_START, 0, NULL, 0, 0, -LINUX_ENODEV, -LINUX_ENODEV},
    {"mark 0", BH_HC_MARK, 0, NULL, 0, 0, -EINVAL, -EINVAL},
    {"mark 2^40", BH_HC_MARK, 1ull << 40, NULL, 0, 0, -EINVAL, -EINVAL},
};

unsigned bad_hypercalls(bool application)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const struct wrong *w = &table[i];
        long want = application ? w->want : w->want_library;
        long got = hypercall(w->op, w->a0, w->at ? where(w->at) : w->a1, w->a2);
        /* A bell that rang meanwhile is no mistake. */
        if (got != want && !(w->op == BH_HC_PARK && got == BH_EVENT_NOTIFY)) {
            bh_log("%s: %ld, not %ld", w->what, got, want);
            wrong++;
        }
    }
    static const char *const unreadable[] = {"null", "hole", "kernel-stub", "foreign-arena", "upper-end"};
    for (size_t i = 0; i < sizeof(unreadable) / sizeof(*unreadable); i++) {
        uint64_t at = where(unreadable[i]);
        wrong += hypercall(BH_HC_REPORT, at, 0, 0) != -EFAULT;
        wrong += hypercall(BH_HC_LOG, bh_gates.compartment, at, 0x2000) != -EFAULT;
    }
    return wrong;
}

/* Reports that are not fatal and full of nonsense: the supervisor prints them and lives. */
unsigned lying_reports(void)
{
    static struct bh_report report;
    unsigned wrong = 0;
    for (uint32_t kind = 0; kind < 6; kind++) {
        for (uint64_t value = 1; value; value <<= 21) {
            memset(&report, value == 1 ? 0xff : '%', sizeof(report));
            report.kind = kind;
            report.fatal = 0;
            report.compartment = report.peer = report.status = report.thread = (uint32_t)value;
            report.pc = report.address = value;
            wrong += hypercall(BH_HC_REPORT, (uint64_t)&report, 0, 0) != 0;
        }
    }
    return wrong;
}
