/* Makes sealed memfds.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/resources/memory_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int memory_file_make(const char *name, uint64_t size, int seal, struct problem *p)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || ftruncate(fd, (off_t)size) || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | seal)) {
        problem_set(p, EXIT_HOST, "cannot make shared memory: %s", strerror(errno));
        memory_file_close(&fd);
    }
    return fd;
}

void memory_file_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}
