/* Disassembles one instruction, with Capstone.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/crash/instruction.h"

#include <capstone/capstone.h>
#include <stdio.h>

size_t instruction_text(const uint8_t *bytes, size_t n, uint64_t at, char *text, size_t size)
{
    csh handle;
    cs_insn *list = NULL;
    size_t length = 0;
    snprintf(text, size, "%s", "");
    if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK)
        return 0;
    if (cs_option(handle, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT) == CS_ERR_OK &&
        cs_disasm(handle, bytes, n < INSTRUCTION_MAX ? n : INSTRUCTION_MAX, at, 1, &list) == 1) {
        snprintf(text, size, "%s%s%s", list->mnemonic, list->op_str[0] ? " " : "", list->op_str);
        length = list->size;
    }
    if (list)
        cs_free(list, 1);
    cs_close(&handle);
    return length;
}
