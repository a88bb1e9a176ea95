/* ioctl requests that exist here.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_SYS_IOCTL_H
#define BH_SYS_IOCTL_H

#define FIONREAD   0x541b /* int *: bytes that can be read now */
#define FIONBIO    0x5421 /* int *: O_NONBLOCK on or off */
#define FIOCLEX    0x5451
#define FIONCLEX   0x5450
#define FIOASYNC   0x5452 /* fails */
#define TIOCGWINSZ 0x5413 /* fails: there is no terminal */

struct winsize {
    unsigned short ws_row, ws_col, ws_xpixel, ws_ypixel;
};

int ioctl(int fd, unsigned long request, ...);

#endif
