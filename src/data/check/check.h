/**
 * `APP check`: every call of the data layer that the program holds, asked of a database without being run.
 *
 * notes.h finds what the calls have left in the program, call.h reads them, and this holds each against a
 * database of an engine (engine.h): the SQL is built as a request would build it.
 */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include "data/check/call.h"
#include "data/check/engine.h"
#include "data/check/report.h"
#include "data/check/tables.h"

/** One database that calls are held against. */
typedef struct check_run {
    const check_engine *engine;
    migrate_client *client;
    const check_notes *notes;
    check_report *report;
    arena *memory;
    unsigned checked;   /* calls */
    unsigned unchecked; /* those with a text that is not written in them */
    bool is_gone;       /* the database is away, or out of memory: `problem` says so */
    buf *problem;
} check_run;

/** A text of a call, with the values it gets. */
typedef struct check_statement {
    const check_call *call;
    const char *text;     /* NULL: no condition */
    const char *order_by; /* NULL, or fields of the table */
    unsigned count;
    unsigned char kinds[STATEMENT_ARGS_MOST]; /* tern_arg_kind, TERN_NOTE_ANY */
    check_tables tables;                      /* that it names */
} check_statement;

/** Adds notes for the filters of the application's resources that are given by name. False without memory.
 * (resources.c) */
bool check_add_resources(check_notes *notes, arena *a, const tern_app *app);

/** Holds a call against the run's database; what is wrong goes to the report. (prove.c) */
void check_prove(check_run *run, const check_call *call);
/** Adds a problem, unless the program allows what `word` stands for there. */
void check_add(check_run *run, const check_call *call, check_weight weight, const char *word,
               const char *format, ...) __attribute__((format(printf, 5, 6)));

/** Holds the kinds of the values against the columns they are compared with; one that is wrong is told, and
 * counts as not known afterwards. (kinds.c) */
void check_kinds(check_run *run, check_statement *s);
/** Holds the values of a key against its columns. */
void check_key(check_run *run, const check_call *call);
/** The model of a value's kind as C has it: "a text". */
const char *check_kind_name(tern_arg_kind kind);

/** Holds the columns of a result against the fields of the call's model. (result.c) */
void check_result(check_run *run, const check_statement *s, const check_answer *answer);
/** Whether an index serves the condition, where one could. (scan.c) */
void check_scan(check_run *run, const check_statement *s, const check_answer *answer);
/** Tells what the database says of a statement that it does not take. (words.c) */
void check_tell(check_run *run, const check_statement *s, const char *words);
/** "; did you mean "title"?" for a name that no column of the table has, or ""; in the run's memory. */
const char *check_suggest_column(check_run *run, const data_table *table, const char *name, size_t len);

#endif
