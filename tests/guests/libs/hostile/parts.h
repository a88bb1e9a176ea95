/* What the files of the hostile client need of each other.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef HOSTILE_PARTS_H
#define HOSTILE_PARTS_H

#include "hostile.h"

int take_of_files(int what);
void give_back_files(void);
void wait_for_lock(void *unused); /* of /shared, for ever */

#endif
