/* The promises of every application, checked one by one. */
#include "app/fuzz/internal.h"
#include "base/text.h"
#include "http/exchange.h"
#include "schema/value/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const fuzz_promise_words fuzz_promises[FUZZ_PROMISES] = {
    [FUZZ_NO_CRASH] = {"no_crash", "the process lives on"},
    [FUZZ_NO_HANG] = {"no_hang", "a reply arrives in time"},
    [FUZZ_NO_LEAK] = {"no_leak", "no memory is leaked"},
    [FUZZ_ANSWERS] = {"answers", "a complete reply arrives"},
    [FUZZ_NO_5XX] = {"no_5xx", "no reply is a 5xx"},
    [FUZZ_RETURNS] = {"returns", "a success matches .returns"},
    [FUZZ_DOCUMENTED] = {"documented",
                         "the status of a success or redirect is the one in the OpenAPI document"},
    [FUZZ_NAMES_FIELD] = {"names_field", "an invalid field gets a 422 that names it, and no other"},
    [FUZZ_TAKES_VALID] = {"takes_valid", "a value that obeys the field's rules is not refused by them"},
    [FUZZ_REFUSES_BROKEN] = {"refuses_broken", "a request that cannot be read is a 4xx"},
    [FUZZ_KEEPS_SECRET] = {"keeps_secret", "a value sent for a .write_only field is not in any reply"},
    [FUZZ_PAGES] = {"pages", "a row is on only one page"},
    [FUZZ_ALLOW] = {"allow", "a 405 lists the allowed methods in Allow"},
    [FUZZ_HEAD] = {"head", "the reply to HEAD is that to GET, without the body"},
};

/* -- summaries of replies -- */

static bool is_success(const tern_answer *a)
{
    return a->status >= 200 && a->status <= 299;
}

/** The faults of a problem; NULL when the reply has none in Tern's shape. */
static tern_value *errors_of(tern_answer *a)
{
    tern_value *errors = tern_value_get(tern_answer_json(a), "errors");
    tern_value *location = tern_value_get(tern_value_at(errors, 0), "location");
    return tern_value_kind_of(errors) == TERN_JSON_ARRAY && location != NULL ? errors : NULL;
}

static const char *location_text(tern_value *error, char *out, size_t size)
{
    tern_value *location = tern_value_get(error, "location"), *step;
    size_t len = 0;
    tern_value_each(step, location)
    {
        const char *name = tern_value_text(step, NULL);
        int n = name != NULL ? snprintf(out + len, size - len, "%s%s", len > 0 ? "." : "", name)
                             : snprintf(out + len, size - len, "[]");
        len += n > 0 && (size_t)n < size - len ? (size_t)n : 0;
    }
    out[len] = '\0';
    return out;
}

/** The status, and for a refusal the fields that it names with their codes. */
static void sign(const fuzz_exchange *e, char *out, size_t size)
{
    char location[FUZZ_FIELD_BYTES];
    tern_value *error;
    if (e->answer == NULL) {
        snprintf(out, size, "%s", e->wrong != NULL ? e->wrong : "");
        return;
    }
    size_t len = (size_t)snprintf(out, size, "%d", e->answer->status);
    tern_value *errors = e->answer->status == 422 ? errors_of(e->answer) : NULL;
    tern_value_each(error, errors)
    {
        int n = snprintf(out + len, size - len, " %s:%s", location_text(error, location, sizeof location),
                         tern_value_text(tern_value_get(error, "code"), ""));
        if (n < 0 || (size_t)n >= size - len)
            break;
        len += (size_t)n;
    }
}

/* -- the promises -- */

static bool breaks_5xx(const fuzz_exchange *e, fuzz_breach *b)
{
    if (e->answer->status < 500 || e->answer->status == e->route->options.status)
        return false;
    snprintf(b->why, sizeof b->why, "the reply is %d %s", e->answer->status,
             http_status_text(e->answer->status));
    return true;
}

/** Whether the route declares its replies, and this is such a reply. */
static bool is_declared(const fuzz_exchange *e)
{
    int declared = e->route->options.status != 0 ? e->route->options.status : 200;
    return e->answer->status == declared;
}

static bool breaks_returns(const fuzz_exchange *e, fuzz_breach *b)
{
    const tern_route_options *o = &e->route->options;
    const tern_answer *a = e->answer;
    const char *type = tern_answer_header_of(a, "Content-Type"), *field = "";
    if (!is_success(a) || !is_declared(e) || o->returns == NULL || a->status == 204 ||
        strcmp(e->method, "HEAD") == 0)
        return false;
    if (type == NULL || strncmp(type, "application/json", 16) != 0) {
        snprintf(b->why, sizeof b->why, ".returns is a model, but the Content-Type is %s",
                 type != NULL ? type : "not there");
        return true;
    }
    const char *wrong =
        fuzz_returns_fault(&test_current->arena, e->route, (tern_str){a->body, a->len}, &field);
    if (wrong == NULL)
        return false;
    snprintf(b->field, sizeof b->field, "%s", field);
    snprintf(b->why, sizeof b->why, "the reply does not match .returns: %s", wrong);
    return true;
}

/** 304 and 206 are replies to request headers. A route that does not declare its replies may redirect. */
static bool breaks_document(const fuzz_exchange *e, fuzz_breach *b)
{
    const tern_answer *a = e->answer;
    bool is_of_http = a->status == 206 || a->status == 304 || a->status == 308;
    bool is_silent = e->route->options.returns == NULL && e->route->options.status == 0;
    if ((is_silent && a->status >= 300) || a->status < 200 || a->status > 399 || is_declared(e) ||
        is_of_http || e->route->options.hidden)
        return false;
    snprintf(b->why, sizeof b->why, "the status is %d, but the document has %d%s", a->status,
             e->route->options.status != 0 ? e->route->options.status : 200,
             e->route->options.status != 0 ? "" : " (the route has no .status)");
    return true;
}

/** The codes of a field's own rules only. */
static bool is_code_of_a_rule(const char *code)
{
    static const char *const codes[] = {
        "too_short",  "too_long",   "too_small",    "too_large",    "not_a_multiple", "too_few",
        "too_many",   "not_unique", "no_match",     "bad_format",   "not_a_choice",   "too_early",
        "too_late",   "not_bool",   "not_int",      "not_number",   "not_text",       "not_bytes",
        "not_uuid",   "not_date",   "not_time",     "not_datetime", "not_duration",   "not_decimal",
        "not_object", "not_list",   "out_of_range", "nul_in_text",  "null",           "unknown",
        "missing",    "doubled",    "duplicate",    "repeated"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(codes[i], code) == 0)
            return true;
    return false;
}

static bool names(tern_value *errors, const char *want)
{
    value_error unused;
    arena *memory = &test_current->arena;
    tern_str text = {test_need(arena_text(memory, want, strlen(want))), strlen(want)};
    const tern_value *location = value_parse(memory, text, NULL, &unused);
    tern_value *error;
    bool is_named = false;
    tern_value_each(error, errors)
    {
        const char *code = tern_value_text(tern_value_get(error, "code"), "");
        bool is_here = tern_value_equal(tern_value_get(error, "location"), location);
        is_named |= is_here;
        if (!is_here && is_code_of_a_rule(code))
            return false; /* other codes are of the application's own checks */
    }
    return is_named;
}

/** Replies that are possible before the fields are checked: a client without access, or with too many
 * requests; a path with a typed parameter; middleware that looks up the path's resource. */
static bool is_earlier(const fuzz_exchange *e)
{
    int status = e->answer->status;
    bool is_of_path = e->want != NULL && strncmp(e->want, "[\"path\"", 7) == 0;
    bool is_of_access = status == 401 || status == 403 || status == 407 || status == 429;
    bool is_of_version = status == 412 || status == 428;
    bool is_of_size = status == 413 || status == 414 || status == 431;
    bool is_of_middleware = status == 404 && e->route->param_count > 0 && e->route->chain_len > 0;
    return (status >= 300 && status == e->shadow) || (is_of_path && (status == 404 || status == 400)) ||
           is_of_access || is_of_version || is_of_size || is_of_middleware ||
           (e->may_be_shadowed && (status == 404 || status == 409 || (status >= 300 && status <= 399)));
}

static bool breaks_naming(const fuzz_exchange *e, fuzz_breach *b)
{
    tern_answer *a = e->answer;
    if (e->want == NULL || is_earlier(e))
        return false;
    snprintf(b->want, sizeof b->want, "%s", e->want);
    snprintf(b->field, sizeof b->field, "%s", e->field);
    if (a->status != 422) {
        snprintf(b->why, sizeof b->why, "the field is invalid, but the reply is %d %s", a->status,
                 http_status_text(a->status));
        return true;
    }
    tern_value *errors = errors_of(a);
    if (errors == NULL || names(errors, e->want))
        return false; /* the application's own shape may not name fields */
    snprintf(b->why, sizeof b->why, "the 422 does not name only %s", e->want);
    return true;
}

static bool has_check(const tern_type *type, unsigned depth)
{
    if (type->item != NULL)
        return has_check(type->item, depth);
    if (type->options.check != NULL)
        return true;
    for (unsigned i = 0; depth > 0 && i < type->field_count; i++)
        if (has_check(type->fields[i].type, depth - 1))
            return true;
    return false;
}

/** Only Tern's own faults for rules count: applications may refuse by other rules. */
static bool breaks_taking(const fuzz_exchange *e, fuzz_breach *b)
{
    enum { DEEP = 6 };
    tern_value *error, *errors = e->answer->status == 422 ? errors_of(e->answer) : NULL;
    if (e->route->bind == NULL || has_check(e->route->bind->type, DEEP))
        return false;
    tern_value_each(error, errors)
    {
        const char *code = tern_value_text(tern_value_get(error, "code"), "");
        if (!is_code_of_a_rule(code) || strcmp(code, "missing") == 0) /* a provider may lack what it needs */
            continue;
        location_text(error, b->field, sizeof b->field);
        snprintf(b->why, sizeof b->why, "a value that obeys its rules is refused: %s (%s)",
                 tern_value_text(tern_value_get(error, "message"), ""), code);
        return true;
    }
    return false;
}

static bool breaks_refusing(const fuzz_exchange *e, fuzz_breach *b)
{
    int status = e->answer->status;
    if (status >= 400 || (status >= 300 && (status == e->shadow || e->may_be_shadowed)))
        return false;
    snprintf(b->want, sizeof b->want, "%s", e->want != NULL ? e->want : "");
    snprintf(b->why, sizeof b->why, "the request cannot be read, but the reply is %d %s", status,
             http_status_text(status));
    return true;
}

static bool breaks_secret(const fuzz_exchange *e, fuzz_breach *b)
{
    const tern_answer *a = e->answer;
    bool is_told = e->want != NULL && memmem(a->body, a->len, e->want, strlen(e->want)) != NULL;
    for (unsigned i = 0; e->want != NULL && i < a->header_count; i++)
        is_told |= strstr(a->headers[i].value, e->want) != NULL;
    if (!is_told)
        return false;
    snprintf(b->want, sizeof b->want, "%s", e->want);
    snprintf(b->field, sizeof b->field, "%s", e->field);
    snprintf(b->why, sizeof b->why, "the reply contains the value sent for %s, which is .write_only",
             e->field);
    return true;
}

/** The items of a page, whatever their name. */
static tern_value *items_of(tern_answer *a)
{
    tern_value *body = tern_answer_json(a), *member;
    if (tern_value_kind_of(body) == TERN_JSON_ARRAY)
        return body;
    tern_value_each(member, body) if (tern_value_kind_of(member) == TERN_JSON_ARRAY) return member;
    return NULL;
}

static bool breaks_pages(const fuzz_exchange *e, fuzz_breach *b)
{
    if (e->before == NULL || !is_success(e->before) || !is_success(e->answer))
        return false;
    tern_value *item, *other;
    tern_value_each(item, items_of(e->before))
    {
        tern_value_each(other, items_of(e->answer))
        {
            if (!tern_value_equal(item, other))
                continue;
            snprintf(b->want, sizeof b->want, "%zu %zu", item_index, other_index);
            snprintf(b->why, sizeof b->why, "item %zu of one page is also item %zu of the other", item_index,
                     other_index);
            return true;
        }
    }
    return false;
}

static bool breaks_allow(const fuzz_exchange *e, fuzz_breach *b)
{
    if (e->answer->status != 405 || tern_answer_header_of(e->answer, "Allow") != NULL)
        return false;
    snprintf(b->why, sizeof b->why, "the 405 has no Allow header");
    return true;
}

static bool breaks_head(const fuzz_exchange *e, fuzz_breach *b)
{
    static const char *const compared[] = {"Content-Type", "Content-Length", "ETag", "Location"};
    if (e->before == NULL || strcmp(e->method, "HEAD") != 0)
        return false;
    if (e->before->status != e->answer->status) {
        snprintf(b->why, sizeof b->why, "the reply to GET is %d, but to HEAD %d", e->before->status,
                 e->answer->status);
        return true;
    }
    for (size_t i = 0; i < sizeof compared / sizeof *compared; i++) {
        const char *of_get = tern_answer_header_of(e->before, compared[i]),
                   *of_head = tern_answer_header_of(e->answer, compared[i]);
        if (of_get == NULL || of_head == NULL || strcmp(of_get, of_head) == 0)
            continue;
        snprintf(b->want, sizeof b->want, "%s", compared[i]);
        snprintf(b->why, sizeof b->why, "%s is \"%s\" for GET, but \"%s\" for HEAD", compared[i], of_get,
                 of_head);
        return true;
    }
    return false;
}

bool fuzz_is_broken(const fuzz_exchange *e, fuzz_promise promise, fuzz_breach *breach)
{
    static bool (*const checks[FUZZ_PROMISES])(const fuzz_exchange *e, fuzz_breach *b) = {
        [FUZZ_NO_5XX] = breaks_5xx,          [FUZZ_RETURNS] = breaks_returns,
        [FUZZ_DOCUMENTED] = breaks_document, [FUZZ_NAMES_FIELD] = breaks_naming,
        [FUZZ_TAKES_VALID] = breaks_taking,  [FUZZ_REFUSES_BROKEN] = breaks_refusing,
        [FUZZ_KEEPS_SECRET] = breaks_secret, [FUZZ_PAGES] = breaks_pages,
        [FUZZ_ALLOW] = breaks_allow,         [FUZZ_HEAD] = breaks_head};
    *breach = (fuzz_breach){.promise = promise};
    sign(e, breach->signature, sizeof breach->signature);
    if (promise == FUZZ_ANSWERS) {
        if (e->answer != NULL)
            return false;
        snprintf(breach->why, sizeof breach->why, "%s", e->wrong);
        return true;
    }
    return e->answer != NULL && checks[promise] != NULL && checks[promise](e, breach);
}
