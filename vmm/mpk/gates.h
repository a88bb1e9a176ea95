/* Gate tables: the only way out of a compartment, read-only to it.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_MPK_GATES_H
#define BH_VMM_MPK_GATES_H

#include "vmm/resources/resources.h"

/* Plans the pages of compartment i's gate table. */
bool gates_plan(const struct resources *w, uint32_t i, struct guest_memory *m, struct problem *p);

/* Fills the table, once it is mapped and the core is loaded. False: the manifest does not fit the images. */
bool gates_write(const struct resources *w, uint32_t i, struct guest_memory *m, struct problem *p);

/* The edge that grants an import of compartment `from`, or NULL. */
const struct edge *gates_edge(const struct appliance *a, uint32_t from, const struct import_fn *f);

#endif
