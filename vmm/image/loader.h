/* Reads and checks the ELF images of compartments and of the core.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * An image is untrusted input: every field is checked before it is used. Only statically linked ELF64 files for x86-64
 * are accepted whose loadable segments lie in the range that they were linked for. */
#ifndef BH_VMM_IMAGE_LOADER_H
#define BH_VMM_IMAGE_LOADER_H

#include "rpc/image.h"
#include "vmm/kvm/regions.h"

#define SEGMENTS_MAX 8u

struct segment {
    uint64_t va;     /* page of its first byte */
    uint64_t size;   /* whole pages */
    uint64_t offset; /* in the file, of `va` */
    uint64_t filesz; /* bytes from `va` that come from the file; what follows is zero */
    uint32_t perms;  /* PERM_R|W|X */
    bool shared;     /* bh_shared statics, which are not in the VM's private memory */
};

struct image {
    const char *path; /* not owned */
    int fd;           /* owned; -1: none */
    struct segment segments[SEGMENTS_MAX];
    uint32_t n_segments;
    union {
        struct bh_image compartment;
        struct bh_core_image core;
    } header;
    struct bh_core_debug debug; /* the core's; zero: none */
};

/* Open and check the image of compartment `index`, or the core's. False: `p` names the file and what is wrong with
 * it. */
bool image_open_compartment(struct image *i, const char *path, uint32_t index, struct problem *p);
bool image_open_core(struct image *i, const char *path, struct problem *p);

/* The bh_shared statics, or NULL. */
const struct segment *image_shared(const struct image *i);

/* Whether [va, va + bytes) lies in one segment that has all of `perms`. */
bool image_covers(const struct image *i, uint64_t va, uint64_t bytes, uint32_t perms);

/* Plans all segments but the shared one. */
bool image_plan(const struct image *i, struct guest_memory *m, struct problem *p);

/* Reads the contents of the segments that are not views of the file, once they are mapped. */
bool image_load(const struct image *i, struct guest_memory *m, struct problem *p);

/* Reads a segment's bytes from the file to `to`. */
bool image_read(const struct image *i, const struct segment *s, void *to, struct problem *p);

#endif
