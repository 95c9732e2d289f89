#include "acme/ca.h"

#include "acme/base64url.h"
#include "acme/jws.h"
#include "base/clock.h"
#include "base/text.h"
#include "curl/call.h"
#include "http/date.h"
#include "schema/json/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TIMEOUT_MS = 60000, RETRY_AFTER_MOST_S = 365 * 24 * 3600 };

TERN_MODEL_WITH(DirectoryMeta, (.ignore_unknown = true),
    (const char *, terms, .json = "termsOfService", .optional = true),
    (bool, needs_external_account, .json = "externalAccountRequired", .optional = true))

TERN_MODEL_WITH(Directory, (.ignore_unknown = true),
    (const char *, new_nonce, .json = "newNonce"),
    (const char *, new_account, .json = "newAccount"),
    (const char *, new_order, .json = "newOrder"),
    (const char *, renewal_info, .json = "renewalInfo", .optional = true),
    (DirectoryMeta, meta, .optional = true))

/* -- URLs and fields -- */

bool ca_is_url(const char *url)
{
    size_t len = strlen(url);
    if (len > CA_URL_BYTES || strncmp(url, "https://", 8) != 0 || url[8] == '\0' || url[8] == '/')
        return false;
    for (size_t i = 0; i < len; i++)
        if (url[i] <= ' ' || url[i] > '~' || url[i] == '"' || url[i] == '\\')
            return false;
    return true;
}

int64_t ca_retry_after(const char *text, int64_t now_s)
{
    uint64_t seconds;
    int64_t at;
    size_t len = strlen(text);
    if (len > 0 && len <= 9 && text_get_u64(text, len, &seconds))
        return seconds < RETRY_AFTER_MOST_S ? (int64_t)seconds : RETRY_AFTER_MOST_S;
    if (!http_date_read((tern_str){text, len}, now_s, &at))
        return CA_NO_RETRY_AFTER;
    return at <= now_s ? 0 : at - now_s < RETRY_AFTER_MOST_S ? at - now_s : RETRY_AFTER_MOST_S;
}

/* -- faults -- */

bool ca_fail(ca *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    c->fault = (ca_fault){.retry_after_s = CA_NO_RETRY_AFTER};
    vsnprintf(c->fault.text, sizeof c->fault.text, format, args);
    va_end(args);
    return false;
}

/* -- one exchange -- */

/** The media type alone. */
static void read_type(const curl_call_reply *from, ca_reply *reply)
{
    char value[256];
    reply->content_type[0] = '\0';
    if (!curl_call_header(from, "Content-Type", value, sizeof value))
        return;
    size_t len = strcspn(value, "; \t");
    if (len >= sizeof reply->content_type)
        return;
    for (size_t i = 0; i < len; i++)
        reply->content_type[i] = (char)text_lower((unsigned char)value[i]);
    reply->content_type[len] = '\0';
}

/** A nonce that is not one must be ignored (RFC 8555 section 6.5.1). */
static void keep_nonce(ca *c, const curl_call_reply *from)
{
    char nonce[CA_NONCE_BYTES];
    if (curl_call_header(from, "Replay-Nonce", nonce, sizeof nonce) && nonce[0] != '\0' &&
        base64url_is((tern_str){nonce, strlen(nonce)}))
        memcpy(c->nonce, nonce, sizeof nonce);
}

static bool read_reply(ca *c, const curl_call_reply *from, ca_reply *reply)
{
    char value[CA_URL_BYTES + 1];
    *reply = (ca_reply){.status = from->status, .retry_after_s = CA_NO_RETRY_AFTER};
    reply->body.data = arena_text(c->arena, from->body.data != NULL ? from->body.data : "", from->body.len);
    reply->body.len = from->body.len;
    if (reply->body.data == NULL)
        return ca_fail(c, "out of memory");
    read_type(from, reply);
    keep_nonce(c, from);
    if (curl_call_header(from, "Retry-After", value, sizeof value))
        reply->retry_after_s = ca_retry_after(value, clock_wall_s());
    if (curl_call_header(from, "Location", value, sizeof value) && ca_is_url(value)) {
        reply->location = arena_text(c->arena, value, strlen(value));
        if (reply->location == NULL)
            return ca_fail(c, "out of memory");
    }
    return true;
}

static bool exchange(ca *c, const char *method, const char *url, tern_str body, ca_reply *reply)
{
    static const char *const headers[] = {"Content-Type: application/jose+json", "User-Agent: tern-acme",
                                          NULL};
    const curl_call_request request = {.method = method,
                                       .url = url,
                                       .headers = body.data != NULL ? headers : headers + 1,
                                       .body = body.data,
                                       .body_bytes = body.len,
                                       .ca_file = c->ca_file,
                                       .timeout_ms = TIMEOUT_MS,
                                       .max_bytes = CA_REPLY_BYTES,
                                       .https_only = true};
    curl_call_reply got = {0};
    bool has_reply = curl_call(&request, &got);
    if (has_reply)
        has_reply = read_reply(c, &got, reply);
    else
        ca_fail(c, "%s", got.problem);
    curl_call_free(&got);
    return has_reply;
}

/** The fault of a reply that is not 2xx. */
static bool fail_reply(ca *c, const char *method, const char *url, const ca_reply *reply)
{
    char what[CA_URL_BYTES + 32];
    int64_t retry_after_s = reply->retry_after_s;
    snprintf(what, sizeof what, "%s %.400s: %d", method, url, reply->status);
    if (strcmp(reply->content_type, "application/problem+json") == 0)
        ca_fail_problem(c, what, (tern_any){reply->body.data, reply->body.len});
    else if (reply->status >= 300 && reply->status < 400)
        ca_fail(c,
                "%s, a redirect to %.400s: redirects are not followed; give --acme-directory the final URL",
                what, reply->location != NULL ? reply->location : "another URL");
    else
        ca_fail(c, "%s, which is not an ACME answer (%s)", what,
                reply->content_type[0] != '\0' ? reply->content_type : "no content type");
    c->fault.status = reply->status;
    c->fault.retry_after_s = retry_after_s;
    return false;
}

static bool is_success(const ca_reply *reply)
{
    return reply->status >= 200 && reply->status < 300;
}

bool ca_get(ca *c, const char *url, ca_reply *reply)
{
    return exchange(c, "GET", url, (tern_str){0}, reply) &&
           (is_success(reply) || fail_reply(c, "GET", url, reply));
}

static bool get_nonce(ca *c)
{
    ca_reply reply;
    if (c->nonce[0] != '\0')
        return true;
    const char *url = c->directory.new_nonce;
    if (!exchange(c, "HEAD", url, (tern_str){0}, &reply))
        return false;
    if (!is_success(&reply))
        return fail_reply(c, "HEAD", url, &reply);
    return c->nonce[0] != '\0' || ca_fail(c, "HEAD %.400s: the answer has no Replay-Nonce", url);
}

static bool post_once(ca *c, const char *url, tern_str payload, ca_reply *reply)
{
    if (!get_nonce(c))
        return false;
    const jws_head head = {.url = url, .nonce = c->nonce, .account = c->account};
    tern_str body = jws_sign(c->key, &head, payload, c->arena);
    c->nonce[0] = '\0';
    if (body.data == NULL)
        return ca_fail(c, "cannot sign a request: out of memory");
    return exchange(c, "POST", url, body, reply) && (is_success(reply) || fail_reply(c, "POST", url, reply));
}

bool ca_post(ca *c, const char *url, tern_type *type, const void *payload, ca_reply *reply)
{
    tern_str json = {"", 0};
    if (type != NULL)
        json = jws_json(type, payload, c->arena);
    if (json.data == NULL)
        return ca_fail(c, "cannot write a request to %.400s: out of memory", url);
    for (unsigned tries = 1;; tries++) {
        if (post_once(c, url, json, reply))
            return true;
        if (strcmp(c->fault.type, "badNonce") != 0 || tries == CA_NONCE_TRIES)
            return false;
    }
}

/* -- JSON -- */

bool ca_read(ca *c, const ca_reply *reply, tern_type *type, void *out, const char *what)
{
    buf problems = {0};
    if (type->plan == NULL && !schema_prepare(type, &problems)) {
        ca_fail(c, "out of memory");
        buf_free(&problems);
        return false;
    }
    if (strcmp(reply->content_type, "application/json") != 0)
        return ca_fail(c, "%s is not JSON (%s)", what,
                       reply->content_type[0] != '\0' ? reply->content_type : "no content type");
    const json_limits limits = {.depth = 16, .items = 10000};
    const place top = {.name = what};
    tern_faults faults;
    faults_init(&faults, c->arena);
    if (json_decode(type, out, reply->body, &limits, &top, c->arena, &faults))
        return true;
    const char *wanted = faults_wanted(&faults, c->arena);
    return ca_fail(c, "%s is wrong: it must be %s", what, wanted != NULL ? wanted : "smaller");
}

/* -- the directory -- */

static bool has_right_urls(ca *c, const Directory *d)
{
    const char *const urls[] = {d->new_nonce, d->new_account, d->new_order,
                                d->renewal_info != NULL ? d->renewal_info : d->new_order};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        if (!ca_is_url(urls[i]))
            return ca_fail(c, "the directory names a URL that is not one of https: \"%.200s\"", urls[i]);
    return true;
}

bool ca_open(ca *c, const char *url)
{
    ca_reply reply;
    Directory d = {0};
    if (!ca_get(c, url, &reply) || !ca_read(c, &reply, TERN_TYPE(Directory), &d, "the directory") ||
        !has_right_urls(c, &d))
        return false;
    bool has_meta = tern_has(&d, meta) && !tern_is_null(&d, meta);
    c->directory = (ca_directory){.new_nonce = d.new_nonce,
                                  .new_account = d.new_account,
                                  .new_order = d.new_order,
                                  .renewal_info = d.renewal_info,
                                  .terms = has_meta ? d.meta.terms : NULL,
                                  .needs_external_account = has_meta && d.meta.needs_external_account};
    return true;
}
