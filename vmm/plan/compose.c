/* Runs the composer when an appliance's manifest is missing or out of date.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/plan/compose.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/appliance/manifest_file.h"
#include "vmm/base/paths.h"

#define CANNOT_EXEC 127 /* exit status of a child that could not start python3 */

uint32_t fnv1a(uint32_t hash, const void *data, size_t size)
{
    const uint8_t *byte = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * 0x01000193u;
    return hash;
}

static bool is_manifest(const char *file)
{
    static const unsigned char magic[4] = {0xd0, 0x0d, 0xfe, 0xed}; /* of a flattened device tree */
    unsigned char start[4];
    size_t length = strlen(file);
    if (length > 4 && strcmp(file + length - 4, ".dtb") == 0)
        return true;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    bool same = fd >= 0 && read(fd, start, sizeof(start)) == sizeof(start) && memcmp(start, magic, sizeof(magic)) == 0;
    if (fd >= 0)
        close(fd);
    return same;
}

/* The directory of the appliance; `real` is the file's real path. */
static bool directory_of(const char *real, const char *const *sets, uint32_t n_sets, char *out, struct problem *p)
{
    uint32_t hash = fnv1a(FNV_START, real, strlen(real));
    for (uint32_t i = 0; i < n_sets; i++)
        hash = fnv1a(fnv1a(hash, "", 1), sets[i], strlen(sets[i]));
    const char *end = strrchr(real, '/'); /* a real path has one */
    const char *name = end + 1;
    size_t length = strcspn(name, ".");
    if (strcmp(name, "compartments.toml") == 0 && end > real) {
        for (name = end; name[-1] != '/'; name--) {
        }
        length = (size_t)(end - name);
    }
    int n =
        snprintf(out, PATH_MAX, "%s/appliances/%.*s-%08x", build_root(), (int)(length < 64 ? length : 64), name, hash);
    return (n > 0 && n < PATH_MAX - 16) ||
           problem_set(p, EXIT_USAGE, "%s: the path of the build directory is too long", real);
}

static bool make_directory(const char *directory, struct problem *p)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s", directory);
    for (char *c = path + 1; *c; c++) {
        if (*c == '/') {
            *c = 0;
            mkdir(path, 0777); /* the last one tells whether all of them exist */
            *c = '/';
        }
    }
    return mkdir(path, 0777) == 0 || errno == EEXIST ||
           problem_set(p, EXIT_HOST, "%s: cannot be created: %s", path, strerror(errno));
}

static bool load_fresh(struct composition *c)
{
    struct problem ignored = {0};
    c->blob = manifest_load(c->manifest, &c->size, &ignored);
    if (c->blob && manifest_is_fresh(c->blob, c->size, source_root()))
        return true;
    free(c->blob);
    c->blob = NULL;
    return false;
}

/* In the child: becomes `python3 ROOT/scripts/compose COMMAND FILE --set ... LAST...`. The
 * application's input and output are not the composer's. */
static void become_composer(const char *command, const char *file, const char *const *sets, uint32_t n_sets,
                            const char *const *last, int output)
{
    char program[PATH_MAX];
    snprintf(program, sizeof(program), "%s/scripts/compose", source_root());
    const char **argv = calloc(2 * (size_t)n_sets + 16, sizeof(*argv));
    size_t n = 0;
    int nothing = open("/dev/null", O_RDONLY);
    if (!argv || nothing < 0 || dup2(nothing, 0) < 0 || dup2(output, 1) < 0)
        _exit(CANNOT_EXEC);
    argv[n++] = "python3";
    argv[n++] = program;
    argv[n++] = command;
    argv[n++] = file;
    for (uint32_t i = 0; i < n_sets; i++) {
        argv[n++] = "--set";
        argv[n++] = sets[i];
    }
    while (*last)
        argv[n++] = *last++;
    execvp(argv[0], (char *const *)argv);
    _exit(CANNOT_EXEC);
}

/* Exit status of the composer; -1: it could not be run or was killed, and `p` says so. */
static int run_composer(const char *command, const char *file, const char *const *sets, uint32_t n_sets,
                        const char *const *last, int output, struct problem *p)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        become_composer(command, file, sets, n_sets, last, output);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (child < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_EXEC)) {
        problem_set(p, EXIT_HOST, "%s: cannot run the composer: is python3 (3.11 or later) installed?", file);
        return -1;
    }
    if (!WIFEXITED(status)) {
        problem_set(p, EXIT_HOST, "%s: the composer was killed by signal %d", file, WTERMSIG(status));
        return -1;
    }
    return WEXITSTATUS(status);
}

/* Under the lock: another run may have composed the appliance meanwhile. */
static bool build_locked(const char *file, const char *directory, const char *const *sets, uint32_t n_sets,
                         struct composition *out, struct problem *p)
{
    if (load_fresh(out))
        return true;
    const char *const last[] = {"--out", directory, "--build", build_root(), NULL};
    int status = run_composer("build", file, sets, n_sets, last, STDERR_FILENO, p);
    if (status > 0)
        *p = (struct problem){.status = status};
    if (status == 0)
        out->blob = manifest_load(out->manifest, &out->size, p);
    return out->blob != NULL;
}

static bool build_appliance(const char *file, const char *directory, const char *const *sets, uint32_t n_sets,
                            struct composition *out, struct problem *p)
{
    char path[PATH_MAX + 8];
    if (!make_directory(directory, p))
        return false;
    snprintf(path, sizeof(path), "%s/lock", directory);
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock < 0 || flock(lock, LOCK_EX) != 0) {
        problem_set(p, EXIT_HOST, "%s: cannot be locked: %s", path, strerror(errno));
        if (lock >= 0)
            close(lock);
        return false;
    }
    bool ok = build_locked(file, directory, sets, n_sets, out, p);
    close(lock); /* and with it the lock */
    return ok;
}

bool compose(const char *file, const char *const *sets, uint32_t n_sets, struct composition *out, struct problem *p)
{
    char real[PATH_MAX], directory[PATH_MAX];
    memset(out, 0, sizeof(*out));
    if (!realpath(file, real))
        return problem_set(p, EXIT_USAGE, "%s: %s", file, strerror(errno));
    if (is_manifest(real)) {
        if (n_sets)
            return problem_set(p, EXIT_USAGE, "%s is a manifest: --set works on a compartments.toml only", file);
        snprintf(out->manifest, sizeof(out->manifest), "%s", file);
        out->blob = manifest_load(file, &out->size, p);
        return out->blob != NULL;
    }
    if (!directory_of(real, sets, n_sets, directory, p))
        return false;
    snprintf(out->manifest, sizeof(out->manifest), "%.*s/manifest.dtb", PATH_MAX - 16, directory);
    return load_fresh(out) || build_appliance(file, directory, sets, n_sets, out, p);
}

void compose_print_errors_json(const char *file, const char *const *sets, uint32_t n_sets)
{
    const char *const last[] = {"--json", NULL};
    struct problem ignored = {0};
    char buffer[4096];
    int output = memfd_create("composer", MFD_CLOEXEC);
    if (output < 0)
        return;
    if (run_composer("validate", file, sets, n_sets, last, output, &ignored) == EXIT_USAGE) {
        lseek(output, 0, SEEK_SET);
        for (ssize_t n; (n = read(output, buffer, sizeof(buffer))) > 0;)
            fwrite(buffer, 1, (size_t)n, stdout);
    }
    close(output);
}
