#include "acme/account.h"

#include "acme/base64url.h"
#include "acme/jws.h"
#include "schema/json/json.h"

#include <tern/log.h>

#include <stdio.h>
#include <string.h>

enum { HASH_HEX = 16 };

/* the file account-<hash>.json */
TERN_MODEL_WITH(Account, (.ignore_unknown = true),
    (const char *, directory),
    (const char *, url),
    (const char *, email, .optional = true))

TERN_MODEL(AccountRequest,
    (bool, agrees, .json = "termsOfServiceAgreed"),
    (tern_text_list, contact),
    (tern_any, binding, .json = "externalAccountBinding", .optional = true, .nullable = false))

TERN_MODEL(ContactRequest,
    (tern_text_list, contact))

/** "acme/account-0123456789abcdef.key" */
static void file_name(const char *directory, const char *end, char out[STORE_NAME_BYTES])
{
    uint8_t digest[CRYPTO_DIGEST_BYTES];
    char hash[HASH_HEX + 1];
    crypto_sha256((tern_str){directory, strlen(directory)}, digest);
    for (size_t i = 0; i < HASH_HEX / 2; i++)
        snprintf(hash + 2 * i, 3, "%02x", digest[i]);
    snprintf(out, STORE_NAME_BYTES, "acme/account-%s.%s", hash, end);
}

static bool fail_with(ca *c, buf *problem)
{
    ca_fail(c, "%s", store_reason(problem));
    buf_free(problem);
    return false;
}

/* -- the key -- */

static bool make_key(ca *c, const store *s, const char *name)
{
    buf problem = {0};
    c->key = crypto_key_new();
    tern_str pem = c->key != NULL ? crypto_key_print(c->key, c->arena) : (tern_str){0};
    if (pem.data == NULL)
        return ca_fail(c, "cannot make the account's key: out of memory");
    return store_write(s, name, pem.data, pem.len, &problem) || fail_with(c, &problem);
}

static bool open_key(ca *c, const store *s, const char *directory)
{
    char name[STORE_NAME_BYTES];
    tern_str pem;
    buf problem = {0};
    file_name(directory, "key", name);
    switch (store_read(s, name, c->arena, &pem, &problem)) {
    case STORE_FAILED:
        return fail_with(c, &problem);
    case STORE_ABSENT:
        return make_key(c, s, name);
    default:
        c->key = crypto_key_read(pem);
        return c->key != NULL || ca_fail(c,
                                         "%s/%s is not a key on P-256 in PEM: restore it, or remove it for a "
                                         "new account",
                                         s->path, name);
    }
}

/* -- the account -- */

/** A list of one or no `mailto:`. */
static bool set_contact(ca *c, const char *email, const char **item, tern_text_list *out)
{
    *out = (tern_text_list){.items = item};
    if (email == NULL)
        return true;
    *item = arena_printf(c->arena, "mailto:%s", email);
    out->count = 1;
    return *item != NULL || ca_fail(c, "out of memory");
}

/** `eab` has been checked by acme_check. */
static bool bind(ca *c, const char *eab, tern_any *out)
{
    const char *colon = strrchr(eab, ':');
    const char *kid = arena_text(c->arena, eab, (size_t)(colon - eab));
    size_t len = 0;
    const uint8_t *key = base64url_read(c->arena, (tern_str){colon + 1, strlen(colon + 1)}, &len);
    tern_str jws = {0};
    if (kid != NULL && key != NULL)
        jws = jws_bind(c->key, kid, key, len, c->directory.new_account, c->arena);
    *out = (tern_any){jws.data, jws.len};
    return jws.data != NULL || ca_fail(c, "out of memory");
}

static bool save(ca *c, const store *s, const char *directory, const char *email)
{
    char name[STORE_NAME_BYTES];
    buf problem = {0};
    const Account account = {.directory = directory, .url = c->account, .email = email};
    tern_str json = jws_json(TERN_TYPE(Account), &account, c->arena);
    if (json.data == NULL)
        return ca_fail(c, "out of memory");
    file_name(directory, "json", name);
    return store_write(s, name, json.data, json.len, &problem) || fail_with(c, &problem);
}

/** A new account, or the URL of the one that the key has already (RFC 8555 section 7.3.1). */
static bool make_account(ca *c, const store *s, const acme_config *config, const char *directory)
{
    ca_reply reply;
    const char *contact;
    AccountRequest request = {.agrees = true};
    request.tern_state.binding = TERN_STATE_ABSENT;
    if (c->directory.needs_external_account && config->eab == NULL)
        return ca_fail(
            c, "the authority wants an external account: give --acme-eab KID:HMACKEY with what it gave "
               "you");
    if (!set_contact(c, config->email, &contact, &request.contact))
        return false;
    if (config->eab != NULL) {
        request.tern_state.binding = TERN_STATE_VALUE;
        if (!bind(c, config->eab, &request.binding))
            return false;
    }
    if (!ca_post(c, c->directory.new_account, TERN_TYPE(AccountRequest), &request, &reply))
        return false;
    if (reply.location == NULL)
        return ca_fail(c, "POST %.400s: the answer has no Location with the account's URL",
                       c->directory.new_account);
    c->account = reply.location;
    if (reply.status == 201)
        tern_log(TERN_LOG_INFO, "acme: made an account at %s%s%s", directory,
                 c->directory.terms != NULL ? ", agreeing to " : "",
                 c->directory.terms != NULL ? c->directory.terms : "");
    return save(c, s, directory, config->email);
}

static bool is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool update_contact(ca *c, const store *s, const char *email, const char *directory)
{
    ca_reply reply;
    const char *contact;
    ContactRequest request;
    return set_contact(c, email, &contact, &request.contact) &&
           ca_post(c, c->account, TERN_TYPE(ContactRequest), &request, &reply) &&
           save(c, s, directory, email);
}

/** The account of the file; NULL when it has to be made. */
static bool read_kept(ca *c, const store *s, const char *directory, Account *out)
{
    char name[STORE_NAME_BYTES];
    buf problem = {0};
    ca_reply file = {.content_type = "application/json"};
    file_name(directory, "json", name);
    bool is_kept = store_read(s, name, c->arena, &file.body, &problem) == STORE_FOUND &&
                   ca_read(c, &file, TERN_TYPE(Account), out, name) && ca_is_url(out->url) &&
                   strcmp(out->directory, directory) == 0;
    buf_free(&problem);
    return is_kept;
}

bool account_open(ca *c, const store *s, const acme_config *config, const char *directory)
{
    Account kept;
    c->account = NULL;
    if (!open_key(c, s, directory))
        return false;
    if (!read_kept(c, s, directory, &kept))
        return make_account(c, s, config, directory);
    c->account = kept.url;
    return is_same(kept.email, config->email) || update_contact(c, s, config->email, directory);
}

void account_forget(ca *c, const store *s, const char *directory)
{
    char name[STORE_NAME_BYTES];
    file_name(directory, "json", name);
    store_remove(s, name);
    c->account = NULL;
}
