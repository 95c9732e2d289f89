/* SQLite, in the worker itself: a request is its statements, stepped to their end. */
#include "database.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUSY_MS = 10000, TEXT_ROOM = 16 * 1024 };

/* A commit is on the disk when it is answered, as Tern's is; the rest is what Tern sets too
 * (src/data/sqlite/connection.c). */
static const char settings[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                               "PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = 67108864;"
                               "PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;"
                               "PRAGMA temp_store = FILE; PRAGMA cache_size = -256;";

static sqlite3 *db;
static sqlite3_stmt *read_one, *read_fortunes, *write_one, *begin, *commit;

static void must(int code, int wanted)
{
    if (code == wanted)
        return;
    fprintf(stderr, "floor: SQLite: %s\n", db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(code));
    exit(1);
}

static sqlite3_stmt *prepare(const char *sql)
{
    sqlite3_stmt *statement;
    must(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL), SQLITE_OK);
    return statement;
}

static void open_file(const char *url)
{
    must(sqlite3_open_v2(url + strlen("sqlite:"), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL),
         SQLITE_OK);
    must(sqlite3_busy_timeout(db, BUSY_MS), SQLITE_OK);
    must(sqlite3_exec(db, settings, NULL, NULL, NULL), SQLITE_OK);
    read_one = prepare("SELECT id, random_number FROM world WHERE id = ?1");
    read_fortunes = prepare("SELECT id, message FROM fortune");
    write_one = prepare("UPDATE world SET random_number = ?1 WHERE id = ?2");
    begin = prepare("BEGIN IMMEDIATE");
    commit = prepare("COMMIT");
}

static void run(sqlite3_stmt *statement)
{
    must(sqlite3_step(statement), SQLITE_DONE);
    sqlite3_reset(statement);
}

static void read_rows(world *rows, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        sqlite3_bind_int(read_one, 1, random_row());
        must(sqlite3_step(read_one), SQLITE_ROW);
        rows[i] = (world){sqlite3_column_int(read_one, 0), sqlite3_column_int(read_one, 1)};
        sqlite3_reset(read_one);
    }
}

static reply change_rows(void)
{
    world rows[WORLD_COUNT];
    run(begin);
    read_rows(rows, WORLD_COUNT);
    worlds_change(rows, WORLD_COUNT);
    for (unsigned i = 0; i < WORLD_COUNT; i++) {
        sqlite3_bind_int(write_one, 1, rows[i].random_number);
        sqlite3_bind_int(write_one, 2, rows[i].id);
        run(write_one);
    }
    run(commit);
    return reply_worlds(rows, WORLD_COUNT);
}

static reply all_fortunes(void)
{
    static char texts[TEXT_ROOM]; /* a column's text lasts until the next step */
    fortune rows[FORTUNES_MAX + 1];
    char *at = texts;
    unsigned count = 0;
    int code;
    while ((code = sqlite3_step(read_fortunes)) == SQLITE_ROW && count < FORTUNES_MAX) {
        const unsigned char *text = sqlite3_column_text(read_fortunes, 1);
        size_t bytes = (size_t)sqlite3_column_bytes(read_fortunes, 1) + 1;
        if (text == NULL || bytes > (size_t)(texts + sizeof texts - at))
            break;
        memcpy(at, text, bytes);
        rows[count++] = (fortune){sqlite3_column_int(read_fortunes, 0), at};
        at += bytes;
    }
    must(code, SQLITE_DONE);
    sqlite3_reset(read_fortunes);
    return reply_fortunes(rows, count);
}

static reply ask(question asks, int fd, job **later)
{
    world rows[WORLD_COUNT];
    (void)fd;
    (void)later;
    switch (asks) {
    case ASKS_ROW:
        read_rows(rows, 1);
        return reply_world(rows);
    case ASKS_ROWS:
        read_rows(rows, WORLD_COUNT);
        return reply_worlds(rows, WORLD_COUNT);
    case ASKS_CHANGES:
        return change_rows();
    default:
        return all_fortunes();
    }
}

const database sqlite_database = {.open = open_file, .ask = ask};
