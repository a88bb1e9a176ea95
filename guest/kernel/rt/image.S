/* The header of a compartment's image, struct bh_image of rpc/image.h: what the VMM and the core need to know of it.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * In assembly because its values are symbols that the linker script computes. */
#include "rpc/version.h"

    .section .bh_image, "a", @progbits
    .globl bh_image
    .type bh_image, @object
bh_image:
    .quad BH_IMAGE_MAGIC
    .long BH_ABI_VERSION
    .long BH_INDEX
    .quad bh_runtime_init
    .quad __bh_main /* bh_runtime_main, or 0 */
    .quad __bh_tls_start
    .quad __bh_tls_filesz
    .quad __bh_tls_memsz
    .quad __bh_tls_align
    .quad bh_exports
    .quad __bh_n_exports
    .weak bh_handles_caller_died /* 0 where nothing has handles */
    .quad bh_handles_caller_died
    .size bh_image, . - bh_image
    .section .note.GNU-stack, "", @progbits
