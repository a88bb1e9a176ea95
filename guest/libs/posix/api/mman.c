/* Memory mappings: anonymous memory, and private copies of files.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bh/bulkhead.h>

#include "../px.h"

/* Anonymous memory that is to be read only is all zeros, for good, and lies where nothing can be written. */
enum { ZEROS = 4 * BH_PAGE_SIZE };
static const char zeros[ZEROS] __attribute__((aligned(BH_PAGE_SIZE)));

static void *refuse_mapping(int error)
{
    errno = error;
    return MAP_FAILED;
}

/* Why a file cannot be mapped; 0: it can. */
static int why_not_mapped(int fd, int protection, int kind)
{
    struct stat st;
    int mode = fcntl(fd, F_GETFL);
    if (mode < 0 || fstat(fd, &st) != 0)
        return EBADF;
    mode &= O_ACCMODE;
    bool writes = kind == MAP_SHARED && protection & PROT_WRITE;
    if (mode == O_WRONLY || (writes && mode != O_RDWR))
        return EACCES;
    if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
        return ENODEV;
    return writes ? ENODEV : 0; /* a mapping is a copy */
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    (void)address;
    bool anonymous = flags & MAP_ANONYMOUS;
    if (!size || size > SIZE_MAX - BH_PAGE_SIZE || offset < 0 || offset % (off_t)BH_PAGE_SIZE)
        return refuse_mapping(EINVAL);
    if (flags & MAP_FIXED || protection & PROT_EXEC)
        return refuse_mapping(ENOTSUP); /* only the VMM maps pages, and no page is both writable and executable */
    int kind = flags & (MAP_PRIVATE | MAP_SHARED);
    if (kind != MAP_PRIVATE && kind != MAP_SHARED)
        return refuse_mapping(EINVAL);
    int error = anonymous ? 0 : why_not_mapped(fd, protection, kind);
    if (error)
        return refuse_mapping(error);
    if (anonymous && protection == PROT_READ)
        return size <= ZEROS ? (void *)zeros : refuse_mapping(ENOTSUP);
    size = (size + BH_PAGE_SIZE - 1) & ~(size_t)(BH_PAGE_SIZE - 1);
    char *memory = aligned_alloc(BH_PAGE_SIZE, size);
    if (!memory)
        return refuse_mapping(ENOMEM);
    ssize_t got = anonymous ? 0 : pread(fd, memory, size, offset);
    if (got < 0) {
        free(memory);
        return MAP_FAILED;
    }
    if ((size_t)got < size)
        memset(memory + got, 0, size - (size_t)got);
    return memory;
}

/* Only whole mappings can be removed: `address` is a result of mmap(). */
int munmap(void *address, size_t size)
{
    if (!size || (uintptr_t)address % BH_PAGE_SIZE)
        return (int)px_result(-EINVAL);
    if (address != zeros)
        free(address);
    return 0;
}

int mprotect(void *address, size_t size, int protection)
{
    (void)size;
    if ((uintptr_t)address % BH_PAGE_SIZE || protection & ~(PROT_READ | PROT_WRITE | PROT_EXEC))
        return (int)px_result(-EINVAL);
    if (address == zeros)
        return (int)px_result(protection == PROT_READ ? 0 : -ENOTSUP);
    return (int)px_result(protection == (PROT_READ | PROT_WRITE) ? 0 : -ENOTSUP);
}

int msync(void *address, size_t size, int flags)
{
    (void)size;
    bool both = flags & MS_SYNC && flags & MS_ASYNC;
    return (int)px_result((uintptr_t)address % BH_PAGE_SIZE || both ? -EINVAL : 0);
}

int madvise(void *address, size_t size, int advice)
{
    (void)address, (void)size;
    return (int)px_result(advice == MADV_DONTNEED ? -ENOTSUP : 0); /* it would have to read as zeros after */
}

int posix_madvise(void *address, size_t size, int advice)
{
    (void)address, (void)size, (void)advice;
    return 0;
}

int mlock(const void *address, size_t size)
{
    (void)address, (void)size;
    return 0; /* nothing is ever paged out */
}

int munlock(const void *address, size_t size)
{
    (void)address, (void)size;
    return 0;
}
