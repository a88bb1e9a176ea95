/* Internet addresses and protocol numbers. Values are Linux's.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_NETINET_IN_H
#define BH_NETINET_IN_H

#include <stdint.h>
#include <sys/socket.h>

typedef uint16_t in_port_t;
typedef uint32_t in_addr_t;

#define IPPROTO_IP     0
#define IPPROTO_ICMP   1
#define IPPROTO_TCP    6
#define IPPROTO_UDP    17
#define IPPROTO_IPV6   41
#define IPPROTO_ICMPV6 58
#define IPPROTO_RAW    255

/* Options of IPPROTO_IP and IPPROTO_IPV6. */
#define IP_TOS            1
#define IP_TTL            2
#define IPV6_UNICAST_HOPS 16
#define IPV6_V6ONLY       26
#define IPV6_TCLASS       67

#define IPTOS_LOWDELAY   0x10
#define IPTOS_THROUGHPUT 0x08

#define INADDR_ANY       ((in_addr_t)0)
#define INADDR_BROADCAST ((in_addr_t)0xffffffff)
#define INADDR_NONE      ((in_addr_t)0xffffffff)
#define INADDR_LOOPBACK  ((in_addr_t)0x7f000001)
#define INET_ADDRSTRLEN  16
#define INET6_ADDRSTRLEN 46

#define IN_MULTICAST(a) (((in_addr_t)(a)&0xf0000000) == 0xe0000000)

struct in_addr {
    in_addr_t s_addr; /* network byte order */
};

struct in6_addr {
    union {
        uint8_t bytes8[16];
        uint16_t words16[8];
        uint32_t words32[4];
    } bh_in6;
#define s6_addr   bh_in6.bytes8
#define s6_addr16 bh_in6.words16
#define s6_addr32 bh_in6.words32
};

struct sockaddr_in {
    sa_family_t sin_family;
    in_port_t sin_port; /* network byte order */
    struct in_addr sin_addr;
    unsigned char sin_zero[8];
};

struct sockaddr_in6 {
    sa_family_t sin6_family;
    in_port_t sin6_port; /* network byte order */
    uint32_t sin6_flowinfo;
    struct in6_addr sin6_addr;
    uint32_t sin6_scope_id;
};

struct ipv6_mreq {
    struct in6_addr ipv6mr_multiaddr;
    unsigned ipv6mr_interface;
};

#define IN6ADDR_ANY_INIT \
    {                    \
        {                \
            {            \
                0        \
            }            \
        }                \
    }
#define IN6ADDR_LOOPBACK_INIT                                  \
    {                                                          \
        {                                                      \
            {                                                  \
                0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 \
            }                                                  \
        }                                                      \
    }
static const struct in6_addr in6addr_any __attribute__((unused)) = IN6ADDR_ANY_INIT;
static const struct in6_addr in6addr_loopback __attribute__((unused)) = IN6ADDR_LOOPBACK_INIT;

#define IN6_IS_ADDR_UNSPECIFIED(a) (!((a)->s6_addr32[0] | (a)->s6_addr32[1] | (a)->s6_addr32[2] | (a)->s6_addr32[3]))
#define IN6_IS_ADDR_LOOPBACK(a) \
    (!((a)->s6_addr32[0] | (a)->s6_addr32[1] | (a)->s6_addr32[2]) && (a)->s6_addr32[3] == __builtin_bswap32(1))
#define IN6_IS_ADDR_LINKLOCAL(a) ((a)->s6_addr[0] == 0xfe && ((a)->s6_addr[1] & 0xc0) == 0x80)
#define IN6_IS_ADDR_MULTICAST(a) ((a)->s6_addr[0] == 0xff)
#define IN6_IS_ADDR_V4MAPPED(a) \
    (!((a)->s6_addr32[0] | (a)->s6_addr32[1]) && (a)->s6_addr32[2] == __builtin_bswap32(0xffff))

#ifndef htons
#define htons(x) __builtin_bswap16((uint16_t)(x))
#define ntohs(x) __builtin_bswap16((uint16_t)(x))
#define htonl(x) __builtin_bswap32((uint32_t)(x))
#define ntohl(x) __builtin_bswap32((uint32_t)(x))
#endif

#endif
