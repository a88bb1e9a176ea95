/* Start of a compartment's runtime, and of the application if it is here.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "runtime.h"

extern void (*const __bh_init_array_start[])(void), (*const __bh_init_array_end[])(void);

/* Weak: only one compartment of an appliance has it. Never called where it is missing (linker script, __bh_main). */
int main(int argc, char **argv, char **envp) __attribute__((weak));
static int (*const application_main)(int, char **, char **) = main;

char **environ;

extern const char bh_program_name[]; /* generated: the application's name */

const struct bh_boot_compartment *bh_self(void)
{
    const struct bh_boot_compartment *c = (const void *)((const char *)bh_boot() + bh_boot()->compartments_off);
    while (c->index != bh_gates.compartment)
        c++;
    return c;
}

void bh_runtime_init(void)
{
    for (void (*const *f)(void) = __bh_init_array_start; f < __bh_init_array_end; f++)
        (*f)();
}

/* NULL-terminated array of private copies of `first` (unless NULL) and `n` consecutive strings: programs may write to
 * their arguments. */
static char **copy_strings(const char *first, const char *text, uint32_t n)
{
    char **array = calloc(n + 2ul, sizeof(*array));
    uint32_t used = 0;
    if (array && first && !(array[used++] = strdup(first)))
        return NULL;
    for (uint32_t i = 0; array && i < n; i++) {
        if (!(array[used++] = strdup(text)))
            return NULL;
        text += strlen(text) + 1;
    }
    return array;
}

int bh_runtime_main(void)
{
    const char *info = (const char *)bh_boot();
    char **argv = copy_strings(bh_program_name, info + bh_boot()->args_off, bh_boot()->n_args);
    environ = copy_strings(NULL, info + bh_boot()->env_off, bh_boot()->n_env);
    if (!argv || !environ)
        bh_panic("no memory for the arguments: give this compartment more `memory`");
    exit(application_main((int)bh_boot()->n_args + 1, argv, environ));
}
