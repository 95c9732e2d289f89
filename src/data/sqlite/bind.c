/*
 * Binds values to a statement's `?`, in the forms of README.md's table.
 *
 * Hot path: no allocation for numbers and texts, which are bound in place; fixed forms are printed into the
 * run's memory.
 */
#include "data/items.h"
#include "data/sqlite/internal.h"
#include "data/text.h"

#include "schema/scalar.h"
#include "schema/time/calendar.h"

#include <limits.h>
#include <math.h>

/* Full-text queries are parsed and run recursively: each "(" needs up to 260 bytes of a coroutine's stack. */
enum { SEARCH_BYTES_MOST = 500 };

typedef struct binding {
    sqlite3_stmt *statement;
    data_run *run;
    bool is_search;
    int number;                   /* of the `?`, from 1 */
    sqlite3_destructor_type keep; /* whether SQLite copies the value */
} binding;

static bool refuse(const binding *b, const char *what)
{
    return data_refuse(&b->run->error, TERN_DATA_BAD_VALUE, "value %d: %s", b->number, what);
}

static bool is_bound(const binding *b, int code)
{
    if (code == SQLITE_OK)
        return true;
    if (code == SQLITE_TOOBIG)
        return refuse(b, "is too long");
    if (code == SQLITE_NOMEM)
        return data_refuse(&b->run->error, TERN_DATA_BUSY, "out of memory");
    return data_refuse(&b->run->error, TERN_DATA_REFUSED, "value %d: %s", b->number, sqlite3_errstr(code));
}

static bool bind_text(const binding *b, tern_str text)
{
    const char *data = text.data != NULL ? text.data : "";
    if (text.len > INT_MAX)
        return refuse(b, "is too long");
    if (b->is_search && text.len > SEARCH_BYTES_MOST)
        return refuse(b, "is too long for a search");
    if (!data_text_is_sound(data, text.len))
        return refuse(b, "is not text: it has a NUL inside or is not UTF-8");
    return is_bound(b, sqlite3_bind_text(b->statement, b->number, data, (int)text.len, b->keep));
}

static bool bind_bytes(const binding *b, tern_str bytes)
{
    if (bytes.len > INT_MAX)
        return refuse(b, "is too long");
    const char *data = bytes.len != 0 ? bytes.data : ""; /* NULL would bind a null */
    return is_bound(b, sqlite3_bind_blob(b->statement, b->number, data, (int)bytes.len, b->keep));
}

/* A text printed to SCALAR_PRINT_BYTES at `text`. */
static bool bind_printed(const binding *b, const char *text, size_t len)
{
    const char *lasting = text;
    if (b->keep == SQLITE_STATIC && (lasting = arena_text(b->run->memory, text, len)) == NULL)
        return data_refuse(&b->run->error, TERN_DATA_BUSY, "out of request memory");
    return is_bound(b, sqlite3_bind_text(b->statement, b->number, lasting, (int)len, b->keep));
}

static bool bind_double(const binding *b, double value)
{
    if (isnan(value)) /* SQLite would store it as null */
        return refuse(b, "is not a number");
    return is_bound(b, sqlite3_bind_double(b->statement, b->number, value));
}

/** The problem with a value that has a fixed form; NULL: none. */
static const char *wrong_form(const tern_arg *arg)
{
    switch (arg->kind) {
    case TERN_ARG_DATE:
        return calendar_is_day(arg->date.year, arg->date.month, arg->date.day)
                   ? NULL
                   : "is not a day of the calendar";
    case TERN_ARG_TIME:
        return calendar_is_time(arg->time) ? NULL : "is not a time of day";
    case TERN_ARG_DATETIME:
        return calendar_has(arg->datetime) ? NULL : "is not in the years 0 to 9999";
    default:
        return NULL;
    }
}

static bool bind_fixed_form(const binding *b, const tern_arg *arg, tern_arg_kind kind)
{
    char text[SCALAR_PRINT_BYTES];
    tern_arg value = *arg;
    value.kind = kind;
    const char *problem = wrong_form(&value);
    if (problem != NULL)
        return refuse(b, problem);
    return bind_printed(b, text, sqlite_print_form(&value, text));
}

/** The problem with an item of a list; NULL: none. */
static const char *wrong_item(const tern_arg *item)
{
    bool is_text = item->kind == TERN_ARG_TEXT, is_bytes = item->kind == TERN_ARG_BYTES;
    if (item->is_null)
        return NULL;
    if ((is_text || is_bytes) && item->text.len > INT_MAX)
        return "has an item that is too long";
    if (is_text && item->text.len != 0 && !data_text_is_sound(item->text.data, item->text.len))
        return "has an item that is not text: it has a NUL inside or is not UTF-8";
    if (item->kind == TERN_ARG_DOUBLE && isnan(item->real))
        return "has an item that is not a number";
    if (item->kind == TERN_ARG_TOO_BIG)
        return "has an item above 9223372036854775807, which does not fit a column";
    return wrong_form(item) != NULL ? "has an item that is not a day, time or moment" : NULL;
}

static bool bind_list(const binding *b, const tern_arg *list)
{
    for (size_t i = 0; i < list->list.count; i++) {
        const tern_arg item = items_at(list, i);
        const char *problem = wrong_item(&item);
        if (problem != NULL)
            return refuse(b, problem);
    }
    return is_bound(b, sqlite_bind_items(b->statement, b->number, list, b->keep == SQLITE_TRANSIENT));
}

static bool bind_value(const binding *b, const tern_arg *arg, tern_arg_kind kind)
{
    switch (kind) {
    case TERN_ARG_BOOL:
        return is_bound(b, sqlite3_bind_int(b->statement, b->number, arg->boolean));
    case TERN_ARG_INT:
        return is_bound(b, sqlite3_bind_int64(b->statement, b->number, arg->integer));
    case TERN_ARG_DURATION:
        return is_bound(b, sqlite3_bind_int64(b->statement, b->number, arg->duration.microseconds));
    case TERN_ARG_DOUBLE:
        return bind_double(b, arg->real);
    case TERN_ARG_JSON:
        if (!data_json_is_sound(arg->text.data, arg->text.len))
            return refuse(b, "is JSON with U+0000 or half a surrogate pair in it");
        return bind_text(b, arg->text);
    case TERN_ARG_TEXT:
        return bind_text(b, arg->text);
    case TERN_ARG_BYTES:
        return bind_bytes(b, arg->text);
    case TERN_ARG_UUID:
    case TERN_ARG_DATE:
    case TERN_ARG_TIME:
    case TERN_ARG_DATETIME:
    case TERN_ARG_DECIMAL:
        return bind_fixed_form(b, arg, kind);
    case TERN_ARG_TOO_BIG:
        return refuse(b, "is above 9223372036854775807, which does not fit a column");
    default:
        break;
    }
    return is_bound(b, sqlite3_bind_null(b->statement, b->number));
}

bool sqlite_bind(const sqlite_prepared *prepared, data_run *run, bool lasting)
{
    sqlite3_stmt *statement = prepared->statement;
    const data_statement *s = run->statement;
    binding b = {.statement = statement,
                 .run = run,
                 .is_search = prepared->is_search,
                 .keep = lasting ? SQLITE_TRANSIENT : SQLITE_STATIC};
    if ((unsigned)sqlite3_bind_parameter_count(statement) != s->arg_count)
        return data_refuse(&run->error, TERN_DATA_REFUSED, "the statement needs %d values, not %u",
                           sqlite3_bind_parameter_count(statement), s->arg_count);
    for (unsigned i = 0; i < s->arg_count; i++) {
        const tern_arg *arg = &run->args[i];
        /* A value that does not fit is reported by its own kind, since its column has another kind. */
        tern_arg_kind kind = arg->kind == TERN_ARG_TOO_BIG ? TERN_ARG_TOO_BIG : (tern_arg_kind)s->kinds[i];
        b.number = (int)i + 1;
        if (items_is_list(kind) ? !bind_list(&b, arg)
                                : !bind_value(&b, arg, arg->is_null ? TERN_ARG_NULL : kind))
            return false;
    }
    return true;
}
