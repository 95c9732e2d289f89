/**
 * What hangs on a table that a migration makes again in SQLite: indexes, triggers, views, rules.
 *
 * SQLite cannot change most of a table in place: a script makes another one, copies the rows, drops the old
 * one and gives the new one its name (https://www.sqlite.org/lang_altertable.html, section 7). Models know
 * only their own indexes and rules. What a migration by hand has put on the table goes with the old one, and
 * views that name it stop the rename. So a script is looked at statement by statement while it runs: what
 * goes is made again, and what cannot be is said, with the statement that would have to be written. All this
 * happens in the migration's transaction, so a refusal leaves everything as it was.
 */
#ifndef MIGRATE_REBUILD_H
#define MIGRATE_REBUILD_H

#include "data/ddl/ddl.h"
#include "data/migrate/client/client.h"

typedef struct rebuild rebuild;

/** Begins to follow a script on a database of SQLite: `models` are the tables as models had them before it
 * (NULL: nobody knows), `file` is what a person would change. NULL without memory. */
rebuild *rebuild_begin(migrate_client *client, const ddl_schema *models, const char *file, arena *memory);
/** Looks at the statement that is about to run. False with the problem. */
bool rebuild_before(rebuild *r, const char *statement, const char *end, buf *problem);
/** Once it has run. */
bool rebuild_after(rebuild *r, buf *problem);
/** After the last statement: makes again what went, and asks SQLite whether every view and trigger still has
 * what it names. */
bool rebuild_finish(rebuild *r, buf *problem);
/** In the end, also of a script that failed. */
void rebuild_end(rebuild *r);

/* -- rules that no model has made (rules.c) -- */

/** Something of a table that its model does not say. */
typedef struct table_rule {
    const char *kind;   /* "column", "collation", "check", "unique", "foreign key", "option" */
    const char *column; /* NULL: of the table, or of several. Of a check the name of its constraint */
    const char *text;   /* as it is compared */
} table_rule;

typedef struct table_rules {
    arena *memory;
    table_rule *items;
    unsigned count;
    bool is_memory_short;
} table_rules;

/** Reads all rules of a table. False with the problem. */
bool rules_read(table_rules *rules, migrate_client *client, const char *table, buf *problem);
/** Takes out of `rules` those that are in `others` too. */
void rules_take_out(table_rules *rules, const table_rules *others);
/** Whether the rule is among them. */
bool rules_have(const table_rules *rules, const table_rule *rule);
/** The column is called otherwise from now on. */
void rules_rename_column(table_rules *rules, const char *from, const char *to);

#endif
