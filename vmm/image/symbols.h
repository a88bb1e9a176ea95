/* Finds section, symbol and source line of an address in an ELF image, once something has crashed.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Each call opens and closes the file, so that a start pays nothing. The file is trusted. */
#ifndef BH_VMM_IMAGE_SYMBOLS_H
#define BH_VMM_IMAGE_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct location {
    char section[64]; /* empty: in no section */
    char symbol[128]; /* empty: none at or before the address in its section */
    uint64_t offset;  /* from the symbol, bytes */
    char file[256];   /* of the instruction, or of the variable's declaration; relative to the source
                       root; empty: unknown */
    int line;
};

/* False: the image cannot be opened, or the address is in none of its sections. */
bool symbols_find(const char *image, uint64_t va, struct location *at);

/* Writes for example "section .data, symbol secret+0x10 (guest/apps/hello/main.c:12)". What is unknown is left out. */
void location_describe(const struct location *at, char *text, size_t size);

/* Writes for example "peek+0x1f (guest/apps/hello/main.c:40)". False: there is no symbol, and the text is empty. */
bool location_brief(const struct location *at, char *text, size_t size);

/* Shortens a path in place: resolves "./" and "a/../" by name, drops each "../" at its start, and makes it relative to
 * the source root if it lies there. */
void source_path(char *path);

#endif
