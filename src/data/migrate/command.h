/** One `APP migrate ...` or `APP db ...` on its way: what its parts share. */
#ifndef MIGRATE_COMMAND_H
#define MIGRATE_COMMAND_H

#include "data/migrate/diff/diff.h"
#include "data/migrate/state.h"

#include <stdio.h>

typedef struct migrate_command {
    const char *program; /* as people type it */
    tern_app *app;
    const tern_database_options *options;
    int count;
    char **arguments; /* behind the command's own word */
    arena memory;
    migrate_folder folder;
    migrate_client client; /* open after command_connect */
    migrate_state state;
    bool is_away; /* command_connect has failed since the database cannot be reached now */
    buf problems; /* whole lines */
} migrate_command;

/** Reads the folder; false with lines. */
bool command_read_folder(migrate_command *command);
/** Connects to look, and reads the state; false with lines. A SQLite file that is not there counts as an
 * empty database, and is not made. */
bool command_connect(migrate_command *command);
/** The same to write: the file is made. */
bool command_connect_to_write(migrate_command *command);
/** Connects to look; false, with a line that says what makes them, when the database has no tables. */
bool command_connect_to_tables(migrate_command *command);
bool command_fail_without_tables(migrate_command *command);
/** The models' schema; NULL with lines. */
const ddl_schema *command_models(migrate_command *command);
/** Whether two schemas come to the same tables in both engines. */
bool command_is_same(migrate_command *command, const ddl_schema *a, const ddl_schema *b);
/** Takes the word out of the arguments; whether it was there. */
bool command_take_flag(migrate_command *command, const char *flag);
/** Takes the first argument; NULL when there is none. */
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

/** Appends the statement to write, when the engine's words name a view or trigger that is in the way of the
 * migration in `file`. (advice.c) */
void migrate_add_advice(buf *problem, const char *file);

/* apply.c */
/** Whether every foreign key finds its row: SQLite's are not enforced by commands. False with the problem. */
bool migrate_check_references(migrate_client *client, buf *problem);
/** Applies every migration of the folder to an empty database, in the transaction that is open, without a word;
 * false with lines. */
bool migrate_replay(migrate_command *command);
/** Whether what is applied is in the folder, unchanged; false with lines. */
bool migrate_check_past(migrate_command *command);
/** Records the migrations that lead to the baseline as applied, when there is a baseline. */
bool migrate_adopt_baseline(migrate_command *command);
/** Migrations of the folder that are not applied. */
unsigned migrate_count_pending(const migrate_command *command);
/** Prints, behind `mark`, that none is pending: all are applied, or there are none. */
void migrate_tell_nothing_waits(const migrate_command *command, const char *mark);

#endif
