/**
 * The two loops over the bytes of JSON text: one finds the end of a string, one checks UTF-8.
 *
 * All kits give the same results; they differ in how many bytes they process at once. The best one that the
 * processor has is chosen once, before main.
 */
#ifndef SCHEMA_JSON_SCAN_H
#define SCHEMA_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Returns the first '"', '\' or byte below 0x20 of [from, end), or `end`; `*is_high` becomes true when a byte
 * of 0x80 or more is before it.
 *
 * `floor` (at most `from`) is where the readable text begins: a vector scan of a short rest reads the last
 * bytes before `end` instead of past it. Nothing at or after `end` is read.
 */
typedef const char *json_scan_text(const char *floor, const char *from, const char *end, bool *is_high);
/** Whether `len` bytes are valid UTF-8 (RFC 3629). */
typedef bool json_scan_utf8(const char *text, size_t len);

typedef struct json_scan_kit {
    const char *label;
    json_scan_text *text;
    json_scan_utf8 *utf8;
} json_scan_kit;

extern const json_scan_kit json_scan_scalar;
#if defined(__x86_64__)
extern const json_scan_kit json_scan_sse42, json_scan_avx2;
#elif defined(__aarch64__)
extern const json_scan_kit json_scan_neon;
#endif

/** The kit that this process uses; does not change after start. */
extern const json_scan_kit *json_scan_best;

enum { JSON_SCAN_KITS = 3 };
/** Fills in the kits that this processor can run, slowest first; returns how many (the last one is
 * json_scan_best). */
unsigned json_scan_kits(const json_scan_kit *kits[JSON_SCAN_KITS]);

#endif
