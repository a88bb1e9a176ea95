/* Where the reports and cores of crashes are saved.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * DIR/NAME-DATE-TIME-PID/ holds report.txt, vmN.core and gdb.txt (commands that open them). DIR: what the user chose,
 * else $BULKHEAD_CRASH_DIR, else BUILD/crash, else ~/.local/state/bulkhead/crash, else /tmp/bulkhead-UID-crash. The
 * newest CRASH_DIRECTORIES_KEPT of an appliance are kept. */
#ifndef BH_VMM_CRASH_CRASH_DIRECTORY_H
#define BH_VMM_CRASH_CRASH_DIRECTORY_H

#include <stddef.h>

#define CRASH_DIRECTORIES_KEPT 8u

/* Makes a directory for this process's crash of `appliance` and puts its path into `path`. `chosen`: DIR; NULL: by
 * default; "none": nothing is to be saved. Returns its descriptor; -1: none. */
int crash_directory_make(const char *appliance, const char *chosen, char *path, size_t size);

/* Removes it with the files in it. */
void crash_directory_remove(const char *path);

/* `bulkhead report`: prints a saved report, given its directory or its file; the exit status. */
int crash_directory_print(const char *dir);

#endif
