/* Counts how many of the appliance want a processor.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/resources/crowd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "vmm/resources/memory_file.h"

int crowd_make(struct crowd **crowd, unsigned processors, struct problem *p)
{
    int fd = memory_file_make("bulkhead-crowd", sizeof(**crowd), F_SEAL_SEAL, p);
    if (fd < 0)
        return -1;
    void *at = mmap(NULL, sizeof(**crowd), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) {
        problem_set(p, EXIT_HOST, "cannot map how many want a processor: %s", strerror(errno));
        return -1;
    }
    *crowd = at;
    (*crowd)->page.processors = processors;
    return fd;
}

struct crowd_member crowd_vm(struct crowd *crowd, uint32_t v)
{
    return (struct crowd_member){crowd, &crowd->by_vm[v]};
}

struct crowd_member crowd_mount(struct crowd *crowd, uint32_t i)
{
    return (struct crowd_member){crowd, &crowd->by_mount[i]};
}

void crowd_wake(struct crowd_member m)
{
    __atomic_fetch_add(m.mine, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&m.crowd->page.awake, 1, __ATOMIC_RELAXED);
}

void crowd_sleep(struct crowd_member m)
{
    __atomic_fetch_sub(m.mine, 1, __ATOMIC_RELAXED);
    __atomic_fetch_sub(&m.crowd->page.awake, 1, __ATOMIC_RELAXED);
}

void crowd_leave(struct crowd_member m)
{
    uint32_t left = __atomic_exchange_n(m.mine, 0, __ATOMIC_RELAXED);
    __atomic_fetch_sub(&m.crowd->page.awake, left, __ATOMIC_RELAXED);
}
