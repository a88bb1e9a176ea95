/* What <termios.h> offers here: there is no terminal, only its size can be asked for (ioctl, which fails).
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_SYS_TERMIOS_H
#define BH_SYS_TERMIOS_H

#include <sys/ioctl.h>

#endif
