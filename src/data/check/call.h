/** A parsed note: the statement that a call makes, and its arguments. */
#ifndef CHECK_CALL_H
#define CHECK_CALL_H

#include "data/check/notes.h"
#include "data/statement.h"

enum { CALL_CHOICES_MOST = 16 };

/** The form of a call's arguments. */
typedef enum call_form {
    CALL_SELECTION, /* options: .where, .args, .order_by, ... */
    CALL_KEY,       /* the values of a key */
    CALL_OWN,       /* raw SQL and its values */
    CALL_CONDITION, /* a condition written outside its call, and its values */
    CALL_GIVEN,     /* optional conditions, written outside their call */
    CALL_RELATED,   /* a list and the field for related rows */
} call_form;

typedef struct call_kind {
    const char *name;
    call_form form;
    statement_verb verb;
    unsigned options_at; /* where the options, values or the text begin; the model is argument 0 */
    unsigned function;   /* of select_functions */
} call_kind;

/** Values that a call may pass to its text. */
typedef struct call_values {
    unsigned count;
    const unsigned char *kinds; /* tern_arg_kind, TERN_NOTE_ANY; NULL: not known */
} call_values;

/** A text that a call may have, with its own values if it has any. */
typedef struct call_text {
    const char *text; /* NULL: no text */
    const call_values *own;
} call_text;

typedef struct check_call {
    const tern_sql_note *note;
    const call_kind *kind;
    tern_str arguments;      /* as written, the model first */
    const data_table *table; /* NULL: no model, or not one of tern_database's */
    call_text texts[CALL_CHOICES_MOST];
    unsigned text_count;
    bool has_other_text; /* a text that is not a literal in the call */
    const char *orders[CALL_CHOICES_MOST];
    unsigned order_count;
    call_values values[CALL_CHOICES_MOST];
    unsigned value_count;
    bool has_other_values;
    bool has_limit, has_offset, is_for_update, has_after, is_trusted;
    tern_str field; /* of sums and related rows */
} check_call;

/** Parses the note. False when it is not a call's note (but values, or an allowance), or out of memory. */
bool check_call_read(check_call *call, const tern_sql_note *note, const check_notes *notes, arena *a);

/** Whether the program allows (tern_allow) the problem named `word` at this call. */
bool check_call_allows(const check_call *call, const check_notes *notes, const char *word);

/** The number of `?` for values in a text. */
unsigned check_count_marks(const char *text);

#endif
