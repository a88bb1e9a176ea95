/* Prints what calls of POSIX do in the directory of the first argument; the second one chooses the calls. It is built
 * as an application and natively, and both have to print the same.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#include <unistd.h>

#include "same_as_native.h"

static const struct {
    const char *name;
    void (*show)(void);
} parts[] = {
    {"limits", show_limits},   {"memory", show_memory},           {"old_times", show_old_times},
    {"slashes", show_slashes}, {"stdio_modes", show_stdio_modes},
};

const char *error_name(int error)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {
        {0, "0"},           {EACCES, "EACCES"},   {EBADF, "EBADF"},     {EEXIST, "EEXIST"},
        {EFBIG, "EFBIG"},   {EINVAL, "EINVAL"},   {EISDIR, "EISDIR"},   {ENODEV, "ENODEV"},
        {ENOENT, "ENOENT"}, {ENOTDIR, "ENOTDIR"}, {ENOMEM, "ENOMEM"},   {EPERM, "EPERM"},
        {ESPIPE, "ESPIPE"}, {EXDEV, "EXDEV"},     {ENOTSUP, "ENOTSUP"}, {ELOOP, "ELOOP"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (names[i].number == error)
            return names[i].name;
    return strerror(error);
}

int main(int argc, char **argv)
{
    if (argc != 3 || chdir(argv[1]) != 0)
        return 2;
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        if (strcmp(argv[2], parts[i].name) == 0) {
            parts[i].show();
            return 0;
        }
    }
    return 2;
}
