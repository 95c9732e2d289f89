#include "schema/json/plain.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

size_t json_copy_plain_scalar(char *to, const char *from, size_t len, uint64_t *high)
{
    size_t i = 0;
    for (; len - i >= 8; i += 8) {
        uint64_t word;
        memcpy(&word, from + i, sizeof word);
        if (!json_plain_word(word))
            break;
        memcpy(to + i, &word, sizeof word);
        *high |= word & JSON_HIGH_BITS;
    }
    for (; i < len && json_plain_byte((unsigned char)from[i]); i++) {
        to[i] = from[i];
        *high |= (unsigned char)from[i] & 0x80;
    }
    return i;
}

#if defined(__x86_64__)

/** One bit for each of 16 bytes that is not plain. */
static inline uint64_t copy_16(char *to, const char *from, uint64_t *high)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)from);
    _mm_storeu_si128((__m128i *)(void *)to, bytes);
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i back = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    *high |= (unsigned)_mm_movemask_epi8(bytes);
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, back)));
}

#define PLACE_OF(special) ((size_t)__builtin_ctzll(special))

#elif defined(__aarch64__)

/** Four bits for each of 16 bytes. */
static inline uint64_t bits_of(uint8x16_t mask)
{
    return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(mask), 4)), 0);
}

/** Four bits for each of 16 bytes that is not plain. */
static inline uint64_t copy_16(char *to, const char *from, uint64_t *high)
{
    uint8x16_t bytes = vld1q_u8((const uint8_t *)from);
    vst1q_u8((uint8_t *)to, bytes);
    uint8x16_t quote = vceqq_u8(bytes, vdupq_n_u8('"')), back = vceqq_u8(bytes, vdupq_n_u8('\\'));
    *high |= bits_of(vcgeq_u8(bytes, vdupq_n_u8(0x80)));
    return bits_of(vorrq_u8(vcltq_u8(bytes, vdupq_n_u8(' ')), vorrq_u8(quote, back)));
}

#define PLACE_OF(special) ((size_t)__builtin_ctzll(special) / 4)

#endif

#ifdef PLACE_OF

size_t json_copy_plain_16(char *to, const char *from, size_t len, uint64_t *high)
{
    if (len < 16)
        return json_copy_plain_scalar(to, from, len, high);
    for (size_t i = 0; i < len;) {
        if (len - i < 16)
            i = len - 16; /* the last 16 bytes: those that overlap were plain */
        uint64_t special = copy_16(to + i, from + i, high);
        if (special != 0)
            return i + PLACE_OF(special);
        i += 16;
    }
    return len;
}

#else

size_t json_copy_plain_16(char *to, const char *from, size_t len, uint64_t *high)
{
    return json_copy_plain_scalar(to, from, len, high);
}

#endif

json_copy_plain *json_copy_plain_best = json_copy_plain_16;

#if defined(__x86_64__)

__attribute__((target("avx2"))) size_t json_copy_plain_avx2(char *to, const char *from, size_t len,
                                                            uint64_t *high)
{
    const __m256i control = _mm256_set1_epi8(0x1f), quote = _mm256_set1_epi8('"'),
                  back = _mm256_set1_epi8('\\');
    if (len < 32)
        return json_copy_plain_16(to, from, len, high);
    for (size_t i = 0; i < len;) {
        if (len - i < 32)
            i = len - 32;
        __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)(from + i));
        _mm256_storeu_si256((__m256i *)(void *)(to + i), bytes);
        __m256i special =
            _mm256_or_si256(_mm256_cmpeq_epi8(_mm256_min_epu8(bytes, control), bytes),
                            _mm256_or_si256(_mm256_cmpeq_epi8(bytes, quote), _mm256_cmpeq_epi8(bytes, back)));
        unsigned bits = (unsigned)_mm256_movemask_epi8(special);
        *high |= (unsigned)_mm256_movemask_epi8(bytes);
        if (bits != 0)
            return i + (size_t)__builtin_ctz(bits);
        i += 32;
    }
    return len;
}

__attribute__((constructor)) static void choose_best(void)
{
    if (__builtin_cpu_supports("avx2"))
        json_copy_plain_best = json_copy_plain_avx2;
}

#endif
