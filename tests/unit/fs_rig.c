/* A mount's server without its process.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "fs_rig.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fs rig_fs;
char rig_path[64], rig_outside[80];
struct fs_reply rig_reply;
uint8_t rig_data[65536];

void rig_open(bool read_only)
{
    if (!rig_path[0]) {
        strcpy(rig_path, "/tmp/bulkhead-fs-XXXXXX");
        if (!mkdtemp(rig_path))
            abort();
        snprintf(rig_outside, sizeof(rig_outside), "%s.outside", rig_path);
        int fd = open(rig_outside, O_WRONLY | O_CREAT | O_EXCL, 0600);
        if (fd < 0 || write(fd, "secret", 6) != 6)
            abort();
        close(fd);
    }
    int directory = open(rig_path, O_PATH | O_DIRECTORY), proc = open("/proc/self/fd", O_PATH | O_DIRECTORY);
    if (directory < 0 || proc < 0 || !fs_init(&rig_fs, directory, proc, read_only))
        abort();
}

void rig_close(void)
{
    int directory = rig_fs.nodes[0].fd, proc = rig_fs.proc;
    fs_release(&rig_fs);
    close(directory);
    close(proc);
}

void rig_remove(void)
{
    char command[160];
    snprintf(command, sizeof(command), "rm -rf '%s' '%s'", rig_path, rig_outside);
    if (system(command))
        abort();
}

static int exchange(const void *request, size_t size, const void *data, size_t data_size)
{
    static uint8_t answer[4096];
    struct iovec in[2] = {{(void *)request, size}, {(void *)data, data_size}};
    /* The first page is what FUSE answers, the rest what is read. */
    struct iovec out[2] = {{answer, sizeof(struct fuse_out_header)}, {rig_data, sizeof(rig_data)}};
    struct fuse_out_header head;
    size_t got = fs_handle(&rig_fs, in, data_size ? 2 : 1, out, 2);
    if (got < sizeof(head))
        return -1;
    memcpy(&head, answer, sizeof(head));
    rig_reply.size = got - sizeof(head);
    memcpy(rig_reply.body, rig_data, rig_reply.size < sizeof(rig_reply.body) ? rig_reply.size : sizeof(rig_reply.body));
    return -head.error;
}

int rig_send(uint32_t opcode, uint64_t node, const void *in, size_t size, const char *name, const char *name2)
{
    static uint8_t request[FS_REQUEST_MAX];
    struct fuse_in_header head = {.opcode = opcode, .nodeid = node};
    size_t at = sizeof(head);
    if (size)
        memcpy(request + at, in, size);
    at += size;
    for (int i = 0; i < 2; i++) {
        const char *text = i ? name2 : name;
        if (text) {
            memcpy(request + at, text, strlen(text) + 1);
            at += strlen(text) + 1;
        }
    }
    memcpy(request, &head, sizeof(head));
    return exchange(request, at, NULL, 0);
}

int rig_lookup(uint64_t dir, const char *name, uint64_t *node)
{
    int error = rig_send(FUSE_LOOKUP, dir, NULL, 0, name, NULL);
    *node = error ? 0 : rig_reply.entry.nodeid;
    return error;
}

int rig_open_node(uint64_t node, uint32_t flags, uint64_t *fh)
{
    struct fuse_open_in in = {.flags = flags};
    int error = rig_send(flags & O_DIRECTORY ? FUSE_OPENDIR : FUSE_OPEN, node, &in, sizeof(in), NULL, NULL);
    *fh = error ? 0 : ((struct fuse_open_out *)(void *)rig_reply.body)->fh;
    return error;
}

int rig_create(uint64_t dir, const char *name, uint64_t *node, uint64_t *fh)
{
    struct fuse_create_in in = {.flags = O_RDWR, .mode = 04755};
    struct {
        struct fuse_entry_out entry;
        struct fuse_open_out open;
    } out;
    int error = rig_send(FUSE_CREATE, dir, &in, sizeof(in), name, NULL);
    memcpy(&out, rig_reply.body, sizeof(out));
    *node = error ? 0 : out.entry.nodeid;
    *fh = error ? 0 : out.open.fh;
    return error;
}

int rig_write(uint64_t fh, const char *text, uint64_t offset)
{
    struct {
        struct fuse_in_header head;
        struct fuse_write_in in;
    } request = {.head = {.opcode = FUSE_WRITE}, .in = {.fh = fh, .offset = offset, .size = (uint32_t)strlen(text)}};
    return exchange(&request, sizeof(request), text, strlen(text));
}
