/*
 * The vector scans, written once for every width. Included by one file for each instruction set, which
 * defines
 *
 *     SCAN_KIT, SCAN_LABEL   the kit's variable and label
 *     BLOCK_INLINE, BLOCK_CODE  what functions are declared with, including the target attribute
 *     BLOCK_BYTES            bytes of a block
 *     BLOCK_BIT              bits that stand for one byte in the result of block_bits (1, or 4 on NEON)
 *     block, block_load, block_equal, block_below, block_above, block_name, block_bits
 *
 * where comparisons give all ones or zero in each byte, and `|`, `&`, `~` work on blocks.
 */
#include "http/scan/scan.h"

#include <stdint.h>

/** Every bit of what each byte class stops at, for the block at `at`. */
BLOCK_INLINE uint64_t name_stops(const char *at)
{
    return block_bits(~block_name(block_load(at)));
}

BLOCK_INLINE uint64_t value_stops(const char *at)
{
    block bytes = block_load(at);
    return block_bits((block_below(bytes, 0x20) & ~block_equal(bytes, '\t')) | block_equal(bytes, 0x7f));
}

BLOCK_INLINE block outside_target(block bytes)
{
    return block_below(bytes, '!') | block_above(bytes, '~') | block_equal(bytes, '#');
}

BLOCK_INLINE uint64_t target_stops(const char *at)
{
    return block_bits(outside_target(block_load(at)));
}

BLOCK_INLINE const char *first_of(uint64_t bits, const char *at)
{
    return at + (unsigned)__builtin_ctzll(bits) / BLOCK_BIT;
}

/** The loop of every run; `stops` and `scalar` are constants once it is inlined. */
BLOCK_INLINE const char *run(const char *floor, const char *from, const char *end,
                             uint64_t (*stops)(const char *at), scan_run *scalar)
{
    for (; end - from >= BLOCK_BYTES; from += BLOCK_BYTES) {
        uint64_t bits = stops(from);
        if (bits != 0)
            return first_of(bits, from);
    }
    if (from == end)
        return end;
    if (end - floor < BLOCK_BYTES)
        return scalar(floor, from, end);
    /* The last whole block, without the bytes before `from`. */
    uint64_t bits = stops(end - BLOCK_BYTES) >> (unsigned)(BLOCK_BYTES - (end - from)) * BLOCK_BIT;
    return bits != 0 ? first_of(bits, from) : end;
}

BLOCK_CODE const char *run_field_name(const char *floor, const char *from, const char *end)
{
    return run(floor, from, end, name_stops, scan_scalar.field_name);
}

BLOCK_CODE const char *run_field_value(const char *floor, const char *from, const char *end)
{
    return run(floor, from, end, value_stops, scan_scalar.field_value);
}

BLOCK_CODE const char *run_target(const char *floor, const char *from, const char *end)
{
    return run(floor, from, end, target_stops, scan_scalar.target);
}

/** One block of a path, of which `skip` bytes are before the run: true when the path ends in it, with the
 * bits of where in `*stops`. `*slash` is the bit of a slash at the end of the block before, and after. */
BLOCK_INLINE bool path_block(const char *at, unsigned skip, uint64_t *slash, uint64_t *stops, bool *is_plain)
{
    block bytes = block_load(at);
    uint64_t stop = block_bits(outside_target(bytes) | block_equal(bytes, '?')) >> skip * BLOCK_BIT;
    uint64_t escape = block_bits(block_equal(bytes, '%') | block_equal(bytes, '\\')) >> skip * BLOCK_BIT;
    uint64_t slashes = block_bits(block_equal(bytes, '/')) >> skip * BLOCK_BIT;
    uint64_t dots = block_bits(block_equal(bytes, '.')) >> skip * BLOCK_BIT;
    uint64_t pairs = (slashes << BLOCK_BIT | *slash) & (slashes | dots);
    uint64_t before_stop = stop != 0 ? (stop & -stop) - 1 : UINT64_MAX;
    if (((escape | pairs) & before_stop) != 0)
        *is_plain = false;
    *slash = slashes >> (BLOCK_BYTES - 1) * BLOCK_BIT;
    *stops = stop;
    return stop != 0;
}

BLOCK_CODE const char *run_path(const char *floor, const char *from, const char *end, bool *is_plain)
{
    uint64_t slash = 0, stops = 0;
    if (end - floor < BLOCK_BYTES)
        return scan_scalar.path(floor, from, end, is_plain);
    for (; end - from >= BLOCK_BYTES; from += BLOCK_BYTES)
        if (path_block(from, 0, &slash, &stops, is_plain))
            return first_of(stops, from);
    unsigned skip = (unsigned)(BLOCK_BYTES - (end - from));
    if (from != end && path_block(end - BLOCK_BYTES, skip, &slash, &stops, is_plain))
        return first_of(stops, from);
    return end;
}

const scan_kit SCAN_KIT = {SCAN_LABEL, run_field_name, run_field_value, run_target, run_path};
