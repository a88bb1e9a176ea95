/* The C library's <stdlib.h>, and what it leaves out.
 * SPDX-License-Identifier: BSD-3-Clause */
#include_next <stdlib.h>
#ifndef BH_STDLIB_H
#define BH_STDLIB_H

int clearenv(void);

#endif
