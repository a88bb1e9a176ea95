/* There are no passwords to check, hence no crypt(); for programs that include this whether they use it or not.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_CRYPT_H
#define BH_CRYPT_H
#endif
