/* Hosted tests of a VM's region table and page tables.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "vmm/kvm/paging.h"
#include "vmm/kvm/memory.h"

#define RW  (PERM_R | PERM_W | PERM_U)
#define RX  (PERM_R | PERM_X | PERM_U)
#define MIB (1ull << 20)

static struct guest_memory m;
static struct problem p;

static bool add(uint64_t va, uint64_t size, uint64_t stride, uint32_t count, uint32_t perms)
{
    struct region r = {.va = va, .size = size, .stride = stride, .count = count, .perms = perms};
    return memory_add(&m, &r, &p);
}

static void fresh(void)
{
    memory_release(&m);
}

static void malformed_regions_are_refused(void)
{
    fresh();
    CHECK(!add(1, PAGE, PAGE, 1, RW));
    CHECK(!add(PAGE, PAGE + 1, 2 * PAGE, 1, RW));
    CHECK(!add(PAGE, 0, PAGE, 1, RW));
    CHECK(!add(PAGE, PAGE, PAGE, 0, RW));
    CHECK(!add(PAGE, 2 * PAGE, PAGE, 2, RW));
    CHECK(!add(PAGE, PAGE, PAGE, 1, PERM_W));
    CHECK(!add(PAGE, PAGE, PAGE, 1, RW | PERM_X));
    CHECK(!add(0x800000000000, PAGE, PAGE, 1, RW));
    CHECK(!add(0x7ffffffff000, 2 * PAGE, 2 * PAGE, 1, RW));
    CHECK(!add(PAGE, PAGE, 0x400000000000, 3, RW));
    CHECK(!add(PAGE, -PAGE, -PAGE, 1, RW));
    CHECK(!add(PAGE, PAGE, -PAGE, 0xffffffff, RW));
    CHECK(add(0x7ffffffff000, PAGE, PAGE, 1, RW));
    CHECK(m.n == 1);
}

static void overlaps_are_refused(void)
{
    fresh();
    CHECK(add(0x10000, 4 * PAGE, 4 * PAGE, 1, RW));
    CHECK(!add(0x10000, PAGE, PAGE, 1, RX));
    CHECK(!add(0x13000, PAGE, PAGE, 1, RX));
    CHECK(!add(0xf000, 8 * PAGE, 8 * PAGE, 1, RX));
    CHECK(add(0xf000, PAGE, PAGE, 1, RX));
    CHECK(add(0x14000, PAGE, PAGE, 1, RX));
    /* Interleaved blocks of one stride, as thread-local storage is. */
    CHECK(add(0x100000, PAGE, 8 * PAGE, 10, RW));
    CHECK(add(0x101000, PAGE, 8 * PAGE, 10, RW));
    CHECK(add(0xff000, PAGE, 8 * PAGE, 10, RW));
    CHECK(!add(0x102000, 6 * PAGE, 8 * PAGE, 4, RW));
    CHECK(add(0x102000, 5 * PAGE, 8 * PAGE, 4, RW));
    CHECK(!add(0x108000, PAGE, 8 * PAGE, 1, RW));
}

static void conversion_keeps_to_blocks(void)
{
    uint64_t n;
    fresh();
    CHECK(add(0x10000, 2 * PAGE, 3 * PAGE, 3, RW));
    CHECK(add(0x30000, PAGE, PAGE, 1, RX));
    CHECK(add(0x40000, PAGE, PAGE, 1, PERM_R | PERM_W));
    CHECK(memory_map(&m, &p));
    CHECK(memory_at(&m, guest_va(0x10000), 8, RW, &n) && n == 8);
    CHECK(memory_at(&m, guest_va(0x11ff0), 4096, RW, &n) && n == 16);
    CHECK(!memory_at(&m, guest_va(0x12000), 1, RW, &n));
    CHECK(memory_at(&m, guest_va(0x13001), ~0ull, RW, &n) && n == 2 * PAGE - 1);
    CHECK(!memory_at(&m, guest_va(0x18000), 1, PERM_R, &n)); /* past the last block */
    CHECK(!memory_at(&m, guest_va(0x19000), 1, PERM_R, &n));
    CHECK(!memory_at(&m, guest_va(0), 1, PERM_R, &n));
    CHECK(!memory_at(&m, guest_va(~0ull), 1, PERM_R, &n));
    CHECK(!memory_at(&m, guest_va(0x30000), 1, RW, &n));              /* not writable */
    CHECK(!memory_at(&m, guest_va(0x40000), 1, PERM_R | PERM_U, &n)); /* not the guest's */
    char bytes[2 * PAGE] = "x";
    CHECK(memory_fill(&m, guest_va(0x10000), bytes, sizeof(bytes)));
    CHECK(!memory_fill(&m, guest_va(0x10001), bytes, sizeof(bytes)));
    CHECK(memory_read(&m, bytes, guest_va(0x13000), sizeof(bytes), RW) && !bytes[0]);
    CHECK(!memory_read(&m, bytes, guest_va(0x11000), sizeof(bytes), RW));
    CHECK(memory_read(&m, bytes, guest_va(~0ull - 3), 0, RW)); /* nothing: nowhere is fine */
}

static void tables_say_what_regions_say(void)
{
    fresh();
    CHECK(add(0x110040001000, 4 * PAGE, 5 * PAGE, 64, RW));
    CHECK(add(0x110000100000, 3 * PAGE, 3 * PAGE, 1, RX));
    CHECK(add(0x400000000000, PAGE, PAGE, 1, PERM_R | PERM_X));
    CHECK(add(0x400000001000, PAGE, PAGE, 1, PERM_R | PERM_W));
    CHECK(add(0x110100000000, 9 * MIB + PAGE, 9 * MIB + PAGE, 1, RW));
    CHECK(add(0x110200001000, 5 * MIB, 5 * MIB, 1, RW)); /* not aligned to 2 MiB */
    m.list[4].backing = BACK_HUGE;
    CHECK(memory_map(&m, &p) && paging_build(&m, &p));
    for (uint32_t i = 0; i < m.n; i++) {
        const struct region *r = &m.list[i];
        for (uint32_t b = 0; b < r->count; b++) {
            for (uint64_t at = 0; at < r->size; at += PAGE) {
                struct guest_va va = {r->va + b * r->stride + at + 8};
                CHECK(paging_walk(&m, va, r->perms) == r->gpa + b * r->size + at + 8);
                for (uint32_t bit = PERM_R; bit <= PERM_U; bit <<= 1)
                    CHECK((r->perms & bit) || paging_walk(&m, va, bit) == UINT64_MAX);
                CHECK(paging_walk(&m, va, PERM_W) == UINT64_MAX || paging_walk(&m, va, PERM_X) == UINT64_MAX);
            }
            CHECK(paging_walk(&m, guest_va(r->va + b * r->stride - 1), PERM_R) == UINT64_MAX || i == 3);
            CHECK(paging_walk(&m, guest_va(r->va + b * r->stride + r->size), PERM_R) == UINT64_MAX || i == 2);
        }
    }
    CHECK(paging_walk(&m, guest_va(0), PERM_R) == UINT64_MAX);
}

static void tables_are_out_of_reach(void)
{
    fresh();
    CHECK(add(0x10000, 16 * PAGE, 16 * PAGE, 1, RW) && memory_map(&m, &p) && paging_build(&m, &p));
    CHECK(m.tables_size);
    for (uint32_t i = 0; i < m.n; i++)
        CHECK(m.list[i].gpa >= m.tables_size);
}

static void large_memory_is_congruent(void)
{
    fresh();
    CHECK(add(0x1000, 7 * PAGE, 7 * PAGE, 1, RW) && add(0x110100000000, 8 * MIB, 8 * MIB, 1, RW));
    m.list[1].backing = BACK_HUGE;
    CHECK(memory_map(&m, &p));
    CHECK(m.list[1].gpa % HUGE_PAGE == 0);
    CHECK(((uintptr_t)m.host + m.list[1].gpa) % HUGE_PAGE == 0);
}

static void too_much_memory_is_refused(void)
{
    fresh();
    CHECK(add(0x100000000000, 1ull << 39, 1ull << 39, 1, RW));
    CHECK(!memory_map(&m, &p));
}

static void shared_memory_is_shared(void)
{
    uint64_t n;
    fresh();
    int fd = memfd_create("test", MFD_CLOEXEC);
    CHECK(fd >= 0 && ftruncate(fd, 3 * PAGE) == 0 && pwrite(fd, "hello", 5, PAGE) == 5);
    struct region r = {.va = 0x10000,
                       .size = PAGE,
                       .stride = PAGE,
                       .count = 1,
                       .perms = RW,
                       .backing = BACK_FD,
                       .fd = fd,
                       .offset = PAGE};
    CHECK(memory_add(&m, &r, &p) && memory_map(&m, &p));
    char *at = memory_at(&m, guest_va(0x10000), 5, RW, &n);
    CHECK(at && !memcmp(at, "hello", 5));
    at[0] = 'j';
    char back[5];
    CHECK(pread(fd, back, 5, PAGE) == 5 && back[0] == 'j');
    close(fd);
}

int main(void)
{
    RUN(malformed_regions_are_refused);
    RUN(overlaps_are_refused);
    RUN(conversion_keeps_to_blocks);
    RUN(tables_say_what_regions_say);
    RUN(tables_are_out_of_reach);
    RUN(large_memory_is_congruent);
    RUN(too_much_memory_is_refused);
    RUN(shared_memory_is_shared);
    fresh();
    return CHECK_RESULT();
}
