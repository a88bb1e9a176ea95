/* Modes of fopen() and its relatives.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "same_as_native.h"

static long long size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (long long)st.st_size : -1;
}

static void put_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
}

/* Opens, tries to read a byte, and closes again. */
static void show_mode(const char *path, const char *mode)
{
    errno = 0;
    FILE *f = fopen(path, mode);
    printf("\"%s\" of \"%s\": %s", path, mode, f ? "open" : error_name(errno));
    if (f) {
        printf(", at %ld", ftell(f));
        printf(", reads %d, close-on-exec %d", getc(f), fcntl(fileno(f), F_GETFD) & FD_CLOEXEC);
        fclose(f);
    }
    printf(", size %lld\n", size_of(path));
    unlink("new");
}

void show_stdio_modes(void)
{
    static const char *const modes[] = {"r",   "r+",    "a",  "wx",  "w+x", "wbx", "wxe", "ax",
                                        "a+x", "w+bxe", "re", "r+e", "q",   "",    "x",   "w"};
    for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
        put_text("old", "hello");
        show_mode("old", modes[i]);
        show_mode("new", modes[i]);
    }
    put_text("old", "hello");
    FILE *f = fopen("old", "r");
    printf("freopen wx: %s\n", freopen("old", "wx", f) ? "open" : error_name(errno));
    printf("size %lld\n", size_of("old"));
    unlink("old");
}
