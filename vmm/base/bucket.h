/* Token buckets: how often something may happen for long, and how much of it at once.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * What happens costs time of an account that is `window_ns` behind the clock at most. Times are those of clock_ns(). */
#ifndef BH_VMM_BASE_BUCKET_H
#define BH_VMM_BASE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct bucket {
    uint64_t each_ns;   /* what one costs */
    uint64_t window_ns; /* what `burst` of them cost; 0: there is no limit */
    uint64_t account;   /* up to when time has been spent */
};

/* `burst` at once, and `per_second` for long. */
struct bucket bucket_of(uint64_t burst, uint64_t per_second);

/* Spends one. False: there is none left, and nothing was spent. */
bool bucket_take(struct bucket *b, uint64_t now);

/* Whether bucket_take() would fail. */
bool bucket_empty(const struct bucket *b, uint64_t now);

/* Spends n, also what is not there yet. Returns how many ns it takes until nothing is owed. */
uint64_t bucket_spend(struct bucket *b, uint64_t n, uint64_t now);

#endif
