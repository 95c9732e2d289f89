#include "schema/json/scan.h"

#include "base/text.h"

static const char *scalar_text(const char *floor, const char *from, const char *end, bool *is_high)
{
    (void)floor;
    for (; from != end; from++) {
        unsigned char byte = (unsigned char)*from;
        if (byte == '"' || byte == '\\' || byte < 0x20)
            break;
        *is_high |= byte >= 0x80;
    }
    return from;
}

const json_scan_kit json_scan_scalar = {"scalar", scalar_text, utf8_valid};
const json_scan_kit *json_scan_best = &json_scan_scalar;

unsigned json_scan_kits(const json_scan_kit *kits[JSON_SCAN_KITS])
{
    unsigned count = 0;
    kits[count++] = &json_scan_scalar;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("sse4.2"))
        kits[count++] = &json_scan_sse42;
    if (__builtin_cpu_supports("avx2"))
        kits[count++] = &json_scan_avx2;
#elif defined(__aarch64__)
    kits[count++] = &json_scan_neon;
#endif
    return count;
}

__attribute__((constructor)) static void choose_kit(void)
{
    const json_scan_kit *kits[JSON_SCAN_KITS];
    json_scan_best = kits[json_scan_kits(kits) - 1];
}
