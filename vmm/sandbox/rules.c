/* Building blocks of seccomp filters (seccomp(2)) and Landlock rules (Documentation/userspace-api/landlock.rst).
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/sandbox/rules.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A right of version 3 that the kernel's headers may not know. */
#define TRUNCATE (1ull << 14)

bool rules_allow(scmp_filter_ctx filter, const int *calls, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0))
            return false;
    return true;
}

bool rules_allow_ioctl(scmp_filter_ctx filter, unsigned long request)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, request)) == 0;
}

bool rules_allow_memory(scmp_filter_ctx filter)
{
    static const int calls[] = {SCMP_SYS(munmap), SCMP_SYS(brk), SCMP_SYS(madvise), SCMP_SYS(mremap)};
    const struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    return rules_allow(filter, calls, RULES_COUNT(calls)) &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_code) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_code) == 0;
}

static bool add_rule(int set, int file, uint64_t rights)
{
    const struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = file};
    return file < 0 || !syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

bool rules_restrict_files(const int *read, unsigned n, int change)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    /* Every right of the first version; what is not handled is not restricted, and of later versions only the right to
     * truncate changes what is in a file. Renames between directories are refused by the first version as it is. */
    uint64_t truncate = version >= 3 ? TRUNCATE : 0;
    const struct landlock_ruleset_attr handled = {.handled_access_fs =
                                                      ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1) | truncate};
    const uint64_t changing = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                              LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                              LANDLOCK_ACCESS_FS_REMOVE_FILE | truncate;
    int set = version < 1 ? -1 : (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
    int above = change < 0 ? -1 : openat(change, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
    bool good = set >= 0;
    for (unsigned i = 0; good && i < n; i++)
        good = add_rule(set, read[i], LANDLOCK_ACCESS_FS_READ_FILE);
    good = good && add_rule(set, change, changing) && add_rule(set, above, LANDLOCK_ACCESS_FS_REMOVE_DIR) &&
           !syscall(SYS_landlock_restrict_self, set, 0);
    if (above >= 0)
        close(above);
    if (set >= 0)
        close(set);
    return good;
}
