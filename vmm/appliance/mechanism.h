/* The names of the isolation mechanisms, as the TOML file and the manifest have them.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_APPLIANCE_MECHANISM_H
#define BH_VMM_APPLIANCE_MECHANISM_H

#include "vmm/appliance/appliance.h"

const char *mechanism_name(enum mechanism mechanism); /* "vm", "mpk", "none" */

/* False: there is no mechanism of this name. */
bool mechanism_find(const char *name, enum mechanism *mechanism);

#endif
