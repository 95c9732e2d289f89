/**
 * SQL of your own: rows of any shape, one column, or one value.
 *
 *     Sale_list sales = tern_sql(c, Sale, "select title, sum(amount) as total from sale group by title");
 *     int64_t open = tern_sql_int(c, "select count(*) from todo where done = ?", false);
 *
 * A text must be a literal of the program; values go in by `?` (sql_values.h). What fails is answered as the
 * calls of data.h are.
 */
#ifndef TERN_SQL_H
#define TERN_SQL_H

#include <tern/context.h>
#include <tern/model.h>
#include <tern/sql_note.h>
#include <tern/sql_values.h>

#include <stdbool.h>
#include <stdint.h>

/**
 * Rows of any model, matched by column name: joins, groups, window functions, any SQL.
 *
 * A dot in a column's name leads into a nested model, over any number of levels: `u.name as "author.name"`. A
 * nested model whose columns are all null is null (absent where its field cannot be null). A column that does
 * not lead to a field is refused with 500.
 */
#define tern_sql(c, Model, text, ...)                                                                        \
    (*(Model##_list *)tern_sql_of(TERN_NOTED_WITH_(c, TERN_TYPE(Model), "tern_sql(" #Model,                  \
                                                   TERN_NOTE_TEXT_(text) __VA_OPT__(", ") #__VA_ARGS__,      \
                                                   __VA_ARGS__),                                             \
                                  TERN_TYPE(Model), text, TERN_ARGS_OR_NONE_(__VA_ARGS__)))
/**
 * The only column of any query as a list, whatever the column is called. The type is named as its description
 * is: `tern_text`, `tern_int64`, `tern_uuid`, an enum; or a model, a list, a map that is JSON there.
 *
 *     tern_text_list tags = tern_sql_pluck(c, tern_text, "select distinct name from tag order by name");
 *
 * The list has a value for each row; null becomes zero, or NULL for text. More than one column is refused
 * with 500.
 */
#define tern_sql_pluck(c, T, text, ...)                                                                      \
    (*(T##_list *)tern_sql_pluck_of(TERN_NOTED_WITH_(c, TERN_TYPE(T), "tern_sql_pluck(" #T,                  \
                                                     TERN_NOTE_TEXT_(text) __VA_OPT__(", ") #__VA_ARGS__,    \
                                                     __VA_ARGS__),                                           \
                                    TERN_TYPE(T), text, TERN_ARGS_OR_NONE_(__VA_ARGS__)))
/**
 * One value: the only column of the first row, read into `*out`, a variable of the type that is wanted.
 *
 *     int copies;
 *     if (!tern_sql_value(c, &copies, "select copies from book where id = ?", id))
 *         tern_fail(c, 404, "no book %lld", (long long)id);
 *
 * False without a row, and for null; `*out` is zero then. More than one column is refused with 500, as is a
 * value that does not fit the type. For a variable of another type the compiler says: "incompatible type ...
 * 'struct tern_sql_value_reads_no_such_type'".
 */
#define tern_sql_value(c, out, text, ...)                                                                    \
    tern_sql_value_of(TERN_NOTED_WITH_(c, NULL, "tern_sql_value(",                                           \
                                       TERN_NOTE_TEXT_(text) __VA_OPT__(", ") #__VA_ARGS__, __VA_ARGS__),    \
                      TERN_TYPE_OF_VALUE_(*(out)), out, text, TERN_ARGS_OR_NONE_(__VA_ARGS__))
/** One value, where no row and null are as good as zero: 0, false, NULL of a text. */
#define tern_sql_int(c, text, ...)                                                                           \
    TERN_SQL_CALL_(tern_sql_int, TERN_TYPE(tern_int64), c, text, #__VA_ARGS__, __VA_ARGS__)
#define tern_sql_double(c, text, ...)                                                                        \
    TERN_SQL_CALL_(tern_sql_double, TERN_TYPE(tern_double), c, text, #__VA_ARGS__, __VA_ARGS__)
#define tern_sql_bool(c, text, ...)                                                                          \
    TERN_SQL_CALL_(tern_sql_bool, TERN_TYPE(tern_bool), c, text, #__VA_ARGS__, __VA_ARGS__)
#define tern_sql_text(c, text, ...)                                                                          \
    TERN_SQL_CALL_(tern_sql_text, TERN_TYPE(tern_text), c, text, #__VA_ARGS__, __VA_ARGS__)
#define tern_sql_uuid(c, text, ...)                                                                          \
    TERN_SQL_CALL_(tern_sql_uuid, TERN_TYPE(tern_uuid), c, text, #__VA_ARGS__, __VA_ARGS__)
#define tern_sql_date(c, text, ...)                                                                          \
    TERN_SQL_CALL_(tern_sql_date, TERN_TYPE(tern_date), c, text, #__VA_ARGS__, __VA_ARGS__)
#define tern_sql_datetime(c, text, ...)                                                                      \
    TERN_SQL_CALL_(tern_sql_datetime, TERN_TYPE(tern_datetime), c, text, #__VA_ARGS__, __VA_ARGS__)
#define tern_sql_decimal(c, text, ...)                                                                       \
    TERN_SQL_CALL_(tern_sql_decimal, TERN_TYPE(tern_decimal), c, text, #__VA_ARGS__, __VA_ARGS__)
/* `values` is the source text of the values: taken here it would have its macros expanded. */
#define TERN_SQL_CALL_(name, type, c, text, values, ...)                                                     \
    name##_of(                                                                                               \
        TERN_NOTED_WITH_(c, type, #name "(", TERN_NOTE_TEXT_(text) __VA_OPT__(", ") values, __VA_ARGS__),    \
        text, TERN_ARGS_OR_NONE_(__VA_ARGS__))
/* clang-format off */
#define TERN_TYPE_OF_VALUE_(value)                                                                           \
    _Generic((value),                                                                                        \
        TERN_BASE_TYPES_,                                                                                    \
        tern_bytes: &tern_bytes_type,                                                                        \
        tern_uuid: &tern_uuid_type,                                                                          \
        tern_date: &tern_date_type,                                                                          \
        tern_time: &tern_time_type,                                                                          \
        tern_datetime: &tern_datetime_type,                                                                  \
        tern_duration: &tern_duration_type,                                                                  \
        tern_decimal: &tern_decimal_type,                                                                    \
        tern_any: &tern_any_type,                                                                            \
        default: (struct tern_sql_value_reads_no_such_type){0})
/* clang-format on */
struct tern_sql_value_reads_no_such_type {
    int unused;
};
/** A statement without rows; the number of rows it changed. */
#define tern_sql_run(c, text, ...) TERN_SQL_CALL_(tern_sql_run, NULL, c, text, #__VA_ARGS__, __VA_ARGS__)

/* -- what the macros call -- */

void *tern_sql_of(tern_ctx *c, const tern_type *type, const char *text, tern_args args);
void *tern_sql_pluck_of(tern_ctx *c, const tern_type *type, const char *text, tern_args args);
bool tern_sql_value_of(tern_ctx *c, const tern_type *type, void *out, const char *text, tern_args args);
int64_t tern_sql_int_of(tern_ctx *c, const char *text, tern_args args);
double tern_sql_double_of(tern_ctx *c, const char *text, tern_args args);
bool tern_sql_bool_of(tern_ctx *c, const char *text, tern_args args);
const char *tern_sql_text_of(tern_ctx *c, const char *text, tern_args args);
tern_uuid tern_sql_uuid_of(tern_ctx *c, const char *text, tern_args args);
tern_date tern_sql_date_of(tern_ctx *c, const char *text, tern_args args);
tern_datetime tern_sql_datetime_of(tern_ctx *c, const char *text, tern_args args);
tern_decimal tern_sql_decimal_of(tern_ctx *c, const char *text, tern_args args);
int64_t tern_sql_run_of(tern_ctx *c, const char *text, tern_args args);

#endif
