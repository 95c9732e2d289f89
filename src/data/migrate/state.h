/** What a database records about its migrations: the table tern_migrations. */
#ifndef MIGRATE_STATE_H
#define MIGRATE_STATE_H

#include "data/migrate/client/client.h"
#include "data/migrate/folder.h"

/** The name of the row that marks a database whose tables were made from the models, before any migration
 * existed. The row stores their schema. */
#define STATE_BASELINE "baseline"

typedef struct applied_migration {
    const char *name, *checksum;
    const char *at;     /* "2026-11-24 17:30:00", UTC */
    const char *schema; /* JSON; NULL except for the baseline */
} applied_migration;

typedef struct migrate_state {
    arena *memory;
    applied_migration *items; /* by name */
    unsigned count;
    bool has_table; /* tern_migrations exists */
    const applied_migration *baseline;
    bool is_memory_short;
} migrate_state;

bool state_read(migrate_state *state, migrate_client *client, arena *memory, buf *problem);
/** NULL when it is not applied. */
const applied_migration *state_find(const migrate_state *state, const char *name);
/** The number of tables in the database, without Tern's own. */
bool state_count_tables(migrate_client *client, int64_t *count, buf *problem);

/* These must be called in a transaction. */
bool state_make_table(migrate_client *client, buf *problem);
bool state_add(migrate_client *client, const char *name, const char *checksum, const char *schema,
               buf *problem);
bool state_remove(migrate_client *client, const char *name, buf *problem);

#endif
