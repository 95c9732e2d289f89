/**
 * `APP check`: checks every call of the data layer in the program against a database, without running it.
 *
 * notes.h finds the notes of the calls in the program, and call.h parses them. The functions below check each
 * against a database of an engine (engine.h). The SQL is built as a request would build it.
 */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include "data/check/call.h"
#include "data/check/engine.h"
#include "data/check/report.h"
#include "data/check/tables.h"

/** A database that calls are checked against. */
typedef struct check_run {
    const check_engine *engine;
    migrate_client *client;
    const check_notes *notes;
    check_report *report;
    arena *memory;
    unsigned checked;   /* calls */
    unsigned unchecked; /* calls with a text that is not a literal */
    bool is_gone;       /* the database is unreachable, or out of memory: see `problem` */
    buf *problem;
} check_run;

/** A text of a call, with its values. */
typedef struct check_statement {
    const check_call *call;
    const char *text;     /* NULL: no condition */
    const char *order_by; /* NULL, or fields of the table */
    unsigned count;
    unsigned char kinds[STATEMENT_ARGS_MOST]; /* tern_arg_kind, TERN_NOTE_ANY */
    check_tables tables;                      /* that the text names */
} check_statement;

/** Adds notes for the named filters of the application's resources. False without memory. (resources.c) */
bool check_add_resources(check_notes *notes, arena *a, const tern_app *app);

/** Checks a call against the run's database and adds problems to the report. (prove.c) */
void check_prove(check_run *run, const check_call *call);
/** Adds a problem, unless the program allows `word` there. */
void check_add(check_run *run, const check_call *call, check_weight weight, const char *word,
               const char *format, ...) __attribute__((format(printf, 5, 6)));

/** Checks the kinds of the values against the columns they are compared with. A wrong one is reported, and
 * counts as unknown afterwards. (kinds.c) */
void check_kinds(check_run *run, check_statement *s);
/** Checks the values of a key against its columns. */
void check_key(check_run *run, const check_call *call);

/** Checks the columns of a result against the fields of the call's model. (result.c) */
void check_result(check_run *run, const check_statement *s, const check_answer *answer);
/** Warns when no index serves the condition, where one could. (scan.c) */
void check_scan(check_run *run, const check_statement *s, const check_answer *answer);
/** Reports the database's error for a statement that it rejects. (words.c) */
void check_tell(check_run *run, const check_statement *s, const char *words);
/** "; did you mean "title"?" for a name that no column of the table has, or ""; in the run's memory. */
const char *check_suggest_column(check_run *run, const data_table *table, const char *name, size_t len);

#endif
