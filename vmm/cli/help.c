/* The texts of `bulkhead --help`.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include "vmm/cli/options.h"

static const char overview[] =
    "Usage: bulkhead COMMAND ...\n"
    "Runs appliances whose libraries are kept apart from each other.\n"
    "\n"
    "  run FILE       boots the appliance that FILE describes\n"
    "  check FILE     is FILE valid? then prints the resulting layout\n"
    "  top            what the appliances that run are doing\n"
    "  trace          records gate calls of an appliance that runs, as a timeline\n"
    "  report DIR     a crash report again\n"
    "  doctor         what this host can do\n"
    "  gdb            starts GDB on a running appliance\n"
    "  --version      version of this program\n"
    "\n"
    "bulkhead COMMAND --help says more.\n"
    "\n"
    "Exit status: the application's own; 2 wrong usage or wrong TOML; 3 the host lacks something;\n"
    "4 a compartment crashed.\n"
    "\n"
    "Environment:\n"
    "  BULKHEAD_KVM    device to use instead of /dev/kvm\n"
    "  BULKHEAD_CORE   image of the guest core instead of the one that was built\n"
    "  BULKHEAD_BUILD  build directory, where composed appliances are kept\n"
    "  BULKHEAD_ROOT   source directory, where the composer is\n"
    "  BULKHEAD_CRASH_DIR  where crash reports are saved\n"
    "  BULKHEAD_RUNTIME_DIR  where appliances that run are found; by default\n"
    "                  $XDG_RUNTIME_DIR/bulkhead, /run/bulkhead (root), or /tmp/bulkhead-UID\n";

static const char run[] =
    "Usage: bulkhead run FILE [OPTION]... [-- ARGUMENT...]\n"
    "Boots the appliance that FILE, a compartments.toml or a manifest.dtb, describes.\n"
    "What follows \"--\" replaces the application's `args` of the TOML file.\n"
    "\n"
    "  --set KEY=VALUE      changes one value of the TOML file, such as\n"
    "                       compartments.zlib.mechanism=none; repeatable\n"
    "  --doorbell WHICH     wakes parked VMs by `port` or `vmcall`; `auto` (default): by vmcall\n"
    "                       where that works\n"
    "  --spin CYCLES        how long a VM polls before it parks, at most\n"
    "  --marks              prints when each phase of the start was reached, at the end\n"
    "  --metrics PORT|PATH  serves counters to Prometheus, on 127.0.0.1:PORT or a UNIX socket\n"
    "  --crash-dir DIR      where crash reports and cores are saved; `none`: nowhere; default\n"
    "                       crash/ in the build directory\n"
    "  --no-stats           counts and records no gate calls: for measuring what that costs\n"
    "  --count-mpk          counts the calls between protection keys, too: an instruction per call\n"
    "  --gdb[=PORT]         waits for a debugger before the first instruction, and prints how to\n"
    "                       start it; with PORT it can also connect to 127.0.0.1:PORT\n"
    "  -v, --verbose        prints mechanisms, VMs, doorbell and image hashes at the start\n"
    "  -h, --help           this text\n";

static const char check[] =
    "Usage: bulkhead check FILE [OPTION]...\n"
    "Composes the appliance that FILE, a compartments.toml or a manifest.dtb, describes, and\n"
    "prints its layout on this host: VMs, address map, shares, edges, callable functions, image\n"
    "hashes.\n"
    "\n"
    "  --set KEY=VALUE      changes one value of the TOML file; repeatable\n"
    "  --json               for programs\n"
    "  -h, --help           this text\n";

static const char doctor_text[] =
    "Usage: bulkhead doctor [OPTION]...\n"
    "Prints what this host can do, with a verdict for each mechanism.\n"
    "Exit status: 0 when appliances can run here, else 3.\n"
    "\n"
    "  --json               for programs\n"
    "  -h, --help           this text\n";

static const char top_help[] =
    "Usage: bulkhead top [NAME|PID] [OPTION]...\n"
    "Shows what the appliances of this user that run are doing: per VM processor, memory, parking\n"
    "and network, per edge calls, latency, bytes and errors. q ends it.\n"
    "\n"
    "  --once               prints one table (of one interval) and ends\n"
    "  --interval SECONDS   between two tables; default 1\n"
    "  --json               totals since the start, for programs; with --once one object\n"
    "  -h, --help           this text\n";

static const char gdb[] =
    "Usage: bulkhead gdb [FILE [COMPARTMENT]] [-- ARGUMENT...]\n"
    "Starts GDB on the running appliance that FILE describes (or that has this name or process\n"
    "number; without FILE: the only one), with the symbols of all images, at COMPARTMENT.\n"
    "ARGUMENTs are GDB's own. Everything stops until GDB lets it go on; when GDB ends, the\n"
    "appliance runs on.\n"
    "\n"
    "  -h, --help           this text\n";

static const char report_help[] =
    "Usage: bulkhead report DIRECTORY\n"
    "Prints a crash report again. DIRECTORY: what the report itself names as \"saved\".\n"
    "\n"
    "  -h, --help           this text\n";

static const char trace_help[] =
    "Usage: bulkhead trace -o FILE [NAME|PID] [OPTION]...\n"
    "Records the gate calls of an appliance that runs and writes them as JSON for Perfetto\n"
    "(ui.perfetto.dev) or chrome://tracing. Says how many events were lost, if any.\n"
    "\n"
    "  -o FILE              where to\n"
    "  --seconds SECONDS    how long; default: until Ctrl-C, or the appliance ends\n"
    "  -h, --help           this text\n";

void cli_help(enum command topic)
{
    fputs(topic == COMMAND_RUN      ? run
          : topic == COMMAND_CHECK  ? check
          : topic == COMMAND_DOCTOR ? doctor_text
          : topic == COMMAND_TOP    ? top_help
          : topic == COMMAND_GDB    ? gdb
          : topic == COMMAND_REPORT ? report_help
          : topic == COMMAND_TRACE  ? trace_help
                                    : overview,
          stdout);
}
