/**
 * tern_idempotency: a request that is sent again gets the reply of the first time.
 *
 * A key has a record: that a request with it runs (a claim of its process), or the reply. Both have the
 * fingerprint of the request, so that a key with another request is refused.
 */
#include "middleware/cache.h"

#include <tern/log.h>
#include <tern/task.h>

#include <string.h>
#include <strings.h>

enum {
    DEFAULT_LIFETIME_S = 24 * 60 * 60,
    DEFAULT_RUNNING_S = 60,
    DEFAULT_BODY = 1024 * 1024,
    KEY_BYTES_MAX = 255,
    PAUSE_MS = 20
};

/* What a record begins with; the fingerprint follows, and then a claim, a cache_entry or nothing. */
enum { RUNS = 'r', DONE = 'd', DONE_WITHOUT_REPLY = 'n', HEAD_BYTES = 1 + CACHE_DIGEST_BYTES };

typedef struct idempotency {
    tern_idempotency_options options;
    const tern_store *store;
} idempotency;

/* One request with a key. */
typedef struct keyed {
    tern_ctx *c;
    const idempotency *p;
    tern_str key, record; /* of this request while it runs */
    unsigned char fingerprint[CACHE_DIGEST_BYTES];
    bool has_record;
} keyed;

/* -- keys -- */

static bool is_for(tern_ctx *c, const idempotency *p)
{
    const char *method = tern_method(c), *at = p->options.methods;
    for (size_t len; *at != '\0'; at += len) {
        at += strspn(at, " ,");
        len = strcspn(at, " ,");
        if (strlen(method) == len && memcmp(at, method, len) == 0)
            return true;
    }
    return false;
}

/* The key without the quotes of a structured field's string; fails with 400 for one that is not a key. */
static tern_str read_key(tern_ctx *c, const char *header, const char *value)
{
    size_t len = strlen(value);
    if (tern_header_nth(c, header, 1) != NULL)
        tern_fail(c, 400, "the header %s comes twice: send one", header);
    if (len >= 2 && *value == '"' && value[len - 1] == '"') {
        value++;
        len -= 2;
    }
    bool is_valid = len != 0 && len <= KEY_BYTES_MAX;
    for (size_t i = 0; i < len && is_valid; i++)
        is_valid = value[i] > ' ' && value[i] < 0x7f && value[i] != '"';
    if (!is_valid)
        tern_fail(c, 400,
                  "the header %s must have 1 to %d visible ASCII characters without quotes, such as a UUID",
                  header, KEY_BYTES_MAX);
    return (tern_str){value, len};
}

/* Who the key belongs to: another client that sends the same key must not get this one's reply. */
static tern_str scope_of(tern_ctx *c, const idempotency *p)
{
    const char *scope = p->options.scope != NULL ? p->options.scope(c) : tern_header(c, "Authorization");
    if (scope == NULL && p->options.scope == NULL)
        scope = tern_header(c, "Cookie");
    return scope != NULL ? (tern_str){scope, strlen(scope)} : (tern_str){0};
}

static tern_str text_of(const char *text)
{
    return (tern_str){text, strlen(text)};
}

static void identify(keyed *k, tern_str key)
{
    tern_ctx *c = k->c;
    const tern_str who[] = {scope_of(c, k->p), key};
    const tern_str what[] = {text_of(tern_method(c)), text_of(tern_target(c)), tern_body(c)};
    char *name = tern_alloc(c, HEAD_BYTES);
    *name = 'i';
    cache_digest(who, 2, (unsigned char *)name + 1); /* secrets stay out of the store */
    cache_digest(what, 3, k->fingerprint);
    k->key = (tern_str){name, HEAD_BYTES};
}

/* -- records -- */

static tern_str record_of(const keyed *k, char state, tern_str rest)
{
    char *record = tern_alloc(k->c, HEAD_BYTES + rest.len);
    *record = state;
    memcpy(record + 1, k->fingerprint, CACHE_DIGEST_BYTES);
    if (rest.len != 0)
        memcpy(record + HEAD_BYTES, rest.data, rest.len);
    return (tern_str){record, HEAD_BYTES + rest.len};
}

static tern_stay running_stay(const keyed *k)
{
    return (tern_stay){.ms = (uint64_t)k->p->options.running_s * 1000, .is_claimed = true};
}

static tern_stay done_stay(const keyed *k)
{
    return (tern_stay){.ms = (uint64_t)k->p->options.lifetime_s * 1000};
}

static void give_up(void *arg)
{
    keyed *k = arg;
    if (k->has_record)
        k->p->store->remove(k->c, k->p->store, k->key, k->record);
    k->has_record = false;
}

/* -- the first time -- */

/* Replies that another try may change: they are not repeated. */
static bool is_worth_keeping(const idempotency *p, int status)
{
    static const int passing[] = {401, 403, 408, 409, 423, 425, 429};
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (passing[i] == status)
            return false;
    return status < 500 || p->options.keep_errors;
}

static tern_str done_record(const keyed *k, const tern_reply *reply, const cache_outer *outer)
{
    cache_entry *e = tern_alloc(k->c, sizeof *e);
    *e = (cache_entry){
        .kind = CACHE_REPLY, .status = reply->status, .type = reply->type, .body = {reply->data, reply->len}};
    bool is_repeatable = reply->kind == TERN_REPLY_BYTES && reply->len <= k->p->options.max_body &&
                         cache_take_headers(k->c, outer, e);
    return is_repeatable ? record_of(k, DONE, cache_entry_write(k->c, e))
                         : record_of(k, DONE_WITHOUT_REPLY, (tern_str){0});
}

static void finish(keyed *k, const tern_reply *reply, const cache_outer *outer)
{
    const tern_store *store = k->p->store;
    if (!is_worth_keeping(k->p, reply->status)) {
        give_up(k);
        return;
    }
    tern_str done = done_record(k, reply, outer);
    tern_stored outcome = store->replace(k->c, store, k->key, k->record, done, done_stay(k));
    if (outcome == TERN_STORED_NO_ROOM) /* its size may be the reason */
        outcome =
            store->put(k->c, store, k->key, record_of(k, DONE_WITHOUT_REPLY, (tern_str){0}), done_stay(k));
    k->has_record = false;
    if (outcome != TERN_STORED)
        tern_log(TERN_LOG_WARN,
                 "tern_idempotency: %s %s was done, but the store (%s) did not keep its reply%s",
                 tern_method(k->c), tern_route_pattern(k->c), store->name,
                 outcome == TERN_STORED_NOT ? ": it ran for longer than .running_s" : "");
}

static tern_reply run_first(keyed *k)
{
    tern_ctx *c = k->c;
    const cache_outer *outer = cache_outer_of(c);
    k->has_record = true;
    tern_defer(c, give_up, k); /* the client or the time may end the handler */
    tern_reply reply = tern_next(c);
    finish(k, &reply, outer);
    return reply;
}

/* -- the second time -- */

static tern_reply repeat(tern_ctx *c, tern_str data)
{
    cache_entry *e = tern_alloc(c, sizeof *e);
    if (!cache_entry_read(data, e) || e->kind != CACHE_REPLY)
        tern_fail(c, 500, "the kept reply cannot be read");
    tern_reply reply = cache_entry_reply(c, e);
    tern_set_header(c, "Idempotent-Replayed", "true");
    return reply;
}

/* What a record that exists means; false when it is gone or was taken over, so that this request runs. */
static bool is_answered(keyed *k, bool may_wait, tern_reply *reply, bool *is_taken)
{
    tern_ctx *c = k->c;
    const tern_store *store = k->p->store;
    tern_str old;
    *is_taken = false;
    tern_stored outcome = store->get(c, store, k->key, &old);
    if (outcome == TERN_STORED_NOT || (outcome == TERN_STORED && old.len < HEAD_BYTES))
        return false;
    if (outcome != TERN_STORED)
        tern_fail(c, 503, "the store of idempotency keys (%s) cannot be reached; try again", store->name);
    if (memcmp(old.data + 1, k->fingerprint, CACHE_DIGEST_BYTES) != 0)
        tern_fail(c, 422, "this %s was used for another request: use a new key for each",
                  k->p->options.header);
    tern_str rest = {old.data + HEAD_BYTES, old.len - HEAD_BYTES};
    if (*old.data == DONE) {
        *reply = repeat(c, rest);
        return true;
    }
    if (*old.data == DONE_WITHOUT_REPLY)
        tern_fail(c, 409, "this request was done before; its reply was not kept");
    if (cache_claim_is_dead(rest)) {
        *is_taken = store->replace(c, store, k->key, old, k->record, running_stay(k)) == TERN_STORED;
        return false;
    }
    if (!may_wait) {
        tern_set_header(c, "Retry-After", "1");
        *reply = tern_problem_reply(
            c, &(tern_problem){.status = 409,
                               .detail = "a request with this key is running: wait for its reply"});
        return true;
    }
    return false;
}

static tern_reply answer(keyed *k)
{
    tern_ctx *c = k->c;
    const tern_store *store = k->p->store;
    uint64_t waited_ms = 0;
    for (;;) {
        tern_reply reply;
        bool is_taken;
        switch (store->add(c, store, k->key, k->record, running_stay(k))) {
        case TERN_STORED:
            return run_first(k);
        case TERN_STORED_NOT:
            break;
        case TERN_STORED_NO_ROOM:
            tern_fail(c, 503, "the store of idempotency keys (%s) is full; try again", store->name);
        default:
            if (k->p->options.run_without_store)
                return tern_next(c);
            tern_fail(c, 503, "the store of idempotency keys (%s) cannot be reached; try again", store->name);
        }
        if (is_answered(k, waited_ms < k->p->options.wait_ms, &reply, &is_taken))
            return reply;
        if (is_taken)
            return run_first(k);
        tern_sleep(c, PAUSE_MS);
        waited_ms += PAUSE_MS;
    }
}

static tern_reply run(tern_ctx *c, void *options)
{
    const idempotency *p = options;
    if (!is_for(c, p))
        return tern_next(c);
    const char *header = p->options.header, *value = tern_header(c, header);
    if (value == NULL && !p->options.required)
        return tern_next(c);
    if (value == NULL)
        tern_fail(c, 400, "the header %s is missing: send a new UUID with each new request", header);
    keyed *k = tern_alloc(c, sizeof *k);
    *k = (keyed){.c = c, .p = p};
    identify(k, read_key(c, header, value));
    k->record = record_of(k, RUNS, cache_claim_new(c));
    return answer(k);
}

/* -- making the piece -- */

static void prepare(tern_app *app, void *options)
{
    idempotency *p = options;
    if (p == NULL) {
        tern_mistake(app, "tern_idempotency: there is not enough memory");
        return;
    }
    cache_claim_prepare();
    p->store = cache_store_prepare(app, p->options.store);
    if (strpbrk(p->options.header, " \t\r\n:\"") != NULL || *p->options.header == '\0')
        tern_mistake(app, "tern_idempotency: .header is \"%s\": give the name of a header",
                     p->options.header);
    if (p->options.lifetime_s < p->options.running_s)
        tern_mistake(app, "tern_idempotency: .lifetime_s = %u is shorter than .running_s = %u",
                     p->options.lifetime_s, p->options.running_s);
}

tern_middleware tern_idempotency_with(const tern_idempotency_options *options)
{
    idempotency p = {.options = *options};
    if (p.options.header == NULL)
        p.options.header = "Idempotency-Key";
    if (p.options.methods == NULL)
        p.options.methods = "POST, PATCH";
    if (p.options.lifetime_s == 0)
        p.options.lifetime_s = DEFAULT_LIFETIME_S;
    if (p.options.running_s == 0)
        p.options.running_s = DEFAULT_RUNNING_S;
    if (p.options.max_body == 0)
        p.options.max_body = DEFAULT_BODY;
    return (tern_middleware){.name = "idempotency",
                             .run = run,
                             .prepare = prepare,
                             .options = tern_keep(&p, sizeof p),
                             .skip = options->skip,
                             .stage = TERN_STAGE_IDEMPOTENCY,
                             .answers = "400, 409, 422, 503",
                             .headers = "Idempotent-Replayed",
                             .takes = p.options.header,
                             .needs = p.options.required};
}
