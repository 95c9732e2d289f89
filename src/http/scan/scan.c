#include "http/scan/scan.h"

#include "http/scan/kits.h"

#define V  SCAN_FIELD_VALUE
#define T  (SCAN_FIELD_VALUE | SCAN_TARGET | SCAN_PATH)      /* visible, no tchar */
#define C  (T | SCAN_TOKEN | SCAN_FIELD_NAME)                /* tchar */
#define H  (C | SCAN_UNRESERVED)                             /* letters, digits, -.~ */
#define U  (T | SCAN_TOKEN | SCAN_UNRESERVED)                /* _ */
#define F  (SCAN_FIELD_VALUE | SCAN_TOKEN | SCAN_FIELD_NAME) /* # begins a fragment */
#define Q  (SCAN_FIELD_VALUE | SCAN_TARGET)                  /* ? begins a query */
#define V8 V, V, V, V, V, V, V, V

const unsigned char scan_classes[256] = {
    0,  0,  0,  0,  0,  0,  0,  0,  0,  V,  0,  0,  0,  0,  0,  0, /* 0x00, with HTAB */
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0, /* 0x10 */
    V,  C,  T,  F,  C,  C,  C,  C,  T,  T,  C,  C,  T,  H,  H,  T, /*  !"#$%&'()*+,-./ */
    H,  H,  H,  H,  H,  H,  H,  H,  H,  H,  T,  T,  T,  T,  T,  Q, /* 0123456789:;<=>? */
    T,  H,  H,  H,  H,  H,  H,  H,  H,  H,  H,  H,  H,  H,  H,  H, /* @ABCDEFGHIJKLMNO */
    H,  H,  H,  H,  H,  H,  H,  H,  H,  H,  H,  T,  T,  T,  C,  U, /* PQRSTUVWXYZ[\]^_ */
    C,  H,  H,  H,  H,  H,  H,  H,  H,  H,  H,  H,  H,  H,  H,  H, /* `abcdefghijklmno */
    H,  H,  H,  H,  H,  H,  H,  H,  H,  H,  H,  T,  C,  T,  H,  0, /* pqrstuvwxyz{|}~ and DEL */
    V8, V8, V8, V8, V8, V8, V8, V8, V8, V8, V8, V8, V8, V8, V8, V8,
};

static inline const char *run_of(int class, const char *from, const char *end)
{
    while (from != end && scan_is(class, *from))
        from++;
    return from;
}

static const char *scalar_field_name(const char *floor, const char *from, const char *end)
{
    (void)floor;
    return run_of(SCAN_FIELD_NAME, from, end);
}

static const char *scalar_field_value(const char *floor, const char *from, const char *end)
{
    (void)floor;
    return run_of(SCAN_FIELD_VALUE, from, end);
}

static const char *scalar_target(const char *floor, const char *from, const char *end)
{
    (void)floor;
    return run_of(SCAN_TARGET, from, end);
}

static const char *scalar_path(const char *floor, const char *from, const char *end, bool *is_plain)
{
    (void)floor;
    bool after_slash = false;
    for (; from != end && scan_is(SCAN_PATH, *from); from++) {
        char byte = *from;
        if (byte == '%' || byte == '\\' || (after_slash && (byte == '/' || byte == '.')))
            *is_plain = false;
        after_slash = byte == '/';
    }
    return from;
}

const scan_kit scan_scalar = {"scalar", scalar_field_name, scalar_field_value, scalar_target, scalar_path};
const scan_kit *scan_best = &scan_scalar;

unsigned scan_kits(const scan_kit *kits[SCAN_KITS])
{
    unsigned count = 0;
    kits[count++] = &scan_scalar;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("sse4.2"))
        kits[count++] = &scan_sse42;
    if (__builtin_cpu_supports("avx2"))
        kits[count++] = &scan_avx2;
#elif defined(__aarch64__)
    kits[count++] = &scan_neon;
#endif
    return count;
}

__attribute__((constructor)) static void choose_kit(void)
{
    const scan_kit *kits[SCAN_KITS];
    scan_best = kits[scan_kits(kits) - 1];
}
