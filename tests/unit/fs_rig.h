/* A mount's server without its process: messages by hand, in a directory made for the test.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_TESTS_FS_RIG_H
#define BH_TESTS_FS_RIG_H

#include "vmm/fs/server.h"

extern struct fs rig_fs;
extern char rig_path[64]; /* the directory; beside it lies rig_outside, a file that nobody may reach */
extern char rig_outside[80];
extern struct fs_reply rig_reply; /* of the last message: its body and size */
extern uint8_t rig_data[65536];   /* and the data that it brought */

void rig_open(bool read_only); /* makes the directory the first time */
void rig_close(void);          /* without removing anything */
void rig_remove(void);

/* One message: the operation's structure, then names, each with its NUL (NULL: none). The answer's errno value
 * (positive), 0, or -1: there was no answer. */
int rig_send(uint32_t opcode, uint64_t node, const void *in, size_t size, const char *name, const char *name2);
int rig_lookup(uint64_t dir, const char *name, uint64_t *node);
int rig_open_node(uint64_t node, uint32_t flags, uint64_t *fh);
int rig_create(uint64_t dir, const char *name, uint64_t *node, uint64_t *fh);
int rig_write(uint64_t fh, const char *text, uint64_t offset);

#endif
