/**
 * MessagePack and CBOR: no input may crash, or need more memory than a multiple of its length. What is read is JSON, and
 * that JSON written in either format reads back as the same JSON.
 */
#include "schema/json/json.h"
#include "schema/pack/pack.h"

#include <tern/model.h>

#include <stdlib.h>

TERN_MODEL(PackInner, (const char *, name, .optional = true), (tern_bytes, data, .optional = true))
TERN_MODEL(Pack, (int64_t, id, .optional = true), (const char *, name, .optional = true), (tern_bytes, data, .optional = true),
           (tern_datetime, at, .optional = true), (tern_uuid, uid, .optional = true), (tern_date, day, .optional = true),
           (tern_decimal, price, .optional = true), (double, size, .optional = true), (tern_any, more, .optional = true),
           (PackInner, inner, .optional = true), (PackInner_list, all, .optional = true), (tern_int64_map, map, .optional = true))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { JSON_FACTOR = 12, FLOOR = 64 };

static void write_and_read(pack_format format, const json_out *json, arena *a)
{
    json_out packed, again;
    pack_error error;
    json_out_init(&packed, a, 64);
    if (!pack_from_json(format, (pack_shape){0}, (tern_str){json->data, json->len}, &packed))
        abort();
    json_out_init(&again, a, 64);
    if (!pack_to_json(format, NULL, (tern_str){packed.data, packed.len}, &(json_limits){.depth = 256}, &again, &error))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_ready;
    buf problems = {0};
    arena a;
    json_out json;
    pack_error error = {0};
    if (!is_ready && !schema_prepare(TERN_TYPE(Pack), &problems))
        abort();
    is_ready = true;
    if (size < 1)
        return 0;
    const pack_format format = (data[0] & 1) != 0 ? PACK_CBOR : PACK_MSGPACK;
    const tern_type *type = (data[0] & 2) != 0 ? TERN_TYPE(Pack) : NULL;
    arena_init(&a, NULL, 0, 64 << 20);
    json_out_init(&json, &a, 16);
    if (pack_to_json(format, type, (tern_str){(const char *)data + 1, size - 1}, NULL, &json, &error)) {
        size_t offset;
        if (json.len > JSON_FACTOR * size + FLOOR || json.data[json.len] != '\0')
            abort();
        const char *wrong = json_check((tern_str){json.data, json.len}, NULL, &offset);
        if (wrong != NULL)
            abort();
        write_and_read(PACK_CBOR, &json, &a);
        write_and_read(PACK_MSGPACK, &json, &a);
        json_out packed;
        json_out_init(&packed, &a, 64);
        (void)pack_from_json(format, (pack_shape){.type = type, .is_member = (data[0] & 4) != 0},
                             (tern_str){json.data, json.len}, &packed);
    } else if (error.code != NULL && error.offset > size) {
        abort();
    }
    json_out text; /* the input as JSON, which need not be any */
    json_out_init(&text, &a, 64);
    (void)pack_from_json(format, (pack_shape){.type = type}, (tern_str){(const char *)data + 1, size - 1}, &text);
    arena_free(&a);
    return 0;
}
