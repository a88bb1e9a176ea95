/* Linker script of the core: the same place in every VM, one segment per permission. Goes through the preprocessor.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/map.h"

OUTPUT_FORMAT(elf64-x86-64)
OUTPUT_ARCH(i386:x86-64)
ENTRY(bh_core_header)

PHDRS
{
    rodata PT_LOAD FLAGS(4); /* struct bh_core_image first */
    text PT_LOAD FLAGS(5);
    data PT_LOAD FLAGS(6);
    stack PT_GNU_STACK FLAGS(6);
}

SECTIONS
{
    . = BH_CORE_IMAGE_VA;
    .rodata : {
        KEEP(*(.bh_core))
        *(.rodata .rodata.* .data.rel.ro .data.rel.ro.* .got .got.plt)
    } :rodata
    . = ALIGN(BH_PAGE_SIZE);
    .text : { *(.text .text.*) } :text =0xcccccccc
    . = ALIGN(BH_PAGE_SIZE);
    .data : { *(.data .data.*) } :data
    .bss : { *(.bss .bss.* COMMON) } :data
    .debug_info 0 : { *(.debug_info) } :NONE
    .debug_abbrev 0 : { *(.debug_abbrev) }
    .debug_aranges 0 : { *(.debug_aranges) }
    .debug_line 0 : { *(.debug_line .debug_line.*) }
    .debug_line_str 0 : { *(.debug_line_str) }
    .debug_str 0 : { *(.debug_str) }
    .debug_loclists 0 : { *(.debug_loclists) }
    .debug_rnglists 0 : { *(.debug_rnglists) }
    .debug_frame 0 : { *(.debug_frame) }
    /DISCARD/ : { *(.comment .note.* .eh_frame .eh_frame_hdr .gnu.* .tdata .tbss) }
}

ASSERT(SIZEOF(.data) + SIZEOF(.bss) <= 0x4000000, "the core's data is implausibly large")
