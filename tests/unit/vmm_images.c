/* Builds ELF images in memory.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm_images.h"

#include <stdio.h>
#include <string.h>

#define PAGE_BYTES 0x1000u

static void make_segments(struct image_file *f, uint64_t va)
{
    static const uint32_t flags[SEGMENTS] = {PF_R, PF_R | PF_X, PF_R | PF_W};
    static const uint32_t starts[SEGMENTS + 1] = {0, IMAGE_TEXT, IMAGE_DATA, IMAGE_BSS};
    memset(f, 0, sizeof(*f));
    memcpy(f->eh.e_ident, ELFMAG, SELFMAG);
    f->eh.e_ident[EI_CLASS] = ELFCLASS64;
    f->eh.e_ident[EI_DATA] = ELFDATA2LSB;
    f->eh.e_ident[EI_VERSION] = EV_CURRENT;
    f->eh.e_type = ET_EXEC;
    f->eh.e_machine = EM_X86_64;
    f->eh.e_version = EV_CURRENT;
    f->eh.e_phoff = offsetof(struct image_file, ph);
    f->eh.e_ehsize = sizeof(f->eh);
    f->eh.e_phentsize = sizeof(f->ph[0]);
    f->eh.e_phnum = SEGMENTS;
    for (uint32_t i = 0; i < SEGMENTS; i++) {
        f->ph[i] = (Elf64_Phdr){.p_type = PT_LOAD,
                                .p_flags = flags[i],
                                .p_offset = PAGE_BYTES + starts[i],
                                .p_vaddr = va + starts[i],
                                .p_filesz = starts[i + 1] - starts[i],
                                .p_memsz = starts[i + 1] - starts[i],
                                .p_align = PAGE_BYTES};
    }
    f->ph[SEGMENT_DATA].p_memsz += PAGE_BYTES; /* .bss */
}

struct bh_image *compartment_header(struct image_file *f)
{
    return (struct bh_image *)(f->bytes + PAGE_BYTES);
}

void make_compartment(struct image_file *f, uint32_t index)
{
    uint64_t va = BH_COMPARTMENT_BASE(index) + BH_IMAGE_OFF;
    make_segments(f, va);
    *compartment_header(f) = (struct bh_image){
        .magic = BH_IMAGE_MAGIC, .version = BH_ABI_VERSION, .compartment = index, .init = va + IMAGE_TEXT};
    f->bytes[PAGE_BYTES + IMAGE_TEXT] = 0xc3;
    f->bytes[PAGE_BYTES + IMAGE_DATA] = 0x5a;
}

void make_core(struct image_file *f, const void *code, size_t bytes, size_t start, uint64_t mode)
{
    make_segments(f, BH_CORE_IMAGE_VA);
    struct bh_core_image *h = (struct bh_core_image *)(f->bytes + PAGE_BYTES);
    *h = (struct bh_core_image){.magic = BH_CORE_MAGIC,
                                .version = BH_ABI_VERSION,
                                .n_calls = 2,
                                .start = BH_CORE_IMAGE_VA + IMAGE_TEXT + start,
                                .calls = BH_CORE_IMAGE_VA + sizeof(*h)};
    uint64_t calls[2] = {0x1111, 0x2222};
    memcpy(h + 1, calls, sizeof(calls));
    size_t room = IMAGE_DATA - IMAGE_TEXT;
    memcpy(f->bytes + PAGE_BYTES + IMAGE_TEXT, code, bytes < room ? bytes : room);
    memcpy(f->bytes + PAGE_BYTES + IMAGE_DATA, &mode, sizeof(mode));
}

int write_image(const struct image_file *f, const char *path)
{
    FILE *out = fopen(path, "wbe");
    if (!out)
        return 0;
    size_t n = fwrite(f->bytes, 1, sizeof(f->bytes), out);
    return fclose(out) == 0 && n == sizeof(f->bytes);
}
