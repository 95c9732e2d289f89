/*
 * The vector scans, written once for every width. Included by one file for each instruction set, which
 * defines
 *
 *     SCAN_KIT, SCAN_LABEL      the kit's variable and label
 *     BLOCK_INLINE, BLOCK_CODE  the attributes of functions (including the target)
 *     BLOCK_BYTES               bytes of a block
 *     BLOCK_BIT                 bits that stand for one byte in the result of block_bits (1, or 4 on NEON)
 *     block                     with `|`, `&` and `^` bit by bit
 *     block_load, block_all (one byte everywhere), block_equal, block_below (a byte),
 *     block_bits (of comparisons: all ones or zero in each byte), block_high (block_bits of the bytes' high
 *     bits), block_minus (stops at 0), block_half (each byte shifted right by 4),
 *     block_look_up (16 entries, by bytes below 16), block_back (the block that begins n bytes earlier)
 *
 * UTF-8 is checked as in Keiser and Lemire, "Validating UTF-8 In Less Than One Instruction Per Byte": three
 * look-ups by nibbles give the possible mistakes of two bytes in a row; a mistake in all three is real.
 */
#include "schema/json/scan.h"

#include "base/text.h"

#include <stdint.h>
#include <string.h>

/* Mistakes of two neighbouring bytes, one bit each. */
enum {
    TOO_SHORT = 1,      /* a lead byte, and then no continuation */
    TOO_LONG = 2,       /* ASCII, and then a continuation */
    OVERLONG_3 = 4,     /* e0 80..9f */
    TOO_HIGH = 8,       /* f4 90..bf, f5..ff */
    SURROGATE = 16,     /* ed a0..bf */
    OVERLONG_2 = 32,    /* c0, c1 */
    OVERLONG_4 = 64,    /* f0 80..8f; also f5..ff with 80..8f */
    TWO_CONTINUE = 128, /* two continuations: valid where a third or fourth byte must be */
    ALWAYS = TOO_SHORT | TOO_LONG | TWO_CONTINUE
};

#define MISTAKES_BY_FIRST_HIGH                                                                               \
    TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TWO_CONTINUE,            \
        TWO_CONTINUE, TWO_CONTINUE, TWO_CONTINUE, TOO_SHORT | OVERLONG_2, TOO_SHORT,                         \
        TOO_SHORT | OVERLONG_3 | SURROGATE, TOO_SHORT | TOO_HIGH | OVERLONG_4
#define MISTAKES_BY_FIRST_LOW                                                                                \
    ALWAYS | OVERLONG_3 | OVERLONG_2 | OVERLONG_4, ALWAYS | OVERLONG_2, ALWAYS, ALWAYS, ALWAYS | TOO_HIGH,   \
        ALWAYS | TOO_HIGH | OVERLONG_4, ALWAYS | TOO_HIGH | OVERLONG_4, ALWAYS | TOO_HIGH | OVERLONG_4,      \
        ALWAYS | TOO_HIGH | OVERLONG_4, ALWAYS | TOO_HIGH | OVERLONG_4, ALWAYS | TOO_HIGH | OVERLONG_4,      \
        ALWAYS | TOO_HIGH | OVERLONG_4, ALWAYS | TOO_HIGH | OVERLONG_4,                                      \
        ALWAYS | TOO_HIGH | OVERLONG_4 | SURROGATE, ALWAYS | TOO_HIGH | OVERLONG_4,                          \
        ALWAYS | TOO_HIGH | OVERLONG_4
#define MISTAKES_BY_SECOND_HIGH                                                                              \
    TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,                  \
        TOO_LONG | OVERLONG_2 | TWO_CONTINUE | OVERLONG_3 | OVERLONG_4,                                      \
        TOO_LONG | OVERLONG_2 | TWO_CONTINUE | OVERLONG_3 | TOO_HIGH,                                        \
        TOO_LONG | OVERLONG_2 | TWO_CONTINUE | SURROGATE | TOO_HIGH,                                         \
        TOO_LONG | OVERLONG_2 | TWO_CONTINUE | SURROGATE | TOO_HIGH, TOO_SHORT, TOO_SHORT, TOO_SHORT,        \
        TOO_SHORT

static const uint8_t by_first_high[16] = {MISTAKES_BY_FIRST_HIGH};
static const uint8_t by_first_low[16] = {MISTAKES_BY_FIRST_LOW};
static const uint8_t by_second_high[16] = {MISTAKES_BY_SECOND_HIGH};

BLOCK_INLINE uint64_t text_stops(block bytes)
{
    return block_bits(block_equal(bytes, '"') | block_equal(bytes, '\\') | block_below(bytes, 0x20));
}

/** The byte of the first stop; notes high bytes before it. */
BLOCK_INLINE const char *stop_at(const char *from, uint64_t stops, uint64_t high, bool *is_high)
{
    *is_high |= (high & ((stops & (0 - stops)) - 1)) != 0;
    return from + (unsigned)__builtin_ctzll(stops) / BLOCK_BIT;
}

BLOCK_CODE const char *scan_text(const char *floor, const char *from, const char *end, bool *is_high)
{
    for (; end - from >= BLOCK_BYTES; from += BLOCK_BYTES) {
        block bytes = block_load(from);
        uint64_t stops = text_stops(bytes), high = block_high(bytes);
        if (stops != 0)
            return stop_at(from, stops, high, is_high);
        *is_high |= high != 0;
    }
    if (from == end)
        return end;
    if (end - floor < BLOCK_BYTES)
        return json_scan_scalar.text(floor, from, end, is_high);
    /* The last whole block, without the bytes before `from`. */
    unsigned past = (unsigned)(BLOCK_BYTES - (end - from)) * BLOCK_BIT;
    block bytes = block_load(end - BLOCK_BYTES);
    uint64_t stops = text_stops(bytes) >> past, high = block_high(bytes) >> past;
    if (stops != 0)
        return stop_at(from, stops, high, is_high);
    *is_high |= high != 0;
    return end;
}

/** The mistakes in `bytes`, which follow `before`: nonzero where there is one. */
BLOCK_INLINE block utf8_mistakes(block bytes, block before)
{
    block first = block_back(bytes, before, 1);
    block pairs = block_look_up(by_first_high, block_half(first)) &
                  block_look_up(by_first_low, first & block_all(0x0f)) &
                  block_look_up(by_second_high, block_half(bytes));
    /* Two continuations are valid where the third byte of three or four, or the fourth, must be. */
    block third = block_minus(block_back(bytes, before, 2), block_all(0xe0 - 0x80));
    block fourth = block_minus(block_back(bytes, before, 3), block_all(0xf0 - 0x80));
    return pairs ^ ((third | fourth) & block_all(0x80));
}

BLOCK_CODE bool scan_utf8(const char *text, size_t len)
{
    block mistakes = block_all(0), before = block_all(0);
    bool was_high = false;
    for (; len >= BLOCK_BYTES; text += BLOCK_BYTES, len -= BLOCK_BYTES) {
        block bytes = block_load(text);
        bool is_high = block_high(bytes) != 0;
        if (is_high || was_high)
            mistakes = mistakes | utf8_mistakes(bytes, before);
        before = bytes;
        was_high = is_high;
    }
    /* The zeros after the rest reveal a sequence that is cut off. */
    char rest[BLOCK_BYTES] = {0};
    if (len != 0)
        memcpy(rest, text, len);
    mistakes = mistakes | utf8_mistakes(block_load(rest), before);
    return block_bits(block_equal(mistakes, 0)) == BLOCK_ALL_BITS;
}

const json_scan_kit SCAN_KIT = {SCAN_LABEL, scan_text, scan_utf8};
