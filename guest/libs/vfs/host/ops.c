/* Names and attributes of files on the host's directory.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "host.h"

#include <fcntl.h>
#include <string.h>

static ssize_t send_to(struct vfs_node *n, struct host_call *call)
{
    call->node = host_of(n)->id;
    return host_send(host_of(n)->mount, call);
}

/* ---- Directories that were found lately ---- */

static struct vfs_node *find_directory(struct host_node *dir, const char *name)
{
    struct host_mount *m = dir->mount;
    int64_t now = vfs_clock();
    for (int i = 0; i < HOST_DIRECTORIES; i++) {
        struct host_node *n = m->directories[i] ? host_of(m->directories[i]) : NULL;
        if (n && n->parent == dir && now >= n->found && now - n->found < HOST_HOLD && strcmp(n->name, name) == 0)
            return &n->vfs;
    }
    return NULL;
}

static void keep_directory(struct vfs_node *vn, int64_t asked)
{
    struct host_node *n = host_of(vn);
    struct host_mount *m = n->mount;
    n->found = asked;
    for (int i = 0; i < HOST_DIRECTORIES; i++)
        if (m->directories[i] == vn)
            return;
    struct vfs_node *before = m->directories[m->next_directory % HOST_DIRECTORIES];
    m->directories[m->next_directory++ % HOST_DIRECTORIES] = vfs_get(vn);
    vfs_put(before);
}

/* A name was changed: directories may be elsewhere, or gone. */
static void forget_names(struct host_mount *m)
{
    host_cache_names();
    for (int i = 0; i < HOST_DIRECTORIES; i++) {
        struct vfs_node *before = m->directories[i];
        m->directories[i] = NULL;
        vfs_put(before);
    }
}

/* ---- Names ---- */

static int lookup_name(struct vfs_node *dir, const char *name, struct vfs_node **out)
{
    struct fuse_entry_out entry;
    struct host_call call = {.opcode = FUSE_LOOKUP, .name = name, .out = &entry, .out_size = sizeof(entry)};
    struct vfs_node *known = find_directory(host_of(dir), name);
    if (known) {
        *out = vfs_get(known);
        return 0;
    }
    struct host_asked asked = host_cache_ask();
    int r = (int)send_to(dir, &call);
    if (!r)
        r = host_node(host_of(dir)->mount, &entry, host_of(dir), name, out);
    if (r)
        return r;
    host_cache_seen(host_of(*out), &entry.attr, &asked);
    if (vfs_is_dir(*out) && host_of(*out)->parent && asked.names == host_cache_ask().names)
        keep_directory(*out, asked.at);
    return 0;
}

static int parent_of(struct vfs_node *dir, struct vfs_node **out)
{
    struct host_node *up = host_of(dir)->parent;
    *out = vfs_get(up ? &up->vfs : dir);
    return 0;
}

static int name_of(struct vfs_node *dir, char name[VFS_NAME_MAX + 1])
{
    struct fuse_attr_out attr;
    const struct fuse_getattr_in in = {0};
    struct host_call call = {
        .opcode = FUSE_GETATTR, .in = &in, .in_size = sizeof(in), .out = &attr, .out_size = sizeof(attr)};
    int r = (int)send_to(dir, &call);
    if (r || !attr.attr.nlink || !host_of(dir)->name)
        return r ? r : -ENOENT;
    strcpy(name, host_of(dir)->name);
    return 0;
}

static int create_file(struct vfs_node *dir, const char *name, uint32_t mode, uint32_t flags, struct vfs_node **n,
                       void **handle)
{
    struct {
        struct fuse_entry_out entry;
        struct fuse_open_out open;
    } out;
    /* The file's own mode does not say how this open file may be used: the server opens it as asked. */
    const struct fuse_create_in in = {.flags = flags & O_ACCMODE, .mode = mode & 07777};
    struct host_call call = {
        .opcode = FUSE_CREATE, .in = &in, .in_size = sizeof(in), .name = name, .out = &out, .out_size = sizeof(out)};
    int r = (int)send_to(dir, &call);
    forget_names(host_of(dir)->mount);
    if (r)
        return r;
    *handle = host_handle(out.open.fh);
    r = host_node(host_of(dir)->mount, &out.entry, host_of(dir), name, n);
    if (r)
        host_close_file(host_of(dir)->mount, out.entry.nodeid, *handle);
    return r;
}

static int create_node(struct vfs_node *dir, const char *name, uint32_t mode, uint32_t flags, const char *target,
                       struct vfs_node **n, void **handle)
{
    struct fuse_entry_out entry;
    const struct fuse_mkdir_in in = {.mode = mode & 07777};
    struct host_call call = {.out = &entry, .out_size = sizeof(entry), .name = name};
    if (S_ISREG(mode))
        return create_file(dir, name, mode, flags, n, handle);
    if (S_ISDIR(mode)) {
        call.opcode = FUSE_MKDIR;
        call.in = &in;
        call.in_size = sizeof(in);
    } else {
        call.opcode = FUSE_SYMLINK;
        call.name2 = target;
    }
    int r = (int)send_to(dir, &call);
    forget_names(host_of(dir)->mount);
    *handle = NULL;
    return r ? r : host_node(host_of(dir)->mount, &entry, host_of(dir), name, n);
}

static int remove_name(struct vfs_node *dir, const char *name, bool directory)
{
    struct host_call call = {.opcode = directory ? FUSE_RMDIR : FUSE_UNLINK, .name = name};
    int r = (int)send_to(dir, &call);
    forget_names(host_of(dir)->mount);
    return r;
}

static int rename_name(struct vfs_node *from, const char *from_name, struct vfs_node *to, const char *to_name)
{
    const struct fuse_rename2_in in = {.newdir = host_of(to)->id};
    struct host_call call = {
        .opcode = FUSE_RENAME2, .in = &in, .in_size = sizeof(in), .name = from_name, .name2 = to_name};
    if (host_of(from)->mount != host_of(to)->mount)
        return -EXDEV;
    int r = (int)send_to(from, &call);
    forget_names(host_of(from)->mount);
    if (!r)
        host_moved(host_of(from), from_name, host_of(to), to_name);
    return r;
}

static int link_name(struct vfs_node *n, struct vfs_node *dir, const char *name)
{
    struct fuse_entry_out entry;
    struct vfs_node *made;
    const struct fuse_link_in in = {.oldnodeid = host_of(n)->id};
    struct host_call call = {
        .opcode = FUSE_LINK, .in = &in, .in_size = sizeof(in), .name = name, .out = &entry, .out_size = sizeof(entry)};
    if (host_of(n)->mount != host_of(dir)->mount)
        return -EXDEV;
    int r = (int)send_to(dir, &call);
    forget_names(host_of(dir)->mount);
    if (!r)
        r = host_node(host_of(dir)->mount, &entry, host_of(dir), name, &made);
    if (!r)
        vfs_put(made);
    return r;
}

static ssize_t read_link(struct vfs_node *n, char *text, size_t size)
{
    char target[VFS_PATH_MAX];
    struct host_call call = {.opcode = FUSE_READLINK, .receive = target, .receive_size = sizeof(target)};
    ssize_t length = send_to(n, &call);
    if (length <= 0)
        return length;
    length = (size_t)length < size ? length : (ssize_t)size;
    memcpy(text, target, (size_t)length);
    return length;
}

static int stat_node(struct vfs_node *n, void *handle, struct vfs_stat *st)
{
    struct fuse_attr_out attr;
    const struct fuse_getattr_in in = {0};
    struct host_call call = {
        .opcode = FUSE_GETATTR, .in = &in, .in_size = sizeof(in), .out = &attr, .out_size = sizeof(attr)};
    (void)handle;
    struct host_node *h = host_of(n);
    struct host_asked asked = host_cache_ask();
    bool fresh = host_cache_fresh(h);
    int r = fresh ? 0 : (int)send_to(n, &call);
    if (r)
        return r;
    if (!fresh)
        host_cache_seen(h, &attr.attr, &asked);
    host_stat(h, &h->cache.attr, st);
    return 0;
}

/* Rounds down, before 1970 too. */
static void split_time(int64_t ns, uint64_t *seconds, uint32_t *nanoseconds)
{
    int64_t rest = ns % 1000000000;
    rest += rest < 0 ? 1000000000 : 0;
    *nanoseconds = (uint32_t)rest;
    *seconds = (uint64_t)(ns / 1000000000 - (ns < 0 && rest)); /* ns - rest could overflow */
}

static int change_node(struct vfs_node *n, void *handle, uint32_t what, uint64_t value, int64_t accessed,
                       int64_t modified)
{
    struct fuse_attr_out attr;
    struct fuse_setattr_in in = {0};
    struct host_call call = {
        .opcode = FUSE_SETATTR, .in = &in, .in_size = sizeof(in), .out = &attr, .out_size = sizeof(attr)};
    if (what & VFS_SIZE) {
        in.valid |= FATTR_SIZE | (handle ? FATTR_FH : 0);
        in.fh = handle ? host_fh(handle) : 0;
        in.size = value;
    }
    if (what & VFS_MODE) {
        in.valid |= FATTR_MODE;
        in.mode = (uint32_t)value & 07777;
    }
    if (what & VFS_ACCESSED) {
        in.valid |= FATTR_ATIME | (accessed == VFS_NOW ? FATTR_ATIME_NOW : 0);
        split_time(accessed == VFS_NOW ? 0 : accessed, &in.atime, &in.atimensec);
    }
    if (what & VFS_MODIFIED) {
        in.valid |= FATTR_MTIME | (modified == VFS_NOW ? FATTR_MTIME_NOW : 0);
        split_time(modified == VFS_NOW ? 0 : modified, &in.mtime, &in.mtimensec);
    }
    host_cache_begin(host_of(n));
    int r = (int)send_to(n, &call);
    host_cache_end(host_of(n));
    return r;
}

static int room_of(struct vfs_node *n, struct vfs_room *out)
{
    struct fuse_statfs_out st;
    struct host_call call = {.opcode = FUSE_STATFS, .out = &st, .out_size = sizeof(st)};
    int r = (int)send_to(n, &call);
    if (!r)
        *out = (struct vfs_room){.blocks = st.st.blocks,
                                 .free = st.st.bfree,
                                 .available = st.st.bavail,
                                 .files = st.st.files,
                                 .free_files = st.st.ffree,
                                 .size_of_block = st.st.bsize,
                                 .name_max = st.st.namelen};
    return r;
}

static ssize_t read_file(struct vfs_node *n, void *handle, void *buffer, size_t size, uint64_t offset)
{
    return host_cache_read(host_of(n), handle, buffer, size, offset);
}

const struct vfs_ops host_ops = {
    .release = host_release,
    .lookup = lookup_name,
    .parent = parent_of,
    .name = name_of,
    .create = create_node,
    .remove = remove_name,
    .rename = rename_name,
    .link = link_name,
    .list = host_list,
    .readlink = read_link,
    .open = host_open,
    .close = host_close,
    .read = read_file,
    .write = host_write,
    .append = host_append,
    .stat = stat_node,
    .change = change_node,
    .allocate = host_allocate,
    .sync = host_sync,
    .room = room_of,
    .lock = host_lock,
    .lock_test = host_lock_test,
};
