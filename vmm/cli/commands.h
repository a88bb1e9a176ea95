/* The commands of `bulkhead` and their options: one table for the parser, for --help, for the man pages and for the
 * completion in shells.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_CLI_COMMANDS_H
#define BH_VMM_CLI_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

enum command {
    COMMAND_HELP = 0,
    COMMAND_VERSION,
    COMMAND_RUN,
    COMMAND_CHECK,
    COMMAND_DOCTOR,
    COMMAND_TOP,
    COMMAND_GDB,
    COMMAND_REPORT,
    COMMAND_TRACE,
};

enum option {
    OPT_SET,
    OPT_DOORBELL,
    OPT_SPIN,
    OPT_MARKS,
    OPT_NO_STATS,
    OPT_COUNT_MPK,
    OPT_POISON,
    OPT_CRASH_DIR,
    OPT_ONCE,
    OPT_INTERVAL,
    OPT_SECONDS,
    OPT_OUTPUT,
    OPT_METRICS,
    OPT_VERBOSE,
    OPT_JSON,
    OPT_GDB,
    OPT_HELP,
};

/* What a shell offers where a value or an argument is due. */
enum suggestion { SUGGEST_NOTHING = 0, SUGGEST_FILES, SUGGEST_DIRECTORIES, SUGGEST_WORDS };

struct cli_option {
    enum option option;
    const char *brief;    /* another name, such as "-v"; NULL: none */
    const char *name;     /* "--verbose"; "-o" */
    const char *argument; /* name of its value; NULL: takes none */
    bool optional;        /* the value may be missing, and stands behind "=" if it does not */
    enum suggestion suggestion;
    const char *words; /* SUGGEST_WORDS: separated by spaces */
    const char *text;  /* lines of --help, separated by newlines */
};

struct cli_command {
    enum command command;
    const char *name;
    const char *brief_synopsis; /* in the overview */
    const char *summary;        /* in the overview: one line */
    const char *synopsis;       /* what follows the name */
    const char *description;    /* lines of --help, separated by newlines */
    const char *exit_status;
    bool status_in_help; /* its exit status is not the overview's */
    enum suggestion suggestion;
    const struct cli_option *options;
    size_t n_options;
};

/* A name with an explanation. */
struct cli_term {
    const char *name, *text;
};

extern const struct cli_command cli_commands[]; /* in the overview's order */
extern const size_t cli_n_commands;
extern const char cli_summary[];     /* of the whole program */
extern const char cli_exit_status[]; /* of the whole program; lines separated by newlines */
extern const struct cli_term cli_environment[];
extern const size_t cli_n_environment;

/* NULL: COMMAND_HELP and COMMAND_VERSION, which have no entry. */
const struct cli_command *cli_command(enum command command);

#endif
