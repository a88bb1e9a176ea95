/* dlopen() and its relatives, which all fail: an appliance loads no code at run time.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <dlfcn.h>
#include <stddef.h>

void *dlopen(const char *file, int mode)
{
    (void)file, (void)mode;
    return NULL;
}

int dlclose(void *handle)
{
    (void)handle;
    return -1;
}

void *dlsym(void *handle, const char *name)
{
    (void)handle, (void)name;
    return NULL;
}

char *dlerror(void)
{
    return "an appliance loads no code at run time: link it into the application";
}

int dladdr(const void *address, Dl_info *info)
{
    (void)address, (void)info;
    return 0;
}
