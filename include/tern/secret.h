/**
 * Values that leave the service and come back: sealed, so that nobody reads or changes them, or signed, so that nobody
 * changes them.
 *
 *     tern_secrets(app);                                      // in main: the program has secret keys
 *
 *     const char *link = tern_sign(c, "unsubscribe", "ann@example.org", .expires_s = 7 * 24 * 3600);
 *     const char *address = tern_unsign(c, "unsubscribe", in->token);
 *     if (address == NULL)
 *         tern_fail(c, 400, "the link is not valid, or too old");
 *
 * The keys are in TERN_SECRET_KEYS or in a file (docs/secrets.md); `APP secret new` makes one. The first, the newest,
 * seals and signs; what older ones made is still opened. A program that needs keys and has none does not start, except
 * by --development and under test: there it gets one that lasts as long as the process.
 */
#ifndef TERN_SECRET_H
#define TERN_SECRET_H

#include <tern/context.h>
#include <tern/reply.h>
#include <tern/str.h>

typedef struct tern_app tern_app; /* tern/app.h */

/** Declares, in `main`, that the application needs secret keys; the pieces of Tern that do call it. It may be called more
 * than once. It adds the command `APP secret`, and has libsodium loaded. */
void tern_secrets(tern_app *app);

typedef struct tern_secret_options {
    uint64_t expires_s; /* it is worth nothing after so many seconds; 0: as long as its key is kept */
} tern_secret_options;

const char *tern_seal_with(tern_ctx *c, const char *purpose, tern_str text,
                           const tern_secret_options *options);
const char *tern_sign_with(tern_ctx *c, const char *purpose, tern_str text,
                           const tern_secret_options *options);
/** The slice of a text; of NULL one that tern_seal and tern_sign refuse. */
tern_str tern_str_of_text_(const char *text);
static inline tern_str tern_str_of_str_(tern_str text)
{
    return text;
}
#define TERN_STR_OF_(text) _Generic((text), tern_str : tern_str_of_str_, default : tern_str_of_text_)(text)

/**
 * Seals a text (a `const char *`, or a tern_str of any bytes): letters, digits, '-' and '_', fit for a URL, a cookie or a
 * header, 4/3 as long as the text and 71 more. XChaCha20-Poly1305.
 *
 * `purpose` says what for ("email change"): a value of one purpose means nothing to another. It is not secret, and up to
 * 200 bytes long. Fails with 500 without tern_secrets, or when `text` is NULL.
 */
#define tern_seal(c, purpose, text, ...)                                                                     \
    tern_seal_with(c, purpose, TERN_STR_OF_(text), &(tern_secret_options){__VA_ARGS__})
/** The text that tern_seal was given; NULL when `sealed` is NULL, has changed in one bit, was made for another purpose or
 * by a key that is not kept, or has expired. */
const char *tern_unseal(tern_ctx *c, const char *purpose, const char *sealed);
/** The same for bytes, which may have a NUL among them; `.data` is NULL as above. A NUL follows them. */
tern_str tern_unseal_bytes(tern_ctx *c, const char *purpose, const char *sealed);

/** Signs a text without hiding it: the text, a '.', and 60 characters (HMAC-SHA256). Otherwise as tern_seal. */
#define tern_sign(c, purpose, text, ...)                                                                     \
    tern_sign_with(c, purpose, TERN_STR_OF_(text), &(tern_secret_options){__VA_ARGS__})
/** The text of what tern_sign has returned; NULL as tern_unseal. */
const char *tern_unsign(tern_ctx *c, const char *purpose, const char *signed_text);

bool tern_set_sealed_cookie_with(tern_ctx *c, const char *name, const char *value,
                                 const tern_cookie_options *options);
bool tern_set_signed_cookie_with(tern_ctx *c, const char *name, const char *value,
                                 const tern_cookie_options *options);
/** Sets a cookie that only this service reads; after `.max_age_s` it is also worth nothing to it. False, with a warning in
 * the log, when it would be longer than the 4096 bytes that browsers keep, or as tern_set_cookie. */
#define tern_set_sealed_cookie(c, name, value, ...)                                                          \
    tern_set_sealed_cookie_with(c, name, value, &(tern_cookie_options){__VA_ARGS__})
/** Sets a cookie that scripts may read and nobody may change. Bytes that a cookie cannot have are written as %XX. */
#define tern_set_signed_cookie(c, name, value, ...)                                                          \
    tern_set_signed_cookie_with(c, name, value, &(tern_cookie_options){__VA_ARGS__})
/** The value of such a cookie of the request; NULL when it is absent, or as tern_unseal. A cookie's value means nothing
 * under another name. */
const char *tern_sealed_cookie(tern_ctx *c, const char *name);
const char *tern_signed_cookie(tern_ctx *c, const char *name);

/** A text of `bytes` random bytes (1 to 256) of the kernel, as letters, digits, '-' and '_': 4/3 as long. 16 cannot be
 * guessed. Two processes never draw the same. Fails with 500 when the kernel has none. It needs no keys. */
const char *tern_random_text(tern_ctx *c, size_t bytes);

#endif
