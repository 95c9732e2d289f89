/**
 * What is wrong with a client's input: every fault with its place, to be reported at once.
 */
#ifndef SCHEMA_FAULTS_H
#define SCHEMA_FAULTS_H

#include "base/arena.h"
#include "base/buf.h"

#include <tern/model.h>

enum { FAULTS_MOST = 100 }; /* further ones are only counted */

/** One step of a place, on the stack of whoever descends: `{up, "items", 0}` or `{up, NULL, 3}`. */
typedef struct place {
    const struct place *up; /* NULL: the outermost ("body", "query", ...) */
    const char *name;       /* NULL: index */
    size_t index;
} place;

typedef struct fault {
    struct fault *next;
    const char **names; /* the place from the outside in; NULL where indexes[i] counts */
    size_t *indexes;
    unsigned depth;
    const char *code;               /* "missing", "too_short", "not_int": table in faults.c, also in docs */
    const char *message;            /* "must have at least 1 character" */
    const char *limit_name, *limit; /* "min_length", "1" (JSON text); NULL when there is none */
} fault;

struct tern_faults {
    arena *arena;
    fault *first, **end;
    unsigned count;    /* all of them, kept or not */
    const place *here; /* where tern_fault_add stands: the model being checked */
    const char *whose; /* before each message: "the key "; NULL: nothing */
    /* a field's .message, in place of the messages of its rules; NULL: theirs. Only the first fault after
     * `said_from` is kept: another one would say the same again. */
    const char *said;
    unsigned said_from;
    struct pattern_clock
        *clock; /* of the outermost list whose items are compared with patterns; NULL: none */
    bool is_memory_short;
};

void faults_init(tern_faults *faults, arena *a);
/** Adds one at `where`; texts are copied or literals. */
void fault_add(tern_faults *faults, const place *where, const char *code, const char *limit_name,
               const char *limit, const char *format, ...) __attribute__((format(printf, 6, 7)));
/** Moves the faults of `more`, which has the same arena, to the end of `faults`; of those that say the same of the
 * same place, which two models may have, one is kept. */
void faults_join(tern_faults *faults, tern_faults *more);
/** What a stored text should have been, by the first fault of reading it: "JSON of its type (tags[1] must not
 * be null)"; the outermost step of its place is left out. In `a`. */
const char *faults_wanted(const tern_faults *faults, arena *a);
/** "body.items[3].price: must be at least 0", one a line: for logs and people. */
bool faults_print(const tern_faults *faults, buf *out);
/** The kept ones as they are told, with `*count`, in `a`; NULL when out of memory. */
const tern_fault *faults_list(const tern_faults *faults, arena *a, size_t *count);
/** The JSON array for problem details:
 * [{"location":["body","items",3,"price"],"code":...,"message":...,"min":0}]. */
bool faults_print_json(const tern_fault *list, size_t count, buf *out);

#endif
