/* Another name of <poll.h>.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_SYS_POLL_H
#define BH_SYS_POLL_H

#include <poll.h>

#endif
