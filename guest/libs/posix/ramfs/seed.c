/* What the file system holds at the start: devices, /tmp, and the folder that the application brings.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The archive (scripts/pack_files.py): for each file or directory `mode size name-length` as little-endian 32-bit
 * words, the name without NUL, the contents. */
#include <errno.h>
#include <string.h>

#include "ramfs.h"

static uint32_t word(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int make(const char *path, mode_t mode, enum rf_device device)
{
    struct rf_node *n;
    int r = rf_create(path, mode, &n);
    if (r)
        return r == -EEXIST ? 0 : r;
    n->device = device;
    rf_put(n);
    return 0;
}

static int unpack(const char *path, mode_t mode, const char *contents, size_t size)
{
    struct rf_node *n;
    int r = rf_create(path, mode, &n);
    if (r)
        return r == -EEXIST && S_ISDIR(mode) ? 0 : r;
    if (size && S_ISREG(mode)) {
        n->seed = contents;
        n->size = size;
    }
    rf_put(n);
    return 0;
}

int rf_seed(const unsigned char *archive, size_t size)
{
    int r = make("/dev", S_IFDIR | 0755, RF_NO_DEVICE);
    if (!r)
        r = make("/tmp", S_IFDIR | 0777, RF_NO_DEVICE);
    if (!r)
        r = make("/dev/null", S_IFCHR | 0666, RF_NULL);
    if (!r)
        r = make("/dev/zero", S_IFCHR | 0666, RF_ZERO);
    if (!r)
        r = make("/dev/random", S_IFCHR | 0666, RF_RANDOM);
    if (!r)
        r = make("/dev/urandom", S_IFCHR | 0666, RF_RANDOM);
    while (!r && size) {
        char path[RF_PATH_MAX];
        if (size < 12)
            return -EINVAL;
        uint32_t mode = word(archive), contents = word(archive + 4), name = word(archive + 8);
        archive += 12, size -= 12;
        if (name >= sizeof(path) || name > size || contents > size - name)
            return -EINVAL;
        memcpy(path, archive, name);
        path[name] = '\0';
        r = unpack(path, mode, (const char *)archive + name, contents);
        archive += name + contents, size -= name + contents;
    }
    return r;
}
