/* The virtio-net driver: features, queues, and lwIP's interface to them.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * There are no interrupts: the core watches the used index of the receive queue while the VM polls, and the device
 * wakes the VM when it is parked. Both sides ask for a notification only when they are about to sleep (event index). */
#include "virtio_net.h"

#include <malloc.h>
#include <string.h>

#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/priv/tcp_priv.h"

struct net_device net_device;

enum { QUEUE_MAX = 512, QUEUE_MIN = 16, RING_ALIGN = 64, BLOCKED_MS = 1 };

const struct net_device_counters *net_device_counters(void)
{
    return &net_device.counters;
}

static const struct bh_boot_net *boot_net(void)
{
    return (const void *)((const char *)bh_boot() + bh_boot()->net_off);
}

/* Chooses the offered features that this driver uses. Some are valid only together with another (virtio 1.2,
 * 5.1.3.1). */
static uint64_t choose_features(uint64_t offered)
{
    uint64_t f = 1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_EVENT_IDX | 1ull << VIRTIO_NET_F_MAC |
                 1ull << VIRTIO_NET_F_MTU | 1ull << VIRTIO_NET_F_MRG_RXBUF | 1ull << VIRTIO_NET_F_CSUM |
                 1ull << VIRTIO_NET_F_GUEST_CSUM | 1ull << VIRTIO_NET_F_HOST_TSO4 | 1ull << VIRTIO_NET_F_HOST_TSO6 |
                 1ull << VIRTIO_NET_F_GUEST_TSO4 | 1ull << VIRTIO_NET_F_GUEST_TSO6;
    f &= offered;
    if (!(f >> VIRTIO_NET_F_CSUM & 1))
        f &= ~(1ull << VIRTIO_NET_F_HOST_TSO4 | 1ull << VIRTIO_NET_F_HOST_TSO6);
    if (!(f >> VIRTIO_NET_F_GUEST_CSUM & 1) || !(f >> VIRTIO_NET_F_MRG_RXBUF & 1))
        f &= ~(1ull << VIRTIO_NET_F_GUEST_TSO4 | 1ull << VIRTIO_NET_F_GUEST_TSO6);
    return f;
}

static void make_queue(struct virtqueue *q, uint32_t size)
{
    size_t bytes = vring_size(size, RING_ALIGN);
    void *memory = memalign(RING_ALIGN, bytes);
    void *private_memory = malloc(VQ_PRIVATE(size));
    if (!memory || !private_memory)
        bh_panic("no memory for the network device's queues: give this compartment more `memory`");
    memset(memory, 0, bytes);
    struct vring ring;
    vring_init(&ring, size, memory, RING_ALIGN);
    vq_init(q, &ring, private_memory, net_feature(VIRTIO_RING_F_EVENT_IDX));
}

static void describe_queue(struct bh_net_setup *setup, uint32_t index, const struct virtqueue *q)
{
    setup->queue[index].desc = (uint64_t)(uintptr_t)q->ring.desc;
    setup->queue[index].avail = (uint64_t)(uintptr_t)q->ring.avail;
    setup->queue[index].used = (uint64_t)(uintptr_t)q->ring.used;
    setup->queue[index].size = q->ring.num;
}

static void start_device(void)
{
    struct bh_net_setup setup = {
        .features = net_device.features, .buffers = net_device.heap, .buffers_size = net_device.heap_size};
    describe_queue(&setup, NET_RECEIVE_QUEUE, &net_device.rx);
    describe_queue(&setup, NET_TRANSMIT_QUEUE, &net_device.tx);
    long r = bh_core()->net_start(&setup);
    if (r)
        bh_panic("the network device does not start: error %ld", -r);
    int w = bh_core()->watch((const volatile uint16_t *)&net_device.rx.ring.used->idx, &net_device);
    if (w)
        bh_panic("no watch left for the network device: error %d", -w);
}

static void find_heap(void)
{
    const struct bh_boot_compartment *c = (const void *)((const char *)bh_boot() + bh_boot()->compartments_off);
    while (c->index != bh_gates.compartment)
        c++;
    net_device.heap = c->heap_va;
    net_device.heap_size = c->heap_size;
}

/* An eighth of the heap for receive buffers, and a queue of at most half of them. */
static uint32_t receive_buffers(void)
{
    uint64_t n = net_device.heap_size / 8 / NET_BUFFER_SIZE;
    return n > 4 * QUEUE_MAX ? 4 * QUEUE_MAX : (uint32_t)n;
}

static uint32_t queue_size(uint32_t buffers)
{
    uint32_t size = QUEUE_MIN;
    while (size < QUEUE_MAX && size * 4 <= buffers)
        size *= 2;
    return size;
}

err_t net_device_init(struct netif *netif)
{
    const struct bh_boot_net *net = boot_net();
    find_heap();
    net_device.features = choose_features(net->features);
    if (!net_feature(VIRTIO_F_VERSION_1))
        bh_panic("the network device offers features %llx: not virtio 1", (unsigned long long)net->features);
    uint32_t buffers = receive_buffers(), size = queue_size(buffers);
    if (buffers < 2 * QUEUE_MIN)
        bh_panic("%llu bytes of heap are too few for the network: give this compartment more `memory`",
                 (unsigned long long)net_device.heap_size);
    make_queue(&net_device.rx, size);
    make_queue(&net_device.tx, size);
    net_rx_init(size, buffers);
    net_tx_init(size);
    start_device();

    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->mtu = (uint16_t)net->mtu;
    if (!net_feature(VIRTIO_NET_F_MRG_RXBUF) && netif->mtu > NET_BUFFER_SIZE - NET_HEADER - SIZEOF_ETH_HDR)
        netif->mtu = NET_BUFFER_SIZE - NET_HEADER - SIZEOF_ETH_HDR;
    netif->mtu6 = netif->mtu;
    netif->hwaddr_len = ETH_HWADDR_LEN;
    memcpy(netif->hwaddr, net->mac, ETH_HWADDR_LEN);
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6;
    netif->output = etharp_output;
    netif->output_ip6 = ethip6_output;
    netif->linkoutput = net_tx_output;
    /* The transmit half completes TCP's checksum by asking the device to; the receive half decides for each frame. */
    NETIF_SET_CHECKSUM_CTRL(netif, net_feature(VIRTIO_NET_F_CSUM) ? NETIF_CHECKSUM_ENABLE_ALL & ~NETIF_CHECKSUM_GEN_TCP
                                                                  : NETIF_CHECKSUM_ENABLE_ALL);
    return ERR_OK;
}

uint32_t net_device_poll(uint32_t budget)
{
    return net_rx_poll(&net_netif, budget);
}

void net_device_flush(void)
{
    net_tx_flush();
    if (net_tx_unblock()) {
        tcp_txnow(); /* sends what was refused for lack of descriptors */
        net_tx_flush();
    }
    net_rx_refill();
}

void net_device_look(void)
{
    bh_core()->wakeup(&net_device, UINT32_MAX);
}

void net_device_wait(uint32_t ms)
{
    if (net_tx_blocked() && ms > BLOCKED_MS)
        ms = BLOCKED_MS; /* transmit completions do not wake the VM */
    bh_heap_rest();
    if (!vq_want_notification(&net_device.rx, 0))
        bh_core()->sleep(&net_device, ms == UINT32_MAX ? BH_FOREVER : ms * 1000000ull);
}
