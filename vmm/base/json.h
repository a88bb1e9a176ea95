/* Writes JSON, one member per line.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_BASE_JSON_H
#define BH_VMM_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
    FILE *out;
    unsigned depth;
    bool filled; /* the open object or array has a member, so the next one needs a comma before it */
};

void json_quote(FILE *out, const char *text); /* a string by itself */

/* `key`: NULL in an array, and for the outermost value. `bracket`: '{' or '['. */
void json_open(struct json *j, const char *key, char bracket);
void json_close(struct json *j, char bracket); /* '}' or ']'; ends the line after the outermost */

/* Bytes that are not UTF-8 are written as they are. */
void json_string(struct json *j, const char *key, const char *value);
void json_number(struct json *j, const char *key, uint64_t value);
void json_address(struct json *j, const char *key, uint64_t value); /* "0x..." as a string */
void json_bool(struct json *j, const char *key, bool value);

#endif
