/* Checked access to one property or node of a manifest: each failure is one line that names it.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Unless a comment says otherwise, a function that fails fills the reader's problem and returns false. Strings point
 * into the blob. */
#ifndef BH_VMM_APPLIANCE_MANIFEST_FDT_H
#define BH_VMM_APPLIANCE_MANIFEST_FDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/base/problem.h"

struct reader {
    const void *fdt; /* passed fdt_check_full() */
    const char *path;
    struct problem *problem;
};

/* "PATH: NODE: PROPERTY: text"; property NULL: the node itself is wrong. Always false. */
__attribute__((format(printf, 4, 5))) bool fdt_bad(const struct reader *r, int node, const char *property,
                                                   const char *format, ...);

bool fdt_has(const struct reader *r, int node, const char *property);

/* One cell or two cells, in lowest..highest. */
bool fdt_u32(const struct reader *r, int node, const char *property, uint32_t lowest, uint32_t highest, uint32_t *out);
bool fdt_u64(const struct reader *r, int node, const char *property, uint64_t lowest, uint64_t highest, uint64_t *out);
/* The same, and a multiple of the page size. */
bool fdt_pages(const struct reader *r, int node, const char *property, uint64_t lowest, uint64_t highest,
               uint64_t *out);

/* Exactly one string of at most `longest` bytes without the NUL. */
bool fdt_text(const struct reader *r, int node, const char *property, size_t longest, const char **out);
/* A string out of `words` (NULL terminated); *out is its index. */
bool fdt_word(const struct reader *r, int node, const char *property, const char *const *words, uint32_t *out);
/* A list of at most `most` strings; *n is 0 if it is absent or empty. *out is allocated and ends with a NULL. */
bool fdt_list(const struct reader *r, int node, const char *property, uint32_t most, const char ***out, uint32_t *n);

/* A list of different cells below `limit`, as a bit mask of limit/64 words, rounded up. */
bool fdt_bits(const struct reader *r, int node, const char *property, uint32_t limit, uint64_t *mask);

/* The subnode, or -1 if there is none; if it is `required` the problem is filled then. */
int fdt_child(const struct reader *r, int node, const char *name, bool required);
/* How many subnodes there are. False: more than `most`. */
bool fdt_count(const struct reader *r, int node, uint32_t most, uint32_t *n);
/* The node's own name: 1 to BH_NAME_MAX - 1 of A-Z a-z 0-9 _ - . */
bool fdt_name(const struct reader *r, int node, const char **out);
/* The node's own name as a decimal number below `limit`. */
bool fdt_number_name(const struct reader *r, int node, uint32_t limit, uint32_t *out);

#endif
