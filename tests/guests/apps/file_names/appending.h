/* Streams that append.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef FILE_NAMES_APPENDING_H
#define FILE_NAMES_APPENDING_H

/* Prints where streams of files that are opened for appending read, write and say that they are. */
void show_appending(void);

#endif
