/* Hosted tests of GDB's packets: framing, escapes, check sums, numbers, registers' description; and what is no packet.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "vmm/gdb/registers.h"
#include "vmm/gdb/packet.h"

static struct gdb_parser parser;

/* The last result of feeding all of `text`. */
static enum gdb_input feed(const char *text)
{
    enum gdb_input last = GDB_NOTHING;
    for (; *text; text++)
        last = gdb_parse(&parser, (uint8_t)*text);
    return last;
}

static void packets(void)
{
    memset(&parser, 0, sizeof(parser));
    CHECK(feed("$g#67") == GDB_PACKET && parser.size == 1 && !strcmp(parser.data, "g"));
    CHECK(feed("+++$#00") == GDB_PACKET && parser.size == 0 && !parser.data[0]);
    CHECK(feed("\x03") == GDB_INTERRUPT);
    CHECK(feed("$a}\x03\x62#43") == GDB_PACKET && parser.size == 3 && !strcmp(parser.data, "a#b")); /* escaped '#' */
    CHECK(feed("$ab$g#67") == GDB_PACKET && !strcmp(parser.data, "g"));                             /* begins anew */
    CHECK(feed("$\x03#03") == GDB_PACKET && parser.data[0] == 3); /* no interrupt inside */
}

static void damaged(void)
{
    memset(&parser, 0, sizeof(parser));
    CHECK(feed("$g#68") == GDB_DAMAGED);
    CHECK(feed("$g#zz") == GDB_DAMAGED);
    CHECK(feed("$g}#e4") == GDB_DAMAGED); /* ends in an escape */
    CHECK(feed("garbage without end #12 }} ##") == GDB_NOTHING);
    CHECK(feed("$") == GDB_NOTHING);
    for (size_t i = 0; i < 3 * GDB_PACKET_MAX; i++)
        CHECK(gdb_parse(&parser, 'x') == GDB_NOTHING);
    CHECK(parser.size == GDB_PACKET_MAX);
    CHECK(feed("#00") == GDB_DAMAGED); /* whatever its sum is: it was too long */
    CHECK(feed("$g#67") == GDB_PACKET);
}

static void frames(void)
{
    static char frame[GDB_FRAME_MAX], data[GDB_PACKET_MAX];
    CHECK(gdb_frame(frame, '$', "OK", 2) == 6 && !memcmp(frame, "$OK#9a", 6));
    memset(data, 'x', sizeof(data));
    CHECK(gdb_frame(frame, '%', data, sizeof(data)) == GDB_PACKET_MAX + 4);
}

static void texts(void)
{
    static struct gdb_text t;
    t.size = 0;
    CHECK(gdb_add_binary(&t, "a#$}*z", 6) && t.size == 10);
    CHECK(!memcmp(t.data, "a}\x03}\x04}\x5d}\x0az", 10));
    t.size = 0;
    gdb_add_hex(&t, "\x01\xfe", 2);
    CHECK(t.size == 4 && !memcmp(t.data, "01fe", 4));
    while (!t.full)
        gdb_add(&t, "%s", "0123456789");
    CHECK(t.size < sizeof(t.data) && !gdb_add_binary(&t, "0123456789+", 11));
    gdb_add_hex(&t, "0123456789", 10);
    CHECK(t.size < sizeof(t.data));
}

static void numbers(void)
{
    uint64_t n;
    uint8_t bytes[2];
    struct gdb_id id;
    const char *at = "ffffffffffffffff,";
    CHECK(gdb_number(&at, &n) && n == UINT64_MAX && *at == ',');
    at = "10000000000000000";
    CHECK(!gdb_number(&at, &n) && *at == '1');
    at = "";
    CHECK(!gdb_number(&at, &n));
    at = "abcd";
    CHECK(gdb_bytes(&at, bytes, 2) && bytes[0] == 0xab && bytes[1] == 0xcd && !*at);
    at = "abc";
    CHECK(!gdb_bytes(&at, bytes, 2)); /* stops at its end */
    at = "p2.a";
    CHECK(gdb_thread_id(&at, &id) && id.process == 2 && id.thread == 10);
    at = "p-1.-1";
    CHECK(gdb_thread_id(&at, &id) && id.process == -1 && id.thread == -1);
    at = "p3";
    CHECK(gdb_thread_id(&at, &id) && id.process == 3 && id.thread == -1);
    at = "7";
    CHECK(gdb_thread_id(&at, &id) && id.process == 0 && id.thread == 7);
    at = "pffffffffffff.1";
    CHECK(!gdb_thread_id(&at, &id));
    at = "p1.";
    CHECK(!gdb_thread_id(&at, &id));
}

/* Every register is described, and comes back as it was set. */
static void registers(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    gdb_target_xml(out, true);
    fclose(out);
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, "<reg ")); at++) {
        unsigned long bits = strtoul(strstr(at, "bitsize=\"") + 9, NULL, 10);
        CHECK(bits == 8ul * gdb_register_size(count));
        count++;
    }
    CHECK(count == GDB_REGISTERS_MAX && count == gdb_registers(true));
    free(text);
    static struct debug_registers r;
    r.have = DEBUG_HAVE_ALL | DEBUG_HAVE_PKRU;
    for (unsigned n = 0; n < count; n++) {
        uint8_t set[16], got[16];
        memset(set, 0, sizeof(set));
        set[0] = (uint8_t)(n + 1);
        set[gdb_register_size(n) > 4 ? 7 : 1] = n == 34 ? 0 : 0x5a; /* 34: the tag word */
        set[1] = n == 34 ? 0 : set[1];
        if (n >= 32 && n < 40)
            continue; /* x87 control: some keep fewer bits */
        gdb_register_set(&r, n, set);
        CHECK(gdb_register_get(&r, n, got) && !memcmp(set, got, gdb_register_size(n)));
    }
    r.have = DEBUG_HAVE_CALLEE_SAVED;
    uint8_t got[16];
    CHECK(!gdb_register_get(&r, 0, got) && gdb_register_get(&r, 1, got) && gdb_register_get(&r, GDB_RIP, got));
}

int main(void)
{
    RUN(packets);
    RUN(damaged);
    RUN(frames);
    RUN(texts);
    RUN(numbers);
    RUN(registers);
    return CHECK_RESULT();
}
