/**
 * The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes.
 *
 *     tern_two_factors(app, .issuer = "Shop");                  // in main: two tables, which are migrated with the others
 *
 *     tern_totp_setup setup = tern_totp_begin(c, user_id, user->email);
 *     // show setup.qr (SVG) and setup.secret; the user scans it, and types the code that the app shows:
 *     if (!tern_totp_confirm(c, user_id, in->code))
 *         tern_fail_field(c, 422, "code", "wrong", "is not the code that the app shows now");
 *     tern_text_list codes = tern_recovery_codes_new(c, user_id);   // show them once
 *
 *     // at login, after the password:
 *     if (!tern_totp_check(c, user_id, in->code) && !tern_recovery_code_use(c, user_id, in->code))
 *         tern_fail(c, 401, "the code is wrong");
 *
 * Secrets are sealed in the database by the secret keys (tern/secret.h); of recovery codes only hashes are kept. A code
 * counts once: the step of the last one is kept. After 5 wrong codes in a row a user waits, from 30 seconds up to 15
 * minutes, on all workers. `user_id` is any text of up to 64 bytes that names the user for good.
 */
#ifndef TERN_TOTP_H
#define TERN_TOTP_H

#include <tern/context.h>
#include <tern/model.h>

typedef struct tern_app tern_app;

/* -- one-time codes, without a database -- */

typedef enum tern_otp_hash {
    TERN_OTP_SHA1, /* which every app knows */
    TERN_OTP_SHA256
} tern_otp_hash;

typedef struct tern_otp_options {
    unsigned digits;   /* 6 to 8; default 6 */
    unsigned period_s; /* of TOTP; default 30 */
    unsigned window;   /* steps before and after the present one that count as well; default 1, at most 10 */
    tern_otp_hash hash;
    int64_t now_s; /* Unix seconds; 0: the present */
} tern_otp_options;

/** The code of a step, as text of `digits` digits: HOTP (RFC 4226) of the counter `step`. `secret` is base32 (RFC 4648),
 * in any case, spaces and padding are skipped. NULL when it is not base32, or decodes to nothing or to more than 64
 * bytes. */
#define tern_otp_code(c, secret, step, ...)                                                                  \
    tern_otp_code_with(c, secret, step, &(tern_otp_options){__VA_ARGS__})
const char *tern_otp_code_with(tern_ctx *c, const char *secret, uint64_t step,
                               const tern_otp_options *options);

/**
 * Whether `code` is right now, and was not used before: `*last_step` is the step of the last right code (0: none), and is
 * set. Spaces in the code are skipped. A right code of a step up to `*last_step` is refused (RFC 6238 section 5.2).
 */
#define tern_otp_is_right(c, secret, code, last_step, ...)                                                   \
    tern_otp_is_right_with(c, secret, code, last_step, &(tern_otp_options){__VA_ARGS__})
bool tern_otp_is_right_with(tern_ctx *c, const char *secret, const char *code, int64_t *last_step,
                            const tern_otp_options *options);
/** As tern_otp_is_right for codes that count (HOTP): `*counter` is the next one that the device may show; up to `ahead`
 * more are tried, and it is set past the one that was right (RFC 4226 section 7.4). */
bool tern_hotp_is_right(tern_ctx *c, const char *secret, const char *code, int64_t *counter, unsigned ahead,
                        const tern_otp_options *options);

/** A new secret of 160 bits, as base32. */
const char *tern_otp_secret_new(tern_ctx *c);
/** "otpauth://totp/Shop:ann%40example.org?secret=...&issuer=Shop...", which apps read from a QR code. */
const char *tern_otp_uri(tern_ctx *c, const char *secret, const char *issuer, const char *account,
                         const tern_otp_options *options);
/** A text of up to 1000 bytes as a QR code: an SVG image that fits into a page, and scales. NULL, with a line in the log,
 * when libqrencode is not installed: show the text instead. */
const char *tern_qr_svg(tern_ctx *c, const char *text);

/* -- kept for users -- */

typedef struct tern_two_factor_options {
    const char *issuer; /* what apps show above the code: the name of the service, without ':'; required */
    unsigned window;    /* as above */
} tern_two_factor_options;
void tern_two_factors_with(tern_app *app, const tern_two_factor_options *options);
/** Declares that users have second factors: the tables "factor_totp" and "factor_recovery_code", and secret keys. It may be
 * called more than once; the first sets the options. */
#define tern_two_factors(app, ...) tern_two_factors_with(app, &(tern_two_factor_options){__VA_ARGS__})

typedef struct tern_totp_setup {
    const char *secret; /* base32, in groups of four letters: for typing */
    const char *uri;    /* for a link on the device itself */
    const char *qr;     /* SVG; NULL without libqrencode */
} tern_totp_setup;

/** Begins to set up an app: keeps a new secret, which counts once it is confirmed. `account`: the user's address or name,
 * shown by the app. Replaces one that was begun before; fails with 409 when the user has a confirmed one. */
tern_totp_setup tern_totp_begin(tern_ctx *c, const char *user_id, const char *account);
/** The right code of the app makes the setup count. False for a wrong one, and when none was begun in the last hour. */
bool tern_totp_confirm(tern_ctx *c, const char *user_id, const char *code);
/** Whether the user has an app whose setup is confirmed. */
bool tern_has_totp(tern_ctx *c, const char *user_id);
/** Whether `code` is the one that the user's app shows now, and was not used before. False without an app. Fails with 429
 * after too many wrong codes, and says when to try again. Call it outside of a transaction: one that is rolled back would
 * forget the wrong code. */
bool tern_totp_check(tern_ctx *c, const char *user_id, const char *code);
/** Removes the user's app; false without one. Recovery codes go with it. */
bool tern_totp_remove(tern_ctx *c, const char *user_id);

/** Ten new recovery codes ("k3fd-9x2m-..."), in place of all that the user had. Show them once: only hashes are kept. */
tern_text_list tern_recovery_codes_new(tern_ctx *c, const char *user_id);
/** Whether `code` is one that is left, which is then used up. Case, spaces and dashes do not matter. Codes have 80
 * random bits, too many to guess, so wrong ones are not counted. */
bool tern_recovery_code_use(tern_ctx *c, const char *user_id, const char *code);
/** How many are left. */
int64_t tern_recovery_codes_left(tern_ctx *c, const char *user_id);

#endif
