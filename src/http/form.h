/** application/x-www-form-urlencoded, of a query or a body: pair by pair. */
#ifndef HTTP_FORM_H
#define HTTP_FORM_H

#include "base/arena.h"

#include <tern/str.h>

enum { FORM_PAIRS_MAX = 1000, FORM_NAME_BYTES = 256 };

typedef struct form_walk {
    tern_str rest;
    unsigned count;
    char name[FORM_NAME_BYTES];
} form_walk;

typedef enum form_result {
    FORM_END,
    FORM_PAIR,
    FORM_BAD_NAME, /* wrongly encoded, or longer than any field's; the next call goes on */
    FORM_TOO_MANY  /* more than FORM_PAIRS_MAX: the walk is over */
} form_result;

void form_begin(form_walk *w, tern_str text);
/** The next pair, its name decoded (valid until the next call), its value not decoded. The cost of a pair
 * depends on its length alone: there is no table in which keys could collide. */
form_result form_next(form_walk *w, tern_str *name, tern_str *value);
/** Decodes a value into the arena with a NUL after it; NULL with `*is_memory_short` or a bad encoding (a lone
 * '%', NUL, invalid UTF-8). */
char *form_decode(arena *a, tern_str value, size_t *len, bool *is_memory_short);

#endif
