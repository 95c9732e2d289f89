/* SQLite for commands. Foreign keys are not enforced during a command, because recreated tables need that;
 * commands check them before they commit. */
#include "data/migrate/client/client.h"
#include "data/sqlite/internal.h"

#include "base/mem.h"
#include "schema/scalar.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_MS = 60000 };

static bool has_folder(const char *path, buf *problem)
{
    struct stat found;
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path)
        return true;
    char *folder = mem_text(path, (size_t)(slash - path));
    int reason = folder == NULL              ? ENOMEM
                 : stat(folder, &found) != 0 ? errno
                 : S_ISDIR(found.st_mode)    ? 0
                                             : ENOTDIR;
    const char *shown = strncmp(path, "./", 2) == 0 ? path + 2 : path;
    if (reason == ENOENT)
        buf_add_printf(problem, "sqlite:%s: the folder %s does not exist", shown, folder);
    else if (reason != 0)
        buf_add_printf(problem, "sqlite:%s: the folder %s: %s", shown, folder != NULL ? folder : "",
                       strerror(reason));
    mem_free(folder);
    return reason == 0;
}

/** Adds SQLite's error, and the system's error behind it. */
static void add_reason(const char *url, sqlite3 *db, int code, buf *problem)
{
    int reason = db != NULL ? sqlite3_system_errno(db) : 0;
    buf_add_printf(problem, "%s: %s", url, db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(code));
    if (reason != 0)
        buf_add_printf(problem, ": %s", strerror(reason));
    if ((code & 0xff) == SQLITE_READONLY)
        buf_add_text(problem, ": its journal has an interrupted transaction, which must first be "
                              "undone where the file can be written to (open it once with sqlite3)");
}

static void *open_file(const char *url, bool may_make, buf *problem)
{
    sqlite_location location;
    sqlite3 *db = NULL;
    if (!sqlite_location_of(url, &location, problem) || location.is_memory) {
        if (problem->len == 0)
            buf_add_printf(problem, "%s: a database in memory is lost when this command ends", url);
        else if (problem->data[problem->len - 1] == '\n')
            problem->data[--problem->len] = '\0';
        return NULL;
    }
    if (!has_folder(location.path, problem))
        return NULL;
    if (!sqlite_set_up()) { /* before the first connection of the process, or never */
        buf_add_printf(problem, "%s: SQLite cannot be set up", url);
        return NULL;
    }
    if (!may_make && !location.is_read_only && access(location.path, F_OK) != 0 && errno == ENOENT)
        location.is_memory = true; /* an empty one */
    int code = sqlite_open_location(&location, may_make ? SQLITE_OPEN_CREATE : 0, NULL, &db);
    if (code == SQLITE_OK) {
        sqlite3_extended_result_codes(db, 1);
        sqlite3_busy_timeout(db, BUSY_MS);
        code = sqlite3_exec(
            db, "pragma foreign_keys = off; pragma legacy_alter_table = off; select 1 from sqlite_master",
            NULL, NULL, NULL);
    }
    if (code == SQLITE_OK)
        return db;
    add_reason(url, db, code, problem);
    sqlite3_close(db);
    return NULL;
}

static void close_file(void *handle)
{
    sqlite3_close(handle);
}

static bool fail(sqlite3 *db, buf *problem)
{
    buf_add_text(problem, sqlite3_errmsg(db));
    return false;
}

static bool step(void *handle, const char **sql, const char *end, const char **begin, buf *problem)
{
    sqlite3_stmt *statement;
    const char *tail;
    *begin = client_skip_blanks(*sql, end);
    if (sqlite3_prepare_v2(handle, *sql, (int)(end - *sql), &statement, &tail) != SQLITE_OK)
        return fail(handle, problem);
    *sql = tail;
    if (statement == NULL) {
        *begin = NULL;
        *sql = end;
        return true;
    }
    int code;
    do
        code = sqlite3_step(statement);
    while (code == SQLITE_ROW);
    bool is_done = code == SQLITE_DONE || fail(handle, problem);
    sqlite3_finalize(statement);
    return is_done;
}

static int bind(sqlite3_stmt *statement, int number, const tern_arg *arg)
{
    if (arg->is_null)
        return sqlite3_bind_null(statement, number);
    switch (arg->kind) {
    case TERN_ARG_BOOL:
        return sqlite3_bind_int(statement, number, arg->boolean);
    case TERN_ARG_INT:
        return sqlite3_bind_int64(statement, number, arg->integer);
    case TERN_ARG_DOUBLE:
        return sqlite3_bind_double(statement, number, arg->real);
    case TERN_ARG_BYTES:
        return arg->text.len == 0
                   ? sqlite3_bind_zeroblob(statement, number, 0)
                   : sqlite3_bind_blob64(statement, number, arg->text.data, arg->text.len, SQLITE_STATIC);
    default:
        return sqlite3_bind_text64(statement, number, arg->text.data, arg->text.len, SQLITE_STATIC,
                                   SQLITE_UTF8);
    }
}

static bool pass_row(sqlite3_stmt *statement, migrate_on_row *on_row, void *arg)
{
    enum { COLUMNS_MOST = 128 };
    const char *values[COLUMNS_MOST];
    char reals[COLUMNS_MOST][SCALAR_PRINT_BYTES];
    int count = sqlite3_column_count(statement);
    if (on_row == NULL)
        return true;
    for (int i = 0; i < count && i < COLUMNS_MOST; i++) {
        if (sqlite3_column_type(statement, i) == SQLITE_FLOAT) { /* SQLite's own text form would round it */
            reals[i][number_print_double(sqlite3_column_double(statement, i), reals[i])] = '\0';
            values[i] = reals[i];
        } else {
            values[i] = (const char *)sqlite3_column_text(statement, i);
        }
    }
    return on_row(arg, values, (unsigned)(count < COLUMNS_MOST ? count : COLUMNS_MOST));
}

static bool query(void *handle, const char *sql, const tern_arg *args, unsigned count, migrate_on_row *on_row,
                  void *arg, buf *problem)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) != SQLITE_OK)
        return fail(handle, problem);
    int code = SQLITE_OK;
    for (unsigned i = 0; i < count && code == SQLITE_OK; i++)
        code = bind(statement, (int)i + 1, &args[i]);
    bool is_taken = true;
    if (code == SQLITE_OK)
        while ((code = sqlite3_step(statement)) == SQLITE_ROW && is_taken)
            is_taken = pass_row(statement, on_row, arg);
    bool is_done = code == SQLITE_DONE || (is_taken && fail(handle, problem));
    sqlite3_finalize(statement);
    return is_done && is_taken;
}

static bool is_in_transaction(void *handle)
{
    return !sqlite3_get_autocommit(handle);
}

/** Waits with SQLite's busy time-out. */
static bool begin_alone(migrate_client *client, buf *problem)
{
    return client_begin(client, "begin immediate", problem);
}

const migrate_driver client_sqlite = {.dialect = DATA_SQLITE,
                                      .open = open_file,
                                      .close = close_file,
                                      .step = step,
                                      .query = query,
                                      .is_in_transaction = is_in_transaction,
                                      .begin_alone = begin_alone,
                                      .broken_references = "pragma foreign_key_check",
                                      .makes_tables_again = true};
