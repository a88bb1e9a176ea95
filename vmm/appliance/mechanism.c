/* Turns isolation mechanisms into names and names into mechanisms.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/appliance/mechanism.h"

#include <string.h>

static const char *const names[] = {[MECH_VM] = "vm", [MECH_MPK] = "mpk", [MECH_NONE] = "none"};

const char *mechanism_name(enum mechanism mechanism)
{
    return names[mechanism];
}

bool mechanism_find(const char *name, enum mechanism *mechanism)
{
    for (unsigned m = MECH_VM; m <= MECH_NONE; m++) {
        if (strcmp(name, names[m]) == 0) {
            *mechanism = (enum mechanism)m;
            return true;
        }
    }
    return false;
}
