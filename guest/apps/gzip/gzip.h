/* Declarations shared by the files of gzip.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef GZIP_H
#define GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include <zlib.h>

/* Exit statuses, as gzip's manual has them. */
enum { GZIP_OK = 0, GZIP_ERROR = 1, GZIP_WARNING = 2 };

#define GZIP_FORMAT (16 + MAX_WBITS) /* windowBits that make zlib read and write gzip's framing */
#define BUFFER_SIZE ((size_t)256 * 1024)

/* The two buffers that zlib works on, in memory that its compartment shares, if there is such. */
struct streams {
    unsigned char *in;     /* BUFFER_SIZE bytes */
    unsigned char *out;    /* BUFFER_SIZE bytes */
    unsigned char *in_end; /* end of the data that was read into `in` */
    bool shared;           /* both buffers are one block in a share */
    bool in_ended;         /* standard input has come to its end */
};

/* Each of these returns false after it has reported the error on standard error. */
bool streams_open(struct streams *s);
/* Waits until `least` bytes (at most BUFFER_SIZE) stand at z->next_in, or the input ended. */
bool streams_fill(struct streams *s, z_stream *z, size_t least);
/* Writes the contents of the output buffer and empties it. */
bool streams_flush(struct streams *s, z_stream *z);
void streams_close(struct streams *s);

/* "gzip: " and the text on standard error. Returns GZIP_ERROR. */
int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for a failure of zlib that is not the fault of the input. */
int complain_zlib(int status);

/* The two programs; each returns an exit status. */
int compress_stream(struct streams *s, int level);
int decompress_stream(struct streams *s);

#endif
