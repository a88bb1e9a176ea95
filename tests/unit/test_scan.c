/* The scanner for instructions that write PKRU: planted at every alignment and across borders of pages and segments.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit/check.h"
#include "vmm/mpk/scan.h"

static const uint8_t wrpkru[] = {0x0f, 0x01, 0xef};
static const uint8_t xrstor[] = {0x0f, 0xae, 0x2f}; /* xrstor (%rdi) */

static uint8_t text[3 * PAGE];
static const char *what;

static size_t planted(size_t at, const uint8_t *bytes)
{
    memset(text, 0x90, sizeof(text));
    memcpy(text + at, bytes, 3);
    return scan_bytes(text, sizeof(text), 0, &what);
}

static void every_alignment_and_page_border(void)
{
    for (size_t at = 0; at + 3 <= sizeof(text); at = at == 64          ? PAGE - 64
                                                     : at == PAGE + 64 ? sizeof(text) - 67
                                                                       : at + 1) {
        CHECK(planted(at, wrpkru) == at && strcmp(what, "WRPKRU") == 0);
        CHECK(planted(at, xrstor) == at && strcmp(what, "XRSTOR") == 0);
    }
}

static void inside_an_immediate(void)
{
    static const uint8_t mov[] = {0x90, 0x48, 0xb8, 0x11, 0x0f, 0x01, 0xef, 0x22, 0x33, 0x44, 0x55}; /* movabs */
    static const uint8_t displacement[] = {0x8b, 0x80, 0x0f, 0x01, 0xef, 0x00}; /* mov disp(%rax) */
    CHECK(scan_bytes(mov, sizeof(mov), 0, &what) == 4 && what);
    CHECK(scan_bytes(displacement, sizeof(displacement), 0, &what) == 2 && what);
    CHECK(scan_bytes(mov, sizeof(mov), 5, &what) == sizeof(mov) && !what);
}

static void forms_of_xrstor(void)
{
    for (unsigned modrm = 0; modrm < 256; modrm++) {
        const uint8_t bytes[] = {0x48, 0x0f, 0xae, (uint8_t)modrm, 0, 0, 0, 0, 0};
        bool memory = modrm >> 6 != 3, five = (modrm >> 3 & 7) == 5; /* with a register it is LFENCE */
        CHECK((scan_bytes(bytes, sizeof(bytes), 0, &what) == 1) == (memory && five));
    }
}

static void harmless_code(void)
{
    /* RDPKRU, WRFSBASE, LDMXCSR, LFENCE, MFENCE, XSAVE, XGETBV */
    static const uint8_t code[] = {0x0f, 0x01, 0xee, 0xf3, 0x48, 0x0f, 0xae, 0xd0, 0x0f, 0xae, 0x14, 0x24,
                                   0x0f, 0xae, 0xe8, 0x0f, 0xae, 0xf0, 0x0f, 0xae, 0x27, 0x0f, 0x01, 0xd0};
    CHECK(scan_bytes(code, sizeof(code), 0, &what) == sizeof(code) && !what);
    CHECK(scan_bytes(wrpkru, 2, 0, &what) == 2 && scan_bytes(wrpkru, 0, 0, &what) == 0);
}

/* An image of segments of a page each, made from `text`: executable as the letters say (x or -). */
static struct image image_of(const char *kinds)
{
    struct image i = {.path = "planted", .fd = memfd_create("planted", MFD_CLOEXEC)};
    CHECK(i.fd >= 0 && write(i.fd, text, sizeof(text)) == (ssize_t)sizeof(text));
    for (; kinds[i.n_segments]; i.n_segments++) {
        uint64_t at = i.n_segments * PAGE;
        i.segments[i.n_segments] = (struct segment){.va = 0x110000100000 + at,
                                                    .size = PAGE,
                                                    .offset = at,
                                                    .filesz = PAGE,
                                                    .perms = PERM_R | (kinds[i.n_segments] == 'x' ? PERM_X : 0)};
    }
    return i;
}

static uint64_t found_in(const char *kinds, size_t at, const uint8_t *bytes)
{
    struct problem p;
    uint64_t va = 0;
    planted(at, bytes);
    struct image i = image_of(kinds);
    CHECK(scan_image(&i, &va, &what, &p));
    close(i.fd);
    return what ? va - 0x110000100000 : UINT64_MAX;
}

static void images(void)
{
    CHECK(found_in("-x-", PAGE, wrpkru) == PAGE);
    CHECK(found_in("-x-", 2 * PAGE - 3, xrstor) == 2 * PAGE - 3);
    CHECK(found_in("-x-", 2 * PAGE - 2, wrpkru) == UINT64_MAX); /* its end is not executable */
    CHECK(found_in("-x-", 100, wrpkru) == UINT64_MAX);
    CHECK(found_in("-xx", 2 * PAGE - 2, wrpkru) == 2 * PAGE - 2); /* across two executable segments */
    CHECK(found_in("-xx", 2 * PAGE - 1, xrstor) == 2 * PAGE - 1);
    CHECK(found_in("x-x", 2 * PAGE, wrpkru) == 2 * PAGE);
    struct image gap = image_of("xx");
    struct problem p;
    uint64_t va;
    planted(PAGE - 1, wrpkru);
    CHECK(pwrite(gap.fd, text, sizeof(text), 0) == (ssize_t)sizeof(text));
    gap.segments[1].va += PAGE; /* they no longer touch */
    CHECK(scan_image(&gap, &va, &what, &p) && !what);
    gap.segments[1].offset = 64 * PAGE;
    CHECK(!scan_image(&gap, &va, &what, &p) && p.status == EXIT_USAGE);
    close(gap.fd);
}

int main(void)
{
    RUN(every_alignment_and_page_border);
    RUN(inside_an_immediate);
    RUN(forms_of_xrstor);
    RUN(harmless_code);
    RUN(images);
    return CHECK_RESULT();
}
