/** A database in its own folder, and short helpers for statements on it. */
#ifndef TESTS_SQLITE_FIXTURE_H
#define TESTS_SQLITE_FIXTURE_H

#include "../runtime/fake_request.h"
#include "data/engine.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char fixture_folder[64], fixture_url[128];
static data_database *db;

/** Makes the folder; fixture_url names a file in it that does not exist yet. */
static inline void make_folder_in(const char *parent)
{
    snprintf(fixture_folder, sizeof fixture_folder, "%s/tern-sqlite-XXXXXX", parent);
    CHECK(mkdtemp(fixture_folder) != NULL);
    snprintf(fixture_url, sizeof fixture_url, "sqlite:%s/app.db", fixture_folder);
}

static inline void make_folder(void)
{
    make_folder_in("/tmp");
}

static inline void remove_folder(void)
{
    DIR *folder = opendir(fixture_folder);
    CHECK(folder != NULL);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", fixture_folder, entry->d_name);
        unlink(path);
    }
    closedir(folder);
    rmdir(fixture_folder);
}

/** Runs `handler` as a request with `db` open at `url` (NULL: in a new folder), and closes everything. */
static inline fake_request with_database(const data_engine_options *options, void (*handler)(tern_ctx *c))
{
    data_engine_options o = *options;
    if (o.url == NULL) {
        make_folder();
        o.url = fixture_url;
    }
    db = data_sqlite.open(&o);
    CHECK(db != NULL);
    fake_request r = run_handler(handler);
    data_sqlite.close(db);
    if (options->url == NULL)
        remove_folder();
    return r;
}

#define WITH_DATABASE(handler)                                                                               \
    CHECK_INT(with_database(&(data_engine_options){.wait_timeout_ms = 5000}, handler).reason, UNWIND_NONE)

/** A statement and its run, which may be changed before running. */
typedef struct query {
    data_run run;
    data_statement statement;
    uint8_t kinds[16];
} query;

static inline query *query_of(tern_ctx *c, const char *sql, unsigned id, bool writes, tern_args args)
{
    query *q = arena_alloc(&fake_of(c)->arena, sizeof *q);
    CHECK(q != NULL && args.count <= sizeof q->kinds);
    *q = (query){.statement = {sql, strlen(sql), id, args.count, q->kinds, writes, 0}};
    for (unsigned i = 0; i < args.count; i++)
        q->kinds[i] = (uint8_t)args.items[i].kind;
    q->run = (data_run){.statement = &q->statement, .args = args.items, .memory = &fake_of(c)->arena};
    return q;
}

#define NO_ARGS ((tern_args){NULL, 0})

/** Runs a script that must succeed. */
static inline int64_t must_run(tern_ctx *c, const char *sql)
{
    query *q = query_of(c, sql, 0, true, NO_ARGS);
    if (!data_sqlite.run(db, &q->run))
        check_fail(__FILE__, __LINE__, "%s: %s", sql, q->run.error.message);
    return q->run.affected;
}

/** The fault of a statement, with the details in `*error` (which may be NULL). */
static inline tern_data_fault fault_of(tern_ctx *c, const char *sql, tern_args args, data_error *error)
{
    query *q = query_of(c, sql, 0, true, args);
    bool is_done = data_sqlite.run(db, &q->run);
    CHECK(is_done == (q->run.error.fault == TERN_DATA_OK));
    if (error != NULL)
        *error = q->run.error;
    return q->run.error.fault;
}

static inline bool keep_int(data_run *run, const data_row *row)
{
    bool is_null;
    const char *problem = data_sqlite.column_read(row, 0, &tern_int64_type, run->sink, &is_null, run->memory);
    return problem == NULL || data_refuse(&run->error, TERN_DATA_BAD_VALUE, "%s", problem);
}

/** The whole number in the last row of a statement that reads. */
static inline int64_t int_of(tern_ctx *c, const char *sql)
{
    int64_t value = 0;
    query *q = query_of(c, sql, 0, false, NO_ARGS);
    q->run.on_row = keep_int;
    q->run.sink = &value;
    if (!data_sqlite.run(db, &q->run))
        check_fail(__FILE__, __LINE__, "%s: %s", sql, q->run.error.message);
    return value;
}

#endif
