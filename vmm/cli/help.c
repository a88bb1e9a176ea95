/* Prints help from the table of commands.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/cli/help.h"

#include <stdio.h>
#include <string.h>

#define COMMAND_COLUMN     17u
#define ENVIRONMENT_COLUMN 18u
#define OPTION_COLUMN      23u

char *cli_option_text(const struct cli_option *o, char *text, size_t size)
{
    const char *before = !o->argument ? "" : o->optional ? "[=" : " ", *after = o->optional ? "]" : "";
    snprintf(text, size, "%s%s%s%s%s%s", o->brief ? o->brief : "", o->brief ? ", " : "", o->name, before,
             o->argument ? o->argument : "", after);
    return text;
}

/* A term on the left and its text, whose lines begin in `column`; two spaces at least are between them. */
static void print_term(const char *term, const char *text, unsigned column)
{
    int width = (int)column - 4;
    printf("  %-*s  ", width, term);
    for (const char *end; (end = strchr(text, '\n')); text = end + 1)
        printf("%.*s\n%*s", (int)(end - text), text, (int)column, "");
    puts(text);
}

static void print_overview(void)
{
    printf("Usage: bulkhead COMMAND ...\n%s\n\n", cli_summary);
    for (size_t i = 0; i < cli_n_commands; i++)
        print_term(cli_commands[i].brief_synopsis, cli_commands[i].summary, COMMAND_COLUMN);
    print_term("--version", "version of this program", COMMAND_COLUMN);
    printf("\nbulkhead COMMAND --help says more.\n\nExit status: %s\n\nEnvironment:\n", cli_exit_status);
    for (size_t i = 0; i < cli_n_environment; i++)
        print_term(cli_environment[i].name, cli_environment[i].text, ENVIRONMENT_COLUMN);
}

void cli_help(enum command topic)
{
    char text[64];
    const struct cli_command *c = cli_command(topic);
    if (!c) {
        print_overview();
        return;
    }
    printf("Usage: bulkhead %s %s\n%s\n", c->name, c->synopsis, c->description);
    if (c->status_in_help)
        printf("Exit status: %s\n", c->exit_status);
    puts("");
    for (size_t i = 0; i < c->n_options; i++)
        print_term(cli_option_text(&c->options[i], text, sizeof(text)), c->options[i].text, OPTION_COLUMN);
}
