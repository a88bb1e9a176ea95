/* Loads images side by side into this process, as a VM would, and uses their thread-local variables
 * through one thread pointer: tls_host IMAGE...; exit status 0 if each sees its own, in its slot.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <asm/prctl.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rpc/image.h"
#include "rpc/map.h"
#include "rpc/version.h"

#define IMAGES_MAX 8

/* What tests/compose/tls_image.c puts into its image, behind struct bh_image. */
struct test_image {
    struct bh_image header;
    long (*step)(long);      /* adds to each thread-local variable, returns their sum */
    uint64_t (*place)(void); /* address of the first one */
    const void *gates;
};

static void fail(const char *what, const char *path)
{
    fprintf(stderr, "tls_host: %s: %s\n", path, what);
    exit(1);
}

static void load(const char *path)
{
    Elf64_Ehdr eh;
    Elf64_Phdr ph[16];
    int fd = open(path, O_RDONLY);

    if (fd < 0 || pread(fd, &eh, sizeof(eh), 0) != sizeof(eh) || eh.e_phnum > 16 ||
        pread(fd, ph, eh.e_phnum * sizeof(ph[0]), (off_t)eh.e_phoff) < 0)
        fail("cannot be read", path);
    for (int i = 0; i < eh.e_phnum; i++) {
        uint64_t start = ph[i].p_vaddr & ~(BH_PAGE_SIZE - 1);
        uint64_t end = ph[i].p_vaddr + ph[i].p_memsz;
        if (ph[i].p_type != PT_LOAD || ph[i].p_memsz == 0)
            continue;
        if (mmap((void *)start, end - start, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
                 -1, 0) != (void *)start ||
            pread(fd, (void *)ph[i].p_vaddr, ph[i].p_filesz, (off_t)ph[i].p_offset) != (ssize_t)ph[i].p_filesz ||
            mprotect((void *)start, end - start,
                     PROT_READ | (ph[i].p_flags & PF_W ? PROT_WRITE : 0) | (ph[i].p_flags & PF_X ? PROT_EXEC : 0)))
            fail("cannot be loaded", path);
    }
    close(fd);
}

static void init_tls(const struct bh_image *image)
{
    uint64_t size = (image->tls_memsz + image->tls_align - 1) & ~(image->tls_align - 1);
    char *segment = (char *)BH_TLS_TP(0) - image->compartment * BH_TLS_SLOT - size;

    memcpy(segment, (const void *)image->tls_start, image->tls_filesz);
}

static inline __attribute__((always_inline)) void set_thread_pointer(uint64_t address)
{
    long call = SYS_arch_prctl;

    __asm__ volatile("syscall" : "+a"(call) : "D"(ARCH_SET_FS), "S"(address) : "rcx", "r11", "memory");
}

/* No libc between the two: its own thread-local variables are out of reach. */
static long with_thread_pointer(const struct test_image *image, long n, uint64_t *place)
{
    uint64_t host, guest = BH_TLS_TP(0);
    long sum;

    __asm__ volatile("mov %%fs:0, %0" : "=r"(host));
    set_thread_pointer(guest);
    sum = image->step(n);
    *place = image->place();
    set_thread_pointer(host);
    return sum;
}

int main(int argc, char **argv)
{
    const struct test_image *images[IMAGES_MAX];
    uint64_t place;

    if (argc - 1 > IMAGES_MAX)
        return 1;
    if (mmap((void *)BH_TLS_VA, BH_TLS_STRIDE, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != (void *)BH_TLS_VA)
        fail("no memory", "thread block");
    *(uint64_t *)BH_TLS_TP(0) = BH_TLS_TP(0);
    for (int i = 0; i < argc - 1; i++) {
        uint64_t index = strtoull(strrchr(argv[i + 1], '-') + 1, NULL, 10); /* NAME-INDEX */
        load(argv[i + 1]);
        images[i] = (const void *)(BH_COMPARTMENT_BASE(index) + BH_IMAGE_OFF);
        if (images[i]->header.magic != BH_IMAGE_MAGIC || images[i]->header.compartment != index)
            fail("its header is not where it belongs", argv[i + 1]);
        if ((uint64_t)images[i]->gates != BH_COMPARTMENT_BASE(index) + BH_GATES_OFF)
            fail("its gate table is not where it belongs", argv[i + 1]);
        init_tls(&images[i]->header);
    }
    /* Each image twice, interleaved: 7 + 9 at first, n more in each of three variables a step. */
    for (long round = 1; round <= 2; round++) {
        for (int i = 0; i < argc - 1; i++) {
            long sum = with_thread_pointer(images[i], i + 1, &place);
            uint64_t slot = BH_TLS_SEGMENT(0, images[i]->header.compartment);
            if (sum != 16 + 3 * round * (i + 1))
                fail("wrong values", argv[i + 1]);
            if (place < slot || place >= slot + BH_TLS_SLOT)
                fail("its variables are outside of its slot", argv[i + 1]);
        }
    }
    return 0;
}
