/** A note understood: which statement a call of the program makes, and of what. */
#ifndef CHECK_CALL_H
#define CHECK_CALL_H

#include "data/check/notes.h"
#include "data/statement.h"

enum { CALL_CHOICES_MOST = 16 };

/** What a call's arguments are. */
typedef enum call_form {
    CALL_SELECTION, /* options: .where, .args, .order_by, ... */
    CALL_KEY,       /* the values of a key */
    CALL_OWN,       /* SQL of the program's own, and its values */
    CALL_CONDITION, /* a condition that is written outside of its call, and its values */
    CALL_GIVEN,     /* conditions that may be left out, written outside of their call */
    CALL_RELATED,   /* a list, and the field for related rows */
} call_form;

typedef struct call_kind {
    const char *name;
    call_form form;
    statement_verb verb;
    unsigned options_at; /* where the options, values or the text begin; the model is the first argument, 0 */
    unsigned function;   /* of select_functions */
} call_kind;

/** Values that a call may give its text. */
typedef struct call_values {
    unsigned count;
    const unsigned char *kinds; /* tern_arg_kind, TERN_NOTE_ANY; NULL: none of them is known */
} call_values;

/** A text that a call may have, with values of its own when it brings them. */
typedef struct call_text {
    const char *text; /* NULL: there is none */
    const call_values *own;
} call_text;

typedef struct check_call {
    const tern_sql_note *note;
    const call_kind *kind;
    tern_str arguments;      /* as they are written, the model first */
    const data_table *table; /* NULL: there is none, or it is none of tern_database's */
    call_text texts[CALL_CHOICES_MOST];
    unsigned text_count;
    bool has_other_text; /* one that is not written here */
    const char *orders[CALL_CHOICES_MOST];
    unsigned order_count;
    call_values values[CALL_CHOICES_MOST];
    unsigned value_count;
    bool has_other_values;
    bool has_limit, has_offset, is_for_update, has_after, is_trusted;
    tern_str field; /* of sums and related rows */
} check_call;

/** Reads the note; false when it is none of a call (the values of one, an allowance) or out of memory. */
bool check_call_read(check_call *call, const tern_sql_note *note, const check_notes *notes, arena *a);

/** Whether the program allows (tern_allow) what `word` is for at this call. */
bool check_call_allows(const check_call *call, const check_notes *notes, const char *word);

/** How many `?` for values a text has. */
unsigned check_count_marks(const char *text);

#endif
