/* Small ELF images for tests of the VMM: a core whose code is the label guest_start of vmm_guest.c, and
 * compartments that hold nothing.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_TESTS_VMM_IMAGES_H
#define BH_TESTS_VMM_IMAGES_H

#include <elf.h>
#include <stddef.h>

#include "rpc/image.h"

#define IMAGE_TEXT   0x1000u /* offsets from the start of the image */
#define IMAGE_DATA   0x5000u
#define IMAGE_BSS    0x6000u
#define IMAGE_BYTES  0x7000u /* of the file: the image follows a page of headers */
#define SEGMENT_RO   0u      /* numbers in image_file.ph */
#define SEGMENT_TEXT 1u
#define SEGMENT_DATA 2u
#define SEGMENTS     3u

/* A whole file: headers in its first page, then the three segments. */
struct image_file {
    union {
        struct {
            Elf64_Ehdr eh;
            Elf64_Phdr ph[SEGMENTS];
        };
        unsigned char bytes[IMAGE_BYTES];
    };
};

/* An image of compartment `index`: init is one `ret`, its data page begins with the byte 0x5a. */
void make_compartment(struct image_file *f, uint32_t index);
struct bh_image *compartment_header(struct image_file *f);

/* A core that starts at `code` + `start`; `mode` is left at the start of its data page. */
void make_core(struct image_file *f, const void *code, size_t bytes, size_t start, uint64_t mode);

/* Writes it to a new file; false: could not. */
int write_image(const struct image_file *f, const char *path);

#endif
