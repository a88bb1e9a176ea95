/* lwIP's options. Sizes and the reasons for them: docs/network.md.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef NET_LWIPOPTS_H
#define NET_LWIPOPTS_H

/* Threads are cooperative and lwIP never waits: no locks, no tcpip thread, no mailboxes. The socket layer
 * (guest/libs/lwip/src) calls the raw API on whichever thread the call came in. */
#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN         0
#define LWIP_SOCKET          0
#define LWIP_TIMERS          1

/* Memory: packets and send queues from the compartment's heap, counted and bounded (heap.c); structures from pools, so
 * that a flood of connections meets a limit that lwIP knows how to handle (it ends TIME_WAIT early). */
#define MEM_CUSTOM_ALLOCATOR 1
#define MEM_CUSTOM_MALLOC    net_data_malloc
#define MEM_CUSTOM_CALLOC    net_data_calloc
#define MEM_CUSTOM_FREE      net_data_free
void *net_data_malloc(__SIZE_TYPE__ size);
void *net_data_calloc(__SIZE_TYPE__ count, __SIZE_TYPE__ size);
void net_data_free(void *block);
#define MEMP_MEM_MALLOC          0
#define MEM_ALIGNMENT            16
#define MEMP_NUM_TCP_PCB         3072
#define MEMP_NUM_TCP_PCB_LISTEN  64
#define MEMP_NUM_UDP_PCB         256
#define MEMP_NUM_TCP_SEG         16384
#define MEMP_NUM_PBUF            512
#define MEMP_NUM_REASSDATA       16
#define MEMP_NUM_ARP_QUEUE       64
#define MEMP_NUM_ND6_QUEUE       64
#define MEMP_NUM_SYS_TIMEOUT     (LWIP_NUM_SYS_TIMEOUT_INTERNAL + 4)
#define MEMP_NUM_FRAG_PBUF       64
#define PBUF_POOL_SIZE           64
#define PBUF_POOL_BUFSIZE        1664
#define LWIP_SUPPORT_CUSTOM_PBUF 1
/* Only what net_interface() tells: how many of each structure are in use. */
#define LWIP_STATS     1
#define MEMP_STATS     1
#define MEM_STATS      0
#define LINK_STATS     0
#define ETHARP_STATS   0
#define IP_STATS       0
#define IPFRAG_STATS   0
#define ICMP_STATS     0
#define UDP_STATS      0
#define TCP_STATS      0
#define SYS_STATS      0
#define IP6_STATS      0
#define ICMP6_STATS    0
#define IP6_FRAG_STATS 0
#define MLD6_STATS     0
#define ND6_STATS      0

/* Room in front of each frame for the virtio-net header: one descriptor for header and first buffer. */
#define PBUF_LINK_ENCAPSULATION_HLEN 16

/* ---- TCP ---- */
#define LWIP_TCP                       1
#define TCP_MSS                        8960 /* jumbo frames; what counts is the interface's MTU */
#define LWIP_WND_SCALE                 1
#define TCP_RCV_SCALE                  4
#define TCP_WND                        (256 * 1024)
#define TCP_SND_BUF                    (512 * 1024) /* half of it for what a lane can hold */
#define TCP_SND_QUEUELEN               8192         /* as well */
#define TCP_SNDLOWAT                   (64 * 1024 - 1 - 4 * TCP_MSS)
#define TCP_OVERSIZE                   TCP_MSS
#define TCP_QUEUE_OOSEQ                1
#define TCP_OOSEQ_MAX_BYTES            (64 * 1024)
#define LWIP_TCP_SACK_OUT              1
#define LWIP_TCP_KEEPALIVE             1
#define TCP_LISTEN_BACKLOG             0 /* lwIP's counter has 8 bits: net_hook_tcp_in() bounds the queue */
#define TCP_MSL                        5000UL
#define TCP_DEFAULT_LISTEN_BACKLOG     255
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1 /* they compare with the pbuf pool, which is not what receives here */
#define TCP_CHECKSUM_ON_COPY           0

struct tcp_pcb;
struct tcp_hdr;
struct pbuf;
struct ip_addr;
signed char net_hook_tcp_in(struct tcp_pcb *pcb, const struct tcp_hdr *header, const struct pbuf *p);
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, hdr, optlen, opt1len, opt2, p) net_hook_tcp_in(pcb, hdr, p)
int net_hook_ip_in(const struct pbuf *p);
#define LWIP_HOOK_IP4_INPUT(p, netif)             net_hook_ip_in(p)
#define LWIP_HOOK_IP6_INPUT(p, netif)             net_hook_ip_in(p)
#define LWIP_HOOK_TCP_ISN(lip, lport, rip, rport) net_hook_isn(lip, sizeof(*(lip)), lport, rip, rport)
unsigned net_hook_isn(const void *local, __SIZE_TYPE__ size, unsigned short local_port, const void *remote,
                      unsigned short remote_port);

/* ---- UDP, IP, ICMP ---- */
#define LWIP_UDP                           1
#define LWIP_RAW                           0
#define LWIP_IPV4                          1
#define IP_DEFAULT_TTL                     64
#define LWIP_IPV6                          1
#define LWIP_ICMP                          1
#define LWIP_ICMP6                         1
#define LWIP_BROADCAST_PING                0
#define LWIP_MULTICAST_PING                0
#define LWIP_ARP                           1
#define ARP_TABLE_SIZE                     32
#define ARP_QUEUEING                       1
#define ARP_QUEUE_LEN                      16
#define LWIP_IGMP                          0
#define LWIP_IPV6_MLD                      1
#define LWIP_IPV6_AUTOCONFIG               1
#define LWIP_IPV6_DHCP6                    0
#define LWIP_ND6_QUEUEING                  1
#define LWIP_ND6_ALLOW_RA_UPDATES          1
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS     1
#define IP_FORWARD                         0
#define IP_REASSEMBLY                      1
#define IP_REASS_MAX_PBUFS                 48
#define IP_FRAG                            1
#define LWIP_IPV6_FRAG                     1
#define LWIP_IPV6_REASS                    1
#define IPV6_REASS_MAXAGE                  15 /* s, as for IPv4: half a packet holds receive buffers */
#define IPV6_FRAG_COPYHEADER               1  /* pointers have 64 bits */
#define IP_SOF_BROADCAST                   1
#define SO_REUSE                           1
#define SO_REUSE_RXTOALL                   1
#define LWIP_RANDOMIZE_INITIAL_LOCAL_PORTS 1
#define LWIP_NUM_NETIF_CLIENT_DATA         0

/* ---- Configuration ---- */
#define LWIP_DHCP                    1
#define LWIP_DHCP_DOES_ACD_CHECK     0 /* costs seconds at start */
#define LWIP_ACD                     0
#define LWIP_AUTOIP                  0
#define LWIP_DHCP_BOOTP_FILE         0
#define LWIP_DNS                     1
#define DNS_TABLE_SIZE               16
#define DNS_MAX_SERVERS              3
#define LWIP_DNS_SECURE              7
#define LWIP_NETIF_HOSTNAME          1
#define LWIP_NETIF_STATUS_CALLBACK   1
#define LWIP_NETIF_LINK_CALLBACK     0
#define LWIP_NETIF_TX_SINGLE_PBUF    0
#define LWIP_HAVE_LOOPIF             1
#define LWIP_NETIF_LOOPBACK          1
#define LWIP_LOOPBACK_MAX_PBUFS      512
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1

#endif
