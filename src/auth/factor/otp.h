/** One-time codes: HOTP (RFC 4226), on which TOTP (RFC 6238) is built. No memory, no clock. */
#ifndef AUTH_FACTOR_OTP_H
#define AUTH_FACTOR_OTP_H

#include <tern/totp.h>

#include <stddef.h>
#include <stdint.h>

enum { OTP_SECRET_MAX = 64, OTP_SECRET_BYTES = 20, OTP_DIGITS_MAX = 8 };

/** Reads base32 (RFC 4648 section 6) in any case, past spaces, dashes and padding; the bytes, or 0 when it is not base32
 * or has no or more than OTP_SECRET_MAX bytes. */
size_t base32_read(const char *text, uint8_t out[OTP_SECRET_MAX]);
/** Writes `len` bytes as base32 without padding, and a NUL: len * 8 / 5 + 2 characters suffice. */
void base32_write(const uint8_t *data, size_t len, char *out);

/** The code of a counter: `digits` digits and a NUL. */
void otp_code(const uint8_t *secret, size_t len, uint64_t counter, unsigned digits, tern_otp_hash hash,
              char out[OTP_DIGITS_MAX + 1]);
/** The step from `first` to `last` whose code it is, -1 if there is none: all are compared, in constant time. */
int64_t otp_find(const uint8_t *secret, size_t len, const char *code, int64_t first, int64_t last,
                 unsigned digits, tern_otp_hash hash);

#endif
