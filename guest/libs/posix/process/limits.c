/* Resource limits, resource usage, and sysconf().
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <limits.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <bh/core.h>

#include "../px.h"

static rlim_t files_now = PX_FILES_MAX;

static const struct bh_boot_compartment *own_compartment(void)
{
    const struct bh_boot_compartment *c = (const void *)((const char *)bh_boot() + bh_boot()->compartments_off);
    while (c->index != bh_gates.compartment)
        c++;
    return c;
}

int getrlimit(int resource, struct rlimit *limit)
{
    switch (resource) {
    case RLIMIT_NOFILE:
        *limit = (struct rlimit){files_now, PX_FILES_MAX};
        return 0;
    case RLIMIT_STACK:
        *limit = (struct rlimit){own_compartment()->stack_size, own_compartment()->stack_size};
        return 0;
    case RLIMIT_AS:
    case RLIMIT_DATA:
    case RLIMIT_RSS:
        *limit = (struct rlimit){own_compartment()->heap_size, own_compartment()->heap_size};
        return 0;
    case RLIMIT_CORE:
        *limit = (struct rlimit){0, 0};
        return 0;
    case RLIMIT_NPROC:
        *limit = (struct rlimit){1, 1};
        return 0;
    default:
        if (resource < 0 || resource > RLIMIT_AS)
            return (int)px_result(-EINVAL);
        *limit = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
        return 0;
    }
}

/* Limits cannot be raised. Lower ones are accepted, but only RLIMIT_NOFILE is remembered. */
int setrlimit(int resource, const struct rlimit *limit)
{
    struct rlimit now = {0};
    if (getrlimit(resource, &now) != 0)
        return -1;
    if (limit->rlim_cur > limit->rlim_max)
        return (int)px_result(-EINVAL);
    if (limit->rlim_cur > now.rlim_max)
        return (int)px_result(-EPERM);
    if (resource == RLIMIT_NOFILE)
        files_now = limit->rlim_cur;
    return 0;
}

int getrusage(int who, struct rusage *usage)
{
    if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD)
        return (int)px_result(-EINVAL);
    uint64_t us = who == RUSAGE_CHILDREN ? 0 : px_now() / 1000;
    *usage = (struct rusage){.ru_utime = {(time_t)(us / 1000000), (suseconds_t)(us % 1000000)}};
    return 0;
}

int getpriority(int which, id_t who)
{
    (void)which, (void)who;
    return 0;
}

int setpriority(int which, id_t who, int value)
{
    (void)which, (void)who;
    return value == 0 ? 0 : (int)px_result(-EACCES);
}

int getdtablesize(void)
{
    return PX_FILES_MAX;
}

int getpagesize(void)
{
    return BH_PAGE_SIZE;
}

long sysconf(int name)
{
    switch (name) {
    case _SC_PAGESIZE:
        return BH_PAGE_SIZE;
    case _SC_OPEN_MAX:
        return PX_FILES_MAX;
    case _SC_NPROCESSORS_CONF:
    case _SC_NPROCESSORS_ONLN:
        return 1;
    case _SC_PHYS_PAGES:
    case _SC_AVPHYS_PAGES:
        return (long)(own_compartment()->heap_size / BH_PAGE_SIZE);
    case _SC_CLK_TCK:
        return CLOCKS_PER_SEC; /* times() counts so */
    case _SC_IOV_MAX:
        return IOV_MAX;
    case _SC_VERSION:
    case _SC_THREADS:
    case _SC_MONOTONIC_CLOCK:
        return 200809;
    case _SC_ARG_MAX:
        return ARG_MAX;
    case _SC_HOST_NAME_MAX:
        return 64;
    case _SC_LOGIN_NAME_MAX:
        return 256;
    case _SC_NGROUPS_MAX:
        return 65536;
    case _SC_LINE_MAX:
        return 2048;
    case _SC_THREAD_THREADS_MAX:
        return (long)bh_boot()->n_threads;
    default:
        return px_result(-EINVAL);
    }
}
