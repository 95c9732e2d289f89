/**
 * MessagePack and CBOR (RFC 8949), as other spellings of JSON.
 *
 * A binary body becomes the JSON text that means the same, and the reader of JSON does the rest: rules, faults with their
 * places, fallbacks, limits and duplicate keys are the same by construction. A reply becomes binary from its JSON text.
 * In both directions the model says what JSON cannot: which text is bytes, an instant or a UUID.
 */
#ifndef SCHEMA_PACK_H
#define SCHEMA_PACK_H

#include "schema/json/json.h"

typedef enum pack_format { PACK_MSGPACK, PACK_CBOR } pack_format;

/** Why data could not be read. */
typedef struct pack_error {
    const char *code;    /* "not_packed", "too_deep", "too_many_values"; NULL: out of memory */
    const char *message; /* a static text: "a text is longer than the body" */
    size_t offset;
} pack_error;

/**
 * Writes the JSON of `data`, a whole value of `type` (prepared; NULL: any), with a NUL after it, to `out`, which is empty.
 * False with `*error`.
 *
 * The time and the memory are proportional to `data`, whatever lengths it claims: at most 12 bytes of JSON for each byte.
 * Byte strings become base64, CBOR's tags 0, 1, 1004 and MessagePack's timestamps text, tags 2 to 4 numbers, tag 37 a
 * UUID. A byte string for a field that is text, and a number that is not finite, become a value that the field refuses.
 * Refused here: keys that are not text, text that is not UTF-8, other tags and extensions, bytes after the value, and a
 * number that is not finite where any JSON would do.
 */
bool pack_to_json(pack_format format, const tern_type *type, tern_str data, const json_limits *limits, json_out *out,
                  pack_error *error);

/** What a JSON text is of. */
typedef struct pack_shape {
    const tern_type *type; /* prepared; NULL: unknown */
    bool is_member;        /* the text is an object with the value of `type` in it: a page, a wrapper */
} pack_shape;

/** Appends the binary form of `json` to `out`; false when it is not JSON, deeper than 256 levels, or memory is short. Maps
 * and lists have a length, numbers take as few bytes as they need, and no tag is used but for fields of their kinds. */
bool pack_from_json(pack_format format, pack_shape shape, tern_str json, json_out *out);

#endif
