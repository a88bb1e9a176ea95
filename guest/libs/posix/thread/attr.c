/* Attributes of threads. Stacks are as large as the TOML says, whatever is asked for here.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include <bh/core.h>

#include "thread.h"

int pthread_attr_init(pthread_attr_t *attr)
{
    *attr = (pthread_attr_t){0};
    return 0;
}

int pthread_attr_destroy(pthread_attr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_attr_setstacksize(pthread_attr_t *attr, size_t size)
{
    if (size < PTHREAD_STACK_MIN)
        return EINVAL;
    attr->stack_size = size;
    return 0;
}

static size_t stack_size(void)
{
    const struct bh_boot_compartment *c = (const void *)((const char *)bh_boot() + bh_boot()->compartments_off);
    while (c->index != bh_gates.compartment)
        c++;
    return c->stack_size;
}

int pthread_attr_getstacksize(const pthread_attr_t *attr, size_t *size)
{
    *size = attr->stack_size ? attr->stack_size : stack_size();
    return 0;
}

int pthread_attr_setguardsize(pthread_attr_t *attr, size_t size)
{
    (void)attr, (void)size;
    return 0; /* there always is a guard page */
}

int pthread_attr_setdetachstate(pthread_attr_t *attr, int state)
{
    if (state != PTHREAD_CREATE_JOINABLE && state != PTHREAD_CREATE_DETACHED)
        return EINVAL;
    attr->detached = state == PTHREAD_CREATE_DETACHED;
    return 0;
}

int pthread_attr_getdetachstate(const pthread_attr_t *attr, int *state)
{
    *state = attr->detached;
    return 0;
}

int pthread_attr_setscope(pthread_attr_t *attr, int scope)
{
    (void)attr;
    return scope == PTHREAD_SCOPE_SYSTEM ? 0 : ENOTSUP;
}

int pthread_setschedparam(pthread_t t, int policy, const struct sched_param *param)
{
    (void)t, (void)policy, (void)param;
    return ENOTSUP; /* cooperative, without priorities */
}

int pthread_getschedparam(pthread_t t, int *policy, struct sched_param *param)
{
    (void)t;
    *policy = SCHED_OTHER;
    *param = (struct sched_param){0};
    return 0;
}

int pthread_getcpuclockid(pthread_t t, clockid_t *clock)
{
    (void)t, (void)clock;
    return ENOSYS;
}

int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    (void)prepare, (void)parent, (void)child;
    return 0; /* there is no fork() that would call them */
}
