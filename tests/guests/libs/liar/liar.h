/* The library that lies, and which lies there are.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef LIAR_H
#define LIAR_H

#include <net/lane.h>
#include <net/net.h>
#include <vfs/vfs.h>

enum liar_lie {
    LIE_NONE,
    LIE_OPEN,         /* vfs_open_stat() returns a descriptor of the caller's instead of 0 */
    LIE_NO_FILE,      /* it succeeds without a file */
    LIE_READ,         /* vfs_read() read more than there was room for */
    LIE_WRITE,        /* vfs_write() wrote more than it was given */
    LIE_LIST,         /* vfs_list() listed more than fits */
    LIE_LINK,         /* vfs_readlink() too */
    LIE_ATTRIBUTES,   /* a file of a negative size */
    LIE_RESOLVE,      /* net_resolve() found 100,000 addresses */
    LIE_RECEIVE,      /* net_recv() received a million bytes */
    LIE_RECEIVE_MORE, /* 60,000 bytes, which only MSG_TRUNC may tell */
    LIE_SEND,         /* net_send() sent a million bytes */
    LIE_INDEX,        /* net_socket() made a socket of a place that is not in the table */
    LIE_SAME_INDEX,   /* of one that another socket has */
    LIE_OPTION,       /* net_getopt() tells more than an int holds */
    LIE_ERROR,        /* SO_ERROR is negative: connect() would return it */
};

/* From now on the library tells this lie. */
void liar_tell(int lie);

#endif
