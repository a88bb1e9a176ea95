/* What the files of the network library share: device, memory, configuration. The socket layer adds socket.h.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Everything runs on cooperative threads and nothing here waits, so lwIP needs no lock: a call of the exported
 * interface, the receive thread and lwIP's timers never overlap. Every call into lwIP ends with net_leave(). */
#ifndef NET_NETCORE_H
#define NET_NETCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lwip/netif.h"
#include "lwip/pbuf.h"

#include <bh/bulkhead.h>
#include <bh/callers.h>
#include <bh/core.h>

/* ---- Start and configuration (net_start.c) ---- */
extern struct netif net_netif;
bool net_present(void);                 /* this VM has a network device */
bool net_usable(void);                  /* an address beyond the link-local is configured */
bool net_configuring(void);             /* DHCP or autoconfiguration may still bring one */
#define NET_CONFIGURE_NS 15000000000ull /* how long to expect that */

/* Sends what lwIP has queued, gives receive buffers back, and wakes the threads that wait for events. It has to be
 * called after every call into lwIP. */
void net_leave(void);

/* ---- Device (virtio_net.c) ---- */
struct net_device_counters {
    uint64_t received, sent, dropped;
    uint32_t free_buffers, buffers;
};
/* Sets up the queues and lwIP's interface functions; called by netif_add(). */
err_t net_device_init(struct netif *netif);
/* Passes at most `budget` frames to lwIP. Returns how many there were. */
uint32_t net_device_poll(uint32_t budget);
/* Posts the frames that are held back, gives the device its buffers, and kicks it if it asks for that. */
void net_device_flush(void);
/* Waits for frames, at most `ms`. */
void net_device_wait(uint32_t ms);
void net_device_look(void); /* ends a wait */
const struct net_device_counters *net_device_counters(void);
/* Receive buffers are short. Low: data that waits for the application is copied to memory of its own. Scarce: it is
 * dropped unless its socket has next to nothing queued. Gone: it is dropped. */
bool net_buffers_low(void);
bool net_buffers_scarce(void);
bool net_buffers_gone(void);

/* ---- Memory (heap.c) ---- */
void net_heap_init(void);
size_t net_data_bytes(void);
size_t net_heap_used(void); /* of the whole compartment, bytes */
size_t net_heap_bytes(void);
/* May data of this kind take more memory? The values are eighths of the memory for packets. "Little": for a socket that
 * has next to nothing queued. */
enum net_use {
    NET_USE_RECEIVED = 4,
    NET_USE_RECEIVED_LITTLE = 5,
    NET_USE_SENT = 6,
    NET_USE_SENT_LITTLE = 7,
};
#define NET_LITTLE 4096u /* bytes */
bool net_data_room(enum net_use use);

/* ---- Sockets (events.c, tcp.c) ---- */
void net_table_init(void);
void net_events_flush(void);
void net_lanes_tell(void);           /* after events: replies to the callers that want to be woken */
void net_lanes_choke(void);          /* tells lanes whether memory is short */
bool net_lanes_again(void);          /* runs lanes that were not finished; true: some are not yet */
void net_tcp_connect_deferred(void); /* the interface came up, or did not in time */

#endif
