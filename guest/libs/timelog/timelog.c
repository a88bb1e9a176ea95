/* A log in memory: the last lines, each with the time it came.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "timelog.h"

#include <string.h>
#include <time.h>

enum { KEPT = 256 };

static struct {
    uint64_t ns; /* since 1970 */
    char line[TIMELOG_LINE];
} kept[KEPT];
static uint64_t added, longest;

void timelog_add(const char *line)
{
    uint64_t last = kept[(added + KEPT - 1) % KEPT].ns;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    size_t slot = added % KEPT, length = strnlen(line, TIMELOG_LINE - 1);
    kept[slot].ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    memcpy(kept[slot].line, line, length);
    kept[slot].line[length] = '\0';
    if (added++ && kept[slot].ns > last && kept[slot].ns - last > longest)
        longest = kept[slot].ns - last;
}

uint64_t timelog_lines(void)
{
    return added;
}

uint64_t timelog_longest(void)
{
    return longest;
}
