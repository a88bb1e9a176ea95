/* Hosted tests of reading cores: whole ones, and what a VM's process that was taken over may send instead.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <elf.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "rpc/map.h"
#include "vmm/vm/coredump.h"
#include "vmm/crash/coredump_file.h"

#define SECOND 1000000000ull
enum { THREADS = 3, LOADS = 2, BYTES = 4096 };

/* A core as core_dump.c lays it out. */
struct image {
    Elf64_Ehdr elf;
    Elf64_Phdr programs[1 + LOADS];
    struct {
        Elf64_Nhdr head;
        char name[8];
        struct elf_prstatus status;
    } __attribute__((packed, aligned(4))) notes[THREADS];
    uint8_t memory[LOADS][BYTES];
};

static struct image image;

static void make(void)
{
    memset(&image, 0, sizeof(image));
    memcpy(image.elf.e_ident, ELFMAG, SELFMAG);
    image.elf.e_phoff = sizeof(image.elf);
    image.elf.e_phnum = 1 + LOADS;
    image.programs[0] =
        (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = offsetof(struct image, notes), .p_filesz = sizeof(image.notes)};
    for (unsigned i = 0; i < LOADS; i++) {
        image.programs[1 + i] = (Elf64_Phdr){.p_type = PT_LOAD,
                                             .p_vaddr = 0x10000 + i * BYTES,
                                             .p_offset = offsetof(struct image, memory) + i * BYTES,
                                             .p_filesz = BYTES};
        memset(image.memory[i], 'a' + (int)i, BYTES);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        struct elf_prstatus status = {.pr_pid = (pid_t)(10 + i)};
        status.pr_reg[16] = 0x1000 + i;
        memcpy(&image.notes[i].status, &status, sizeof(status));
    }
}

static int file_of(const void *bytes, size_t size)
{
    int fd = memfd_create("core", 0);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
        abort();
    return fd;
}

static bool open_bytes(struct coredump_file *c, const void *bytes, size_t size)
{
    int fd = file_of(bytes, size);
    bool good = coredump_open(c, fd);
    close(fd);
    return good;
}

static void whole(void)
{
    struct coredump_file c;
    struct coredump_thread t;
    char got[8] = "";
    make();
    CHECK(open_bytes(&c, &image, sizeof(image)));
    for (uint32_t i = 0; i < THREADS; i++)
        CHECK(coredump_nth(&c, i, &t) && t.id == 9 + i && t.registers[16] == 0x1000 + i);
    CHECK(!coredump_nth(&c, THREADS, &t) && !coredump_nth(&c, UINT32_MAX, &t));
    CHECK(coredump_read(&c, 0x10000 + BYTES - 4, got, 8) && !memcmp(got, "aaaabbbb", 8)); /* from one into the next */
    CHECK(!coredump_read(&c, 0x10000 + 2 * BYTES - 4, got, 8));
    CHECK(!coredump_read(&c, 0xffff, got, 1) && !coredump_read(&c, UINT64_MAX - 3, got, 8));
    coredump_close(&c);
    CHECK(!coredump_nth(&c, 0, &t) && !coredump_read(&c, 0x10000, got, 1));
}

/* Whatever a core says, what is asked of it stays inside. */
static void use(const struct coredump_file *c)
{
    static uint8_t to[3 * BYTES];
    struct coredump_thread t;
    const uint64_t places[] = {0,          0xffff,         0x10000,    0x10000 + BYTES,         0x10000 + 2 * BYTES - 1,
                               UINT64_MAX, UINT64_MAX - 7, 1ull << 63, UINT64_MAX - sizeof(to), UINT32_MAX};
    for (uint32_t i = 0; i < BH_THREADS_MAX + 2; i++)
        coredump_nth(c, i, &t);
    coredump_nth(c, UINT32_MAX, &t);
    for (unsigned i = 0; i < sizeof(places) / sizeof(*places); i++) {
        coredump_read(c, places[i], to, 1);
        coredump_read(c, places[i], to, sizeof(to));
    }
}

static void truncated(void)
{
    struct coredump_file c;
    make();
    for (size_t size = 0; size < sizeof(image); size += size < 2048 ? 1 : 97) {
        if (open_bytes(&c, &image, size)) {
            CHECK(size >= offsetof(struct image, memory)); /* at least its notes are there */
            use(&c);
            coredump_close(&c);
        }
    }
}

static void forged(void)
{
    const uint64_t values[] = {0,
                               1,
                               7,
                               0x7fffffff,
                               0x80000000,
                               UINT32_MAX,
                               1ull << 63,
                               UINT64_MAX,
                               UINT64_MAX - 4095,
                               sizeof(image),
                               sizeof(image) - 1,
                               sizeof(image) + 1};
    struct coredump_file c;
    for (size_t at = 0; at < sizeof(image.elf) + sizeof(image.programs); at += 2) {
        for (unsigned i = 0; i < sizeof(values) / sizeof(*values); i++) {
            for (size_t width = 2; width <= 8; width *= 2) {
                make();
                memcpy((uint8_t *)&image + at, &values[i], width);
                if (open_bytes(&c, &image, sizeof(image))) {
                    use(&c);
                    coredump_close(&c);
                }
            }
        }
    }
}

/* Bytes at random, mostly where they matter. */
static void random_bytes(void)
{
    struct coredump_file c;
    unsigned opened = 0;
    srand(1);
    for (unsigned n = 0; n < 20000; n++) {
        size_t size = n % 3 ? sizeof(image) : (size_t)rand() % sizeof(image);
        make();
        for (int changes = 1 + rand() % 4; changes; changes--) {
            size_t most = rand() % 4 ? sizeof(image.elf) + sizeof(image.programs) : sizeof(image);
            ((uint8_t *)&image)[(size_t)rand() % most] = (uint8_t)rand();
        }
        if (open_bytes(&c, &image, size)) {
            opened++;
            use(&c);
            coredump_close(&c);
        }
    }
    CHECK(opened > 100); /* else it tests nothing */
}

/* ---- Over the socket ---- */

struct sender {
    int fd;
    bool pieces; /* whole pieces without end; else one that never becomes whole */
    pthread_t thread;
};

static void *flood(void *arg)
{
    const struct sender *s = arg;
    static uint8_t bytes[64];
    struct dump_piece piece = {.offset = 0, .size = s->pieces ? 32 : DUMP_PIECE_MAX};
    do {
        if (send(s->fd, &piece, sizeof(piece), MSG_NOSIGNAL) < 0)
            return NULL;
        for (size_t sent = 0; sent < piece.size; sent += s->pieces ? piece.size : 1) {
            if (send(s->fd, bytes, s->pieces ? piece.size : 1, MSG_NOSIGNAL) < 0)
                return NULL;
            usleep(s->pieces ? 0 : 1000);
        }
    } while (s->pieces);
    return NULL;
}

/* Its patience ends, whatever still comes. */
static void endless(void)
{
    for (int pieces = 0; pieces < 2; pieces++) {
        int ends[2], file = memfd_create("core", 0);
        CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
        struct sender s = {.fd = ends[1], .pieces = pieces};
        CHECK(pthread_create(&s.thread, NULL, flood, &s) == 0);
        coredump_receive(ends[0], file, SECOND / 5);
        close(ends[0]);
        pthread_join(s.thread, NULL);
        close(ends[1]);
        close(file);
    }
}

/* Sends pieces, without bytes behind those that are wrong. */
static bool receives(const struct dump_piece *pieces, unsigned n, off_t *length)
{
    static const uint8_t bytes[16] = "0123456789abcdef";
    int ends[2], file = memfd_create("core", 0);
    struct stat st;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
        abort();
    for (unsigned i = 0; i < n; i++) {
        ssize_t sent = send(ends[1], &pieces[i], sizeof(pieces[i]), MSG_NOSIGNAL);
        sent += pieces[i].size <= sizeof(bytes) ? send(ends[1], bytes, pieces[i].size, MSG_NOSIGNAL) : 0;
        if (sent < 0)
            abort();
    }
    close(ends[1]);
    bool good = coredump_receive(ends[0], file, 20 * SECOND);
    fstat(file, &st);
    *length = st.st_size;
    close(ends[0]);
    close(file);
    return good;
}

static void pieces(void)
{
    off_t length;
    const struct dump_piece good[] = {{0, 16}, {100, 16}, {4096, 0}}, open_end[] = {{8, 16}}, nothing[] = {{64, 0}};
    const struct dump_piece far_away[] = {{COREDUMP_SIZE_MAX + 1, 16}}, large[] = {{0, DUMP_PIECE_MAX + 1}};
    const struct dump_piece far_end[] = {{0, 16}, {UINT64_MAX, 0}};
    CHECK(receives(good, 3, &length) && length == 4096);
    CHECK(receives(open_end, 1, &length) && length == 24);
    CHECK(!receives(nothing, 1, &length) && !receives(NULL, 0, &length));
    CHECK(!receives(far_away, 1, &length) && length == 0);
    CHECK(!receives(large, 1, &length) && length == 0);
    CHECK(!receives(far_end, 2, &length) && length == 16);
}

int main(void)
{
    RUN(whole);
    RUN(truncated);
    RUN(forged);
    RUN(random_bytes);
    RUN(endless);
    RUN(pieces);
    return CHECK_RESULT();
}
