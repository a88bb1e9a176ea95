/* Start of the network: device, addresses, and the thread that receives and keeps lwIP's time.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/ethip6.h"
#include "lwip/init.h"
#include "lwip/nd6.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

#include "netcore.h"

enum {
    BUDGET = 64,        /* frames between two looks at everything else */
    LOOP_BUDGET = 1024, /* the same for packets to the own addresses, which a call of the interface may have to pay */
};

struct netif net_netif;
static uint64_t patience; /* bh_now() until which an address may still come */
static bool looping;      /* packets to the own addresses are left for the network's thread */

bool net_present(void)
{
    return bh_boot()->net_off != 0;
}

static const struct bh_boot_net *boot_config(void)
{
    return (const void *)((const char *)bh_boot() + bh_boot()->net_off);
}

u32_t sys_now(void)
{
    return (u32_t)(bh_now() / 1000000);
}

bool net_usable(void)
{
    if (!ip4_addr_isany_val(*netif_ip4_addr(&net_netif)))
        return true;
    for (int i = 1; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        if (ip6_addr_isvalid(netif_ip6_addr_state(&net_netif, i)))
            return true;
    return false;
}

bool net_configuring(void)
{
    return net_present() && !net_usable() && bh_now() < patience;
}

/* Takes the next packet off the interface's queue of those to itself, as lwIP's netif_poll does. */
static struct pbuf *next_looped(struct netif *netif)
{
    struct pbuf *p = netif->loop_first, *last = p;
    if (!p)
        return NULL;
    for (; last->len != last->tot_len; last = last->next)
        netif->loop_cnt_current--;
    netif->loop_cnt_current--;
    netif->loop_first = last->next;
    if (!last->next)
        netif->loop_last = NULL;
    last->next = NULL;
    p->if_idx = netif_get_index(netif);
    return p;
}

/* Lets lwIP have the packets that it sent to its own addresses. Its netif_poll goes on as long as each is answered with
 * another; here their number has a limit, and the network's thread does the rest. The packets never leave the memory of
 * the compartment, so they need no checksums. */
static void poll_loopback(void)
{
    uint16_t flags = net_netif.chksum_flags;
    uint32_t left = LOOP_BUDGET;
    struct pbuf *p;
    NETIF_SET_CHECKSUM_CTRL(&net_netif, flags & ~(NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP));
    for (struct netif *netif = netif_list; netif; netif = netif->next)
        for (; left && (p = next_looped(netif)); left--)
            if (ip_input(p, netif) != ERR_OK)
                pbuf_free(p);
    NETIF_SET_CHECKSUM_CTRL(&net_netif, flags);
    looping = !left;
}

static void wake_network_thread(void)
{
    if (net_present())
        net_device_look();
    else
        bh_core()->wakeup(&looping, 1);
}

void net_leave(void)
{
    poll_loopback();
    if (looping)
        wake_network_thread();
    if (net_present())
        net_device_flush();
    net_lanes_choke();
    net_events_flush();
}

/* Parses "ADDRESS/N". The composer and the VMM have checked it, so anything else ends the VM with a report. */
static uint32_t split_prefix(const char *text, char *address, size_t size)
{
    const char *slash = strchr(text, '/');
    if (!slash || (size_t)(slash - text) >= size)
        bh_panic("net: address \"%s\" has no prefix length", text);
    memcpy(address, text, (size_t)(slash - text));
    address[slash - text] = '\0';
    return (uint32_t)strtoul(slash + 1, NULL, 10);
}

static void static_address4(const struct bh_boot_net *net)
{
    char text[64];
    ip4_addr_t address, mask, gateway;
    uint32_t prefix = split_prefix(net->address, text, sizeof(text));
    ip4_addr_set_zero(&gateway);
    if (!ip4addr_aton(text, &address) || prefix > 32)
        bh_panic("net: \"%s\" is no IPv4 address and prefix length", net->address);
    if (net->gateway[0] && !ip4addr_aton(net->gateway, &gateway))
        bh_panic("net: gateway \"%s\" is no IPv4 address", net->gateway);
    ip4_addr_set_u32(&mask, prefix ? lwip_htonl(0xffffffffu << (32 - prefix)) : 0);
    netif_set_addr(&net_netif, &address, &mask, &gateway);
}

static void static_address6(const struct bh_boot_net *net)
{
    char text[64];
    ip6_addr_t address;
    s8_t index;
    split_prefix(net->address6, text, sizeof(text));
    if (!ip6addr_aton(text, &address))
        bh_panic("net: \"%s\" is no IPv6 address and prefix length", net->address6);
    if (netif_add_ip6_address(&net_netif, &address, &index) != ERR_OK)
        bh_panic("net: no room for the address %s", net->address6);
    netif_ip6_addr_set_state(&net_netif, index, IP6_ADDR_PREFERRED);
}

static void set_dns(const struct bh_boot_net *net)
{
    ip_addr_t server;
    if (!net->dns[0])
        return; /* DHCP's, or a router's */
    if (!ipaddr_aton(net->dns, &server))
        bh_panic("net: dns \"%s\" is no address", net->dns);
    dns_setserver(0, &server);
}

static void configure_interface(const struct bh_boot_net *net)
{
    set_dns(net);
    net_netif.hostname = net->hostname;
    netif_set_default(&net_netif);
    netif_set_link_up(&net_netif);
    netif_set_up(&net_netif);
    if (net->address6[0] && strcmp(net->address6, "none") != 0) {
        netif_create_ip6_linklocal_address(&net_netif, 1);
        if (strcmp(net->address6, "auto") == 0)
            net_netif.ip6_autoconfig_enabled = 1;
        else
            static_address6(net);
    }
    if (net->address[0] && strcmp(net->address, "dhcp") != 0)
        static_address4(net);
    else if (dhcp_start(&net_netif) != ERR_OK)
        bh_panic("net: no memory for DHCP: give this compartment more `memory`");
}

static void status_changed(struct netif *netif)
{
    (void)netif;
    set_dns(boot_config()); /* the servers that the TOML file names come first */
    if (net_usable())
        net_tcp_connect_deferred();
}

static void network_thread(void *unused)
{
    (void)unused;
    for (;;) {
        uint32_t n = net_device_poll(BUDGET);
        bool more = net_lanes_again();
        sys_check_timeouts();
        if (patience && bh_now() >= patience) {
            patience = 0;
            net_tcp_connect_deferred(); /* no address came: they fail */
        }
        net_leave();
        if (n == BUDGET || more || looping)
            bh_yield();
        else
            net_device_wait(sys_timeouts_sleeptime());
    }
}

/* Without a device there are still the loopback interface and lwIP's timers. */
static void timer_thread(void *unused)
{
    (void)unused;
    for (;;) {
        sys_check_timeouts();
        net_leave();
        if (looping)
            bh_yield();
        else
            bh_core()->sleep(&looping, sys_timeouts_sleeptime() * 1000000ull);
    }
}

/* Runs before main() and before any gate call, so that no exported function has to check whether lwIP has started. */
__attribute__((constructor)) static void net_start(void)
{
    net_heap_init();
    net_table_init();
    lwip_init();
    if (net_present()) {
        if (!netif_add_noaddr(&net_netif, NULL, net_device_init, ethernet_input))
            bh_panic("net: the interface could not be added");
        netif_set_status_callback(&net_netif, status_changed);
        patience = bh_now() + NET_CONFIGURE_NS;
        configure_interface(boot_config());
        net_leave();
    }
    int r = bh_thread_create(NULL, net_present() ? network_thread : timer_thread, NULL);
    if (r)
        bh_panic("no thread for the network: give this compartment more `threads`");
}
