/* Parses the command line.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/cli/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Options by command: bit n is enum command n. */
#define RUN    (1u << COMMAND_RUN)
#define CHECK  (1u << COMMAND_CHECK)
#define DOCTOR (1u << COMMAND_DOCTOR)
#define TOP    (1u << COMMAND_TOP)
#define GDB    (1u << COMMAND_GDB)
#define REPORT (1u << COMMAND_REPORT)
#define TRACE  (1u << COMMAND_TRACE)

enum option {
    OPT_SET,
    OPT_DOORBELL,
    OPT_SPIN,
    OPT_MARKS,
    OPT_NO_STATS,
    OPT_COUNT_MPK,
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

static const struct {
    const char *name;
    enum option option;
    bool value; /* takes one: "--name value" or "--name=value"; --gdb: the latter or none */
    unsigned commands;
} options[] = {
    {"--set", OPT_SET, true, RUN | CHECK},
    {"--doorbell", OPT_DOORBELL, true, RUN},
    {"--spin", OPT_SPIN, true, RUN},
    {"--marks", OPT_MARKS, false, RUN},
    {"--crash-dir", OPT_CRASH_DIR, true, RUN},
    {"--no-stats", OPT_NO_STATS, false, RUN},
    {"--count-mpk", OPT_COUNT_MPK, false, RUN},
    {"-v", OPT_VERBOSE, false, RUN},
    {"--verbose", OPT_VERBOSE, false, RUN},
    {"--gdb", OPT_GDB, false, RUN},
    {"--seconds", OPT_SECONDS, true, TRACE},
    {"-o", OPT_OUTPUT, true, TRACE},
    {"--metrics", OPT_METRICS, true, RUN},
    {"--once", OPT_ONCE, false, TOP},
    {"--interval", OPT_INTERVAL, true, TOP},
    {"--json", OPT_JSON, false, CHECK | DOCTOR | TOP},
    {"-h", OPT_HELP, false, RUN | CHECK | DOCTOR | TOP | GDB | REPORT | TRACE},
    {"--help", OPT_HELP, false, RUN | CHECK | DOCTOR | TOP | GDB | REPORT | TRACE},
};
#define OPTIONS (sizeof(options) / sizeof(*options))

static const struct {
    const char *name;
    enum command command;
} commands[] = {
    {"run", COMMAND_RUN},     {"check", COMMAND_CHECK},   {"doctor", COMMAND_DOCTOR}, {"top", COMMAND_TOP},
    {"gdb", COMMAND_GDB},     {"report", COMMAND_REPORT}, {"trace", COMMAND_TRACE},   {"--version", COMMAND_VERSION},
    {"--help", COMMAND_HELP}, {"-h", COMMAND_HELP},       {"help", COMMAND_HELP},
};
#define COMMANDS (sizeof(commands) / sizeof(*commands))

static const char *command_name(enum command command)
{
    static const char *const names[] = {"", "", "run ", "check ", "doctor ", "top ", "gdb ", "report ", "trace "};
    return names[command];
}

static bool wrong(const struct command_line *c, struct problem *p, const char *what, const char *which)
{
    return problem_set(p, EXIT_USAGE, "%s \"%s\": see bulkhead %s--help", what, which, command_name(c->command));
}

static bool add_set(struct command_line *c, const char *value, struct problem *p)
{
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

static bool apply(struct command_line *c, enum option option, const char *value, struct problem *p)
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

/* Handles argv[*i], an option; *i moves on to its value if that stands apart. */
static bool parse_option(struct command_line *c, int argc, char **argv, int *i, struct problem *p)
{
    const char *word = argv[*i];
    const char *equals = strncmp(word, "--", 2) == 0 ? strchr(word, '=') : NULL;
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    for (size_t n = 0; n < OPTIONS; n++) {
        const char *name = options[n].name;
        if (strlen(name) != length || strncmp(name, word, length) != 0 || !(options[n].commands >> c->command & 1))
            continue;
        if (options[n].option == OPT_GDB)
            return apply(c, OPT_GDB, equals ? equals + 1 : NULL, p);
        if (!options[n].value)
            return equals ? wrong(c, p, "no value belongs to option", name) : apply(c, options[n].option, NULL, p);
        if (!equals && *i + 1 >= argc)
            return wrong(c, p, "a value is missing after option", name);
        return apply(c, options[n].option, equals ? equals + 1 : argv[++*i], p);
    }
    return wrong(c, p, "unknown option", word);
}

static bool parse_command(struct command_line *c, const char *word, struct problem *p)
{
    for (size_t n = 0; n < COMMANDS; n++) {
        if (strcmp(word, commands[n].name) == 0) {
            c->command = commands[n].command;
            return true;
        }
    }
    return wrong(c, p, word[0] == '-' ? "unknown option" : "unknown command", word);
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
        if (argv[i][0] == '-' && argv[i][1]) {
            if (!parse_option(c, argc, argv, &i, p))
                return false;
        } else if (c->file && !c->compartment && c->command == COMMAND_GDB) {
            c->compartment = argv[i];
        } else if (c->file || c->command == COMMAND_DOCTOR) {
            return wrong(c, p,
                         c->command == COMMAND_RUN
                             ? "one file only, and arguments of the application after \"--\"; there is also"
                             : "too many arguments:",
                         argv[i]);
        } else {
            c->file = argv[i];
        }
    }
    if (!c->file && (c->command == COMMAND_RUN || c->command == COMMAND_CHECK || c->command == COMMAND_REPORT)) {
        return problem_set(p, EXIT_USAGE, "no %s given: see bulkhead %s--help",
                           c->command == COMMAND_REPORT ? "DIRECTORY" : "FILE", command_name(c->command));
    }
    if (!c->output && c->command == COMMAND_TRACE)
        return problem_set(p, EXIT_USAGE, "no -o FILE given: see bulkhead trace --help");
    return true;
}
