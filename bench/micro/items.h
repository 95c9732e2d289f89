/** What the SQLite measurements read: 1,000 rows of 10 columns, and the least that reads them by hand. */
#ifndef MICRO_ITEMS_H
#define MICRO_ITEMS_H

#include "base/arena.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <tern.h>

TERN_MODEL(Item,
    (int64_t,       id,      .key = true),
    (const char *,  title),
    (const char *,  owner),
    (const char *,  note),
    (bool,          done),
    (int,           rank),
    (double,        price),
    (double,        weight),
    (tern_datetime, created),
    (int64_t,       version))

enum { ITEM_ROWS = 1000, ITEM_COLUMNS = 10 };

#define ITEM_COLUMNS_SQL "id, title, owner, note, done, rank, price, weight, created, version"

static const char items_fill_sql[] =
    "create table item (id integer primary key, title text not null, owner text not null, note text not "
    "null, "
    "done integer not null, rank integer not null, price real not null, weight real not null, "
    "created text not null, version integer not null);"
    "with recursive n(x) as (select 1 union all select x + 1 from n limit 1000) insert into item "
    "select x, 'Buy item number ' || x, 'owner' || (x % 7), 'A note of forty characters or so, number ' || x,"
    " x % 2, x % 100, x * 1.25, x / 3.0, '2026-11-24T17:30:00.250000Z', 1 from n";

static inline void must(bool is_good, const char *what)
{
    if (is_good)
        return;
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

static inline sqlite3_stmt *items_prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;
    must(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) == SQLITE_OK, sql);
    return statement;
}

/** A connection of our own to a new file, with the table in it. */
static inline sqlite3 *items_make(const char *path)
{
    sqlite3 *db;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    must(sqlite3_open_v2(path, &db, flags, NULL) == SQLITE_OK, "open");
    must(sqlite3_exec(db, "pragma journal_mode = wal", NULL, NULL, NULL) == SQLITE_OK, "wal");
    must(sqlite3_exec(db, items_fill_sql, NULL, NULL, NULL) == SQLITE_OK, "fill");
    return db;
}

/* -- by hand: no check of anything, texts copied -- */

static inline const char *items_copied(sqlite3_stmt *s, int column, arena *a)
{
    const char *text = (const char *)sqlite3_column_text(s, column);
    return text != NULL ? arena_text(a, text, (size_t)sqlite3_column_bytes(s, column)) : NULL;
}

static inline int64_t items_digits(const char *text, int count)
{
    int64_t value = 0;
    for (int i = 0; i < count; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

/* "2026-11-24T17:30:00.250000Z" to microseconds: days by the usual formula of the civil calendar. */
static inline int64_t items_instant(const char *t)
{
    int64_t y = items_digits(t, 4), m = items_digits(t + 5, 2), d = items_digits(t + 8, 2);
    y -= m <= 2;
    int64_t era = y / 400, of_era = y - era * 400, of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t days = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
    int64_t seconds = days * 86400 + items_digits(t + 11, 2) * 3600 + items_digits(t + 14, 2) * 60 +
                      items_digits(t + 17, 2);
    return seconds * 1000000 + items_digits(t + 20, 6);
}

/** Steps a statement of all columns to its end; how many rows there were. */
static inline size_t items_by_hand(sqlite3_stmt *s, arena *a, Item *items)
{
    size_t count = 0;
    while (sqlite3_step(s) == SQLITE_ROW) {
        items[count++] = (Item){
            .id = sqlite3_column_int64(s, 0),
            .title = items_copied(s, 1, a),
            .owner = items_copied(s, 2, a),
            .note = items_copied(s, 3, a),
            .done = sqlite3_column_int(s, 4) != 0,
            .rank = sqlite3_column_int(s, 5),
            .price = sqlite3_column_double(s, 6),
            .weight = sqlite3_column_double(s, 7),
            .created = {items_instant((const char *)sqlite3_column_text(s, 8))},
            .version = sqlite3_column_int64(s, 9),
        };
    }
    sqlite3_reset(s);
    return count;
}

#endif
