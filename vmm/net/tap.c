/* Back end `tap`: frames go to a TAP interface of the host, with its offloads
 * (Documentation/networking/tuntap.rst, linux/if_tun.h).
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/net/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/appliance/net_address.h"
#include "vmm/base/loop.h"

#define DEVICE      "/dev/net/tun"
#define VLAN_HEADER 18u /* Ethernet header with a VLAN tag */

static int tap = -1;
static uint8_t bounce[NET_HEADER + NET_FRAME_MAX];
static uint32_t held; /* bytes of a frame in `bounce` that waits for receive buffers */

/* What the thread sleeps on. */
static struct loop loop;
static struct loop_source kick_source, tap_source;
static bool gone; /* the interface was deleted */

/* ---- Opening ---- */

static bool no_device(struct problem *p)
{
    if (errno == ENOENT || errno == ENODEV || errno == ENXIO) {
        return problem_set(p, EXIT_HOST,
                           DEVICE
                           " is missing: load the module (modprobe tun), or use "
                           "--set net.mode=user");
    }
    return problem_set(p, EXIT_HOST, "cannot open " DEVICE ": %s: use --set net.mode=user", strerror(errno));
}

static bool cannot_attach(const char *name, bool exists, struct problem *p)
{
    int error = errno;
    if (error == EPERM && exists) {
        return problem_set(p, EXIT_HOST,
                           "no permission to use TAP interface %s: it belongs to another user, or "
                           "is none; as root: ip tuntap add dev %s mode tap user $USER",
                           name, name);
    }
    if (error == EPERM) {
        return problem_set(p, EXIT_HOST,
                           "there is no TAP interface %s, and no permission to create it; as root: "
                           "ip tuntap add dev %s mode tap user $USER && ip link set %s up",
                           name, name, name);
    }
    if (error == EBUSY) {
        return problem_set(p, EXIT_HOST,
                           "TAP interface %s is in use by another process: end that, or name "
                           "another with --set net.interface=NAME",
                           name);
    }
    if (error == EINVAL && exists) {
        return problem_set(p, EXIT_HOST,
                           "interface %s is no TAP interface (or has several queues): name another "
                           "with --set net.interface=NAME",
                           name);
    }
    return problem_set(p, EXIT_HOST, "cannot use TAP interface %s: %s", name, strerror(error));
}

static bool request_ioctl(int sock, unsigned long what, struct ifreq *r, const char *name)
{
    memset(r->ifr_name, 0, sizeof(r->ifr_name));
    memcpy(r->ifr_name, name, strnlen(name, sizeof(r->ifr_name) - 1));
    return ioctl(sock, what, r) == 0;
}

/* The host's end of an interface that was created here gets the guest's gateway as its address. */
static bool set_host_address(int sock, const char *name, const struct net_config *c)
{
    struct in_addr guest, host;
    unsigned bits;
    if (!net_parse_cidr4(c->address, &guest, &bits) || inet_pton(AF_INET, c->gateway, &host) != 1)
        return true; /* nothing to set */
    struct ifreq r = {0};
    struct sockaddr_in *a = (struct sockaddr_in *)&r.ifr_addr;
    *a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = host};
    if (!request_ioctl(sock, SIOCSIFADDR, &r, name))
        return false;
    *a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(~0u << (32 - bits))};
    return request_ioctl(sock, SIOCSIFNETMASK, &r, name);
}

static bool set_mtu(int sock, const char *name, uint32_t mtu, struct problem *p)
{
    struct ifreq r = {0};
    if (request_ioctl(sock, SIOCGIFMTU, &r, name) && r.ifr_mtu == (int)mtu)
        return true;
    int has = r.ifr_mtu;
    r = (struct ifreq){.ifr_mtu = (int)mtu};
    return request_ioctl(sock, SIOCSIFMTU, &r, name) ||
           problem_set(p, EXIT_HOST,
                       "TAP interface %s has an MTU of %d, not %u: run with --set net.mtu=%d, or "
                       "as root: ip link set %s mtu %u",
                       name, has, mtu, has, name, mtu);
}

static bool set_up(int sock, const char *name, struct problem *p)
{
    struct ifreq r = {0};
    if (request_ioctl(sock, SIOCGIFFLAGS, &r, name) && (r.ifr_flags & IFF_UP))
        return true;
    r.ifr_flags |= IFF_UP;
    return request_ioctl(sock, SIOCSIFFLAGS, &r, name) ||
           problem_set(p, EXIT_HOST, "TAP interface %s is down; as root: ip link set %s up", name, name);
}

static bool configure_interface(const struct net_config *c, bool created, struct problem *p)
{
    int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (sock < 0)
        return problem_set(p, EXIT_HOST, "cannot open a socket: %s", strerror(errno));
    bool good = set_mtu(sock, c->interface, c->mtu, p);
    if (good && created && !set_host_address(sock, c->interface, c)) {
        good = problem_set(p, EXIT_HOST, "cannot give TAP interface %s the address %s: %s", c->interface, c->gateway,
                           strerror(errno));
    }
    good = good && set_up(sock, c->interface, p);
    close(sock);
    return good;
}

static bool interface_exists(const char *name)
{
    struct ifreq r = {0};
    int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool found = sock >= 0 && request_ioctl(sock, SIOCGIFINDEX, &r, name);
    close(sock);
    return found;
}

bool net_tap_open(struct net *n, struct problem *p)
{
    const struct net_config *c = n->config;
    struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    int header = NET_HEADER;
    tap = open(DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tap < 0)
        return no_device(p);
    bool there = interface_exists(c->interface);
    if (!request_ioctl(tap, TUNSETIFF, &r, c->interface))
        return cannot_attach(c->interface, there, p);
    if (ioctl(tap, TUNSETVNETHDRSZ, &header) || ioctl(tap, TUNSETOFFLOAD, 0))
        return problem_set(p, EXIT_HOST, "TAP interface %s: no offloads: %s", c->interface, strerror(errno));
    if (!loop_init(&loop, 2) || !loop_add(&loop, &kick_source, n->kick, POLLIN, net_take_kick, n))
        return problem_set(p, EXIT_HOST, "out of memory");
    return configure_interface(c, !there, p);
}

/* ---- Running ---- */

static void tap_started(struct net *n)
{
    unsigned offloads = 0;
    if (n->accepted >> VIRTIO_NET_F_GUEST_CSUM & 1)
        offloads |= TUN_F_CSUM;
    if (n->accepted >> VIRTIO_NET_F_GUEST_TSO4 & 1)
        offloads |= TUN_F_TSO4;
    if (n->accepted >> VIRTIO_NET_F_GUEST_TSO6 & 1)
        offloads |= TUN_F_TSO6;
    ioctl(tap, TUNSETOFFLOAD, (unsigned long)offloads); /* what open() found to work */
    held = 0;
}

static void tap_send(struct net *n, const struct virtio_net_hdr_v1 *h, struct iovec *iov, unsigned count,
                     uint32_t bytes)
{
    iov[0] = (struct iovec){(void *)h, NET_HEADER};
    if (writev(tap, iov, (int)count) < 0) {
        /* Refused by the kernel (a malformed frame, a full queue): lost, as on any wire. */
    }
}

/* Straight into receive buffers. 1: a frame came; 0: none; -1: there is not enough room. */
static int receive_directly(struct net *n)
{
    struct iovec iov[NET_RX_IOV];
    bool large = n->accepted & (1ull << VIRTIO_NET_F_GUEST_TSO4 | 1ull << VIRTIO_NET_F_GUEST_TSO6);
    unsigned count = net_room(n, iov, NET_HEADER + (large ? NET_FRAME_MAX : n->config->mtu + VLAN_HEADER));
    if (!count)
        return -1;
    ssize_t got = readv(tap, iov, (int)count);
    if (got <= (ssize_t)NET_HEADER)
        return 0;
    net_received(n, (uint32_t)got);
    return 1;
}

/* Through our own memory, whatever room there is; a frame that does not fit is held. */
static bool receive_held(struct net *n)
{
    if (!held) {
        ssize_t got = read(tap, bounce, sizeof(bounce));
        if (got <= (ssize_t)NET_HEADER)
            return false;
        held = (uint32_t)got;
    }
    struct virtio_net_hdr_v1 h;
    memcpy(&h, bounce, sizeof(h));
    if (!net_deliver(n, &h, bounce + NET_HEADER, held - NET_HEADER))
        return false;
    held = 0;
    return true;
}

static bool tap_receive(struct net *n)
{
    unsigned frames = 0;
    while (frames < NET_BATCH && net_running(n)) {
        int got = held ? -1 : receive_directly(n);
        if (got == 0 || (got < 0 && !receive_held(n)))
            break;
        frames++;
    }
    return frames > 0;
}

/* There is a frame to receive, or the interface is gone and would not let us sleep any more. */
static void tap_ready(void *net, short revents)
{
    static const char line[] = "bulkhead: the TAP interface is gone\n";
    if (revents & (POLLERR | POLLHUP | POLLNVAL))
        gone = write(STDERR_FILENO, line, sizeof(line) - 1) != 0;
}

static void tap_wait(struct net *n)
{
    if (net_running(n) && !held && !gone)
        loop_add(&loop, &tap_source, tap, POLLIN, tap_ready, n);
    loop_turn(&loop, LOOP_FOREVER);
    loop_remove(&loop, &tap_source);
}

const struct net_backend net_tap = {.started = tap_started, .send = tap_send, .receive = tap_receive, .wait = tap_wait};
