/* Writes JSON to a stream, indented, one member per line.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/base/json.h"

#include <inttypes.h>

void json_quote(FILE *out, const char *text)
{
    putc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c < 0x20 || *c == 0x7f)
            fprintf(out, "\\u%04x", *c);
        else
            putc(*c, out);
    putc('"', out);
}

static void begin_member(struct json *j, const char *key)
{
    if (j->depth)
        fprintf(j->out, "%s\n%*s", j->filled ? "," : "", (int)(2 * j->depth), "");
    if (key) {
        json_quote(j->out, key);
        fputs(": ", j->out);
    }
    j->filled = true;
}

void json_open(struct json *j, const char *key, char bracket)
{
    begin_member(j, key);
    putc(bracket, j->out);
    j->depth++;
    j->filled = false;
}

void json_close(struct json *j, char bracket)
{
    j->depth--;
    if (j->filled)
        fprintf(j->out, "\n%*s", (int)(2 * j->depth), "");
    putc(bracket, j->out);
    j->filled = true;
    if (j->depth == 0)
        putc('\n', j->out);
}

void json_string(struct json *j, const char *key, const char *value)
{
    begin_member(j, key);
    json_quote(j->out, value);
}

void json_number(struct json *j, const char *key, uint64_t value)
{
    begin_member(j, key);
    fprintf(j->out, "%" PRIu64, value);
}

void json_address(struct json *j, const char *key, uint64_t value)
{
    begin_member(j, key);
    fprintf(j->out, "\"%#" PRIx64 "\"", value);
}

void json_bool(struct json *j, const char *key, bool value)
{
    begin_member(j, key);
    fputs(value ? "true" : "false", j->out);
}
