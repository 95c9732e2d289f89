#include "schema/json/scan.h"

#if defined(__aarch64__)

#include <arm_neon.h>

#define SCAN_KIT       json_scan_neon
#define SCAN_LABEL     "neon"
#define BLOCK_CODE     static
#define BLOCK_INLINE   __attribute__((always_inline)) static inline
#define BLOCK_BYTES    16
#define BLOCK_BIT      4
#define BLOCK_ALL_BITS UINT64_MAX

typedef uint8x16_t block;

BLOCK_INLINE block block_load(const char *at)
{
    return vld1q_u8((const uint8_t *)at);
}

BLOCK_INLINE block block_all(int byte)
{
    return vdupq_n_u8((uint8_t)byte);
}

BLOCK_INLINE block block_equal(block bytes, int byte)
{
    return vceqq_u8(bytes, block_all(byte));
}

BLOCK_INLINE block block_below(block bytes, int byte)
{
    return vcltq_u8(bytes, block_all(byte));
}

/** NEON has no movemask: narrowing each 16 bits by a shift of 4 leaves four bits of every byte. */
BLOCK_INLINE uint64_t block_bits(block mask)
{
    return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(mask), 4)), 0);
}

BLOCK_INLINE uint64_t block_high(block bytes)
{
    return block_bits(vcgeq_u8(bytes, block_all(0x80)));
}

BLOCK_INLINE block block_minus(block a, block b)
{
    return vqsubq_u8(a, b);
}

BLOCK_INLINE block block_half(block bytes)
{
    return vshrq_n_u8(bytes, 4);
}

BLOCK_INLINE block block_look_up(const uint8_t table[16], block index)
{
    return vqtbl1q_u8(vld1q_u8(table), index);
}

#define block_back(bytes, before, n) vextq_u8(before, bytes, 16 - (n))

#include "schema/json/scan_block.h"

#endif
