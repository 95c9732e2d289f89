#include "schema/json/scan.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <stdint.h>

#define SCAN_KIT       json_scan_avx2
#define SCAN_LABEL     "avx2"
#define BLOCK_CODE     __attribute__((target("avx2"))) static
#define BLOCK_INLINE   __attribute__((target("avx2"), always_inline)) static inline
#define BLOCK_BYTES    32
#define BLOCK_BIT      1
#define BLOCK_ALL_BITS 0xffffffff

typedef __m256i block;

BLOCK_INLINE block block_load(const char *at)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

BLOCK_INLINE block block_all(int byte)
{
    return _mm256_set1_epi8((char)byte);
}

BLOCK_INLINE block block_equal(block bytes, int byte)
{
    return _mm256_cmpeq_epi8(bytes, block_all(byte));
}

BLOCK_INLINE block block_below(block bytes, int byte)
{
    return _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, block_all(byte - 1)), bytes);
}

BLOCK_INLINE uint64_t block_bits(block mask)
{
    return (uint32_t)_mm256_movemask_epi8(mask);
}

BLOCK_INLINE uint64_t block_high(block bytes)
{
    return (uint32_t)_mm256_movemask_epi8(bytes);
}

BLOCK_INLINE block block_minus(block a, block b)
{
    return _mm256_subs_epu8(a, b);
}

BLOCK_INLINE block block_half(block bytes)
{
    return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), block_all(0x0f));
}

BLOCK_INLINE block block_look_up(const uint8_t table[16], block index)
{
    block both = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
    return _mm256_shuffle_epi8(both, index);
}

#define block_back(bytes, before, n)                                                                         \
    _mm256_alignr_epi8(bytes, _mm256_permute2x128_si256(before, bytes, 0x21), 16 - (n))

#include "schema/json/scan_block.h"

#endif
