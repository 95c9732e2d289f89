/**
 * What goes into SQL by `?`: values, lists of them, and conditions that may be left out.
 *
 *     tern_select(c, Todo, .where = "done = ? and id in (?)", .args = TERN_ARGS(in->done, ids));
 *     tern_select(c, Todo, .filters = TERN_FILTERS(TERN_IF(tern_given(c, done), "done = ?", in->done)));
 */
#ifndef TERN_SQL_VALUES_H
#define TERN_SQL_VALUES_H

#include <tern/each.h>
#include <tern/model.h>
#include <tern/sql_note.h>
#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* -- values for `?` -- */

typedef enum tern_arg_kind {
    TERN_ARG_NULL,
    TERN_ARG_BOOL,
    TERN_ARG_INT,
    TERN_ARG_DOUBLE,
    TERN_ARG_TEXT,
    TERN_ARG_BYTES,
    TERN_ARG_UUID,
    TERN_ARG_DATE,
    TERN_ARG_TIME,
    TERN_ARG_DATETIME,
    TERN_ARG_DURATION,
    TERN_ARG_DECIMAL,
    TERN_ARG_JSON,
    TERN_ARG_TOO_BIG,      /* a whole number above INT64_MAX: no column holds it, the statement is refused */
    TERN_ARG_LIST = 64,    /* added to the kind of the items: a list of them */
    TERN_ARG_FILTERS = 128 /* conditions: TERN_FILTERS */
} tern_arg_kind;

/** How the items of a list are stored. */
typedef enum tern_item {
    TERN_ITEM_BOOL,
    TERN_ITEM_INT8,
    TERN_ITEM_INT16,
    TERN_ITEM_INT32,
    TERN_ITEM_INT64,
    TERN_ITEM_UINT8,
    TERN_ITEM_UINT16,
    TERN_ITEM_UINT32,
    TERN_ITEM_UINT64,
    TERN_ITEM_FLOAT,
    TERN_ITEM_DOUBLE,
    TERN_ITEM_TEXT, /* const char * */
    TERN_ITEM_SLICE,
    TERN_ITEM_BYTES,
    TERN_ITEM_UUID,
    TERN_ITEM_DATE,
    TERN_ITEM_TIME,
    TERN_ITEM_DATETIME,
    TERN_ITEM_DURATION,
    TERN_ITEM_DECIMAL
} tern_item;

typedef struct tern_items {
    const void *items;
    size_t count;
} tern_items;

/** Conditions of which each may be given or not. Made by TERN_FILTERS. */
typedef struct tern_filters {
    const struct tern_filter *items;
    unsigned count;
    bool is_any; /* one of those that are given must hold, not all of them */
} tern_filters;

/** One value to be bound. A NULL text, bytes or JSON binds as null of its kind. */
typedef struct tern_arg {
    tern_arg_kind kind;
    bool is_null; /* null rather than a value of `kind` */
    uint8_t item; /* of a list: a tern_item */
    union {
        bool boolean;
        int64_t integer;
        double real;
        tern_str text; /* TEXT, BYTES, JSON */
        tern_uuid uuid;
        tern_date date;
        tern_time time;
        tern_datetime datetime;
        tern_duration duration;
        tern_decimal decimal;
        tern_items list;
        tern_filters filters;
    };
} tern_arg;

typedef struct tern_args {
    const tern_arg *items;
    unsigned count;
} tern_args;

/**
 * The values of the `?` in a text, in order, bound by their C types: `.args = TERN_ARGS(in->done, "x", 3)`.
 * At most 32. They live as long as the block that they are in.
 *
 * `true`, `!x` and constants of an enum are ints in C. Beside a bool or enum column of the model (`done = ?`,
 * `colour <> ?`, `colour in (?, ?)`), and as a key, they are bound as that bool or name; another number is
 * refused with 500. Elsewhere (in tern_sql, in a query within the text, in an expression) an int is a number,
 * which PostgreSQL does not compare with booleans and texts: give it a `bool` variable, and an enum's name.
 *
 * A list is one value, which stands alone in `in (?)` or `not in (?)`: `tern_int64_list`, `tern_text_list`,
 * `tern_uuid_list` and so on go in as they are, an array by tern_arg_items, the list of an enum by
 * tern_arg_list. The items are not copied; any number of them makes the same statement.
 */
#define TERN_ARGS(...)                                                                                       \
    ((tern_args){(const tern_arg[]){TERN_EACH(TERN_ARG_ITEM_, ~, __VA_ARGS__)},                              \
                 TERN_NOTE_VALUES_(NULL, "TERN_ARGS(" #__VA_ARGS__ ")", __VA_ARGS__)})
/* The values of a call that leaves a note of them itself. */
#define TERN_ARGS_OF_CALL_(...)                                                                              \
    ((tern_args){(const tern_arg[]){TERN_EACH(TERN_ARG_ITEM_, ~, __VA_ARGS__)},                              \
                 (unsigned)(sizeof((const unsigned char[]){TERN_EACH(TERN_ONE_, ~, __VA_ARGS__)}))})
#define TERN_ARG_ITEM_(unused, value) TERN_ARG(value),
#define TERN_ONE_(unused, value)      0,
#define TERN_ARG(value)                                                                                      \
    _Generic((value),                                                                                        \
        bool: tern_arg_bool,                                                                                 \
        signed char: tern_arg_int,                                                                           \
        short: tern_arg_int,                                                                                 \
        int: tern_arg_int,                                                                                   \
        long: tern_arg_int,                                                                                  \
        long long: tern_arg_int,                                                                             \
        unsigned char: tern_arg_uint,                                                                        \
        unsigned short: tern_arg_uint,                                                                       \
        unsigned: tern_arg_uint,                                                                             \
        unsigned long: tern_arg_uint,                                                                        \
        unsigned long long: tern_arg_uint,                                                                   \
        float: tern_arg_double,                                                                              \
        double: tern_arg_double,                                                                             \
        char *: tern_arg_text,                                                                               \
        const char *: tern_arg_text,                                                                         \
        tern_str: tern_arg_slice,                                                                            \
        tern_bytes: tern_arg_bytes,                                                                          \
        tern_uuid: tern_arg_uuid,                                                                            \
        tern_date: tern_arg_date,                                                                            \
        tern_time: tern_arg_time,                                                                            \
        tern_datetime: tern_arg_datetime,                                                                    \
        tern_duration: tern_arg_duration,                                                                    \
        tern_decimal: tern_arg_decimal,                                                                      \
        tern_any: tern_arg_json,                                                                             \
        tern_bool_list: tern_arg_bool_list, \
        tern_int8_list: tern_arg_int8_list, \
        tern_int16_list: tern_arg_int16_list, \
        tern_int32_list: tern_arg_int32_list, \
        tern_int64_list: tern_arg_int64_list, \
        tern_uint8_list: tern_arg_uint8_list, \
        tern_uint16_list: tern_arg_uint16_list, \
        tern_uint32_list: tern_arg_uint32_list, \
        tern_uint64_list: tern_arg_uint64_list, \
        tern_float_list: tern_arg_float_list, \
        tern_double_list: tern_arg_double_list, \
        tern_text_list: tern_arg_text_list, \
        tern_bytes_list: tern_arg_bytes_list, \
        tern_uuid_list: tern_arg_uuid_list, \
        tern_date_list: tern_arg_date_list, \
        tern_time_list: tern_arg_time_list, \
        tern_datetime_list: tern_arg_datetime_list, \
        tern_duration_list: tern_arg_duration_list, \
        tern_decimal_list: tern_arg_decimal_list, \
        tern_filters: tern_arg_filters, \
        tern_arg: tern_arg_self,                                                                             \
        void *: tern_arg_null)(value)

tern_arg tern_arg_null(const void *unused);
tern_arg tern_arg_bool(bool value);
tern_arg tern_arg_int(int64_t value);
/** Above INT64_MAX no column can hold it: the statement is refused with 422. */
tern_arg tern_arg_uint(uint64_t value);
tern_arg tern_arg_double(double value);
tern_arg tern_arg_text(const char *text);
tern_arg tern_arg_slice(tern_str text);
tern_arg tern_arg_bytes(tern_bytes bytes);
tern_arg tern_arg_uuid(tern_uuid value);
tern_arg tern_arg_date(tern_date value);
tern_arg tern_arg_time(tern_time value);
tern_arg tern_arg_datetime(tern_datetime value);
tern_arg tern_arg_duration(tern_duration value);
tern_arg tern_arg_decimal(tern_decimal value);
tern_arg tern_arg_json(tern_any json);
tern_arg tern_arg_self(tern_arg value);

/**
 * A list as a value: `.where = "id in (?)", .args = TERN_ARGS(in->ids)`. No item matches nothing, and `not
 * in` everything. An item that is NULL (of texts and bytes) is left out: it equals nothing, and does not keep
 * `not in` from finding what the others leave. A column that is null is found by neither, but for an empty
 * `not in`.
 */
tern_arg tern_arg_bool_list(tern_bool_list list);
tern_arg tern_arg_int8_list(tern_int8_list list);
tern_arg tern_arg_int16_list(tern_int16_list list);
tern_arg tern_arg_int32_list(tern_int32_list list);
tern_arg tern_arg_int64_list(tern_int64_list list);
tern_arg tern_arg_uint8_list(tern_uint8_list list);
tern_arg tern_arg_uint16_list(tern_uint16_list list);
tern_arg tern_arg_uint32_list(tern_uint32_list list);
tern_arg tern_arg_uint64_list(tern_uint64_list list);
tern_arg tern_arg_float_list(tern_float_list list);
tern_arg tern_arg_double_list(tern_double_list list);
tern_arg tern_arg_text_list(tern_text_list list);
tern_arg tern_arg_bytes_list(tern_bytes_list list);
tern_arg tern_arg_uuid_list(tern_uuid_list list);
tern_arg tern_arg_date_list(tern_date_list list);
tern_arg tern_arg_time_list(tern_time_list list);
tern_arg tern_arg_datetime_list(tern_datetime_list list);
tern_arg tern_arg_duration_list(tern_duration_list list);
tern_arg tern_arg_decimal_list(tern_decimal_list list);
/** Any list of values that a `?` takes, also one of an enum: `TERN_ARGS(tern_arg_list(in->shelves))`. The
 * items of an enum are numbers, which a column of that enum takes as its names. */
#define tern_arg_list(list) tern_arg_items((list).items, (list).count)
/** The same of an array: `int64_t ids[3]; ... TERN_ARGS(tern_arg_items(ids, 3))`. */
#define tern_arg_items(items, count)                                                                         \
    tern_arg_items_of(_Generic(*(items),                                                                     \
                      bool: TERN_ITEM_BOOL,                                                                  \
                      signed char: TERN_ITEM_INT8,                                                           \
                      short: TERN_ITEM_INT16,                                                                \
                      int: TERN_ITEM_INT32,                                                                  \
                      long: TERN_ITEM_INT64,                                                                 \
                      long long: TERN_ITEM_INT64,                                                            \
                      unsigned char: TERN_ITEM_UINT8,                                                        \
                      unsigned short: TERN_ITEM_UINT16,                                                      \
                      unsigned: TERN_ITEM_UINT32,                                                            \
                      unsigned long: TERN_ITEM_UINT64,                                                       \
                      unsigned long long: TERN_ITEM_UINT64,                                                  \
                      float: TERN_ITEM_FLOAT,                                                                \
                      double: TERN_ITEM_DOUBLE,                                                              \
                      char *: TERN_ITEM_TEXT,                                                                \
                      const char *: TERN_ITEM_TEXT,                                                          \
                      tern_str: TERN_ITEM_SLICE,                                                             \
                      tern_bytes: TERN_ITEM_BYTES,                                                           \
                      tern_uuid: TERN_ITEM_UUID,                                                             \
                      tern_date: TERN_ITEM_DATE,                                                             \
                      tern_time: TERN_ITEM_TIME,                                                             \
                      tern_datetime: TERN_ITEM_DATETIME,                                                     \
                      tern_duration: TERN_ITEM_DURATION,                                                     \
                      tern_decimal: TERN_ITEM_DECIMAL),                                                      \
                      items, count)
tern_arg tern_arg_items_of(tern_item item, const void *items, size_t count);

#define TERN_ARGS_OR_NONE_(...)                                                                              \
    __VA_OPT__(TERN_ARGS_OF_CALL_(__VA_ARGS__)) TERN_PRIVATE_NO_ARGS_##__VA_OPT__(1)
#define TERN_PRIVATE_NO_ARGS_ ((tern_args){NULL, 0})
#define TERN_PRIVATE_NO_ARGS_1

/* -- conditions that may be left out -- */

/** One condition: TERN_IF and its like make it. */
typedef struct tern_filter {
    const char *text; /* NULL: not given; or a group, with the conditions as the only one of `args` */
    tern_args args;
} tern_filter;

/**
 * Conditions of which all must hold that are given:
 *
 *     tern_select(c, Article, .filters = TERN_FILTERS(TERN_IF(tern_given(c, tag), "tag = ?", in->tag),
 *                                                     TERN_IF(in->mine, "owner = ?", me->id)));
 *
 * Each is a TERN_IF, a group (TERN_ANY_OF, TERN_ALL_OF), or a literal that always counts. The texts are
 * literals as those of `.where` are, each with its own values; one counts as if in brackets. When none is
 * given, nothing is asked for. At most 64 conditions and 32 values can be given at once. They live as long as
 * the block they stand in; tern_where_given makes them last.
 *
 * As a value they stand for a `?`, in `.where` and in SQL of your own: `tern_sql(c, Stock, "select ... where
 * ? group by 1", TERN_FILTERS(...))`; none is then a condition that holds. Only in tern_sql_run, and in what
 * else changes rows, one must be given: else it would change all of them (500).
 *
 * The statement of each combination is kept. A worker keeps the 256 that were used last.
 */
#define TERN_FILTERS(...) TERN_FILTERS_(false, __VA_ARGS__)
/** A condition that counts if `given` does, which is a C expression; else its values are not looked at. */
#define TERN_IF(given, text_, ...)                                                                           \
    ((given) ? (tern_filter){text_, __VA_OPT__(TERN_ARGS(__VA_ARGS__)) TERN_PRIVATE_NO_ARGS_##__VA_OPT__(1)} \
             : (tern_filter){NULL, {NULL, 0}})
/** In brackets: one of the conditions that are given must hold. When none is, the group is not given. */
#define TERN_ANY_OF(...) TERN_FILTER_GROUP_(TERN_FILTERS_(true, __VA_ARGS__))
/** In brackets: all of the conditions that are given must hold, within a TERN_ANY_OF. */
#define TERN_ALL_OF(...) TERN_FILTER_GROUP_(TERN_FILTERS_(false, __VA_ARGS__))
#define TERN_FILTERS_(is_any_, ...)                                                                          \
    ((tern_filters){(const tern_filter[]){TERN_EACH(TERN_FILTER_ITEM_, ~, __VA_ARGS__)},                     \
                    sizeof((const char[]){TERN_EACH(TERN_ONE_, ~, __VA_ARGS__)}), is_any_})
#define TERN_FILTER_GROUP_(filters_)                                                                         \
    ((tern_filter){NULL, {(const tern_arg[]){{.kind = TERN_ARG_FILTERS, .filters = filters_}}, 1}})
#define TERN_FILTER_ITEM_(unused, filter) TERN_FILTER_(filter),
#define TERN_FILTER_(filter)                                                                                 \
    _Generic((filter), tern_filter: tern_filter_self, char *: tern_filter_always,                            \
             const char *: tern_filter_always)(filter)
tern_filter tern_filter_self(tern_filter filter);
tern_filter tern_filter_always(const char *text);
tern_arg tern_arg_filters(tern_filters filters);

#endif
