/* Framing, escaping, numbers.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/gdb/packet.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ESCAPE 0x7d
#define FLIP   0x20

static const char digits[] = "0123456789abcdef";

static int digit_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static void begin_packet(struct gdb_parser *p)
{
    p->state = GDB_INSIDE;
    p->sum = 0;
    p->size = 0;
    p->bad = false;
}

static void take_data(struct gdb_parser *p, uint8_t byte)
{
    if (p->size < GDB_PACKET_MAX)
        p->data[p->size++] = (char)byte;
    else
        p->bad = true;
}

static enum gdb_input parse_inside(struct gdb_parser *p, uint8_t byte)
{
    if (byte == '$') { /* the rest of the last one was lost */
        begin_packet(p);
        return GDB_NOTHING;
    }
    if (byte == '#') {
        p->bad |= p->state == GDB_ESCAPED;
        p->state = GDB_SUM1;
        return GDB_NOTHING;
    }
    p->sum = (uint8_t)(p->sum + byte);
    if (p->state == GDB_ESCAPED) {
        take_data(p, byte ^ FLIP);
        p->state = GDB_INSIDE;
    } else if (byte == ESCAPE) {
        p->state = GDB_ESCAPED;
    } else {
        take_data(p, byte);
    }
    return GDB_NOTHING;
}

enum gdb_input gdb_parse(struct gdb_parser *p, uint8_t byte)
{
    int value;
    switch (p->state) {
    case GDB_OUTSIDE:
        if (byte == '$')
            begin_packet(p);
        return byte == 3 ? GDB_INTERRUPT : GDB_NOTHING; /* acknowledgements: a stream loses nothing */
    case GDB_SUM1:
    case GDB_SUM2:
        value = digit_value((char)byte);
        p->bad |= value < 0;
        p->told = (uint8_t)(p->told << 4 | (value & 15));
        if (p->state == GDB_SUM1) {
            p->state = GDB_SUM2;
            return GDB_NOTHING;
        }
        p->state = GDB_OUTSIDE;
        p->data[p->size] = 0;
        return p->bad || p->told != p->sum ? GDB_DAMAGED : GDB_PACKET;
    default:
        return parse_inside(p, byte);
    }
}

void gdb_add(struct gdb_text *t, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int n = vsnprintf(t->data + t->size, sizeof(t->data) - t->size, format, list);
    va_end(list);
    if (n < 0 || (size_t)n >= sizeof(t->data) - t->size)
        t->full = true;
    else
        t->size += (size_t)n;
}

void gdb_add_hex(struct gdb_text *t, const void *bytes, size_t n)
{
    const uint8_t *in = bytes;
    if (n > (sizeof(t->data) - t->size) / 2) {
        t->full = true;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        t->data[t->size++] = digits[in[i] >> 4];
        t->data[t->size++] = digits[in[i] & 15];
    }
}

static bool is_reserved(uint8_t byte)
{
    return byte == '#' || byte == '$' || byte == ESCAPE || byte == '*';
}

bool gdb_add_binary(struct gdb_text *t, const void *bytes, size_t n)
{
    const uint8_t *in = bytes;
    size_t need = n;
    for (size_t i = 0; i < n; i++)
        need += is_reserved(in[i]);
    if (need > sizeof(t->data) - t->size)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (is_reserved(in[i]))
            t->data[t->size++] = ESCAPE;
        t->data[t->size++] = (char)(is_reserved(in[i]) ? in[i] ^ FLIP : in[i]);
    }
    return true;
}

size_t gdb_frame(char *to, char lead, const char *data, size_t size)
{
    uint8_t sum = 0;
    size_t n = 0;
    to[n++] = lead;
    for (size_t i = 0; i < size && i < GDB_PACKET_MAX; i++) {
        to[n++] = data[i];
        sum = (uint8_t)(sum + (uint8_t)data[i]);
    }
    to[n++] = '#';
    to[n++] = digits[sum >> 4];
    to[n++] = digits[sum & 15];
    return n;
}

bool gdb_number(const char **at, uint64_t *value)
{
    uint64_t v = 0;
    int n = 0;
    for (; n <= 16 && digit_value((*at)[n]) >= 0; n++)
        v = v << 4 | (uint64_t)digit_value((*at)[n]);
    if (n == 0 || n > 16)
        return false;
    *at += n;
    *value = v;
    return true;
}

bool gdb_word(const char **at, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(*at, word, n) != 0)
        return false;
    *at += n;
    return true;
}

bool gdb_range(const char **at, uint64_t *address, uint64_t *size)
{
    return gdb_number(at, address) && gdb_word(at, ",") && gdb_number(at, size);
}

bool gdb_bytes(const char **at, void *to, size_t n)
{
    uint8_t *out = to;
    for (size_t i = 0; i < n; i++) {
        int high = digit_value((*at)[2 * i]), low = high < 0 ? -1 : digit_value((*at)[2 * i + 1]);
        if (low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    *at += 2 * n;
    return true;
}

static bool parse_part(const char **at, int64_t *value)
{
    uint64_t v;
    if (gdb_word(at, "-1")) {
        *value = -1;
        return true;
    }
    if (!gdb_number(at, &v) || v > INT32_MAX)
        return false;
    *value = (int64_t)v;
    return true;
}

bool gdb_thread_id(const char **at, struct gdb_id *id)
{
    const char *now = *at;
    *id = (struct gdb_id){0, 0};
    if (gdb_word(&now, "p")) {
        if (!parse_part(&now, &id->process))
            return false;
        id->thread = -1;
        if (gdb_word(&now, ".") && !parse_part(&now, &id->thread))
            return false;
    } else if (!parse_part(&now, &id->thread)) {
        return false;
    }
    *at = now;
    return true;
}
