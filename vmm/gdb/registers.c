/* GDB's registers of x86-64: their numbers, sizes and description (Debugging with GDB, G.5.19; Intel SDM vol. 1,
 * 10.5.1).
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Numbers are positions in the description: 0 to 39 core, 40 to 56 SSE, 57 and 58 segment bases, 59 to 74 upper halves
 * of ymm, 75 PKRU. */
#include "vmm/gdb/registers.h"

#include <string.h>

enum { EFLAGS = 17, CS = 18, ST = 24, FCTRL = 32, XMM = 40, MXCSR = 56, FS_BASE = 57, YMM = 59, PKRU = 75 };

uint32_t gdb_registers(bool keyed)
{
    return keyed ? PKRU + 1 : PKRU;
}

uint32_t gdb_register_size(uint32_t n)
{
    if (n <= GDB_RIP || n == FS_BASE || n == FS_BASE + 1)
        return 8;
    return n >= ST && n < FCTRL ? 10 : (n >= XMM && n < MXCSR) || (n >= YMM && n < PKRU) ? 16 : 4;
}

/* The two bits that FSAVE has for a register and FXSAVE has not: 0 valid, 1 zero, 2 special, 3 empty. */
static uint32_t tag_of(const uint8_t *st)
{
    uint16_t exponent;
    uint64_t mantissa;
    memcpy(&mantissa, st, sizeof(mantissa));
    memcpy(&exponent, st + 8, sizeof(exponent));
    exponent &= 0x7fff;
    return exponent == 0x7fff ? 2 : exponent ? (mantissa >> 63 ? 0 : 2) : mantissa ? 2 : 1;
}

static uint32_t tag_word(const uint8_t *fx)
{
    uint32_t word = 0, top = fx[3] >> 3 & 7;
    for (uint32_t physical = 0; physical < 8; physical++) {
        uint32_t stack = (physical - top) & 7;
        uint32_t tag = fx[4] >> physical & 1 ? tag_of(fx + 32 + 16 * stack) : 3;
        word |= tag << (2 * physical);
    }
    return word;
}

/* Offset and bytes in FXSAVE's image of fctrl fstat ftag fiseg fioff foseg fooff fop. */
static const struct {
    uint8_t at, size;
} control[8] = {{0, 2}, {2, 2}, {4, 1}, {12, 2}, {8, 4}, {20, 2}, {16, 4}, {6, 2}};

static uint32_t control_get(const uint8_t *fx, uint32_t n)
{
    uint32_t value = 0;
    if (n == 2)
        return tag_word(fx);
    memcpy(&value, fx + control[n].at, control[n].size);
    return value;
}

static void control_set(uint8_t *fx, uint32_t n, uint32_t value)
{
    if (n == 2) {
        uint8_t used = 0;
        for (uint32_t i = 0; i < 8; i++)
            used |= (uint8_t)(((value >> (2 * i) & 3) != 3) << i);
        value = used;
    }
    memcpy(fx + control[n].at, &value, control[n].size);
}

/* Where a register lies that needs no conversion. */
static void *place_of(struct debug_registers *r, uint32_t n)
{
    uint32_t *segments[6] = {&r->cs, &r->ss, &r->ds, &r->es, &r->fs, &r->gs};
    if (n < GDB_RIP)
        return &r->general[n];
    if (n >= CS && n < ST)
        return segments[n - CS];
    if (n >= ST && n < FCTRL)
        return r->fx + 32 + 16 * (n - ST);
    if (n >= XMM && n < MXCSR)
        return r->fx + 160 + 16 * (n - XMM);
    if (n >= YMM && n < PKRU)
        return r->ymm + 16 * (n - YMM);
    switch (n) {
    case GDB_RIP:
        return &r->rip;
    case EFLAGS:
        return &r->rflags;
    case MXCSR:
        return r->fx + 24;
    case FS_BASE:
        return &r->fs_base;
    case FS_BASE + 1:
        return &r->gs_base;
    default:
        return &r->pkru;
    }
}

static bool is_known(const struct debug_registers *r, uint32_t n)
{
    bool saved = n == 1 || n == GDB_RBP || n == GDB_RSP || (n >= 12 && n <= GDB_RIP) || n == FS_BASE;
    return n == PKRU ? r->have & DEBUG_HAVE_PKRU
                     : (r->have & DEBUG_HAVE_ALL) || (saved && (r->have & DEBUG_HAVE_CALLEE_SAVED));
}

bool gdb_register_get(const struct debug_registers *r, uint32_t n, uint8_t *to)
{
    memset(to, 0, 16);
    if (!is_known(r, n))
        return false;
    if (n >= FCTRL && n < XMM) {
        uint32_t value = control_get(r->fx, n - FCTRL);
        memcpy(to, &value, sizeof(value));
    } else {
        memcpy(to, place_of((struct debug_registers *)r, n), gdb_register_size(n));
    }
    return true;
}

void gdb_register_set(struct debug_registers *r, uint32_t n, const uint8_t *from)
{
    if (n >= FCTRL && n < XMM) {
        uint32_t value;
        memcpy(&value, from, sizeof(value));
        control_set(r->fx, n - FCTRL, value);
    } else {
        memcpy(place_of(r, n), from, gdb_register_size(n));
    }
}

static const char *const head =
    "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target>"
    "<architecture>i386:x86-64</architecture><osabi>none</osabi>"
    "<feature name=\"org.gnu.gdb.i386.core\"><flags id=\"i386_eflags\" size=\"4\">"
    "<field name=\"CF\" start=\"0\" end=\"0\"/><field name=\"\" start=\"1\" end=\"1\"/>"
    "<field name=\"PF\" start=\"2\" end=\"2\"/><field name=\"AF\" start=\"4\" end=\"4\"/>"
    "<field name=\"ZF\" start=\"6\" end=\"6\"/><field name=\"SF\" start=\"7\" end=\"7\"/>"
    "<field name=\"TF\" start=\"8\" end=\"8\"/><field name=\"IF\" start=\"9\" end=\"9\"/>"
    "<field name=\"DF\" start=\"10\" end=\"10\"/><field name=\"OF\" start=\"11\" end=\"11\"/>"
    "<field name=\"RF\" start=\"16\" end=\"16\"/><field name=\"AC\" start=\"18\" end=\"18\"/>"
    "<field name=\"ID\" start=\"21\" end=\"21\"/></flags>";

static const char *const sse =
    "</feature><feature name=\"org.gnu.gdb.i386.sse\">"
    "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/><vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
    "<vector id=\"v16i8\" type=\"int8\" count=\"16\"/><vector id=\"v8i16\" type=\"int16\" count=\"8\"/>"
    "<vector id=\"v4i32\" type=\"int32\" count=\"4\"/><vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
    "<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/><field name=\"v2_double\" type=\"v2d\"/>"
    "<field name=\"v16_int8\" type=\"v16i8\"/><field name=\"v8_int16\" type=\"v8i16\"/>"
    "<field name=\"v4_int32\" type=\"v4i32\"/><field name=\"v2_int64\" type=\"v2i64\"/>"
    "<field name=\"uint128\" type=\"uint128\"/></union>";

static void add_register(FILE *out, const char *name, int number, uint32_t bits, const char *type)
{
    char text[16];
    if (number >= 0) {
        snprintf(text, sizeof(text), name, number);
        name = text;
    }
    fprintf(out, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\"/>", name, bits, type);
}

static void add_core(FILE *out)
{
    static const char *const general[] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp"};
    static const char *const segments[] = {"cs", "ss", "ds", "es", "fs", "gs"};
    static const char *const x87[] = {"fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop"};
    for (int i = 0; i < 16; i++)
        add_register(out, i < 8 ? general[i] : "r%d", i < 8 ? -1 : i, 64, i == 6 || i == 7 ? "data_ptr" : "int64");
    add_register(out, "rip", -1, 64, "code_ptr");
    add_register(out, "eflags", -1, 32, "i386_eflags");
    for (int i = 0; i < 6; i++)
        add_register(out, segments[i], -1, 32, "int32");
    for (int i = 0; i < 8; i++)
        add_register(out, "st%d", i, 80, "i387_ext");
    for (int i = 0; i < 8; i++)
        add_register(out, x87[i], -1, 32, "int");
}

void gdb_target_xml(FILE *out, bool keyed)
{
    fputs(head, out);
    add_core(out);
    fputs(sse, out);
    for (int i = 0; i < 16; i++)
        add_register(out, "xmm%d", i, 128, "vec128");
    add_register(out, "mxcsr", -1, 32, "int");
    fputs("</feature><feature name=\"org.gnu.gdb.i386.segments\">", out);
    add_register(out, "fs_base", -1, 64, "int64");
    add_register(out, "gs_base", -1, 64, "int64");
    fputs("</feature><feature name=\"org.gnu.gdb.i386.avx\">", out);
    for (int i = 0; i < 16; i++)
        add_register(out, "ymm%dh", i, 128, "uint128");
    if (keyed) {
        fputs("</feature><feature name=\"org.gnu.gdb.i386.pkeys\">", out);
        add_register(out, "pkru", -1, 32, "int32");
    }
    fputs("</feature></target>", out);
}
