/* Error numbers: Linux's, as FUSE messages carry them, and the C library's.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "host.h"

/* Up to 34 the two are the same. Numbers on the left: include/uapi/asm-generic/errno.h of Linux. */
int host_error(int linux_error)
{
    switch (linux_error) {
    case 35:
        return -EDEADLK;
    case 36:
        return -ENAMETOOLONG;
    case 37:
        return -ENOLCK;
    case 38:
        return -ENOSYS;
    case 39:
        return -ENOTEMPTY;
    case 40:
        return -ELOOP;
    case 75:
        return -EOVERFLOW;
    case 84:
        return -EILSEQ;
    case 95:
        return -EOPNOTSUPP;
    case 110:
        return -ETIMEDOUT;
    case 116:
        return -ESTALE;
    case 122:
        return -EDQUOT;
    case 125:
        return -ECANCELED;
    default:
        return linux_error > 0 && linux_error <= 34 ? -linux_error : -EIO;
    }
}
