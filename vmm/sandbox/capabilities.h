/* Gives up the rights of root.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_SANDBOX_CAPABILITIES_H
#define BH_VMM_SANDBOX_CAPABILITIES_H

#include <stdbool.h>

/* Empties every set of capabilities of the calling thread for good; an ordinary user's are empty anyway. The thread is
 * still its user's, and may open what root owns. False: errno says why. */
bool sandbox_drop_capabilities(void);

#endif
