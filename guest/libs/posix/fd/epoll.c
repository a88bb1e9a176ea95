/* epoll: a set of descriptors that keeps a list of those that are ready.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * An item is put on the ready list when its file says that something happened. epoll_wait() asks the file itself once
 * more. Level-triggered items then stay on the list until they are found not ready. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "../px.h"

struct epoll;

struct item {
    struct px_watch watch; /* on the list of `target` */
    struct epoll *epoll;
    struct px_file *target; /* no reference: closing it removes the item */
    int fd;
    bool listed;
    bool disabled;              /* EPOLLONESHOT, until EPOLL_CTL_MOD */
    struct item *next, *before; /* ready list */
    struct epoll_event event;
};

struct epoll {
    struct px_file file;
    struct item **items; /* by descriptor */
    size_t n_items;
    struct item *first, *last;
    unsigned n_listed;
};

static void enlist_item(struct item *i)
{
    struct epoll *e = i->epoll;
    if (i->listed)
        return;
    i->listed = true;
    i->next = NULL;
    i->before = e->last;
    if (e->last)
        e->last->next = i;
    else
        e->first = i;
    e->last = i;
    e->n_listed++;
}

static void unlist_item(struct item *i)
{
    struct epoll *e = i->epoll;
    if (!i->listed)
        return;
    i->listed = false;
    if (i->before)
        i->before->next = i->next;
    else
        e->first = i->next;
    if (i->next)
        i->next->before = i->before;
    else
        e->last = i->before;
    e->n_listed--;
}

static unsigned wanted_events(const struct item *i)
{
    return (i->event.events & 0xffff) | POLLERR | POLLHUP;
}

static void fire_item(struct px_watch *watch, unsigned now)
{
    struct item *i = (struct item *)watch;
    if (i->disabled || !(now & wanted_events(i)))
        return;
    enlist_item(i);
    px_notify(&i->epoll->file);
}

static void drop_item(struct item *i)
{
    unlist_item(i);
    px_watch_remove(&i->watch);
    i->epoll->items[i->fd] = NULL;
    free(i);
}

static unsigned epoll_poll(struct px_file *f)
{
    struct epoll *e = (struct epoll *)f;
    return e->first ? POLLIN | POLLRDNORM : 0;
}

static void epoll_close(struct px_file *f)
{
    struct epoll *e = (struct epoll *)f;
    for (size_t i = 0; i < e->n_items; i++)
        if (e->items[i])
            drop_item(e->items[i]);
    free(e->items);
    free(e);
}

static const struct px_ops ops = {.poll = epoll_poll, .close = epoll_close};

bool px_is_epoll(const struct px_file *f)
{
    return f->ops == &ops;
}

/* Removes the items of a file that is being closed. px_put() calls it before the close operation of the file. */
void px_epoll_forget(struct px_file *target)
{
    for (struct px_watch *w = target->watches, *next; w; w = next) {
        next = w->next;
        if (w->fire == fire_item)
            drop_item((struct item *)w);
    }
}

int px_epoll_create(struct px_file **f)
{
    struct epoll *e = calloc(1, sizeof(*e));
    if (!e)
        return -ENOMEM;
    px_file_init(&e->file, &ops, O_RDWR);
    *f = &e->file;
    return 0;
}

static int add_item(struct epoll *e, int fd, struct px_file *target, const struct epoll_event *event)
{
    if ((size_t)fd >= e->n_items) {
        size_t n = (size_t)fd < 64 ? 64 : (size_t)fd * 2;
        struct item **grown = realloc(e->items, n * sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        for (size_t i = e->n_items; i < n; i++)
            grown[i] = NULL;
        e->items = grown;
        e->n_items = n;
    }
    if (e->items[fd])
        drop_item(e->items[fd]); /* an item of another file that had this number and is still open through dup() */
    struct item *i = calloc(1, sizeof(*i));
    if (!i)
        return -ENOMEM;
    *i = (struct item){.watch.fire = fire_item, .epoll = e, .target = target, .fd = fd, .event = *event};
    px_watch_add(target, &i->watch);
    e->items[fd] = i;
    return 0;
}

/* Would adding `target` nest sets more than two deep, or in a circle? */
static bool too_deep(const struct epoll *e, const struct px_file *target)
{
    if (!px_is_epoll(target))
        return false;
    const struct epoll *inner = (const struct epoll *)target;
    for (size_t i = 0; i < inner->n_items; i++)
        if (inner->items[i] && px_is_epoll(inner->items[i]->target))
            return true;
    return e->file.watches != NULL;
}

int px_epoll_ctl(struct px_file *epoll, int op, int fd, struct px_file *target, const struct epoll_event *event)
{
    struct epoll *e = (struct epoll *)epoll;
    if (!px_is_epoll(epoll) || target == epoll)
        return -EINVAL;
    if (!target->ops->poll)
        return -EPERM;
    struct item *i = (size_t)fd < e->n_items ? e->items[fd] : NULL;
    if (i && i->target != target)
        i = NULL;
    if (op == EPOLL_CTL_ADD) {
        if (i)
            return -EEXIST;
        if (too_deep(e, target))
            return -ELOOP;
        int r = add_item(e, fd, target, event);
        if (r)
            return r;
        i = e->items[fd];
    } else if (!i) {
        return -ENOENT;
    } else if (op == EPOLL_CTL_DEL) {
        drop_item(i);
        return 0;
    } else if (op == EPOLL_CTL_MOD) {
        i->event = *event;
        i->disabled = false;
    } else {
        return -EINVAL;
    }
    fire_item(&i->watch, px_poll(target));
    return 0;
}

/* Takes at most `max` events from the ready list. */
static int collect_events(struct epoll *e, struct epoll_event *events, int max)
{
    int n = 0;
    for (unsigned left = e->n_listed; left && n < max; left--) {
        struct item *i = e->first;
        unlist_item(i);
        unsigned now = i->disabled ? 0 : px_poll(i->target) & wanted_events(i);
        if (!now)
            continue;
        events[n++] = (struct epoll_event){.events = now, .data = i->event.data};
        if (i->event.events & EPOLLONESHOT)
            i->disabled = true;
        else if (!(i->event.events & EPOLLET))
            enlist_item(i);
    }
    return n;
}

int px_epoll_wait(struct px_file *epoll, struct epoll_event *events, int max, uint64_t deadline)
{
    struct epoll *e = (struct epoll *)epoll;
    if (!px_is_epoll(epoll) || max <= 0)
        return -EINVAL;
    px_yield();
    for (;;) {
        px_net_poll();
        int n = collect_events(e, events, max);
        if (n || deadline == 0)
            return n;
        e->file.waiters++;
        int r = px_interrupted(px_block(&e->file, deadline));
        e->file.waiters--;
        if (r == -ETIMEDOUT)
            return collect_events(e, events, max);
        if (r)
            return r;
    }
}
