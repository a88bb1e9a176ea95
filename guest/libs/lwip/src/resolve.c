/* Names to addresses, by lwIP's DNS client.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "lwip/dns.h"

#include "socket.h"

enum { STEP_NS = 100000000 };
#define ANSWER_NS 20000000000ull

/* One query. lwIP or the thread that asked frees it, whichever is done with it last. */
struct question {
    bool answered, given_up, found;
    uint32_t client; /* it counts for this one until lwIP has done with it */
    ip_addr_t ip;
};

static void on_answer(const char *name, const ip_addr_t *ip, void *arg)
{
    struct question *q = arg;
    (void)name;
    net_client_give(q->client, NET_QUESTIONS);
    if (q->given_up) {
        free(q);
        return;
    }
    q->answered = true;
    if (ip) {
        q->found = true;
        q->ip = *ip;
    }
    bh_core()->wakeup(q, UINT32_MAX);
}

/* -ECANCELED: the caller has died; otherwise -EAGAIN, if there is no answer then. */
static int wait_for_answer(const struct question *q)
{
    uint64_t now = bh_now(), deadline = now + ANSWER_NS;
    for (; !q->answered && now < deadline; now = bh_now())
        if (bh_core()->sleep(q, deadline - now) == -ECANCELED)
            return -ECANCELED;
    return -EAGAIN;
}

/* 1: found; 0: no such address; negative errno. Blocks. */
static int ask_server(const char *name, uint8_t type, ip_addr_t *ip)
{
    uint32_t client = bh_caller();
    if (!net_client_take(client, NET_QUESTIONS))
        return -EAGAIN;
    struct question *q = calloc(1, sizeof(*q));
    if (!q) {
        net_client_give(client, NET_QUESTIONS);
        return -ENOMEM;
    }
    q->client = client;
    err_t e = dns_gethostbyname_addrtype(name, ip, on_answer, q, type);
    net_leave();
    if (e != ERR_INPROGRESS) {
        net_client_give(client, NET_QUESTIONS);
        free(q);
        return e == ERR_OK ? 1 : e == ERR_ARG ? 0 : e == ERR_VAL ? -EAGAIN : -net_errno(e);
    }
    int r = wait_for_answer(q);
    if (!q->answered) {
        q->given_up = true;
        return r;
    }
    int found = q->found;
    *ip = q->ip;
    free(q);
    return found;
}

static void put_address(struct net_address *a, const ip_addr_t *ip)
{
    const struct net_socket any = {.family = IP_IS_V6(ip) ? AF_INET6 : AF_INET};
    net_from_ip(&any, ip, 0, a);
}

static int resolve_numeric(const char *name, int family, struct net_address *list)
{
    ip_addr_t ip;
    if (!ipaddr_aton(name, &ip))
        return 0;
    if (family && (family == AF_INET6) != (bool)IP_IS_V6(&ip))
        return -ENOENT;
    put_address(list, &ip);
    return 1;
}

/* A failure may mean that no server answered: lwIP does not tell the difference. */
int net_resolve(const char *name, int family, struct net_address *list, uint32_t max)
{
    static const struct {
        int family;
        uint8_t type;
    } kinds[] = {{AF_INET, LWIP_DNS_ADDRTYPE_IPV4}, {AF_INET6, LWIP_DNS_ADDRTYPE_IPV6}};
    int n = 0, error = 0;
    if (!name || !name[0] || !max || !list || strlen(name) >= DNS_MAX_NAME_LENGTH)
        return -EINVAL;
    n = resolve_numeric(name, family, list);
    if (n)
        return n;
    while (net_configuring())
        if (bh_core()->sleep(&n, STEP_NS) == -ECANCELED) /* nobody wakes this */
            return -ECANCELED;
    for (unsigned i = 0; i < 2 && (uint32_t)n < max; i++) {
        ip_addr_t ip;
        if (family && family != kinds[i].family)
            continue;
        int r = ask_server(name, kinds[i].type, &ip);
        if (r > 0)
            put_address(&list[n++], &ip);
        else if (r == -ECANCELED)
            return r;
        else if (r < 0)
            error = r;
    }
    return n ? n : error ? error : -ENOENT;
}
