/** One item of binary data: what MessagePack and CBOR have in common. */
#ifndef SCHEMA_PACK_ITEM_H
#define SCHEMA_PACK_ITEM_H

#include "schema/pack/pack.h"

#include <string.h>

typedef enum pack_kind {
    PACK_NULL,
    PACK_BOOL,     /* number: 0 or 1 */
    PACK_UINT,     /* number */
    PACK_NEGATIVE, /* -1 - number */
    PACK_DOUBLE,   /* real */
    PACK_TEXT,     /* number: bytes that follow */
    PACK_BYTES,    /* number: bytes that follow */
    PACK_LIST,     /* number: items that follow */
    PACK_MAP,      /* number: pairs that follow */
    PACK_TAG,      /* number: what the next item means (CBOR) */
    PACK_MOMENT,   /* number: bytes that follow, of a timestamp (MessagePack) */
    PACK_BREAK     /* the end of an endless item (CBOR) */
} pack_kind;

typedef struct pack_item {
    pack_kind kind;
    bool is_endless; /* text, bytes, lists and maps of CBOR: up to PACK_BREAK */
    uint64_t number;
    double real;
} pack_item;

/** Bytes of data being read. */
typedef struct pack_input {
    const uint8_t *at, *end;
} pack_input;

/** `size` (1 to 8) bytes as a number, most significant first; false when fewer are left. */
static inline bool pack_take(pack_input *in, unsigned size, uint64_t *number)
{
    if ((size_t)(in->end - in->at) < size)
        return false;
    *number = 0;
    for (unsigned i = 0; i < size; i++)
        *number = *number << 8 | in->at[i];
    in->at += size;
    return true;
}

static inline double pack_real(uint64_t bits, unsigned size)
{
    double wide;
    float narrow;
    const uint32_t half = (uint32_t)bits;
    if (size == sizeof wide) {
        memcpy(&wide, &bits, sizeof wide);
        return wide;
    }
    memcpy(&narrow, &half, sizeof narrow);
    return (double)narrow;
}

/** Reads the head of an item: NULL, or what is wrong. */
typedef const char *pack_read_head(pack_input *in, pack_item *item);
pack_read_head msgpack_read_head, cbor_read_head;

/** Writes an item's head (and a whole number or a double) at `out`, which has room for PACK_HEAD_BYTES; returns its
 * length. */
enum { PACK_HEAD_BYTES = 16 };
typedef size_t pack_write_head(uint8_t *out, const pack_item *item);
pack_write_head msgpack_write_head, cbor_write_head;

/** Writes the `size` low bytes of a number, most significant first, after a first byte; returns the length of both. */
static inline size_t pack_put(uint8_t *out, unsigned first, unsigned size, uint64_t number)
{
    out[0] = (uint8_t)first;
    for (unsigned i = 0; i < size; i++)
        out[1 + i] = (uint8_t)(number >> 8 * (size - 1 - i));
    return 1 + size;
}

static inline uint64_t pack_bits(double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    return bits;
}

/** Whether a float has the same value; then `*bits` are the float's. */
static inline bool pack_is_float(double real, uint32_t *bits)
{
    const float narrow = (float)real;
    memcpy(bits, &narrow, sizeof narrow);
    return (double)narrow == real;
}

#endif
