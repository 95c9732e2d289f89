/** Which tables of the models a text names, and which column stands beside a `?` in it. */
#ifndef CHECK_TABLES_H
#define CHECK_TABLES_H

#include "data/table/table.h"

#include <tern/str.h>

enum { CHECK_TABLES_MOST = 16 };

typedef struct check_table {
    const data_table *table;
    tern_str alias; /* its name in the text */
    bool may_lack;  /* its rows may be missing in the result: the other side of an outer join */
} check_table;

typedef struct check_tables {
    check_table items[CHECK_TABLES_MOST];
    unsigned count;
    bool is_whole; /* the text names no other source of rows */
} check_tables;

/** What a `?` is compared with, or assigned to. */
typedef struct check_operand {
    const data_column *column;
    const check_table *table;
    bool is_sought; /* by = < <= > >= or in: what an index serves */
} check_operand;

/** Reads the tables that `text` names; `own` (may be NULL) is one that it is a condition on. */
void check_tables_read(check_tables *tables, const data_table *own, const char *text);
/** The column beside the `?` at `question`; false when that is not certain. */
bool check_operand_of(const check_tables *tables, const char *text, const char *question, check_operand *out);
/** The first `?` for a value at or after `at`; NULL when there is none. */
const char *check_next_mark(const char *at);
/** Whether the text has this word outside of quotes. */
bool check_has_word(const char *text, const char *word);
/** The table of a name or alias, or the only one that has it as a table's name; NULL when there is none. */
const check_table *check_table_named(const check_tables *tables, const char *name, size_t len);

#endif
