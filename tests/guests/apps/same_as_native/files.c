/* Contents and positions of files.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "same_as_native.h"

static long long size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (long long)st.st_size : -1;
}

static int flags_of(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return (flags & O_ACCMODE) | (flags & O_APPEND ? 16 : 0) | (flags & O_NONBLOCK ? 32 : 0);
}

static void show_opening(void)
{
    static const struct {
        const char *name;
        int flags;
    } ways[] = {
        {"RDONLY", O_RDONLY},
        {"WRONLY", O_WRONLY},
        {"RDWR", O_RDWR},
        {"CREAT EXCL", O_WRONLY | O_CREAT | O_EXCL},
        {"CREAT TRUNC", O_WRONLY | O_CREAT | O_TRUNC},
        {"APPEND", O_RDWR | O_APPEND},
        {"DIRECTORY", O_RDONLY | O_DIRECTORY},
        {"NONBLOCK", O_RDONLY | O_NONBLOCK},
        {"access mode 3", O_ACCMODE},
    };
    static const char *const paths[] = {"old", "none", "folder", "old/below", "none/below", "", "."};
    mkdir("folder", 0755);
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        for (size_t j = 0; j < COUNT_OF(paths); j++) {
            put_file("old", "hello");
            set_case("open %s \"%s\"", ways[i].name, paths[j]);
            errno = 0;
            int fd = open(paths[j], ways[i].flags, 0644), error = errno;
            show("result", "%s, size %lld", fd < 0 ? error_name(error) : "open", size_of("old"));
            close(fd);
            unlink("none");
        }
    }
    set_case("%s", "");
    rmdir("folder");
}

static void show_positions(void)
{
    char buf[32] = "";
    put_file("f", "0123456789");
    int fd = open("f", O_RDWR);
    SHOW(lseek(fd, 3, SEEK_SET));
    SHOW(read(fd, buf, 2));
    show("what was read", "%.2s", buf);
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(lseek(fd, -6, SEEK_CUR));
    SHOW(lseek(fd, -1, SEEK_SET));
    SHOW(lseek(fd, -4, SEEK_END));
    SHOW(lseek(fd, INT64_MAX, SEEK_SET));
    SHOW(lseek(fd, INT64_MAX, SEEK_END));
    SHOW(lseek(fd, 0, 99));
    SHOW(lseek(fd, 100, SEEK_SET));
    SHOW(read(fd, buf, 4));
    SHOW(pread(fd, buf, 4, 8));
    SHOW(pread(fd, buf, 4, 10));
    SHOW(pread(fd, buf, 4, -1));
    SHOW(pwrite(fd, "ab", 2, -1));
    SHOW(pwrite(fd, "ab", 2, 4));
    SHOW(lseek(fd, 0, SEEK_CUR) == 100);
    SHOW_TEXT(text_of("f"));
    SHOW(write(fd, "x", 1));
    SHOW(size_of("f"));
    SHOW(lseek(fd, 0, SEEK_HOLE) >= 0);
    SHOW(lseek(fd, 0, SEEK_DATA));
    SHOW(lseek(fd, 101, SEEK_DATA));
    SHOW(lseek(fd, 101, SEEK_HOLE));
    SHOW(lseek(fd, 100, SEEK_DATA));
    SHOW(read(fd, buf, 0));
    SHOW(write(fd, buf, 0));
    close(fd);
    SHOW(read(fd, buf, 1));
    SHOW(write(fd, buf, 1));
    SHOW(lseek(fd, 0, SEEK_SET));
    SHOW(close(fd));
    SHOW(close(-1));
    fd = open("f", O_RDONLY);
    SHOW(write(fd, "x", 1));
    SHOW(pwrite(fd, "x", 1, 0));
    SHOW(ftruncate(fd, 0));
    close(fd);
    fd = open("f", O_WRONLY);
    SHOW(read(fd, buf, 1));
    SHOW(pread(fd, buf, 1, 0));
    close(fd);
    fd = open(".", O_RDONLY);
    SHOW(read(fd, buf, 1));
    SHOW(pread(fd, buf, 1, 0));
    SHOW(ftruncate(fd, 0));
    close(fd);
}

static void show_truncation(void)
{
    struct stat st;
    put_file("f", "0123456789");
    int fd = open("f", O_RDWR);
    SHOW(ftruncate(fd, 4));
    SHOW_TEXT(text_of("f"));
    SHOW(ftruncate(fd, 8));
    show("made longer", "%s", text_of("f"));
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(ftruncate(fd, -1));
    SHOW(truncate("f", 2));
    SHOW(truncate("f", -2));
    SHOW(truncate("none", 2));
    SHOW(truncate(".", 2));
    SHOW(truncate("f/x", 2));
    SHOW((fstat(fd, &st), st.st_size));
    SHOW(ftruncate(fd, 5000000000));
    SHOW((fstat(fd, &st), st.st_size));
    SHOW(pwrite(fd, "end", 3, 4999999997));
    SHOW((lseek(fd, 0, SEEK_SET), lseek(fd, -3, SEEK_END)));
    SHOW(ftruncate(fd, 0));
    SHOW(ftruncate(99, 0));
    close(fd);
}

static void show_appending(void)
{
    char buf[32] = "";
    put_file("f", "abc");
    int fd = open("f", O_RDWR | O_APPEND), other = open("f", O_RDWR);
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(write(fd, "de", 2));
    show("position after the write", "%lld", (long long)lseek(fd, 0, SEEK_CUR));
    SHOW(lseek(fd, 1, SEEK_SET));
    SHOW(read(fd, buf, 2));
    SHOW(write(other, "XY", 2));
    SHOW(ftruncate(other, 4));
    SHOW(write(fd, "+", 1));
    show("after all", "%s, at %lld", text_of("f"), (long long)lseek(fd, 0, SEEK_CUR));
    SHOW(pwrite(fd, "!", 1, 0));
    show("pwrite with O_APPEND", "%s, at %lld", text_of("f"), (long long)lseek(fd, 0, SEEK_CUR));
    SHOW(flags_of(fd));
    SHOW(fcntl(fd, F_SETFL, 0));
    SHOW(flags_of(fd));
    SHOW(lseek(fd, 0, SEEK_SET));
    SHOW(write(fd, "0", 1));
    SHOW(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK | O_RDONLY));
    show("flags at the end", "%d", flags_of(fd));
    SHOW(write(fd, "1", 1));
    show("at the end", "%s", text_of("f"));
    close(fd);
    close(other);
}

static void show_vectors(void)
{
    char a[4] = "", b[4] = "";
    struct iovec in[] = {{a, 2}, {b, 3}}, out[] = {{"one", 3}, {"", 0}, {"two!", 4}};
    put_file("f", "");
    int fd = open("f", O_RDWR);
    SHOW(writev(fd, out, 3));
    SHOW(writev(fd, out, 0));
    SHOW(writev(fd, out, -1));
    SHOW(writev(fd, out, 2000));
    SHOW(lseek(fd, 1, SEEK_SET));
    SHOW(readv(fd, in, 2));
    show("vectors", "%.2s %.3s", a, b);
    SHOW(readv(fd, in, 2));
    show("vectors again", "%.2s %.3s", a, b);
    SHOW(readv(fd, in, -1));
    SHOW(preadv(fd, in, 2, 4));
    show("vectors at 4", "%.2s %.3s", a, b);
    SHOW(pwritev(fd, out, 1, 2));
    SHOW(lseek(fd, 0, SEEK_CUR));
    show("written at 2", "%s", text_of("f"));
    close(fd);
}

void show_files(void)
{
    show_opening();
    show_positions();
    show_truncation();
    show_appending();
    show_vectors();
    unlink("f");
    unlink("old");
}
