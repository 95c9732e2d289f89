#include "http/scan/kits.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <stdint.h>

#define SCAN_KIT     scan_sse42
#define SCAN_LABEL   "sse4.2"
#define BLOCK_CODE   __attribute__((target("sse4.2"))) static
#define BLOCK_INLINE __attribute__((target("sse4.2"), always_inline)) static inline
#define BLOCK_BYTES  16
#define BLOCK_BIT    1

typedef __m128i block;

BLOCK_INLINE block block_load(const char *at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

BLOCK_INLINE block block_equal(block bytes, int byte)
{
    return _mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)byte));
}

BLOCK_INLINE block block_below(block bytes, int byte)
{
    return _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8((char)(byte - 1))), bytes);
}

BLOCK_INLINE block block_above(block bytes, int byte)
{
    return _mm_cmpeq_epi8(_mm_max_epu8(bytes, _mm_set1_epi8((char)(byte + 1))), bytes);
}

BLOCK_INLINE block block_name(block bytes)
{
    const block nibble = _mm_set1_epi8(0x0f);
    block low = _mm_shuffle_epi8(_mm_setr_epi8(NAMES_BY_LOW), _mm_and_si128(bytes, nibble));
    block high =
        _mm_shuffle_epi8(_mm_setr_epi8(NAMES_BY_HIGH), _mm_and_si128(_mm_srli_epi16(bytes, 4), nibble));
    return _mm_cmpgt_epi8(_mm_and_si128(low, high), _mm_setzero_si128());
}

BLOCK_INLINE uint64_t block_bits(block mask)
{
    return (uint32_t)_mm_movemask_epi8(mask);
}

#include "http/scan/block.h"

#endif
