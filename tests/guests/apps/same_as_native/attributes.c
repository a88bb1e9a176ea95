/* Attributes of files.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "same_as_native.h"

static void show_times(int fd)
{
    struct stat a, b;
    SHOW(stat("file", &a) + fstat(fd, &b));
    show("accessed", "%lld %ld", (long long)a.st_atim.tv_sec, a.st_atim.tv_nsec);
    show("modified", "%lld %ld", (long long)a.st_mtim.tv_sec, a.st_mtim.tv_nsec);
    SHOW(a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec);
}

void show_old_times(void)
{
    static const struct timespec times[] = {{-5, 500000000}, {-5, 0}, {-1, 999999999},  {-1, 0},        {-1, 1}, {0, 0},
                                            {0, 1},          {1, 5},  {-2000000000, 1}, {8000000000, 7}};
    int fd = open("file", O_RDWR | O_CREAT, 0644);
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        set_case("time %d", (int)i);
        SHOW(utimensat(AT_FDCWD, "file", (struct timespec[]){times[i], {-7, 3}}, 0));
        show_times(fd);
        SHOW(futimens(fd, (struct timespec[]){{-3, 999999998}, times[i]}));
        show_times(fd);
    }
    set_case("%s", "");
    SHOW(futimens(fd, (struct timespec[]){{-3, -5}, {0, 0}}));
    SHOW(futimens(fd, (struct timespec[]){{-3, 1000000000}, {0, 0}}));
    SHOW(utimes("file", (struct timeval[]){{-9, 250000}, {-8, 999999}}));
    show_times(fd);
    SHOW(utimes("file", (struct timeval[]){{-9, -250000}, {-8, 999999}}));
    show_times(fd);
    close(fd);
    unlink("file");
}
