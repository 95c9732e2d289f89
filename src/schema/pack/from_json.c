/**
 * JSON text as binary data. The lengths of lists and maps come first in both formats, so they are counted in a pass
 * before.
 */
#include "schema/pack/item.h"

#include "base/text.h"
#include "schema/json/read.h"
#include "schema/scalar.h"

typedef struct packer {
    const char *at, *end;
    pack_format format;
    pack_write_head *write_head;
    unsigned depth_left;
    uint32_t *counts, *next; /* of lists and maps, in the order in which they begin */
    json_out *out;
} packer;

static bool pack_value(packer *p, pack_shape shape);

static char after_space(packer *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' || *p->at == '\r'))
        p->at++;
    return p->at < p->end ? *p->at : '\0';
}

/* -- counting -- */

/** The end of the string that begins at `at`. */
static const char *string_end(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        at += *at == '\\';
    return at < end ? at + 1 : NULL;
}

/** Counts the members and elements of each list and map; false when brackets or quotes do not match. */
static bool count_all(packer *p, tern_str json)
{
    uint32_t open[JSON_DEPTH_MOST];
    size_t brackets = 0, depth = 0, begun = 0;
    for (size_t i = 0; i < json.len; i++)
        brackets += json.data[i] == '[' || json.data[i] == '{';
    p->counts = p->next = arena_alloc(p->out->arena, (brackets + 1) * sizeof *p->counts);
    if (p->counts == NULL)
        return false;
    for (const char *at = json.data, *end = at + json.len; at < end;) {
        switch (*at) {
        case '"':
            at = string_end(at, end);
            if (at == NULL)
                return false;
            continue;
        case '[':
        case '{':
            if (depth == JSON_DEPTH_MOST)
                return false;
            open[depth++] = (uint32_t)begun;
            p->counts[begun++] = 0;
            break;
        case ',':
            if (depth == 0)
                return false;
            p->counts[open[depth - 1]]++;
            break;
        case ']':
        case '}':
            if (depth == 0)
                return false;
            depth--;
            break;
        default:
            break;
        }
        at++;
    }
    return depth == 0;
}

/* -- writing -- */

static bool put_head(packer *p, pack_item item)
{
    if (!json_out_reserve(p->out, PACK_HEAD_BYTES))
        return false;
    p->out->len += p->write_head((uint8_t *)p->out->data + p->out->len, &item);
    return true;
}

static bool put_tag(packer *p, uint64_t tag)
{
    return p->format != PACK_CBOR || put_head(p, (pack_item){.kind = PACK_TAG, .number = tag});
}

static bool put_data(packer *p, pack_kind kind, const void *data, size_t len)
{
    if (!put_head(p, (pack_item){.kind = kind, .number = len}) || !json_out_reserve(p->out, len))
        return false;
    memcpy(p->out->data + p->out->len, data, len);
    p->out->len += len;
    return true;
}

static char *put_utf8(char *at, unsigned character)
{
    if (character < 0x80) {
        *at++ = (char)character;
    } else if (character < 0x800) {
        *at++ = (char)(0xc0 | character >> 6);
        *at++ = (char)(0x80 | (character & 63));
    } else if (character < 0x10000) {
        *at++ = (char)(0xe0 | character >> 12);
        *at++ = (char)(0x80 | (character >> 6 & 63));
        *at++ = (char)(0x80 | (character & 63));
    } else {
        *at++ = (char)(0xf0 | character >> 18);
        *at++ = (char)(0x80 | (character >> 12 & 63));
        *at++ = (char)(0x80 | (character >> 6 & 63));
        *at++ = (char)(0x80 | (character & 63));
    }
    return at;
}

/** The content of a string without its escapes: a slice of the text, or of the arena. */
static bool take_string(packer *p, tern_str *string)
{
    const char *close = *p->at == '"' ? string_end(p->at, p->end) : NULL;
    if (close == NULL)
        return false;
    *string = (tern_str){p->at + 1, (size_t)(close - p->at) - 2};
    p->at = close;
    if (string->len == 0 || memchr(string->data, '\\', string->len) == NULL)
        return true;
    char *decoded = arena_alloc(p->out->arena, string->len), *to = decoded;
    const char *at = string->data, *end = at + string->len;
    while (decoded != NULL && at < end) {
        unsigned character;
        const size_t len = *at == '\\' ? json_escape(at + 1, end, &character) : 0;
        if (*at == '\\' && len == 0)
            return false;
        if (len == 0)
            *to++ = *at++;
        else
            to = put_utf8(to, character);
        at += len != 0 ? len + 1 : 0;
    }
    *string = (tern_str){decoded, (size_t)(to - decoded)};
    return decoded != NULL;
}

/** A timestamp of MessagePack in its shortest form. */
static bool put_timestamp(packer *p, tern_datetime moment)
{
    enum { FIX_8 = 0xd7, FIX_4 = 0xd6, EXTENSION_8 = 0xc7, TIMESTAMP = 0xff };
    int64_t seconds = moment.microseconds / 1000000, left = moment.microseconds % 1000000;
    if (left < 0) {
        left += 1000000;
        seconds--;
    }
    const uint64_t nanoseconds = (uint64_t)left * 1000;
    if (!json_out_reserve(p->out, PACK_HEAD_BYTES))
        return false;
    uint8_t *at = (uint8_t *)p->out->data + p->out->len;
    if (seconds >= 0 && seconds <= UINT32_MAX && nanoseconds == 0) {
        at[0] = FIX_4;
        p->out->len += 1 + pack_put(at + 1, TIMESTAMP, 4, (uint64_t)seconds);
    } else if (seconds >= 0 && seconds >> 34 == 0) {
        at[0] = FIX_8;
        p->out->len += 1 + pack_put(at + 1, TIMESTAMP, 8, nanoseconds << 34 | (uint64_t)seconds);
    } else {
        at[0] = EXTENSION_8;
        at[1] = 12;
        pack_put(at + 2, TIMESTAMP, 4, nanoseconds);
        pack_put(at + 7, (unsigned)((uint64_t)seconds >> 56), 7, (uint64_t)seconds);
        p->out->len += 15;
    }
    return true;
}

/** Writes the text of a field that JSON has no kind for; `*is_put` is false when the field has no such kind. False when out
 * of memory. */
static bool put_special(packer *p, const tern_type *type, tern_str text, bool *is_put)
{
    tern_datetime moment;
    tern_uuid uuid;
    tern_decimal decimal;
    *is_put = true;
    if (type->kind == TERN_KIND_BYTES) {
        uint8_t *bytes = arena_alloc(p->out->arena, text.len / 4 * 3 + 1);
        const long len = bytes != NULL ? base64_read(text.data, text.len, bytes) : -1;
        if (len >= 0)
            return put_data(p, PACK_BYTES, bytes, (size_t)len);
    } else if (type->kind == TERN_KIND_DATETIME && datetime_read(text.data, text.len, &moment)) {
        return p->format == PACK_CBOR ? put_tag(p, 0) && put_data(p, PACK_TEXT, text.data, text.len)
                                      : put_timestamp(p, moment);
    } else if (p->format == PACK_CBOR && type->kind == TERN_KIND_UUID && uuid_read(text.data, text.len, &uuid)) {
        return put_tag(p, 37) && put_data(p, PACK_BYTES, uuid.bytes, sizeof uuid.bytes);
    } else if (p->format == PACK_CBOR && type->kind == TERN_KIND_DATE) {
        return put_tag(p, 1004) && put_data(p, PACK_TEXT, text.data, text.len);
    } else if (type->kind == TERN_KIND_DECIMAL && decimal_read(text.data, text.len, &decimal)) {
        const bool is_negative = decimal.units < 0;
        const uint64_t size = is_negative ? (uint64_t)(-1 - decimal.units) : (uint64_t)decimal.units;
        if (p->format == PACK_MSGPACK)
            return put_data(p, PACK_TEXT, text.data, text.len);
        return put_tag(p, 4) && put_head(p, (pack_item){.kind = PACK_LIST, .number = 2}) &&
               put_head(p, decimal.scale == 0
                               ? (pack_item){.kind = PACK_UINT}
                               : (pack_item){.kind = PACK_NEGATIVE, .number = decimal.scale - 1u}) &&
               put_head(p, (pack_item){.kind = is_negative ? PACK_NEGATIVE : PACK_UINT, .number = size});
    }
    *is_put = false;
    return true;
}

static bool pack_string(packer *p, const tern_type *type)
{
    tern_str text;
    bool is_put = false;
    if (!take_string(p, &text) || (type != NULL && !put_special(p, type, text, &is_put)))
        return false;
    return is_put || put_data(p, PACK_TEXT, text.data, text.len);
}

static bool text_get_whole(tern_str text, uint64_t *size)
{
    return text_get_u64(text.data, text.len, size);
}

static bool pack_number(packer *p, const tern_type *type)
{
    const char *begin = p->at;
    bool is_whole = type == NULL || type->kind != TERN_KIND_FLOAT, is_put = false;
    double real;
    while (p->at < p->end && memchr("+-.0123456789eE", *p->at, 15) != NULL)
        is_whole &= *p->at != '.' && (*p->at | 0x20) != 'e', p->at++;
    const tern_str text = {begin, (size_t)(p->at - begin)};
    uint64_t size;
    if (type != NULL && type->kind == TERN_KIND_DECIMAL) {
        const bool is_right = put_special(p, type, text, &is_put);
        if (!is_right || is_put)
            return is_right;
    }
    if (is_whole && text.len != 0 && text.len <= 20 && *begin != '-' && text_get_whole(text, &size))
        return put_head(p, (pack_item){.kind = PACK_UINT, .number = size});
    if (is_whole && text.len > 1 && text.len <= 20 && *begin == '-' &&
        text_get_whole((tern_str){begin + 1, text.len - 1}, &size) && size != 0 && size <= (uint64_t)INT64_MAX + 1)
        return put_head(p, (pack_item){.kind = PACK_NEGATIVE, .number = size - 1});
    return number_read_double(begin, text.len, &real) && put_head(p, (pack_item){.kind = PACK_DOUBLE, .real = real});
}

static bool take_word(packer *p, const char *word, size_t len)
{
    if ((size_t)(p->end - p->at) < len || memcmp(p->at, word, len) != 0)
        return false;
    p->at += len;
    return true;
}

/** The shape of a member: of the model's field, or of the value that is in the object. */
static pack_shape inside(pack_shape shape, tern_str key)
{
    const tern_type *type = shape.type;
    if (shape.is_member)
        return (pack_shape){.type = type};
    if (type == NULL)
        return (pack_shape){0};
    if (type->kind == TERN_KIND_MAP)
        return (pack_shape){.type = type->item};
    const int number = type->kind == TERN_KIND_MODEL ? plan_find(plan_of(type), key.data, key.len) : -1;
    return (pack_shape){.type = number >= 0 ? plan_of(type)->fields[number].field->type : NULL};
}

/** The number of the next list's or map's values: one more than its commas, unless it is empty. */
static uint32_t take_count(packer *p, char closing)
{
    p->at++;
    return *p->next++ + (after_space(p) != closing);
}

static bool pack_map(packer *p, pack_shape shape)
{
    const uint32_t count = take_count(p, '}');
    if (!put_head(p, (pack_item){.kind = PACK_MAP, .number = count}))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        tern_str key;
        if (i > 0 && after_space(p) != ',')
            return false;
        p->at += i > 0;
        if (after_space(p) != '"' || !take_string(p, &key) || !put_data(p, PACK_TEXT, key.data, key.len) ||
            after_space(p) != ':')
            return false;
        p->at++;
        if (!pack_value(p, inside(shape, key)))
            return false;
    }
    const bool is_closed = after_space(p) == '}';
    p->at += is_closed;
    return is_closed;
}

static bool pack_list(packer *p, pack_shape shape)
{
    const uint32_t count = take_count(p, ']');
    const tern_type *item =
        shape.type != NULL && !shape.is_member && shape.type->kind == TERN_KIND_LIST ? shape.type->item : NULL;
    if (!put_head(p, (pack_item){.kind = PACK_LIST, .number = count}))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0 && after_space(p) != ',')
            return false;
        p->at += i > 0;
        if (!pack_value(p, (pack_shape){.type = item}))
            return false;
    }
    const bool is_closed = after_space(p) == ']';
    p->at += is_closed;
    return is_closed;
}

static bool pack_value(packer *p, pack_shape shape)
{
    bool is_packed;
    switch (after_space(p)) {
    case '{':
    case '[':
        if (p->depth_left == 0)
            return false;
        p->depth_left--;
        is_packed = *p->at == '{' ? pack_map(p, shape) : pack_list(p, shape);
        p->depth_left++;
        return is_packed;
    case '"':
        return pack_string(p, shape.type);
    case 't':
        return take_word(p, "true", 4) && put_head(p, (pack_item){.kind = PACK_BOOL, .number = 1});
    case 'f':
        return take_word(p, "false", 5) && put_head(p, (pack_item){.kind = PACK_BOOL});
    case 'n':
        return take_word(p, "null", 4) && put_head(p, (pack_item){.kind = PACK_NULL});
    default:
        return pack_number(p, shape.type);
    }
}

bool pack_from_json(pack_format format, pack_shape shape, tern_str json, json_out *out)
{
    packer p = {.at = json.data,
                .end = json.data + json.len,
                .format = format,
                .write_head = format == PACK_CBOR ? cbor_write_head : msgpack_write_head,
                .depth_left = JSON_DEPTH_MOST,
                .out = out};
    const size_t before = out->len;
    if (count_all(&p, json) && pack_value(&p, shape) && after_space(&p) == '\0' && p.at == p.end && !out->failed)
        return true;
    out->len = before;
    return false;
}
