/* Writes the man pages and the bash completion at build time, from the table of commands.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 *   pages man bulkhead      the page of the whole program
 *   pages man COMMAND       the page of one command (man(7))
 *   pages completion        a script for bash-completion */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "vmm/cli/help.h"

#define PAGES_DATE "2026-11-29" /* of the last change of the texts */

/* ---- man(7) ---- */

/* One line of text: hyphens of options become minus signs, and `words` bold. */
static void put_line(const char *text, size_t length)
{
    bool bold = false;
    for (size_t i = 0; i < length; i++) {
        bool starts_word = !i || strchr(" \"`[-(", text[i - 1]);
        if (text[i] == '`') {
            fputs(bold ? "\\fR" : "\\fB", stdout);
            bold = !bold;
        } else if (text[i] == '\\') {
            fputs("\\e", stdout);
        } else if (text[i] == '-' && (starts_word || text[i + 1] == '-')) {
            fputs("\\-", stdout);
        } else {
            if (!i && (text[i] == '.' || text[i] == '\''))
                fputs("\\&", stdout);
            putchar(text[i]);
        }
    }
    putchar('\n');
}

static void put_text(const char *text)
{
    for (const char *end; (end = strchr(text, '\n')); text = end + 1)
        put_line(text, (size_t)(end - text));
    put_line(text, strlen(text));
}

/* A tagged paragraph. */
static void put_term(const char *term, const char *text)
{
    fputs(".TP\n.B ", stdout);
    put_text(term);
    put_text(text);
}

static void put_head(const char *suffix, const char *summary)
{
    printf(".\\\" Generated from vmm/cli/commands.c.\n");
    fputs(*suffix ? ".TH BULKHEAD\\-" : ".TH BULKHEAD", stdout);
    for (const char *at = suffix; *at; at++)
        putchar(toupper((unsigned char)*at));
    printf(" 1 %s \"Bulkhead %s\" \"Bulkhead manual\"\n", PAGES_DATE, BH_VERSION);
    printf(".SH NAME\nbulkhead%s%s \\- %s\n", *suffix ? "\\-" : "", suffix, summary);
}

static void put_references(const char *self)
{
    puts(".SH SEE ALSO");
    if (self)
        puts(".BR bulkhead (1),");
    for (size_t i = 0, left = cli_n_commands - (self ? 1 : 0); i < cli_n_commands; i++)
        if (!self || strcmp(cli_commands[i].name, self) != 0)
            printf(".BR bulkhead\\-%s (1)%s\n", cli_commands[i].name, --left ? "," : "");
}

static void put_environment(void)
{
    puts(".SH ENVIRONMENT");
    for (size_t i = 0; i < cli_n_environment; i++)
        put_term(cli_environment[i].name, cli_environment[i].text);
}

static void put_overview(void)
{
    put_head("", "runs appliances whose libraries are kept apart from each other");
    puts(".SH SYNOPSIS\n.B bulkhead\nCOMMAND ...\n.SH DESCRIPTION");
    put_text(cli_summary);
    puts("Each command has a page of its own.\n.SH COMMANDS");
    for (size_t i = 0; i < cli_n_commands; i++) {
        printf(".TP\n.BR bulkhead\\-%s (1)\n", cli_commands[i].name);
        put_text(cli_commands[i].summary);
    }
    put_term("--version", "version of this program");
    puts(".SH EXIT STATUS");
    put_text(cli_exit_status);
    put_environment();
    put_references(NULL);
}

static void put_command(const struct cli_command *c)
{
    char text[64];
    put_head(c->name, c->summary);
    printf(".SH SYNOPSIS\n.B bulkhead %s\n", c->name);
    put_text(c->synopsis);
    puts(".SH DESCRIPTION");
    put_text(c->description);
    puts(".SH OPTIONS");
    for (size_t i = 0; i < c->n_options; i++)
        put_term(cli_option_text(&c->options[i], text, sizeof(text)), c->options[i].text);
    puts(".SH EXIT STATUS");
    put_text(c->exit_status);
    put_environment();
    put_references(c->name);
}

/* ---- bash ---- */

/* A shell command that fills COMPREPLY. */
static void put_reply(enum suggestion s, const char *words)
{
    switch (s) {
    case SUGGEST_FILES:
        puts("mapfile -t COMPREPLY < <(compgen -f -- \"$word\") ;;");
        break;
    case SUGGEST_DIRECTORIES:
        puts("mapfile -t COMPREPLY < <(compgen -d -- \"$word\") ;;");
        break;
    case SUGGEST_WORDS:
        printf("mapfile -t COMPREPLY < <(compgen -W \"%s\" -- \"$word\") ;;\n", words);
        break;
    case SUGGEST_NOTHING:
        puts("COMPREPLY=() ;;");
        break;
    }
}

/* What may stand where a value is due. */
static void put_values(const struct cli_command *c)
{
    for (size_t i = 0; i < c->n_options; i++) {
        const struct cli_option *o = &c->options[i];
        if (o->argument && !o->optional) {
            printf("    %s:%s) ", c->name, o->name);
            put_reply(o->suggestion, o->words);
        }
    }
}

static void put_options(const struct cli_command *c)
{
    printf("    %s:-*) mapfile -t COMPREPLY < <(compgen -W \"", c->name);
    for (size_t i = 0; i < c->n_options; i++)
        printf("%s%s%s%s", i ? " " : "", c->options[i].brief ? c->options[i].brief : "", c->options[i].brief ? " " : "",
               c->options[i].name);
    puts("\" -- \"$word\") ;;");
    printf("    %s:*) ", c->name);
    put_reply(c->suggestion, NULL);
}

static void put_completion(void)
{
    puts(
        "# Completion of bulkhead(1) for bash. Generated from vmm/cli/commands.c.\n"
        "# shellcheck shell=bash\n"
        "_bulkhead() {\n"
        "    local i word=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}\n"
        "    COMPREPLY=()");
    fputs("    if ((COMP_CWORD == 1)); then\n        mapfile -t COMPREPLY < <(compgen -W \"", stdout);
    for (size_t i = 0; i < cli_n_commands; i++)
        printf("%s ", cli_commands[i].name);
    puts("help --help --version\" -- \"$word\")\n        return\n    fi");
    puts(
        "    # What follows \"--\" belongs to the application.\n"
        "    for ((i = 2; i < COMP_CWORD; i++)); do\n"
        "        if [[ ${COMP_WORDS[i]} == -- ]]; then\n"
        "            mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
        "            return\n"
        "        fi\n"
        "    done\n"
        "    # \"--option=value\" is three words to bash.\n"
        "    if [[ $word == \"=\" ]]; then\n"
        "        word=\"\"\n"
        "    elif [[ $option == \"=\" ]]; then\n"
        "        option=${COMP_WORDS[COMP_CWORD - 2]}\n"
        "    fi\n"
        "    case $command:$option in");
    for (size_t i = 0; i < cli_n_commands; i++)
        put_values(&cli_commands[i]);
    puts("    *)\n    case $command:$word in");
    for (size_t i = 0; i < cli_n_commands; i++)
        put_options(&cli_commands[i]);
    puts("    esac ;;\n    esac\n}\ncomplete -o filenames -F _bulkhead bulkhead");
}

int main(int argc, char **argv)
{
    bool man = argc == 3 && strcmp(argv[1], "man") == 0;
    for (size_t i = 0; man && i < cli_n_commands; i++) {
        if (strcmp(argv[2], cli_commands[i].name) == 0) {
            put_command(&cli_commands[i]);
            return 0;
        }
    }
    if (man && strcmp(argv[2], "bulkhead") == 0) {
        put_overview();
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "completion") == 0) {
        put_completion();
        return 0;
    }
    fputs("usage: pages man bulkhead|COMMAND, or pages completion\n", stderr);
    return 2;
}
