/** Heads of CBOR's items: RFC 8949 section 3. */
#include "schema/pack/item.h"

#include <math.h>

static const char too_short[] = "the body ends too early";

enum { ENDLESS = 31 };

static double real_of_half(uint64_t bits)
{
    const int exponent = (int)(bits >> 10 & 31);
    const double fraction = (double)(bits & 1023);
    const double size = exponent == 0    ? ldexp(fraction, -24)
                        : exponent != 31 ? ldexp(fraction + 1024, exponent - 25)
                                         : (fraction == 0 ? HUGE_VAL : NAN);
    return (bits & 0x8000) != 0 ? -size : size;
}

static const char *read_simple(pack_item *item, unsigned low, uint64_t number)
{
    switch (low) {
    case 20:
    case 21:
        *item = (pack_item){.kind = PACK_BOOL, .number = low - 20};
        return NULL;
    case 22:
    case 23: /* undefined */
        *item = (pack_item){.kind = PACK_NULL};
        return NULL;
    case 25:
        *item = (pack_item){.kind = PACK_DOUBLE, .real = real_of_half(number)};
        return NULL;
    case 26:
    case 27:
        *item = (pack_item){.kind = PACK_DOUBLE, .real = pack_real(number, low == 26 ? 4 : 8)};
        return NULL;
    case ENDLESS:
        *item = (pack_item){.kind = PACK_BREAK};
        return NULL;
    default:
        return "a simple value that is not true, false, null or undefined";
    }
}

const char *cbor_read_head(pack_input *in, pack_item *item)
{
    static const pack_kind kinds[] = {PACK_UINT, PACK_NEGATIVE, PACK_BYTES, PACK_TEXT, PACK_LIST, PACK_MAP, PACK_TAG};
    if (in->at == in->end)
        return too_short;
    const unsigned first = *in->at++, major = first >> 5, low = first & 31;
    uint64_t number = low;
    if (low >= 24 && low <= 27 && !pack_take(in, 1u << (low - 24), &number))
        return too_short;
    if (low >= 28 && low != ENDLESS)
        return "a byte that means nothing in CBOR";
    if (major == 7)
        return read_simple(item, low, number);
    const bool is_endless = low == ENDLESS;
    if (is_endless && (kinds[major] == PACK_UINT || kinds[major] == PACK_NEGATIVE || kinds[major] == PACK_TAG))
        return "a number without an end";
    *item = (pack_item){.kind = kinds[major], .is_endless = is_endless, .number = number};
    return NULL;
}

static size_t write_number(uint8_t *out, unsigned major, uint64_t number)
{
    const unsigned first = major << 5;
    return number < 24            ? pack_put(out, first | (unsigned)number, 0, 0)
           : number <= UINT8_MAX  ? pack_put(out, first | 24, 1, number)
           : number <= UINT16_MAX ? pack_put(out, first | 25, 2, number)
           : number <= UINT32_MAX ? pack_put(out, first | 26, 4, number)
                                  : pack_put(out, first | 27, 8, number);
}

size_t cbor_write_head(uint8_t *out, const pack_item *item)
{
    uint32_t bits;
    switch (item->kind) {
    case PACK_NULL:
        return pack_put(out, 0xf6, 0, 0);
    case PACK_BOOL:
        return pack_put(out, 0xf4 + (unsigned)item->number, 0, 0);
    case PACK_UINT:
        return write_number(out, 0, item->number);
    case PACK_NEGATIVE:
        return write_number(out, 1, item->number);
    case PACK_BYTES:
        return write_number(out, 2, item->number);
    case PACK_TEXT:
        return write_number(out, 3, item->number);
    case PACK_LIST:
        return write_number(out, 4, item->number);
    case PACK_MAP:
        return write_number(out, 5, item->number);
    case PACK_TAG:
        return write_number(out, 6, item->number);
    case PACK_DOUBLE:
        return pack_is_float(item->real, &bits) ? pack_put(out, 0xfa, 4, bits)
                                                : pack_put(out, 0xfb, 8, pack_bits(item->real));
    default:
        return 0;
    }
}
