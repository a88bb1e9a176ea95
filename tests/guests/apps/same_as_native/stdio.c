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

/* Opens, tries to read a byte, and closes again. */
static void show_mode(const char *path, const char *mode)
{
    set_case("\"%s\" of \"%s\"", path, mode);
    errno = 0;
    FILE *f = fopen(path, mode);
    show("fopen", "%s", f ? "open" : error_name(errno));
    if (f) {
        SHOW(ftell(f));
        SHOW(getc(f));
        SHOW(fcntl(fileno(f), F_GETFD) & FD_CLOEXEC);
        fclose(f);
    }
    SHOW(size_of(path));
    unlink("new");
}

void show_stdio_modes(void)
{
    static const char *const modes[] = {"r",   "r+",    "a",  "wx",  "w+x", "wbx", "wxe", "ax",
                                        "a+x", "w+bxe", "re", "r+e", "q",   "",    "x",   "w"};
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        put_file("old", "hello");
        show_mode("old", modes[i]);
        show_mode("new", modes[i]);
    }
    put_file("old", "hello");
    FILE *f = fopen("old", "r");
    set_case("freopen wx");
    SHOW(freopen("old", "wx", f) != NULL);
    show("error", "%s", error_name(last_error));
    SHOW(size_of("old"));
    unlink("old");
}
