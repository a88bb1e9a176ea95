/* Loads ELF images (System V gABI, chapters 4 and 5; psABI AMD64).
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/image/loader.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADERS_MAX  32u
#define POPULATE_MAX 0x80000ull /* larger read-only segments become present page by page */

static bool read_exactly(int fd, void *to, uint64_t len, uint64_t offset)
{
    uint8_t *out = to;
    while (len) {
        ssize_t got = pread(fd, out, len, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        out += got;
        offset += (uint64_t)got;
        len -= (uint64_t)got;
    }
    return true;
}

static bool bad_image(const struct image *i, struct problem *p, const char *what)
{
    return problem_set(p, EXIT_USAGE, "%s: %s; build the appliance again", i->path, what);
}

/* The range an image may occupy. */
struct window {
    uint64_t start, end;    /* private part */
    uint64_t shared, limit; /* shared statics; 0, 0: none allowed */
};

static bool is_inside(uint64_t va, uint64_t size, uint64_t start, uint64_t end)
{
    return va >= start && va < end && size <= end - va;
}

static const char *check_segment(const Elf64_Phdr *ph, uint64_t file_size, const struct window *w, struct segment *s)
{
    if (!(ph->p_flags & PF_R) || (ph->p_flags & ~7u))
        return "a segment is not readable or has unknown flags";
    if ((ph->p_flags & PF_W) && (ph->p_flags & PF_X))
        return "a segment is both writable and executable";
    if (ph->p_filesz > ph->p_memsz || ph->p_offset > file_size || ph->p_filesz > file_size - ph->p_offset)
        return "a segment reaches beyond the file";
    uint64_t skew = ph->p_vaddr & (PAGE - 1);
    if (skew != (ph->p_offset & (PAGE - 1)))
        return "a segment is not aligned to pages";
    bool shared = w->limit && is_inside(ph->p_vaddr, ph->p_memsz, w->shared, w->limit);
    if (!shared && !is_inside(ph->p_vaddr, ph->p_memsz, w->start, w->end))
        return "a segment lies outside the compartment's addresses";
    if (shared && (ph->p_flags != (PF_R | PF_W) || ph->p_vaddr != w->shared))
        return "the shared statics are not one writable segment at their address";
    *s = (struct segment){
        .va = ph->p_vaddr - skew,
        .size = page_up(ph->p_memsz + skew),
        .offset = ph->p_offset - skew,
        .filesz = ph->p_filesz ? ph->p_filesz + skew : 0,
        .perms = PERM_R | (ph->p_flags & PF_W ? PERM_W : 0) | (ph->p_flags & PF_X ? PERM_X : 0),
        .shared = shared,
    };
    return NULL;
}

static bool read_segments(struct image *i, const struct window *w, struct problem *p)
{
    struct stat st;
    Elf64_Ehdr eh;
    Elf64_Phdr ph[HEADERS_MAX];
    if (fstat(i->fd, &st) || !S_ISREG(st.st_mode) || !read_exactly(i->fd, &eh, sizeof(eh), 0) ||
        memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0 || eh.e_ident[EI_CLASS] != ELFCLASS64 ||
        eh.e_ident[EI_DATA] != ELFDATA2LSB || eh.e_type != ET_EXEC || eh.e_machine != EM_X86_64)
        return bad_image(i, p, "not a statically linked x86-64 ELF file");
    if (eh.e_phentsize != sizeof(ph[0]) || !eh.e_phnum || eh.e_phnum > HEADERS_MAX ||
        !read_exactly(i->fd, ph, eh.e_phnum * sizeof(ph[0]), eh.e_phoff))
        return bad_image(i, p, "its program headers are damaged");
    for (uint32_t n = 0; n < eh.e_phnum; n++) {
        if (ph[n].p_type == PT_INTERP || ph[n].p_type == PT_DYNAMIC)
            return bad_image(i, p, "it is dynamically linked");
        if (ph[n].p_type != PT_LOAD || !ph[n].p_memsz)
            continue;
        if (i->n_segments == SEGMENTS_MAX)
            return bad_image(i, p, "it has too many segments");
        struct segment *s = &i->segments[i->n_segments];
        const char *what = check_segment(&ph[n], (uint64_t)st.st_size, w, s);
        if (what)
            return bad_image(i, p, what);
        if (i->n_segments && s->va < s[-1].va + s[-1].size)
            return bad_image(i, p, "its segments overlap or are out of order");
        i->n_segments++;
    }
    return true;
}

/* Opens, reads the segments, and the `len` bytes that have to be the first of the image. */
static bool open_image(struct image *i, const char *path, const struct window *w, void *header, uint64_t len,
                       struct problem *p)
{
    *i = (struct image){.path = path};
    i->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (i->fd < 0)
        return problem_set(p, EXIT_USAGE, "%s: %s", path, strerror(errno));
    if (!read_segments(i, w, p))
        return false;
    const struct segment *first = &i->segments[0];
    if (!i->n_segments || first->va != w->start || first->filesz < len || (first->perms & PERM_W) ||
        !read_exactly(i->fd, header, len, first->offset))
        return bad_image(i, p, "its header is not at the start of the image");
    return true;
}

bool image_covers(const struct image *i, uint64_t va, uint64_t bytes, uint32_t perms)
{
    for (uint32_t n = 0; n < i->n_segments; n++) {
        const struct segment *s = &i->segments[n];
        if ((s->perms & perms) == perms && is_inside(va, bytes, s->va, s->va + s->size))
            return true;
    }
    return false;
}

bool image_open_compartment(struct image *i, const char *path, uint32_t index, struct problem *p)
{
    uint64_t base = BH_COMPARTMENT_BASE(index);
    struct window w = {base + BH_IMAGE_OFF, base + BH_SHARED_OFF, base + BH_SHARED_OFF, base + BH_STACKS_OFF};
    struct bh_image h = {0};
    if (!open_image(i, path, &w, &h, sizeof(h), p))
        return false;
    if (h.magic != BH_IMAGE_MAGIC || h.version != BH_ABI_VERSION)
        return bad_image(i, p, "not an image of this version of Bulkhead");
    if (h.compartment != index)
        return bad_image(i, p, "it was linked for another compartment");
    if (!image_covers(i, h.init, 1, PERM_X) || (h.main && !image_covers(i, h.main, 1, PERM_X)) ||
        (h.caller_died && !image_covers(i, h.caller_died, 1, PERM_X)))
        return bad_image(i, p, "its entry points are not code");
    if (h.tls_memsz > BH_TLS_SLOT || h.tls_filesz > h.tls_memsz || h.tls_align > BH_PAGE_SIZE ||
        (h.tls_align & (h.tls_align - 1)) || (h.tls_filesz && !image_covers(i, h.tls_start, h.tls_filesz, PERM_R)))
        return bad_image(i, p, "its thread-local storage is damaged");
    if (h.n_exports > BH_FUNCTIONS_MAX ||
        (h.n_exports && !image_covers(i, h.exports, h.n_exports * sizeof(struct bh_export), PERM_R)))
        return bad_image(i, p, "its table of exports is damaged");
    i->header.compartment = h;
    return true;
}

/* Where a debugger finds threads; constant once it has been read from the file. */
static bool read_debug(struct image *i, uint64_t va)
{
    struct bh_core_debug *d = &i->debug;
    const struct segment *s = i->segments;
    while (s < i->segments + i->n_segments && !is_inside(va, sizeof(*d), s->va, s->va + s->filesz))
        s++;
    return s < i->segments + i->n_segments && read_exactly(i->fd, d, sizeof(*d), s->offset + (va - s->va)) &&
           d->stride && d->stride <= PAGE && image_covers(i, d->current, sizeof(uint64_t), PERM_R) &&
           image_covers(i, d->threads, (uint64_t)d->stride * BH_THREADS_MAX, PERM_R) && d->sp < d->stride &&
           d->compartment < d->stride && d->state < d->stride && d->has_deadline < d->stride &&
           d->wait_channel < d->stride;
}

bool image_open_core(struct image *i, const char *path, struct problem *p)
{
    struct window w = {BH_CORE_IMAGE_VA, BH_TLS_VA, 0, 0};
    struct bh_core_image h = {0};
    if (!open_image(i, path, &w, &h, sizeof(h), p))
        return false;
    if (h.magic != BH_CORE_MAGIC || h.version != BH_ABI_VERSION)
        return bad_image(i, p, "not a core of this version of Bulkhead");
    if (!image_covers(i, h.start, 1, PERM_X) || h.n_calls > BH_CORE_CALLS_MAX ||
        !image_covers(i, h.calls, h.n_calls * 8ull, PERM_R) ||
        (h.keyed_calls && !image_covers(i, h.keyed_calls, h.n_calls * 8ull, PERM_R)))
        return bad_image(i, p, "its header is damaged");
    i->header.core = h;
    return !h.debug || read_debug(i, h.debug) || bad_image(i, p, "its description of threads is damaged");
}

const struct segment *image_shared(const struct image *i)
{
    for (uint32_t n = 0; n < i->n_segments; n++)
        if (i->segments[n].shared)
            return &i->segments[n];
    return NULL;
}

/* A read-only segment that the file holds whole is a view of the page cache. */
static bool is_view(const struct segment *s)
{
    return !(s->perms & PERM_W) && page_up(s->filesz) == s->size;
}

bool image_plan(const struct image *i, struct guest_memory *m, struct problem *p)
{
    for (uint32_t n = 0; n < i->n_segments; n++) {
        const struct segment *s = &i->segments[n];
        if (s->shared)
            continue;
        struct region r = {
            .va = s->va,
            .size = s->size,
            .stride = s->size,
            .count = 1,
            .perms = s->perms | PERM_U,
            .backing = is_view(s) ? BACK_FILE : BACK_ZERO,
            .fd = i->fd,
            .offset = is_view(s) ? s->offset : 0,
            .populate = is_view(s) && s->size <= POPULATE_MAX,
        };
        if (!memory_add(m, &r, p))
            return false;
    }
    return true;
}

bool image_read(const struct image *i, const struct segment *s, void *to, struct problem *p)
{
    return read_exactly(i->fd, to, s->filesz, s->offset) || bad_image(i, p, "it is cut short");
}

bool image_load(const struct image *i, struct guest_memory *m, struct problem *p)
{
    for (uint32_t n = 0; n < i->n_segments; n++) {
        const struct segment *s = &i->segments[n];
        if (s->shared || is_view(s) || !s->filesz)
            continue;
        uint64_t avail;
        void *to = memory_at(m, guest_va(s->va), s->size, PERM_R, &avail);
        if (!to || avail != s->size)
            return bad_image(i, p, "a segment is not mapped");
        if (!image_read(i, s, to, p))
            return false;
    }
    return true;
}
