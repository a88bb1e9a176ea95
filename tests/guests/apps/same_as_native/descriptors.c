/* Numbers of descriptors, their flags, and locks of files.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "same_as_native.h"

static int closes_on_exec(int fd)
{
    return fcntl(fd, F_GETFD);
}

static void show_numbers(int first)
{
    int fd = open("f", O_RDWR);
    SHOW(fd - first);
    SHOW(dup(fd) - first);
    SHOW(dup2(fd, first + 5) - first);
    SHOW(dup2(fd, fd) - first);
    SHOW(dup2(99, fd));
    SHOW(dup2(fd, -1));
    SHOW(dup2(fd, 1 << 30));
    SHOW(dup(99));
    SHOW(dup3(fd, fd, 0));
    SHOW(dup3(fd, first + 6, O_CLOEXEC) - first);
    SHOW(dup3(fd, first + 7, 0x5555));
    SHOW(fcntl(fd, F_DUPFD, first + 10) - first);
    SHOW(fcntl(fd, F_DUPFD, -1));
    SHOW(fcntl(fd, F_DUPFD_CLOEXEC, first + 10) - first);
    SHOW(closes_on_exec(first + 6));
    SHOW(closes_on_exec(first + 10));
    SHOW(closes_on_exec(first + 11));
    SHOW(fcntl(first + 10, F_SETFD, FD_CLOEXEC));
    show("after F_SETFD", "%d, the original %d", closes_on_exec(first + 10), closes_on_exec(fd));
    SHOW(close(first + 1));
    SHOW(open("f", O_RDONLY) - first);
    for (int i = 0; i < 12; i++)
        close(first + i);
    SHOW(fcntl(first, F_GETFD));
    SHOW(fcntl(first, F_GETFL));
}

static void show_sharing(void)
{
    int fd = open("f", O_RDWR), twin = dup(fd), other = open("f", O_RDWR);
    SHOW(lseek(fd, 2, SEEK_SET));
    SHOW(lseek(twin, 0, SEEK_CUR));
    SHOW(lseek(other, 0, SEEK_CUR));
    SHOW(fcntl(twin, F_SETFL, O_APPEND));
    SHOW((fcntl(fd, F_GETFL) & O_APPEND) != 0);
    SHOW((fcntl(other, F_GETFL) & O_APPEND) != 0);
    SHOW(close(fd));
    SHOW(lseek(twin, 1, SEEK_CUR));
    SHOW(unlink("f"));
    SHOW(pwrite(other, "unlinked", 8, 0));
    struct stat st;
    SHOW((fstat(twin, &st), st.st_size));
    SHOW(st.st_nlink);
    close(twin);
    close(other);
    SHOW(open("f", O_RDONLY));
    put_file("f", "abcdef");
}

static void show_controls(void)
{
    int fd = open("f", O_RDWR), n = -1;
    SHOW(ioctl(fd, FIONREAD, &n));
    show("bytes to read", "%d", n);
    SHOW(ioctl(99, FIONREAD, &n));
    SHOW(ioctl(fd, TIOCGWINSZ, &n));
    SHOW(isatty(fd));
    SHOW(isatty(99));
    SHOW(fcntl(fd, 12345));
    SHOW(fsync(fd));
    SHOW(fdatasync(fd));
    SHOW(fsync(99));
    close(fd);
}

static int try_lock(int fd, int command, short type, off_t start, off_t size)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = size};
    return fcntl(fd, command, &lock);
}

static void show_locks(void)
{
    int fd = open("f", O_RDWR), reader = open("f", O_RDONLY), other = open("f", O_RDWR);
    SHOW(try_lock(fd, F_SETLK, F_WRLCK, 0, 0));
    SHOW(try_lock(other, F_SETLK, F_WRLCK, 0, 0)); /* of one process: no conflict */
    SHOW(try_lock(fd, F_SETLK, F_UNLCK, 0, 0));
    SHOW(try_lock(fd, F_SETLK, F_UNLCK, 5, 2));
    SHOW(try_lock(reader, F_SETLK, F_WRLCK, 0, 1));
    SHOW(try_lock(reader, F_SETLK, F_RDLCK, 0, 1));
    SHOW(try_lock(fd, F_SETLK, 77, 0, 1));
    SHOW(try_lock(fd, F_SETLK, F_RDLCK, -1, 1));
    SHOW(try_lock(fd, F_SETLKW, F_RDLCK, 10, 5));
    SHOW(try_lock(99, F_SETLK, F_RDLCK, 0, 1));
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    SHOW(fcntl(other, F_GETLK, &lock));
    show("type found", "%s", lock.l_type == F_UNLCK ? "F_UNLCK" : "another");
    SHOW(flock(fd, LOCK_EX | LOCK_NB));
    SHOW(flock(other, LOCK_EX | LOCK_NB));
    SHOW(flock(other, LOCK_SH | LOCK_NB));
    SHOW(flock(fd, LOCK_SH | LOCK_NB));
    show("a shared lock by another one", "%d", flock(other, LOCK_SH | LOCK_NB));
    SHOW(flock(fd, LOCK_UN));
    SHOW(flock(fd, 99));
    SHOW(flock(99, LOCK_SH));
    close(fd);
    close(other);
    close(reader);
}

void show_descriptors(void)
{
    put_file("f", "abcdef");
    int first = open("f", O_RDONLY);
    close(first);
    show_numbers(first);
    show_sharing();
    show_controls();
    show_locks();
    unlink("f");
}
