/* Buffers between standard input, zlib and standard output, and messages in gzip's own form.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bh/bulkhead.h>

#include "gzip.h"

int complain(const char *format, ...)
{
    va_list args;

    fputs("gzip: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return GZIP_ERROR;
}

int complain_zlib(int status)
{
    if (status == Z_MEM_ERROR)
        return complain("memory exhausted");
    return complain("zlib: %s", zError(status));
}

bool streams_open(struct streams *s)
{
    unsigned char *both = bh_malloc_shared(2 * BUFFER_SIZE);

    memset(s, 0, sizeof(*s));
    /* EINVAL: no share. Then zlib is in this compartment, or the buffers are copied across. */
    if (both == NULL && errno == EINVAL) {
        s->in = malloc(BUFFER_SIZE);
        s->out = malloc(BUFFER_SIZE);
    } else if (both != NULL) {
        s->shared = true;
        s->in = both;
        s->out = both + BUFFER_SIZE;
    }
    s->in_end = s->in;
    if (s->in != NULL && s->out != NULL)
        return true;
    complain("memory exhausted");
    return false;
}

void streams_close(struct streams *s)
{
    if (s->shared) {
        bh_free_shared(s->in);
    } else {
        free(s->in);
        free(s->out);
    }
}

bool streams_fill(struct streams *s, z_stream *z, size_t least)
{
    /* Not z->avail_in, which zlib's compartment sent: the gate checks pointers, not numbers. */
    size_t left = (size_t)(s->in_end - z->next_in);

    if (left < least && !s->in_ended) {
        memmove(s->in, z->next_in, left);
        z->next_in = s->in;
    }
    while (left < least && !s->in_ended) {
        ssize_t n = read(STDIN_FILENO, s->in + left, BUFFER_SIZE - left);
        if (n < 0) {
            complain("stdin: %s", strerror(errno));
            return false;
        }
        s->in_ended = n == 0;
        left += (size_t)n;
        s->in_end = s->in + left;
    }
    z->avail_in = (uInt)left;
    return true;
}

bool streams_flush(struct streams *s, z_stream *z)
{
    size_t size = (size_t)(z->next_out - s->out);

    for (size_t done = 0; done < size;) {
        ssize_t n = write(STDOUT_FILENO, s->out + done, size - done);
        if (n < 0) {
            complain("stdout: %s", strerror(errno));
            return false;
        }
        done += (size_t)n;
    }
    z->next_out = s->out;
    z->avail_out = (uInt)BUFFER_SIZE;
    return true;
}
