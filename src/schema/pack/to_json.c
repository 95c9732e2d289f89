/** Binary data as the JSON text that means the same. One pass; the depth of items, tags included, is bounded. */
#include "schema/pack/item.h"

#include "base/text.h"
#include "schema/json/read.h"
#include "schema/scalar.h"
#include "schema/time/calendar.h"
#include "schema/time/moment.h"

#include <math.h>

typedef struct unpacker {
    pack_input in;
    const uint8_t *begin;
    pack_read_head *read_head;
    unsigned depth_left;
    size_t items_left;
    json_out *out;
    pack_error *error;
} unpacker;

static bool put_value(unpacker *u, const tern_type *type);

/* -- failing: all return false -- */

static bool fail(unpacker *u, const char *code, const char *message)
{
    *u->error = (pack_error){code, message, (size_t)(u->in.at - u->begin)};
    return false;
}

static bool fail_data(unpacker *u, const char *message)
{
    return fail(u, "not_packed", message);
}

/* -- the text -- */

static bool put(unpacker *u, const char *text, size_t len)
{
    if (!json_out_reserve(u->out, len))
        return fail(u, NULL, NULL);
    memcpy(u->out->data + u->out->len, text, len);
    u->out->len += len;
    return true;
}

static bool put_byte(unpacker *u, char byte)
{
    return put(u, &byte, 1);
}

/** A value that a field of this type refuses, with the fault of a wrong kind. */
static bool put_wrong_kind(unpacker *u, const tern_type *type)
{
    return put(u, type->kind == TERN_KIND_LIST ? "{}" : "[]", 2);
}

static bool is_any(const tern_type *type)
{
    return type == NULL || type->kind == TERN_KIND_ANY;
}

static bool put_double(unpacker *u, const tern_type *type, double value)
{
    char text[SCALAR_PRINT_BYTES];
    if (isfinite(value))
        return put(u, text, number_print_double(value, text));
    return is_any(type) ? fail_data(u, "a number that is infinite or not a number")
                        : put_wrong_kind(u, type);
}

static bool put_whole(unpacker *u, bool is_negative, uint64_t number)
{
    char text[24] = "-";
    if (!is_negative)
        return put(u, text, text_put_u64(text, number));
    if (number == UINT64_MAX)
        return put(u, "-18446744073709551616", 21);
    return put(u, text, 1 + text_put_u64(text + 1, number + 1));
}

/* -- strings -- */

/** The bytes of a string that has a length. */
static bool take_string(unpacker *u, const pack_item *item, tern_str *string)
{
    if (item->number > (uint64_t)(u->in.end - u->in.at))
        return fail_data(u, item->kind == PACK_TEXT ? "a text that is longer than the body"
                                                    : "a byte string that is longer than the body");
    *string = (tern_str){(const char *)u->in.at, (size_t)item->number};
    u->in.at += item->number;
    return true;
}

/** Joins the pieces of an endless string (CBOR) in the arena. */
static bool take_endless(unpacker *u, const pack_item *item, tern_str *string)
{
    char *joined = NULL;
    size_t len = 0, room = 0;
    for (;;) {
        pack_item piece;
        tern_str bytes;
        const char *wrong = u->read_head(&u->in, &piece);
        if (wrong != NULL)
            return fail_data(u, wrong);
        if (piece.kind == PACK_BREAK)
            break;
        if (piece.kind != item->kind || piece.is_endless)
            return fail_data(u, "a piece of another kind within a string");
        if (!take_string(u, &piece, &bytes))
            return false;
        if (item->kind == PACK_TEXT && !utf8_valid(bytes.data, bytes.len))
            return fail_data(u, "a text that is not UTF-8");
        if (len + bytes.len > room) {
            room = 2 * (len + bytes.len);
            char *more = arena_resize(u->out->arena, joined, room);
            if (more == NULL)
                return fail(u, NULL, NULL);
            joined = more;
        }
        if (bytes.len != 0)
            memcpy(joined + len, bytes.data, bytes.len);
        len += bytes.len;
    }
    *string = (tern_str){joined != NULL ? joined : "", len};
    return true;
}

static bool read_string(unpacker *u, const pack_item *item, tern_str *string)
{
    return item->is_endless ? take_endless(u, item, string) : take_string(u, item, string);
}

static bool put_text(unpacker *u, const pack_item *item)
{
    tern_str text;
    if (!read_string(u, item, &text))
        return false;
    if (!utf8_valid(text.data, text.len))
        return fail_data(u, "a text that is not UTF-8");
    return json_encode_text(u->out, text.data, text.len) || fail(u, NULL, NULL);
}

static bool put_base64(unpacker *u, tern_str bytes)
{
    const size_t len = 4 * ((bytes.len + 2) / 3);
    if (!json_out_reserve(u->out, len + 2))
        return fail(u, NULL, NULL);
    char *at = u->out->data + u->out->len;
    *at = '"';
    base64_print((const uint8_t *)bytes.data, bytes.len, at + 1);
    at[1 + len] = '"';
    u->out->len += len + 2;
    return true;
}

static bool put_uuid(unpacker *u, tern_str bytes)
{
    tern_uuid uuid;
    char text[SCALAR_PRINT_BYTES + 2] = "\"";
    memcpy(uuid.bytes, bytes.data, sizeof uuid.bytes);
    const size_t len = scalar_print(&tern_uuid_type, &uuid, text + 1);
    text[1 + len] = '"';
    return put(u, text, len + 2);
}

static bool put_bytes(unpacker *u, const pack_item *item, const tern_type *type)
{
    tern_str bytes;
    if (!read_string(u, item, &bytes))
        return false;
    if (type != NULL && type->kind == TERN_KIND_UUID && bytes.len == sizeof(tern_uuid))
        return put_uuid(u, bytes);
    if (!is_any(type) && type->kind != TERN_KIND_BYTES)
        return put_wrong_kind(u, type);
    return put_base64(u, bytes);
}

/* -- instants -- */

static bool put_moment(unpacker *u, int64_t microseconds)
{
    const tern_datetime moment = {microseconds};
    char text[SCALAR_PRINT_BYTES + 2] = "\"";
    if (!calendar_has(moment))
        return fail_data(u, "a time outside the years 0 to 9999");
    const size_t len = datetime_print(moment, text + 1);
    text[1 + len] = '"';
    return put(u, text, len + 2);
}

/** A timestamp of MessagePack: seconds; or 30 bits of nanoseconds and 34 of seconds; or 32 of nanoseconds and 64. */
static bool put_timestamp(unpacker *u, uint64_t size)
{
    uint64_t nanoseconds = 0, seconds = 0;
    bool is_whole = size != 12 || pack_take(&u->in, 4, &nanoseconds);
    is_whole = is_whole && pack_take(&u->in, size == 4 ? 4 : 8, &seconds);
    if (!is_whole)
        return fail_data(u, "the body ends too early");
    if (size == 8) {
        nanoseconds = seconds >> 34;
        seconds &= (UINT64_C(1) << 34) - 1;
    }
    int64_t microseconds;
    if (nanoseconds > 999999999 || __builtin_mul_overflow((int64_t)seconds, 1000000, &microseconds) ||
        __builtin_add_overflow(microseconds, (int64_t)nanoseconds / 1000, &microseconds))
        return fail_data(u, "a timestamp that is not a time");
    return put_moment(u, microseconds);
}

/** Tag 1: seconds since 1970, as a number. */
static bool put_epoch(unpacker *u)
{
    pack_item item;
    int64_t microseconds;
    const char *wrong = u->read_head(&u->in, &item);
    if (wrong != NULL)
        return fail_data(u, wrong);
    const bool is_right =
        item.kind == PACK_DOUBLE     ? isfinite(item.real) && fabs(item.real) < 1e12
        : item.kind == PACK_UINT     ? item.number < INT64_MAX / 1000000
        : item.kind == PACK_NEGATIVE ? item.number < INT64_MAX / 1000000
                                     : false;
    if (!is_right)
        return fail_data(u, "a time (tag 1) that is not a number of seconds");
    if (item.kind == PACK_DOUBLE)
        microseconds = (int64_t)llround(item.real * 1e6);
    else
        microseconds = (item.kind == PACK_UINT ? (int64_t)item.number : -1 - (int64_t)item.number) * 1000000;
    return put_moment(u, microseconds);
}

/* -- numbers in tags -- */

enum { BIG_BYTES = 64 };

/** Digits of a number of any size up to 64 bytes, by division. */
static bool put_big_digits(unpacker *u, tern_str bytes, bool is_negative)
{
    uint8_t rest[BIG_BYTES];
    char digits[BIG_BYTES * 5 / 2 + 2];
    size_t at = sizeof digits;
    bool is_zero = false;
    memcpy(rest, bytes.data, bytes.len);
    for (size_t i = bytes.len; is_negative && i > 0 && ++rest[i - 1] == 0;)
        i--; /* -1 - n is -(n + 1); n of all ones is refused before */
    while (!is_zero) {
        unsigned left = 0;
        is_zero = true;
        for (size_t i = 0; i < bytes.len; i++) {
            left = left << 8 | rest[i];
            rest[i] = (uint8_t)(left / 10);
            left %= 10;
            is_zero &= rest[i] == 0;
        }
        digits[--at] = (char)('0' + left);
    }
    if (is_negative)
        digits[--at] = '-';
    return put(u, digits + at, sizeof digits - at);
}

/** Tags 2 and 3: a number as bytes, most significant first. */
static bool put_big(unpacker *u, bool is_negative)
{
    pack_item item;
    tern_str bytes;
    const char *wrong = u->read_head(&u->in, &item);
    if (wrong != NULL)
        return fail_data(u, wrong);
    if (item.kind != PACK_BYTES)
        return fail_data(u, "a large number (tag 2 or 3) that is not a byte string");
    if (!read_string(u, &item, &bytes))
        return false;
    if (bytes.len >= BIG_BYTES)
        return fail_data(u, "a number of more than 63 bytes");
    uint8_t padded[BIG_BYTES] = {0};
    if (bytes.len != 0)
        memcpy(padded + 1, bytes.data, bytes.len);
    return put_big_digits(u, (tern_str){(const char *)padded, bytes.len + 1}, is_negative);
}

/** Tag 4: [exponent, digits], a decimal number. */
static bool put_decimal(unpacker *u)
{
    pack_item list, exponent, digits;
    char text[32] = "e";
    const char *wrong = u->read_head(&u->in, &list);
    if (wrong == NULL && (list.kind != PACK_LIST || list.is_endless || list.number != 2))
        wrong = "a decimal (tag 4) that is not a list of two";
    if (wrong == NULL)
        wrong = u->read_head(&u->in, &exponent);
    if (wrong == NULL && ((exponent.kind != PACK_UINT && exponent.kind != PACK_NEGATIVE) || exponent.number > 9999))
        wrong = "a decimal (tag 4) without an exponent from -10000 to 9999";
    if (wrong == NULL)
        wrong = u->read_head(&u->in, &digits);
    if (wrong != NULL)
        return fail_data(u, wrong);
    bool is_put = false;
    if (digits.kind == PACK_TAG && (digits.number == 2 || digits.number == 3))
        is_put = put_big(u, digits.number == 3);
    else if (digits.kind == PACK_UINT || digits.kind == PACK_NEGATIVE)
        is_put = put_whole(u, digits.kind == PACK_NEGATIVE, digits.number);
    else
        return fail_data(u, "a decimal (tag 4) without whole digits");
    const int64_t scale = exponent.kind == PACK_UINT ? (int64_t)exponent.number : -1 - (int64_t)exponent.number;
    return is_put && put(u, text, 1 + number_print_i64(scale, text + 1));
}

static bool put_tagged(unpacker *u, uint64_t tag, const tern_type *type)
{
    static const uint64_t plain[] = {0,  21, 22, 23, 32,  33,   34,   35,
                                     36, 37, 63, 258, 1004, 55799}; /* the item itself says enough */
    switch (tag) {
    case 1:
        return put_epoch(u);
    case 2:
    case 3:
        return put_big(u, tag == 3);
    case 4:
        return put_decimal(u);
    default:
        for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
            if (plain[i] == tag)
                return put_value(u, tag == 37 && is_any(type) ? &tern_uuid_type : type);
        return fail_data(u, "a tag that means nothing here");
    }
}

/* -- lists and maps -- */

static bool count_item(unpacker *u)
{
    if (u->items_left == 0)
        return fail(u, "too_many_values", "has too many values");
    u->items_left--;
    return true;
}

/** Whether one more item follows; `*left` of a list or map with a length. */
static bool has_next(unpacker *u, const pack_item *item, uint64_t *left, bool *has_failed)
{
    *has_failed = false;
    if (!item->is_endless)
        return (*left)-- > 0;
    enum { BREAK = 0xff };
    if (u->in.at == u->in.end) {
        *has_failed = !fail_data(u, "the body ends too early");
        return false;
    }
    if (*u->in.at != BREAK)
        return true;
    u->in.at++;
    return false;
}

/** Each item has a byte at least, so no list can claim more than the body has. */
static bool check_claim(unpacker *u, const pack_item *item, unsigned least_bytes)
{
    return item->is_endless || item->number <= (uint64_t)(u->in.end - u->in.at) / least_bytes ||
           fail_data(u, "a list or map with more values than the body has bytes");
}

static bool put_list(unpacker *u, const pack_item *item, const tern_type *type)
{
    const tern_type *inner = type != NULL && type->kind == TERN_KIND_LIST ? type->item : NULL;
    uint64_t left = item->number;
    bool has_failed, is_first = true;
    if (!check_claim(u, item, 1) || !put_byte(u, '['))
        return false;
    for (; has_next(u, item, &left, &has_failed); is_first = false)
        if (!count_item(u) || (!is_first && !put_byte(u, ',')) || !put_value(u, inner))
            return false;
    return !has_failed && put_byte(u, ']');
}

/** Reads and writes a key; `*type` becomes that of its value, NULL if it is unknown. */
static bool put_key(unpacker *u, const tern_type *map, const tern_type **type)
{
    pack_item item;
    tern_str key;
    const char *wrong = u->read_head(&u->in, &item);
    if (wrong != NULL)
        return fail_data(u, wrong);
    if (item.kind != PACK_TEXT)
        return fail_data(u, "a key that is not text");
    if (!read_string(u, &item, &key))
        return false;
    if (!utf8_valid(key.data, key.len))
        return fail_data(u, "a text that is not UTF-8");
    const int number = map != NULL && map->kind == TERN_KIND_MODEL ? plan_find(plan_of(map), key.data, key.len) : -1;
    *type = number >= 0                                       ? plan_of(map)->fields[number].field->type
            : map != NULL && map->kind == TERN_KIND_MAP ? map->item
                                                              : NULL;
    return (json_encode_text(u->out, key.data, key.len) || fail(u, NULL, NULL)) && put_byte(u, ':');
}

static bool put_map(unpacker *u, const pack_item *item, const tern_type *type)
{
    const tern_type *inner;
    uint64_t left = item->number;
    bool has_failed, is_first = true;
    if (!check_claim(u, item, 2) || !put_byte(u, '{'))
        return false;
    for (; has_next(u, item, &left, &has_failed); is_first = false)
        if (!count_item(u) || (!is_first && !put_byte(u, ',')) || !put_key(u, type, &inner) || !put_value(u, inner))
            return false;
    return !has_failed && put_byte(u, '}');
}

/** Items that have others inside. */
static bool put_nested(unpacker *u, const pack_item *item, const tern_type *type)
{
    if (u->depth_left == 0)
        return fail(u, "too_deep", "is nested too deeply");
    u->depth_left--;
    const bool is_put = item->kind == PACK_LIST  ? put_list(u, item, type)
                        : item->kind == PACK_MAP ? put_map(u, item, type)
                                                 : put_tagged(u, item->number, type);
    u->depth_left++;
    return is_put;
}

static bool put_value(unpacker *u, const tern_type *type)
{
    pack_item item;
    const char *wrong = u->read_head(&u->in, &item);
    if (wrong != NULL)
        return fail_data(u, wrong);
    switch (item.kind) {
    case PACK_NULL:
        return put(u, "null", 4);
    case PACK_BOOL:
        return item.number != 0 ? put(u, "true", 4) : put(u, "false", 5);
    case PACK_UINT:
    case PACK_NEGATIVE:
        return put_whole(u, item.kind == PACK_NEGATIVE, item.number);
    case PACK_DOUBLE:
        return put_double(u, type, item.real);
    case PACK_TEXT:
        return put_text(u, &item);
    case PACK_BYTES:
        return put_bytes(u, &item, type);
    case PACK_MOMENT:
        return put_timestamp(u, item.number);
    case PACK_BREAK:
        return fail_data(u, "an end without a beginning");
    default:
        return put_nested(u, &item, type);
    }
}

bool pack_to_json(pack_format format, const tern_type *type, tern_str data, const json_limits *limits, json_out *out,
                  pack_error *error)
{
    const unsigned depth = limits != NULL && limits->depth != 0 ? limits->depth : JSON_DEPTH;
    const uint8_t *begin = (const uint8_t *)data.data;
    unpacker u = {.in = {begin, begin + data.len},
                  .begin = begin,
                  .read_head = format == PACK_CBOR ? cbor_read_head : msgpack_read_head,
                  .depth_left = depth < JSON_DEPTH_MOST ? depth : JSON_DEPTH_MOST,
                  .items_left = limits != NULL && limits->items != 0 ? limits->items : JSON_ITEMS,
                  .out = out,
                  .error = error};
    if (!put_value(&u, type))
        return false;
    if (u.in.at != u.in.end)
        return fail_data(&u, "bytes after the value");
    if (!json_out_reserve(out, 1))
        return fail(&u, NULL, NULL);
    out->data[out->len] = '\0';
    return true;
}
