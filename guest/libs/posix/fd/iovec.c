/* The bytes of an iovec: how many there are, and copies from and to a place among them.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <limits.h>
#include <string.h>

#include "../px.h"

/* Copies at most `size` bytes at `data` to (or from) the bytes of iov[n] that begin at byte `skip`. */
static size_t copy_iovec(const struct iovec *iov, int n, size_t skip, char *data, size_t size, bool to_iovec)
{
    size_t done = 0;
    for (int i = 0; i < n && done < size; i++) {
        size_t part = iov[i].iov_len, offset = skip < part ? skip : part;
        skip -= offset;
        part = part - offset < size - done ? part - offset : size - done;
        char *here = (char *)iov[i].iov_base + offset;
        memcpy(to_iovec ? here : data + done, to_iovec ? data + done : here, part);
        done += part;
    }
    return done;
}

size_t px_iov_scatter(const struct iovec *iov, int n, size_t from, const char *data, size_t size)
{
    return copy_iovec(iov, n, from, (char *)(uintptr_t)data, size, true);
}

size_t px_iov_gather(const struct iovec *iov, int n, size_t from, char *data, size_t size)
{
    return copy_iovec(iov, n, from, data, size, false);
}

size_t px_iov_size(const struct iovec *iov, int n)
{
    size_t size = 0;
    if (n < 0 || n > IOV_MAX)
        return SIZE_MAX;
    for (int i = 0; i < n; i++) {
        if (iov[i].iov_len > PTRDIFF_MAX - size)
            return SIZE_MAX;
        size += iov[i].iov_len;
    }
    return size;
}
