/* Loading code at run time: always fails, an image never changes.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_DLFCN_H
#define BH_DLFCN_H

#define RTLD_LAZY    1
#define RTLD_NOW     2
#define RTLD_GLOBAL  0x100
#define RTLD_LOCAL   0
#define RTLD_DEFAULT ((void *)0)

typedef struct {
    const char *dli_fname;
    void *dli_fbase;
    const char *dli_sname;
    void *dli_saddr;
} Dl_info;

void *dlopen(const char *file, int mode);
int dlclose(void *handle);
void *dlsym(void *handle, const char *name);
char *dlerror(void);
int dladdr(const void *address, Dl_info *info);

#endif
