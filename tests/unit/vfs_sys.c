/* What the hosted tests of the file system have in place of the guest (guest/libs/vfs/src/sys.c).
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/libs/vfs/src/node.h"

int vfs_waits;                   /* calls of vfs_wait() */
int vfs_wait_gives = -ETIMEDOUT; /* the next of them */

int vfs_wait(const void *key, uint64_t timeout_ns)
{
    (void)key, (void)timeout_ns;
    int r = vfs_wait_gives;
    if (r == -ETIMEDOUT && vfs_waits++ > 1000000) {
        printf("a wait that nothing ends\n");
        exit(1);
    }
    vfs_wait_gives = -ETIMEDOUT;
    return r;
}

/* There is no cache, unless a test has it. */
__attribute__((weak)) bool vfs_shrink(void)
{
    return false;
}

void vfs_wake(const void *key)
{
    (void)key;
}

int vfs_random(void *to, size_t size)
{
    memset(to, 7, size);
    return 0;
}

int64_t vfs_now; /* tests may let time pass */

int64_t vfs_clock(void)
{
    return vfs_now += 1000;
}

uint32_t vfs_clients_are = 1;

uint32_t vfs_clients(bool *inside)
{
    *inside = true;
    return vfs_clients_are;
}

bool vfs_shares_heap(void)
{
    return true;
}

uint64_t vfs_memory(void)
{
    return 1 << 24;
}

uint32_t vfs_alone_is;

uint32_t vfs_alone(void)
{
    return vfs_alone_is;
}

int vfs_mount_all(void)
{
    return 0;
}
