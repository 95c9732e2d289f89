/*
 * Statements that a connection keeps prepared.
 *
 * Hot path: sqlite_prepared_take of a kept statement is one look-up in a table by the statement's number.
 */
#include "data/sqlite/internal.h"

#include "base/mem.h"
#include "base/text.h"

enum { KEPT_MOST = 500, KEPT_ROOM_AT_FIRST = 64 };

/* Whether it contains "match", so that a full-text index may read the bound values. */
static bool mentions_match(const char *sql, size_t len)
{
    static const char word[] = "match";
    for (size_t i = 0; i + sizeof word - 1 <= len; i++)
        if (text_equal_nocase(sql + i, word, sizeof word - 1))
            return true;
    return false;
}

/* Prepares the first statement in `sql`; *rest receives the text after it. */
static sqlite_prepared *prepare(data_session *session, const char *sql, size_t len, unsigned flags,
                                const char **rest, data_error *error)
{
    sqlite_prepared *prepared = mem_zero(1, sizeof *prepared);
    if (prepared == NULL || len > 1 << 30) {
        mem_free(prepared);
        data_refuse(error, TERN_DATA_BUSY, "out of memory");
        return NULL;
    }
    int code = sqlite3_prepare_v3(session->handle, sql, (int)len, flags, &prepared->statement, rest);
    if (code != SQLITE_OK) {
        sqlite_answer(session, code, error);
        mem_free(prepared);
        return NULL;
    }
    prepared->is_search = mentions_match(sql, len);
    prepared->only_reads = sqlite3_stmt_readonly(prepared->statement) != 0;
    return prepared;
}

static void drop(sqlite_prepared *prepared)
{
    sqlite3_finalize(prepared->statement);
    mem_free(prepared);
}

bool sqlite_prepare_next(data_session *session, const char **sql, const char *end, sqlite_prepared **out,
                         data_error *error)
{
    for (*out = NULL; *out == NULL && *sql < end;) { /* comments and lone semicolons prepare nothing */
        sqlite_prepared *prepared = prepare(session, *sql, (size_t)(end - *sql), 0, sql, error);
        if (prepared == NULL)
            return false;
        if (prepared->statement != NULL)
            *out = prepared;
        else
            mem_free(prepared);
    }
    return true;
}

/* Prepares the whole text as one statement. */
static sqlite_prepared *prepare_only(data_session *session, const data_statement *statement, unsigned flags,
                                     data_error *error)
{
    const char *rest, *end = statement->sql + statement->sql_len;
    sqlite_prepared *more = NULL;
    sqlite_prepared *prepared = prepare(session, statement->sql, statement->sql_len, flags, &rest, error);
    if (prepared == NULL)
        return NULL;
    if (prepared->statement == NULL) {
        data_refuse(error, TERN_DATA_REFUSED, "the statement is empty");
    } else if (sqlite_prepare_next(session, &rest, end, &more, error)) {
        if (more == NULL)
            return prepared;
        data_refuse(error, TERN_DATA_REFUSED, "there is more than one statement");
        drop(more);
    }
    drop(prepared);
    return NULL;
}

/* Makes room for number `id` in the table. */
static bool make_room(data_session *session, unsigned id)
{
    unsigned room = session->kept_room != 0 ? session->kept_room : KEPT_ROOM_AT_FIRST;
    if (id < session->kept_room)
        return true;
    while (room <= id)
        room *= 2;
    sqlite_prepared **kept = mem_realloc(session->kept, room * sizeof(sqlite_prepared *));
    if (kept == NULL)
        return false;
    for (unsigned i = session->kept_room; i < room; i++)
        kept[i] = NULL;
    session->kept = kept;
    session->kept_room = room;
    return true;
}

/* Drops the least recently used one, when there are too many. */
static void drop_oldest(data_session *session)
{
    sqlite_prepared *oldest = NULL;
    if (session->kept_count < KEPT_MOST)
        return;
    for (unsigned i = 0; i < session->kept_room; i++) {
        sqlite_prepared *each = session->kept[i];
        if (each != NULL && !each->is_in_use && (oldest == NULL || each->used_at < oldest->used_at))
            oldest = each;
    }
    if (oldest == NULL)
        return;
    session->kept[oldest->id] = NULL;
    session->kept_count--;
    drop(oldest);
}

static sqlite_prepared *prepare_to_keep(data_session *session, const data_statement *statement,
                                        data_error *error)
{
    if (!make_room(session, statement->id)) {
        data_refuse(error, TERN_DATA_BUSY, "out of memory");
        return NULL;
    }
    sqlite_prepared *prepared = prepare_only(session, statement, SQLITE_PREPARE_PERSISTENT, error);
    if (prepared == NULL)
        return NULL;
    drop_oldest(session);
    prepared->id = statement->id;
    prepared->version = statement->version;
    session->kept[statement->id] = prepared;
    session->kept_count++;
    return prepared;
}

sqlite_prepared *sqlite_prepared_take(data_session *session, const data_statement *statement,
                                      data_error *error)
{
    unsigned id = statement->id;
    sqlite_prepared *prepared = id < session->kept_room ? session->kept[id] : NULL;
    if (prepared != NULL && prepared->version != statement->version && !prepared->is_in_use) {
        session->kept[id] = NULL; /* the number belonged to another statement, which is dropped */
        session->kept_count--;
        drop(prepared);
        prepared = NULL;
    }
    if (prepared != NULL && prepared->is_in_use) /* by a stream: this is a second run at the same time */
        prepared = prepare_only(session, statement, 0, error);
    else if (prepared == NULL)
        prepared =
            id != 0 ? prepare_to_keep(session, statement, error) : prepare_only(session, statement, 0, error);
    if (prepared == NULL)
        return NULL;
    prepared->is_in_use = true;
    prepared->is_at_end = false;
    prepared->used_at = ++session->uses;
    return prepared;
}

int sqlite_prepared_give(data_session *session, sqlite_prepared *prepared)
{
    (void)session;
    int code = sqlite3_reset(prepared->statement);
    if (prepared->id == 0) {
        drop(prepared);
        return code;
    }
    sqlite3_clear_bindings(prepared->statement);
    prepared->is_in_use = false;
    return code;
}

void sqlite_prepared_forget(data_session *session)
{
    for (unsigned i = 0; i < session->kept_room; i++)
        if (session->kept[i] != NULL)
            drop(session->kept[i]);
    mem_free(session->kept);
    session->kept = NULL;
    session->kept_room = session->kept_count = 0;
}
