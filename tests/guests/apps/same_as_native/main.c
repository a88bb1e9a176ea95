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
    {"addresses", show_addresses},
    {"ctype", show_ctype},
    {"descriptors", show_descriptors},
    {"digits", show_digits},
    {"directories", show_directories},
    {"epoll", show_epoll},
    {"files", show_files},
    {"heap", show_heap},
    {"limits", show_limits},
    {"links", show_links},
    {"memory", show_memory},
    {"names", show_names},
    {"old_times", show_old_times},
    {"pipes", show_pipes},
    {"poll", show_poll},
    {"printf", show_printf},
    {"process", show_process},
    {"random_digits", show_random_digits},
    {"scanf", show_scanf},
    {"signals", show_signals},
    {"slashes", show_slashes},
    {"socket_misuse", show_socket_misuse},
    {"socket_options", show_socket_options},
    {"socketpair", show_socketpair},
    {"stdio_modes", show_stdio_modes},
    {"streams", show_streams},
    {"strings", show_strings},
    {"strtod", show_strtod},
    {"strtol", show_strtol},
    {"tcp", show_tcp},
    {"thread_sync", show_thread_sync},
    {"threads", show_threads},
    {"time", show_time},
    {"udp", show_udp},
};

int main(int argc, char **argv)
{
    if (argc != 3 || chdir(argv[1]) != 0)
        return 2;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (strcmp(argv[2], parts[i].name) == 0) {
            parts[i].show();
            return 0;
        }
    }
    return 2;
}
