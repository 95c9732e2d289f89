/*
 * Arrays of texts and decimals are sent as text, like single values: the server infers the type of {"a","b"}
 * from its context. All others are sent in the binary format that array.c describes.
 */
#include "data/postgres/items.h"

#include "data/items.h"
#include "data/postgres/params.h"
#include "data/postgres/wire.h"
#include "data/text.h"

enum { HEAD_BYTES = 20, LENGTH_BYTES = 4 };

/* By tern_arg_kind. Arrays never have the missing kinds. */
static const struct {
    Oid array, item;
    uint8_t bytes; /* of an item, if the size is fixed */
} types[] = {
    [TERN_ARG_BOOL] = {1000, OID_BOOL, 1},
    [TERN_ARG_INT] = {1016, OID_INT8, 8},
    [TERN_ARG_DOUBLE] = {1022, OID_FLOAT8, 8},
    [TERN_ARG_TEXT] = {OID_UNKNOWN_YET, OID_UNKNOWN_YET, 0},
    [TERN_ARG_BYTES] = {1001, OID_BYTEA, 0},
    [TERN_ARG_UUID] = {2951, OID_UUID, 16},
    [TERN_ARG_DATE] = {1182, OID_DATE, 4},
    [TERN_ARG_TIME] = {1183, OID_TIME, 8},
    [TERN_ARG_DATETIME] = {1185, OID_TIMESTAMPTZ, 8},
    [TERN_ARG_DURATION] = {1187, OID_INTERVAL, 16},
    [TERN_ARG_DECIMAL] = {1231, OID_NUMERIC, 0},
};

Oid items_array_type(tern_arg_kind kind)
{
    return types[kind].array;
}

/* -- text -- */

static bool must_be_escaped(char c)
{
    return c == '"' || c == '\\';
}

/** The bytes of a text in an array, with its quotes and a comma. */
static size_t quoted_bytes(tern_str text)
{
    size_t bytes = text.len + 3;
    for (size_t i = 0; i < text.len; i++)
        bytes += must_be_escaped(text.data[i]);
    return bytes;
}

static char *put_quoted(char *to, tern_str text)
{
    *to++ = '"';
    for (size_t i = 0; i < text.len; i++) {
        if (must_be_escaped(text.data[i]))
            *to++ = '\\';
        *to++ = text.data[i];
    }
    *to++ = '"';
    return to;
}

static const char *wrong_text(tern_str text)
{
    if (text.len == 0 || data_text_is_sound(text.data, text.len))
        return NULL;
    return memchr(text.data, '\0', text.len) != NULL ? "a text with a NUL inside"
                                                     : "a text that is not UTF-8";
}

/** An upper bound of the bytes; 0 with `*problem`. */
static size_t text_room(const tern_arg *list, size_t most, const char **problem)
{
    bool is_of_texts = items_kind(list->kind) == TERN_ARG_TEXT;
    size_t room = sizeof "{}";
    for (size_t i = 0; i < list->list.count && *problem == NULL; i++) {
        const tern_arg item = items_at(list, i);
        if (is_of_texts && !item.is_null && (*problem = wrong_text(item.text)) != NULL)
            break;
        room += is_of_texts ? quoted_bytes(item.text) : PARAM_BYTES;
        if (room > most)
            *problem = "one too many for a message";
    }
    return *problem == NULL ? room : 0;
}

/** False with `*problem`. */
static bool put_texts(const tern_arg *list, char *at, char **end, const char **problem)
{
    *at++ = '{';
    for (size_t i = 0; i < list->list.count; i++) {
        const tern_arg item = items_at(list, i);
        if (item.is_null)
            continue;
        if (at[-1] != '{')
            *at++ = ',';
        if (item.kind == TERN_ARG_TEXT) {
            at = put_quoted(at, item.text);
            continue;
        }
        int len = params_put(at, &item, problem);
        if (len < 0)
            return false;
        at += len;
    }
    *at++ = '}';
    *at = '\0';
    *end = at;
    return true;
}

static bool as_text(const tern_arg *list, size_t most, arena *a, pg_array *out, const char **problem)
{
    size_t room = text_room(list, most, problem);
    char *data = room != 0 ? arena_alloc(a, room) : NULL, *end;
    if (data == NULL || !put_texts(list, data, &end, problem))
        return false;
    *out = (pg_array){data, (size_t)(end - data), false};
    return true;
}

/* -- binary -- */

/** An upper bound of the bytes, and the number of items that are not null. 0 with `*problem`. */
static size_t binary_room(const tern_arg *list, size_t most, size_t *count, const char **problem)
{
    size_t bytes = types[items_kind(list->kind)].bytes, room = HEAD_BYTES;
    *count = 0;
    for (size_t i = 0; i < list->list.count; i++) {
        const tern_arg item = items_at(list, i);
        if (item.is_null)
            continue;
        ++*count;
        room += LENGTH_BYTES + (bytes != 0 ? bytes : item.text.len);
        if (room <= most)
            continue;
        *problem = "one too many for a message";
        return 0;
    }
    return room;
}

static void put_head(char *at, Oid item, size_t count)
{
    wire_put_32(at, count != 0); /* dimensions */
    wire_put_32(at + 4, 0);      /* no nulls */
    wire_put_32(at + 8, item);
    wire_put_32(at + 12, (uint32_t)count);
    wire_put_32(at + 16, 1); /* the first index */
}

static int put_item(char *at, const tern_arg *item, const char **problem)
{
    if (item->kind != TERN_ARG_BYTES)
        return params_put(at, item, problem);
    memcpy(at, item->text.data, item->text.len);
    return (int)item->text.len;
}

static bool as_binary(const tern_arg *list, size_t most, arena *a, pg_array *out, const char **problem)
{
    size_t count, room = binary_room(list, most, &count, problem);
    char *data = room != 0 ? arena_alloc(a, room) : NULL, *at = data;
    if (data == NULL)
        return false;
    put_head(at, types[items_kind(list->kind)].item, count);
    at += count != 0 ? HEAD_BYTES : HEAD_BYTES - 8; /* without dimensions there is no length */
    for (size_t i = 0; i < list->list.count; i++) {
        const tern_arg item = items_at(list, i);
        if (item.is_null)
            continue;
        int len = put_item(at + LENGTH_BYTES, &item, problem);
        if (len < 0)
            return false;
        wire_put_32(at, (uint32_t)len);
        at += LENGTH_BYTES + len;
    }
    *out = (pg_array){data, (size_t)(at - data), true};
    return true;
}

bool items_as_array(const tern_arg *list, size_t most, arena *a, pg_array *out, const char **problem)
{
    tern_arg_kind kind = items_kind(list->kind);
    *problem = NULL;
    return kind == TERN_ARG_TEXT || kind == TERN_ARG_DECIMAL ? as_text(list, most, a, out, problem)
                                                             : as_binary(list, most, a, out, problem);
}
