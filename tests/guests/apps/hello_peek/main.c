/* hello whose library follows a pointer to the application's secret: the library's VM ends with a
 * page fault report, the application learns that its peer died.
 * Verdict: report of a page fault in greeter_peek at the address of `secret`, exit status 4, and
 * "hello_peek: peer died"; never "hello_peek: wrong".
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include <bh/bulkhead.h>

#include "greeter.h"

#define SECOND 1000000000ull

static int secret = 1234;

int main(void)
{
    struct bh_try attempt;
    enum bh_status status;
    uint64_t start;
    int seen;

    printf("hello_peek: the secret is at %p\n", (void *)&secret);
    fflush(stdout);
    start = bh_now();
    bh_try_begin(&attempt, 5 * SECOND);
    seen = greeter_peek(&secret);
    status = bh_try_end(&attempt);
    if (status != BH_PEER_DIED)
        return printf("hello_peek: wrong: %s, saw %d\n", bh_status_text(status), seen), 1;
    if (bh_now() - start > SECOND)
        return puts("hello_peek: wrong: peer died, but it took more than a second to learn"), 1;

    /* The edge is dead for good: a second call has to tell at once. */
    bh_try_begin(&attempt, BH_FOREVER);
    greeter_peek(&secret);
    if (bh_try_end(&attempt) != BH_PEER_DIED)
        return puts("hello_peek: wrong: the second call did not fail"), 1;
    puts("hello_peek: peer died");
    return 0;
}
