/* One clear line for whatever goes wrong on the host side, and the exit status that belongs to it.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * A function that can fail fills the `struct problem` of its caller, and only main() prints it. Nothing here blocks or
 * allocates. */
#ifndef BH_VMM_BASE_PROBLEM_H
#define BH_VMM_BASE_PROBLEM_H

/* Exit statuses of `bulkhead`; any other is the application's own. */
enum exit_status {
    EXIT_USAGE = 2,   /* wrong usage, wrong TOML, damaged manifest */
    EXIT_HOST = 3,    /* the host lacks something */
    EXIT_CRASHED = 4, /* a compartment crashed */
};

struct problem {
    int status;      /* enum exit_status; 0: nothing wrong so far */
    char text[1024]; /* one line, no newline; empty: the user has been told already */
};

/* Sets status and text (printf format). Text that is too long is cut, and newlines become spaces. Returns false, so
 * that a caller can `return problem_set(...)`. */
__attribute__((format(printf, 3, 4))) _Bool problem_set(struct problem *p, int status, const char *format, ...);

/* Prints "bulkhead: error: TEXT" to stderr unless text is empty. Returns the status. */
int problem_print(const struct problem *p);

#endif
