/* Locks: of bytes (fcntl()), which belong to a client, and of whole files (flock()), which belong to an open file. The
 * two kinds do not conflict with each other.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The list of a node has the locks of this file system's clients; ranges of one owner never overlap. For a file on the
 * host, the host gets the union of all clients' locks (ops->lock). */
#include <fcntl.h>
#include <stdlib.h>

#include <bh/callers.h>

#include "node.h"

enum { RETRY_FIRST_NS = 1000000, RETRY_LAST_NS = 50000000 };

struct vfs_held {
    struct vfs_held *next;
    const void *owner;
    uint64_t first, last;
    uint32_t type;
    uint32_t client; /* for whom it counts */
    bool flock;
};

static struct vfs_held *new_held(uint32_t client)
{
    struct vfs_held *h = vfs_take(client, VFS_LOCKS, 1) ? malloc(sizeof(*h)) : NULL;
    if (h)
        *h = (struct vfs_held){.client = client};
    return h;
}

static void free_held(struct vfs_held *h)
{
    if (h)
        vfs_give(h->client, VFS_LOCKS, 1);
    free(h);
}

static bool ranges_overlap(const struct vfs_held *h, uint64_t first, uint64_t last)
{
    return h->first <= last && first <= h->last;
}

static const struct vfs_held *find_conflict(const struct vfs_node *n, const void *owner, bool flock,
                                            const struct vfs_lock *lock)
{
    if (lock->type == F_UNLCK)
        return NULL;
    for (const struct vfs_held *h = n->locks; h; h = h->next)
        if (h->flock == flock && h->owner != owner && ranges_overlap(h, lock->first, lock->last) &&
            (h->type == F_WRLCK || lock->type == F_WRLCK))
            return h;
    return NULL;
}

/* Takes [first, last] out of the locks of the owner. `spare` is for the one range that may become two; NULL when
 * used. */
static void cut_range(struct vfs_node *n, const void *owner, bool flock, uint64_t first, uint64_t last,
                      struct vfs_held **spare)
{
    for (struct vfs_held **link = &n->locks, *h; (h = *link);) {
        if (h->flock != flock || h->owner != owner || !ranges_overlap(h, first, last)) {
            link = &h->next;
        } else if (h->first < first && h->last > last) {
            struct vfs_held *rest = *spare;
            uint32_t client = rest->client;
            *spare = NULL;
            *rest = *h;
            rest->client = client;
            rest->first = last + 1;
            h->last = first - 1;
            h->next = rest;
            return;
        } else if (h->first < first) {
            h->last = first - 1;
            link = &h->next;
        } else if (h->last > last) {
            h->first = last + 1;
            link = &h->next;
        } else {
            *link = h->next;
            free_held(h);
        }
    }
}

/* Unlocks on the host the bytes that no other client here has locked. */
static void release_outside(struct vfs_node *n, void *handle, const void *owner, const struct vfs_lock *lock)
{
    uint64_t at = lock->first;
    for (;;) {
        /* Locks of other owners: the one that contains `at`, and the first one behind it. */
        const struct vfs_held *in = NULL, *next = NULL;
        for (const struct vfs_held *h = n->locks; h; h = h->next) {
            if (h->flock || h->owner == owner || h->last < at)
                continue;
            if (h->first <= at)
                in = h;
            else if (!next || h->first < next->first)
                next = h;
        }
        if (in) {
            if (in->last >= lock->last)
                return;
            at = in->last + 1;
            continue;
        }
        bool all = !next || next->first > lock->last;
        struct vfs_lock part = {.first = at, .last = all ? lock->last : next->first - 1, .type = F_UNLCK};
        n->ops->lock(n, handle, false, &part);
        if (all)
            return;
        at = part.last + 1;
    }
}

/* Whether the change makes two ranges of one. */
static bool splits_range(const struct vfs_node *n, const void *owner, bool flock, const struct vfs_lock *lock)
{
    for (const struct vfs_held *h = n->locks; h; h = h->next)
        if (h->flock == flock && h->owner == owner && h->first < lock->first && h->last > lock->last)
            return true;
    return false;
}

/* One attempt. */
static int apply_lock(struct vfs_node *n, void *handle, const void *owner, bool flock, const struct vfs_lock *lock)
{
    bool wants_new = lock->type != F_UNLCK, wants_spare = splits_range(n, owner, flock, lock);
    uint32_t client = bh_caller();
    struct vfs_held *new = wants_new ? new_held(client) : NULL, *spare = wants_spare ? new_held(client) : NULL;
    int r = (wants_new && !new) || (wants_spare && !spare) ? -ENOLCK : 0;
    if (!r && n->ops->lock && !(flock && !handle)) {
        if (lock->type == F_UNLCK && !flock) /* the host itself knows the open file of a flock() */
            release_outside(n, handle, owner, lock);
        else
            r = n->ops->lock(n, handle, flock, lock);
    }
    if (!r) {
        cut_range(n, owner, flock, lock->first, lock->last, &spare);
        if (lock->type != F_UNLCK) {
            *new = (struct vfs_held){n->locks, owner, lock->first, lock->last, lock->type, client, flock};
            n->locks = new;
            new = NULL;
        }
    }
    free_held(new);
    free_held(spare);
    return r;
}

int vfs_lock_set(struct vfs_node *n, void *handle, const void *owner, bool flock, const struct vfs_lock *lock,
                 bool wait)
{
    uint64_t retry = RETRY_FIRST_NS;
    for (;;) {
        while (n->locking)
            if (vfs_wait(&n->locking, UINT64_MAX) == -ECANCELED)
                return -ECANCELED;
        bool inside = find_conflict(n, owner, flock, lock);
        int r = -EAGAIN;
        if (!inside) {
            n->locking = true;
            r = apply_lock(n, handle, owner, flock, lock);
            n->locking = false;
            vfs_wake(&n->locking);
        }
        if (!r)
            vfs_wake(&n->locks);
        if (r != -EAGAIN || !wait)
            return r;
        /* The host does not report when a lock goes away, so try again after a while. */
        if (vfs_wait(&n->locks, inside ? UINT64_MAX : retry) == -ECANCELED)
            return -ECANCELED;
        retry = retry * 2 > RETRY_LAST_NS ? RETRY_LAST_NS : retry * 2;
    }
}

int vfs_lock_find(struct vfs_node *n, void *handle, const void *owner, struct vfs_lock *lock)
{
    const struct vfs_held *h = find_conflict(n, owner, false, lock);
    lock->owner = 0;
    if (h) {
        *lock = (struct vfs_lock){h->first, h->last, h->type, 1};
        return 0;
    }
    if (n->ops->lock_test && lock->type != F_UNLCK)
        return n->ops->lock_test(n, handle, lock);
    lock->type = F_UNLCK;
    return 0;
}

void vfs_lock_drop(struct vfs_node *n, void *handle, const void *owner, bool flock)
{
    const struct vfs_lock all = {.last = UINT64_MAX, .type = F_UNLCK};
    for (const struct vfs_held *h = n->locks; h; h = h->next) {
        if (h->owner == owner && h->flock == flock) {
            int r;
            while ((r = vfs_lock_set(n, handle, owner, flock, &all, false)) == -ENOLCK || r == -ECANCELED)
                if (r == -ENOLCK)
                    vfs_wait(&n->locks, RETRY_LAST_NS);
            return;
        }
    }
}
