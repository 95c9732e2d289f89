/*
 * JSON trees: a parsed text prints as JSON that parses to an equal tree and prints the same, also with
 * indentation, in memory of at most eight times the text; every value can be reached by its pointer.
 */
#include "schema/value/value.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static tern_value *parse(arena *a, const char *text, size_t len)
{
    value_error error;
    char *copy = arena_text(a, text, len);
    require(copy != NULL);
    tern_value *value = value_parse(a, (tern_str){copy, len}, NULL, &error);
    require((value == NULL) == (error.message != NULL));
    require(value != NULL || (error.offset <= len && error.line >= 1 && error.column >= 1));
    return value;
}

static json_out print(arena *a, const tern_value *value, unsigned indent)
{
    json_out out;
    json_out_init(&out, a, 0);
    require(value_print(value, &out, indent));
    return out;
}

/** Every member is found by its key (if that is a C string), at its position. */
static void walk(const tern_value *value)
{
    tern_value *item;
    tern_value_each(item, value)
    {
        if (tern_value_kind_of(value) == TERN_JSON_OBJECT) {
            const tern_value *key = item - 1;
            if (tern_value_text(key, NULL) != NULL)
                require(tern_value_get(value, tern_value_key(value, item_index)) == item);
        }
        walk(item);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    arena a;
    arena_init(&a, NULL, 0, SIZE_MAX);
    char *own = arena_text(&a, (const char *)input, size);
    require(own != NULL);
    size_t offset;
    bool is_json = json_check((tern_str){own, size}, NULL, &offset) == NULL;
    tern_value *value = parse(&a, (const char *)input, size);
    require(value == NULL || is_json);
    if (value != NULL) {
        walk(value);
        json_out compact = print(&a, value, 0), indented = print(&a, value, 3);
        tern_value *again = parse(&a, compact.data, compact.len);
        require(again != NULL && tern_value_equal(value, again));
        json_out same = print(&a, again, 0);
        require(same.len == compact.len && memcmp(same.data, compact.data, same.len) == 0);
        again = parse(&a, indented.data, indented.len);
        require(again != NULL && tern_value_equal(again, value));
    }
    arena_free(&a);
    return 0;
}
