/* Answers HTTP requests, several clients at a time.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/observe/metrics_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/base/acceptor.h"
#include "vmm/base/clock.h"
#include "vmm/base/loop.h"
#include "vmm/observe/metrics_text.h"

#define CLIENTS_MAX 8u
#define PATIENCE_NS (2 * CLOCK_SECOND) /* for each piece of a request and of its reply */

/* Sends its request, then receives the reply. */
struct client {
    int fd; /* -1: free */
    struct loop_source source;
    struct loop_timer patience;
    char request[1024];
    size_t used;
    char *reply; /* NULL: the request has not been read yet */
    size_t size, sent;
};

static struct {
    const struct observed *o;
    struct loop loop;
    struct acceptor acceptor;
    struct client clients[CLIENTS_MAX];
} server;

static void close_client(struct client *c)
{
    loop_remove(&server.loop, &c->source);
    loop_timer_set(&server.loop, &c->patience, 0);
    shutdown(c->fd, SHUT_WR);
    close(c->fd);
    free(c->reply);
    c->reply = NULL;
    c->fd = -1;
    loop_change(&server.loop, &server.acceptor.source, POLLIN); /* there is room for another one */
}

static void be_patient(struct client *c)
{
    loop_timer_set(&server.loop, &c->patience, clock_ns() + PATIENCE_NS);
}

static void write_metrics(FILE *out)
{
    static struct sample s;
    char *text = NULL;
    size_t size = 0;
    FILE *body = open_memstream(&text, &size);
    if (!body)
        return;
    observe_sample(server.o, &s);
    metrics_write(body, server.o, &s);
    fclose(body);
    fprintf(out,
            "HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: %zu\r\n"
            "Connection: close\r\n\r\n",
            size);
    fwrite(text, 1, size, out);
    free(text);
}

/* GET of / or /metrics is all there is. */
static void reply_to_request(struct client *c)
{
    FILE *out = open_memstream(&c->reply, &c->size);
    if (!out) {
        close_client(c);
        return;
    }
    if (strncmp(c->request, "GET /metrics ", 13) == 0 || strncmp(c->request, "GET / ", 6) == 0)
        write_metrics(out);
    else
        fputs("HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", out);
    fclose(out);
    c->sent = 0;
    loop_change(&server.loop, &c->source, POLLOUT);
    be_patient(c);
}

/* A request that ends early is answered as one that is not known. */
static void read_request(struct client *c)
{
    ssize_t n = recv(c->fd, c->request + c->used, sizeof(c->request) - 1 - c->used, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    c->used += n > 0 ? (size_t)n : 0;
    c->request[n > 0 ? c->used : 0] = 0;
    bool whole = strstr(c->request, "\r\n\r\n") || strstr(c->request, "\n\n");
    if (n <= 0 || whole || c->used + 1 == sizeof(c->request))
        reply_to_request(c);
    else
        be_patient(c);
}

static void send_reply(struct client *c)
{
    ssize_t n = send(c->fd, c->reply + c->sent, c->size - c->sent, MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    c->sent += n > 0 ? (size_t)n : 0;
    if (n <= 0 || c->sent == c->size)
        close_client(c);
    else
        be_patient(c);
}

static void on_client(void *argument, short revents)
{
    struct client *c = argument;
    if (c->reply)
        send_reply(c);
    else
        read_request(c);
}

static void on_patience_over(void *argument)
{
    struct client *c = argument;
    if (c->reply) {
        close_client(c);
        return;
    }
    c->request[0] = 0;
    reply_to_request(c);
}

static unsigned free_client(void)
{
    unsigned i = 0;
    while (i < CLIENTS_MAX && server.clients[i].fd >= 0)
        i++;
    return i;
}

static void on_connection(void *argument, short revents)
{
    unsigned i = free_client();
    int fd = acceptor_take(&server.acceptor, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        if (acceptor_may_retry(errno))
            return;
        _exit(EXIT_HOST);
    }
    struct client *c = &server.clients[i];
    *c = (struct client){.fd = fd, .patience = {.function = on_patience_over, .argument = c}};
    loop_add(&server.loop, &c->source, fd, POLLIN, on_client, c);
    be_patient(c);
    if (free_client() == CLIENTS_MAX) /* others have to wait */
        loop_change(&server.loop, &server.acceptor.source, 0);
}

void metrics_serve(int listener, const struct observed *o)
{
    server.o = o;
    if (!loop_init(&server.loop, CLIENTS_MAX + 1))
        _exit(EXIT_HOST);
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        server.clients[i].fd = -1;
    acceptor_open(&server.acceptor, &server.loop, listener, on_connection, NULL);
    for (;;)
        loop_turn(&server.loop, LOOP_FOREVER);
}
