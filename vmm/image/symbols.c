/* Looks addresses up in symbol tables and DWARF, with elfutils' libdwfl.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/image/symbols.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NESTING_MAX 16 /* blocks within functions that are searched for static variables */

/* Debug information is in the image itself or nowhere: never ask the network for it. */
static int no_debuginfo(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base, const char *file,
                        const char *link, GElf_Word crc, char **out)
{
    return -1;
}

static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = no_debuginfo,
    .section_address = dwfl_offline_section_address,
};

/* Removes one "name/../" or "./" at a time, starting with the leftmost. */
static void normalize_path(char *path)
{
    char *dots;
    while ((dots = strstr(path, "/./")) != NULL)
        memmove(dots, dots + 2, strlen(dots + 2) + 1);
    while ((dots = strstr(path, "/../")) != NULL && dots != path) {
        char *start = dots;
        while (start > path && start[-1] != '/')
            start--;
        if (strncmp(start, "..", (size_t)(dots - start)) == 0)
            return; /* "../../x": nothing to resolve it with */
        memmove(start, dots + 4, strlen(dots + 4) + 1);
    }
}

void source_path(char *path)
{
    static const char root[] = BH_SOURCE_ROOT "/";
    normalize_path(path);
    char *rest = path;
    while (strncmp(rest, "../", 3) == 0) /* relative to the build directory, wherever that is */
        rest += 3;
    /* "../../src/x" may mean /src/x: compare without the slash. */
    size_t skip = rest > path ? 1 : 0;
    if (strncmp(rest, root + skip, sizeof(root) - 1 - skip) == 0)
        rest += sizeof(root) - 1 - skip;
    memmove(path, rest, strlen(rest) + 1);
}

static void set_file(struct location *at, const char *file, int line)
{
    snprintf(at->file, sizeof(at->file), "%s", file);
    source_path(at->file);
    at->line = line;
}

/* Is this a variable whose memory begins at `address` (of the file, without the module's bias)? */
static bool variable_at(Dwarf_Die *die, Dwarf_Addr address)
{
    Dwarf_Attribute attribute, operand;
    Dwarf_Op *op;
    Dwarf_Addr at;
    size_t n = 0;
    if (dwarf_tag(die) != DW_TAG_variable || !dwarf_attr(die, DW_AT_location, &attribute) ||
        dwarf_getlocation(&attribute, &op, &n) != 0 || n < 1)
        return false;
    if (op[0].atom == DW_OP_addrx) { /* clang: an index into .debug_addr */
        return dwarf_getlocation_attr(&attribute, &op[0], &operand) == 0 && dwarf_formaddr(&operand, &at) == 0 &&
               at == address;
    }
    return op[0].atom == DW_OP_addr && op[0].number == address;
}

/* The file of a declaration; `path` is room for it. libdw does not know that clang's number 0 is
 * the unit's own. */
static const char *declaring_file(Dwarf_Die *die, Dwarf_Die *unit, char *path, size_t size)
{
    const char *file = dwarf_decl_file(die);
    if (file)
        return file;
    Dwarf_Attribute attribute;
    Dwarf_Word number = 1;
    if (!dwarf_attr(die, DW_AT_decl_file, &attribute) || dwarf_formudata(&attribute, &number) != 0 || number != 0)
        return NULL;
    const char *name = dwarf_diename(unit), *directory = NULL;
    if (dwarf_attr(unit, DW_AT_comp_dir, &attribute))
        directory = dwarf_formstring(&attribute);
    bool join = name && directory && name[0] != '/';
    snprintf(path, size, "%s%s%s", join ? directory : "", join ? "/" : "", name ? name : "");
    return path;
}

static void set_declaration(struct location *at, Dwarf_Die *die, Dwarf_Die *unit)
{
    char path[512];
    int line = 0;
    Dwarf_Attribute attribute;
    Dwarf_Die origin = *die; /* the `extern` declaration before a definition has name and line */
    const char *file = declaring_file(die, unit, path, sizeof(path));
    if (!file && dwarf_attr(die, DW_AT_specification, &attribute)) {
        dwarf_formref_die(&attribute, &origin);
        file = declaring_file(&origin, unit, path, sizeof(path));
    }
    if (file && (dwarf_decl_line(die, &line) == 0 || dwarf_decl_line(&origin, &line) == 0))
        set_file(at, file, line);
}

/* Searches the children of `parent` in `unit`. */
static bool find_variable(Dwarf_Die *unit, Dwarf_Die *parent, Dwarf_Addr address, int depth, struct location *at)
{
    Dwarf_Die die;
    if (depth > NESTING_MAX || dwarf_child(parent, &die) != 0)
        return false;
    do {
        if (variable_at(&die, address)) {
            set_declaration(at, &die, unit);
            return true;
        }
        int tag = dwarf_tag(&die);
        if ((tag == DW_TAG_subprogram || tag == DW_TAG_lexical_block) &&
            find_variable(unit, &die, address, depth + 1, at))
            return true;
    } while (dwarf_siblingof(&die, &die) == 0);
    return false;
}

static void find_line(Dwfl_Module *module, uint64_t va, struct location *at)
{
    Dwfl_Line *source = dwfl_module_getsrc(module, va);
    int line = 0;
    if (source) {
        const char *file = dwfl_lineinfo(source, NULL, &line, NULL, NULL, NULL);
        set_file(at, file ? file : "", line);
        return;
    }
    /* clang writes no .debug_aranges: ask each compilation unit. */
    Dwarf_Die *unit = NULL;
    Dwarf_Addr bias = 0;
    while ((unit = dwfl_module_nextcu(module, unit, &bias)) != NULL) {
        Dwarf_Line *found = dwarf_getsrc_die(unit, va - bias);
        const char *file = found ? dwarf_linesrc(found, NULL, NULL) : NULL;
        if (file && dwarf_lineno(found, &line) == 0) {
            set_file(at, file, line);
            return;
        }
    }
}

static void find_symbol(Dwfl_Module *module, uint64_t va, struct location *at)
{
    GElf_Sym symbol;
    GElf_Off offset = 0;
    const char *name = dwfl_module_addrinfo(module, va, &offset, &symbol, NULL, NULL, NULL);
    if (!name)
        return;
    snprintf(at->symbol, sizeof(at->symbol), "%s", name);
    at->offset = offset;
    if (GELF_ST_TYPE(symbol.st_info) != STT_OBJECT)
        return;
    Dwarf_Die *unit = NULL;
    Dwarf_Addr bias = 0;
    while ((unit = dwfl_module_nextcu(module, unit, &bias)) != NULL &&
           !find_variable(unit, unit, va - offset - bias, 0, at)) {
    }
}

static bool find_section(Dwfl_Module *module, uint64_t va, struct location *at)
{
    Dwarf_Addr address = va, bias = 0;
    GElf_Shdr header;
    size_t names = 0;
    Elf_Scn *section = dwfl_module_address_section(module, &address, &bias);
    Elf *elf = section ? dwfl_module_getelf(module, &bias) : NULL;
    if (!elf || !gelf_getshdr(section, &header) || elf_getshdrstrndx(elf, &names) != 0)
        return false;
    const char *name = elf_strptr(elf, names, header.sh_name);
    snprintf(at->section, sizeof(at->section), "%s", name ? name : "");
    return true;
}

bool symbols_find(const char *image, uint64_t va, struct location *at)
{
    memset(at, 0, sizeof(*at));
    Dwfl *dwfl = dwfl_begin(&callbacks);
    if (!dwfl)
        return false;
    Dwfl_Module *module = dwfl_report_offline(dwfl, "image", image, -1);
    dwfl_report_end(dwfl, NULL, NULL);
    bool found = module && find_section(module, va, at);
    if (found) {
        find_line(module, va, at);
        find_symbol(module, va, at);
    }
    dwfl_end(dwfl);
    return found;
}

bool location_brief(const struct location *at, char *text, size_t size)
{
    char where[sizeof(at->file) + 32] = "", offset[24] = "";
    text[0] = 0;
    if (!at->symbol[0])
        return false;
    if (at->file[0])
        snprintf(where, sizeof(where), " (%s:%d)", at->file, at->line);
    if (at->offset)
        snprintf(offset, sizeof(offset), "+%#" PRIx64, at->offset);
    snprintf(text, size, "%s%s%s", at->symbol, offset, where);
    return true;
}

void location_describe(const struct location *at, char *text, size_t size)
{
    char brief[sizeof(at->file) + sizeof(at->symbol) + 64];
    bool symbol = location_brief(at, brief, sizeof(brief));
    snprintf(text, size, "%s%s%s%s", at->section[0] ? "section " : "", at->section, symbol ? ", symbol " : "", brief);
}
