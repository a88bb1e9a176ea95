/* Memory: allocation, mappings.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "same_as_native.h"

static int is_zero(const char *at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (at[i])
            return 0;
    return 1;
}

static void show_blocks(void)
{
    volatile size_t huge = SIZE_MAX - 100, half = SIZE_MAX / 2 + 2;
    char *p = malloc(0);
    SHOW(p != NULL);
    free(p);
    free(NULL);
    SHOW(malloc(huge) == NULL);
    show("errno of malloc", "%s", error_name(last_error));
    SHOW(calloc(half, 2) == NULL);
    show("errno of calloc", "%s", error_name(last_error));
    p = malloc(100);
    memset(p, 'x', 100);
    free(p);
    p = calloc(10, 10);
    SHOW(is_zero(p, 100));
    memcpy(p, "kept", 5);
    p = realloc(p, 100000);
    SHOW_TEXT(p);
    SHOW(realloc(p, huge) == NULL);
    show("errno of realloc", "%s", error_name(last_error));
    show("kept after it failed", "%s", p);
    p = realloc(p, 3);
    show("shrunk", "%.3s", p);
    free(p);
    p = realloc(NULL, 10);
    SHOW(p != NULL);
    SHOW(malloc_usable_size(p) >= 10);
    SHOW(malloc_usable_size(NULL));
    free(p);
    SHOW(reallocarray(NULL, half, 2) == NULL);
    show("errno of reallocarray", "%s", error_name(last_error));
    static const size_t sizes[] = {1, 24, 100, 5000, 200000};
    int wrong = 0;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        p = malloc(sizes[i]);
        wrong += (uintptr_t)p % 16 != 0;
        free(p);
    }
    show("not aligned to 16", "%d", wrong);
}

static void show_alignment(void)
{
    void *p = NULL;
    SHOW_ERROR(posix_memalign(&p, 4096, 100));
    SHOW((uintptr_t)p % 4096);
    free(p);
    SHOW_ERROR(posix_memalign(&p, 3, 100));
    SHOW_ERROR(posix_memalign(&p, 4, 100));
    SHOW_ERROR(posix_memalign(&p, 64, SIZE_MAX - 100));
    p = aligned_alloc(256, 512);
    SHOW((uintptr_t)p % 256);
    free(p);
    p = memalign(64, 10);
    SHOW((uintptr_t)p % 64);
    p = realloc(p, 1000);
    SHOW(p != NULL);
    free(p);
}

static void show_mappings(void)
{
    char *p = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SHOW(p != MAP_FAILED);
    SHOW((uintptr_t)p % 4096);
    SHOW(is_zero(p, 10000));
    memset(p, 'x', 10000);
    SHOW(madvise(p, 8192, MADV_WILLNEED));
    SHOW(munmap(p, 10000));
    SHOW(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    show("no bytes", "%s", error_name(last_error));
    SHOW(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 99, 0) == MAP_FAILED);
    show("no descriptor", "%s", error_name(last_error));
    SHOW(mmap(NULL, 4096, PROT_READ, MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    show("neither private nor shared", "%s", error_name(last_error));
    put_file("f", "a file's text");
    int fd = open("f", O_RDWR), reader = open("f", O_RDONLY), writer = open("f", O_WRONLY), ends[2];
    p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    SHOW_TEXT(p);
    SHOW(is_zero(p + 13, 4096 - 13));
    memcpy(p, "A FILE", 6);
    show("the file below", "%s", text_of("f"));
    SHOW(close(fd));
    show("closed below", "%s", p);
    SHOW(munmap(p, 4096));
    SHOW(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, reader, 100) == MAP_FAILED);
    show("offset in a page", "%s", error_name(last_error));
    SHOW(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, writer, 0) == MAP_FAILED);
    show("not readable", "%s", error_name(last_error));
    pipe(ends);
    SHOW(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, ends[0], 0) == MAP_FAILED);
    show("of a pipe", "%s", error_name(last_error));
    p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, reader, 0);
    SHOW(p != MAP_FAILED);
    SHOW(p == MAP_FAILED || munmap(p, 4096) == 0);
    SHOW(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0) == MAP_FAILED);
    show("shared and not writable", "%s", error_name(last_error));
    close(ends[0]);
    close(ends[1]);
    close(reader);
    close(writer);
    unlink("f");
}

static void show_protection(void)
{
    char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SHOW(mprotect(p, 4096, PROT_READ));
    SHOW(mprotect(p, 4096, PROT_READ | PROT_WRITE));
    SHOW(mprotect(p + 1, 4096, PROT_READ));
    SHOW(mprotect(p, 4096, 0x5550));
    SHOW(msync(p, 4096, MS_SYNC));
    SHOW(msync(p, 4096, MS_SYNC | MS_ASYNC));
    SHOW(munmap(p + 1, 4096));
    SHOW(munmap(p, 0));
    SHOW(munmap(p, 8192));
    SHOW(mlock(&p, sizeof(p)) == 0 || errno == ENOMEM || errno == EPERM);
}

void show_memory(void)
{
    show_blocks();
    show_alignment();
    show_mappings();
    show_protection();
}
