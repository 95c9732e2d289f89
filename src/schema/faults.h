/**
 * Faults of a client's input: each with its place, all reported together.
 */
#ifndef SCHEMA_FAULTS_H
#define SCHEMA_FAULTS_H

#include "base/arena.h"
#include "base/buf.h"

#include <tern/model.h>

enum { FAULTS_MOST = 100 }; /* further ones are only counted */

/** One step of a place, on the stack of the function that descends: `{up, "items", 0}` or `{up, NULL, 3}`. */
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
    const char *limit_name, *limit; /* "min_length", "1" (JSON text); NULL if none */
} fault;

struct tern_faults {
    arena *arena;
    fault *first, **end;
    unsigned count;    /* all of them, kept or not */
    const place *here; /* the base of tern_fault_add: the model being checked */
    const char *whose; /* before each message: "the key "; NULL: none */
    /* a field's .message, which replaces its rules' messages; NULL: not set. Only the first fault after
     * `said_from` is kept: others would repeat it. */
    const char *said;
    unsigned said_from;
    struct pattern_clock *clock; /* of the outermost list with item patterns; NULL: none */
    bool is_memory_short;
};

void faults_init(tern_faults *faults, arena *a);
/** Adds a fault at `where`; texts are copied or literals. */
void fault_add(tern_faults *faults, const place *where, const char *code, const char *limit_name,
               const char *limit, const char *format, ...) __attribute__((format(printf, 6, 7)));
/** Moves the faults of `more`, which has the same arena, to the end of `faults`. Two models may report the
 * same fault at the same place; it is kept once. */
void faults_join(tern_faults *faults, tern_faults *more);
/** What a stored text should have been, from the first fault found in it: "JSON of its type (tags[1] must not
 * be null)"; the outermost step of the place is left out. Allocated in `a`. */
const char *faults_wanted(const tern_faults *faults, arena *a);
/** "body.items[3].price: must be at least 0", one a line: for logs and people. */
bool faults_print(const tern_faults *faults, buf *out);
/** The kept faults as they are reported, with `*count`, in `a`; NULL when out of memory. */
const tern_fault *faults_list(const tern_faults *faults, arena *a, size_t *count);
/** The JSON array for problem details:
 * [{"location":["body","items",3,"price"],"code":...,"message":...,"min":0}]. */
bool faults_print_json(const tern_fault *list, size_t count, buf *out);

#endif
