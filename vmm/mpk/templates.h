/* Templates of the code that crosses from one protection domain to another: guest/kernel/mpk/trampolines.S.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * They are linked into this program as bytes. Each has holes, 32-bit fields of the form 0x7b0aNNNN for a value or
 * 0x7b0cNNNN for the distance of an address from the end of the field, which are filled in for every copy. */
#ifndef BH_VMM_MPK_TEMPLATES_H
#define BH_VMM_MPK_TEMPLATES_H

#include <stdint.h>

enum hole { SP_FROM = 1, SP_TO, FRAME, EDGE, CALLER, CALLS, HOLES };
enum far_hole { IN_HAVE = 1, IN_WANT, OUT_HAVE, OUT_WANT, FUNCTION, WINDOW, CORE_CALLS, FAR_HOLES };
#define HOLE(n)     (0x7b0a0000u | (n))
#define FAR_HOLE(n) (0x7b0c0000u | (n))

#define TEMPLATE(name) extern const uint8_t bh_mpk_##name[], bh_mpk_##name##_end[]
TEMPLATE(full);  /* a gate */
TEMPLATE(light); /* a light gate: the callee runs on the caller's stack */
TEMPLATE(call);  /* what a compartment's calls of the core have in common */
TEMPLATE(down);  /* the core's way into a compartment */
#undef TEMPLATE
#define TEMPLATE_SIZE(name) ((uint32_t)(bh_mpk_##name##_end - bh_mpk_##name))

#endif
