/** The notes that calls of the data layer leave in the program and its libraries (tern/sql_note.h). */
#ifndef CHECK_NOTES_H
#define CHECK_NOTES_H

#include "base/arena.h"
#include "base/buf.h"

#include <tern/sql_note.h>

typedef struct check_notes {
    const tern_sql_note **items; /* by file and line; each once, even if a header put it into many files */
    unsigned count, room;
} check_notes;

/** Finds them in every object of this process. False, with a line for each object whose file cannot be read,
 * or without memory. */
bool check_notes_find(check_notes *notes, arena *a, buf *problems);

/** Adds a note that did not come from a macro. False without memory. */
bool check_notes_add(check_notes *notes, arena *a, const tern_sql_note *note);

/** The line of "todo.c:31", and the length of the file's name before it. */
unsigned check_place_line(const char *place, size_t *file_len);
/** Compares places for qsort: by file, then by line. */
int check_place_compare(const char *a, const char *b);

#endif
