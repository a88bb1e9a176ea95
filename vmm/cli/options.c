/* Parses the command line.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/cli/options.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What may stand first on the command line apart from the commands of the table. */
static const struct {
    const char *word;
    enum command command;
} other_commands[] = {
    {"--version", COMMAND_VERSION},
    {"--help", COMMAND_HELP},
    {"-h", COMMAND_HELP},
    {"help", COMMAND_HELP},
};
#define OTHER_COMMANDS (sizeof(other_commands) / sizeof(*other_commands))

/* `what` "`which`": see bulkhead COMMAND --help. */
static bool wrong_usage(const struct command_line *c, struct problem *p, const char *what, const char *which)
{
    const struct cli_command *command = cli_command(c->command);
    return problem_set(p, EXIT_USAGE, "%s \"%s\": see bulkhead %s%s--help", what, which, command ? command->name : "",
                       command ? " " : "");
}

static bool add_set(struct command_line *c, const char *value, struct problem *p)
{
    assert(value);
    const char *equals = strchr(value, '=');
    if (!equals || equals == value) {
        return problem_set(p, EXIT_USAGE,
                           "--set \"%s\": has to be KEY=VALUE, such as "
                           "--set compartments.zlib.mechanism=none",
                           value);
    }
    const char **sets = realloc(c->sets, (c->n_sets + 1) * sizeof(*sets));
    if (!sets)
        return problem_set(p, EXIT_HOST, "out of memory");
    c->sets = sets;
    c->sets[c->n_sets++] = value;
    return true;
}

static bool set_doorbell(struct command_line *c, const char *value, struct problem *p)
{
    assert(value);
    static const char *const words[] = {"auto", "port", "vmcall"};
    for (unsigned i = 0; i < 3; i++) {
        if (strcmp(value, words[i]) == 0) {
            c->doorbell = (enum doorbell_choice)i;
            return true;
        }
    }
    return problem_set(p, EXIT_USAGE, "--doorbell \"%s\": has to be auto, port or vmcall", value);
}

static bool set_spin(struct command_line *c, const char *value, struct problem *p)
{
    assert(value);
    char *end;
    errno = 0;
    c->spin_cycles = strtoull(value, &end, 10);
    c->spin_given = true;
    if (value[0] < '0' || value[0] > '9' || *end || errno)
        return problem_set(p, EXIT_USAGE, "--spin \"%s\": has to be a number of cycles", value);
    return true;
}

static bool set_seconds(const char *option, const char *value, uint64_t *ms, struct problem *p)
{
    assert(value);
    char *end;
    double seconds = strtod(value, &end);
    if (*end || end == value || !(seconds >= 0.05 && seconds <= 86400))
        return problem_set(p, EXIT_USAGE, "%s \"%s\": has to be a number of seconds from 0.05 to 86400", option, value);
    *ms = (uint64_t)(seconds * 1000);
    return true;
}

static bool set_gdb(struct command_line *c, const char *port, struct problem *p)
{
    char *end;
    c->debug = true;
    if (!port)
        return true;
    unsigned long value = strtoul(port, &end, 10);
    if (port[0] < '0' || port[0] > '9' || *end || !value || value > 65535)
        return problem_set(p, EXIT_USAGE, "--gdb=\"%s\": has to be a port of 127.0.0.1, 1 to 65535", port);
    c->gdb_port = (uint16_t)value;
    return true;
}

static bool apply_option(struct command_line *c, enum option option, const char *value, struct problem *p)
{
    switch (option) {
    case OPT_SET:
        return add_set(c, value, p);
    case OPT_DOORBELL:
        return set_doorbell(c, value, p);
    case OPT_SPIN:
        return set_spin(c, value, p);
    case OPT_MARKS:
        c->marks = true;
        return true;
    case OPT_CRASH_DIR:
        c->crash_dir = value;
        return true;
    case OPT_COUNT_MPK:
        c->count_mpk = true;
        return true;
    case OPT_POISON:
        c->poison = true;
        return true;
    case OPT_NO_STATS:
        c->no_stats = true;
        return true;
    case OPT_VERBOSE:
        c->verbose = true;
        return true;
    case OPT_ONCE:
        c->once = true;
        return true;
    case OPT_INTERVAL:
        return set_seconds("--interval", value, &c->interval_ms, p);
    case OPT_SECONDS:
        return set_seconds("--seconds", value, &c->seconds_ms, p);
    case OPT_OUTPUT:
        c->output = value;
        return true;
    case OPT_METRICS:
        c->metrics = value;
        return true;
    case OPT_JSON:
        c->json = true;
        return true;
    case OPT_GDB:
        return set_gdb(c, value, p);
    case OPT_HELP:
        c->topic = c->command;
        c->command = COMMAND_HELP;
        return true;
    }
    return false;
}

/* The option of this command with a name of `length` bytes; NULL: there is none. */
static const struct cli_option *find_option(enum command command, const char *name, size_t length)
{
    const struct cli_command *c = cli_command(command);
    for (size_t n = 0; c && n < c->n_options; n++) {
        const char *const names[] = {c->options[n].name, c->options[n].brief};
        for (unsigned i = 0; i < 2; i++)
            if (names[i] && strlen(names[i]) == length && strncmp(names[i], name, length) == 0)
                return &c->options[n];
    }
    return NULL;
}

/* Handles argv[*i], an option; *i moves on to its value if that is a word of its own. */
static bool parse_option(struct command_line *c, int argc, char **argv, int *i, struct problem *p)
{
    const char *word = argv[*i];
    const char *equals = strncmp(word, "--", 2) == 0 ? strchr(word, '=') : NULL;
    const struct cli_option *o = find_option(c->command, word, equals ? (size_t)(equals - word) : strlen(word));
    if (!o)
        return wrong_usage(c, p, "unknown option", word);
    if (o->optional)
        return apply_option(c, o->option, equals ? equals + 1 : NULL, p);
    if (!o->argument)
        return equals ? wrong_usage(c, p, "no value belongs to option", o->name) : apply_option(c, o->option, NULL, p);
    if (!equals && *i + 1 >= argc)
        return wrong_usage(c, p, "a value is missing after option", o->name);
    return apply_option(c, o->option, equals ? equals + 1 : argv[++*i], p);
}

static bool parse_command(struct command_line *c, const char *word, struct problem *p)
{
    for (size_t n = 0; n < cli_n_commands; n++) {
        if (strcmp(word, cli_commands[n].name) == 0) {
            c->command = cli_commands[n].command;
            return true;
        }
    }
    for (size_t n = 0; n < OTHER_COMMANDS; n++) {
        if (strcmp(word, other_commands[n].word) == 0) {
            c->command = other_commands[n].command;
            return true;
        }
    }
    return wrong_usage(c, p, word[0] == '-' ? "unknown option" : "unknown command", word);
}

/* A word that is no option: the file, or what else the command takes. */
static bool take_argument(struct command_line *c, const char *word, struct problem *p)
{
    if (c->file && !c->compartment && c->command == COMMAND_GDB) {
        c->compartment = word;
    } else if (c->file || c->command == COMMAND_DOCTOR) {
        const char *what = c->command == COMMAND_RUN
                               ? "one file only, and arguments of the application after \"--\"; there is also"
                               : "too many arguments:";
        return wrong_usage(c, p, what, word);
    } else {
        c->file = word;
    }
    return true;
}

/* Whether everything is there that the command needs. */
static bool check_complete(const struct command_line *c, struct problem *p)
{
    bool needs_file = c->command == COMMAND_RUN || c->command == COMMAND_CHECK || c->command == COMMAND_REPORT;
    if (!c->file && needs_file) {
        return problem_set(p, EXIT_USAGE, "no %s given: see bulkhead %s --help",
                           c->command == COMMAND_REPORT ? "DIRECTORY" : "FILE", cli_command(c->command)->name);
    }
    if (!c->output && c->command == COMMAND_TRACE)
        return problem_set(p, EXIT_USAGE, "no -o FILE given: see bulkhead trace --help");
    return true;
}

bool cli_parse(int argc, char **argv, struct command_line *c, struct problem *p)
{
    *c = (struct command_line){.interval_ms = 1000};
    if (argc < 2)
        return problem_set(p, EXIT_USAGE, "no command given: see bulkhead --help");
    if (!parse_command(c, argv[1], p))
        return false;
    for (int i = 2; i < argc && c->command > COMMAND_VERSION; i++) {
        if (strcmp(argv[i], "--") == 0 && (c->command == COMMAND_RUN || c->command == COMMAND_GDB)) {
            c->args = (const char **)argv + i + 1; /* argv ends with a NULL */
            c->n_args = (uint32_t)(argc - i - 1);
            break;
        }
        bool is_option = argv[i][0] == '-' && argv[i][1];
        if (!(is_option ? parse_option(c, argc, argv, &i, p) : take_argument(c, argv[i], p)))
            return false;
    }
    return check_complete(c, p);
}
