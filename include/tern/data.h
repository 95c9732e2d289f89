/**
 * Data: rows of a TERN_MODEL in SQLite or PostgreSQL, by the same calls.
 *
 *     tern_database(app, TERN_TYPE(Todo));            in main: the models that are tables
 *
 *     Todo_list open = tern_select(c, Todo, .where = "done = ?", .args = TERN_ARGS(in->done));
 *     Todo *todo = tern_get_or_404(c, Todo, in->id);
 *     todo->done = true;
 *     tern_update(c, Todo, todo);
 *
 * The database is TERN_DATABASE_URL (`--database-url`): `sqlite:app.db` (the default, in the working
 * folder), `sqlite::memory:` or `postgres://user:password@host/name`.
 *
 * Every call suspends the handler, never the worker. Rows are in the request's memory. A call that fails ends
 * the handler with the right answer (docs/data.md has the table: 404, 409 naming the field, 422, 503, 504),
 * unless `.error` is given, which then says what went wrong.
 *
 * SQL texts (`.where`, tern_sql) must be literals of the program: values go in by `?`, never by printing. A
 * text made at run time is refused with 500 unless `.trusted_sql` is set.
 */
#ifndef TERN_DATA_H
#define TERN_DATA_H

#include <tern/app.h>
#include <tern/context.h>
#include <tern/model.h>
#include <tern/page.h>
#include <tern/sql.h>
#include <tern/sql_note.h>
#include <tern/sql_values.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* -- the database of an application -- */

/** Whether PostgreSQL keeps statements prepared, by a name on each connection. */
typedef enum tern_prepare {
    TERN_PREPARE_AUTO,   /* unless a pooler such as pgbouncer is detected */
    TERN_PREPARE_ALWAYS, /* the pooler is in session mode, or keeps prepared statements itself */
    TERN_PREPARE_NEVER   /* there is a pooler, detected or not */
} tern_prepare;

typedef struct tern_database_options {
    const char *url; /* default "sqlite:app.db"; TERN_DATABASE_URL and --database-url win */
    bool unmanaged;  /* another program owns the tables: they are not made, migrated or checked at start */
    const char *migrations;    /* folder of the migrations; default "migrations" */
    unsigned pool;             /* connections of a worker; default 8 (PostgreSQL), readers (SQLite) 8 */
    unsigned wait_timeout_ms;  /* for a free connection, then 503; default 5 s */
    unsigned query_timeout_ms; /* for a statement, then 504; default 30 s */
    unsigned slow_query_ms;    /* statements that take longer are logged; default 200 */
    const char *replica_url;   /* PostgreSQL: where statements that only read go, outside of transactions */
    tern_prepare prepare;      /* TERN_DATABASE_PREPARE and --database-prepare win; docs/poolers.md */
} tern_database_options;

void tern_database_of(tern_app *app, const tern_database_options *options, tern_type *const *models);
/** The application has a database whose tables are these models: TERN_TYPE(Todo), TERN_TYPE(User), ...
 * Once. */
#define tern_database(app, ...)                                                                              \
    tern_database_of(app, &(tern_database_options){0}, (tern_type *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
/** As tern_database, with options first, in parentheses: `tern_database_with(app, (.pool = 4),
 * TERN_TYPE(Todo))`. */
#define tern_database_with(app, options, ...)                                                                \
    tern_database_of(app, &(tern_database_options){TERN_DATABASE_OPTIONS_(options)},                         \
                     (tern_type *const[]){__VA_ARGS__, NULL})
/**
 * Adds tables to the application's database: for a part of Tern, or a library, that keeps rows of its own.
 *
 *     tern_tables(app, TERN_TYPE(Invoice), TERN_TYPE(InvoiceLine));
 *
 * Before or after tern_database in main, any number of times; the tables are migrated, checked and created
 * like the application's. A model that is given here and to tern_database, or here twice, is one table. Two
 * models with the same table name are a mistake that names both, as are tables without tern_database: that
 * one names the models, and `needed_by` ("tern_accounts"; NULL: "tern_tables").
 */
#define tern_tables(app, ...) tern_tables_of(app, NULL, (tern_type *const[]){__VA_ARGS__, NULL})
void tern_tables_of(tern_app *app, const char *needed_by, tern_type *const *models);
#define TERN_DATABASE_OPTIONS_(options)            TERN_PASTE(TERN_DATABASE_OPTIONS_, TERN_SHAPE_(options))(options)
#define TERN_DATABASE_OPTIONS_TERN_WHOLE_(options) TERN_UNWRAP_ options
#define TERN_DATABASE_OPTIONS_TERN_TWO_(options)   options_of_tern_database_with_come_in_parentheses
#define TERN_DATABASE_OPTIONS_TERN_BARE_(options)  options_of_tern_database_with_come_in_parentheses

/**
 * `APP db seed` calls `fill`: rows that a new database should have.
 *
 *     static void first_authors(tern_ctx *c)
 *     {
 *         if (tern_count(c, Author) == 0)
 *             tern_insert(c, Author, &(Author){.name = "Ursula K. Le Guin"});
 *     }
 *     tern_seed(app, first_authors);
 *
 * The functions run in the order of these calls, each in a transaction of its own, in one process that does
 * not serve and without a client: calls that read a request find an empty one. A failure rolls back its
 * function and ends the command with 1; earlier functions stay committed. Write functions that can run again:
 * let them look first, or use tern_upsert with `.on`.
 */
#define tern_seed(app, fill) tern_seed_of(app, fill, #fill)
void tern_seed_of(tern_app *app, void (*fill)(tern_ctx *c), const char *name);

/* -- what went wrong -- */

typedef enum tern_data_fault {
    TERN_DATA_OK,
    TERN_DATA_UNIQUE,      /* 409 */
    TERN_DATA_FOREIGN_KEY, /* 409 */
    TERN_DATA_NOT_NULL,    /* 422 */
    TERN_DATA_CHECK,       /* 422 */
    TERN_DATA_BAD_VALUE,   /* 422: a value that its column cannot hold */
    TERN_DATA_STALE,       /* 409: the row was changed since it was read (.version) */
    TERN_DATA_CONFLICT,    /* 503: serialisation failure or deadlock; trying again may help */
    TERN_DATA_BUSY,        /* 503: no free connection, or locked, for too long */
    TERN_DATA_AWAY,        /* 503: no connection to the database, or it broke */
    TERN_DATA_TIMEOUT,     /* 504: the statement took too long */
    TERN_DATA_FULL,        /* 507: no space on the device */
    TERN_DATA_REFUSED,     /* 500: the statement itself is wrong */
    TERN_DATA_FAILED       /* 500: anything else; the log says */
} tern_data_fault;

/** Receives the outcome of a call that is given `.error = &error`. */
typedef struct tern_data_error {
    tern_data_fault fault;
    char field[64];    /* the field of the model that caused it; "" if none did */
    char message[200]; /* for the log: may contain what clients should not see */
} tern_data_error;

/* -- reading -- */

/** What to select; all may be left out. tern_remove_where takes `.where`, `.args` and `.filters` alone (and
 * `.error`). */
typedef struct tern_selection {
    const char *where; /* "done = ? and title like ?"; names are those of the fields' columns */
    tern_args args;
    tern_filters filters; /* further conditions: TERN_FILTERS(TERN_IF(...), ...) */
    const char *order_by; /* fields of the model: "created desc, id"; missing columns of the key are added, so
                             that the order is total. NULL: no order */
    int64_t limit;        /* 0: no limit. With it or .offset, give .order_by: pages need an order */
    int64_t offset;
    const void *after; /* a row of the same model: only rows after it in order_by (keyset pages). Nulls are
                          where the engine has them: SQLite before all values, PostgreSQL after them */
    bool for_update;   /* locks the rows until the transaction's end (PostgreSQL; SQLite locks as a whole) */
    bool trusted_sql;  /* .where or .filters were made at run time, and not from client input */
    tern_data_error *error;
    const char *place; /* "main.c:31", set by the macros in builds with assertions: for warnings */
} tern_selection;

/** Rows as a `Model_list`; empty without any. */
#define tern_select(c, Model, ...)                                                                           \
    (*(Model##_list *)tern_select_of(TERN_NOTED_(c, Model, "tern_select", #__VA_ARGS__), TERN_TYPE(Model),   \
                                     &(tern_selection){.place = TERN_PLACE_, __VA_ARGS__}))
/** The first row, or NULL. */
#define tern_first(c, Model, ...)                                                                            \
    ((Model *)tern_first_of(TERN_NOTED_(c, Model, "tern_first", #__VA_ARGS__), TERN_TYPE(Model),             \
                            &(tern_selection){__VA_ARGS__}))
/** The row with this key (several values for a composite key, in the order of declaration), or NULL. */
#define tern_find(c, Model, ...)                                                                             \
    ((Model *)tern_find_of(                                                                                  \
        TERN_NOTED_WITH_(c, TERN_TYPE(Model), "tern_find(" #Model, #__VA_ARGS__, __VA_ARGS__),               \
        TERN_TYPE(Model), TERN_ARGS_OF_CALL_(__VA_ARGS__)))
/** As tern_find; without such a row the handler ends with 404. */
#define tern_get_or_404(c, Model, ...)                                                                       \
    ((Model *)tern_get_or_404_of(                                                                            \
        TERN_NOTED_WITH_(c, TERN_TYPE(Model), "tern_get_or_404(" #Model, #__VA_ARGS__, __VA_ARGS__),         \
        TERN_TYPE(Model), TERN_ARGS_OF_CALL_(__VA_ARGS__)))
/**
 * The rows with these keys as a `Model_list`, in the order of the keys; a key without a row is skipped. It
 * runs a query for each key, on PostgreSQL all at once in a single round trip.
 *
 *     Todo_list two = tern_find_all(c, Todo, TERN_ARGS(in->first, in->second));
 *
 * For many keys give an array: `(tern_args){keys, count}`, where `keys[i] = TERN_ARG(id)`; for composite keys
 * the values one after the other.
 */
#define tern_find_all(c, Model, ...) (*(Model##_list *)tern_find_all_of(c, TERN_TYPE(Model), (__VA_ARGS__)))
#define tern_count(c, Model, ...)                                                                            \
    tern_count_of(TERN_NOTED_(c, Model, "tern_count", #__VA_ARGS__), TERN_TYPE(Model),                       \
                  &(tern_selection){__VA_ARGS__})
#define tern_exists(c, Model, ...)                                                                           \
    tern_exists_of(TERN_NOTED_(c, Model, "tern_exists", #__VA_ARGS__), TERN_TYPE(Model),                     \
                   &(tern_selection){__VA_ARGS__})
/** Sum, average, least and greatest of a numeric field over the rows; 0 without rows. */
#define tern_sum(c, Model, field, ...)                                                                       \
    tern_aggregate_of(TERN_NOTED_(c, Model, "tern_sum", #field ", " #__VA_ARGS__), TERN_TYPE(Model), "sum",  \
                      TERN_NAME_OF_(Model, field), &(tern_selection){__VA_ARGS__})
#define tern_average(c, Model, field, ...)                                                                   \
    tern_aggregate_of(TERN_NOTED_(c, Model, "tern_average", #field ", " #__VA_ARGS__), TERN_TYPE(Model),     \
                      "avg", TERN_NAME_OF_(Model, field), &(tern_selection){__VA_ARGS__})
#define tern_least(c, Model, field, ...)                                                                     \
    tern_aggregate_of(TERN_NOTED_(c, Model, "tern_least", #field ", " #__VA_ARGS__), TERN_TYPE(Model),       \
                      "min", TERN_NAME_OF_(Model, field), &(tern_selection){__VA_ARGS__})
#define tern_greatest(c, Model, field, ...)                                                                  \
    tern_aggregate_of(TERN_NOTED_(c, Model, "tern_greatest", #field ", " #__VA_ARGS__), TERN_TYPE(Model),    \
                      "max", TERN_NAME_OF_(Model, field), &(tern_selection){__VA_ARGS__})

/** What tern_pluck lists; all may be left out. */
typedef struct tern_pluck_options {
    const char *where; /* as in tern_selection, and all that follows */
    tern_args args;
    tern_filters filters;
    const char *order_by; /* with .distinct the field itself, or that and " desc" */
    int64_t limit;
    int64_t offset;
    bool distinct; /* each value once; null is one of them */
    bool trusted_sql;
    tern_data_error *error;
} tern_pluck_options;

/**
 * The values of one field as a list of its type: a `tern_int64_list` of an int64_t, a `tern_text_list` of a
 * text, a `tern_uuid_list`, ...; of an enum a list of the whole number that C has for it.
 *
 *     tern_text_list titles = tern_pluck(c, Book, title, .where = "author_id = ?", .args = TERN_ARGS(id),
 *                                        .order_by = "title");
 *
 * There is a value for each row: a null is zero, NULL of a text. A field that is a model, list or map does
 * not compile; one without a column is refused with 500.
 */
#define tern_pluck(c, Model, field, ...)                                                                     \
    (*(__typeof__(TERN_LIST_OF_VALUE_(((Model *)0)->field)))tern_pluck_of(                                   \
        TERN_NOTED_(c, Model, "tern_pluck", #field ", " #__VA_ARGS__), TERN_TYPE(Model), #field,             \
        &(tern_pluck_options){__VA_ARGS__}))

/* A NULL pointer to the list of the values' type. What the compiler says of another type: "invalid use of
 * undefined type 'struct tern_pluck_takes_a_field_of_a_single_value'". */
#define TERN_LIST_OF_VALUE_(value)                                                                           \
    _Generic((value), \
        bool: (tern_bool_list *)0, \
        signed char: (tern_int8_list *)0, \
        short: (tern_int16_list *)0, \
        int: (tern_int32_list *)0, \
        long: (tern_int64_list *)0, \
        long long: (tern_int64_list *)0, \
        unsigned char: (tern_uint8_list *)0, \
        unsigned short: (tern_uint16_list *)0, \
        unsigned: (tern_uint32_list *)0, \
        unsigned long: (tern_uint64_list *)0, \
        unsigned long long: (tern_uint64_list *)0, \
        float: (tern_float_list *)0, \
        double: (tern_double_list *)0, \
        const char *: (tern_text_list *)0, \
        tern_bytes: (tern_bytes_list *)0, \
        tern_uuid: (tern_uuid_list *)0, \
        tern_date: (tern_date_list *)0, \
        tern_time: (tern_time_list *)0, \
        tern_datetime: (tern_datetime_list *)0, \
        tern_duration: (tern_duration_list *)0, \
        tern_decimal: (tern_decimal_list *)0, \
        tern_any: (tern_any_list *)0, \
        default: (struct tern_pluck_takes_a_field_of_a_single_value *)0)

/**
 * The rows whose `.search` fields contain all these words, the best first, as a `Model_list`.
 *
 * `words` is what a person typed: "quotes" make a phrase, a `*` at the end of a word (or after a phrase)
 * finds all words that begin so, other punctuation only separates words, and case is ignored. Without a word
 * the list is empty. At most 32 words of at most 500 bytes count; the rest is ignored. NULL counts as "".
 *
 * The selection's `.order_by` takes precedence over the rank; `.after` is refused with 500, as is a model
 * without such fields.
 */
#define tern_search(c, Model, words, ...)                                                                    \
    (*(Model##_list *)tern_search_of(TERN_NOTED_(c, Model, "tern_search", #words ", " #__VA_ARGS__),         \
                                     TERN_TYPE(Model), words, &(tern_selection){__VA_ARGS__}))
/** How many rows tern_search would find without .limit and .offset. */
#define tern_search_count(c, Model, words, ...)                                                              \
    tern_search_count_of(TERN_NOTED_(c, Model, "tern_search_count", #words ", " #__VA_ARGS__),               \
                         TERN_TYPE(Model), words, &(tern_selection){__VA_ARGS__})

/**
 * One page of the rows, as a `Model_list`; `paging` (tern/page.h) says which, and receives the total, as the
 * route's .total wants it, and the cursor of the next page.
 *
 *     tern_paging paging = {.size = in->size, .after = in->after};
 *     Todo_list todos = tern_select_page(c, Todo, &paging, .where = "done = ?", .args = TERN_ARGS(in->done),
 *                                        .order_by = "created desc");
 *     return tern_page(c, Todo, todos, &paging);
 *
 * .order_by is required; .limit, .offset and .after are set by the page. Fails with 422 naming the parameter
 * when `.after` is not a cursor of this model and order, or comes with a `.page` beyond the first.
 */
#define tern_select_page(c, Model, paging, ...)                                                              \
    (*(Model##_list *)tern_select_page_of(                                                                   \
        TERN_NOTED_(c, Model, "tern_select_page", #paging ", " #__VA_ARGS__), TERN_TYPE(Model), paging,      \
        &(tern_selection){.place = TERN_PLACE_, __VA_ARGS__}))

/** Which related rows, and in which order; all may be left out. */
typedef struct tern_preload_options {
    const char *where; /* on the related rows, with names of their columns */
    tern_args args;
    const char *order_by; /* of the rows of a list: fields of the related model; default its key. What it
                             lacks of the key is added */
    bool trusted_sql;     /* .where was made at run time, and not from what a client sent */
} tern_preload_options;

/**
 * Fills the related rows of every item with one more query: a model field declared `.via` a foreign key of
 * this model, or a list field declared `.by` a foreign key of the other one (`.through` a third model for
 * many to many). Rows that `.where` excludes are left out: a model field is null.
 *
 *     tern_preload(c, Book, books, author);
 *     tern_preload(c, Author, authors, books, .where = "pages > ?", .args = TERN_ARGS(9), .order_by =
 * "title");
 *
 * For rows within rows, write the path as in C; it is one query too. The rows on the way must be preloaded,
 * or read by tern_sql, before:
 *
 *     tern_preload(c, Book, books, author.team);
 *     tern_preload(c, Author, authors, books.items->tags);
 */
#define tern_preload(c, Model, list, field, ...)                                                             \
    tern_preload_of(TERN_NOTED_(c, Model, "tern_preload", #list ", " #field), TERN_TYPE(Model),              \
                    TERN_LIST_HEAD_(Model, list), TERN_NAME_OF_(Model, field),                               \
                    &(tern_preload_options){__VA_ARGS__})
/* The field's name; a name that the model has not got does not compile. */
#define TERN_NAME_OF_(Model, field)  ((void)sizeof(((Model *)0)->field), #field)
#define TERN_LIST_HEAD_(Model, list) _Generic((list), Model##_list : (list).items), (list).count

/* -- big results, row by row -- */

typedef struct tern_rows tern_rows;
/** Starts reading; the connection is held until the end, tern_rows_close, or the handler's. In a transaction
 * its other statements wait for that: one that comes before is refused (500); the block's end closes rows. */
#define tern_rows_open(c, Model, ...)                                                                        \
    tern_rows_open_of(TERN_NOTED_(c, Model, "tern_rows_open", #__VA_ARGS__), TERN_TYPE(Model),               \
                      &(tern_selection){.place = TERN_PLACE_, __VA_ARGS__})
/** Fills `*row`, whose texts are valid until the next call; false at the end. */
bool tern_rows_next(tern_rows *rows, void *row);
void tern_rows_close(tern_rows *rows);

/* -- writing -- */

typedef struct tern_write {
    void *row; /* filled in by the macros */
    /* update: only these ("title, done"); upsert: those changed in an existing row; default all */
    const char *fields;
    const void *given; /* update: only the fields that this value of the same model says were given (PATCH),
                          or TERN_GIVEN: of a smaller model */
    const char *on;    /* upsert: the unique fields that tell whether the row exists; default the key */
    tern_data_error *error;
    const tern_type *given_type; /* set by TERN_GIVEN */
} tern_write;

/**
 * For `.given`, a value of a model that is a part of the row's: each of its fields is one of that, by name
 * and type. Only those that were given (tern_given: null counts) are copied into the row, and written; texts
 * are not copied.
 *
 *     TERN_MODEL(UserChange, (const char *, name, .optional = true, .nullable = false),
 *                            (const char *, email, .optional = true))
 *
 *     tern_update(c, User, user, .given = TERN_GIVEN(UserChange, change));
 *
 * The row's key and times are unchanged. A `.version` in the part is the one that the row must have. Null for
 * a field that cannot be null in the row is 422 and names the field; a field of the part that the row's model
 * lacks or has of another type is 500.
 */
#define TERN_GIVEN(Part, change)                                                                             \
    _Generic((change), Part * : (const void *)(change), const Part * : (const void *)(change)),              \
        .given_type = TERN_TYPE(Part)

/**
 * Inserts the row, and reads it back as stored: with an automatic key (when it was 0), times, fallbacks, and
 * the changes of defaults and `before` triggers. Of a row with more than 64 KiB of text and bytes only the
 * key is filled in. An `.optional` date without month or day, and an `.optional` foreign key of zeros, are
 * written as null (so by every call below); any other date that is not a day is refused with 422.
 */
#define tern_insert(c, Model, row, ...)                                                                      \
    TERN_WRITE_##__VA_OPT__(WITH_)(tern_insert_of, c, Model, row __VA_OPT__(, ) __VA_ARGS__)
/** All items of the list in as few statements as the engine allows; keys are filled in. */
#define tern_insert_all(c, Model, list, ...)                                                                 \
    tern_insert_all_of(c, TERN_TYPE(Model), TERN_LIST_HEAD_(Model, list), &(tern_write){__VA_ARGS__})
/** Inserts the row, or changes the existing one, and reads it back as stored. */
#define tern_upsert(c, Model, row, ...)                                                                      \
    TERN_WRITE_##__VA_OPT__(WITH_)(tern_upsert_of, c, Model, row __VA_OPT__(, ) __VA_ARGS__)
/** Writes the row with its key. False without such a row (with `.version`: 409 when it was changed since it
 * was read). */
#define tern_update(c, Model, row, ...)                                                                      \
    TERN_WRITE_##__VA_OPT__(WITH_)(tern_update_of, c, Model, row __VA_OPT__(, ) __VA_ARGS__)
/** Writes all items of the list, each row once, in as few statements as the engine allows, either all or
 * none; false when a row does not exist (with `.version`: 409 when one is gone or was changed). */
#define tern_update_all(c, Model, list, ...)                                                                 \
    tern_update_all_of(c, TERN_TYPE(Model), TERN_LIST_HEAD_(Model, list),                                    \
                       &(const union {                                                                       \
                            TERN_WRITE_OF_(Model) given;                                                     \
                            tern_write plain;                                                                \
                        }){.given = {__VA_ARGS__}}                                                           \
                            .plain)
/** Deletes the row with this key; false without one. */
#define tern_remove(c, Model, ...)                                                                           \
    tern_remove_of(TERN_NOTED_WITH_(c, TERN_TYPE(Model), "tern_remove(" #Model, #__VA_ARGS__, __VA_ARGS__),  \
                   TERN_TYPE(Model), TERN_ARGS_OF_CALL_(__VA_ARGS__))
/** Deletes every row that the query selects; the number of rows. Without .where, and a filter that is given,
 * it refuses (500). */
#define tern_remove_where(c, Model, ...)                                                                     \
    tern_remove_where_of(TERN_NOTED_(c, Model, "tern_remove_where", #__VA_ARGS__), TERN_TYPE(Model),         \
                         &(tern_selection){__VA_ARGS__})
#define TERN_ROW_OF_(Model, row)         _Generic((row), Model * : (row))
#define TERN_WRITE_(call, c, Model, row) call(c, TERN_TYPE(Model), TERN_ROW_OF_(Model, row), &(tern_write){0})
/* tern_write with the model's own types, so that the compiler checks them. */
#define TERN_WRITE_OF_(Model)                                                                                \
    struct {                                                                                                 \
        Model *row;                                                                                          \
        const char *fields;                                                                                  \
        const Model *given;                                                                                  \
        const char *on;                                                                                      \
        tern_data_error *error;                                                                              \
        const tern_type *given_type;                                                                         \
    }
/* With a comma after the row's beginning there may be options, or a value such as `&(Todo){.id = 1, .done =
 * true}` that the preprocessor has cut in two. The initialiser of a structure accepts both. */
#define TERN_WRITE_WITH_(call, c, Model, ...)                                                                \
    __extension__({                                                                                          \
        const union {                                                                                        \
            TERN_WRITE_OF_(Model) given;                                                                     \
            tern_write plain;                                                                                \
        } written_ = {.given = {.row = __VA_ARGS__}};                                                        \
        call(c, TERN_TYPE(Model), written_.plain.row, &written_.plain);                                      \
    })

/* -- transactions -- */

typedef enum tern_isolation {
    TERN_ISOLATION_DEFAULT, /* the database's own: read committed (PostgreSQL), serializable (SQLite) */
    TERN_READ_COMMITTED,
    TERN_REPEATABLE_READ,
    TERN_SERIALIZABLE
} tern_isolation;

typedef struct tern_transaction_options {
    tern_isolation isolation;
    bool read_only;
    unsigned retries; /* of tern_transact, when the database asks to try again; default 3 */
} tern_transaction_options;

/**
 * `tern_transaction(c) { ... }`: what the block does happens either completely or not at all.
 *
 * Leaving the block at its end, by `break` or by `return` commits; a failure (tern_fail, a failed call, a
 * client that left) rolls back. So does the end of a block in which a statement has failed, also one that was
 * given `.error`; what may fail gets a block of its own. Nested blocks are savepoints. Tasks (tern_go)
 * started inside do not belong to it. Options: `tern_transaction(c, .isolation = TERN_SERIALIZABLE)`.
 */
#define tern_transaction(c, ...)                                                                             \
    for (tern_transaction_scope __attribute__((cleanup(tern_transaction_leave))) TERN_PASTE(                 \
             transaction_, __LINE__) = tern_transaction_enter(c, &(tern_transaction_options){__VA_ARGS__});  \
         TERN_PASTE(transaction_, __LINE__).is_first; TERN_PASTE(transaction_, __LINE__).is_first = false)

typedef struct tern_transaction_scope {
    tern_ctx *c;
    struct data_transaction *inside;
    bool is_first;
} tern_transaction_scope;
tern_transaction_scope tern_transaction_enter(tern_ctx *c, const tern_transaction_options *options);
void tern_transaction_leave(tern_transaction_scope *block);
/** Marks the innermost transaction: leaving its block rolls back. */
void tern_rollback(tern_ctx *c);

/** Runs `work(c, arg)` in a transaction, again when the database asks for it (serialisation failure,
 * deadlock); so `work` must have no other effect than through the database and `*arg`. */
void tern_transact_of(tern_ctx *c, void (*work)(tern_ctx *c, void *arg), void *arg,
                      const tern_transaction_options *options);
#define tern_transact(c, work, arg, ...)                                                                     \
    tern_transact_of(c, work, arg, &(tern_transaction_options){__VA_ARGS__})

/** A selection that outlives the function that makes it (its values lie in the request's memory), which one
 * with TERN_ARGS does not: `return tern_where(c, "owner = ?", id);` */
#define tern_where(c, text, ...)                                                                             \
    tern_where_of(TERN_NOTED_WITH_(c, NULL, "tern_where(",                                                   \
                                   TERN_NOTE_TEXT_(text) __VA_OPT__(", ") #__VA_ARGS__, __VA_ARGS__),        \
                  text, TERN_ARGS_OR_NONE_(__VA_ARGS__))
/** As tern_where, by what TERN_FILTERS takes: `return tern_where_given(c, TERN_IF(!me->is_admin, "owner = ?",
 * me->id));` Neither copies texts or the items of lists. */
#define tern_where_given(c, ...)                                                                             \
    tern_where_given_of((TERN_NOTE_(NULL, "tern_where_given(, " #__VA_ARGS__ ")"), c),                       \
                        TERN_FILTERS(__VA_ARGS__))

/* -- what the macros call -- */

tern_selection tern_where_of(tern_ctx *c, const char *text, tern_args args);
tern_selection tern_where_given_of(tern_ctx *c, tern_filters filters);

void *tern_select_of(tern_ctx *c, const tern_type *type, const tern_selection *query);
void *tern_first_of(tern_ctx *c, const tern_type *type, const tern_selection *query);
void *tern_select_page_of(tern_ctx *c, const tern_type *type, tern_paging *paging,
                          const tern_selection *query);
void *tern_find_of(tern_ctx *c, const tern_type *type, tern_args key);
void *tern_get_or_404_of(tern_ctx *c, const tern_type *type, tern_args key);
void *tern_find_all_of(tern_ctx *c, const tern_type *type, tern_args keys);
int64_t tern_count_of(tern_ctx *c, const tern_type *type, const tern_selection *query);
bool tern_exists_of(tern_ctx *c, const tern_type *type, const tern_selection *query);
double tern_aggregate_of(tern_ctx *c, const tern_type *type, const char *function, const char *field,
                         const tern_selection *query);
void *tern_search_of(tern_ctx *c, const tern_type *type, const char *words, const tern_selection *query);
int64_t tern_search_count_of(tern_ctx *c, const tern_type *type, const char *words,
                             const tern_selection *query);
void tern_preload_of(tern_ctx *c, const tern_type *type, void *items, size_t count, const char *field,
                     const tern_preload_options *options);
tern_rows *tern_rows_open_of(tern_ctx *c, const tern_type *type, const tern_selection *query);
bool tern_insert_of(tern_ctx *c, const tern_type *type, void *row, const tern_write *options);
bool tern_insert_all_of(tern_ctx *c, const tern_type *type, void *items, size_t count,
                        const tern_write *options);
bool tern_upsert_of(tern_ctx *c, const tern_type *type, void *row, const tern_write *options);
bool tern_update_of(tern_ctx *c, const tern_type *type, void *row, const tern_write *options);
bool tern_update_all_of(tern_ctx *c, const tern_type *type, void *items, size_t count,
                        const tern_write *options);
bool tern_remove_of(tern_ctx *c, const tern_type *type, tern_args key);
int64_t tern_remove_where_of(tern_ctx *c, const tern_type *type, const tern_selection *query);
void *tern_pluck_of(tern_ctx *c, const tern_type *type, const char *field, const tern_pluck_options *options);

#endif
