/* Fuzzer: messages of a hostile guest to the server of its mount.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * What must hold: no memory error, an answer that fits its room, a bounded amount of work, and the file beside the
 * directory is never touched. The input is a list of messages: opcode, node, structure, names. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "unit/fs_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* Numbers that are nearly right, most of the time. */
static uint64_t number(const uint8_t *at)
{
    return at[0] & 0x80 ? (uint64_t)at[0] << 56 | at[1] : at[0] & 15;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct stat before;
    struct stat now;
    if (!rig_path[0]) {
        const struct rlimit small = {1 << 20, 1 << 20}; /* no huge files */
        setrlimit(RLIMIT_FSIZE, &small);
        signal(SIGXFSZ, SIG_IGN);
        rig_open(false);
        require(stat(rig_outside, &before) == 0);
        atexit(rig_remove);
    } else {
        rig_open(false);
    }
    for (unsigned rounds = 0; size >= 8 && rounds < 64; rounds++) {
        struct {
            struct fuse_in_header head;
            uint8_t body[512];
        } request = {.head = {.opcode = data[0] % 56u, .nodeid = number(data + 1), .unique = rounds}};
        size_t bytes = data[3] + (size_t)data[4] % 2 * 256;
        size_t in_size = data[5] % 128u, room = 16u + data[6] * 16u;
        uint64_t handle = number(data + 6);
        data += 8, size -= 8;
        bytes = bytes < size ? bytes : size;
        memcpy(request.body, data, bytes);
        memcpy(request.body, &handle, sizeof(handle)); /* fh, newdir, oldnodeid: first in most structures */
        data += bytes, size -= bytes;
        uint8_t *answer = malloc(room); /* its end is guarded */
        struct iovec in[2] = {{&request, sizeof(request.head) + bytes}, {request.body, in_size}}, out = {answer, room};
        require(answer && fs_handle(&rig_fs, in, 2, &out, 1) <= room);
        free(answer);
    }
    rig_close();
    require(stat(rig_outside, &now) == 0 && now.st_mode == before.st_mode && now.st_nlink == 1 &&
            now.st_size == before.st_size && now.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
    return 0;
}
