/* Asks SQLite about statements, in a database in memory. */
#include "data/check/engine.h"

#include "base/text.h"
#include "data/sqlite/internal.h"

#include <string.h>

/* Builds of SQLite without column metadata lack these functions. */
__attribute__((weak)) extern const char *sqlite3_column_table_name(sqlite3_stmt *statement, int column);
__attribute__((weak)) extern const char *sqlite3_column_origin_name(sqlite3_stmt *statement, int column);

static bool open_scratch(migrate_client *client, const char *url, buf *problem)
{
    const sqlite_location memory = {.is_memory = true};
    sqlite3 *db = NULL;
    (void)url;
    int code = sqlite_set_up() ? sqlite_open_location(&memory, SQLITE_OPEN_CREATE, NULL, &db) : SQLITE_ERROR;
    if (code == SQLITE_OK) {
        sqlite3_extended_result_codes(db, 1);
        /* an unknown name in double quotes must not become a text */
        sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
        *client = (migrate_client){&client_sqlite, db};
        if (client_begin(client, "begin", problem)) /* everything is created in one transaction */
            return true;
        client_close(client);
        return false;
    }
    buf_add_printf(problem, "SQLite: %s", db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(code));
    sqlite3_close(db);
    return false;
}

static bool open_as_it_is(migrate_client *client, const char *url, buf *problem)
{
    if (!client_open(client, url, false, problem))
        return false;
    sqlite3_db_config(client->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    return true;
}

static const char *keep(arena *a, const char *text)
{
    return text != NULL ? arena_text(a, text, strlen(text)) : NULL;
}

static void describe_column(sqlite3 *db, sqlite3_stmt *statement, int number, arena *a, check_column *column)
{
    int is_not_null = 0, is_key = 0;
    const char *type = sqlite3_column_decltype(statement, number);
    char *lower = type != NULL ? arena_text(a, type, strlen(type)) : NULL;
    for (char *at = lower; at != NULL && *at != '\0'; at++)
        *at = (char)text_lower((unsigned char)*at);
    *column = (check_column){.name = keep(a, sqlite3_column_name(statement, number)), .type = lower};
    if (sqlite3_column_table_name == NULL || sqlite3_column_origin_name == NULL)
        return;
    column->table = keep(a, sqlite3_column_table_name(statement, number));
    column->column = keep(a, sqlite3_column_origin_name(statement, number));
    if (column->table != NULL && column->column != NULL &&
        sqlite3_table_column_metadata(db, NULL, column->table, column->column, NULL, NULL, &is_not_null,
                                      &is_key, NULL) == SQLITE_OK)
        column->is_nullable = !is_not_null && !is_key;
}

static bool take_plan(void *arg, const char *const *values, unsigned count)
{
    buf *plan = arg;
    if (count > 3 && values[3] != NULL)
        buf_add_printf(plan, "%s\n", values[3]);
    return true;
}

static const char *plan_of_statement(migrate_client *client, const char *sql, arena *a)
{
    buf words = {0}, plan = {0}, ignored = {0};
    buf_add_printf(&words, "explain query plan %s", sql);
    if (!words.failed)
        client_query(client, words.data, NULL, 0, take_plan, &plan, &ignored);
    const char *kept = plan.len != 0 ? arena_text(a, plan.data, plan.len) : NULL;
    buf_free(&words);
    buf_free(&plan);
    buf_free(&ignored);
    return kept;
}

static bool ask(migrate_client *client, const char *sql, const unsigned char *kinds, unsigned count, arena *a,
                check_answer *answer, buf *problem)
{
    sqlite3 *db = client->handle;
    sqlite3_stmt *statement = NULL;
    (void)kinds;
    (void)count;
    (void)problem;
    answer->is_sound = sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK;
    answer->count = 0;
    answer->plan = NULL;
    if (!answer->is_sound) {
        answer->problem = keep(a, sqlite3_errmsg(db));
        return true;
    }
    for (int i = 0; i < sqlite3_column_count(statement) && i < CHECK_COLUMNS_MOST; i++)
        describe_column(db, statement, i, a, &answer->columns[answer->count++]);
    sqlite3_finalize(statement);
    answer->plan = plan_of_statement(client, sql, a);
    return true;
}

/* -- types, by SQLite's rules of affinity (https://www.sqlite.org/datatype3.html, section 3.1) -- */

static bool holds(const char *type, const char *word)
{
    size_t len = strlen(word);
    for (; strlen(type) >= len; type++)
        if (text_equal_nocase(type, word, len))
            return true;
    return false;
}

typedef enum affinity {
    AFFINITY_INTEGER,
    AFFINITY_TEXT,
    AFFINITY_BLOB,
    AFFINITY_REAL,
    AFFINITY_OTHER
} affinity;

static affinity affinity_of(const char *type)
{
    return holds(type, "int")                                                  ? AFFINITY_INTEGER
           : holds(type, "char") || holds(type, "clob") || holds(type, "text") ? AFFINITY_TEXT
           : holds(type, "blob")                                               ? AFFINITY_BLOB
           : holds(type, "real") || holds(type, "floa") || holds(type, "doub") ? AFFINITY_REAL
                                                                               : AFFINITY_OTHER;
}

static bool fits(const check_column *column, const tern_type *type)
{
    affinity is = column->type != NULL ? affinity_of(column->type) : AFFINITY_OTHER;
    if (is == AFFINITY_OTHER)
        return true;
    switch (type->kind) {
    case TERN_KIND_BOOL:
    case TERN_KIND_INT:
    case TERN_KIND_UINT:
    case TERN_KIND_DURATION:
        return is == AFFINITY_INTEGER;
    case TERN_KIND_FLOAT:
        return is == AFFINITY_INTEGER || is == AFFINITY_REAL;
    case TERN_KIND_DECIMAL:
        return is != AFFINITY_BLOB;
    case TERN_KIND_TEXT:
        return is != AFFINITY_BLOB;
    case TERN_KIND_BYTES:
    case TERN_KIND_UUID:
        return is == AFFINITY_BLOB || is == AFFINITY_TEXT;
    default:
        return is == AFFINITY_TEXT;
    }
}

/** "SCAN todo", "SEARCH todo USING INDEX ..." . */
static bool is_scanned(const char *plan, const char *table, tern_str alias)
{
    for (size_t len; *plan != '\0'; plan += len + (plan[len] == '\n')) {
        len = strcspn(plan, "\n");
        if (strncmp(plan, "SCAN ", 5) == 0 && (check_plan_names(plan + 5, len - 5, alias.data, alias.len) ||
                                               check_plan_names(plan + 5, len - 5, table, strlen(table))))
            return true;
    }
    return false;
}

/** "SEARCH b USING AUTOMATIC COVERING INDEX (x=?)". */
static bool find_automatic_index(const char *plan, tern_str *table, tern_str *columns)
{
    const char *automatic = strstr(plan, "USING AUTOMATIC");
    const char *list = automatic != NULL ? strchr(automatic, '(') : NULL;
    if (list == NULL)
        return false;
    const char *name = automatic;
    while (name > plan && name[-1] != '\n')
        name--;
    name += strncmp(name, "SEARCH ", 7) == 0 ? 7 : 0;
    *table = (tern_str){name, strcspn(name, " ")};
    *columns = (tern_str){list, strcspn(list, ")") + 1};
    return true;
}

const check_engine check_sqlite = {.label = "SQLite",
                                   .data = &data_sqlite,
                                   .open_scratch = open_scratch,
                                   .open_as_it_is = open_as_it_is,
                                   .close = client_close,
                                   .ask = ask,
                                   .fits = fits,
                                   .is_scanned = is_scanned,
                                   .find_automatic_index = find_automatic_index};
