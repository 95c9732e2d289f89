/** A running `APP migrate ...` or `APP db ...` command: the state that its files share. */
#ifndef MIGRATE_COMMAND_H
#define MIGRATE_COMMAND_H

#include "data/migrate/diff/diff.h"
#include "data/migrate/state.h"

#include <stdio.h>

typedef struct migrate_command {
    const char *program; /* as users type it */
    tern_app *app;
    const tern_database_options *options;
    int count;
    char **arguments; /* after the command's name */
    arena memory;
    migrate_folder folder;
    migrate_client client; /* open after command_connect */
    migrate_state state;
    bool is_away; /* command_connect failed: the database cannot be reached now */
    buf problems; /* whole lines */
} migrate_command;

/** Reads the folder; false with lines. */
bool command_read_folder(migrate_command *command);
/** Connects without creating anything, and reads the state; false with lines. A missing SQLite file counts as
 * an empty database, and is not created. */
bool command_connect(migrate_command *command);
/** Connects to write; creates a missing file. */
bool command_connect_to_write(migrate_command *command);
/** The same; also false when the database has no tables, with a line that says how to create them. */
bool command_connect_to_tables(migrate_command *command);
bool command_fail_without_tables(migrate_command *command);
/** The models' schema; NULL with lines. */
const ddl_schema *command_models(migrate_command *command);
/** Whether two schemas give the same tables in both engines. */
bool command_is_same(migrate_command *command, const ddl_schema *a, const ddl_schema *b);
/** Removes the word from the arguments; returns whether it was there. */
bool command_take_flag(migrate_command *command, const char *flag);
/** Removes the first argument and returns it; NULL when there are none. */
const char *command_take_word(migrate_command *command);
/** False, with a line, when arguments are left. */
bool command_has_no_more(migrate_command *command);
bool command_fail(migrate_command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Each returns the exit code; problems are printed by the caller. */
int command_make(migrate_command *command);
int command_up(migrate_command *command);
int command_down(migrate_command *command);
int command_to(migrate_command *command);
int command_status(migrate_command *command);
int command_plan(migrate_command *command);

/** (check/command.c) */
int command_check(migrate_command *command);

int command_db_shell(migrate_command *command);
int command_db_dump(migrate_command *command);
int command_db_load(migrate_command *command);
int command_db_seed(migrate_command *command);

/** Appends the statement to write, if the engine's message names a view or trigger that blocks the migration
 * in `file`. (advice.c) */
void migrate_add_advice(buf *problem, const char *file);

/* apply.c */
/** Whether every foreign key finds its row: commands do not enforce SQLite's. False with the problem. */
bool migrate_check_references(migrate_client *client, buf *problem);
/**
 * Applies every migration of the folder to an empty database, in the open transaction, without output; false
 * with lines.
 */
bool migrate_replay(migrate_command *command);
/** Whether all applied migrations are in the folder, unchanged; false with lines. */
bool migrate_check_past(migrate_command *command);
/** Records the migrations that lead to the baseline as applied, when there is a baseline. */
bool migrate_adopt_baseline(migrate_command *command);
/** Migrations of the folder that are not applied. */
unsigned migrate_count_pending(const migrate_command *command);
/** Prints, after `mark`, that nothing is pending: all migrations are applied, or there are none. */
void migrate_tell_nothing_waits(const migrate_command *command, const char *mark);

#endif
