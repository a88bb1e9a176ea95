/* Has a library crash, or crashes itself: wreck HOW [ADDRESS].
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bh/bulkhead.h>
#include <bh/core.h>

#include "wreck.h"

#pragma GCC optimize("no-optimize-sibling-calls") /* keeps every caller on the stack */

static int secret = 42;

static __attribute__((noinline)) int middle(const char *how, uint64_t address)
{
    int result = wreck(how, address);
    __asm__ volatile("" : "+r"(result));
    return result;
}

static __attribute__((noinline)) int listen_and_touch(uint64_t address)
{
    *(volatile int *)(uintptr_t)address = 1;
    return 0;
}

/* Says when it learns of the library's death. */
static int await_death(uint64_t mib)
{
    struct bh_try call;
    bh_try_begin(&call, BH_FOREVER);
    wreck("large", mib);
    int status = bh_try_end(&call);
    puts(status == BH_PEER_DIED ? "told" : "not told");
    fflush(stdout);
    return 0;
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    uint64_t address = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;
    static char large[0x20000];
    puts("ready");
    fflush(stdout);
    if (strcmp(how, "secret") == 0)
        return middle("write", (uint64_t)(uintptr_t)&secret);
    if (strcmp(how, "big") == 0)
        return wreck_take(large, sizeof(large));
    if (strcmp(how, "kept") == 0) {
        memset(large, 'a', 256);
        wreck_take(large, 256);
        return wreck(how, 255); /* `how` lies where the beginning of `large` was copied to */
    }
    if (strcmp(how, "callback") == 0)
        return wreck_back(listen_and_touch, address);
    if (strcmp(how, "told") == 0)
        return await_death(address);
    if (strcmp(how, "sleep") == 0)
        bh_sleep(BH_FOREVER);
    return middle(how, address);
}
