/* Names of hosts and services.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <net/net.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../px.h"
#include "net_socket.h"

int h_errno;

static const struct {
    const char *name;
    int port;
    bool udp;
} services[] = {
    {"ftp", 21, false}, {"ssh", 22, false},    {"smtp", 25, false},   {"domain", 53, true},   {"http", 80, false},
    {"ntp", 123, true}, {"https", 443, false}, {"syslog", 514, true}, {"redis", 6379, false},
};

/* The port of a service; 0: no service was named; -1: unknown. */
static int port_of(const char *service, int flags)
{
    if (!service)
        return 0;
    char *end;
    unsigned long number = strtoul(service, &end, 10);
    if (*service && !*end)
        return number <= 65535 ? (int)number : -1;
    for (size_t i = 0; !(flags & AI_NUMERICSERV) && i < sizeof(services) / sizeof(services[0]); i++)
        if (strcmp(service, services[i].name) == 0)
            return services[i].port;
    return -1;
}

/* An entry with its address in one block. */
static struct addrinfo *make_entry(const struct net_address *address, int type, int protocol)
{
    struct {
        struct addrinfo info;
        struct sockaddr_storage storage;
    } *e = calloc(1, sizeof(*e));
    if (!e)
        return NULL;
    socklen_t size = sizeof(e->storage);
    px_address_out(address, (struct sockaddr *)&e->storage, &size);
    e->info = (struct addrinfo){.ai_family = address->family,
                                .ai_socktype = type,
                                .ai_protocol = protocol,
                                .ai_addrlen = size,
                                .ai_addr = (struct sockaddr *)&e->storage};
    return &e->info;
}

/* Adds an entry for each kind of socket that was asked for. */
static int append_entries(struct addrinfo ***tail, const struct net_address *address, const struct addrinfo *hints)
{
    static const int types[][2] = {{SOCK_STREAM, IPPROTO_TCP}, {SOCK_DGRAM, IPPROTO_UDP}};
    for (int i = 0; i < 2; i++) {
        if (hints->ai_socktype && hints->ai_socktype != types[i][0])
            continue;
        if (hints->ai_protocol && hints->ai_protocol != types[i][1])
            continue;
        **tail = make_entry(address, types[i][0], types[i][1]);
        if (!**tail)
            return EAI_MEMORY;
        *tail = &(**tail)->ai_next;
    }
    return 0;
}

/* Resolves numeric addresses, "localhost" and a missing host name. Returns how many addresses, or EAI_*. */
static int resolve_locally(const char *host, const struct addrinfo *hints, struct net_address list[2])
{
    bool passive = hints->ai_flags & AI_PASSIVE;
    int n = 0, family = hints->ai_family;
    list[0] = list[1] = (struct net_address){0};
    if (host && strcmp(host, "localhost") != 0) {
        char bare[64];
        snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(host, "%"), host);
        if (inet_pton(AF_INET, bare, list[0].bytes) == 1)
            list[0].family = AF_INET;
        else if (inet_pton(AF_INET6, bare, list[0].bytes) == 1)
            list[0].family = AF_INET6;
        else
            return 0;
        return family == AF_UNSPEC || family == list[0].family ? 1 : EAI_FAMILY;
    }
    if (family != AF_INET6) {
        list[n].family = AF_INET;
        if (!passive || host)
            list[n].bytes[0] = 127, list[n].bytes[3] = 1;
        n++;
    }
    if (family != AF_INET) {
        list[n].family = AF_INET6;
        list[n++].bytes[15] = !passive || host;
    }
    return n;
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
    static const struct addrinfo any = {0};
    struct net_address found[NET_RESOLVE_MAX];
    hints = hints ? hints : &any;
    int port = port_of(service, hints->ai_flags);
    if (!host && !service)
        return EAI_NONAME;
    if (hints->ai_family != AF_UNSPEC && hints->ai_family != AF_INET && hints->ai_family != AF_INET6)
        return EAI_FAMILY;
    if (port < 0)
        return EAI_SERVICE;
    int n = resolve_locally(host, hints, found);
    if (n == 0)
        n = hints->ai_flags & AI_NUMERICHOST ? EAI_NONAME : net_resolve(host, hints->ai_family, found, NET_RESOLVE_MAX);
    if (n <= 0)
        return n ? n : EAI_NONAME;
    struct addrinfo **tail = list;
    *list = NULL;
    for (int i = 0; i < n && i < (int)NET_RESOLVE_MAX; i++) {
        found[i].port = (uint16_t)port;
        int r = append_entries(&tail, &found[i], hints);
        if (r) {
            freeaddrinfo(*list);
            return r;
        }
    }
    if (!*list)
        return EAI_SOCKTYPE;
    if (hints->ai_flags & AI_CANONNAME && !((*list)->ai_canonname = strdup(host ? host : "localhost"))) {
        freeaddrinfo(*list);
        return EAI_MEMORY;
    }
    return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
    while (list) {
        struct addrinfo *next = list->ai_next;
        free(list->ai_canonname);
        free(list);
        list = next;
    }
}

int getnameinfo(const struct sockaddr *address, socklen_t length, char *host, socklen_t host_size, char *service,
                socklen_t service_size, int flags)
{
    struct net_address a;
    if (px_address_in(&a, address, length) != 0 || !a.family)
        return EAI_FAMILY;
    if (flags & NI_NAMEREQD)
        return EAI_NONAME; /* addresses are not looked up */
    if (host && host_size && !inet_ntop(a.family, a.bytes, host, host_size))
        return EAI_OVERFLOW;
    if (service && service_size && snprintf(service, service_size, "%u", a.port) >= (int)service_size)
        return EAI_OVERFLOW;
    return 0;
}

const char *gai_strerror(int error)
{
    switch (error) {
    case 0:
        return "Success";
    case EAI_BADFLAGS:
        return "Bad value for ai_flags";
    case EAI_NONAME:
        return "Name or service not known";
    case EAI_AGAIN:
        return "Temporary failure in name resolution";
    case EAI_FAIL:
        return "Non-recoverable failure in name resolution";
    case EAI_FAMILY:
        return "Address family not supported";
    case EAI_SOCKTYPE:
        return "Socket type not supported";
    case EAI_SERVICE:
        return "Service not known";
    case EAI_MEMORY:
        return "Out of memory";
    case EAI_SYSTEM:
        return "System error";
    case EAI_OVERFLOW:
        return "Result too large for the buffer";
    default:
        return "Unknown error";
    }
}

struct hostent *gethostbyname(const char *name)
{
    static struct net_address found[NET_RESOLVE_MAX];
    static char *addresses[NET_RESOLVE_MAX + 1], *no_aliases[1], host_name[256];
    static struct hostent host;
    struct addrinfo v4 = {.ai_family = AF_INET};
    int n = resolve_locally(name, &v4, found);
    if (n == 0)
        n = net_resolve(name, AF_INET, found, NET_RESOLVE_MAX);
    if (n <= 0) {
        h_errno = n == EAI_AGAIN ? TRY_AGAIN : HOST_NOT_FOUND;
        return NULL;
    }
    n = n < (int)NET_RESOLVE_MAX ? n : (int)NET_RESOLVE_MAX;
    for (int i = 0; i < n; i++)
        addresses[i] = (char *)found[i].bytes;
    addresses[n] = NULL;
    snprintf(host_name, sizeof(host_name), "%s", name);
    host = (struct hostent){host_name, no_aliases, AF_INET, 4, addresses};
    return &host;
}

struct servent *getservbyname(const char *name, const char *protocol)
{
    static char *no_aliases[1];
    static struct servent entry;
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        const char *own = services[i].udp ? "udp" : "tcp";
        if (strcmp(name, services[i].name) != 0 || (protocol && strcmp(protocol, own) != 0))
            continue;
        entry = (struct servent){(char *)services[i].name, no_aliases, htons((uint16_t)services[i].port), (char *)own};
        return &entry;
    }
    return NULL;
}

struct protoent *getprotobyname(const char *name)
{
    static const struct {
        const char *name;
        int number;
    } known[] = {{"ip", IPPROTO_IP}, {"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"ipv6", IPPROTO_IPV6}};
    static char *no_aliases[1];
    static struct protoent entry;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(name, known[i].name) != 0)
            continue;
        entry = (struct protoent){(char *)known[i].name, no_aliases, known[i].number};
        return &entry;
    }
    return NULL;
}
