/** Heads of MessagePack's items: https://github.com/msgpack/msgpack/blob/master/spec.md. */
#include "schema/pack/item.h"

static const char too_short[] = "the body ends too early";

enum { TIMESTAMP = 0xff }; /* the type -1 */

/** An extension: only timestamps have a meaning in JSON. */
static const char *read_extension(pack_input *in, pack_item *item, uint64_t len)
{
    uint64_t type;
    if (!pack_take(in, 1, &type))
        return too_short;
    if (type != TIMESTAMP || (len != 4 && len != 8 && len != 12))
        return "an extension that is not a timestamp";
    *item = (pack_item){.kind = PACK_MOMENT, .number = len};
    return NULL;
}

/** Items whose first byte is followed by a number of `size` bytes. */
static const char *read_sized(pack_input *in, pack_item *item, pack_kind kind, unsigned size)
{
    *item = (pack_item){.kind = kind};
    return pack_take(in, size, &item->number) ? NULL : too_short;
}

static const char *read_signed(pack_input *in, pack_item *item, unsigned size)
{
    uint64_t bits;
    if (!pack_take(in, size, &bits))
        return too_short;
    const bool is_negative = (bits >> (8 * size - 1) & 1) != 0;
    const uint64_t ones = size == 8 ? 0 : UINT64_MAX << 8 * size;
    *item = (pack_item){.kind = is_negative ? PACK_NEGATIVE : PACK_UINT,
                        .number = is_negative ? ~(bits | ones) : bits};
    return NULL;
}

static const char *read_real(pack_input *in, pack_item *item, unsigned size)
{
    uint64_t bits;
    if (!pack_take(in, size, &bits))
        return too_short;
    *item = (pack_item){.kind = PACK_DOUBLE, .real = pack_real(bits, size)};
    return NULL;
}

static const char *read_long(pack_input *in, pack_item *item, unsigned first)
{
    uint64_t len;
    switch (first) {
    case 0xc0:
        *item = (pack_item){.kind = PACK_NULL};
        return NULL;
    case 0xc2:
    case 0xc3:
        *item = (pack_item){.kind = PACK_BOOL, .number = first & 1};
        return NULL;
    case 0xc4:
    case 0xc5:
    case 0xc6:
        return read_sized(in, item, PACK_BYTES, 1u << (first - 0xc4));
    case 0xc7:
    case 0xc8:
    case 0xc9:
        return pack_take(in, 1u << (first - 0xc7), &len) ? read_extension(in, item, len) : too_short;
    case 0xca:
    case 0xcb:
        return read_real(in, item, first == 0xca ? 4 : 8);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
        return read_sized(in, item, PACK_UINT, 1u << (first - 0xcc));
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return read_signed(in, item, 1u << (first - 0xd0));
    case 0xd9:
    case 0xda:
    case 0xdb:
        return read_sized(in, item, PACK_TEXT, 1u << (first - 0xd9));
    case 0xdc:
    case 0xdd:
        return read_sized(in, item, PACK_LIST, 2u << (first - 0xdc));
    case 0xde:
    case 0xdf:
        return read_sized(in, item, PACK_MAP, 2u << (first - 0xde));
    case 0xc1:
        return "the byte 0xc1, which means nothing";
    default: /* 0xd4 to 0xd8 */
        return read_extension(in, item, UINT64_C(1) << (first - 0xd4));
    }
}

const char *msgpack_read_head(pack_input *in, pack_item *item)
{
    if (in->at == in->end)
        return too_short;
    const unsigned first = *in->at++;
    if (first < 0x80)
        *item = (pack_item){.kind = PACK_UINT, .number = first};
    else if (first < 0x90)
        *item = (pack_item){.kind = PACK_MAP, .number = first & 15};
    else if (first < 0xa0)
        *item = (pack_item){.kind = PACK_LIST, .number = first & 15};
    else if (first < 0xc0)
        *item = (pack_item){.kind = PACK_TEXT, .number = first & 31};
    else if (first >= 0xe0)
        *item = (pack_item){.kind = PACK_NEGATIVE, .number = 0xff - first};
    else
        return read_long(in, item, first);
    return NULL;
}

/* -- writing -- */

/** A length: in the first byte below `few`, else after `long_forms`, the first byte for 1, 2 or 4 bytes (0: none). */
static size_t write_length(uint8_t *out, unsigned few_first, unsigned few, unsigned one, unsigned two, uint64_t number)
{
    if (number < few)
        return pack_put(out, few_first | (unsigned)number, 0, 0);
    if (number <= UINT8_MAX && one != 0)
        return pack_put(out, one, 1, number);
    return number <= UINT16_MAX ? pack_put(out, two, 2, number) : pack_put(out, two + 1, 4, number);
}

static size_t write_uint(uint8_t *out, uint64_t number)
{
    return number < 0x80          ? pack_put(out, (unsigned)number, 0, 0)
           : number <= UINT8_MAX  ? pack_put(out, 0xcc, 1, number)
           : number <= UINT16_MAX ? pack_put(out, 0xcd, 2, number)
           : number <= UINT32_MAX ? pack_put(out, 0xce, 4, number)
                                  : pack_put(out, 0xcf, 8, number);
}

/** -1 - number, for numbers up to INT64_MAX. */
static size_t write_negative(uint8_t *out, uint64_t number)
{
    const uint64_t bits = ~number;
    return number < 32            ? pack_put(out, (unsigned)(bits & 0xff), 0, 0)
           : number <= INT8_MAX   ? pack_put(out, 0xd0, 1, bits)
           : number <= INT16_MAX  ? pack_put(out, 0xd1, 2, bits)
           : number <= INT32_MAX  ? pack_put(out, 0xd2, 4, bits)
                                  : pack_put(out, 0xd3, 8, bits);
}

size_t msgpack_write_head(uint8_t *out, const pack_item *item)
{
    uint32_t bits;
    switch (item->kind) {
    case PACK_NULL:
        return pack_put(out, 0xc0, 0, 0);
    case PACK_BOOL:
        return pack_put(out, 0xc2 + (unsigned)item->number, 0, 0);
    case PACK_UINT:
        return write_uint(out, item->number);
    case PACK_NEGATIVE:
        return write_negative(out, item->number);
    case PACK_DOUBLE:
        return pack_is_float(item->real, &bits) ? pack_put(out, 0xca, 4, bits)
                                                : pack_put(out, 0xcb, 8, pack_bits(item->real));
    case PACK_TEXT:
        return write_length(out, 0xa0, 32, 0xd9, 0xda, item->number);
    case PACK_BYTES:
        return write_length(out, 0, 0, 0xc4, 0xc5, item->number);
    case PACK_LIST:
        return write_length(out, 0x90, 16, 0, 0xdc, item->number);
    case PACK_MAP:
        return write_length(out, 0x80, 16, 0, 0xde, item->number);
    default:
        return 0; /* of CBOR alone */
    }
}
