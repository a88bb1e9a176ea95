/* Turns an appliance with its placement into bytes.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/appliance/description_save.h"

#include <stdio.h>

#include "rpc/version.h"

void description_head(const struct appliance *a, const char *core, struct description *s)
{
    *s = (struct description){.magic = DESCRIPTION_MAGIC,
                              .version = DESCRIPTION_VERSION,
                              .abi = BH_ABI_VERSION,
                              .manifest_size = a->blob_size};
    for (uint32_t i = 0; i < a->n_compartments; i++) {
        s->vm[i] = (uint8_t)a->compartments[i].vm;
        s->mechanism[i] = (uint8_t)a->compartments[i].mechanism;
        s->share[i] = a->compartments[i].share == BH_NO_SHARE ? 0xff : (uint8_t)a->compartments[i].share;
    }
    snprintf(s->manifest, sizeof(s->manifest), "%s", a->manifest);
    snprintf(s->core, sizeof(s->core), "%s", core);
}
