/* Redis's resident memory, as its heap knows it: there is no /proc in which zmalloc.c could look it up.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <malloc.h>
#include <stddef.h>

size_t zmalloc_get_rss(void);

size_t zmalloc_get_rss(void)
{
    return mallinfo().arena;
}
