/*
 * Values to a statement's `?`, in the forms of README.md's table.
 *
 * Hot path: no allocation for numbers and texts, which are bound where they lie; fixed forms are printed into
 * the run's memory.
 */
#include "data/sqlite/internal.h"
#include "data/text.h"

#include "schema/scalar.h"
#include "schema/time/calendar.h"

#include <limits.h>
#include <math.h>

/* Full-text queries are read and run recursively: each "(" of one costs up to 260 bytes of a coroutine's
 * stack. */
enum { SEARCH_BYTES_MOST = 500 };

typedef struct binding {
    sqlite3_stmt *statement;
    data_run *run;
    bool is_search;
    int number;                   /* of the `?`, from 1 */
    sqlite3_destructor_type keep; /* whether SQLite copies it */
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
    if (isnan(value)) /* SQLite would make it a null */
        return refuse(b, "is not a number");
    return is_bound(b, sqlite3_bind_double(b->statement, b->number, value));
}

static bool bind_fixed_form(const binding *b, const tern_arg *arg, tern_arg_kind kind)
{
    char text[SCALAR_PRINT_BYTES];
    size_t len;
    switch (kind) {
    case TERN_ARG_UUID:
        len = scalar_print(&tern_uuid_type, &arg->uuid, text);
        break;
    case TERN_ARG_DATE:
        if (!calendar_is_day(arg->date.year, arg->date.month, arg->date.day))
            return refuse(b, "is not a day of the calendar");
        len = scalar_print(&tern_date_type, &arg->date, text);
        break;
    case TERN_ARG_TIME:
        if (!calendar_is_time(arg->time))
            return refuse(b, "is not a time of day");
        len = sqlite_print_time(arg->time, text);
        break;
    case TERN_ARG_DATETIME:
        if (!calendar_has(arg->datetime))
            return refuse(b, "is not in the years 0 to 9999");
        len = sqlite_print_datetime(arg->datetime, text);
        break;
    default:
        len = sqlite_print_decimal(arg->decimal, text);
        break;
    }
    return bind_printed(b, text, len);
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
    case TERN_ARG_NULL:
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
        return data_refuse(&run->error, TERN_DATA_REFUSED, "the statement takes %d values and is given %u",
                           sqlite3_bind_parameter_count(statement), s->arg_count);
    for (unsigned i = 0; i < s->arg_count; i++) {
        const tern_arg *arg = &run->args[i];
        /* What cannot be held is told by the value, since its column's kind is another. */
        tern_arg_kind kind = arg->kind == TERN_ARG_TOO_BIG ? TERN_ARG_TOO_BIG : (tern_arg_kind)s->kinds[i];
        b.number = (int)i + 1;
        if (!bind_value(&b, arg, arg->is_null ? TERN_ARG_NULL : kind))
            return false;
    }
    return true;
}
