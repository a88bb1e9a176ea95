/* Describes a placed appliance as bytes. Apart from description.h, because the supervisor needs no parser of manifests.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_APPLIANCE_DESCRIPTION_SAVE_H
#define BH_VMM_APPLIANCE_DESCRIPTION_SAVE_H

#include "vmm/appliance/description.h"

/* Fills the head for `a`, which was parsed from `a->blob` and placed. pid[] stays zero. */
void description_head(const struct appliance *a, const char *core, struct description *s);

#endif
