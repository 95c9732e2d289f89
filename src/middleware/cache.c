/**
 * tern_cache: the life of a request that may be answered from what is kept.
 *
 * Hot path: a hit, from `run` to `send_kept`. It takes one look at the store (two where replies differ by
 * headers), and copies the reply.
 */
#include "middleware/cache.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    DEFAULT_AGE_S = 300,
    DEFAULT_WAIT_MS = 5000,
    DEFAULT_BODY = 1024 * 1024,
    PASS_MS = 2000, /* for how long requests do not wait for each other after a reply that cannot be kept */
    VARY_MS = 24 * 60 * 60 * 1000
};

typedef struct cache {
    tern_cache_options options;
    const tern_store *store;
    cache_names unkeyed; /* of .unkeyed, in memory of tern_keep */
    char unkeyed_text[512];
    bool has_status, is_short;
    const char *header;
} cache;

/* What is known of a request. */
typedef struct lookup {
    const cache *p;
    tern_str key;      /* of the request without headers */
    tern_str kept_key; /* under which the reply is, or will be */
    cache_names vary;  /* what the kept replies differ by */
    cache_entry *entry;
    uint64_t now_ms;
    bool has_credentials;
    cache_control asked; /* by the client, if that counts */
} lookup;

typedef enum found { FOUND_NOTHING, FOUND_FRESH, FOUND_RENEW, FOUND_STALE, FOUND_PASS, FOUND_AWAY } found;

TERN_LOCAL(const cache, cache_around) /* the piece that works on this request: one inside of it does nothing */

/* -- telling -- */

static void tell(tern_ctx *c, const cache *p, const char *status, const char *word)
{
    if (p->has_status)
        tern_add_header(c, p->header, p->is_short ? word : status);
}

static char *put_number(char *at, int64_t number)
{
    char digits[24], *to = digits + sizeof digits;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do
        *--to = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (number < 0)
        *--to = '-';
    memcpy(at, to, (size_t)(digits + sizeof digits - to));
    return at + (digits + sizeof digits - to);
}

static void tell_kept(tern_ctx *c, const lookup *l, const char *why)
{
    char text[96], *at = stpcpy(text, "tern; hit; ttl=");
    int64_t ttl_ms = (int64_t)(l->entry->fresh_ms - l->now_ms);
    at = put_number(at, ttl_ms >= 0 ? ttl_ms / 1000 : -((999 - ttl_ms) / 1000));
    strcpy(at, why);
    tell(c, l->p, text, ttl_ms > 0 ? "hit" : "stale");
}

/* -- sending what is kept -- */

static tern_reply send_kept(tern_ctx *c, const lookup *l, const char *why)
{
    const cache_entry *e = l->entry;
    char age[24];
    tern_reply reply = cache_entry_reply(c, e);
    uint64_t age_ms = l->now_ms > e->made_ms ? l->now_ms - e->made_ms : 0;
    *put_number(age, (int64_t)(age_ms / 1000)) = '\0';
    tern_set_header(c, "Age", age);
    tell_kept(c, l, why);
    return tern_conditional(c, reply);
}

/* -- looking -- */

static found get_entry(tern_ctx *c, lookup *l, tern_str key)
{
    const tern_store *store = l->p->store;
    tern_str data;
    tern_stored outcome = store->get(c, store, key, &data);
    if (outcome != TERN_STORED)
        return outcome == TERN_STORED_AWAY ? FOUND_AWAY : FOUND_NOTHING;
    if (!cache_entry_read(data, l->entry))
        return FOUND_NOTHING;
    return FOUND_FRESH;
}

/* How fresh a reply is for this client. */
static found freshness(const lookup *l)
{
    const cache_entry *e = l->entry;
    const cache_control *asked = &l->asked;
    uint64_t now_ms = l->now_ms;
    int64_t left_s = ((int64_t)e->fresh_ms - (int64_t)now_ms) / 1000;
    if (l->p->options.obey_clients) {
        int64_t age_s = ((int64_t)now_ms - (int64_t)e->made_ms) / 1000;
        if (asked->no_cache || (asked->max_age >= 0 && age_s > asked->max_age) ||
            (asked->min_fresh >= 0 && left_s < asked->min_fresh))
            return FOUND_STALE;
        if (now_ms >= e->fresh_ms && asked->max_stale >= 0 && -left_s <= asked->max_stale && now_ms < e->error_ms)
            return FOUND_FRESH;
    }
    return now_ms < e->fresh_ms ? FOUND_FRESH : now_ms < e->renew_ms ? FOUND_RENEW : FOUND_STALE;
}

static found look(tern_ctx *c, lookup *l)
{
    l->now_ms = cache_now_ms(l->p->store);
    l->kept_key = l->key;
    found f = get_entry(c, l, l->key);
    if (f == FOUND_FRESH && l->entry->kind == CACHE_VARY) {
        l->vary.count = 0;
        cache_names_add(c, &l->vary, l->entry->names, NULL);
        l->kept_key = cache_variant_key(c, l->key, &l->vary);
        f = get_entry(c, l, l->kept_key);
    }
    if (f != FOUND_FRESH)
        return f;
    if (l->entry->kind == CACHE_PASS)
        return FOUND_PASS;
    if (l->entry->kind != CACHE_REPLY || (l->has_credentials && !l->entry->is_public))
        return FOUND_NOTHING;
    switch (cache_is_purged(c, l->p->store, l->entry)) {
    case TERN_STORED_NOT:
        return freshness(l);
    case TERN_STORED:
        return FOUND_NOTHING;
    default:
        return FOUND_AWAY;
    }
}

/* -- what may be kept -- */

/* For how long, in milliseconds from now; 0: not at all. */
typedef struct lifetime {
    uint64_t fresh_ms, renew_ms, error_ms;
    bool is_public;
} lifetime;

static bool may_have_age(int status)
{
    static const int statuses[] = {200, 203, 204, 300, 301, 302, 307, 308, 404, 405, 410, 414, 501};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (statuses[i] == status)
            return true;
    return false;
}

static int64_t age_of(tern_ctx *c, const cache *p, const cache_control *told, int status)
{
    const char *expires;
    if (told->s_maxage >= 0)
        return told->s_maxage;
    if (told->max_age >= 0)
        return told->max_age;
    if ((expires = tern_reply_header(c, "Expires")) != NULL)
        return cache_expires_in(expires);
    if (status == 404 || status == 410)
        return p->options.not_found_age_s;
    if (status != 200 || p->options.only_if_told)
        return 0;
    return p->options.max_age_s;
}

static lifetime lifetime_of(tern_ctx *c, const lookup *l, const tern_reply *reply)
{
    const tern_cache_options *options = &l->p->options;
    cache_control told;
    lifetime life = {0};
    cache_control_read(tern_reply_header(c, "Cache-Control"), &told);
    int64_t age_s = age_of(c, l->p, &told, reply->status);
    if (reply->kind != TERN_REPLY_BYTES || !may_have_age(reply->status) || age_s <= 0 || told.no_store ||
        told.no_cache || told.is_private || reply->len > options->max_body ||
        tern_reply_header(c, "Set-Cookie") != NULL || (options->obey_clients && l->asked.no_store))
        return life;
    int64_t renew_s = told.stale_while_revalidate >= 0 ? told.stale_while_revalidate
                                                       : options->stale_while_revalidate_s;
    int64_t error_s = told.stale_if_error >= 0 ? told.stale_if_error : options->stale_if_error_s;
    if (told.must_revalidate || told.s_maxage >= 0) /* RFC 9111 section 5.2.2.10 */
        renew_s = error_s = 0;
    life.fresh_ms = (uint64_t)age_s * 1000;
    life.renew_ms = life.fresh_ms + (uint64_t)renew_s * 1000;
    life.error_ms = life.fresh_ms + (uint64_t)(error_s > renew_s ? error_s : renew_s) * 1000;
    life.is_public = told.is_public;
    if (l->has_credentials && !told.is_public)
        life.fresh_ms = 0;
    return life;
}

/* -- keeping -- */

static void add_etag(tern_ctx *c, const tern_reply *reply)
{
    char text[40];
    if (reply->status != 200 || tern_reply_header(c, "ETag") != NULL)
        return;
    snprintf(text, sizeof text, "\"%016llx%016llx\"",
             (unsigned long long)cache_hash(reply->data, reply->len, 1),
             (unsigned long long)cache_hash(reply->data, reply->len, 2));
    tern_set_header(c, "ETag", text);
}

/* Tells all caches on the way what the reply differs by, and adds it to what is known here. */
static void settle_vary(tern_ctx *c, lookup *l, const char *read)
{
    const cache *p = l->p;
    cache_names now = {0}, *all = &l->vary;
    const char *name, *value;
    for (unsigned i = 0; tern_reply_header_at(c, i, &name, &value); i++)
        if (strcasecmp(name, "Vary") == 0)
            cache_names_add(c, &now, value, NULL);
    cache_names_add(c, &now, read, &p->unkeyed);
    cache_names_add(c, &now, p->options.vary, NULL);
    all->is_any |= now.is_any;
    for (unsigned i = 0; i < now.count; i++) {
        cache_names_add(c, all, now.names[i], NULL);
        tern_vary(c, now.names[i]);
    }
}

static void put_mark(tern_ctx *c, const lookup *l, tern_str key, cache_kind kind, const char *names)
{
    const tern_store *store = l->p->store;
    cache_entry mark = {.kind = kind, .status = 200, .names = names};
    store->put(c, store, key, cache_entry_write(c, &mark),
               (tern_stay){.ms = kind == CACHE_PASS ? PASS_MS : VARY_MS});
}

static void put_vary(tern_ctx *c, const lookup *l)
{
    const char *list = "";
    for (unsigned i = 0; i < l->vary.count; i++)
        list = tern_sprintf(c, "%s%s%s", list, i != 0 ? "," : "", l->vary.names[i]);
    put_mark(c, l, l->key, CACHE_VARY, list);
}

/* Keeps the reply if it may be; returns whether it is. */
static bool keep(tern_ctx *c, lookup *l, const tern_reply *reply, const cache_outer *outer, uint64_t moment)
{
    const tern_store *store = l->p->store;
    lifetime life = lifetime_of(c, l, reply);
    if (life.fresh_ms == 0 || l->vary.is_any)
        return false;
    if (!l->p->options.no_etag)
        add_etag(c, reply);
    uint64_t now_ms = cache_now_ms(store);
    cache_entry *e = tern_alloc(c, sizeof *e);
    *e = (cache_entry){.kind = CACHE_REPLY,
                       .status = reply->status,
                       .is_public = life.is_public,
                       .made_ms = now_ms,
                       .fresh_ms = now_ms + life.fresh_ms,
                       .renew_ms = now_ms + life.renew_ms,
                       .error_ms = now_ms + life.error_ms,
                       .moment = moment,
                       .type = reply->type,
                       .body = {reply->data, reply->len}};
    if (!cache_take_headers(c, outer, e))
        return false;
    cache_tags_of(c, e);
    l->kept_key = l->key;
    if (l->vary.count != 0) {
        put_vary(c, l);
        l->kept_key = cache_variant_key(c, l->key, &l->vary);
    }
    return store->put(c, store, l->kept_key, cache_entry_write(c, e), (tern_stay){.ms = life.error_ms}) ==
           TERN_STORED;
}

/* -- making -- */

static tern_reply make(tern_ctx *c, lookup *l, bool has_stale, const char *status)
{
    const tern_store *store = l->p->store;
    const cache_outer *outer = cache_outer_of(c);
    const cache_entry *stale = l->entry;
    const char *read;
    uint64_t moment = 0;
    bool has_store = store->moment(c, store, &moment) == TERN_STORED;
    tern_reply reply = tern_next_whole(c, &read);
    if (reply.status >= 500 && has_stale && cache_now_ms(store) < stale->error_ms) {
        cache_drop_headers(c, outer);
        l->now_ms = cache_now_ms(store);
        return send_kept(c, l, "; detail=stale-if-error");
    }
    settle_vary(c, l, read);
    bool is_kept = has_store && keep(c, l, &reply, outer, moment);
    if (!is_kept && has_store && !l->has_credentials && !l->asked.no_store)
        put_mark(c, l, l->kept_key, CACHE_PASS, NULL);
    tell(c, l->p, is_kept ? tern_sprintf(c, "%s; stored", status) : status, "miss");
    return tern_conditional(c, reply);
}

static tern_reply without_store(tern_ctx *c, const cache *p)
{
    if (p->options.refuse_without_store)
        tern_fail(c, 503, "the cache's store (%s) cannot be reached; try again", p->store->name);
    tell(c, p, "tern; fwd=bypass; detail=store-away", "bypass");
    return tern_next(c);
}

/* The reply is not there, or not fresh: one of those that want it makes it. */
static tern_reply wait_or_make(tern_ctx *c, lookup *l, found f)
{
    const cache *p = l->p;
    cache_flight *flight = cache_flight_join(c, p->store, l->kept_key, p->options.wait_ms);
    bool is_repeat = tern_is_repeat(c);
    for (;;) {
        bool has_stale = f == FOUND_STALE || f == FOUND_RENEW;
        switch (cache_flight_turn(flight)) {
        case CACHE_LOOK:
            f = look(c, l);
            if (f == FOUND_FRESH || (f == FOUND_RENEW && !is_repeat)) {
                cache_flight_end(flight);
                return send_kept(c, l, "");
            }
            if (f != FOUND_PASS && f != FOUND_AWAY)
                continue;
            cache_flight_end(flight);
            return f == FOUND_PASS ? make(c, l, false, "tern; fwd=miss") : without_store(c, p);
        case CACHE_AWAY:
            cache_flight_end(flight);
            return without_store(c, p);
        case CACHE_ALONE:
            cache_flight_end(flight);
            if (has_stale && l->now_ms < l->entry->error_ms)
                return send_kept(c, l, "; detail=wait-too-long");
            return make(c, l, has_stale, "tern; fwd=miss; detail=wait-too-long");
        case CACHE_MAKE: {
            tern_reply reply = make(c, l, has_stale, has_stale ? "tern; fwd=stale" : "tern; fwd=miss");
            cache_flight_end(flight);
            return reply;
        }
        }
    }
}

static tern_reply answer(tern_ctx *c, lookup *l, bool is_head)
{
    const cache *p = l->p;
    found f = look(c, l);
    if (f == FOUND_AWAY)
        return without_store(c, p);
    if (f == FOUND_FRESH && !tern_is_repeat(c))
        return send_kept(c, l, "");
    if (f == FOUND_RENEW && !tern_is_repeat(c)) {
        cache_flight_repeat(c, p->store, l->kept_key);
        return send_kept(c, l, "; detail=stale-while-revalidate");
    }
    if (p->options.obey_clients && l->asked.only_if_cached)
        tern_fail(c, 504, "the client wants a kept reply only (Cache-Control: only-if-cached), and there is none");
    if (is_head) { /* the handler of HEAD may be another one */
        tell(c, p, "tern; fwd=method", "bypass");
        return tern_next(c);
    }
    if (f == FOUND_PASS || (l->has_credentials && f == FOUND_NOTHING))
        return make(c, l, false, l->has_credentials ? "tern; fwd=bypass; detail=credentials" : "tern; fwd=miss");
    return wait_or_make(c, l, f);
}

static bool has_credentials(tern_ctx *c, const tern_cache_options *options)
{
    return (!options->with_cookies && tern_header(c, "Cookie") != NULL) ||
           (!options->with_authorization && tern_header(c, "Authorization") != NULL);
}

static void read_asked(tern_ctx *c, lookup *l)
{
    const char *control = tern_header(c, "Cache-Control"), *pragma;
    cache_control_read(control, &l->asked);
    if (control == NULL && (pragma = tern_header(c, "Pragma")) != NULL && strcasestr(pragma, "no-cache") != NULL)
        l->asked.no_cache = true; /* RFC 9111 section 5.4 */
}

/* What a method that changes things has done to its path: RFC 9111 section 4.4. */
static tern_reply change(tern_ctx *c, const cache *p, const char *method)
{
    tern_reply reply = tern_next(c);
    bool is_safe = strcmp(method, "OPTIONS") == 0 || strcmp(method, "QUERY") == 0;
    if (!is_safe && reply.status < 400) {
        const char *path = tern_path(c);
        p->store->purge(c, p->store, (tern_str){path, strlen(path)});
    }
    return reply;
}

static tern_reply run(tern_ctx *c, void *options)
{
    const cache *p = options;
    const char *method = tern_method(c);
    bool is_head = strcmp(method, "HEAD") == 0;
    if (tern_local(c, cache_around) != NULL)
        return tern_next(c);
    if (!is_head && strcmp(method, "GET") != 0)
        return change(c, p, method);
    if (tern_has_body(c))
        return tern_next(c);
    lookup l = {.p = p};
    if (!cache_key_of(c, &p->options, &l.key)) {
        tell(c, p, "tern; fwd=bypass; detail=key", "bypass");
        return tern_next(c);
    }
    tern_set_local(c, cache_around, p);
    l.has_credentials = has_credentials(c, &p->options);
    l.entry = tern_alloc(c, sizeof *l.entry);
    if (p->options.obey_clients)
        read_asked(c, &l);
    return answer(c, &l, is_head);
}

/* -- making the piece -- */

static void prepare_unkeyed(tern_app *app, cache *p)
{
    const char *list = p->options.unkeyed != NULL ? p->options.unkeyed : "";
    char *at = p->unkeyed_text;
    if (strlen(list) >= sizeof p->unkeyed_text) {
        tern_mistake(app, "tern_cache: .unkeyed is longer than %zu bytes", sizeof p->unkeyed_text - 1);
        return;
    }
    strcpy(at, list);
    for (char *rest, *name = strtok_r(at, ", \t", &rest); name != NULL; name = strtok_r(NULL, ", \t", &rest)) {
        if (p->unkeyed.count == CACHE_NAMES_MAX) {
            tern_mistake(app, "tern_cache: .unkeyed has more than %d names", CACHE_NAMES_MAX);
            return;
        }
        p->unkeyed.names[p->unkeyed.count++] = name;
    }
}

static void prepare(tern_app *app, void *options)
{
    cache *p = options;
    if (p == NULL) {
        tern_mistake(app, "tern_cache: there is not enough memory");
        return;
    }
    cache_claim_prepare();
    prepare_unkeyed(app, p);
    p->store = cache_store_prepare(app, p->options.store);
    if (p->options.vary != NULL && strchr(p->options.vary, '*') != NULL)
        tern_mistake(app, "tern_cache: .vary is \"%s\": name the headers that replies differ by, or leave the cache out",
                     p->options.vary);
    if (p->options.only_if_told && p->options.max_age_s != 0)
        tern_mistake(app, "tern_cache: .max_age_s = %u has no meaning with .only_if_told: leave one of them out",
                     p->options.max_age_s);
    if (p->options.max_age_s == 0)
        p->options.max_age_s = DEFAULT_AGE_S;
    if (p->options.wait_ms == 0)
        p->options.wait_ms = DEFAULT_WAIT_MS;
    if (p->options.max_body == 0)
        p->options.max_body = DEFAULT_BODY;
}

tern_middleware tern_cache_with(const tern_cache_options *options)
{
    cache p = {.options = *options, .header = options->header != NULL ? options->header : "Cache-Status"};
    p.has_status = *p.header != '\0';
    p.is_short = strcasecmp(p.header, "Cache-Status") != 0;
    return (tern_middleware){.name = "cache",
                             .run = run,
                             .prepare = prepare,
                             .options = tern_keep(&p, sizeof p),
                             .skip = options->skip,
                             .stage = TERN_STAGE_CACHE,
                             .answers = options->refuse_without_store ? "503" : NULL,
                             .headers = p.is_short ? "Age, X-Cache" : "Age, Cache-Status"};
}
