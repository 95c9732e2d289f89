#include "http/scan.h"

#include "http/scan_kits.h"

/* One bit a class, for each byte. */
enum { TOKEN = 1, FIELD_NAME = 2, FIELD_VALUE = 4, TARGET = 8, PATH = 16 };

#define V  FIELD_VALUE
#define T  (FIELD_VALUE | TARGET | PATH)                      /* visible, no tchar */
#define C  (FIELD_VALUE | TARGET | PATH | TOKEN | FIELD_NAME) /* tchar */
#define H  (FIELD_VALUE | TOKEN | FIELD_NAME)                 /* '#' */
#define U  (FIELD_VALUE | TARGET | PATH | TOKEN)              /* '_' */
#define Q  (FIELD_VALUE | TARGET)                             /* '?' */
#define V8 V, V, V, V, V, V, V, V

static const unsigned char classes[256] = {
    0,  0,  0,  0,  0,  0,  0,  0,  0,  V,  0,  0,  0,  0,  0,  0, /* 0x00, with HTAB */
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0, /* 0x10 */
    V,  C,  T,  H,  C,  C,  C,  C,  T,  T,  C,  C,  T,  C,  C,  T, /*  !"#$%&'()*+,-./ */
    C,  C,  C,  C,  C,  C,  C,  C,  C,  C,  T,  T,  T,  T,  T,  Q, /* 0123456789:;<=>? */
    T,  C,  C,  C,  C,  C,  C,  C,  C,  C,  C,  C,  C,  C,  C,  C, /* @ABCDEFGHIJKLMNO */
    C,  C,  C,  C,  C,  C,  C,  C,  C,  C,  C,  T,  T,  T,  C,  U, /* PQRSTUVWXYZ[\]^_ */
    C,  C,  C,  C,  C,  C,  C,  C,  C,  C,  C,  C,  C,  C,  C,  C, /* `abcdefghijklmno */
    C,  C,  C,  C,  C,  C,  C,  C,  C,  C,  C,  T,  C,  T,  C,  0, /* pqrstuvwxyz{|}~ and DEL */
    V8, V8, V8, V8, V8, V8, V8, V8, V8, V8, V8, V8, V8, V8, V8, V8,
};

static inline const char *run_of(unsigned char class, const char *from, const char *end)
{
    while (from != end && (classes[(unsigned char)*from] & class) != 0)
        from++;
    return from;
}

static const char *scalar_field_name(const char *floor, const char *from, const char *end)
{
    (void)floor;
    return run_of(FIELD_NAME, from, end);
}

static const char *scalar_field_value(const char *floor, const char *from, const char *end)
{
    (void)floor;
    return run_of(FIELD_VALUE, from, end);
}

static const char *scalar_target(const char *floor, const char *from, const char *end)
{
    (void)floor;
    return run_of(TARGET, from, end);
}

static const char *scalar_path(const char *floor, const char *from, const char *end, bool *is_plain)
{
    (void)floor;
    bool after_slash = false;
    for (; from != end && (classes[(unsigned char)*from] & PATH) != 0; from++) {
        char byte = *from;
        if (byte == '%' || byte == '\\' || (after_slash && (byte == '/' || byte == '.')))
            *is_plain = false;
        after_slash = byte == '/';
    }
    return from;
}

bool scan_is_token_byte(unsigned char byte)
{
    return (classes[byte] & TOKEN) != 0;
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
