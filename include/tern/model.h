/**
 * Models: one declaration makes a C struct and its description.
 *
 *     TERN_MODEL(Todo,
 *         (int64_t,      id,    .read_only = true),
 *         (const char *, title, .min_length = 1, .max_length = 120, .help = "What there is to do"),
 *         (bool,         done,  .optional = true))
 *
 * declares the type `Todo`, its list `Todo_list` ({Todo *items; size_t count}), its map from text `Todo_map`,
 * and the descriptions TERN_TYPE(Todo), TERN_LIST(Todo) and TERN_MAP(Todo). JSON, forms, queries, validation
 * and OpenAPI all read the description; you write nothing else.
 */
#ifndef TERN_MODEL_H
#define TERN_MODEL_H

#ifdef __cplusplus
#error "handlers are written in C, which skips destructors; C++ may use tern/log.h and tern/shared.h"
#endif

#include <tern/each.h>
#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* -- values that C has no type for -- */

/** Bytes; base64 in JSON (RFC 4648 section 4, padded). */
typedef struct tern_bytes {
    const uint8_t *data;
    size_t len;
} tern_bytes;

typedef struct tern_uuid {
    uint8_t bytes[16];
} tern_uuid;

/** A calendar day, "2026-11-23" (RFC 3339 full-date; years 0 to 9999). */
typedef struct tern_date {
    int16_t year;
    uint8_t month, day;
} tern_date;

/** A time of day, "17:30:00.25". */
typedef struct tern_time {
    uint8_t hour, minute, second;
    uint32_t nanosecond;
} tern_time;

/** An instant: microseconds since 1970-01-01T00:00:00Z. Read with any RFC 3339 offset, written in UTC with
 * 'Z'. */
typedef struct tern_datetime {
    int64_t microseconds;
} tern_datetime;

/** A span of time in microseconds; ISO 8601 "P1DT2H3.5S" (days to seconds; no months or years). */
typedef struct tern_duration {
    int64_t microseconds;
} tern_duration;

/** An exact decimal: `units` / 10^`scale`. A JSON number or text ("12.30", 1e-7), at most 18 digits. */
typedef struct tern_decimal {
    int64_t units;
    uint8_t scale;
} tern_decimal;

/** Any JSON value, checked and kept as its text (also as given: white space outside strings stays). */
typedef struct tern_any {
    const char *data;
    size_t len;
} tern_any;

/** An uploaded file (multipart only). Small ones are in memory; larger ones in a temporary file that goes
 * with the request. `name` is the client's name for it: data, never a path. */
typedef struct tern_upload {
    const char *name, *content_type;
    size_t size;
    const void *data; /* NULL when it is on disk */
    int fd;           /* -1 when it is in memory */
} tern_upload;

/* -- descriptions -- */

typedef enum tern_kind {
    TERN_KIND_BOOL,
    TERN_KIND_INT,   /* signed, of `size` bytes */
    TERN_KIND_UINT,  /* unsigned */
    TERN_KIND_FLOAT, /* float or double by `size` */
    TERN_KIND_TEXT,  /* const char *: UTF-8, NUL-terminated, no NUL inside; NULL is null */
    TERN_KIND_BYTES,
    TERN_KIND_UUID,
    TERN_KIND_DATE,
    TERN_KIND_TIME,
    TERN_KIND_DATETIME,
    TERN_KIND_DURATION,
    TERN_KIND_DECIMAL,
    TERN_KIND_ANY,
    TERN_KIND_UPLOAD,
    TERN_KIND_ENUM,
    TERN_KIND_MODEL,
    TERN_KIND_LIST,
    TERN_KIND_MAP
} tern_kind;

/** Where a field of an input model comes from; TERN_FROM_AUTO is by DESIGN's rule (path, then query or body
 * by method). */
typedef enum tern_source {
    TERN_FROM_AUTO,
    TERN_FROM_PATH,
    TERN_FROM_QUERY,
    TERN_FROM_HEADER,
    TERN_FROM_COOKIE,
    TERN_FROM_BODY,
    TERN_FROM_HOST /* a parameter of the host of the route's group */
} tern_source;

/** What a decoder notes of each field, in the struct's `tern_state`. 0 (as in a struct you fill in yourself)
 * counts as a plain value. */
enum { TERN_STATE_VALUE = 0, TERN_STATE_GIVEN = 1, TERN_STATE_NULL = 2, TERN_STATE_ABSENT = 3 };

/** What becomes of a row when the row that it refers to is deleted. */
typedef enum tern_on_delete {
    TERN_RESTRICT, /* the other row cannot be deleted while this one refers to it */
    TERN_CASCADE,  /* this one is deleted too */
    TERN_SET_NULL  /* its field, which must be .optional or .nullable, becomes null */
} tern_on_delete;

typedef struct tern_type tern_type;
typedef struct tern_faults tern_faults;

typedef struct tern_field {
    /* filled in by TERN_MODEL */
    const char *name;
    tern_type *type;
    size_t offset, state_offset;
    const char *written; /* the text of the options in the source: distinguishes `.min = 0` from no minimum */
    bool never_null;     /* .nullable = false of a field that no macro made */
    /* of a text of Tern's own that lists some of these words, with commas between them: NULL-ended */
    const char *const *words;

    /*
     * what you may give. A mistake ends the program at start with a line that names the model and the field:
     * an option that is not for the kind, limits that are malformed, in the wrong order or too large for the
     * kind, a pattern that does not compile, a .fallback, .example or choice that is malformed or breaks the
     * field's own rules.
     */
    const char *json; /* another name outside C */
    tern_source in;
    /* Whether a value may be left out, and whether it may be null:
     *     (nothing)                            must be given, never null
     *     .optional = true                     may be left out, may be null
     *     .optional = true, .nullable = false  may be left out, never null
     *     .nullable = true                     must be given, may be null
     *     .fallback = "20"                     may be left out, never null (unless it is .nullable)
     * A column takes null for each field that may be left out without a fallback or may be null. */
    bool optional;
    bool nullable;        /* default: as .optional */
    bool required;        /* said aloud; the default without .optional and .fallback */
    const char *fallback; /* the value when absent, as text ("20", "true", "red"; lists "[]", maps "{}") */
    long double min, max; /* numbers; inclusive, exact to 15 digits for decimals */
    long double above, below; /* numbers; exclusive: .above = 0 */
    long double multiple_of;
    /* Dates, times, date-times and spans, inclusive: "2020-01-01", "PT5M". Of dates also "today" (in UTC), of
     * date-times "now", both with a distance: "today+P30D", "now-PT5M"; those apply to input alone, because
     * stored values grow old. Decimals of more than 15 digits too: "123456789012345.67". */
    const char *at_least, *at_most;
    size_t min_length, max_length; /* text in characters (code points), bytes and uploads in bytes */
    size_t min_items, max_items;   /* lists and maps */
    bool unique_items;
    /* What the items of a list, the values and the keys of a map must be:
     * .items = TERN_RULES(.max_length = 20, .pattern = "^[a-z]+$"). Rules are the options from .min to .items
     * and .pattern, .format, .choices, .check and .message. */
    const struct tern_field *items, *keys;
    const char *pattern;        /* PCRE2, searched for unless anchored; $ is the very end */
    const char *format;         /* email uri uuid ipv4 ipv6 hostname date time date-time duration */
    const char *const *choices; /* TERN_CHOICES("low", "high") */
    bool read_only;             /* ignored in input, shown in output */
    bool write_only;            /* taken as input, never shown */
    bool secret; /* only the program sees it: ignored in input and never shown, as a password's hash */
    bool deprecated;
    bool key; /* identifies the row: for Location and tables */
    const char *help, *example;
    /** NULL when the value (of the field's type) is valid, otherwise what it must be ("must be even"). */
    const char *(*check)(const void *value);
    /*
     * What a client reads when the value breaks a rule, in place of the built-in text: "is not an e-mail
     * address". It replaces the text of every rule of the field except for .check, which has its own text. A
     * value that breaks several rules is one fault, with the code of the first. A value that is missing, null
     * or of another kind keeps the built-in text. Plain text, shown as it is; rules of items and keys have
     * their own.
     */
    const char *message;

    /* for tables: read by the data layer only */
    const char *column;       /* the column's name; default: the field's name */
    bool unique;              /* no two rows have the same value (null is never the same) */
    bool index;               /* rows are looked for by it */
    bool search;              /* text: rows are found by the words in it (tern_search) */
    tern_type *references;    /* foreign key to that model's .key: .references = TERN_TYPE(User) */
    tern_on_delete on_delete; /* of a field with .references */
    bool created;             /* a date-time that is set when the row is inserted */
    bool updated;             /* a date-time that is set when the row is inserted and at each update */
    bool version;             /* a whole number that each update raises and must find as it was read */
    const char *renamed_from; /* the column's former name: migrations rename it and keep its values */
    bool not_stored;          /* no column */
    /* fields that hold related rows, without a column; filled by tern_preload */
    const char *via; /* a model: the row that this foreign key of the same model refers to */
    const char *by;  /* a list: the rows whose foreign key of that name refers to this one */
    /* a list: the rows that a table of pairs, with foreign keys to both, names with this one */
    tern_type *through;
} tern_field;

/** The options of TERN_MODEL_WITH. */
typedef struct tern_model_options {
    bool ignore_unknown; /* keys that are not a field are skipped; default: a fault */
    const char *help;
    /** Checks the whole model (of its own type) once its fields are valid, and adds its faults. */
    void (*check)(const void *model, tern_faults *faults);

    /* what a table makes of it: read by the data layer only */
    const char *table; /* its name; default: the model's in snake_case ("OrderLine": order_line) */
    /** Columns that are unique together, one text for each such set: TERN_COLUMNS("owner, title"). */
    const char *const *unique_together;
    /** Indexes, one text each: TERN_COLUMNS("owner, created desc", "email where deleted = false"). */
    const char *const *indexes;
    const char *renamed_from; /* the table's former name: migrations rename it, with its rows */
    bool view;                /* it has no table; rows of joins and sums are read into it */
} tern_model_options;

typedef struct tern_enum_name {
    int value;
    const char *name;
} tern_enum_name;

struct tern_type {
    tern_kind kind;
    const char *name; /* "Todo", "int64_t"; lists and maps: of their item */
    size_t size;
    tern_type *item; /* lists and maps */
    tern_field *fields;
    unsigned field_count;
    const tern_enum_name *names;
    unsigned name_count;
    bool is_partial;  /* of a part: every field that it takes from `whole` may be left out */
    tern_type *whole; /* of a part (part.h): the model that its fields without a type are of; NULL: no part */
    tern_model_options options;
    /* made at start (schema_prepare): looked-up tables, parsed fallbacks, compiled patterns */
    struct type_plan *plan;
};

/** A fault of a client's input, as replies have it. */
typedef struct tern_fault {
    const char *source; /* where the value was: "body", "query", "path", "header" or "cookie"; NULL: "body" */
    const char *field;  /* its path from there, by the names that clients use: "email", "items[3].price";
                           NULL or "": the whole of it */
    const char *code;   /* "missing", "too_short": docs/models.md has all of them */
    const char *message; /* for people: "must be given" */
    /* the limit that is broken: "min_length", and as JSON "8"; NULL without one */
    const char *limit_name, *limit;
    /* the place as a JSON array, ready for a reply: ["body","items",3,"price"]; NULL: source and field */
    const char *location;
} tern_fault;

/** Adds a fault of the field `name` (NULL: of the model itself) with a code ("too_late") and a message. */
void tern_fault_add(tern_faults *faults, const char *name, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define TERN_TYPE(Name)   (&Name##_type)
#define TERN_LIST(Name)   (&Name##_list_type)
#define TERN_MAP(Name)    (&Name##_map_type)
#define TERN_CHOICES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define TERN_COLUMNS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define TERN_RULES(...)   (&(const tern_field){.written = "" #__VA_ARGS__, __VA_ARGS__})

/** Whether the client sent the field (null counts), with a value, or as null: `tern_has(in, done)`. */
#define tern_has(model, field)                                                                               \
    ((model)->tern_state.field == TERN_STATE_GIVEN || (model)->tern_state.field == TERN_STATE_NULL)
#define tern_is_null(model, field) ((model)->tern_state.field == TERN_STATE_NULL)

/** Makes the field null: `tern_set_null(todo, due)`. A value that is assigned later counts again when a row
 * is written. When a row is written, an `.optional` field is null too if its value does not fit its column:
 * a NULL text, a date without month or day, a foreign key of zeros. */
#define tern_set_null(model, field)                                                                          \
    ((model)->field = (__typeof__((model)->field)){0}, (void)((model)->tern_state.field = TERN_STATE_NULL))

/**
 * Gives the field a value: `tern_set(todo, count, 0)`, `tern_set(todo, due, (tern_date){2026, 12, 24})`.
 * Plain assignment works too, except that a field that was null and is assigned zero stays null.
 *
 */
#define tern_set(model, field, ...)                                                                          \
    ((model)->field = (__VA_ARGS__), (void)((model)->tern_state.field = TERN_STATE_VALUE))

/* -- built-in types -- */

#define TERN_DECLARE_TYPE_(Name, c_type)                                                                     \
    extern tern_type Name##_type, Name##_list_type, Name##_map_type;                                         \
    typedef struct Name##_list {                                                                             \
        c_type *items;                                                                                       \
        size_t count;                                                                                        \
    } Name##_list;                                                                                           \
    typedef struct Name##_entry {                                                                            \
        const char *key;                                                                                     \
        c_type value;                                                                                        \
    } Name##_entry;                                                                                          \
    typedef struct Name##_map {                                                                              \
        Name##_entry *entries;                                                                               \
        size_t count;                                                                                        \
    } Name##_map;

/* tern_text_list, tern_int64_map and so on: lists and maps of the base types; and of those lists, so that
 * tern_text_list_map is a map from text to lists of text. */
TERN_DECLARE_TYPE_(tern_bool, bool)
TERN_DECLARE_TYPE_(tern_int8, int8_t)
TERN_DECLARE_TYPE_(tern_int16, int16_t)
TERN_DECLARE_TYPE_(tern_int32, int32_t)
TERN_DECLARE_TYPE_(tern_int64, int64_t)
TERN_DECLARE_TYPE_(tern_uint8, uint8_t)
TERN_DECLARE_TYPE_(tern_uint16, uint16_t)
TERN_DECLARE_TYPE_(tern_uint32, uint32_t)
TERN_DECLARE_TYPE_(tern_uint64, uint64_t)
TERN_DECLARE_TYPE_(tern_float, float)
TERN_DECLARE_TYPE_(tern_double, double)
TERN_DECLARE_TYPE_(tern_text, const char *)
TERN_DECLARE_TYPE_(tern_bytes, tern_bytes)
TERN_DECLARE_TYPE_(tern_uuid, tern_uuid)
TERN_DECLARE_TYPE_(tern_date, tern_date)
TERN_DECLARE_TYPE_(tern_time, tern_time)
TERN_DECLARE_TYPE_(tern_datetime, tern_datetime)
TERN_DECLARE_TYPE_(tern_duration, tern_duration)
TERN_DECLARE_TYPE_(tern_decimal, tern_decimal)
TERN_DECLARE_TYPE_(tern_any, tern_any)
TERN_DECLARE_TYPE_(tern_upload, tern_upload)
TERN_DECLARE_TYPE_(tern_bool_list, tern_bool_list)
TERN_DECLARE_TYPE_(tern_int8_list, tern_int8_list)
TERN_DECLARE_TYPE_(tern_int16_list, tern_int16_list)
TERN_DECLARE_TYPE_(tern_int32_list, tern_int32_list)
TERN_DECLARE_TYPE_(tern_int64_list, tern_int64_list)
TERN_DECLARE_TYPE_(tern_uint8_list, tern_uint8_list)
TERN_DECLARE_TYPE_(tern_uint16_list, tern_uint16_list)
TERN_DECLARE_TYPE_(tern_uint32_list, tern_uint32_list)
TERN_DECLARE_TYPE_(tern_uint64_list, tern_uint64_list)
TERN_DECLARE_TYPE_(tern_float_list, tern_float_list)
TERN_DECLARE_TYPE_(tern_double_list, tern_double_list)
TERN_DECLARE_TYPE_(tern_text_list, tern_text_list)
TERN_DECLARE_TYPE_(tern_bytes_list, tern_bytes_list)
TERN_DECLARE_TYPE_(tern_uuid_list, tern_uuid_list)
TERN_DECLARE_TYPE_(tern_date_list, tern_date_list)
TERN_DECLARE_TYPE_(tern_time_list, tern_time_list)
TERN_DECLARE_TYPE_(tern_datetime_list, tern_datetime_list)
TERN_DECLARE_TYPE_(tern_duration_list, tern_duration_list)
TERN_DECLARE_TYPE_(tern_decimal_list, tern_decimal_list)
TERN_DECLARE_TYPE_(tern_any_list, tern_any_list)

/* -- from a C type to its description -- */

/*
 * A field's type is either spelled with C's own words (`const char *`, `unsigned int`, `int64_t`), and
 * _Generic finds the description, or it is one name T that has a T_type: a model, an enum, a list, tern_uuid.
 * The first word decides which: pasted after TERN_PRIVATE_BASE_ it becomes a macro, with a comma in it, only
 * for C's own words.
 */
#define TERN_PRIVATE_BASE_const     ~, 1,
#define TERN_PRIVATE_BASE_bool      ~, 1,
#define TERN_PRIVATE_BASE__Bool     ~, 1,
#define TERN_PRIVATE_BASE_char      ~, 1,
#define TERN_PRIVATE_BASE_signed    ~, 1,
#define TERN_PRIVATE_BASE_unsigned  ~, 1,
#define TERN_PRIVATE_BASE_short     ~, 1,
#define TERN_PRIVATE_BASE_int       ~, 1,
#define TERN_PRIVATE_BASE_long      ~, 1,
#define TERN_PRIVATE_BASE_float     ~, 1,
#define TERN_PRIVATE_BASE_double    ~, 1,
#define TERN_PRIVATE_BASE_int8_t    ~, 1,
#define TERN_PRIVATE_BASE_int16_t   ~, 1,
#define TERN_PRIVATE_BASE_int32_t   ~, 1,
#define TERN_PRIVATE_BASE_int64_t   ~, 1,
#define TERN_PRIVATE_BASE_uint8_t   ~, 1,
#define TERN_PRIVATE_BASE_uint16_t  ~, 1,
#define TERN_PRIVATE_BASE_uint32_t  ~, 1,
#define TERN_PRIVATE_BASE_uint64_t  ~, 1,
#define TERN_PRIVATE_BASE_size_t    ~, 1,
#define TERN_PRIVATE_BASE_time_t    ~, 1,
#define TERN_PRIVATE_BASE_ssize_t   ~, 1,
#define TERN_PRIVATE_BASE_off_t     ~, 1,
#define TERN_PRIVATE_BASE_ptrdiff_t ~, 1,
#define TERN_PRIVATE_BASE_intptr_t  ~, 1,
#define TERN_PRIVATE_BASE_uintptr_t ~, 1,
#define TERN_PRIVATE_BASE_intmax_t  ~, 1,
#define TERN_PRIVATE_BASE_uintmax_t ~, 1,
#define TERN_PRIVATE_BASE_struct    ~, 2,
#define TERN_PRIVATE_BASE_union     ~, 2,
#define TERN_PRIVATE_BASE_enum      ~, 2,

#define TERN_SECOND_(first, second, ...) second
#define TERN_IS_BASE_(...)               TERN_SECOND_(__VA_ARGS__, 0, ~)
#define TERN_PASTE_(a, b)                a##b
#define TERN_PASTE(a, b)                 TERN_PASTE_(a, b)
#define TERN_TYPE_OF(T)                  TERN_PASTE(TERN_PRIVATE_TYPE_OF_, TERN_IS_BASE_(TERN_PRIVATE_BASE_##T))(T)
#define TERN_PRIVATE_TYPE_OF_0(T)        (&T##_type)
/* clang-format off */
/* C's own types in a _Generic, and their descriptions. */
#define TERN_BASE_TYPES_                                                                                     \
    bool: &tern_bool_type,                                                                                   \
    signed char: &tern_int8_type,                                                                            \
    short: &tern_int16_type,                                                                                 \
    int: &tern_int32_type,                                                                                   \
    long: &tern_int64_type,                                                                                  \
    long long: &tern_int64_type,                                                                             \
    unsigned char: &tern_uint8_type,                                                                         \
    unsigned short: &tern_uint16_type,                                                                       \
    unsigned: &tern_uint32_type,                                                                             \
    unsigned long: &tern_uint64_type,                                                                        \
    unsigned long long: &tern_uint64_type,                                                                   \
    float: &tern_float_type,                                                                                 \
    double: &tern_double_type,                                                                               \
    const char *: &tern_text_type
/* clang-format on */
#define TERN_PRIVATE_TYPE_OF_1(T)                                                                            \
    _Generic((T){0},                                                                                         \
        TERN_BASE_TYPES_,                                                                                    \
        char *: (struct text_of_a_model_is_const_char_pointer){0},                                           \
        char: (struct char_is_no_type_of_a_model_take_int8_t_or_const_char_pointer){0},                      \
        default: (struct no_type_of_a_model){0})
#define TERN_PRIVATE_TYPE_OF_2(T)                                                                            \
    ((struct declare_it_with_TERN_MODEL_or_TERN_ENUM_and_write_its_name_alone){0})

/* What the compiler names when a field's type can't be one: "incompatible types when initializing type
 * 'tern_type *' using type 'struct text_of_a_model_is_const_char_pointer'". */
struct text_of_a_model_is_const_char_pointer {
    int unused;
};
struct char_is_no_type_of_a_model_take_int8_t_or_const_char_pointer {
    int unused;
};
struct no_type_of_a_model {
    int unused;
};
struct declare_it_with_TERN_MODEL_or_TERN_ENUM_and_write_its_name_alone {
    int unused;
};

/* -- TERN_MODEL -- */

/* The text between two commas of TERN_MODEL is TERN_WHOLE_ (one pair of parentheses: a field), TERN_TWO_ (a
 * comma is missing) or TERN_BARE_ (nothing, after a last comma; or not a field). A macro that is called with
 * it if it has parentheses decides which. */
#define TERN_SHAPE_(field)                TERN_PICK_(TERN_SHAPE_PROBE_ field, TERN_BARE_, ~)
#define TERN_SHAPE_PROBE_(...)            ~, TERN_WHOLE_
#define TERN_WHOLE_(...)                  TERN_TWO_, ~
#define TERN_IS_NOTHING_(...)             TERN_PICK_(TERN_A_NAME_HAS_NO_PARENTHESES_ __VA_ARGS__(), 0, ~)
#define TERN_A_NAME_HAS_NO_PARENTHESES_() ~, 1
#define TERN_PICK_(...)                   TERN_SECOND_(__VA_ARGS__)
#define TERN_DROP_(...)

#define TERN_MEMBER_(Model, field)                    TERN_PASTE(TERN_MEMBER_, TERN_SHAPE_(field))(Model, field)
#define TERN_MEMBER_TERN_WHOLE_(Model, field)         TERN_FIELD_NEEDS_TYPE_AND_NAME_ field
#define TERN_FIELD_NEEDS_TYPE_AND_NAME_(T, name, ...) T name;
#define TERN_MEMBER_TERN_TWO_(Model, field)                                                                  \
    _Static_assert(0, "TERN_MODEL(" #Model "): a comma is missing between " #field);
#define TERN_MEMBER_TERN_BARE_(Model, field)                                                                 \
    TERN_PASTE(TERN_PRIVATE_MEMBER_BARE_, TERN_IS_NOTHING_(field))(Model, field)
#define TERN_PRIVATE_MEMBER_BARE_0(Model, field)                                                             \
    _Static_assert(0, "TERN_MODEL(" #Model "): write " #field                                                \
                      " in parentheses: (type, name, .option = value)");
#define TERN_PRIVATE_MEMBER_BARE_1(Model, field)
#define TERN_MEMBER_TOO_MANY_(Model) _Static_assert(0, "TERN_MODEL(" #Model "): has more than 128 fields");

#define TERN_STATE_(Model, field)            TERN_PASTE(TERN_STATE_, TERN_SHAPE_(field))(Model, field)
#define TERN_STATE_TERN_WHOLE_(Model, field) TERN_STATE_OF_ field
#define TERN_STATE_OF_(T, name, ...)         uint8_t name;
#define TERN_STATE_TERN_TWO_                 TERN_DROP_
#define TERN_STATE_TERN_BARE_                TERN_DROP_
#define TERN_STATE_TOO_MANY_                 TERN_DROP_

#define TERN_FIELD_(Model, field)            TERN_PASTE(TERN_FIELD_, TERN_SHAPE_(field))(Model, field)
#define TERN_FIELD_TERN_WHOLE_(Model, field) TERN_FIELD_OF_(Model, TERN_UNWRAP_ field)
#define TERN_FIELD_TERN_TWO_                 TERN_DROP_
#define TERN_FIELD_TERN_BARE_                TERN_DROP_
#define TERN_FIELD_TOO_MANY_                 TERN_DROP_
#define TERN_UNWRAP_(...)                    __VA_ARGS__
#define TERN_FIELD_OF_(...)                  TERN_FIELD_NAMED_(__VA_ARGS__)
#define TERN_FIELD_NAMED_(Model, T, field_, ...)                                                             \
    {.name = #field_,                                                                                        \
     .type = TERN_TYPE_OF(T),                                                                                \
     .offset = offsetof(Model, field_),                                                                      \
     .state_offset = offsetof(Model, tern_state.field_),                                                     \
     .written = "" #__VA_ARGS__,                                                                             \
     __VA_ARGS__},

/* A number for a text, or a pointer of another kind, is an error within a declaration, where compilers of the
 * time only warn of it and the program dies at start. */
#define TERN_STRICT_                                                                                         \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic error \"-Wint-conversion\"")                      \
        _Pragma("GCC diagnostic error \"-Wincompatible-pointer-types\"")
#define TERN_STRICT_END_ _Pragma("GCC diagnostic pop")

#define TERN_OPTIONS_(Model, given)            TERN_PASTE(TERN_OPTIONS_, TERN_SHAPE_(given))(Model, given)
#define TERN_OPTIONS_TERN_WHOLE_(Model, given) TERN_UNWRAP_ given
#define TERN_OPTIONS_TERN_TWO_(Model, given)   0
#define TERN_OPTIONS_TERN_BARE_(Model, given)  0
#define TERN_CHECK_(Model, given)              TERN_PASTE(TERN_CHECK_, TERN_SHAPE_(given))(Model, given)
#define TERN_CHECK_TERN_WHOLE_(Model, given)
#define TERN_CHECK_TERN_TWO_(Model, given) TERN_CHECK_TERN_BARE_(Model, given)
#define TERN_CHECK_TERN_BARE_(Model, given)                                                                  \
    _Static_assert(0, "TERN_MODEL_WITH(" #Model                                                              \
                      "): its options come first, in parentheses: (.table = \"name\")");

/** As TERN_MODEL, with options of the model itself first, in parentheses: `(.ignore_unknown = true)`. */
#define TERN_MODEL_WITH(Name, model_options, ...)                                                            \
    TERN_CHECK_(Name, model_options)                                                                         \
    typedef struct Name Name;                                                                                \
    struct Name;                                                                                             \
    static tern_type Name##_type __attribute__((unused));                                                    \
    static tern_type Name##_list_type __attribute__((unused));                                               \
    static tern_type Name##_map_type __attribute__((unused));                                                \
    typedef struct Name##_list {                                                                             \
        Name *items;                                                                                         \
        size_t count;                                                                                        \
    } Name##_list;                                                                                           \
    typedef struct Name##_map {                                                                              \
        struct Name##_entry *entries;                                                                        \
        size_t count;                                                                                        \
    } Name##_map;                                                                                            \
    struct Name {                                                                                            \
        TERN_EACH(TERN_MEMBER_, Name, __VA_ARGS__)                                                           \
        struct {                                                                                             \
            TERN_EACH(TERN_STATE_, Name, __VA_ARGS__)                                                        \
        } tern_state;                                                                                        \
    };                                                                                                       \
    typedef struct Name##_entry {                                                                            \
        const char *key;                                                                                     \
        Name value;                                                                                          \
    } Name##_entry;                                                                                          \
    TERN_STRICT_ static tern_field Name##_fields[] = {TERN_EACH(TERN_FIELD_, Name, __VA_ARGS__)};            \
    _Static_assert(sizeof Name##_fields != 0, "TERN_MODEL(" #Name "): has no fields");                       \
    static tern_type Name##_type = {.kind = TERN_KIND_MODEL,                                                 \
                                    .name = #Name,                                                           \
                                    .size = sizeof(Name),                                                    \
                                    .fields = Name##_fields,                                                 \
                                    .field_count = sizeof Name##_fields / sizeof *Name##_fields,             \
                                    .options = {TERN_OPTIONS_(Name, model_options)}};                        \
    TERN_STRICT_END_                                                                                         \
    static tern_type Name##_list_type = {                                                                    \
        .kind = TERN_KIND_LIST, .name = #Name, .size = sizeof(Name##_list), .item = &Name##_type};           \
    static tern_type Name##_map_type = {                                                                     \
        .kind = TERN_KIND_MAP, .name = #Name, .size = sizeof(Name##_map), .item = &Name##_type};

/** Declares a model of 1 to 128 fields: see the top of this file. */
#define TERN_MODEL(Name, ...) TERN_MODEL_WITH(Name, (), __VA_ARGS__)

/**
 * Declares T_list or T_map where T is a list or map itself: `TERN_MAP_OF(Tag_list)` makes Tag_list_map, a map
 * from text to lists of tags, to be used as a field's type. Those of the base types' lists exist already
 * (tern_text_list_map).
 */
#define TERN_LIST_OF(T)                                                                                      \
    typedef struct T##_list {                                                                                \
        T *items;                                                                                            \
        size_t count;                                                                                        \
    } T##_list;                                                                                              \
    static tern_type T##_list_type __attribute__((unused)) = {                                               \
        .kind = TERN_KIND_LIST, .name = #T, .size = sizeof(T##_list), .item = &T##_type};
#define TERN_MAP_OF(T)                                                                                       \
    typedef struct T##_entry {                                                                               \
        const char *key;                                                                                     \
        T value;                                                                                             \
    } T##_entry;                                                                                             \
    typedef struct T##_map {                                                                                 \
        T##_entry *entries;                                                                                  \
        size_t count;                                                                                        \
    } T##_map;                                                                                               \
    static tern_type T##_map_type __attribute__((unused)) = {                                                \
        .kind = TERN_KIND_MAP, .name = #T, .size = sizeof(T##_map), .item = &T##_type};

/** Says that a model of this name comes further down, so that `.references` and `.through` can name it
 * before: `TERN_FORWARD(Author);`. */
#define TERN_FORWARD(Name) static tern_type Name##_type __attribute__((unused))

/* -- TERN_ENUM -- */

#define TERN_ENUM_CONSTANT_(Enum, entry)                                                                     \
    TERN_PASTE(TERN_PRIVATE_ENUM_CONSTANT_, TERN_IS_NOTHING_(entry))(Enum, entry)
#define TERN_PRIVATE_ENUM_CONSTANT_0(Enum, entry) Enum##_##entry,
#define TERN_PRIVATE_ENUM_CONSTANT_1(Enum, entry)
#define TERN_ENUM_CONSTANT_TOO_MANY_(Enum)    Enum##_has_names = an_enum_has_at_most_128_names
#define TERN_ENUM_NAME_(Enum, entry)          TERN_PASTE(TERN_PRIVATE_ENUM_NAME_, TERN_IS_NOTHING_(entry))(Enum, entry)
#define TERN_PRIVATE_ENUM_NAME_0(Enum, entry) {Enum##_##entry, #entry},
#define TERN_PRIVATE_ENUM_NAME_1(Enum, entry)
#define TERN_ENUM_NAME_TOO_MANY_ TERN_DROP_

/** Declares an enum whose values are names in JSON: `TERN_ENUM(Color, red, green)` makes Color_red,
 * Color_green and the types `Color`, `Color_list` and `Color_map`, to be used as a field's type. 1 to 128
 * names other than type, list, map, entry and names. */
#define TERN_ENUM(Name, ...)                                                                                 \
    typedef enum Name { TERN_EACH(TERN_ENUM_CONSTANT_, Name, __VA_ARGS__) } Name;                            \
    static const tern_enum_name Name##_names[] = {TERN_EACH(TERN_ENUM_NAME_, Name, __VA_ARGS__)};            \
    static tern_type Name##_type                                                                             \
        __attribute__((unused)) = {.kind = TERN_KIND_ENUM,                                                   \
                                   .name = #Name,                                                            \
                                   .size = sizeof(Name),                                                     \
                                   .names = Name##_names,                                                    \
                                   .name_count = sizeof Name##_names / sizeof *Name##_names};                \
    TERN_LIST_OF(Name)                                                                                       \
    TERN_MAP_OF(Name)

#endif
