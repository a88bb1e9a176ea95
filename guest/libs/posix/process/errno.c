/* The end of almost every call: converts the negative errno values used inside the layer to errno and -1.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "../px.h"

long px_result(long value)
{
    px_signals_look();
    if (value >= 0)
        return value;
    errno = (int)-value;
    return -1;
}
