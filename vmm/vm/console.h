/* The console: prints whole lines of a VM's compartments on stderr, each behind the compartment's name.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_VM_CONSOLE_H
#define BH_VMM_VM_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

#include "rpc/map.h"
#include "vmm/base/bucket.h"

#define CONSOLE_LINE  1024u /* a longer line is broken */
#define CONSOLE_BATCH 8192u /* written at once at most */

/* Bytes that a VM may print at once, and a second for long. What exceeds that is delayed and not lost: the guest waits
 * for its call anyway, and with it stands only the VM that prints so much. */
#define CONSOLE_BURST      (4u << 20)
#define CONSOLE_PER_SECOND (64u << 10)

struct console {
    int fd;
    uint32_t used; /* bytes of `batch` */
    struct bucket rate;
    char batch[CONSOLE_BATCH];
    struct console_line {
        const char *name; /* NULL: not a compartment of this VM */
        uint32_t used;
        char text[CONSOLE_LINE];
    } lines[BH_COMPARTMENTS_MAX];
};

/* Adds text of compartment i. Complete lines go to the batch, and control characters become '?'. */
void console_add(struct console *c, uint32_t i, const char *text, size_t len);

/* Writes the batch, and blocks as long as the other end does. Errors are ignored, because there is nobody to tell. */
void console_flush(struct console *c);

/* Ends unfinished lines, then flushes. Async-signal-safe. */
void console_end(struct console *c);

#endif
