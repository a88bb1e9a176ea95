/* Limits of files, and room made in advance.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "same_as_native.h"

static void show_room(int fd, off_t offset, off_t size)
{
    struct stat st;
    errno = 0;
    int r = posix_fallocate(fd, offset, size);
    int error = errno;
    long long now = fstat(fd, &st) == 0 ? (long long)st.st_size : -1;
    set_case("%lld bytes at %lld", (long long)size, (long long)offset);
    show("posix_fallocate", "%s, errno %d, size %lld", error_name(r), error, now);
    set_case("%s", "");
}

void show_limits(void)
{
    SHOW(pathconf(".", _PC_NAME_MAX));
    SHOW(pathconf("none", _PC_NAME_MAX));
    SHOW(pathconf(".", _PC_NO_TRUNC));
    SHOW(pathconf(".", _PC_CHOWN_RESTRICTED));
    SHOW(pathconf(".", _PC_FILESIZEBITS));
    SHOW(pathconf(".", _PC_SYMLINK_MAX));
    SHOW(pathconf(".", -1));
    SHOW(pathconf(".", 1000));
    int fd = open("file", O_RDWR | O_CREAT, 0644), reader = open("file", O_RDONLY), ends[2];
    SHOW(fpathconf(fd, _PC_NAME_MAX));
    SHOW(fpathconf(77, _PC_NAME_MAX));
    show_room(fd, 3, 0);
    show_room(fd, -3, 10);
    show_room(fd, 0, -1);
    show_room(fd, 0, 1000);
    show_room(fd, 5000, 1000);
    show_room(fd, 10, 1000);
    show_room(fd, (1ll << 32) + 5, 1000); /* beyond 32 bits */
    show_room(fd, INT64_MAX - 5, 1000);
    show_room(reader, 0, 10);
    show_room(77, 0, 10);
    SHOW(pipe(ends));
    show_room(ends[1], 0, 10);
    SHOW(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
    SHOW(renameat(AT_FDCWD, "file", AT_FDCWD, "other"));
    SHOW(sched_yield());
    unlink("other");
}
