/* The version of the contract between VMM and guest, for C and assembly alike.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Any change of layout or meaning in this folder raises BH_ABI_VERSION: the VMM refuses an image, and the core boot
 * information, of another version. All integers are little endian. */
#ifndef BH_RPC_VERSION_H
#define BH_RPC_VERSION_H

#define BH_ABI_VERSION 7
#define BH_IMAGE_MAGIC 0x676d49646b6c4842 /* "BHkldImg" */
#define BH_CORE_MAGIC  0x65726f43646b6c42 /* "BlkdCore" */
#define BH_BOOT_MAGIC  0x6f666e49746f6f42 /* "BootInfo" */

#endif
