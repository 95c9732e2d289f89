/**
 * Preserves the indexes, triggers, views and rules of a table that a migration rebuilds in SQLite.
 *
 * SQLite cannot change most of a table in place: a script creates a new table, copies the rows, drops the old
 * table and renames the new one (https://www.sqlite.org/lang_altertable.html, section 7). Models know only
 * their own indexes and rules. Those that a handwritten migration added are dropped with the old table, and
 * views that name it block the rename. So each statement of a script is observed as it runs. What was dropped
 * is created again. If that is not possible, the problem names the statement to write. All this happens in
 * the migration's transaction, so a refusal changes nothing.
 */
#ifndef MIGRATE_REBUILD_H
#define MIGRATE_REBUILD_H

#include "data/ddl/ddl.h"
#include "data/migrate/client/client.h"

typedef struct rebuild rebuild;

/** Begins to follow a script on an SQLite database. `models` are the models' tables before it (NULL:
 * unknown); `file` is the file to edit. NULL when out of memory. */
rebuild *rebuild_begin(migrate_client *client, const ddl_schema *models, const char *file, arena *memory);
/** Called before each statement runs. False with the problem. */
bool rebuild_before(rebuild *r, const char *statement, const char *end, buf *problem);
/** Called after it has run. */
bool rebuild_after(rebuild *r, buf *problem);
/** Called after the last statement: creates again what was dropped, and makes SQLite check that everything
 * that views and triggers name still exists. */
bool rebuild_finish(rebuild *r, buf *problem);
/** Called at the end, also after a script that failed. */
void rebuild_end(rebuild *r);

/* -- rules that no model has made (rules.c) -- */

/** A property of a table that its model does not describe. */
typedef struct table_rule {
    const char *kind;   /* "column", "collation", "check", "unique", "foreign key", "option" */
    const char *column; /* NULL: the table or several columns; for a check, the constraint's name */
    const char *text;   /* in the form that is compared */
} table_rule;

typedef struct table_rules {
    arena *memory;
    table_rule *items;
    unsigned count;
    bool is_memory_short;
} table_rules;

/** Reads all rules of a table. False with the problem. */
bool rules_read(table_rules *rules, migrate_client *client, const char *table, buf *problem);
/** Removes from `rules` those that `others` has too. */
void rules_take_out(table_rules *rules, const table_rules *others);
/** Whether the list has the rule. */
bool rules_have(const table_rules *rules, const table_rule *rule);
/** Renames the column in the rules. */
void rules_rename_column(table_rules *rules, const char *from, const char *to);

#endif
