/* Translates SQLite's result codes to the vocabulary of engine.h. */
#include "data/sqlite/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Found by the extended code, or else the primary one; the first match applies. `more` follows SQLite's own
 * message. */
static const struct {
    int code;
    tern_data_fault fault;
    const char *more;
} meanings[] = {
    {SQLITE_CONSTRAINT_UNIQUE, TERN_DATA_UNIQUE, ""},
    {SQLITE_CONSTRAINT_PRIMARYKEY, TERN_DATA_UNIQUE, ""},
    {SQLITE_CONSTRAINT_ROWID, TERN_DATA_UNIQUE, ""},
    {SQLITE_CONSTRAINT_FOREIGNKEY, TERN_DATA_FOREIGN_KEY, ""},
    {SQLITE_CONSTRAINT_NOTNULL, TERN_DATA_NOT_NULL, ""},
    {SQLITE_CONSTRAINT_DATATYPE, TERN_DATA_BAD_VALUE, ""}, /* of a STRICT table */
    {SQLITE_CONSTRAINT, TERN_DATA_CHECK, ""},              /* also raised by triggers */
    {SQLITE_MISMATCH, TERN_DATA_BAD_VALUE, ""},
    {SQLITE_TOOBIG, TERN_DATA_BAD_VALUE, ""},
    {SQLITE_BUSY_SNAPSHOT, TERN_DATA_CONFLICT, ": it has changed since the transaction read it"},
    {SQLITE_BUSY, TERN_DATA_BUSY, " by another process for too long"},
    {SQLITE_LOCKED, TERN_DATA_BUSY, ""},
    {SQLITE_SCHEMA, TERN_DATA_CONFLICT, ""},
    {SQLITE_NOMEM, TERN_DATA_BUSY, ""},
    {SQLITE_FULL, TERN_DATA_FULL, ""},
    {SQLITE_IOERR, TERN_DATA_FAILED, ""},
    {SQLITE_CORRUPT, TERN_DATA_FAILED, ": the file is damaged, restore it from a copy"},
    {SQLITE_NOTADB, TERN_DATA_AWAY, ": it is encrypted, damaged or not an SQLite file"},
    {SQLITE_CANTOPEN, TERN_DATA_AWAY, ""},
    {SQLITE_READONLY, TERN_DATA_REFUSED, ""},
    {SQLITE_ERROR, TERN_DATA_REFUSED, ""},
    {SQLITE_RANGE, TERN_DATA_REFUSED, ""},
    {SQLITE_AUTH, TERN_DATA_REFUSED, ""},
};

/* Errors after which a connection cannot be trusted. */
static bool breaks_connection(int code)
{
    int plain = code & 0xff;
    return plain == SQLITE_IOERR || plain == SQLITE_CORRUPT || plain == SQLITE_NOTADB ||
           plain == SQLITE_CANTOPEN || plain == SQLITE_PROTOCOL || code == SQLITE_READONLY_DBMOVED;
}

static void copy_part(char *into, size_t room, const char *from, size_t len)
{
    size_t fits = len < room ? len : room - 1;
    memcpy(into, from, fits);
    into[fits] = '\0';
}

/* Splits "todo.title, todo.owner" into the table and "title, owner". */
static void split_columns(const char *list, data_error *error)
{
    size_t at = 0;
    while (*list != '\0') {
        size_t len = strcspn(list, ",");
        const char *dot = memchr(list, '.', len);
        const char *name = dot != NULL ? dot + 1 : list;
        size_t name_len = len - (size_t)(name - list);
        if (dot != NULL && error->table[0] == '\0')
            copy_part(error->table, sizeof error->table, list, (size_t)(dot - list));
        if (at + 2 + name_len < sizeof error->columns) {
            if (at != 0) {
                memcpy(error->columns + at, ", ", 2);
                at += 2;
            }
            memcpy(error->columns + at, name, name_len);
            at += name_len;
        }
        list += len;
        list += strspn(list, ", ");
    }
    error->columns[at] = '\0';
}

/* "UNIQUE constraint failed: todo.title", "... failed: index 'todo_idx'", "CHECK constraint failed: name". */
static void name_constraint(const char *message, data_error *error)
{
    static const char marker[] = " constraint failed: ", index[] = "index '";
    const char *what = strstr(message, marker);
    if (what == NULL)
        return;
    what += sizeof marker - 1;
    if (strncmp(what, index, sizeof index - 1) == 0) {
        what += sizeof index - 1;
        copy_part(error->constraint, sizeof error->constraint, what, strcspn(what, "'"));
    } else if (error->fault == TERN_DATA_CHECK) {
        copy_part(error->constraint, sizeof error->constraint, what, strlen(what));
    } else {
        split_columns(what, error);
    }
}

/* The system's error behind an I/O error: a full disk has its own fault, the rest is for the log. */
static void add_system_error(sqlite3 *handle, int code, data_error *error)
{
    int plain = code & 0xff, reason = sqlite3_system_errno(handle);
    if ((plain != SQLITE_IOERR && plain != SQLITE_CANTOPEN) || reason == 0)
        return;
    if (reason == ENOSPC || reason == EDQUOT)
        error->fault = TERN_DATA_FULL;
    size_t len = strlen(error->message);
    snprintf(error->message + len, sizeof error->message - len, ": %s", strerror(reason));
}

static bool answer_stop(data_session *session, data_error *error)
{
    if (session->stop == SQLITE_STOP_LATE)
        return data_refuse(error, TERN_DATA_TIMEOUT, "the statement took too long");
    data_refuse(error, TERN_DATA_FAILED, "cancelled");
    error->is_cancelled = true;
    return false;
}

bool sqlite_answer(data_session *session, int code, data_error *error)
{
    static const size_t count = sizeof meanings / sizeof *meanings;
    const char *message = session->handle != NULL ? sqlite3_errmsg(session->handle) : sqlite3_errstr(code);
    size_t i = 0;
    if (breaks_connection(code))
        session->is_broken = true;
    if (session->stop != SQLITE_GO_ON && ((code & 0xff) == SQLITE_INTERRUPT || (code & 0xff) == SQLITE_BUSY))
        return answer_stop(session, error);
    while (i < count && meanings[i].code != code && meanings[i].code != (code & 0xff))
        i++;
    *error = (data_error){.fault = i < count ? meanings[i].fault : TERN_DATA_FAILED};
    /*
     * A client's pattern that is too long to be matched within a coroutine's stack: see limits in
     * connection.c
     */
    if (code == SQLITE_ERROR && strstr(message, "pattern too complex") != NULL)
        error->fault = TERN_DATA_BAD_VALUE;
    if ((code & 0xff) == SQLITE_READONLY &&
        session->queue->writes) { /* for a file that was writable before */
        error->fault = TERN_DATA_AWAY;
        error->is_read_only = true;
    }
    snprintf(error->message, sizeof error->message, "%s%s", message, i < count ? meanings[i].more : "");
    name_constraint(message, error);
    if (session->handle != NULL)
        add_system_error(session->handle, code, error);
    return false;
}
