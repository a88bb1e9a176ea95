/* Linker script of a compartment's image: its window's addresses, one segment per permission. Goes through the
 * preprocessor when the guest is built.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Needs --defsym=BH_INDEX=<compartment's index>. No RELRO, no dynamic section: every address is known here, so whatever
 * is not a variable lies in the read-only segment. */
#include "rpc/map.h"

OUTPUT_FORMAT(elf64-x86-64)
OUTPUT_ARCH(i386:x86-64)
ENTRY(bh_image)
EXTERN(bh_image) /* guest/kernel/rt/image.S */

BH_BASE = BH_COMPARTMENT_BASE(BH_INDEX);
bh_gates = BH_BASE + BH_GATES_OFF; /* written by the VMM, no content here */

PHDRS
{
    rodata PT_LOAD FLAGS(4); /* bh_image first */
    text PT_LOAD FLAGS(5);
    data PT_LOAD FLAGS(6);
    shared PT_LOAD FLAGS(6); /* bh_shared statics; absent when there are none */
    tls PT_TLS FLAGS(4);
    stack PT_GNU_STACK FLAGS(6);
}

SECTIONS
{
    . = BH_BASE + BH_IMAGE_OFF;
    .rodata : {
        KEEP(*(.bh_image))
        . = ALIGN(32); /* as the compiler aligns such arrays: no gap that would count as an entry */
        __bh_exports = .; /* bh_exports[], generated; its length is a field of bh_image */
        KEEP(*(.rodata.bh_exports .data.rel.ro.bh_exports .data.rel.ro.local.bh_exports))
        __bh_n_exports = ABSOLUTE((. - __bh_exports) / 32); /* sizeof(struct bh_export) */
        *(.rodata .rodata.* .gnu.linkonce.r.*)
        *(.data.rel.ro .data.rel.ro.*)
        *(.got .got.plt)
        . = ALIGN(8);
        __bh_init_array_start = .;
        KEEP(*(SORT_BY_INIT_PRIORITY(.init_array.*)))
        KEEP(*(.init_array))
        __bh_init_array_end = .;
        __fini_array_start = .; /* picolibc's exit() goes through these from the end */
        KEEP(*(SORT_BY_INIT_PRIORITY(.fini_array.*)))
        KEEP(*(.fini_array))
        KEEP(*(.fini_array_onexit)) /* atexit(): first of all */
        __fini_array_end = .;
    } :rodata

    /* The TLS template. Each compartment's TLS block ends BH_INDEX * BH_TLS_SLOT below the thread
     * pointer, so that the blocks of all compartments lie side by side: the padding that puts it
     * there belongs to the segment for the linker's offsets only, nobody allocates it. */
    .tdata : {
        __bh_tls_start = .;
        *(.tdata .tdata.* .gnu.linkonce.td.*)
    } :rodata :tls
    .tbss : {
        *(.tbss .tbss.* .gnu.linkonce.tb.*)
        *(.tcommon)
        . = ALIGN(64);
        . += BH_INDEX * BH_TLS_SLOT;
    } :rodata :tls
    __bh_tls_align = MAX(ALIGNOF(.tdata), ALIGNOF(.tbss));
    __bh_tls_filesz = SIZEOF(.tdata);
    __bh_tls_memsz = ADDR(.tbss) + SIZEOF(.tbss) - BH_INDEX * BH_TLS_SLOT - ADDR(.tdata);

    . = ALIGN(BH_PAGE_SIZE);
    .text : {
        *(.text.unlikely .text.unlikely.* .text.startup .text.startup.* .text.hot .text.hot.*)
        *(.text .text.* .gnu.linkonce.t.*)
    } :text =0xcccccccc

    . = ALIGN(BH_PAGE_SIZE);
    .data : {
        *(.data .data.* .gnu.linkonce.d.*)
    } :data
    .bss : {
        *(.bss .bss.* .gnu.linkonce.b.* COMMON)
    } :data
    __bh_image_end = .;

    .bh_shared (BH_BASE + BH_SHARED_OFF) : {
        *(.bh_shared .bh_shared.*)
        . = ALIGN(64);
    } :shared

    /* Debugging information is kept, for the VMM's reports. */
    .debug_info 0 : { *(.debug_info .gnu.linkonce.wi.*) } :NONE
    .debug_abbrev 0 : { *(.debug_abbrev) }
    .debug_aranges 0 : { *(.debug_aranges) }
    .debug_line 0 : { *(.debug_line .debug_line.*) }
    .debug_line_str 0 : { *(.debug_line_str) }
    .debug_str 0 : { *(.debug_str) }
    .debug_loc 0 : { *(.debug_loc) }
    .debug_loclists 0 : { *(.debug_loclists) }
    .debug_ranges 0 : { *(.debug_ranges) }
    .debug_rnglists 0 : { *(.debug_rnglists) }
    .debug_frame 0 : { *(.debug_frame) }
    .debug_macro 0 : { *(.debug_macro) }
    /DISCARD/ : { *(.comment .note.* .eh_frame .eh_frame_hdr .gnu.*) }
}

/* The application's compartment alone has a main(). */
__bh_main = DEFINED(main) ? bh_runtime_main : 0;

ASSERT(BH_INDEX < BH_COMPARTMENTS_MAX, "BH_INDEX: a compartment's index is 0 to 63")
ASSERT(__bh_tls_align <= 64, "thread-local variables have an alignment of more than 64 bytes")
ASSERT(__bh_tls_memsz <= BH_TLS_SLOT, "thread-local variables take more than 4096 bytes")
ASSERT(__bh_image_end <= BH_BASE + BH_IMAGE_OFF + BH_IMAGE_MAX, "code and static data take more than 511 MiB")
ASSERT(SIZEOF(.bh_shared) <= BH_SHARED_MAX, "bh_shared statics take more than 512 MiB")
