/**
 * Runs of bytes of one class: the inner loops of the HTTP parser.
 *
 * Every kit gives the same answers; they differ in how many bytes they look at together. The best one that
 * the processor has is chosen once, before main.
 */
#ifndef HTTP_SCAN_H
#define HTTP_SCAN_H

#include <stdbool.h>

/**
 * Returns the first byte of [from, end) that is not of the scan's class, or `end`.
 *
 * `floor` (at most `from`) is where the readable buffer begins: a vector scan of a short rest looks at the
 * last bytes before `end` rather than past it, and may look at bytes from `floor` on. Nothing at or after
 * `end` is read.
 */
typedef const char *scan_run(const char *floor, const char *from, const char *end);

/** As scan_run; `*is_plain` becomes false when the run has a '%', a '\', or a '/' followed by '/' or '.'. */
typedef const char *scan_path(const char *floor, const char *from, const char *end, bool *is_plain);

typedef struct scan_kit {
    const char *label;
    scan_run *field_name;  /* RFC 9110 tchar without '_' */
    scan_run *field_value; /* HTAB, SP to '~', 0x80 to 0xff */
    scan_run *target;      /* '!' to '~' without '#' */
    scan_path *path;       /* as target, without '?' */
} scan_kit;

extern const scan_kit scan_scalar;
/** What this process uses; never changes after start. */
extern const scan_kit *scan_best;

enum { SCAN_KITS = 3 };
/** Fills in the kits that this processor can run, slowest first; returns how many (the last one is
 * scan_best).
 */
unsigned scan_kits(const scan_kit *kits[SCAN_KITS]);

/** Classes of single bytes. */
enum {
    SCAN_TOKEN = 1,
    SCAN_FIELD_NAME = 2,
    SCAN_FIELD_VALUE = 4,
    SCAN_TARGET = 8,
    SCAN_PATH = 16,
    SCAN_UNRESERVED = 32
};
extern const unsigned char scan_classes[256];

/** Whether a byte is of a class: an RFC 9110 tchar ('_' is one), an RFC 3986 unreserved byte, ... */
static inline bool scan_is(int class, char byte)
{
    return (scan_classes[(unsigned char)byte] & class) != 0;
}

#endif
