/* Which destinations a guest reaches through user networking: frames by hand.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "vmm/net/reach.h"

enum { TCP = 6, UDP = 17, ICMP = 1, ICMPV6 = 58 };
enum { SYN = 2, ACK = 16 };

static struct in_addr own[1];
static struct in6_addr own6[1];
static struct net_plan plan;
static struct reach reach;
static uint8_t frame[256];

static void begin(void)
{
    plan = (struct net_plan){.v6 = true, .bits6 = 64};
    inet_pton(AF_INET, "10.0.2.0", &plan.network);
    inet_pton(AF_INET, "255.255.255.0", &plan.mask);
    inet_pton(AF_INET, "10.0.2.15", &plan.guest);
    inet_pton(AF_INET, "10.0.2.2", &plan.gateway);
    inet_pton(AF_INET, "10.0.2.3", &plan.dns);
    inet_pton(AF_INET6, "fd00:6268::", &plan.prefix6);
    inet_pton(AF_INET6, "fd00:6268::2", &plan.gateway6);
    inet_pton(AF_INET6, "fd00:6268::3", &plan.dns6);
    inet_pton(AF_INET6, "fd00:6268::15", &plan.guest6);
    inet_pton(AF_INET, "192.0.2.77", &own[0]);
    inet_pton(AF_INET6, "2001:db8::77", &own6[0]);
    reach = (struct reach){.plan = &plan, .own = own, .n_own = 1, .own6 = own6, .n_own6 = 1};
}

/* Puts an IPv4 or IPv6 packet with 32 bytes behind its header into `frame`. Returns the bytes of the frame. */
static uint32_t put_packet(const char *from, const char *to, uint8_t protocol, uint16_t port, uint8_t flags)
{
    bool v6 = strchr(to, ':') != NULL;
    uint8_t *ip = frame + 14, *data = ip + (v6 ? 40 : 20);
    memset(frame, 0, sizeof(frame));
    frame[12] = v6 ? 0x86 : 0x08;
    frame[13] = v6 ? 0xdd : 0x00;
    ip[0] = v6 ? 0x60 : 0x45;
    ip[v6 ? 5 : 3] = v6 ? 32 : 52;
    ip[v6 ? 6 : 9] = protocol;
    if (inet_pton(v6 ? AF_INET6 : AF_INET, from, ip + (v6 ? 8 : 12)) != 1 ||
        inet_pton(v6 ? AF_INET6 : AF_INET, to, ip + (v6 ? 24 : 16)) != 1)
        abort();
    data[0] = 0x30, data[1] = 0x39; /* 12345 */
    data[2] = (uint8_t)(port >> 8), data[3] = (uint8_t)port;
    if (protocol == TCP)
        data[13] = flags;
    if (protocol == ICMPV6)
        data[0] = flags;
    return (uint32_t)(data - frame) + 32;
}

static bool allowed(const char *to, uint8_t protocol, uint16_t port, uint8_t flags)
{
    uint32_t bytes = put_packet(strchr(to, ':') ? "fd00:6268::15" : "10.0.2.15", to, protocol, port, flags);
    return reach_allows(&reach, frame, bytes);
}

static const char *const refused[] = {
    "0.0.0.0",
    "0.1.2.3",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "224.0.0.251",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.254",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "fe80::1",
    "febf::2",
    "ff01::1",
    "ff05::2",
    "ff0e::1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.2.2",
};

static void host_is_out_of_reach(void)
{
    begin();
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        CHECK(!allowed(refused[i], TCP, 80, SYN) && !allowed(refused[i], TCP, 80, ACK));
        CHECK(!allowed(refused[i], UDP, 53, 0) && !allowed(refused[i], UDP, 67, 0));
        CHECK(!allowed(refused[i], ICMP, 0, 0) && !allowed(refused[i], ICMPV6, 0, 128) &&
              !allowed(refused[i], ICMPV6, 0, 135));
    }
}

static void world_is_within_reach(void)
{
    static const char *const to[] = {"8.8.8.8",     "192.0.2.78",   "126.255.255.255", "128.0.0.1",
                                     "169.253.0.1", "169.255.0.1",  "223.255.0.1",     "10.0.3.2",
                                     "1.0.0.0",     "2001:db8::78", "fd00:6269::2",    "64:ff9b::8.8.8.8"};
    begin();
    for (size_t i = 0; i < sizeof(to) / sizeof(*to); i++)
        CHECK(allowed(to[i], TCP, 80, SYN) && allowed(to[i], UDP, 123, 0));
}

/* The addresses of the host's interfaces, and those that libslirp turns into its loopback. */
static void only_answers_go_to_the_host(void)
{
    static const char *const to[] = {"192.0.2.77",   "10.0.2.2",     "10.0.2.77", "2001:db8::77",
                                     "fd00:6268::2", "fd00:6268::9", "fe80::2"};
    begin();
    for (size_t i = 0; i < sizeof(to) / sizeof(*to); i++) {
        CHECK(!allowed(to[i], TCP, 80, SYN) && !allowed(to[i], TCP, 80, SYN | 8));
        CHECK(allowed(to[i], TCP, 80, SYN | ACK) && allowed(to[i], TCP, 80, ACK));
        CHECK(!allowed(to[i], UDP, 5000, 0) && !allowed(to[i], UDP, 69, 0));
    }
    CHECK(!allowed("192.0.2.77", ICMP, 0, 0) && !allowed("2001:db8::77", ICMPV6, 0, 128));
}

static void datagrams_answer_who_asked(void)
{
    begin();
    reach.udp[0] = 7;
    reach.n_udp = 1;
    CHECK(!allowed("10.0.2.2", UDP, 12345, 0) && !allowed("192.0.2.77", UDP, 12345, 0));
    reach_note(&reach, frame, put_packet("10.0.2.2", "10.0.2.15", UDP, 8, 0)); /* not the forwarded port */
    reach_note(&reach, frame, put_packet("8.8.8.8", "10.0.2.15", UDP, 7, 0));  /* not the host */
    reach_note(&reach, frame, put_packet("10.0.2.2", "10.0.2.15", TCP, 7, 0));
    CHECK(!allowed("10.0.2.2", UDP, 12345, 0));
    reach_note(&reach, frame, put_packet("10.0.2.2", "10.0.2.15", UDP, 7, 0));
    CHECK(allowed("10.0.2.2", UDP, 12345, 0) && !allowed("10.0.2.2", UDP, 12346, 0));
    CHECK(!allowed("127.0.0.1", UDP, 12345, 0));
    begin();
    reach.udp[0] = 7;
    reach.n_udp = 1;
    reach_note(&reach, frame, put_packet("2001:db8::77", "fd00:6268::15", UDP, 7, 0));
    CHECK(allowed("2001:db8::77", UDP, 12345, 0) && allowed("fd00:6268::2", UDP, 12345, 0));
}

static void services_of_the_link(void)
{
    begin();
    CHECK(allowed("255.255.255.255", UDP, 67, 0) && !allowed("255.255.255.255", UDP, 68, 0));
    CHECK(!allowed("255.255.255.255", TCP, 67, SYN) && !allowed("255.255.255.255", ICMP, 0, 0));
    CHECK(allowed("10.0.2.2", UDP, 67, 0) && !allowed("10.0.2.4", UDP, 67, 0) && allowed("10.0.2.2", ICMP, 0, 0));
    CHECK(allowed("10.0.2.3", UDP, 53, 0) && allowed("10.0.2.3", TCP, 53, SYN) && allowed("10.0.2.3", ICMP, 0, 0));
    CHECK(!allowed("10.0.2.3", UDP, 54, 0) && !allowed("10.0.2.3", TCP, 22, SYN) && !allowed("10.0.2.3", TCP, 22, ACK));
    CHECK(allowed("fd00:6268::3", UDP, 53, 0) && !allowed("fd00:6268::3", TCP, 22, SYN));
    CHECK(allowed("fe80::3", UDP, 53, 0) && !allowed("fe80::3", UDP, 54, 0));
    CHECK(allowed("ff02::1", ICMPV6, 0, 136) && allowed("ff02::2", ICMPV6, 0, 133));
    CHECK(allowed("ff02::1:ff00:2", ICMPV6, 0, 135) && allowed("ff02::16", ICMPV6, 0, 143));
    CHECK(!allowed("ff02::1", ICMPV6, 0, 128) && !allowed("ff02::fb", UDP, 5353, 0) &&
          !allowed("ff02::1", TCP, 1, SYN));
    CHECK(allowed("ff02::1:2", UDP, 547, 0) && allowed("fe80::2", ICMPV6, 0, 135));
    plan.v6 = false;
    CHECK(!allowed("fe80::2", ICMPV6, 0, 135) && !allowed("ff02::2", ICMPV6, 0, 133));
}

static void allow(const char **entries, uint32_t n)
{
    begin();
    const struct net_config c = {.reach = entries, .n_reach = n, .has_reach = true};
    allow_init(&reach.allow, &c);
}

static void a1_allow_list(void)
{
    const char *entries[] = {"127.0.0.1/32:6379", "10.0.0.0/8", "192.0.2.0/24:443", "[::1]/128:53",
                             "[2001:db8::]/32:80"};
    allow(entries, 5);
    CHECK(allowed("127.0.0.1", TCP, 6379, SYN) && allowed("10.0.2.2", TCP, 6379, SYN) &&
          allowed("10.0.2.2", UDP, 6379, 0));
    CHECK(!allowed("127.0.0.1", TCP, 6380, SYN) && !allowed("10.0.2.2", TCP, 6380, SYN) &&
          !allowed("127.0.0.2", TCP, 6379, SYN) && !allowed("10.0.2.77", TCP, 6379, SYN));
    CHECK(allowed("10.9.9.9", TCP, 1, SYN) && allowed("10.9.9.9", ICMP, 0, 0) && !allowed("11.0.0.1", TCP, 1, SYN));
    CHECK(allowed("192.0.2.77", TCP, 443, SYN) && allowed("192.0.2.78", UDP, 443, 0) &&
          !allowed("192.0.2.78", TCP, 80, SYN) && !allowed("192.0.2.78", ICMP, 0, 0));
    CHECK(allowed("fd00:6268::2", UDP, 53, 0) && !allowed("fd00:6268::2", UDP, 54, 0) &&
          !allowed("fe80::2", TCP, 53, SYN));
    CHECK(allowed("2001:db8::77", TCP, 80, SYN) && !allowed("2001:db9::1", TCP, 80, SYN));
    CHECK(!allowed("8.8.8.8", UDP, 123, 0) && !allowed("64:ff9b::8.8.8.8", TCP, 1, SYN) &&
          !allowed("::ffff:127.0.0.1", TCP, 6379, SYN));
    CHECK(allowed("8.8.8.8", TCP, 80, SYN | ACK)); /* to a client of a forwarded port */
    CHECK(allowed("10.0.2.3", UDP, 53, 0) && allowed("255.255.255.255", UDP, 67, 0) && allowed("10.0.2.2", ICMP, 0, 0));
    /* Only whole datagrams show their port. */
    uint32_t bytes = put_packet("10.0.2.15", "192.0.2.78", UDP, 443, 0);
    frame[14 + 6] = 0x20;
    CHECK(!reach_allows(&reach, frame, bytes));
}

static void a1_allow_list_with_the_world(void)
{
    const char *entries[] = {"world", "127.0.0.0/8:6379"};
    allow(entries, 2);
    CHECK(allowed("8.8.8.8", TCP, 80, SYN) && allowed("127.0.0.9", TCP, 6379, SYN) &&
          allowed("10.0.2.2", TCP, 6379, SYN) && !allowed("192.0.2.77", TCP, 80, SYN) &&
          !allowed("169.254.169.254", TCP, 80, SYN));
    allow(NULL, 0);
    CHECK(!allowed("8.8.8.8", TCP, 80, SYN) && !allowed("8.8.8.8", UDP, 80, 0) && !allowed("8.8.8.8", ICMP, 0, 0));
    CHECK(allowed("10.0.2.3", UDP, 53, 0));
}

static void destinations_as_text(void)
{
    static const char *const wrong[] = {"",           "World",        "1.2.3.4",      "1.2.3.4/33", "1.2.3/8",
                                        "1.2.3.4/8:", "1.2.3.4/8:0",  "::1/128",      "[::1]",      "[::1]:53",
                                        "[::1]/129",  "[::1/128",     "[1.2.3.4]/32", "/8",         "1.2.3.4/8:65536",
                                        "[::1]/ 1",   "1.2.3.4/8:80 "};
    struct net_reach to;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        CHECK(!net_parse_reach(wrong[i], &to));
    CHECK(net_parse_reach("0.0.0.0/0", &to) && !to.bits && !to.port && !to.v6);
    CHECK(net_parse_reach("[2001:db8::]/32:65535", &to) && to.v6 && to.bits == 32 && to.port == 65535);
}

/* An address that is the host's own though no interface had it at the start. */
static void a1_addresses_that_come_later(void)
{
    struct in_addr mine, other;
    begin();
    own_init(&reach.now_own);
    inet_pton(AF_INET, "127.9.9.9", &mine);
    inet_pton(AF_INET, "198.51.100.7", &other);
    if (!reach.now_own.usable)
        return; /* this host lets a socket have any address */
    CHECK(own_is(&reach.now_own, false, &mine, 1) && own_is(&reach.now_own, false, &mine, 2));
    CHECK(!own_is(&reach.now_own, false, &other, 1));
    for (unsigned i = 0; i < OWN_CACHE; i++) /* what was found out counts for a while, and then no more */
        reach.now_own.answers[i].own ^= true;
    CHECK(!own_is(&reach.now_own, false, &mine, 3) && own_is(&reach.now_own, false, &mine, 2000000000));
    CHECK(allowed("8.8.8.8", TCP, 80, SYN));
}

static void fragments(void)
{
    static const char *const to[] = {"8.8.8.8", "127.0.0.1", "0.0.0.0", "10.0.2.2", "10.0.2.3"};
    begin();
    for (size_t i = 0; i < sizeof(to) / sizeof(*to); i++) {
        for (int offset = 0; offset < 2; offset++) {
            uint32_t bytes = put_packet("10.0.2.15", to[i], TCP, 53, ACK);
            frame[14 + 6] = 0x20; /* more of them */
            frame[14 + 7] = (uint8_t)offset;
            CHECK(reach_allows(&reach, frame, bytes) == (i == 0));
            frame[14 + 9] = UDP;
            CHECK(reach_allows(&reach, frame, bytes) == (i == 0));
            frame[14 + 6] = (uint8_t)(offset ? 0x1f : 0x20); /* the last one, far behind */
            CHECK(reach_allows(&reach, frame, bytes) == (i == 0));
        }
    }
    /* An answer of several fragments: the first one decides, and the others cannot change its ports. */
    reach.udp[0] = 7;
    reach.n_udp = 1;
    reach_note(&reach, frame, put_packet("10.0.2.2", "10.0.2.15", UDP, 7, 0));
    for (int offset = 0; offset < 2; offset++) {
        uint32_t bytes = put_packet("10.0.2.15", "10.0.2.2", UDP, 12345, 0);
        frame[14 + 6] = 0x20;
        frame[14 + 7] = (uint8_t)offset;
        CHECK(reach_allows(&reach, frame, bytes));
        frame[14 + 20 + 3]++; /* another port */
        CHECK(reach_allows(&reach, frame, bytes) == (offset > 0));
        frame[14 + 9] = TCP;
        CHECK(!reach_allows(&reach, frame, bytes));
    }
}

static void broken_headers(void)
{
    uint32_t bytes;
    begin();
    bytes = put_packet("10.0.2.15", "8.8.8.8", UDP, 53, 0);
    for (uint32_t cut = 14; cut < bytes; cut++) { /* exactly as long, for the sanitizer */
        uint8_t *copy = malloc(cut);
        memcpy(copy, frame, cut);
        CHECK(!reach_allows(&reach, copy, cut));
        free(copy);
    }
    bytes = put_packet("fd00:6268::15", "2001:db8::1", UDP, 53, 0);
    for (uint32_t cut = 14; cut < bytes; cut++) {
        uint8_t *copy = malloc(cut);
        memcpy(copy, frame, cut);
        CHECK(!reach_allows(&reach, copy, cut));
        free(copy);
    }
    for (unsigned first = 0; first < 256; first++) { /* version and length of the header */
        bytes = put_packet("10.0.2.15", "8.8.8.8", UDP, 53, 0);
        frame[14] = (uint8_t)first;
        CHECK(reach_allows(&reach, frame, bytes) == (first >= 0x45 && first <= 0x4d));
    }
    bytes = put_packet("10.0.2.15", "8.8.8.8", UDP, 53, 0);
    frame[14 + 3] = 19; /* shorter than its header */
    CHECK(!reach_allows(&reach, frame, bytes));
    bytes = put_packet("10.0.2.15", "10.0.2.2", TCP, 80, ACK);
    frame[14 + 3] = 39; /* flags cut off */
    CHECK(!reach_allows(&reach, frame, bytes));
    bytes = put_packet("fd00:6268::15", "2001:db8::1", UDP, 53, 0);
    frame[14] = 0x45; /* one type, the other version */
    CHECK(!reach_allows(&reach, frame, bytes));
}

static void other_types(void)
{
    static const uint16_t types[] = {0x8100, 0x88a8, 0x88f8, 0x8035, 0, 46, 0xffff};
    uint32_t bytes;
    begin();
    bytes = put_packet("10.0.2.15", "8.8.8.8", UDP, 53, 0);
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
        frame[12] = (uint8_t)(types[i] >> 8), frame[13] = (uint8_t)types[i];
        CHECK(!reach_allows(&reach, frame, bytes));
    }
    memmove(frame + 18, frame + 14, bytes - 14); /* a VLAN's tag before the loopback's address */
    frame[12] = 0x81, frame[13] = 0, frame[16] = 8, frame[17] = 0;
    CHECK(!reach_allows(&reach, frame, bytes + 4));
    frame[12] = 0x08, frame[13] = 0x06;
    CHECK(reach_allows(&reach, frame, 42));
}

int main(void)
{
    RUN(a1_allow_list);
    RUN(a1_allow_list_with_the_world);
    RUN(destinations_as_text);
    RUN(a1_addresses_that_come_later);
    RUN(host_is_out_of_reach);
    RUN(world_is_within_reach);
    RUN(only_answers_go_to_the_host);
    RUN(datagrams_answer_who_asked);
    RUN(services_of_the_link);
    RUN(fragments);
    RUN(broken_headers);
    RUN(other_types);
    return CHECK_RESULT();
}
