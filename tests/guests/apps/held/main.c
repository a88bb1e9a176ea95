/* One call with half a second's patience, to a library that a debugger may hold meanwhile.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <bh/bulkhead.h>
#include <greeter.h>
#include <stdio.h>

int main(void)
{
    static bh_shared int number = 41;
    struct bh_try patience;
    bh_try_begin(&patience, 500000000ull);
    int value = greeter_count(&number);
    enum bh_status status = bh_try_end(&patience);
    printf("%d %s\n", value, status == BH_OK ? "in time" : bh_status_text(status));
    return 0;
}
