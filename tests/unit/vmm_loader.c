/* Hosted tests of the ELF loader: a good image, and one bad one per rule.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "vmm/image/loader.h"
#include "vmm/kvm/memory.h"
#include "vmm_images.h"

#define INDEX 3u
#define BASE  BH_COMPARTMENT_BASE(INDEX)

static char path[] = "/tmp/bulkhead-image-XXXXXX";
static struct image_file f;
static struct image image;
static struct problem p;
static size_t file_bytes = sizeof(f);

static void good_one(void)
{
    make_compartment(&f, INDEX);
    file_bytes = sizeof(f);
}

static bool opens(void)
{
    p = (struct problem){0};
    bool good = write_image(&f, path) && truncate(path, (off_t)file_bytes) == 0 &&
                image_open_compartment(&image, path, INDEX, &p);
    if (image.fd >= 0)
        close(image.fd);
    return good;
}

/* Refused with one line that names the file and contains `what`; then starts over with a good
 * image. */
static bool refused(const char *what)
{
    bool good = !opens() && p.status == EXIT_USAGE && strstr(p.text, path) && strstr(p.text, what);
    if (!good)
        printf("# wanted \"%s\", got \"%s\"\n", what, p.text);
    good_one();
    return good;
}

static void good_image(void)
{
    good_one();
    CHECK(opens());
    CHECK(image.n_segments == 3 && image.segments[1].perms == (PERM_R | PERM_X));
    CHECK(image_covers(&image, BASE + BH_IMAGE_OFF + IMAGE_TEXT, 16, PERM_X));
    CHECK(!image_covers(&image, BASE + BH_IMAGE_OFF + IMAGE_TEXT, 16, PERM_W));
    CHECK(!image_covers(&image, BASE + BH_IMAGE_OFF + IMAGE_DATA - 8, 16, PERM_R));
    CHECK(!image_covers(&image, ~0ull - 8, 16, PERM_R) && !image_shared(&image));
}

static void not_an_image(void)
{
    f.bytes[0] = 'x';
    CHECK(refused("not a statically linked x86-64 ELF file"));
    f.eh.e_machine = EM_386;
    CHECK(refused("ELF file"));
    f.eh.e_type = ET_DYN;
    CHECK(refused("ELF file"));
    file_bytes = 20;
    CHECK(refused("ELF file"));
    f.eh.e_phentsize = 32;
    CHECK(refused("program headers"));
    f.eh.e_phnum = 0;
    CHECK(refused("program headers"));
    f.eh.e_phnum = 0xffff;
    CHECK(refused("program headers"));
    f.eh.e_phoff = ~0ull - 10;
    CHECK(refused("program headers"));
    f.ph[0].p_type = PT_INTERP;
    CHECK(refused("dynamically linked"));
}

static void bad_segments(void)
{
    Elf64_Phdr *data = &f.ph[SEGMENT_DATA], *text = &f.ph[SEGMENT_TEXT];
    text->p_flags |= PF_W;
    CHECK(refused("both writable and executable"));
    data->p_flags = PF_W;
    CHECK(refused("not readable"));
    data->p_filesz = data->p_memsz + 1;
    CHECK(refused("beyond the file"));
    data->p_offset = ~0ull - 0xfff;
    CHECK(refused("beyond the file"));
    data->p_memsz = data->p_filesz = ~0ull;
    CHECK(refused("beyond the file"));
    file_bytes = sizeof(f) - 1;
    CHECK(refused("beyond the file"));
    data->p_offset -= 8;
    CHECK(refused("aligned"));
    data->p_vaddr = BH_COMPARTMENT_BASE(INDEX + 1) + BH_IMAGE_OFF;
    CHECK(refused("outside the compartment's addresses"));
    data->p_vaddr = BASE;
    CHECK(refused("outside the compartment's addresses"));
    data->p_vaddr = BH_KERNEL_BASE;
    CHECK(refused("outside the compartment's addresses"));
    data->p_memsz = ~0ull;
    CHECK(refused("outside the compartment's addresses"));
    data->p_memsz = BH_SHARED_OFF;
    CHECK(refused("outside the compartment's addresses"));
    data->p_vaddr = text->p_vaddr;
    CHECK(refused("overlap"));
    text->p_memsz = 0x20000;
    CHECK(refused("overlap"));
}

static void shared_statics(void)
{
    Elf64_Phdr *data = &f.ph[SEGMENT_DATA];
    data->p_vaddr = BASE + BH_SHARED_OFF;
    CHECK(opens() && image_shared(&image) && image_shared(&image)->size == 0x2000);
    data->p_flags = PF_R;
    CHECK(refused("shared statics"));
    data->p_vaddr = BASE + BH_SHARED_OFF + 0x1000;
    CHECK(refused("shared statics"));
    data->p_vaddr = BASE + BH_SHARED_OFF;
    data->p_memsz = BH_STACKS_OFF - BH_SHARED_OFF + 1;
    CHECK(refused("outside the compartment's addresses"));
}

static void bad_headers(void)
{
    struct bh_image *h = compartment_header(&f);
    f.ph[SEGMENT_RO].p_vaddr += 0x100000;
    CHECK(refused("out of order"));
    f.ph[SEGMENT_RO].p_flags |= PF_W;
    CHECK(refused("not at the start"));
    f.ph[SEGMENT_RO].p_filesz = 8;
    CHECK(refused("not at the start"));
    h->magic++;
    CHECK(refused("not an image of this version"));
    h->version++;
    CHECK(refused("not an image of this version"));
    h->compartment++;
    CHECK(refused("linked for another compartment"));
    h->init = BASE + BH_IMAGE_OFF;
    CHECK(refused("entry points"));
    h->main = 1;
    CHECK(refused("entry points"));
    h->tls_memsz = BH_TLS_SLOT + 1;
    CHECK(refused("thread-local"));
    h->tls_filesz = 8;
    CHECK(refused("thread-local"));
    h->tls_memsz = h->tls_filesz = 64;
    h->tls_start = ~0ull - 8;
    CHECK(refused("thread-local"));
    h->tls_align = 48;
    CHECK(refused("thread-local"));
    h->n_exports = BH_FUNCTIONS_MAX + 1;
    CHECK(refused("table of exports"));
    h->n_exports = 1;
    h->exports = ~0ull - 8;
    CHECK(refused("table of exports"));
    h->n_exports = ~0ull / 32 + 2;
    CHECK(refused("table of exports"));
    CHECK(opens());
}

static void bad_cores(void)
{
    static const unsigned char code[4];
    make_core(&f, code, sizeof(code), 0, 0);
    CHECK(write_image(&f, path) && image_open_core(&image, path, &p));
    close(image.fd);
    struct bh_core_image *h = (struct bh_core_image *)(f.bytes + 0x1000);
    h->n_calls = BH_CORE_CALLS_MAX + 1;
    CHECK(write_image(&f, path) && !image_open_core(&image, path, &p) && strstr(p.text, "damaged"));
    close(image.fd);
    h->n_calls = 1;
    h->start = BH_CORE_IMAGE_VA;
    CHECK(write_image(&f, path) && !image_open_core(&image, path, &p) && strstr(p.text, "damaged"));
    close(image.fd);
    CHECK(!image_open_core(&image, "/nonexistent", &p) && !strcmp(p.text, "/nonexistent: No such file or directory"));
}

/* Whatever bytes change in the headers, nothing bad happens: for the sanitizers. */
static void flipped_bits(void)
{
    srand(1);
    for (int n = 0; n < 20000; n++) {
        good_one();
        for (int k = rand() % 3; k >= 0; k--) {
            size_t span = rand() % 2 ? sizeof(f.eh) + sizeof(f.ph) : sizeof(struct bh_image);
            size_t start = span == sizeof(struct bh_image) ? 0x1000 : 0;
            f.bytes[start + (size_t)rand() % span] ^= (unsigned char)(1 << rand() % 8);
        }
        if (opens())
            CHECK(image.n_segments && image.n_segments <= 3);
    }
}

static void load_reads_everything(void)
{
    uint64_t n;
    struct guest_memory m = {0};
    good_one();
    CHECK(write_image(&f, path) && image_open_compartment(&image, path, INDEX, &p));
    CHECK(image_plan(&image, &m, &p) && memory_map(&m, &p) && image_load(&image, &m, &p));
    unsigned char *data = memory_at(&m, guest_va(BASE + BH_IMAGE_OFF + IMAGE_DATA), 0x2000, PERM_W, &n);
    CHECK(data && n == 0x2000 && data[0] == 0x5a && !data[1] && !data[0x1fff]);
    unsigned char *text = memory_at(&m, guest_va(BASE + BH_IMAGE_OFF + IMAGE_TEXT), 1, PERM_X | PERM_U, &n);
    CHECK(text && *text == 0xc3);
    close(image.fd);
    memory_release(&m);
}

int main(void)
{
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    close(fd);
    RUN(good_image);
    RUN(not_an_image);
    RUN(bad_segments);
    RUN(shared_statics);
    RUN(bad_headers);
    RUN(bad_cores);
    RUN(load_reads_everything);
    RUN(flipped_bits);
    unlink(path);
    return CHECK_RESULT();
}
