/* Packets of GDB's remote serial protocol, and the numbers in them (Debugging with GDB, appendix E).
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * What comes in may be anything; nothing here allocates or blocks. */
#ifndef BH_VMM_GDB_PACKET_H
#define BH_VMM_GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GDB_PACKET_MAX 0x4000u /* bytes of a packet's contents */

enum gdb_input {
    GDB_NOTHING,   /* more bytes are needed */
    GDB_PACKET,    /* parser.data, parser.size */
    GDB_DAMAGED,   /* wrong check sum, or too long */
    GDB_INTERRUPT, /* Ctrl-C */
};

struct gdb_parser {
    enum { GDB_OUTSIDE = 0, GDB_INSIDE, GDB_ESCAPED, GDB_SUM1, GDB_SUM2 } state;
    uint8_t sum, told;
    bool bad;
    size_t size;
    char data[GDB_PACKET_MAX + 1]; /* unescaped; a NUL follows */
};

/* Takes one byte; zeroed before the first. */
enum gdb_input gdb_parse(struct gdb_parser *p, uint8_t byte);

/* An answer, as it grows; too much is cut off and noted. */
struct gdb_text {
    size_t size;
    bool full;
    char data[GDB_PACKET_MAX];
};
void gdb_add(struct gdb_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void gdb_add_hex(struct gdb_text *t, const void *bytes, size_t n);
/* Binary, escaped. False: it does not fit, nothing was added. */
bool gdb_add_binary(struct gdb_text *t, const void *bytes, size_t n);

#define GDB_FRAME_MAX (2 * GDB_PACKET_MAX + 4)
/* Puts a packet ('$') or notification ('%') into `to`, GDB_FRAME_MAX bytes; how many it took. */
size_t gdb_frame(char *to, char lead, const char *data, size_t size);

/* Reading: *at moves behind what was read. False: it is not there, and *at stays. */
bool gdb_number(const char **at, uint64_t *value); /* hexadecimal, at most 16 digits */
bool gdb_word(const char **at, const char *word);  /* exactly this */
/* "ADDRESS,SIZE". */
bool gdb_range(const char **at, uint64_t *address, uint64_t *size);
/* n bytes as 2 n hexadecimal digits. */
bool gdb_bytes(const char **at, void *to, size_t n);

/* "pPID.TID", "pPID", "TID"; -1: all, 0: any. */
struct gdb_id {
    int64_t process, thread;
};
bool gdb_thread_id(const char **at, struct gdb_id *id);

#endif
