/** The routes of tern/factors.h. */
#include "auth/passkey/ceremony.h"

#include <tern/factors.h>
#include <tern/identity.h>
#include <tern/json.h>
#include <tern/log.h>
#include <tern/middleware.h>
#include <tern/session.h>

#include <string.h>

/* Changing what proves the user needs a fresh proof of the factors that there are. */
#define FRESH TERN_SIGNED_IN ", " TERN_FRESH_LOGIN

TERN_MODEL(factor_status,
    (bool,    app,                 .help = "whether an authenticator app is set up"),
    (int64_t, recovery_codes_left),
    (int64_t, passkeys))
TERN_MODEL(factor_setup,
    (const char *, secret, .help = "for typing into the app"),
    (const char *, uri,    .help = "for a link on the device itself"),
    (const char *, qr,     .optional = true, .help = "an SVG image of the uri"))
TERN_MODEL(factor_codes, (tern_text_list, codes, .help = "each works once; they are not shown again"))
TERN_MODEL(factor_code, (const char *, code, .max_length = 64))
TERN_MODEL(factor_passkey_name, (int64_t, id), (const char *, name, .min_length = 1, .max_length = 64))
TERN_MODEL(factor_proved, (const char *, user), (int64_t, factors))

/* cmake/embed.cmake makes these from the files in page/. */
extern const unsigned char factor_page_factors_html[], factor_page_factors_js[];
extern const size_t factor_page_factors_html_len, factor_page_factors_js_len;

static tern_factor_options settings;

/** Begins or raises the session. */
static void sign_in(tern_ctx *c, const char *user_id, unsigned factors)
{
    if (settings.signed_in != NULL)
        settings.signed_in(c, user_id, factors);
    else
        tern_session_sign_in(c, user_id, .factors = factors);
}

static const char *user(tern_ctx *c)
{
    return tern_identity_of(c)->id; /* all routes that ask have .requires */
}

static const char *label(tern_ctx *c)
{
    const char *shown = settings.label != NULL ? settings.label(c) : tern_identity_of(c)->name;
    return shown != NULL ? shown : user(c);
}

/** Who has a second factor must have proved it before it is changed: a stolen session cannot take it away. */
static void need_factors(tern_ctx *c)
{
    if (tern_has_totp(c, user(c)))
        tern_require(c, TERN_TWO_FACTORS);
}

/* -- what there is -- */

TERN_HANDLER(factor_show)
{
    if (tern_prefers_html(c)) {
        tern_add_header(c, "Vary", "Accept");
        tern_set_header(
            c, "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
            "frame-ancestors 'none'");
        return tern_bytes_reply(c, "text/html; charset=utf-8", factor_page_factors_html,
                                factor_page_factors_html_len);
    }
    bool has_passkeys = passkey_settings.id != NULL;
    factor_status status = {.app = tern_has_totp(c, user(c)),
                            .recovery_codes_left = tern_recovery_codes_left(c, user(c)),
                            .passkeys = has_passkeys ? (int64_t)tern_passkeys_of(c, user(c)).count : 0};
    tern_add_header(c, "Vary", "Accept");
    return tern_json(c, factor_status, &status);
}

TERN_HANDLER(factor_script)
{
    return tern_bytes_reply(c, "text/javascript; charset=utf-8", factor_page_factors_js,
                            factor_page_factors_js_len);
}

/* -- the app -- */

TERN_HANDLER(factor_begin_app)
{
    tern_totp_setup made = tern_totp_begin(c, user(c), label(c));
    return tern_json(c, factor_setup, &(factor_setup){.secret = made.secret, .uri = made.uri, .qr = made.qr});
}

static tern_reply new_codes(tern_ctx *c)
{
    factor_codes codes = {.codes = tern_recovery_codes_new(c, user(c))};
    return tern_json(c, factor_codes, &codes);
}

TERN_HANDLER(factor_confirm_app, factor_code, in)
{
    if (!tern_totp_confirm(c, user(c), in->code))
        tern_fail_field(c, 422, "code", "wrong", "is not the code that the app shows now");
    tern_reply reply = new_codes(c);
    sign_in(c, user(c), 2);
    return reply;
}

TERN_HANDLER(factor_remove_app)
{
    need_factors(c);
    if (!tern_totp_remove(c, user(c)))
        tern_fail(c, 404, "no authenticator app is set up");
    return tern_no_content(c);
}

TERN_HANDLER(factor_new_codes)
{
    need_factors(c);
    if (!tern_has_totp(c, user(c)))
        tern_fail(c, 409, "recovery codes stand for an authenticator app: set it up first");
    return new_codes(c);
}

TERN_HANDLER(factor_prove, factor_code, in)
{
    if (!tern_totp_check(c, user(c), in->code) && !tern_recovery_code_use(c, user(c), in->code))
        tern_fail_field(c, 422, "code", "wrong",
                        "is not the code that the app shows now, nor a recovery code");
    sign_in(c, user(c), 2);
    return tern_json(c, factor_proved, &(factor_proved){.user = user(c), .factors = 2});
}

/* -- passkeys -- */

TERN_HANDLER(factor_passkeys)
{
    return tern_json_list(c, tern_passkey, tern_passkeys_of(c, user(c)));
}

TERN_HANDLER(factor_begin_passkey)
{
    need_factors(c);
    return tern_json_text(c, tern_passkey_creation(c, user(c), label(c), NULL));
}

TERN_HANDLER(factor_add_passkey, tern_passkey_reply, in)
{
    const char *problem = NULL;
    const tern_passkey *made = tern_passkey_add(c, user(c), in, tern_query(c, "name"), &problem);
    if (made == NULL)
        tern_fail(c, 422, "%s", problem);
    return tern_json(c, tern_passkey, made);
}

TERN_HANDLER(factor_rename_passkey, factor_passkey_name, in)
{
    if (!tern_passkey_rename(c, user(c), in->id, in->name))
        tern_fail(c, 404, "there is no such passkey");
    return tern_no_content(c);
}

TERN_HANDLER(factor_remove_passkey, tern_by_id, in)
{
    need_factors(c);
    if (!tern_passkey_remove(c, user(c), in->id))
        tern_fail(c, 404, "there is no such passkey");
    return tern_no_content(c);
}

TERN_HANDLER(factor_begin_login)
{
    return tern_json_text(c, tern_passkey_request(c, NULL));
}

TERN_HANDLER(factor_log_in, tern_passkey_reply, in)
{
    tern_passkey_proof proof;
    if (!tern_passkey_check(c, NULL, in, &proof)) {
        tern_log(TERN_LOG_INFO, "passkeys: a login was refused: %s", proof.problem);
        tern_fail(c, 401, "the passkey was not accepted");
    }
    if (settings.may_sign_in != NULL && !settings.may_sign_in(c, proof.user_id))
        tern_fail(c, 403, "the account is closed");
    sign_in(c, proof.user_id, proof.factors);
    return tern_json(c, factor_proved, &(factor_proved){.user = proof.user_id, .factors = proof.factors});
}

/* -- registering -- */

/** Nothing of these routes is for caches. */
static tern_reply run_uncached(tern_ctx *c, void *options)
{
    (void)options;
    tern_reply reply = tern_next(c);
    tern_set_header(c, "Cache-Control", "no-store");
    return reply;
}

static void add_passkey_routes(tern_group *at)
{
    tern_get(at, "/passkeys", factor_passkeys, .requires = TERN_SIGNED_IN, .returns = TERN_LIST(tern_passkey),
             .tags = "passkeys");
    tern_post(at, "/passkeys/options", factor_begin_passkey, .requires = FRESH, .tags = "passkeys",
              .not_fuzzed = true);
    tern_post(at, "/passkeys", factor_add_passkey, .requires = FRESH, .returns = TERN_TYPE(tern_passkey),
              .status = 201, .tags = "passkeys");
    tern_patch(at, "/passkeys/{id}", factor_rename_passkey, .requires = TERN_SIGNED_IN, .status = 204,
               .tags = "passkeys");
    tern_delete(at, "/passkeys/{id}", factor_remove_passkey, .requires = FRESH, .status = 204,
                .tags = "passkeys");
    tern_post(at, "/login/passkey/options", factor_begin_login, .requires = TERN_ANYBODY, .tags = "passkeys");
    tern_post(at, "/login/passkey", factor_log_in, .requires = TERN_ANYBODY,
              .returns = TERN_TYPE(factor_proved), .tags = "passkeys");
}

void tern_factor_routes_with(tern_group *group, const tern_factor_options *options)
{
    settings = *options;
    tern_group *at =
        tern_group_new_with(group, options->prefix != NULL ? options->prefix : "/account",
                            &(tern_group_options){.use = TERN_USE(TERN_MIDDLEWARE(run_uncached))});
    tern_get(at, "/two-factor", factor_show, .requires = TERN_SIGNED_IN, .returns = TERN_TYPE(factor_status),
             .tags = "two-factor");
    tern_get(at, "/two-factor.js", factor_script, .requires = TERN_ANYBODY, .hidden = true);
    tern_post(at, "/two-factor/app", factor_begin_app, .requires = FRESH, .returns = TERN_TYPE(factor_setup),
              .tags = "two-factor");
    tern_post(at, "/two-factor/app/confirm", factor_confirm_app, .requires = FRESH,
              .returns = TERN_TYPE(factor_codes), .tags = "two-factor");
    tern_delete(at, "/two-factor/app", factor_remove_app, .requires = FRESH, .status = 204,
                .tags = "two-factor");
    tern_post(at, "/two-factor/codes", factor_new_codes, .requires = FRESH,
              .returns = TERN_TYPE(factor_codes), .tags = "two-factor");
    tern_post(at, "/two-factor/prove", factor_prove, .requires = TERN_SIGNED_IN,
              .returns = TERN_TYPE(factor_proved), .tags = "two-factor");
    if (passkey_settings.id != NULL)
        add_passkey_routes(at);
}
