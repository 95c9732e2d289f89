/*
 * Lists that are bound as one value, as a table: `id in (select value from tern_items(?1))`.
 *
 * The value is a pointer to the list, which only C can bind (sqlite3_bind_pointer). The items are read in
 * place, in the stored forms of columns; null items are skipped. SQLite collects them in a temporary index
 * before it searches rows, once for each run.
 */
#include "data/items.h"
#include "data/sqlite/internal.h"

#include "base/mem.h"
#include "schema/scalar.h"

#include <string.h>

enum { COLUMN_VALUE, COLUMN_LIST };

static const char pointer_kind[] = "tern_items";

typedef struct items_cursor {
    sqlite3_vtab_cursor base; /* first */
    const tern_arg *list;     /* NULL: something else was bound, which has no items */
    size_t at;
} items_cursor;

/* -- binding -- */

/** Copies a text or bytes to `*to`, and advances it. */
static tern_str keep_text(tern_str text, char **to)
{
    if (text.data == NULL)
        return text;
    tern_str kept = {*to, text.len};
    memcpy(*to, text.data, text.len);
    *to += text.len;
    return kept;
}

/** A copy of a list of texts or bytes, as slices, in one block. NULL without memory. */
static tern_arg *copy_texts(const tern_arg *list)
{
    size_t count = list->list.count, bytes = sizeof *list + count * sizeof(tern_str);
    for (size_t i = 0; i < count; i++)
        bytes += items_at(list, i).text.len;
    tern_arg *copy = mem_alloc(bytes);
    if (copy == NULL)
        return NULL;
    tern_str *texts = (tern_str *)(void *)(copy + 1);
    char *to = (char *)(texts + count);
    for (size_t i = 0; i < count; i++)
        texts[i] = keep_text(items_at(list, i).text, &to);
    *copy = tern_arg_items_of(TERN_ITEM_SLICE, texts, count);
    copy->kind = list->kind;
    return copy;
}

static tern_arg *copy_list(const tern_arg *list)
{
    tern_arg_kind kind = items_kind(list->kind);
    if (kind == TERN_ARG_TEXT || kind == TERN_ARG_BYTES)
        return copy_texts(list);
    size_t bytes = list->list.count * items_size(list);
    tern_arg *copy = mem_alloc(sizeof *copy + bytes);
    if (copy == NULL)
        return NULL;
    *copy = *list;
    copy->list.items = copy + 1;
    if (bytes != 0)
        memcpy(copy + 1, list->list.items, bytes);
    return copy;
}

int sqlite_bind_items(sqlite3_stmt *statement, int number, const tern_arg *list, bool lasting)
{
    if (!lasting)
        return sqlite3_bind_pointer(statement, number, (void *)(uintptr_t)list, pointer_kind, NULL);
    tern_arg *copy = copy_list(list);
    if (copy == NULL)
        return SQLITE_NOMEM;
    return sqlite3_bind_pointer(statement, number, copy, pointer_kind, mem_free);
}

/* -- the table -- */

static int items_connect(sqlite3 *db, void *unused, int argc, const char *const *argv, sqlite3_vtab **out,
                         char **message)
{
    (void)unused, (void)argc, (void)argv, (void)message;
    int code = sqlite3_declare_vtab(db, "create table items(value, list hidden)");
    *out = code == SQLITE_OK ? sqlite3_malloc(sizeof **out) : NULL;
    if (*out != NULL)
        **out = (sqlite3_vtab){0};
    return code == SQLITE_OK && *out == NULL ? SQLITE_NOMEM : code;
}

static int items_disconnect(sqlite3_vtab *table)
{
    sqlite3_free(table);
    return SQLITE_OK;
}

/** There is only one plan: by the list. */
static int items_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    for (int i = 0; i < info->nConstraint; i++) {
        if (info->aConstraint[i].iColumn != COLUMN_LIST || !info->aConstraint[i].usable ||
            info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
            continue;
        info->aConstraintUsage[i].argvIndex = 1;
        info->aConstraintUsage[i].omit = 1;
        info->estimatedCost = 1;
        info->estimatedRows = 25;
        return SQLITE_OK;
    }
    return SQLITE_CONSTRAINT;
}

static int items_open(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
    (void)table;
    items_cursor *cursor = sqlite3_malloc(sizeof *cursor);
    if (cursor == NULL)
        return SQLITE_NOMEM;
    *cursor = (items_cursor){0};
    *out = &cursor->base;
    return SQLITE_OK;
}

static int items_close(sqlite3_vtab_cursor *cursor)
{
    sqlite3_free(cursor);
    return SQLITE_OK;
}

static void pass_nulls(items_cursor *cursor)
{
    while (cursor->list != NULL && cursor->at < cursor->list->list.count &&
           items_at(cursor->list, cursor->at).is_null)
        cursor->at++;
}

static int items_filter(sqlite3_vtab_cursor *base, int number, const char *text, int argc,
                        sqlite3_value **argv)
{
    items_cursor *cursor = (items_cursor *)base;
    (void)number, (void)text, (void)argc;
    cursor->list = sqlite3_value_pointer(argv[0], pointer_kind);
    cursor->at = 0;
    pass_nulls(cursor);
    return SQLITE_OK;
}

static int items_next(sqlite3_vtab_cursor *base)
{
    items_cursor *cursor = (items_cursor *)base;
    cursor->at++;
    pass_nulls(cursor);
    return SQLITE_OK;
}

static int items_is_at_end(sqlite3_vtab_cursor *base)
{
    const items_cursor *cursor = (const items_cursor *)base;
    return cursor->list == NULL || cursor->at >= cursor->list->list.count;
}

/** The item in the stored form of a column. */
static void answer(sqlite3_context *to, const tern_arg *item)
{
    char text[SCALAR_PRINT_BYTES];
    switch (item->kind) {
    case TERN_ARG_BOOL:
        sqlite3_result_int(to, item->boolean);
        break;
    case TERN_ARG_INT:
        sqlite3_result_int64(to, item->integer);
        break;
    case TERN_ARG_DURATION:
        sqlite3_result_int64(to, item->duration.microseconds);
        break;
    case TERN_ARG_DOUBLE:
        sqlite3_result_double(to, item->real);
        break;
    case TERN_ARG_TEXT:
        sqlite3_result_text(to, item->text.data, (int)item->text.len, SQLITE_STATIC);
        break;
    case TERN_ARG_BYTES:
        sqlite3_result_blob(to, item->text.data, (int)item->text.len, SQLITE_STATIC);
        break;
    default:
        sqlite3_result_text(to, text, (int)sqlite_print_form(item, text), SQLITE_TRANSIENT);
    }
}

static int items_column(sqlite3_vtab_cursor *base, sqlite3_context *to, int column)
{
    const items_cursor *cursor = (const items_cursor *)base;
    const tern_arg *list = cursor->list;
    if (column != COLUMN_VALUE)
        return SQLITE_OK; /* a null */
    tern_arg item = items_at(list, cursor->at);
    if (items_kind(list->kind) == TERN_ARG_BYTES) /* a copy has slices */
        item.kind = TERN_ARG_BYTES;
    answer(to, &item);
    return SQLITE_OK;
}

static int items_row(sqlite3_vtab_cursor *base, sqlite3_int64 *row)
{
    *row = (sqlite3_int64)((const items_cursor *)base)->at;
    return SQLITE_OK;
}

int sqlite_add_items(sqlite3 *handle)
{
    static const sqlite3_module module = {
        .xConnect = items_connect, /* and no xCreate: the table exists by its name alone */
        .xDisconnect = items_disconnect,
        .xBestIndex = items_best_index,
        .xOpen = items_open,
        .xClose = items_close,
        .xFilter = items_filter,
        .xNext = items_next,
        .xEof = items_is_at_end,
        .xColumn = items_column,
        .xRowid = items_row,
    };
    return sqlite3_create_module(handle, "tern_items", &module, NULL);
}
