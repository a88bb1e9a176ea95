/* getdelim() and getline(): take the place of picolibc's, which write a byte beyond a full line, do not end the last
 * line of a file without a newline, and return 0 at the end of it.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Makes room for `needed` bytes. */
static bool has_room(char **line, size_t *size, size_t needed)
{
    if (*line && needed <= *size)
        return true;
    size_t larger = *size > 60 ? *size * 2 : 120;
    char *moved = larger > needed ? realloc(*line, larger) : NULL;
    if (!moved)
        return false;
    *line = moved;
    *size = larger;
    return true;
}

ssize_t getdelim(char **restrict line, size_t *restrict size, int delimiter, FILE *restrict stream)
{
    if (!line || !size || !stream) {
        errno = EINVAL;
        return -1;
    }
    if (!*line)
        *size = 0;
    size_t used = 0;
    int c = 0;
    flockfile(stream);
    while (c != delimiter || !used) {
        if (!has_room(line, size, used + 2)) {
            funlockfile(stream);
            errno = ENOMEM;
            return -1;
        }
        c = getc_unlocked(stream);
        if (c == EOF)
            break;
        (*line)[used++] = (char)c;
    }
    funlockfile(stream);
    if (!used)
        return -1;
    (*line)[used] = 0;
    return (ssize_t)used;
}

ssize_t getline(char **restrict line, size_t *restrict size, FILE *restrict stream)
{
    return getdelim(line, size, '\n', stream);
}
