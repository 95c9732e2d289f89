/** The problems that a check found, and their output. */
#ifndef CHECK_REPORT_H
#define CHECK_REPORT_H

#include "base/arena.h"
#include "base/buf.h"

#include <stdbool.h>

typedef enum check_weight {
    CHECK_ERROR,   /* the call will fail, or do something other than it says */
    CHECK_WARNING, /* it will work, slowly or for most rows */
    CHECK_NOTE     /* it could not be checked */
} check_weight;

typedef struct check_problem {
    check_weight weight;
    const char *place;   /* "todo.c:31" */
    const char *word;    /* its word for tern_allow */
    const char *call;    /* "tern_select(Todo)" */
    const char *message; /* one line */
    unsigned number;     /* in the order found */
} check_problem;

typedef struct check_report {
    arena *memory;
    check_problem *items;
    unsigned count, counts[CHECK_NOTE + 1]; /* by weight */
    bool is_memory_short;
} check_report;

/** Adds a problem, unless it exists already. All texts except `message` remain the caller's. */
void check_report_add(check_report *report, const check_problem *problem);
/** Appends each problem as a line that editors understand: "todo.c:31: error: tern_select(Todo): ...
 * [name]". */
void check_report_lines(const check_report *report, buf *out);
/** Appends the problems as JSON: `{"problems": [{"file": ..., "line": 31, ...}], "checked": 12}`. */
void check_report_json(const check_report *report, unsigned checked, buf *out);

#endif
