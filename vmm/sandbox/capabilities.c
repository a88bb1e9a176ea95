/* Gives up the rights of root (capabilities(7)).
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/sandbox/capabilities.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

bool sandbox_drop_capabilities(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
    /* What a program that is started could get back. Only who may change it has to, and nobody here starts one. */
    for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
        prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    /* The ambient set is always within the permitted one. */
    return syscall(SYS_capset, &head, none) == 0;
}
