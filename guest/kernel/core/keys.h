/* What the keyed core calls need to know about their caller.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_CORE_KEYS_H
#define BH_CORE_KEYS_H

#include "core.h"

/* The compartment that made the core call. Valid until the call blocks. */
uint32_t keys_caller(void);
/* Whether `b` is a compartment of this VM in the domain of `a`. */
bool keys_same_domain(uint32_t a, uint32_t b);
/* Whether [at, at + size) is memory that the domain of `caller` can use. This may allow more than the page tables do
 * where nothing is mapped or nothing can be written: the access then faults, as the caller's own would. */
bool keys_allow(uint32_t caller, uint64_t at, uint64_t size);
/* The call over `edge` that its caller has in flight on this thread and that the callee names `name` (bh_thunk.parent).
 * It lies in the caller's memory, unchecked. NULL: there is none. */
const struct bh_outgoing *keys_call_in_flight(const struct bh_boot_edge *edge, uint32_t name);

#endif
