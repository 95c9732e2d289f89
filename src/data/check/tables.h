/** Finds which tables of the models a text names, and which column is beside a `?` in it. */
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
    bool is_sought; /* by = < <= > >= or in, which an index can serve */
} check_operand;

/** Reads the tables that `text` names; `own` (may be NULL) is the table whose rows the text is a condition
 * on. */
void check_tables_read(check_tables *tables, const data_table *own, const char *text);
/** Finds the column beside the `?` at `question`; false when it is not certain. */
bool check_operand_of(const check_tables *tables, const char *text, const char *question, check_operand *out);
/** The first `?` for a value at or after `at`; NULL without one. */
const char *check_next_mark(const char *at);
/** Whether the text has this word outside quotes. */
bool check_has_word(const char *text, const char *word);
/** The table with this name or alias, or the only table with this name; NULL without one. */
const check_table *check_table_named(const check_tables *tables, const char *name, size_t len);

#endif
