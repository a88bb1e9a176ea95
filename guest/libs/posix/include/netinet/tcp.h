/* Options of IPPROTO_TCP. Values are Linux's.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_NETINET_TCP_H
#define BH_NETINET_TCP_H

#define TCP_NODELAY   1
#define TCP_MAXSEG    2
#define TCP_CORK      3
#define TCP_KEEPIDLE  4 /* seconds */
#define TCP_KEEPINTVL 5 /* seconds */
#define TCP_KEEPCNT   6
#define SOL_TCP       6

#endif
