/* Users and groups: there is one of each, number 0.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "../px.h"

static struct passwd root = {.pw_name = "root",
                             .pw_passwd = "",
                             .pw_uid = 0,
                             .pw_gid = 0,
                             .pw_comment = "",
                             .pw_gecos = "",
                             .pw_dir = "/",
                             .pw_shell = ""};

struct passwd *getpwuid(uid_t uid)
{
    return uid == 0 ? &root : NULL;
}

struct passwd *getpwnam(const char *name)
{
    return strcmp(name, root.pw_name) == 0 ? &root : NULL;
}

static char *no_members[] = {NULL};
static struct group root_group = {.gr_name = "root", .gr_passwd = "", .gr_gid = 0, .gr_mem = no_members};

struct group *getgrgid(gid_t gid)
{
    return gid == 0 ? &root_group : NULL;
}

struct group *getgrnam(const char *name)
{
    return strcmp(name, root_group.gr_name) == 0 ? &root_group : NULL;
}

int initgroups(const char *user, gid_t group)
{
    return (int)px_result(getpwnam(user) && group == 0 ? 0 : -EPERM);
}
