/* The core calls of keyed_gates.c, for the table in keyed_calls.c. rpc/core_calls.h describes them.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_CORE_KEYED_CALLS_H
#define BH_CORE_KEYED_CALLS_H

#include "core.h"

enum bh_status keyed_call(struct bh_outgoing *out);
enum bh_status keyed_callback(struct bh_outgoing *out);
enum bh_status keyed_submit(struct bh_outgoing *out);
enum bh_status keyed_collect(struct bh_outgoing *out);
int keyed_ready(const struct bh_outgoing *out);
void *keyed_arena_alloc(uint32_t edge, enum bh_arena which, size_t size);
void keyed_arena_free(uint32_t edge, enum bh_arena which, void *block);

#endif
