/*
 * Text that users type into a search: SQLite accepts every query made from it, no query is longer than
 * promised, and PostgreSQL's is quoted words with operators between them.
 */
#include "data/search/search.h"

#include <stdlib.h>
#include <string.h>

#if defined(TERN_WITH_SQLITE)
#include <sqlite3.h>
#endif

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

#if defined(TERN_WITH_SQLITE)
static void check_sqlite(const char *query)
{
    static sqlite3 *db;
    static sqlite3_stmt *statement;
    if (db == NULL) {
        require(sqlite3_open(":memory:", &db) == SQLITE_OK);
        require(sqlite3_exec(db,
                             "create virtual table f using fts5 (title, \"not\");"
                             "insert into f values ('some words', 'and others')",
                             NULL, NULL, NULL) == SQLITE_OK);
        require(sqlite3_prepare_v2(db, "select rowid from f where f match ?1 order by rank", -1, &statement,
                                   NULL) == SQLITE_OK);
    }
    require(sqlite3_bind_text(statement, 1, query, -1, SQLITE_STATIC) == SQLITE_OK);
    int code = sqlite3_step(statement);
    require(code == SQLITE_ROW || code == SQLITE_DONE);
    require(sqlite3_reset(statement) == SQLITE_OK);
}
#else
static void check_sqlite(const char *query)
{
    (void)query;
}
#endif

/** 'word' [:*] { ( & | <-> ) 'word' [:*] } */
static void check_postgres(const char *at)
{
    for (;;) {
        require(*at == '\'');
        size_t len = strcspn(++at, "'\\ ");
        require(len != 0 && at[len] == '\'');
        at += len + 1;
        at += strncmp(at, ":*", 2) == 0 ? 2 : 0;
        if (*at == '\0')
            return;
        bool is_and = strncmp(at, " & ", 3) == 0;
        require(is_and || strncmp(at, " <-> ", 5) == 0);
        at += is_and ? 3 : 5;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    buf sqlite = {0}, postgres = {0};
    char *words = malloc(size + 1);
    require(words != NULL);
    memcpy(words, input, size);
    words[size] = '\0';
    bool may_match = search_add_query(&sqlite, DATA_SQLITE, words);
    require(search_add_query(&postgres, DATA_POSTGRES, words) == may_match);
    if (may_match) {
        require(sqlite.len <= SEARCH_QUERY_MOST_BYTES);
        check_sqlite(sqlite.data);
        check_postgres(postgres.data);
    }
    buf_free(&sqlite);
    buf_free(&postgres);
    free(words);
    return 0;
}
