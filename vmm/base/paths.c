/* Takes paths from the environment, or else those that were compiled in.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/base/paths.h"

#include <stdlib.h>

static const char *path_setting(const char *variable, const char *built_in)
{
    const char *value = getenv(variable);
    return value && *value ? value : built_in;
}

const char *source_root(void)
{
    return path_setting("BULKHEAD_ROOT", BH_SOURCE_ROOT);
}

const char *build_root(void)
{
    return path_setting("BULKHEAD_BUILD", BH_BUILD_ROOT);
}

const char *core_path(void)
{
    return path_setting("BULKHEAD_CORE", BH_BUILD_ROOT "/guest/kernel/core.elf");
}
