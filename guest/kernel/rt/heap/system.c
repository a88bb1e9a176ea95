/* What jemalloc asks of a system besides pages, for itself alone: one_object.sh makes these names local.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bh/bulkhead.h>
#include <bh/core.h>

/* Its last words before abort(): lines on the console, whatever the program did with its descriptors. */
ssize_t write(int fd, const void *text, size_t size)
{
    bh_core()->log(bh_gates.compartment, text, size);
    return (ssize_t)size;
}

/* Of its options that nobody can set here. */
int creat(const char *path, mode_t mode)
{
    errno = ENOSYS;
    return -1;
}
pid_t getpid(void)
{
    return 1;
}
long sysconf(int name)
{
    return 1; /* processors, and the like */
}
int atexit(void (*function)(void))
{
    return 0;
}
int __xpg_strerror_r(int error, char *text, size_t size)
{
    if (size)
        *text = 0;
    return 0;
}
