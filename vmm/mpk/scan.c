/* The scanner itself (Intel SDM vol. 2: WRPKRU is 0F 01 EF; XRSTOR is 0F AE /5 with a memory operand).
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * XRSTORS (0F C7 /3) needs ring 0, and ring 0 runs nothing but the trap shim. Prefixes come before the
 * opcode, so that they do not matter. */
#include "vmm/mpk/scan.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

size_t scan_bytes(const uint8_t *bytes, size_t size, size_t start, const char **what)
{
    *what = NULL;
    for (size_t i = start; i + 2 < size; i++) {
        if (bytes[i] != 0x0f)
            continue;
        uint8_t modrm = bytes[i + 2];
        if (bytes[i + 1] == 0x01 && modrm == 0xef)
            *what = "WRPKRU";
        else if (bytes[i + 1] == 0xae && (modrm >> 3 & 7) == 5 && modrm >> 6 != 3)
            *what = "XRSTOR";
        if (*what)
            return i;
    }
    return size;
}

/* Executable segments from number `n` on that touch each other; returns how many, and their bytes
 * in all. */
static uint32_t run_of(const struct image *image, uint32_t n, uint64_t *size)
{
    uint32_t count = 0;
    *size = 0;
    while (n + count < image->n_segments) {
        const struct segment *s = &image->segments[n + count];
        if (!(s->perms & PERM_X) || (count && s[-1].va + s[-1].size != s->va))
            break;
        *size += s->size;
        count++;
    }
    return count;
}

bool scan_image(const struct image *image, uint64_t *va, const char **what, struct problem *p)
{
    *what = NULL;
    for (uint32_t n = 0; n < image->n_segments; n++) {
        uint64_t size, filled = 0;
        uint32_t count = run_of(image, n, &size);
        uint8_t *bytes = count ? calloc(1, size) : NULL;
        if (count && !bytes)
            return problem_set(p, EXIT_HOST, "out of memory");
        bool good = true;
        for (uint32_t i = n; good && i < n + count; filled += image->segments[i].size, i++)
            good = image_read(image, &image->segments[i], bytes + filled, p);
        size_t at = good && count ? scan_bytes(bytes, size, 0, what) : 0;
        free(bytes);
        if (!good)
            return false;
        if (*what) {
            *va = image->segments[n].va + at;
            return true;
        }
        n += count ? count - 1 : 0;
    }
    return true;
}
