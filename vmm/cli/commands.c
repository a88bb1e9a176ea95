/* The table of commands and options.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/cli/commands.h"

#define HELP                                                                     \
    {                                                                            \
        .option = OPT_HELP, .brief = "-h", .name = "--help", .text = "this text" \
    }
#define JSON(how)                                           \
    {                                                       \
        .option = OPT_JSON, .name = "--json", .text = (how) \
    }
#define COUNT(list)   (sizeof(list) / sizeof(*(list)))
#define OPTIONS(list) .options = (list), .n_options = COUNT(list)

static const struct cli_option run_options[] = {
    {.option = OPT_SET,
     .name = "--set",
     .argument = "KEY=VALUE",
     .text = "changes one value of the TOML file, such as\n"
             "compartments.zlib.mechanism=none; repeatable"},
    {.option = OPT_DOORBELL,
     .name = "--doorbell",
     .argument = "WHICH",
     .suggestion = SUGGEST_WORDS,
     .words = "auto port vmcall",
     .text = "wakes parked VMs by `port` or `vmcall`; `auto` (default): by vmcall\n"
             "where that works"},
    {.option = OPT_SPIN,
     .name = "--spin",
     .argument = "CYCLES",
     .text = "how long a VM polls before it parks, at most"},
    {.option = OPT_MARKS, .name = "--marks", .text = "prints when each phase of the start was reached, at the end"},
    {.option = OPT_METRICS,
     .name = "--metrics",
     .argument = "PORT|PATH",
     .suggestion = SUGGEST_FILES,
     .text = "serves counters to Prometheus, on 127.0.0.1:PORT or a UNIX socket"},
    {.option = OPT_CRASH_DIR,
     .name = "--crash-dir",
     .argument = "DIR",
     .suggestion = SUGGEST_DIRECTORIES,
     .text = "where crash reports and cores are saved; `none`: nowhere; default\n"
             "crash/ in the build directory"},
    {.option = OPT_NO_STATS,
     .name = "--no-stats",
     .text = "counts and records no gate calls: for measuring what that costs"},
    {.option = OPT_COUNT_MPK,
     .name = "--count-mpk",
     .text = "counts the calls between protection keys, too: an instruction per call"},
    {.option = OPT_POISON,
     .name = "--poison",
     .text = "fills copied arguments with 0xdb when their call is over: a library that\n"
             "kept a pointer to them then fails soon"},
    {.option = OPT_GDB,
     .name = "--gdb",
     .argument = "PORT",
     .optional = true,
     .text = "waits for a debugger before the first instruction, and prints how to\n"
             "start it; with PORT it can also connect to 127.0.0.1:PORT"},
    {.option = OPT_VERBOSE,
     .brief = "-v",
     .name = "--verbose",
     .text = "prints mechanisms, VMs, doorbell and image hashes at the start"},
    HELP,
};

static const struct cli_option check_options[] = {
    {.option = OPT_SET,
     .name = "--set",
     .argument = "KEY=VALUE",
     .text = "changes one value of the TOML file; repeatable"},
    JSON("for programs"),
    HELP,
};

static const struct cli_option top_options[] = {
    {.option = OPT_ONCE, .name = "--once", .text = "prints one table (of one interval) and ends"},
    {.option = OPT_INTERVAL, .name = "--interval", .argument = "SECONDS", .text = "between two tables; default 1"},
    JSON("totals since the start, for programs; with --once one object"),
    HELP,
};

static const struct cli_option trace_options[] = {
    {.option = OPT_OUTPUT, .name = "-o", .argument = "FILE", .suggestion = SUGGEST_FILES, .text = "where to"},
    {.option = OPT_SECONDS,
     .name = "--seconds",
     .argument = "SECONDS",
     .text = "how long; default: until Ctrl-C, or the appliance ends"},
    HELP,
};

static const struct cli_option doctor_options[] = {JSON("for programs"), HELP};
static const struct cli_option report_options[] = {HELP};
static const struct cli_option gdb_options[] = {HELP};

#define STATUS_RUNNING "0 if all went well; 2 wrong usage, or no such appliance runs; 3 the host lacks something."

const char cli_summary[] = "Runs appliances whose libraries are kept apart from each other.";
const char cli_exit_status[] =
    "the application's own; 2 wrong usage or wrong TOML; 3 the host lacks something;\n"
    "4 a compartment crashed.";

const struct cli_command cli_commands[] = {
    {.command = COMMAND_RUN,
     .name = "run",
     .brief_synopsis = "run FILE",
     .summary = "boots the appliance that FILE describes",
     .synopsis = "FILE [OPTION]... [-- ARGUMENT...]",
     .description = "Boots the appliance that FILE, a compartments.toml or a manifest.dtb, describes.\n"
                    "What follows \"--\" replaces the application's `args` of the TOML file.",
     .exit_status = cli_exit_status,
     .suggestion = SUGGEST_FILES,
     OPTIONS(run_options)},
    {.command = COMMAND_CHECK,
     .name = "check",
     .brief_synopsis = "check FILE",
     .summary = "is FILE valid? then prints the resulting layout",
     .synopsis = "FILE [OPTION]...",
     .description = "Composes the appliance that FILE, a compartments.toml or a manifest.dtb, describes, and\n"
                    "prints its layout on this host: VMs, address map, shares, edges, callable functions, image\n"
                    "hashes.",
     .exit_status = "0 if FILE is valid; 2 wrong usage or wrong TOML; 3 the host lacks something.",
     .suggestion = SUGGEST_FILES,
     OPTIONS(check_options)},
    {.command = COMMAND_TOP,
     .name = "top",
     .brief_synopsis = "top",
     .summary = "what the appliances that run are doing",
     .synopsis = "[NAME|PID] [OPTION]...",
     .description = "Shows what the appliances of this user that run are doing: per VM processor, memory, parking\n"
                    "and network, per edge calls, latency, bytes and errors. q ends it.",
     .exit_status = STATUS_RUNNING,
     OPTIONS(top_options)},
    {.command = COMMAND_TRACE,
     .name = "trace",
     .brief_synopsis = "trace",
     .summary = "records gate calls of an appliance that runs, as a timeline",
     .synopsis = "-o FILE [NAME|PID] [OPTION]...",
     .description = "Records the gate calls of an appliance that runs and writes them as JSON for Perfetto\n"
                    "(ui.perfetto.dev) or chrome://tracing. Says how many events were lost, if any.",
     .exit_status = STATUS_RUNNING,
     OPTIONS(trace_options)},
    {.command = COMMAND_REPORT,
     .name = "report",
     .brief_synopsis = "report DIR",
     .summary = "a crash report again",
     .synopsis = "DIRECTORY",
     .description = "Prints a crash report again. DIRECTORY: what the report itself names as \"saved\".",
     .exit_status = "0 if all went well; 2 wrong usage, or there is no such report; 3 the host lacks something.",
     .suggestion = SUGGEST_DIRECTORIES,
     OPTIONS(report_options)},
    {.command = COMMAND_DOCTOR,
     .name = "doctor",
     .brief_synopsis = "doctor",
     .summary = "what this host can do",
     .synopsis = "[OPTION]...",
     .description = "Prints what this host can do, with a verdict for each mechanism.",
     .exit_status = "0 when appliances can run here, else 3.",
     .status_in_help = true,
     OPTIONS(doctor_options)},
    {.command = COMMAND_GDB,
     .name = "gdb",
     .brief_synopsis = "gdb",
     .summary = "starts GDB on a running appliance",
     .synopsis = "[FILE [COMPARTMENT]] [-- ARGUMENT...]",
     .description = "Starts GDB on the running appliance that FILE describes (or that has this name or process\n"
                    "number; without FILE: the only one), with the symbols of all images, at COMPARTMENT.\n"
                    "ARGUMENTs are GDB's own. Everything stops until GDB lets it go on; when GDB ends, the\n"
                    "appliance runs on.",
     .exit_status = "GDB's own; 2 wrong usage, or no such appliance runs; 3 GDB cannot be started.",
     .suggestion = SUGGEST_FILES,
     OPTIONS(gdb_options)},
};
const size_t cli_n_commands = COUNT(cli_commands);

const struct cli_term cli_environment[] = {
    {"BULKHEAD_KVM", "device to use instead of /dev/kvm"},
    {"BULKHEAD_CORE", "image of the guest core instead of the one that was built"},
    {"BULKHEAD_BUILD", "build directory, where composed appliances are kept"},
    {"BULKHEAD_ROOT", "source directory, where the composer is"},
    {"BULKHEAD_CRASH_DIR", "where crash reports are saved"},
    {"BULKHEAD_RUNTIME_DIR",
     "where appliances that run are found; by default\n"
     "$XDG_RUNTIME_DIR/bulkhead, /run/bulkhead (root), or /tmp/bulkhead-UID"},
};
const size_t cli_n_environment = COUNT(cli_environment);

const struct cli_command *cli_command(enum command command)
{
    for (size_t i = 0; i < cli_n_commands; i++)
        if (cli_commands[i].command == command)
            return &cli_commands[i];
    return NULL;
}
