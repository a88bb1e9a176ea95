/* Internet addresses as text.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse4(const char *text, unsigned char out[4])
{
    for (int i = 0; i < 4; i++) {
        unsigned value = 0;
        int digits = 0;
        for (; isdigit((unsigned char)*text) && digits < 4; text++, digits++)
            value = value * 10 + (unsigned)(*text - '0');
        if (!digits || value > 255 || (digits > 1 && text[-digits] == '0') || *text != (i < 3 ? '.' : '\0'))
            return 0;
        out[i] = (unsigned char)value;
        text++;
    }
    return 1;
}

/* Reads a group of 1 to 4 hexadecimal digits and advances *text. -1: there is none. */
static int read_group(const char **text)
{
    int value = 0, digits = 0;
    for (; isxdigit((unsigned char)**text) && digits < 5; ++*text, digits++) {
        int c = tolower((unsigned char)**text);
        value = value * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return digits && digits < 5 ? value : -1;
}

static int parse6(const char *text, unsigned char out[16])
{
    unsigned char bytes[16] = {0};
    int used = 0, gap = -1;
    if (text[0] == ':' && text[1] != ':')
        return 0;
    if (text[0] == ':')
        text++;
    while (*text) {
        if (*text == ':') { /* the second one of :: */
            if (gap >= 0)
                return 0;
            gap = used;
            if (!*++text)
                break;
        }
        if (used > 12 ? 0 : strchr(text, '.') && !strchr(text, ':')) {
            if (!parse4(text, bytes + used))
                return 0;
            used += 4;
            break;
        }
        int value = used < 16 ? read_group(&text) : -1;
        if (value < 0)
            return 0;
        bytes[used++] = (unsigned char)(value >> 8);
        bytes[used++] = (unsigned char)value;
        if (*text == ':') {
            if (!*++text)
                return 0;
        } else if (*text) {
            return 0;
        }
    }
    if (gap < 0 ? used != 16 : used > 14)
        return 0;
    memset(out, 0, 16);
    if (gap < 0)
        gap = used;
    memcpy(out, bytes, (size_t)gap);
    memcpy(out + 16 - (used - gap), bytes + gap, (size_t)(used - gap));
    return 1;
}

int inet_pton(int family, const char *text, void *address)
{
    unsigned char bytes[16];
    int r;
    if (family == AF_INET)
        r = parse4(text, bytes);
    else if (family == AF_INET6)
        r = parse6(text, bytes);
    else {
        errno = EAFNOSUPPORT;
        return -1;
    }
    if (r)
        memcpy(address, bytes, family == AF_INET ? 4 : 16);
    return r;
}

static void print6(const unsigned char *a, char *text)
{
    unsigned words[8];
    int best = -1, best_length = 1;
    for (int i = 0; i < 8; i++)
        words[i] = (unsigned)a[2 * i] << 8 | a[2 * i + 1];
    for (int i = 0, length; i < 8; i += length ? length : 1) {
        for (length = 0; i + length < 8 && !words[i + length]; length++)
            continue;
        if (length > best_length)
            best = i, best_length = length;
    }
    bool mapped = best == 0 && best_length == 5 && words[5] == 0xffff;
    for (int i = 0; i < (mapped ? 6 : 8); i++) {
        if (i == best) {
            text += sprintf(text, i ? ":" : "::");
            i += best_length - 1;
            continue;
        }
        text += sprintf(text, i < 7 ? "%x:" : "%x", words[i]);
    }
    if (mapped)
        sprintf(text, "%u.%u.%u.%u", a[12], a[13], a[14], a[15]);
}

const char *inet_ntop(int family, const void *address, char *text, socklen_t size)
{
    const unsigned char *a = address;
    char made[INET6_ADDRSTRLEN];
    if (family == AF_INET) {
        sprintf(made, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
    } else if (family == AF_INET6) {
        print6(a, made);
    } else {
        errno = EAFNOSUPPORT;
        return NULL;
    }
    if (strlen(made) >= size) {
        errno = ENOSPC;
        return NULL;
    }
    return strcpy(text, made);
}

/* Accepts a, a.b, a.b.c and a.b.c.d, each part decimal, octal or hexadecimal. */
int inet_aton(const char *text, struct in_addr *address)
{
    unsigned long parts[4];
    int n = 0;
    for (;;) {
        char *end;
        if (!isdigit((unsigned char)*text))
            return 0;
        parts[n++] = strtoul(text, &end, 0);
        text = end;
        if (*text != '.' || n == 4)
            break;
        text++;
    }
    if (*text && !isspace((unsigned char)*text))
        return 0;
    unsigned long value = parts[n - 1];
    if (value > 0xfffffffful >> 8 * (n - 1))
        return 0;
    for (int i = 0; i < n - 1; i++) {
        if (parts[i] > 255)
            return 0;
        value |= parts[i] << (24 - 8 * i);
    }
    if (address)
        address->s_addr = htonl((uint32_t)value);
    return 1;
}

in_addr_t inet_addr(const char *text)
{
    struct in_addr address;
    return inet_aton(text, &address) ? address.s_addr : INADDR_NONE;
}

char *inet_ntoa(struct in_addr address)
{
    static char text[INET_ADDRSTRLEN];
    return (char *)inet_ntop(AF_INET, &address, text, sizeof(text));
}
