/* Texts of addresses, and names of numbers.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <netdb.h>
#include <string.h>

#include "same_as_native.h"
#include "sockets.h"

static const char *const four[] = {"127.0.0.1", "0.0.0.0",    "255.255.255.255", "1.2.3",      "1.2.3.4.5",
                                   "256.1.1.1", "1.2.3.04",   "0x7f.1",          "0177.0.0.1", "1",
                                   "",          " 1.2.3.4",   "1.2.3.4 ",        "1.2.3.4x",   "a.b.c.d",
                                   "1..2.3",    "4294967295", "4294967296",      "1.65536",    "08.1.1.1"};
static const char *const six[] = {"::",
                                  "::1",
                                  "2001:db8::1",
                                  "1:2:3:4:5:6:7:8",
                                  "1:2:3:4:5:6:7",
                                  "::ffff:1.2.3.4",
                                  "1::2::3",
                                  "fe80::1%1",
                                  "12345::",
                                  "::1.2.3",
                                  ":1",
                                  "1:",
                                  "",
                                  "ABCD:EF::",
                                  "1:0:0:2::3",
                                  "64:ff9b::192.0.2.33",
                                  "1:2:3:4:5:6:1.2.3.4",
                                  "1:2:3:4:5:6:7::",
                                  "::2:3:4:5:6:7:8"};

static void show_texts(void)
{
    unsigned char bytes[16];
    char text[INET6_ADDRSTRLEN];
    for (size_t i = 0; i < COUNT_OF(four); i++) {
        struct in_addr address = {0x55555555};
        set_case("\"%s\"", four[i]);
        int r = inet_pton(AF_INET, four[i], bytes);
        show("inet_pton", "%d %s", r, r == 1 ? inet_ntop(AF_INET, bytes, text, sizeof(text)) : "");
        r = inet_aton(four[i], &address);
        show("inet_aton", "%d %s", r, r ? inet_ntoa(address) : "");
        show("inet_addr", "%x", ntohl(inet_addr(four[i])));
    }
    for (size_t i = 0; i < COUNT_OF(six); i++) {
        set_case("IPv6 \"%s\"", six[i]);
        int r = inet_pton(AF_INET6, six[i], bytes);
        show("inet_pton", "%d %s", r, r == 1 ? inet_ntop(AF_INET6, bytes, text, sizeof(text)) : "");
    }
    set_case("%s", "");
    SHOW(inet_pton(12345, "1.2.3.4", bytes));
    SHOW(inet_ntop(AF_INET, bytes, text, 3) != NULL);
    show("inet_ntop of too little room", "%s", error_name(last_error));
    SHOW(inet_ntop(12345, bytes, text, sizeof(text)) != NULL);
    show("inet_ntop of another family", "%s", error_name(last_error));
    SHOW(htons(0x1234));
    SHOW(ntohl(0x12345678));
}

static const char *name_of(int error)
{
    return error == 0            ? "0"
           : error == EAI_NONAME ? "EAI_NONAME"
           : error == EAI_FAMILY ? "EAI_FAMILY"
#ifdef EAI_ADDRFAMILY
           : error == EAI_ADDRFAMILY ? "EAI_ADDRFAMILY"
#endif
           : error == EAI_SOCKTYPE ? "EAI_SOCKTYPE"
           : error == EAI_SERVICE  ? "EAI_SERVICE"
           : error == EAI_BADFLAGS ? "EAI_BADFLAGS"
           : error == EAI_OVERFLOW ? "EAI_OVERFLOW"
                                   : "another error";
}

static void show_lookup(const char *node, const char *service, int flags, int family, int type)
{
    struct addrinfo hints = {.ai_flags = flags, .ai_family = family, .ai_socktype = type}, *list = NULL;
    char text[INET6_ADDRSTRLEN] = "";
    int r = getaddrinfo(node, service, &hints, &list), n = 0, port = -1;
    if (r == 0) {
        const struct sockaddr_in *four_bytes = (const void *)list->ai_addr;
        const struct sockaddr_in6 *sixteen = (const void *)list->ai_addr;
        port = ntohs(four_bytes->sin_port);
        inet_ntop(list->ai_family,
                  list->ai_family == AF_INET ? (const void *)&four_bytes->sin_addr : &sixteen->sin6_addr, text,
                  sizeof(text));
        for (const struct addrinfo *i = list; i; i = i->ai_next)
            n++;
        freeaddrinfo(list);
    }
    set_case("getaddrinfo %s %s, %d %d %d", node ? node : "NULL", service ? service : "NULL",
             (flags & AI_PASSIVE ? 1 : 0) | (flags & AI_NUMERICHOST ? 2 : 0) | (flags & AI_NUMERICSERV ? 4 : 0),
             family == AF_INET    ? 4
             : family == AF_INET6 ? 6
                                  : family,
             type == SOCK_STREAM);
    show("result", "%s", name_of(r));
    show("found", "%d, %s port %d", n, text, port);
    set_case("%s", "");
}

void show_addresses(void)
{
    show_texts();
    show_lookup("127.0.0.1", "80", AI_NUMERICHOST, AF_INET, SOCK_STREAM);
    show_lookup("127.0.0.1", "80", AI_NUMERICHOST, AF_UNSPEC, 0);
    show_lookup("127.0.0.1", NULL, AI_NUMERICHOST, AF_UNSPEC, SOCK_STREAM);
    show_lookup("::1", "80", AI_NUMERICHOST, AF_UNSPEC, SOCK_STREAM);
    show_lookup("::1", "80", AI_NUMERICHOST, AF_INET, SOCK_STREAM);
    show_lookup("127.0.0.1", "80", AI_NUMERICHOST, AF_INET6, SOCK_STREAM);
    show_lookup("a name", "80", AI_NUMERICHOST, AF_UNSPEC, SOCK_STREAM);
    show_lookup(NULL, "80", AI_PASSIVE, AF_INET, SOCK_STREAM);
    show_lookup(NULL, "80", 0, AF_INET, SOCK_STREAM);
    show_lookup(NULL, NULL, 0, AF_INET, SOCK_STREAM);
    show_lookup("127.0.0.1", "no such", AI_NUMERICSERV, AF_INET, SOCK_STREAM);
    show_lookup("127.0.0.1", "65536", AI_NUMERICSERV, AF_INET, SOCK_STREAM);
    show_lookup("127.0.0.1", "80", 0, 12345, SOCK_STREAM);
    show_lookup("localhost", "80", 0, AF_INET, SOCK_STREAM);
    struct sockaddr_in address = loopback(htons(80));
    char host[64] = "", service[32] = "";
    SHOW(getnameinfo((struct sockaddr *)&address, sizeof(address), host, sizeof(host), service, sizeof(service),
                     NI_NUMERICHOST | NI_NUMERICSERV));
    show("numbers", "%s %s", host, service);
    show("too little room", "%s",
         name_of(getnameinfo((struct sockaddr *)&address, sizeof(address), host, 3, NULL, 0, NI_NUMERICHOST)));
    show("too short an address", "%s",
         name_of(getnameinfo((struct sockaddr *)&address, 4, host, sizeof(host), NULL, 0, NI_NUMERICHOST)));
}
