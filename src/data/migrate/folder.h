/**
 * The folder of migrations: each has an SQL file for each engine, and the resulting schema.
 *
 *     migrations/0001_initial.sqlite.sql  0001_initial.postgres.sql  0001_initial.json
 */
#ifndef MIGRATE_FOLDER_H
#define MIGRATE_FOLDER_H

#include "base/arena.h"
#include "base/buf.h"
#include "data/ddl/ddl.h"

enum { MIGRATE_CHECKSUM_BYTES = 33 }; /* 32 hexadecimal digits and a NUL */

typedef struct migration {
    unsigned number;
    const char *name;            /* "0001_initial" */
    bool has_sql[DATA_DIALECTS]; /* by the number of a dialect */
    bool has_schema;
} migration;

typedef struct migrate_folder {
    const char *path;
    arena *memory;
    migration *items; /* by number */
    unsigned count;
    bool exists;
} migrate_folder;

/** Lists the migrations; false with a line for each mistake: a misnamed file, a duplicate number. A missing
 * folder has no migrations. */
bool folder_read(migrate_folder *folder, const char *path, arena *memory, buf *problems);
/** "migrations/0001_initial.sqlite.sql"; `ending` is ".json" or from folder_sql_ending. NULL when out of
 * memory. */
const char *folder_file(const migrate_folder *folder, const char *name, const char *ending);
const char *folder_sql_ending(data_dialect dialect);
/** The migration with that name or number ("3", "0003", "0003_more"); NULL when there is none. */
const migration *folder_find(const migrate_folder *folder, const char *word);

typedef struct migration_sql {
    const char *file;
    const char *up, *down; /* `down` is NULL when the file has none */
    size_t up_len, down_len;
    unsigned down_line; /* of the file, where `down` begins */
    char checksum[MIGRATE_CHECKSUM_BYTES];
} migration_sql;

/** Reads the SQL of one engine; false with a line. */
bool folder_read_sql(const migrate_folder *folder, const migration *m, data_dialect dialect,
                     migration_sql *out, buf *problems);
/** The schema of the newest migration that has one, or an empty schema; NULL with a line. */
const ddl_schema *folder_schema(const migrate_folder *folder, const migration **of, buf *problems);

/**
 * A hash of 128 bits (SipHash-2-4 twice, with fixed keys). It detects accidental changes, not deliberate
 * ones.
 */
void migrate_checksum(const char *data, size_t len, char out[MIGRATE_CHECKSUM_BYTES]);

/* A schema as JSON, indented for review. */
bool schema_to_json(const ddl_schema *schema, arena *memory, buf *out);
/** NULL with a line that begins with `what`. */
const ddl_schema *schema_from_json(const char *what, const char *text, size_t len, arena *memory,
                                   buf *problems);

#define MIGRATE_DOWN_MARK "-- migrate:down"

#endif
