/** One-time codes as applications ask for them: texts, options, the clock. */
#include "auth/factor/otp.h"
#include "crypto/mac.h"
#include "crypto/random.h"
#include "crypto/sodium.h"

#include <tern/log.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PERIOD_S = 30, MOST_WINDOW = 10, MOST_AHEAD = 100, MOST_CODE = 32 };

/** Options with their defaults; an impossible one ends the handler. */
static tern_otp_options complete(tern_ctx *c, const tern_otp_options *given)
{
    tern_otp_options o = *given;
    const char *problem = "";
    o.digits = o.digits != 0 ? o.digits : 6;
    o.period_s = o.period_s != 0 ? o.period_s : PERIOD_S;
    o.window = o.window != 0 ? o.window : 1;
    o.now_s = o.now_s != 0 ? o.now_s : (int64_t)time(NULL);
    if (o.digits < 6 || o.digits > OTP_DIGITS_MAX || o.window > MOST_WINDOW) {
        tern_log(TERN_LOG_ERROR,
                 "tern_otp: .digits is %u and .window %u: digits are 6 to 8, a window is 10 at most",
                 o.digits, o.window);
        tern_fail(c, 500, "the options of a one-time code are wrong");
    }
    if (!sodium_load(&problem)) {
        tern_log(TERN_LOG_ERROR, "one-time codes: %s", problem);
        tern_fail(c, 503, "one-time codes cannot be checked now");
    }
    return o;
}

/** Without spaces; "" for a text that is too long to be a code. */
static void trim(const char *code, char out[MOST_CODE])
{
    size_t len = 0;
    for (; code != NULL && *code != '\0'; code++) {
        if (*code == ' ')
            continue;
        if (len == MOST_CODE - 1) {
            len = 0;
            break;
        }
        out[len++] = *code;
    }
    out[len] = '\0';
}

const char *tern_otp_code_with(tern_ctx *c, const char *secret, uint64_t step,
                               const tern_otp_options *options)
{
    tern_otp_options o = complete(c, options);
    uint8_t bytes[OTP_SECRET_MAX];
    char code[OTP_DIGITS_MAX + 1];
    size_t len = base32_read(secret, bytes);
    if (len == 0)
        return NULL;
    otp_code(bytes, len, step, o.digits, o.hash, code);
    mac_forget(bytes, sizeof bytes);
    return tern_strdup(c, code);
}

/** The step of the code; -1 when it is that of none. */
static int64_t find(const char *secret, const char *code, int64_t first, int64_t last,
                    const tern_otp_options *o)
{
    uint8_t bytes[OTP_SECRET_MAX];
    char plain[MOST_CODE];
    trim(code, plain);
    size_t len = base32_read(secret, bytes);
    int64_t found = len != 0 ? otp_find(bytes, len, plain, first, last, o->digits, o->hash) : -1;
    mac_forget(bytes, sizeof bytes);
    return found;
}

bool tern_otp_is_right_with(tern_ctx *c, const char *secret, const char *code, int64_t *last_step,
                            const tern_otp_options *options)
{
    tern_otp_options o = complete(c, options);
    int64_t now = o.now_s / (int64_t)o.period_s;
    int64_t found = find(secret, code, now - (int64_t)o.window, now + (int64_t)o.window, &o);
    if (found < 0 || found <= *last_step)
        return false;
    *last_step = found;
    return true;
}

bool tern_hotp_is_right(tern_ctx *c, const char *secret, const char *code, int64_t *counter, unsigned ahead,
                        const tern_otp_options *options)
{
    tern_otp_options o = complete(c, options != NULL ? options : &(tern_otp_options){0});
    ahead = ahead < MOST_AHEAD ? ahead : MOST_AHEAD;
    int64_t found = find(secret, code, *counter, *counter + (int64_t)ahead, &o);
    if (found < 0)
        return false;
    *counter = found + 1;
    return true;
}

const char *tern_otp_secret_new(tern_ctx *c)
{
    uint8_t bytes[OTP_SECRET_BYTES];
    char *text = tern_alloc(c, OTP_SECRET_BYTES * 8 / 5 + 2);
    if (!random_bytes(bytes, sizeof bytes))
        tern_fail(c, 503, "the system has no randomness");
    base32_write(bytes, sizeof bytes, text);
    mac_forget(bytes, sizeof bytes);
    return text;
}

/** As in a URI: all but letters, digits and "-._~" as %XX (RFC 3986 section 2.3). */
static const char *encode(tern_ctx *c, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    char *made = tern_alloc(c, 3 * strlen(text) + 1), *at = made;
    for (; *text != '\0'; text++) {
        if (strchr(plain, *text) != NULL)
            *at++ = *text;
        else
            at += sprintf(at, "%%%02X", (unsigned)(unsigned char)*text);
    }
    *at = '\0';
    return made;
}

const char *tern_otp_uri(tern_ctx *c, const char *secret, const char *issuer, const char *account,
                         const tern_otp_options *options)
{
    tern_otp_options o = complete(c, options != NULL ? options : &(tern_otp_options){0});
    const char *by = encode(c, issuer);
    return tern_sprintf(c, "otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=%s&digits=%u&period=%u", by,
                        encode(c, account), secret, by, o.hash == TERN_OTP_SHA256 ? "SHA256" : "SHA1",
                        o.digits, o.period_s);
}
