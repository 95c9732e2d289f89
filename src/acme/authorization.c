#include "acme/authorization.h"

#include "acme/base64url.h"
#include "acme/jws.h"
#include "acme/poll.h"

#include <stdio.h>
#include <string.h>

TERN_MODEL_WITH(Identifier, (.ignore_unknown = true),
    (const char *, type),
    (const char *, value))

TERN_MODEL_WITH(Challenge, (.ignore_unknown = true),
    (const char *, type),
    (const char *, url),
    (const char *, status),
    (const char *, token, .optional = true),
    (tern_any, error, .optional = true))

TERN_MODEL_WITH(Authorization, (.ignore_unknown = true),
    (Identifier, identifier),
    (const char *, status),
    (Challenge_list, challenges))

/* `{}`: what tells the authority to begin */
TERN_MODEL(ChallengeRequest,
    (bool, unused, .optional = true, .nullable = false))

enum { FIRST_KINDS = 2 };

static const char *const http_01 = "http-01", *const tls_alpn_01 = "tls-alpn-01";

/* -- which challenge -- */

/** The kinds to use, the better first: what has worked before, else by turns. */
static void choose_kinds(const order *o, const char *kinds[FIRST_KINDS])
{
    const record *r = o->record;
    bool is_http_first = r->challenge != NULL ? strcmp(r->challenge, http_01) == 0 : false;
    if (r->failures % 2 != 0)
        is_http_first = !is_http_first;
    kinds[0] = is_http_first ? http_01 : tls_alpn_01;
    kinds[1] = is_http_first ? tls_alpn_01 : http_01;
    if (o->config->challenge == ACME_AUTO)
        return;
    kinds[0] = o->config->challenge == ACME_HTTP_01 ? http_01 : tls_alpn_01;
    kinds[1] = NULL;
}

static const Challenge *find_kind(const Authorization *a, const char *kind)
{
    for (size_t i = 0; kind != NULL && i < a->challenges.count; i++)
        if (strcmp(a->challenges.items[i].type, kind) == 0)
            return &a->challenges.items[i];
    return NULL;
}

/** NULL, with a fault, when none of the kinds is offered. */
static const Challenge *choose(order *o, const Authorization *a)
{
    const char *kinds[FIRST_KINDS];
    choose_kinds(o, kinds);
    const Challenge *found = find_kind(a, kinds[0]);
    if (found == NULL)
        found = find_kind(a, kinds[1]);
    if (found == NULL) {
        ca_fail(o->ca, "the authority does not offer the challenge %s%s%s for %.253s", kinds[0],
                kinds[1] != NULL ? " or " : "", kinds[1] != NULL ? kinds[1] : "", a->identifier.value);
        return NULL;
    }
    tern_str token = {found->token != NULL ? found->token : "",
                      found->token != NULL ? strlen(found->token) : 0};
    if (token.len == 0 || token.len > ACME_TOKEN_BYTES || !base64url_is(token) || !ca_is_url(found->url)) {
        ca_fail(o->ca, "the authority's challenge %s has a malformed token or URL", found->type);
        return NULL;
    }
    return found;
}

/* -- the answer -- */

static bool write_answer(order *o, const char *file, const char *data, size_t len)
{
    buf problem = {0};
    if (data == NULL)
        return ca_fail(o->ca, "cannot answer a challenge: out of memory");
    if (store_write(o->store, file, data, len, &problem))
        return true;
    ca_fail(o->ca, "%s", store_reason(&problem));
    buf_free(&problem);
    return false;
}

static bool answer(order *o, const char *name, const Challenge *challenge, char file[STORE_NAME_BYTES])
{
    ca *c = o->ca;
    const char *proof = jws_key_authorization(c->key, challenge->token, c->arena);
    if (proof == NULL)
        return ca_fail(c, "cannot answer a challenge: out of memory");
    if (strcmp(challenge->type, http_01) == 0) {
        snprintf(file, STORE_NAME_BYTES, "acme/http-01/%s", challenge->token);
        return write_answer(o, file, proof, strlen(proof));
    }
    uint8_t digest[CRYPTO_DIGEST_BYTES];
    crypto_sha256((tern_str){proof, strlen(proof)}, digest);
    tern_str pem = certificate_for_challenge(name, digest, c->arena);
    snprintf(file, STORE_NAME_BYTES, "acme/alpn/%s.pem", name);
    return write_answer(o, file, pem.data, pem.len);
}

void authorization_clear(const store *s)
{
    store_clear(s, "acme/http-01");
    store_clear(s, "acme/alpn");
}

/* -- the wait -- */

/** What made the authorization invalid: the error of a challenge. */
static bool fail_invalid(order *o, const Authorization *a)
{
    char what[384];
    for (size_t i = 0; i < a->challenges.count; i++) {
        const Challenge *challenge = &a->challenges.items[i];
        if (!ca_has_problem(challenge->error))
            continue;
        snprintf(what, sizeof what, "%.253s: the challenge %.32s failed:", a->identifier.value,
                 challenge->type);
        return ca_fail_problem(o->ca, what, challenge->error);
    }
    return ca_fail(o->ca, "%.253s: the authorization is \"%.40s\"", a->identifier.value, a->status);
}

static bool get(order *o, const char *url, Authorization *a, ca_reply *reply)
{
    ca *c = o->ca;
    if (!ca_post(c, url, NULL, NULL, reply) ||
        !ca_read(c, reply, TERN_TYPE(Authorization), a, "the authorization"))
        return false;
    if (strcmp(a->identifier.type, "dns") != 0 || !names_have(o->names, a->identifier.value))
        return ca_fail(c, "the authority asks for a proof of \"%.253s\", which was not ordered",
                       a->identifier.value);
    return true;
}

static bool wait_until_valid(order *o, const char *url)
{
    poll_state poll = {0};
    Authorization a;
    ca_reply reply;
    for (;;) {
        if (!get(o, url, &a, &reply))
            return false;
        if (strcmp(a.status, "valid") == 0)
            return true;
        if (strcmp(a.status, "pending") != 0 && strcmp(a.status, "processing") != 0) {
            o->is_over = true;
            return fail_invalid(o, &a);
        }
        if (!poll_wait(o->ca, &poll, reply.retry_after_s, "the authorization", a.status))
            return false;
    }
}

static const char *name_of(const order *o, const char *value)
{
    for (unsigned i = 0; i < o->names->count; i++)
        if (strcasecmp(o->names->list[i], value) == 0)
            return o->names->list[i];
    return NULL;
}

bool authorization_prove(order *o, const char *url)
{
    Authorization a;
    ca_reply reply;
    char file[STORE_NAME_BYTES];
    const ChallengeRequest begin = {.tern_state = {.unused = TERN_STATE_ABSENT}};
    if (!get(o, url, &a, &reply))
        return false;
    if (strcmp(a.status, "valid") == 0)
        return true;
    if (strcmp(a.status, "pending") != 0) {
        o->is_over = true;
        return fail_invalid(o, &a);
    }
    const Challenge *challenge = choose(o, &a);
    if (challenge == NULL || !answer(o, name_of(o, a.identifier.value), challenge, file))
        return false;
    bool is_new = strcmp(challenge->status, "pending") == 0; /* otherwise the authority is at it already */
    if (o->config->on_step != NULL)
        o->config->on_step("challenge");
    if (is_new && !ca_post(o->ca, challenge->url, TERN_TYPE(ChallengeRequest), &begin, &reply))
        return false;
    if (!wait_until_valid(o, url))
        return false;
    store_remove(o->store, file);
    o->record->challenge = strcmp(challenge->type, http_01) == 0 ? http_01 : tls_alpn_01;
    return true;
}
