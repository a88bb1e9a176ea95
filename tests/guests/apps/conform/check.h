/* Checks of the conformance application, and what it knows about its edges.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bh/bulkhead.h>
#include <bh/core.h>

#define MS 1000000ull

/* Prints "ok NAME" or "FAIL NAME: what, where". NAME is a printf format. */
void check_at(const char *file, int line, const char *what, bool good, const char *name, ...)
    __attribute__((format(printf, 5, 6)));
#define CHECK(good, ...) check_at(__FILE__, __LINE__, #good, (good), __VA_ARGS__)
extern int failures;

/* The status of a call, which may be any expression or statement. */
#define TRY(timeout, ...)               \
    ({                                  \
        struct bh_try try_;             \
        bh_try_begin(&try_, (timeout)); \
        __VA_ARGS__;                    \
        bh_try_end(&try_);              \
    })

/* The edge to a compartment, from the boot information. */
const struct bh_boot_edge *edge_to(const char *name);
bool isolated(void); /* something stands between the conform library and the application */
bool one_vm(void);   /* both are in one VM: calls do not time out */

/* The expected outcome of a call to the conform library with `copied` bytes in the largest copied argument. */
enum memory { PRIVATE, SHARED };
enum bh_status expected(enum memory memory, size_t bytes);

/* `bytes` of memory of a kind, 64-byte aligned. Ends the program when there is none. */
unsigned char *get(enum memory memory, size_t bytes);
void put(enum memory memory, void *block);
extern const char *const memory_names[];

void fill(void *data, size_t bytes, unsigned seed); /* as conform_fill() does */
uint64_t sum(const void *data, size_t bytes);       /* as conform_sum() does */
bool filled(const void *data, size_t bytes, unsigned seed);

/* Runs `entry` in `n` threads at once with the numbers 0 .. n - 1 and waits until all have ended. False: could not
 * start. */
bool in_threads(unsigned n, void (*entry)(unsigned number));

void check_data(void);      /* data.c */
void check_structs(void);   /* structs.c */
void check_handles(void);   /* handles.c */
void check_callbacks(void); /* callbacks.c */
void check_threads(void);   /* threads.c */
void check_timeouts(void);  /* timeouts.c */
void check_async(void);     /* async.c */
void check_core(void);      /* core.c */

#endif
