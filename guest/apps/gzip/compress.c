/* Standard input to standard output, compressed.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "gzip.h"

static int run_deflate(struct streams *s, z_stream *z)
{
    int status;

    do {
        if (!streams_fill(s, z, 1))
            return GZIP_ERROR;
        status = deflate(z, s->in_ended ? Z_FINISH : Z_NO_FLUSH);
        /* Z_BUF_ERROR: nothing to do before more input or room for output. */
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
            return complain_zlib(status);
        if ((z->avail_out == 0 || status == Z_STREAM_END) && !streams_flush(s, z))
            return GZIP_ERROR;
    } while (status != Z_STREAM_END);
    return GZIP_OK;
}

int compress_stream(struct streams *s, int level)
{
    z_stream z;
    int status, result;

    memset(&z, 0, sizeof(z));
    status = deflateInit2(&z, level, Z_DEFLATED, GZIP_FORMAT, 8, Z_DEFAULT_STRATEGY);
    if (status != Z_OK)
        return complain_zlib(status);
    z.next_in = s->in;
    z.next_out = s->out;
    z.avail_out = (uInt)BUFFER_SIZE;
    result = run_deflate(s, &z);
    deflateEnd(&z);
    return result;
}
