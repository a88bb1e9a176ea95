/* gzip as a filter: zlib is wherever compartments.toml puts it, this source does not know.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gzip.h"

static const char usage[] =
    "Usage: gzip [-1..-9] [-d] < INPUT > OUTPUT\n"
    "Compress (or, with -d, decompress) standard input to standard output.\n"
    "  -1 .. -9  fastest .. best compression; default 6\n"
    "  -d        decompress\n"
    "  -c        write to standard output (always so)\n"
    "  -h        this text\n";

int main(int argc, char **argv)
{
    struct streams streams;
    bool decompress = false;
    int level = 6, result, option;

    while ((option = getopt(argc, argv, "123456789dch")) != -1) {
        if (option >= '1' && option <= '9') {
            level = option - '0';
        } else if (option == 'd') {
            decompress = true;
        } else if (option == 'h') {
            if (fputs(usage, stdout) == EOF || fflush(stdout) == EOF)
                return complain("stdout: %s", strerror(errno));
            return GZIP_OK;
        } else if (option != 'c') {
            fputs("Try `gzip -h' for more information.\n", stderr);
            return GZIP_ERROR;
        }
    }
    if (optind < argc)
        return complain("%s: this gzip reads standard input only", argv[optind]);
    if (!streams_open(&streams))
        return GZIP_ERROR;
    result = decompress ? decompress_stream(&streams) : compress_stream(&streams, level);
    streams_close(&streams);
    return result;
}
