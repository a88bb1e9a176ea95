/* What generated stubs and dispatch entries are made of: checked crossing of arguments, at both ends of a gate.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * For generated code only; applications include <bh/bulkhead.h>. Functions that a caller's stub uses begin with
 * bh_pass_, those of the callee's dispatch with bh_visit_. Nothing here is thread-safe: threads of a VM are
 * cooperative. Whatever lies in memory that the peer can write is read exactly once, and the copy is used. */
#ifndef BH_MARSHAL_H
#define BH_MARSHAL_H

#include <bh/marshal_async.h>
#include <bh/marshal_callee.h>
#include <bh/marshal_caller.h>
#include <bh/marshal_values.h>

#include "rpc/image.h"

extern const struct bh_export bh_exports[];
extern const uint64_t bh_n_exports;

#endif
