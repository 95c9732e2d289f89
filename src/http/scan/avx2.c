#include "http/scan/kits.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <stdint.h>

#define SCAN_KIT     scan_avx2
#define SCAN_LABEL   "avx2"
#define BLOCK_CODE   __attribute__((target("avx2"))) static
#define BLOCK_INLINE __attribute__((target("avx2"), always_inline)) static inline
#define BLOCK_BYTES  32
#define BLOCK_BIT    1

typedef __m256i block;

BLOCK_INLINE block block_load(const char *at)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

BLOCK_INLINE block block_equal(block bytes, int byte)
{
    return _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8((char)byte));
}

BLOCK_INLINE block block_below(block bytes, int byte)
{
    return _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8((char)(byte - 1))), bytes);
}

BLOCK_INLINE block block_above(block bytes, int byte)
{
    return _mm256_cmpeq_epi8(_mm256_max_epu8(bytes, _mm256_set1_epi8((char)(byte + 1))), bytes);
}

BLOCK_INLINE block block_name(block bytes)
{
    const block nibble = _mm256_set1_epi8(0x0f);
    block low =
        _mm256_shuffle_epi8(_mm256_setr_epi8(NAMES_BY_LOW, NAMES_BY_LOW), _mm256_and_si256(bytes, nibble));
    block high = _mm256_shuffle_epi8(_mm256_setr_epi8(NAMES_BY_HIGH, NAMES_BY_HIGH),
                                     _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble));
    return _mm256_cmpgt_epi8(_mm256_and_si256(low, high), _mm256_setzero_si256());
}

BLOCK_INLINE uint64_t block_bits(block mask)
{
    return (uint32_t)_mm256_movemask_epi8(mask);
}

#include "http/scan/block.h"

#endif
