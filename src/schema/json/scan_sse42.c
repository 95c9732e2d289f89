#include "schema/json/scan.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <stdint.h>

#define SCAN_KIT       json_scan_sse42
#define SCAN_LABEL     "sse4.2"
#define BLOCK_CODE     __attribute__((target("sse4.2"))) static
#define BLOCK_INLINE   __attribute__((target("sse4.2"), always_inline)) static inline
#define BLOCK_BYTES    16
#define BLOCK_BIT      1
#define BLOCK_ALL_BITS 0xffff

typedef __m128i block;

BLOCK_INLINE block block_load(const char *at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

BLOCK_INLINE block block_all(int byte)
{
    return _mm_set1_epi8((char)byte);
}

BLOCK_INLINE block block_equal(block bytes, int byte)
{
    return _mm_cmpeq_epi8(bytes, block_all(byte));
}

BLOCK_INLINE block block_below(block bytes, int byte)
{
    return _mm_cmpeq_epi8(_mm_min_epu8(bytes, block_all(byte - 1)), bytes);
}

BLOCK_INLINE uint64_t block_bits(block mask)
{
    return (uint32_t)_mm_movemask_epi8(mask);
}

BLOCK_INLINE uint64_t block_high(block bytes)
{
    return (uint32_t)_mm_movemask_epi8(bytes);
}

BLOCK_INLINE block block_minus(block a, block b)
{
    return _mm_subs_epu8(a, b);
}

BLOCK_INLINE block block_half(block bytes)
{
    return _mm_and_si128(_mm_srli_epi16(bytes, 4), block_all(0x0f));
}

BLOCK_INLINE block block_look_up(const uint8_t table[16], block index)
{
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)table), index);
}

#define block_back(bytes, before, n) _mm_alignr_epi8(bytes, before, 16 - (n))

#include "schema/json/scan_block.h"

#endif
