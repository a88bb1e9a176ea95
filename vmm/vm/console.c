/* Console lines: assembled per compartment, written in batches of whole lines.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/vm/console.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "vmm/base/text.h"

void console_flush(struct console *c)
{
    uint32_t done = 0;
    while (done < c->used) {
        ssize_t n = write(c->fd, c->batch + done, c->used - done);
        if (n > 0) {
            done += (uint32_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            struct pollfd poll_fd = {.fd = c->fd, .events = POLLOUT};
            ppoll(&poll_fd, 1, NULL, NULL);
        } else if (n == 0 || errno != EINTR) {
            break;
        }
    }
    c->used = 0;
}

static void put_text(struct console *c, const char *text, size_t len)
{
    memcpy(c->batch + c->used, text, len);
    c->used += (uint32_t)len;
}

static void end_line(struct console *c, struct console_line *line)
{
    size_t name = strnlen(line->name, BH_NAME_MAX);
    if (c->used + name + line->used + 4 > CONSOLE_BATCH)
        console_flush(c);
    put_text(c, "[", 1);
    put_text(c, line->name, name);
    put_text(c, "] ", 2);
    put_text(c, line->text, line->used);
    put_text(c, "\n", 1);
    line->used = 0;
}

void console_add(struct console *c, uint32_t i, const char *text, size_t len)
{
    struct console_line *line = &c->lines[i];
    for (size_t n = 0; n < len; n++) {
        unsigned char byte = (unsigned char)text[n];
        if (byte == '\n') {
            end_line(c, line);
            continue;
        }
        if (line->used == CONSOLE_LINE)
            end_line(c, line);
        unsigned char before = line->used ? (unsigned char)line->text[line->used - 1] : 0;
        line->text[line->used++] = text_is_control(before, byte) ? '?' : (char)byte;
    }
}

void console_end(struct console *c)
{
    for (uint32_t i = 0; i < BH_COMPARTMENTS_MAX; i++)
        if (c->lines[i].used)
            end_line(c, &c->lines[i]);
    console_flush(c);
}
