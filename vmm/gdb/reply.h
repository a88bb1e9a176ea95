/* Replies and notifications to GDB.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_GDB_REPLY_H
#define BH_VMM_GDB_REPLY_H

#include "vmm/gdb/gdb.h"

void gdb_send(struct gdb *g, const struct gdb_text *t);              /* a packet */
void gdb_send_notification(struct gdb *g, const struct gdb_text *t); /* % */
void gdb_reply(struct gdb *g, const char *text);
void gdb_reply_ok(struct gdb *g, bool good); /* "OK" or "E01" */

/* Adds what became of VM v (a stop reply), which GDB has been told then. */
void gdb_tell_stop(struct gdb *g, struct gdb_text *t, uint32_t v);

/* GDB's number of the guest's thread. */
uint32_t gdb_thread_number(const struct gdb *g, uint32_t thread);

#endif
