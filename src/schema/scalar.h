/**
 * Single values as text: in queries, forms, headers, fallbacks, and JSON strings.
 */
#ifndef SCHEMA_SCALAR_H
#define SCHEMA_SCALAR_H

#include "base/arena.h"

#include <tern/model.h>

enum { SCALAR_PRINT_BYTES = 64 }; /* the longest text of a fixed-size scalar */

/**
 * Reads `text` (of `len` bytes, not NUL-terminated) as a value of `type` (not a model, list or map) into
 * `out`.
 *
 * The whole text must be the value: no white space, no trailing bytes. bool: true false 1 0 yes no on off, in
 * any case (JSON reads its own literals elsewhere). Integers: decimal, exact. Floats: decimal, correctly
 * rounded, finite. Text and bytes are copied to the arena when `a` is not NULL; otherwise they point into
 * `text`, which then must be NUL-terminated.
 * @return NULL, or what it should have been ("a whole number from 0 to 255", "a date like 2026-11-23"):
 * static text or from the arena.
 */
const char *scalar_read(const tern_type *type, const char *text, size_t len, void *out, arena *a);

/** Prints a fixed-size scalar (no text, bytes, any, upload) without NUL; returns the length. Enum values
 * without a name print as "". Doubles: the shortest text that reads back the same. */
size_t scalar_print(const tern_type *type, const void *value, char out[SCALAR_PRINT_BYTES]);

/** The value of an integer of any size (unsigned 64-bit ones as their bits). */
int64_t scalar_int(const tern_type *type, const void *value);
/** "a whole number from 0 to 255". */
const char *scalar_int_range(const tern_type *type);
/** The name of an enum's value, "" when it has none. */
const char *scalar_enum_name(const tern_type *type, int value);
/** "one of red, green" in the arena; a general phrase when `a` is NULL. */
const char *scalar_enum_names(const tern_type *type, arena *a);

/* The parts, shared with the JSON codec. All read exactly `len` bytes. */
/** JSON's number grammar, correctly rounded (ties to even). False also when the number is too large for a
 * double ("1e309"); one too small becomes 0 or -0. Linear in `len`. */
bool number_read_double(const char *text, size_t len, double *out);
/** Reads a number at the front of `text`, in one pass: returns its length, 0 when there is none or it is too
 * large. The caller checks what follows the number ("1x", "1]"). */
size_t number_take_double(const char *text, size_t len, double *out);
/**
 * The shortest text that reads back as the same value, for finite values only; at most 25 bytes, no NUL. The
 * rest of the SCALAR_PRINT_BYTES of `out` may be overwritten. Written as JavaScript writes numbers, so whole
 * ones without a point: "0.1", "1", "100000000000000000000", "1e21", "1.5e-7"; minus zero is "-0", which
 * reads back as minus zero.
 */
size_t number_print_double(double value, char *out);
size_t number_print_float(float value, char *out); /* the shortest text that a float needs */
size_t number_print_i64(int64_t value, char *out); /* at most 20 bytes, as for u64 */
size_t number_print_u64(uint64_t value, char *out);
bool decimal_read(const char *text, size_t len, tern_decimal *out);
bool uuid_read(const char *text, size_t len, tern_uuid *out);
bool date_read(const char *text, size_t len, tern_date *out);
bool time_read(const char *text, size_t len, tern_time *out);
bool datetime_read(const char *text, size_t len, tern_datetime *out);
bool duration_read(const char *text, size_t len, tern_duration *out);
/** Decodes padded base64 into `out` (3 * len / 4 bytes of room); length or -1. */
long base64_read(const char *text, size_t len, uint8_t *out);
/** Encodes into `out` (4 * ((len + 2) / 3) bytes of room); length. */
size_t base64_print(const uint8_t *data, size_t len, char *out);

#endif
