/** Checks of what a browser replies: WebAuthn sections 7.1 and 7.2. */
#include "auth/passkey/ceremony.h"

#include "auth/base64url.h"
#include "crypto/mac.h"
#include "crypto/random.h"

#include <tern/access.h>
#include <tern/data.h>
#include <tern/log.h>
#include <tern/secret.h>
#include <tern/value.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CHALLENGE_BYTES = 32, KEPT_S = 2 * PASSKEY_SECONDS };

TERN_MODEL_WITH(passkey_used_row, (.table = "passkey_used"),
    (const char *, challenge, .key = true, .max_length = 43),
    (int64_t,      until_s,   .index = true))

static const char *const cookies[] = {[PASSKEY_CREATE] = "passkey_new", [PASSKEY_GET] = "passkey"};
static const char *const types[] = {[PASSKEY_CREATE] = "webauthn.create", [PASSKEY_GET] = "webauthn.get"};

tern_type *passkey_used_table(void)
{
    return TERN_TYPE(passkey_used_row);
}

void passkey_check_user(tern_ctx *c, const char *user_id)
{
    if (user_id != NULL && user_id[0] != '\0' && strnlen(user_id, PASSKEY_USER_MAX + 1) <= PASSKEY_USER_MAX)
        return;
    tern_log(TERN_LOG_ERROR, "passkeys: the id of a user has 1 to %d bytes", PASSKEY_USER_MAX);
    tern_fail(c, 500, "the id of the user is wrong");
}

static authenticator_bytes decode(tern_ctx *c, const char *text)
{
    if (text == NULL)
        return (authenticator_bytes){0};
    tern_str bytes = auth_base64url_bytes(c, (tern_str){text, strlen(text)});
    return (authenticator_bytes){(const uint8_t *)bytes.data, bytes.len};
}

/* -- the challenge -- */

const char *passkey_challenge_new(tern_ctx *c, passkey_ceremony ceremony, const char *user_id)
{
    const char *challenge = tern_random_text(c, CHALLENGE_BYTES);
    bool is_secure = strncmp(passkey_settings.origins, "https:", 6) == 0;
    tern_set_sealed_cookie(c, cookies[ceremony], tern_sprintf(c, "%s %s", challenge, user_id),
                           .max_age_s = PASSKEY_SECONDS, .secure = is_secure, .same_site = "Strict");
    return challenge;
}

/** The challenge that this browser was given for the user; NULL without one. */
static const char *challenge_of(tern_ctx *c, passkey_ceremony ceremony, const char *user_id)
{
    const char *kept = tern_sealed_cookie(c, cookies[ceremony]);
    const char *space = kept != NULL ? strchr(kept, ' ') : NULL;
    if (space == NULL || !tern_secrets_are_equal(user_id, space + 1))
        return NULL;
    return tern_sprintf(c, "%.*s", (int)(space - kept), kept);
}

bool passkey_use_challenge(tern_ctx *c, const char *challenge)
{
    int64_t now_s = (int64_t)time(NULL);
    tern_data_error error = {0};
    tern_remove_where(c, passkey_used_row, .where = "until_s < ?", .args = TERN_ARGS(now_s));
    passkey_used_row row = {.challenge = challenge, .until_s = now_s + KEPT_S};
    tern_insert(c, passkey_used_row, &row, .error = &error);
    if (error.fault != TERN_DATA_OK && error.fault != TERN_DATA_UNIQUE)
        tern_fail(c, 503, "the database cannot be asked");
    return error.fault == TERN_DATA_OK;
}

/* -- the reply -- */

static bool fail(const char **problem, const char *text)
{
    *problem = text;
    return false;
}

/** Whether `origin` is one of the list, whole and in its spelling: browsers write it in one way. */
static bool is_allowed_origin(const char *origin)
{
    size_t len = strlen(origin);
    for (const char *at = passkey_settings.origins; *at != '\0'; at += strspn(at, " ,")) {
        size_t one = strcspn(at, " ,");
        if (one == len && memcmp(at, origin, len) == 0)
            return true;
        at += one;
    }
    return false;
}

static bool check_client_data(tern_ctx *c, passkey_ceremony ceremony, authenticator_bytes bytes,
                              const char *challenge, const char **problem)
{
    const tern_value *data = tern_value_parse(c, (tern_str){(const char *)bytes.data, bytes.len});
    const char *type = tern_value_text(tern_value_get(data, "type"), "");
    const char *sent = tern_value_text(tern_value_get(data, "challenge"), "");
    const char *origin = tern_value_text(tern_value_get(data, "origin"), "");
    if (strcmp(type, types[ceremony]) != 0)
        return fail(problem, tern_sprintf(c, "the reply is not of type %s", types[ceremony]));
    if (!tern_secrets_are_equal(sent, challenge))
        return fail(problem, "the reply is to another challenge");
    if (!is_allowed_origin(origin))
        return fail(problem, "the reply comes from a page of another origin");
    bool is_cross = tern_value_bool(tern_value_get(data, "crossOrigin"), false) ||
                    tern_value_get(data, "topOrigin") != NULL;
    if (is_cross && !passkey_settings.cross_origin)
        return fail(problem, "the reply comes from a frame within a page of another origin");
    return true;
}

/** The relying party and the flags. */
static bool check_data(const authenticator_data *data, const char **problem)
{
    uint8_t hash[PASSKEY_HASH_BYTES];
    mac_sha256(passkey_settings.id, strlen(passkey_settings.id), hash);
    if (!mac_equal(hash, data->rp_id_hash, sizeof hash))
        return fail(problem, "the passkey is for another domain");
    if (!data->is_user_present)
        return fail(problem, "nobody has confirmed the use of the passkey");
    if (passkey_settings.user_check == TERN_PASSKEY_CHECK_REQUIRED && !data->is_user_verified)
        return fail(problem, "the device has not checked who holds it");
    return true;
}

/** The authenticator data of a new passkey. */
static bool open_attestation(tern_ctx *c, const tern_passkey_reply *reply, passkey_checked *out,
                             const char **problem)
{
    attestation object;
    authenticator_bytes bytes = decode(c, reply->response.attestation_object);
    if (bytes.data == NULL)
        return fail(problem, "attestationObject is missing, or not base64url");
    if (!attestation_read(bytes, &object, problem))
        return false;
    bool is_none = object.format.len == 4 && memcmp(object.format.data, "none", 4) == 0;
    if (is_none && !object.is_empty)
        return fail(problem, "the attestation is none, and has a statement");
    if (!is_none && passkey_settings.only_unattested)
        return fail(problem, "the reply says what device made it, which is not wanted here");
    out->raw = object.data;
    return true;
}

bool passkey_check_reply(tern_ctx *c, passkey_ceremony ceremony, const char *user_id,
                         const tern_passkey_reply *reply, passkey_checked *out, const char **problem)
{
    *out = (passkey_checked){.challenge = challenge_of(c, ceremony, user_id)};
    if (out->challenge == NULL)
        return fail(problem, "this browser was given no challenge for it within the last 5 minutes");
    if (strcmp(reply->type, "public-key") != 0 ||
        (reply->raw_id != NULL && strcmp(reply->raw_id, reply->id) != 0))
        return fail(problem, "the reply is not a public-key credential, or id and rawId differ");
    authenticator_bytes client = decode(c, reply->response.client_data);
    if (client.data == NULL)
        return fail(problem, "clientDataJSON is not base64url");
    if (!check_client_data(c, ceremony, client, out->challenge, problem))
        return false;
    mac_sha256(client.data, client.len, out->client_hash);
    if (ceremony == PASSKEY_CREATE) {
        if (!open_attestation(c, reply, out, problem))
            return false;
    } else {
        out->raw = decode(c, reply->response.authenticator_data);
        out->signature = decode(c, reply->response.signature);
        if (out->raw.data == NULL || out->signature.data == NULL)
            return fail(problem, "authenticatorData or signature is missing, or not base64url");
    }
    return authenticator_read(out->raw, &out->data, problem) && check_data(&out->data, problem);
}
