/*
 * JSON into structs: no input makes the reader read outside its text; checker and decoder agree on what is
 * JSON, with every kit; a decoded value obeys its rules, fits its memory limit, and is the same after
 * encoding and decoding it again.
 */
#include "schema/json/json.h"
#include "schema/equal.h"
#include "schema/json/scan.h"
#include "schema/validate.h"
#include "schema/value/value.h"

#include <tern/part.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

TERN_ENUM(Color, red, green, blue);
TERN_MODEL(Tag, (const char *, name, .max_length = 8), (Color, color, .optional = true))
TERN_MODEL(Thing,
    (int64_t, id, .read_only = true),
    (const char *, title, .min_length = 1),
    (bool, done, .optional = true),
    (Tag_list, tags, .optional = true, .max_items = 3),
    (double, weight, .fallback = "1.5", .min = 0),
    (int8_t, i8, .optional = true),
    (uint64_t, u64, .optional = true),
    (float, f32, .optional = true),
    (tern_bytes, bytes, .optional = true),
    (tern_uuid, uuid, .optional = true),
    (tern_date, date, .optional = true, .at_least = "1970-01-01", .at_most = "today+P1D"),
    (tern_time, time, .optional = true, .at_most = "18:00:00"),
    (tern_datetime, when, .optional = true, .at_least = "now-P36500D"),
    (tern_duration, span, .optional = true, .at_least = "PT0S"),
    (tern_decimal, price, .optional = true, .above = 0, .multiple_of = 0.05),
    (tern_any, any, .optional = true),
    (tern_int64_map, counts, .optional = true, .items = TERN_RULES(.min = -5),
     .keys = TERN_RULES(.max_length = 8)),
    (tern_text_list, words, .optional = true, .unique_items = true, .items = TERN_RULES(.max_length = 9)),
    (Tag, first, .optional = true))
TERN_MODEL_WITH(Loose, (.ignore_unknown = true),
    (Thing_list, a, .optional = true),
    (Tag_map, b, .optional = true))
TERN_PARTIAL(ThingChange, Thing, title, done, tags, weight, counts, words, first, any)
TERN_MAP_OF(Tag_list)
TERN_MODEL(Nested,
    (tern_text_list_map, errors, .fallback = "{}", .max_items = 3, .keys = TERN_RULES(.max_length = 8),
     .items = TERN_RULES(.min_items = 1, .unique_items = true, .items = TERN_RULES(.max_length = 9))),
    (Tag_list_map, tags, .optional = true),
    (tern_double_list_list, matrix, .optional = true),
    (ThingChange_list, changes, .optional = true))
/* a body under a key, as the app layer reads it */
static tern_field wrapped_field = {
    .name = "body", .json = "user", .type = TERN_TYPE(Tag), .state_offset = sizeof(Tag)};
static tern_type Wrapped_type = {.kind = TERN_KIND_MODEL,
                                 .name = "Wrapped",
                                 .size = sizeof(Tag) + 1,
                                 .fields = &wrapped_field,
                                 .field_count = 1};

static tern_type *const types[] = {TERN_TYPE(tern_any),
                                   TERN_TYPE(Thing),
                                   TERN_LIST(Thing),
                                   TERN_TYPE(Loose),
                                   TERN_TYPE(tern_text_map),
                                   TERN_TYPE(tern_double_list),
                                   TERN_TYPE(tern_uint32_list),
                                   TERN_TYPE(ThingChange),
                                   TERN_TYPE(Nested),
                                   TERN_TYPE(tern_int64_list_map),
                                   TERN_TYPE(Wrapped)};
enum { TYPES = sizeof types / sizeof *types };

static const place body = {NULL, "body", 0};

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    for (size_t i = 0; i < TYPES; i++) {
        buf problems = {0};
        if (!schema_prepare(types[i], &problems)) {
            fputs(problems.data, stderr);
            abort();
        }
        buf_free(&problems);
    }
    return 0;
}

/** One decoding of a copy of the exact size. */
typedef struct decoding {
    arena memory;
    tern_faults faults;
    char *text;
    union {
        tern_any any;
        Thing thing;
        Loose loose;
        ThingChange change;
        Nested nested;
        char wrapped[sizeof(Tag) + 1];
    } value;
    bool ok;
} decoding;

static void decode(decoding *d, const tern_type *type, const char *text, size_t len)
{
    arena_init(&d->memory, NULL, 0, SIZE_MAX);
    faults_init(&d->faults, &d->memory);
    d->text = malloc(len + 1);
    if (d->text == NULL)
        abort();
    if (len > 0)
        memcpy(d->text, text, len);
    d->text[len] = '\0';
    memset(&d->value, 0xa5, sizeof d->value);
    d->ok = json_decode(type, &d->value, (tern_str){d->text, len}, NULL, &body, &d->memory, &d->faults);
    require(d->ok == (d->faults.count == 0));
    if (d->ok)
        require(d->memory.taken_bytes - (size_t)(d->memory.end - d->memory.next) <= 8 * len + 4096);
}

static void forget(decoding *d)
{
    arena_free(&d->memory);
    free(d->text);
}

/** Whether reading ended early, and why: the checker must agree. */
static bool is_broken(const decoding *d)
{
    static const char *const codes[] = {"not_json", "too_deep", "too_many_values"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (!d->ok && strcmp(d->faults.first->code, codes[i]) == 0)
            return true;
    return false;
}

static void check_round_trip(decoding *d, const tern_type *type)
{
    json_out first, second;
    decoding again;
    json_out_init(&first, &d->memory, 64);
    require(json_encode(type, &d->value, &first));
    decode(&again, type, first.data, first.len);
    require(again.ok);
    json_out_init(&second, &d->memory, 64);
    require(json_encode(type, &again.value, &second));
    require(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    forget(&again);
}

/** Whether a JSON text has an object with a duplicate key, according to the reader of values. */
static bool has_duplicate_key(const char *text, size_t len)
{
    const json_limits limits = {.memory_bytes = SIZE_MAX / 4};
    value_error error;
    arena memory;
    arena_init(&memory, NULL, 0, SIZE_MAX);
    char *copy = arena_text(&memory, text, len);
    require(copy != NULL);
    bool is_duplicate = value_parse(&memory, (tern_str){copy, len}, &limits, &error) == NULL &&
                        strcmp(error.code, "duplicate") == 0;
    arena_free(&memory);
    return is_duplicate;
}

static void check_type(const tern_type *type, const char *text, size_t len, bool is_json)
{
    const json_scan_kit *kits[JSON_SCAN_KITS];
    unsigned count = json_scan_kits(kits), faults = 0;
    bool is_kept = is_json && !has_duplicate_key(text, len);
    for (unsigned k = 0; k < count; k++) {
        json_scan_best = kits[k];
        decoding d;
        decode(&d, type, text, len);
        bool is_costly = !d.ok && strcmp(d.faults.first->code, "too_costly") == 0;
        require(is_costly || is_broken(&d) == !is_json);
        require(type != TERN_TYPE(tern_any) || d.ok == is_kept);
        require(k == 0 || d.faults.count == faults);
        faults = d.faults.count;
        if (d.ok && k + 1 == count) {
            require(validate_value(type, &d.value, &body, &d.faults));
            check_round_trip(&d, type);
        }
        forget(&d);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    char *copy = malloc(size + (size == 0)); /* of the exact size: a read past it is detected */
    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, input, size);
    size_t offset = 0;
    bool is_json = json_check((tern_str){copy, size}, NULL, &offset) == NULL;
    require(offset <= size);
    for (size_t i = 0; i < TYPES; i++)
        check_type(types[i], copy, size, is_json);
    require(size == 0 || memcmp(copy, input, size) == 0);
    free(copy);
    return 0;
}
