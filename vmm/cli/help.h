/* The texts of `bulkhead --help`.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_CLI_HELP_H
#define BH_VMM_CLI_HELP_H

#include "vmm/cli/commands.h"

/* Prints the help of a command, or the overview (COMMAND_HELP), on stdout. */
void cli_help(enum command topic);

/* Writes an option as it appears in the help, such as "-v, --verbose" or "--gdb[=PORT]"; returns `text`. */
char *cli_option_text(const struct cli_option *o, char *text, size_t size);

#endif
