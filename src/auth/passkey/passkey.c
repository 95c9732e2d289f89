/** Passkeys of users: new ones, proofs, the list. */
#include "auth/passkey/ceremony.h"

#include "auth/base64url.h"
#include "crypto/key.h"
#include "crypto/signature.h"

#include <tern/data.h>
#include <tern/log.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MOST_TRANSPORTS = 100 };

/* -- a new passkey -- */

/** Known ways to reach an authenticator, with commas between them; others are left out. */
static const char *transports_of(tern_ctx *c, tern_text_list given)
{
    static const char *const known[] = {"usb", "nfc", "ble", "internal", "hybrid", "smart-card"};
    char *text = tern_alloc(c, MOST_TRANSPORTS), *at = text;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        for (size_t j = 0; j < given.count; j++)
            if (given.items[j] != NULL && strcmp(given.items[j], known[i]) == 0) {
                at += sprintf(at, "%s%s", at != text ? "," : "", known[i]);
                break;
            }
    return text;
}

/** "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4". */
static const char *device_of(tern_ctx *c, const uint8_t *a)
{
    return tern_sprintf(c, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", a[0], a[1],
                        a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12], a[13], a[14],
                        a[15]);
}

static void free_key(void *k)
{
    key_free(k);
}

/** The key of a passkey, freed with the request; NULL with `*problem`. */
static key *open_key(tern_ctx *c, const uint8_t *data, size_t len, const char **problem)
{
    key *k = key_of_cose(data, len, NULL, problem);
    if (k != NULL)
        tern_defer(c, free_key, k);
    return k;
}

static const tern_passkey *refuse(const char **problem, const char *text)
{
    *problem = text;
    return NULL;
}

const tern_passkey *tern_passkey_add(tern_ctx *c, const char *user_id, const tern_passkey_reply *reply,
                                     const char *name, const char **problem)
{
    passkey_checked r;
    tern_data_error error = {0};
    passkey_check_user(c, user_id);
    if (!passkey_check_reply(c, PASSKEY_CREATE, user_id, reply, &r, problem))
        return NULL;
    if (!r.data.has_credential)
        return refuse(problem, "the reply has no credential");
    if (strcmp(auth_base64url(c, r.data.credential_id.data, r.data.credential_id.len), reply->id) != 0)
        return refuse(problem, "the id of the reply is not that of its credential");
    if (open_key(c, r.data.key.data, r.data.key.len, problem) == NULL)
        return NULL;
    if (!passkey_use_challenge(c, r.challenge))
        return refuse(problem, "the challenge was used before");
    tern_passkey *row = tern_alloc(c, sizeof *row);
    *row = (tern_passkey){.user_id = user_id,
                          .credential_id = reply->id,
                          .public_key = {r.data.key.data, r.data.key.len},
                          .counter = r.data.counter,
                          .name = name != NULL && name[0] != '\0' ? name : "Passkey",
                          .device = device_of(c, r.data.aaguid),
                          .transports = transports_of(c, reply->response.transports),
                          .can_move = r.data.is_backup_eligible,
                          .has_copy = r.data.is_backed_up};
    tern_insert(c, tern_passkey, row, .error = &error);
    if (error.fault == TERN_DATA_UNIQUE)
        return refuse(problem, "the passkey is known already");
    if (error.fault != TERN_DATA_OK)
        tern_fail(c, error.fault == TERN_DATA_BAD_VALUE || error.fault == TERN_DATA_CHECK ? 422 : 503,
                  "the passkey cannot be kept");
    return row;
}

/* -- a proof -- */

/** The row that the reply names, of the user if one is given. */
static tern_passkey *find(tern_ctx *c, const char *user_id, const tern_passkey_reply *reply,
                          const char **problem)
{
    tern_passkey *row =
        tern_first(c, tern_passkey, .where = "credential_id = ?", .args = TERN_ARGS(reply->id));
    if (row == NULL || (user_id != NULL && strcmp(row->user_id, user_id) != 0)) {
        *problem = "the passkey is not known here, or of another user";
        return NULL;
    }
    const char *handle = reply->response.user_handle;
    if (handle != NULL && handle[0] != '\0' &&
        strcmp(handle, auth_base64url(c, row->user_id, strlen(row->user_id))) != 0) {
        *problem = "the passkey was made for another user";
        return NULL;
    }
    return row;
}

/** WebAuthn section 7.2 step 20: of the authenticator data and the hash of the client data. */
static bool is_signed(tern_ctx *c, const tern_passkey *row, const passkey_checked *r, const char **problem)
{
    key *k = open_key(c, row->public_key.data, row->public_key.len, problem);
    if (k == NULL)
        return false;
    uint8_t *both = tern_alloc(c, r->raw.len + sizeof r->client_hash);
    memcpy(both, r->raw.data, r->raw.len);
    memcpy(both + r->raw.len, r->client_hash, sizeof r->client_hash);
    *problem = "the signature is wrong";
    return signature_check_der(k, both, r->raw.len + sizeof r->client_hash, r->signature.data,
                               r->signature.len);
}

/** Keeps the counter, which must rise unless the device does not count; and the state of copies. */
static bool keep_use(tern_ctx *c, tern_passkey *row, const passkey_checked *r, const char **problem)
{
    int64_t counter = r->data.counter;
    tern_datetime now = {(int64_t)time(NULL) * 1000000};
    int64_t changed = tern_sql_run(c,
                                   "update passkey set counter = ?, has_copy = ?, used = ? where id = ? and "
                                   "(counter < ? or (counter = 0 and ? = 0))",
                                   counter, r->data.is_backed_up, now, row->id, counter, counter);
    *problem = "the passkey's counter did not rise";
    if (changed != 1)
        tern_log(TERN_LOG_WARN,
                 "passkeys: the counter of passkey %" PRId64 " of user %s went from %" PRId64 " to %" PRId64
                 ", so its key may have been copied: the login was refused",
                 row->id, row->user_id, row->counter, counter);
    row->counter = counter;
    row->has_copy = r->data.is_backed_up;
    row->used = now;
    return changed == 1;
}

bool tern_passkey_check(tern_ctx *c, const char *user_id, const tern_passkey_reply *reply,
                        tern_passkey_proof *proof)
{
    passkey_checked r;
    const char **problem = &proof->problem;
    *proof = (tern_passkey_proof){0};
    if (!passkey_check_reply(c, PASSKEY_GET, user_id != NULL ? user_id : "", reply, &r, problem))
        return false;
    tern_passkey *row = find(c, user_id, reply, problem);
    if (row == NULL || !is_signed(c, row, &r, problem))
        return false;
    if (!passkey_use_challenge(c, r.challenge)) {
        *problem = "the challenge was used before";
        return false;
    }
    if (row->can_move != r.data.is_backup_eligible) {
        *problem = "the passkey says of copies what it did not say when it was made";
        return false;
    }
    if (!keep_use(c, row, &r, problem))
        return false;
    *proof = (tern_passkey_proof){.user_id = row->user_id,
                                  .passkey = row,
                                  .user_verified = r.data.is_user_verified,
                                  .factors = r.data.is_user_verified ? 2 : 1};
    return true;
}

/* -- the list -- */

tern_passkey_list tern_passkeys_of(tern_ctx *c, const char *user_id)
{
    return tern_select(c, tern_passkey, .where = "user_id = ?", .args = TERN_ARGS(user_id), .order_by = "id");
}

bool tern_passkey_rename(tern_ctx *c, const char *user_id, int64_t id, const char *name)
{
    if (name == NULL || name[0] == '\0')
        return false;
    return tern_sql_run(c, "update passkey set name = ? where id = ? and user_id = ?", name, id, user_id) ==
           1;
}

bool tern_passkey_remove(tern_ctx *c, const char *user_id, int64_t id)
{
    return tern_remove_where(c, tern_passkey, .where = "id = ? and user_id = ?",
                             .args = TERN_ARGS(id, user_id)) == 1;
}
