/* The ABI's version and an image's magic number, for C and assembly alike: plain numbers.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_ABI_VERSION_H
#define BH_ABI_VERSION_H

#define BH_ABI_VERSION 5                  /* rpc/abi.h says when to raise it */
#define BH_IMAGE_MAGIC 0x676d49646b6c4842 /* "BHkldImg" */

#endif
