/* Receives, maps and reads ELF cores.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/crash/coredump_file.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rpc/map.h"
#include "vmm/base/clock.h"
#include "vmm/vm/coredump.h"
#include "vmm/base/boot_trace.h"

/* A thread: its note's header, with the name, and its registers. */
#define NOTE_HEAD  (sizeof(Elf64_Nhdr) + 8)
#define NOTE_BYTES (NOTE_HEAD + sizeof(struct elf_prstatus))

static bool read_all(int fd, void *to, size_t size, uint64_t end)
{
    uint8_t *at = to;
    while (size) {
        ssize_t n = read(fd, at, size);
        if (n > 0) {
            at += n;
            size -= (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            return false;
        }
        if (size && clock_ns() >= end)
            return false;
    }
    return true;
}

bool coredump_receive(int socket, int file, uint64_t patience_ns)
{
    static uint8_t buffer[DUMP_PIECE_MAX];
    uint64_t taken = 0, end = clock_ns() + patience_ns;
    struct dump_piece piece;
    bool any = false;
    while (clock_ns() < end && read_all(socket, &piece, sizeof(piece), end)) {
        if (piece.offset > COREDUMP_SIZE_MAX || piece.size > DUMP_PIECE_MAX)
            return false;
        if (!piece.size)
            return any && ftruncate(file, (off_t)piece.offset) == 0;
        if (!read_all(socket, buffer, piece.size, end))
            return any;
        taken += piece.size;
        if (taken <= COREDUMP_DATA_MAX && pwrite(file, buffer, piece.size, (off_t)piece.offset) == (ssize_t)piece.size)
            any = true; /* what is too much, or finds no room, is taken and forgotten */
    }
    return any;
}

static const Elf64_Phdr *header(const struct coredump_file *c, uint32_t n)
{
    return (const Elf64_Phdr *)(c->bytes + sizeof(Elf64_Ehdr)) + n;
}

static bool notes_good(const struct coredump_file *c, uint32_t *n)
{
    const Elf64_Phdr *p = header(c, 0);
    uint64_t notes = p->p_filesz / NOTE_BYTES;
    *n = (uint32_t)notes;
    return p->p_type == PT_NOTE && p->p_filesz % NOTE_BYTES == 0 && p->p_offset <= c->size &&
           p->p_filesz <= c->size - p->p_offset && notes && notes <= BH_THREADS_MAX;
}

bool coredump_open(struct coredump_file *c, int file)
{
    struct stat st;
    *c = (struct coredump_file){0};
    if (fstat(file, &st) || (uint64_t)st.st_size < sizeof(Elf64_Ehdr))
        return false;
    void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (at == MAP_FAILED)
        return false;
    c->bytes = at;
    c->size = (size_t)st.st_size;
    const Elf64_Ehdr *e = at;
    bool good = memcmp(e->e_ident, ELFMAG, SELFMAG) == 0 && e->e_phoff == sizeof(*e) && e->e_phnum > 0 &&
                sizeof(*e) + (uint64_t)e->e_phnum * sizeof(Elf64_Phdr) <= c->size;
    c->n_loads = good ? e->e_phnum - 1u : 0;
    good = good && notes_good(c, &c->n_threads);
    if (!good)
        coredump_close(c);
    return good;
}

void coredump_close(struct coredump_file *c)
{
    if (c->bytes)
        munmap((void *)c->bytes, c->size);
    *c = (struct coredump_file){0};
}

bool coredump_read(const struct coredump_file *c, uint64_t va, void *to, size_t size)
{
    uint8_t *out = to;
    while (size) {
        const Elf64_Phdr *p = NULL;
        for (uint32_t i = 1; i <= c->n_loads; i++) {
            p = header(c, i);
            if (p->p_type == PT_LOAD && va >= p->p_vaddr && va - p->p_vaddr < p->p_filesz)
                break;
            p = NULL;
        }
        if (!p)
            return false;
        uint64_t inside = va - p->p_vaddr, left = p->p_filesz - inside, n = left < size ? left : size;
        if (p->p_offset > c->size || inside + n > c->size - p->p_offset)
            return false;
        memcpy(out, c->bytes + p->p_offset + inside, n);
        out += n;
        va += n;
        size -= n;
    }
    return true;
}

bool coredump_nth(const struct coredump_file *c, uint32_t n, struct coredump_thread *t)
{
    struct elf_prstatus status;
    if (n >= c->n_threads)
        return false;
    memcpy(&status, c->bytes + header(c, 0)->p_offset + n * NOTE_BYTES + NOTE_HEAD, sizeof(status));
    t->id = (uint32_t)status.pr_pid - 1;
    memcpy(t->registers, status.pr_reg, sizeof(t->registers));
    return true;
}
