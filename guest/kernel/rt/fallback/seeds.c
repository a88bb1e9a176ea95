/* No files at the start: the application has no folder packed by scripts/pack_files.py.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "fallback.h"

FALLBACK const unsigned char bh_files[1] = {0};
FALLBACK const unsigned long bh_files_size = 0;
