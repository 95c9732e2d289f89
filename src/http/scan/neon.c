#include "http/scan/kits.h"

#if defined(__aarch64__)

#include <arm_neon.h>

#define SCAN_KIT     scan_neon
#define SCAN_LABEL   "neon"
#define BLOCK_CODE   static
#define BLOCK_INLINE __attribute__((always_inline)) static inline
#define BLOCK_BYTES  16
#define BLOCK_BIT    4

typedef uint8x16_t block;

BLOCK_INLINE block block_load(const char *at)
{
    return vld1q_u8((const uint8_t *)at);
}

BLOCK_INLINE block block_equal(block bytes, int byte)
{
    return vceqq_u8(bytes, vdupq_n_u8((uint8_t)byte));
}

BLOCK_INLINE block block_below(block bytes, int byte)
{
    return vcltq_u8(bytes, vdupq_n_u8((uint8_t)byte));
}

BLOCK_INLINE block block_above(block bytes, int byte)
{
    return vcgtq_u8(bytes, vdupq_n_u8((uint8_t)byte));
}

BLOCK_INLINE block block_name(block bytes)
{
    static const uint8_t by_low[16] = {NAMES_BY_LOW}, by_high[16] = {NAMES_BY_HIGH};
    block low = vqtbl1q_u8(vld1q_u8(by_low), vandq_u8(bytes, vdupq_n_u8(0x0f)));
    block high = vqtbl1q_u8(vld1q_u8(by_high), vshrq_n_u8(bytes, 4));
    return vtstq_u8(low, high);
}

/** NEON has no movemask: narrowing each 16 bits by a shift of 4 leaves four bits of every byte. */
BLOCK_INLINE uint64_t block_bits(block mask)
{
    return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(mask), 4)), 0);
}

#include "http/scan/block.h"

#endif
