/**
 * Decodes JSON directly into structs and encodes structs as JSON, by their description (RFC 8259, as strict
 * as I-JSON).
 *
 * Hot path: every request with a JSON body, every JSON reply.
 */
#ifndef SCHEMA_JSON_H
#define SCHEMA_JSON_H

#include "base/arena.h"
#include "schema/faults.h"
#include "schema/plan/plan.h"

#include <tern/str.h>

typedef struct json_limits {
    unsigned depth;      /* nested arrays and objects; default 64 */
    size_t items;        /* members and elements in total; default 1,000,000 */
    size_t memory_bytes; /* arena bytes; 0: 8 times the input plus 4 KiB */
    /** The text is another service's reply: keys that are not fields are skipped, read-only fields are read, and
     * write-only ones may be absent. */
    bool is_reply;
} json_limits;

/**
 * Decodes `text` into `*out` (type->size bytes; need not be cleared) and validates it on the way.
 *
 * One pass, no tree. Text without escapes points into `text`: the closing quote becomes its NUL, so `text`
 * must be writable, stay as long as `out` is used, and text.data[text.len] must be a byte that may be read.
 * Everything else comes from the arena.
 *
 * Faults of syntax end the decoding: one fault "not_json" with line and column. Faults of meaning (wrong
 * type, broken rule, missing, unknown or duplicate key) are all collected, and decoding goes on. Keys of
 * read-only fields are skipped. Absent fields get their fallback (from then on a normal value), or zero;
 * `tern_state` records which were given.
 *
 * @return true when there was no fault. On false `*out` must not be used.
 */
bool json_decode(const tern_type *type, void *out, tern_str text, const json_limits *limits,
                 const place *where, arena *a, tern_faults *faults);

/** Why a value cannot be written as JSON. */
typedef enum json_refusal {
    JSON_NOT_REFUSED,
    JSON_TOO_DEEP,     /* more than 64 nested values: a list that contains itself */
    JSON_NOT_FINITE,   /* a number that is infinite or not a number */
    JSON_OUT_OF_YEARS, /* a date-time outside the years 0 to 9999 */
    JSON_NOT_NULLABLE, /* NULL or null where a value is required: a text, an item, a field that is not nullable */
    JSON_NAMELESS      /* an enum value without a name */
} json_refusal;

/** The output for JSON: a block that grows in the arena. */
typedef struct json_out {
    char *data;
    size_t len, room;
    arena *arena;
    bool is_alone;        /* `data` is large and grows by arena_resize */
    bool failed;          /* nothing was appended: the value was refused, or out of memory */
    json_refusal refusal; /* JSON_NOT_REFUSED unless it was */
} json_out;

void json_out_init(json_out *out, arena *a, size_t expected_bytes);
/** Room for `more` bytes after len; false when out of memory. */
bool json_out_reserve(json_out *out, size_t more);

/**
 * Appends the JSON of `*value`, of a prepared type. Fields in order of declaration; write-only ones and those
 * whose state is TERN_STATE_ABSENT are left out. A NULL text, a date without a month, and a field whose state
 * is null are written as null if the field is nullable, left out if it is only optional, and an error
 * otherwise. An empty tern_any is null; other ones are copied as they are. No white space. Bytes of text that
 * are not UTF-8 become U+FFFD. '<' and '/' are not escaped: escape them before putting JSON between <script>
 * tags.
 *
 * On false `out` is as before, except for `failed` and the reason, and accepts no more.
 */
bool json_encode(const tern_type *type, const void *value, json_out *out);
/** Appends `text` as a JSON string with its quotes; vectorised. */
bool json_encode_text(json_out *out, const char *text, size_t len);

/* Pieces for other readers of JSON (tern_value). All move `*at` on success. */

/** Checks that the whole `text` is one JSON value within limits: NULL, or the error with its `*offset`. */
const char *json_check(tern_str text, const json_limits *limits, size_t *offset);
/** 1-based line and column (in bytes) of an offset. */
void json_place(tern_str text, size_t offset, unsigned *line, unsigned *column);

#endif
