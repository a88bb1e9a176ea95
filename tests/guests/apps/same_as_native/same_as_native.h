/* What the files of this program share: an observation is one printed line, `name: result`.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef SAME_AS_NATIVE_H
#define SAME_AS_NATIVE_H

#include <errno.h>
#include <stdio.h>

extern int last_error; /* errno after the last call that was shown */

/* Shows what `call` returned, and the name of its error if that is -1. */
#define SHOW_AS(name, call)                          \
    do {                                             \
        errno = 0;                                   \
        long long shown_result = (long long)(call);  \
        last_error = errno;                          \
        show_result(name, shown_result, last_error); \
    } while (0)
#define SHOW(call) SHOW_AS(#call, call)

/* The same for calls that return the number of an error. */
#define SHOW_ERROR(call) show(#call, "%s", error_name(call))

/* The same for calls that return a text or NULL. */
#define SHOW_TEXT(call)                                                                  \
    do {                                                                                 \
        errno = 0;                                                                       \
        const char *shown_text = (call);                                                 \
        show(#call, "%s", shown_text ? shown_text : errno ? error_name(errno) : "NULL"); \
    } while (0)

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

/* A name that was printed before gets a number, so that all are different. */
/* Stands before the names of the lines that follow, up to the next call; "" for none. */
void set_case(const char *format, ...) __attribute__((format(printf, 1, 2)));
void show(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
void show_result(const char *call, long long result, int error);
const char *error_name(int error); /* its number differs between C libraries */
void put_file(const char *path, const char *text);
const char *text_of(const char *path); /* up to 255 bytes; in a static buffer */

void show_addresses(void);
void show_ctype(void);
void show_descriptors(void);
void show_digits(void);
void show_directories(void);
void show_epoll(void);
void show_files(void);
void show_heap(void);
void show_limits(void);
void show_links(void);
void show_memory(void);
void show_names(void);
void show_old_times(void);
void show_pipes(void);
void show_poll(void);
void show_printf(void);
void show_process(void);
void show_random_digits(void);
void show_scanf(void);
void show_signals(void);
void show_slashes(void);
void show_socket_misuse(void);
void show_socket_options(void);
void show_socketpair(void);
void show_stdio_modes(void);
void show_streams(void);
void show_strings(void);
void show_strtod(void);
void show_strtol(void);
void show_tcp(void);
void show_thread_sync(void);
void show_threads(void);
void show_time(void);
void show_udp(void);

#endif
