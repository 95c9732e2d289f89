/** The second factors of users, in the application's database. */
#include "auth/factor/otp.h"
#include "crypto/base64url.h"
#include "crypto/mac.h"
#include "crypto/random.h"

#include <tern/data.h>
#include <tern/log.h>
#include <tern/middleware.h>
#include <tern/secret.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    FREE_FAILURES = 5, /* wrong codes in a row before a user has to wait */
    FIRST_WAIT_S = 30, /* doubled by each further one, */
    MOST_WAIT_S = 900, /* up to this */
    SETUP_S = 3600,    /* how long a setup may take */
    RACES = 8,         /* attempts of one user at the same time */
    RECOVERY_CODES = 10,
    RECOVERY_BYTES = 10, /* 80 bits: too many to guess, so a fast hash will do */
    RECOVERY_LETTERS = 16,
    USER_ID_MAX = 64
};

TERN_MODEL_WITH(tern_totp_row, (.table = "factor_totp"),
    (const char *, user_id,         .key = true, .max_length = 64),
    (const char *, secret,          .max_length = 255, .secret = true),
    (bool,         is_confirmed),
    (int64_t,      last_step),
    (int64_t,      begun_s),
    (int64_t,      failures),
    (int64_t,      blocked_until_s))

TERN_MODEL_WITH(tern_recovery_code_row, (.table = "factor_recovery_code"),
    (int64_t,      id,      .key = true),
    (const char *, user_id, .max_length = 64, .index = true),
    (const char *, hash,    .max_length = 43, .secret = true))

static struct {
    bool is_declared;
    tern_two_factor_options given;
} settings;

void tern_two_factors_with(tern_app *app, const tern_two_factor_options *options)
{
    tern_tables_of(app, "tern_two_factors",
                   (tern_type *const[]){TERN_TYPE(tern_totp_row), TERN_TYPE(tern_recovery_code_row), NULL});
    tern_secrets(app);
    if (settings.is_declared)
        return;
    settings.is_declared = true;
    settings.given = *options;
    if (options->issuer == NULL || options->issuer[0] == '\0' || strchr(options->issuer, ':') != NULL)
        tern_mistake(
            app, "two_factors: .issuer is \"%s\": give the name that apps show above the code, without ':'",
            options->issuer != NULL ? options->issuer : "");
    else if ((settings.given.issuer = tern_keep(options->issuer, strlen(options->issuer) + 1)) == NULL)
        tern_mistake(app, "two_factors: out of memory");
    if (options->window > 10)
        tern_mistake(app, "two_factors: .window is %u: 10 steps, 5 minutes, are the most", options->window);
}

static int64_t now_s(void)
{
    return (int64_t)time(NULL);
}

static void check_user(tern_ctx *c, const char *user_id)
{
    if (user_id != NULL && user_id[0] != '\0' && strnlen(user_id, USER_ID_MAX + 1) <= USER_ID_MAX)
        return;
    tern_log(TERN_LOG_ERROR, "two_factors: the id of a user has 1 to %d bytes", USER_ID_MAX);
    tern_fail(c, 500, "the id of the user is wrong");
}

/* -- the app's secret -- */

/** One row's secret means nothing in another one. */
static const char *purpose_of(tern_ctx *c, const char *user_id)
{
    return tern_sprintf(c, "tern totp %s", user_id);
}

/** The secret as base32; NULL, with a line in the log, when its key is gone. */
static const char *open_secret(tern_ctx *c, const tern_totp_row *row)
{
    const char *secret = tern_unseal(c, purpose_of(c, row->user_id), row->secret);
    if (secret == NULL)
        tern_log(
            TERN_LOG_ERROR,
            "two_factors: the secret of user %s cannot be unsealed: its key was taken out of the secret keys, "
            "or the row was changed. The user needs a recovery code",
            row->user_id);
    return secret;
}

/** In groups of four letters. */
static const char *group(tern_ctx *c, const char *letters, char between)
{
    char *made = tern_alloc(c, strlen(letters) * 2), *at = made;
    for (size_t i = 0; letters[i] != '\0'; i++) {
        if (i != 0 && i % 4 == 0)
            *at++ = between;
        *at++ = letters[i];
    }
    return made;
}

tern_totp_setup tern_totp_begin(tern_ctx *c, const char *user_id, const char *account)
{
    check_user(c, user_id);
    const tern_totp_row *old = tern_find(c, tern_totp_row, user_id);
    if (old != NULL && old->is_confirmed)
        tern_fail(c, 409, "an authenticator app is already set up: remove it first");
    const char *secret = tern_otp_secret_new(c);
    tern_totp_row row = {
        .user_id = user_id, .secret = tern_seal(c, purpose_of(c, user_id), secret), .begun_s = now_s()};
    tern_upsert(c, tern_totp_row, &row);
    tern_totp_setup setup = {.secret = group(c, secret, ' '),
                             .uri = tern_otp_uri(c, secret, settings.given.issuer, account, NULL)};
    setup.qr = tern_qr_svg(c, setup.uri);
    return setup;
}

bool tern_has_totp(tern_ctx *c, const char *user_id)
{
    const tern_totp_row *row = tern_find(c, tern_totp_row, user_id);
    return row != NULL && row->is_confirmed;
}

/* -- wrong codes -- */

static int64_t wait_after(int64_t failures)
{
    int64_t more = failures - FREE_FAILURES;
    int64_t wait_s = more < 0 ? 0 : more > 5 ? MOST_WAIT_S : (int64_t)FIRST_WAIT_S << more;
    return wait_s < MOST_WAIT_S ? wait_s : MOST_WAIT_S;
}

static _Noreturn void fail_blocked(tern_ctx *c, int64_t until_s)
{
    tern_fail(c, 429, "too many wrong codes: try again in %" PRId64 " seconds", until_s - now_s());
}

/**
 * Counts an attempt as a failure before it is made; success takes it back. So of requests that come at the same time each
 * is counted. Returns the row; fails with 429 when the user has to wait.
 */
static const tern_totp_row *begin_attempt(tern_ctx *c, const char *user_id)
{
    for (int i = 0; i < RACES; i++) {
        const tern_totp_row *row = tern_find(c, tern_totp_row, user_id);
        if (row == NULL)
            return NULL;
        if (row->blocked_until_s > now_s())
            fail_blocked(c, row->blocked_until_s);
        int64_t wait_s = wait_after(row->failures + 1);
        if (tern_sql_run(
                c,
                "update factor_totp set failures = failures + 1, blocked_until_s = ? where user_id = ? and "
                "failures = ?",
                wait_s != 0 ? now_s() + wait_s : 0, user_id, row->failures) == 1)
            return row;
    }
    tern_fail(c, 429, "too many codes at the same time");
}

static bool is_right(tern_ctx *c, const tern_totp_row *row, const char *code, int64_t *step)
{
    const char *secret = open_secret(c, row);
    *step = row->last_step;
    return secret != NULL && tern_otp_is_right(c, secret, code, step, .window = settings.given.window);
}

/** Keeps the step, unless another request has used it or a later one; the attempt is no failure. */
static bool end_attempt(tern_ctx *c, const char *user_id, int64_t step)
{
    const bool is_confirmed = true; /* the literal would be a number */
    return tern_sql_run(
               c,
               "update factor_totp set last_step = ?, failures = 0, blocked_until_s = 0, is_confirmed = ? "
               "where user_id = ? and last_step < ?",
               step, is_confirmed, user_id, step) == 1;
}

bool tern_totp_confirm(tern_ctx *c, const char *user_id, const char *code)
{
    int64_t step;
    const tern_totp_row *row = begin_attempt(c, user_id);
    return row != NULL && !row->is_confirmed && row->begun_s > now_s() - SETUP_S &&
           is_right(c, row, code, &step) && end_attempt(c, user_id, step);
}

bool tern_totp_check(tern_ctx *c, const char *user_id, const char *code)
{
    int64_t step;
    if (!tern_has_totp(c, user_id))
        return false;
    const tern_totp_row *row = begin_attempt(c, user_id);
    return row != NULL && row->is_confirmed && is_right(c, row, code, &step) && end_attempt(c, user_id, step);
}

bool tern_totp_remove(tern_ctx *c, const char *user_id)
{
    tern_remove_where(c, tern_recovery_code_row, .where = "user_id = ?", .args = TERN_ARGS(user_id));
    return tern_remove(c, tern_totp_row, user_id);
}

/* -- recovery codes -- */

/** The letters of a code, without what people put between them; false when they are not as many as a code has. */
static bool plain_code(const char *code, char out[RECOVERY_LETTERS + 1])
{
    size_t len = 0;
    for (; code != NULL && *code != '\0'; code++) {
        if (*code == ' ' || *code == '-')
            continue;
        if (len == RECOVERY_LETTERS)
            return false;
        out[len++] = *code >= 'A' && *code <= 'Z' ? (char)(*code - 'A' + 'a') : *code;
    }
    out[len] = '\0';
    return len == RECOVERY_LETTERS;
}

static const char *hash_code(tern_ctx *c, const char *user_id, const char *plain)
{
    uint8_t digest[MAC_BYTES];
    const char *text = tern_sprintf(c, "%s %s", user_id, plain);
    char *hash = tern_alloc(c, BASE64URL_LEN(MAC_BYTES) + 1);
    mac_sha256(text, strlen(text), digest);
    base64url_write(digest, sizeof digest, hash);
    return hash;
}

tern_text_list tern_recovery_codes_new(tern_ctx *c, const char *user_id)
{
    check_user(c, user_id);
    const char **codes = tern_alloc(c, RECOVERY_CODES * sizeof *codes);
    tern_recovery_code_row *rows = tern_alloc(c, RECOVERY_CODES * sizeof *rows);
    for (int i = 0; i < RECOVERY_CODES; i++) {
        uint8_t bytes[RECOVERY_BYTES];
        char letters[RECOVERY_LETTERS + 2];
        if (!random_bytes(bytes, sizeof bytes))
            tern_fail(c, 503, "the system has no randomness");
        base32_write(bytes, sizeof bytes, letters);
        plain_code(letters, letters); /* in lowercase */
        codes[i] = group(c, letters, '-');
        rows[i] = (tern_recovery_code_row){.user_id = user_id, .hash = hash_code(c, user_id, letters)};
    }
    tern_transaction (c) {
        tern_remove_where(c, tern_recovery_code_row, .where = "user_id = ?", .args = TERN_ARGS(user_id));
        tern_insert_all(c, tern_recovery_code_row, ((tern_recovery_code_row_list){rows, RECOVERY_CODES}));
    }
    return (tern_text_list){codes, RECOVERY_CODES};
}

bool tern_recovery_code_use(tern_ctx *c, const char *user_id, const char *code)
{
    char plain[RECOVERY_LETTERS + 1];
    if (!plain_code(code, plain))
        return false;
    const char *hash = hash_code(c, user_id, plain);
    return tern_remove_where(c, tern_recovery_code_row, .where = "user_id = ? and hash = ?",
                             .args = TERN_ARGS(user_id, hash)) == 1;
}

int64_t tern_recovery_codes_left(tern_ctx *c, const char *user_id)
{
    return tern_count(c, tern_recovery_code_row, .where = "user_id = ?", .args = TERN_ARGS(user_id));
}
