/** Where in its source the program's code is, by addr2line where that is installed (package binutils). */
#ifndef RUNTIME_SOURCE_LINES_H
#define RUNTIME_SOURCE_LINES_H

#include "runtime/symbols.h"

enum {
    SOURCE_LINE_BYTES = 96,
    SOURCE_LINES_MS =
        1000 /* the most that a look-up takes; one that takes longer is the last of this process */
};

/** "main.c:31", without folders; "" when not known. */
typedef char source_line[SOURCE_LINE_BYTES];

/**
 * Fills `lines` for those of `count` resolved places that are in the program's own file; all others become
 * "".
 *
 * Starts another program and waits for it, so it is for the master, not for a signal handler. Finds nothing
 * in a program without debug information (-g), or with that information in a separate file.
 */
void source_lines_find(const symbols_place *places, unsigned count, source_line *lines);

#endif
