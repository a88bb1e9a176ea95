/* Standard input, one or more gzip members (RFC 1952), to standard output, decompressed.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "gzip.h"

enum { ID1 = 0x1f, ID2 = 0x8b, CM_DEFLATE = 8, FLG_RESERVED = 0xe0 }; /* RFC 1952, 2.3.1 */

/* The bytes that follow at z->next_in. */
enum next { NEXT_MEMBER, NEXT_NOTHING, NEXT_GARBAGE, NEXT_UNUSABLE /* said so */ };

static int report_truncated(void)
{
    return complain("stdin: unexpected end of file");
}

static enum next first_header(struct streams *s, z_stream *z)
{
    if (!streams_fill(s, z, 4))
        return NEXT_UNUSABLE;
    if (z->avail_in < 2)
        /* NOLINTNEXTLINE(bugprone-branch-clone): a wrong byte comes before a missing one */
        report_truncated();
    else if (z->next_in[0] != ID1 || z->next_in[1] != ID2)
        complain("stdin: not in gzip format");
    else if (z->avail_in < 4)
        report_truncated();
    else if (z->next_in[2] != CM_DEFLATE)
        complain("stdin: unknown method %d -- not supported", z->next_in[2]);
    else if (z->next_in[3] & FLG_RESERVED)
        complain("stdin: has flags 0x%x -- not supported", z->next_in[3]);
    else
        return NEXT_MEMBER;
    return NEXT_UNUSABLE;
}

/* Behind a member: another one, nothing, zeros (padding, counts as nothing), or garbage. GNU gzip takes a single byte
 * for a magic number that was cut off, and so do we. */
static enum next later_header(struct streams *s, z_stream *z)
{
    if (!streams_fill(s, z, 2))
        return NEXT_UNUSABLE;
    if (z->avail_in == 1 && z->next_in[0] != 0) {
        report_truncated();
        return NEXT_UNUSABLE;
    }
    if (z->avail_in >= 2 && z->next_in[0] == ID1 && z->next_in[1] == ID2)
        return first_header(s, z);
    while (z->avail_in > 0) {
        for (; z->avail_in > 0; z->next_in++, z->avail_in--)
            if (*z->next_in != 0)
                return NEXT_GARBAGE;
        if (!streams_fill(s, z, 1))
            return NEXT_UNUSABLE;
    }
    return NEXT_NOTHING;
}

static int bad_data(const z_stream *z)
{
    const char *what = "format violated";

    if (z->msg != NULL && strcmp(z->msg, "incorrect data check") == 0)
        what = "crc error";
    else if (z->msg != NULL && strcmp(z->msg, "incorrect length check") == 0)
        what = "length error";
    return complain("stdin: invalid compressed data--%s", what);
}

static int one_member(struct streams *s, z_stream *z)
{
    int status;

    do {
        if (!streams_fill(s, z, 1))
            return GZIP_ERROR;
        if (z->avail_in == 0) /* what could be decoded goes out before the message */
            return streams_flush(s, z) ? report_truncated() : GZIP_ERROR;
        status = inflate(z, Z_NO_FLUSH);
        if (status == Z_DATA_ERROR || status == Z_NEED_DICT)
            return streams_flush(s, z) ? bad_data(z) : GZIP_ERROR;
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
            return complain_zlib(status);
        if ((z->avail_out == 0 || status == Z_STREAM_END) && !streams_flush(s, z))
            return GZIP_ERROR;
    } while (status != Z_STREAM_END);
    return GZIP_OK;
}

static int all_members(struct streams *s, z_stream *z)
{
    for (enum next next = first_header(s, z);; next = later_header(s, z)) {
        int status;

        if (next == NEXT_UNUSABLE)
            return GZIP_ERROR;
        if (next == NEXT_NOTHING)
            return GZIP_OK;
        if (next == NEXT_GARBAGE) {
            complain("stdin: decompression OK, trailing garbage ignored");
            return GZIP_WARNING;
        }
        status = one_member(s, z);
        if (status != GZIP_OK)
            return status;
        status = inflateReset(z);
        if (status != Z_OK)
            return complain_zlib(status);
    }
}

int decompress_stream(struct streams *s)
{
    z_stream z;
    int status, result;

    memset(&z, 0, sizeof(z));
    z.next_in = s->in;
    status = inflateInit2(&z, GZIP_FORMAT);
    if (status != Z_OK)
        return complain_zlib(status);
    z.next_out = s->out;
    z.avail_out = (uInt)BUFFER_SIZE;
    result = all_members(s, &z);
    inflateEnd(&z);
    return result;
}
