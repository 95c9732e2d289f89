/* From what a request has changed to the store and the cookie. */
#include "auth/session/session.h"

#include "crypto/mac.h"
#include "crypto/random.h"

#include <tern/log.h>
#include <tern/secret.h>
#include <tern/tls.h>

#include <string.h>

/* -- the cookie -- */

/* Whether the cookie outlives the browser. */
static bool has_lasting_cookie(const session *s)
{
    return s->record.is_remembered || s->record.user.len == 0;
}

static void set_cookie(tern_ctx *c, const session *s, const char *value)
{
    const tern_sessions_options *o = &s->config->options;
    const char *name = session_cookie_name(c, s->config);
    uint64_t left = session_left(s->config, &s->record, session_now());
    bool stays = has_lasting_cookie(s);
    session_mark(c, true);
    if (!tern_set_cookie(c, name, value, .path = o->path, .domain = o->domain, .same_site = o->same_site,
                         .secure = tern_is_tls(c),
                         .max_age_s = value[0] == '\0' ? -1
                                      : stays          ? (long)left
                                                       : 0))
        tern_fail(c, 500, "the cookie of the session cannot be set");
}

/* A new id, and the key that it is stored under. */
static const char *draw_id(tern_ctx *c, uint8_t *key)
{
    char *text = tern_alloc(c, SESSION_ID_TEXT + 1);
    if (!random_text(text, SESSION_ID_BYTES))
        tern_fail(c, 500, "the kernel has no random numbers for the id of a session");
    mac_digest(text, SESSION_ID_TEXT, key);
    return text;
}

/* -- the store -- */

static void check_size(tern_ctx *c, const session *s, size_t size)
{
    size_t most = s->config->options.max_bytes;
    const session_entry *largest = NULL;
    if (size <= most)
        return;
    for (unsigned i = 0; i < s->record.count; i++)
        if (largest == NULL || s->record.entries[i].value.len > largest->value.len)
            largest = &s->record.entries[i];
    tern_fail(
        c, 500,
        "the session has %zu bytes, more than its .max_bytes of %zu; the largest value is \"%.*s\" with %zu",
        size, most, largest != NULL ? (int)largest->name.len : 0, largest != NULL ? largest->name.data : "",
        largest != NULL ? largest->value.len : 0);
}

/* The bytes to store. */
static tern_str written(tern_ctx *c, const session *s)
{
    tern_str bytes = session_record_write(c, &s->record);
    check_size(c, s, bytes.len);
    return bytes;
}

static void refuse_outcome(tern_ctx *c, tern_stored outcome)
{
    if (outcome == TERN_STORED_AWAY)
        session_fail_away(c);
    if (outcome == TERN_STORED_NO_ROOM) {
        tern_log(TERN_LOG_ERROR, "sessions: the store has no room for another one: give it more .bytes");
        tern_fail(c, 503, "there is no room for another session");
    }
}

/* Takes what another request has stored meanwhile, with the changes of this one in it; false when the session was ended. */
static bool merge(tern_ctx *c, session *s)
{
    session_record fresh;
    tern_str bytes;
    tern_stored found = session_fetch(c, s->config, s->key, &bytes, &fresh);
    if (found == TERN_STORED && fresh.linked == SESSION_MOVED) { /* another request has given it a new id */
        memcpy(s->key, fresh.link, sizeof s->key);
        found = session_fetch(c, s->config, s->key, &bytes, &fresh);
    }
    refuse_outcome(c, found);
    if (found != TERN_STORED || fresh.linked == SESSION_MOVED)
        return false;
    for (unsigned i = 0; i < s->record.count; i++)
        if (s->record.entries[i].is_changed)
            session_record_set(c, &fresh, s->record.entries[i].name, s->record.entries[i].value);
    fresh.seen = fresh.seen > s->record.seen ? fresh.seen : s->record.seen;
    if (s->is_renewed) { /* by this request's signing in */
        fresh.user = s->record.user;
        fresh.since = s->record.since;
        fresh.factors = s->record.factors;
        fresh.is_remembered = s->record.is_remembered;
        fresh.device = s->record.device;
        fresh.address = s->record.address;
    }
    if (s->is_confirmed && fresh.linked == SESSION_FOLLOWED && s->record.linked == SESSION_NO_LINK)
        fresh.linked = SESSION_NO_LINK;
    s->record = fresh;
    s->stored = bytes;
    return true;
}

/* The old bytes are taken away, so that nobody changes them any more: false when the session was ended. */
static bool take_old(tern_ctx *c, session *s)
{
    const tern_store *store = s->config->options.store;
    for (unsigned i = 0; i < SESSION_TRIES; i++) {
        tern_stored outcome = store->remove(c, store, session_store_key(c, s->key), s->stored);
        refuse_outcome(c, outcome);
        if (outcome == TERN_STORED)
            return true;
        if (!merge(c, s))
            return false;
    }
    tern_fail(c, 503, "too many requests change this session at once");
}

/* Stores it under a new id. */
static void store_new(tern_ctx *c, session *s)
{
    const tern_store *store = s->config->options.store;
    uint8_t old[SESSION_KEY_BYTES];
    bool had_key = s->has_key;
    memcpy(old, s->key, sizeof old);
    if (had_key && !take_old(c, s) && !s->is_signing_in) { /* ended meanwhile, which stays so */
        s->has_key = s->is_stored = false;
        return;
    }
    const char *id = draw_id(c, s->key);
    s->record.renewed = session_now();
    s->record.linked = SESSION_NO_LINK;
    s->stored = written(c, s);
    refuse_outcome(c, store->add(c, store, session_store_key(c, s->key), s->stored,
                                 session_stay(s->config, &s->record)));
    s->has_key = s->is_stored = true;
    if (s->record.user.len != 0)
        session_user_add(c, s->config, s->record.user, s->key);
    if (s->record.user.len != 0 && had_key)
        session_user_remove(c, s->config, s->record.user, old);
    set_cookie(c, s, id);
}

/* False when the session was ended. */
static bool store_changes(tern_ctx *c, session *s)
{
    const tern_store *store = s->config->options.store;
    for (unsigned i = 0; i < SESSION_TRIES; i++) {
        tern_str bytes = written(c, s);
        tern_stored outcome = store->replace(c, store, session_store_key(c, s->key), s->stored, bytes,
                                             session_stay(s->config, &s->record));
        refuse_outcome(c, outcome);
        if (outcome == TERN_STORED) {
            s->stored = bytes;
            return true;
        }
        if (!merge(c, s))
            return false;
    }
    tern_fail(c, 503, "too many requests change this session at once");
}

/* -- a new id because of age -- */

static tern_str moved_record(tern_ctx *c, const uint8_t *to)
{
    session_record moved = {.linked = SESSION_MOVED, .renewed = session_now()};
    memcpy(moved.link, to, sizeof moved.link);
    return session_record_write(c, &moved);
}

/* The session goes to a new key; what was the key before refers to it, until the client has used the new id. Of requests
 * that try at once one does it: the others find that the bytes have changed, and go on with the old id. */
static void move(tern_ctx *c, session *s)
{
    const tern_store *store = s->config->options.store;
    session_record kept = s->record;
    uint8_t to[SESSION_KEY_BYTES], old[SESSION_KEY_BYTES];
    const char *id = draw_id(c, to);
    memcpy(old, s->key, sizeof old);
    s->record.renewed = session_now();
    s->record.linked = SESSION_FOLLOWED;
    memcpy(s->record.link, s->asked, SESSION_KEY_BYTES);
    const tern_stay stay = session_stay(s->config, &s->record);
    tern_str bytes = written(c, s);
    tern_stored outcome = store->add(c, store, session_store_key(c, to), bytes, stay);
    if (outcome == TERN_STORED)
        outcome = store->replace(c, store, session_store_key(c, old), s->stored, moved_record(c, to), stay);
    if (outcome != TERN_STORED) {
        store->remove(c, store, session_store_key(c, to), (tern_str){0});
        s->record = kept;
        return;
    }
    if (s->moves_again) { /* the client has the id before the last one: that is where it must be led from */
        store->put(c, store, session_store_key(c, s->asked), moved_record(c, to), stay);
        store->remove(c, store, session_store_key(c, old), (tern_str){0});
    }
    memcpy(s->key, to, sizeof to);
    s->stored = bytes;
    if (s->record.user.len != 0) {
        session_user_add(c, s->config, s->record.user, to);
        session_user_remove(c, s->config, s->record.user, old);
    }
    set_cookie(c, s, id);
}

/* The client has used its new id: the old one ends after the overlap. */
static void confirm(tern_ctx *c, session *s)
{
    const tern_store *store = s->config->options.store;
    const tern_stay overlap = {.ms = s->config->options.overlap_s * 1000ull};
    uint8_t before[SESSION_KEY_BYTES];
    memcpy(before, s->record.link, sizeof before);
    s->record.linked = SESSION_NO_LINK;
    if (store_changes(c, s))
        store->put(c, store, session_store_key(c, before), moved_record(c, s->key), overlap);
}

/* -- the whole -- */

static bool is_empty(const session_record *r)
{
    for (unsigned i = 0; i < r->count; i++)
        if (r->entries[i].value.data != NULL)
            return false;
    return r->user.len == 0;
}

static void save_sealed(tern_ctx *c, session *s, bool is_due)
{
    if (!s->is_changed && !s->is_renewed && !is_due)
        return;
    tern_str bytes = written(c, s);
    const char *sealed =
        tern_seal(c, "tern session", bytes, .expires_s = session_left(s->config, &s->record, session_now()));
    size_t len = strlen(sealed) + strlen(session_cookie_name(c, s->config));
    if (len > SESSION_COOKIE_MAX)
        tern_fail(
            c, 500,
            "the session has %zu bytes, which are %zu in its cookie, and browsers keep %d: put less into it, or "
            "give tern_sessions a .store",
            bytes.len, len, SESSION_COOKIE_MAX);
    set_cookie(c, s, sealed);
}

/* The browser must not drop the cookie of a session that was used. */
static void lengthen_cookie(tern_ctx *c, const session *s)
{
    if (!s->is_sent && has_lasting_cookie(s) && memcmp(s->key, s->asked, sizeof s->key) == 0)
        set_cookie(c, s, tern_cookie(c, session_cookie_name(c, s->config)));
}

static void save_stored(tern_ctx *c, session *s, bool is_due)
{
    if (!s->has_key || s->is_renewed) {
        if (!s->is_sent && (s->is_renewed || s->is_changed))
            store_new(c, s);
        return;
    }
    if (s->is_confirmed && s->record.linked == SESSION_FOLLOWED)
        confirm(c, s);
    else if ((s->is_changed || is_due) && store_changes(c, s) && is_due)
        lengthen_cookie(c, s);
    bool is_old = session_now() - s->record.renewed >= s->config->options.renew_s;
    if (!s->is_sent && s->has_key && (s->moves_again || (is_old && s->record.linked == SESSION_NO_LINK)))
        move(c, s);
}

void session_save(tern_ctx *c, session *s)
{
    if (s->part_count != 0)
        session_collect(c, s);
    if (s->is_ended && !s->is_stored && !s->is_changed && !s->is_renewed) {
        if (!s->is_sent)
            set_cookie(c, s, "");
        return;
    }
    if (s->is_away || (!s->is_stored && is_empty(&s->record)))
        return;
    int64_t now = session_now();
    bool is_due = s->is_stored && now - s->record.seen >= s->config->touch_s;
    if (s->is_changed || s->is_renewed || is_due)
        s->record.seen = now;
    if (s->config->options.in_cookie)
        save_sealed(c, s, is_due);
    else
        save_stored(c, s, is_due);
    s->is_changed = s->is_renewed = s->is_signing_in = false;
}

void session_end_now(tern_ctx *c, session *s)
{
    const tern_store *store = s->config->options.store;
    if (s->has_key) {
        refuse_outcome(c, store->remove(c, store, session_store_key(c, s->key), (tern_str){0}));
        if (s->record.linked == SESSION_FOLLOWED)
            store->remove(c, store, session_store_key(c, s->record.link), (tern_str){0});
        if (s->record.user.len != 0)
            session_user_remove(c, s->config, s->record.user, s->key);
    }
    s->record = (session_record){0};
    s->part_count = 0;
    s->has_key = s->is_stored = s->is_changed = s->is_renewed = false;
    s->is_ended = true;
}
