/* The list of a user's sessions: their keys, newest first, under a key of its own, replaced like a session. */
#include "auth/session/session.h"

#include "crypto/base64url.h"
#include "crypto/mac.h"

#include <tern/log.h>

#include <string.h>

static tern_str list_key(tern_ctx *c, tern_str user)
{
    const char *key = tern_sprintf(c, "session-user:%.*s", (int)user.len, user.data);
    return (tern_str){key, strlen(key)};
}

static bool is_away(tern_stored outcome)
{
    return outcome == TERN_STORED_AWAY;
}

/* The keys of the user; their number. */
static size_t fetch_list(tern_ctx *c, const session_config *config, tern_str user, tern_str *list)
{
    const tern_store *store = config->options.store;
    tern_stored found = store->get(c, store, list_key(c, user), list);
    if (is_away(found))
        session_fail_away(c);
    if (found != TERN_STORED || list->len % SESSION_KEY_BYTES != 0)
        *list = (tern_str){0};
    return list->len / SESSION_KEY_BYTES;
}

/* Puts `add` (NULL: nothing) in front, without `without`; those past the most end. */
static void change_list(tern_ctx *c, const session_config *config, tern_str user, const uint8_t *add,
                        const uint8_t *without)
{
    const tern_store *store = config->options.store;
    const tern_stay stay = {.ms = config->options.life_s * 1000ull, .is_claimed = true};
    tern_str key = list_key(c, user), old;
    for (unsigned i = 0; i < SESSION_TRIES; i++) {
        size_t count = fetch_list(c, config, user, &old), len = 0;
        char *list = tern_alloc(c, (count + 1) * SESSION_KEY_BYTES);
        const char *last = NULL;
        if (add != NULL) {
            memcpy(list, add, SESSION_KEY_BYTES);
            len = SESSION_KEY_BYTES;
        }
        for (size_t at = 0; at < old.len; at += SESSION_KEY_BYTES) {
            const char *one = old.data + at;
            if ((add != NULL && memcmp(one, add, SESSION_KEY_BYTES) == 0) ||
                (without != NULL && memcmp(one, without, SESSION_KEY_BYTES) == 0))
                continue;
            if (len / SESSION_KEY_BYTES == config->options.max_of_user) {
                last = one;
                break;
            }
            memcpy(list + len, one, SESSION_KEY_BYTES);
            len += SESSION_KEY_BYTES;
        }
        const tern_str now = {list, len};
        tern_stored outcome = len == 0           ? store->remove(c, store, key, old)
                              : old.data == NULL ? store->add(c, store, key, now, stay)
                                                 : store->replace(c, store, key, old, now, stay);
        if (is_away(outcome))
            session_fail_away(c);
        if (outcome == TERN_STORED_NO_ROOM)
            tern_fail(c, 503, "there is no room for another session");
        if (outcome == TERN_STORED_NOT && (len != 0 || old.data != NULL))
            continue; /* another request was faster */
        if (last != NULL)
            store->remove(c, store, session_store_key(c, (const uint8_t *)last), (tern_str){0});
        return;
    }
    tern_fail(c, 503, "too many requests change this user's sessions at once");
}

void session_user_add(tern_ctx *c, const session_config *config, tern_str user, const uint8_t *key)
{
    change_list(c, config, user, key, NULL);
}

void session_user_remove(tern_ctx *c, const session_config *config, tern_str user, const uint8_t *key)
{
    change_list(c, config, user, NULL, key);
}

static tern_str user_of(tern_ctx *c, const char *user)
{
    if (user == NULL || *user == '\0' || strlen(user) > SESSION_TEXT_MAX)
        tern_fail(c, 500, "the id of a user has 1 to %d bytes", SESSION_TEXT_MAX);
    return (tern_str){user, strlen(user)};
}

static const char *text_of(tern_ctx *c, tern_str text)
{
    return tern_sprintf(c, "%.*s", (int)text.len, text.len != 0 ? text.data : "");
}

static bool is_of(const session_record *r, tern_str user)
{
    return r->linked != SESSION_MOVED && r->user.len == user.len &&
           memcmp(r->user.data, user.data, user.len) == 0;
}

const tern_user_session *tern_sessions_of_user(tern_ctx *c, const char *user, size_t *count)
{
    const session *s = session_of(c);
    tern_str name = user_of(c, user), list, bytes;
    session_record r;
    *count = 0;
    if (s->config->options.in_cookie)
        return NULL;
    size_t listed = fetch_list(c, s->config, name, &list);
    tern_user_session *found = tern_alloc(c, (listed + 1) * sizeof *found);
    for (size_t i = 0; i < listed; i++) {
        const uint8_t *key = (const uint8_t *)list.data + i * SESSION_KEY_BYTES;
        tern_stored outcome = session_fetch(c, s->config, key, &bytes, &r);
        if (is_away(outcome))
            session_fail_away(c);
        if (outcome != TERN_STORED || !is_of(&r, name) || session_left(s->config, &r, session_now()) == 0)
            continue;
        char *id = tern_alloc(c, BASE64URL_LEN(SESSION_KEY_BYTES) + 1);
        base64url_write(key, SESSION_KEY_BYTES, id);
        found[(*count)++] =
            (tern_user_session){.id = id,
                                .device = text_of(c, r.device),
                                .address = text_of(c, r.address),
                                .since = r.since,
                                .seen = r.seen,
                                .is_this = s->has_key && memcmp(s->key, key, SESSION_KEY_BYTES) == 0};
    }
    return found;
}

static void refuse_cookies(tern_ctx *c, const session *s)
{
    if (s->config->options.in_cookie)
        tern_fail(c, 500, "sessions in cookies cannot be ended from here: give tern_sessions a .store");
}

/* Ends one of the listed sessions; false when it was over. */
static bool end_one(tern_ctx *c, session *s, const uint8_t *key)
{
    const tern_store *store = s->config->options.store;
    if (s->has_key && memcmp(s->key, key, SESSION_KEY_BYTES) == 0) {
        session_end_now(c, s);
        return true;
    }
    tern_stored outcome = store->remove(c, store, session_store_key(c, key), (tern_str){0});
    if (is_away(outcome))
        session_fail_away(c);
    return outcome == TERN_STORED;
}

bool tern_session_end(tern_ctx *c, const char *user, const char *id)
{
    session *s = session_of(c);
    tern_str name = user_of(c, user), list;
    uint8_t key[SESSION_KEY_BYTES];
    refuse_cookies(c, s);
    if (id == NULL || strlen(id) != BASE64URL_LEN(SESSION_KEY_BYTES) ||
        base64url_parse(id, strlen(id), key) != SESSION_KEY_BYTES)
        return false;
    size_t listed = fetch_list(c, s->config, name, &list);
    for (size_t i = 0; i < listed; i++) /* somebody else's session is not in the list */
        if (memcmp(list.data + i * SESSION_KEY_BYTES, key, SESSION_KEY_BYTES) == 0) {
            bool was_alive = end_one(c, s, key);
            session_user_remove(c, s->config, name, key);
            return was_alive;
        }
    return false;
}

size_t tern_sessions_end(tern_ctx *c, const char *user, bool except_this)
{
    session *s = session_of(c);
    tern_str name = user_of(c, user), list;
    size_t ended = 0;
    refuse_cookies(c, s);
    size_t listed = fetch_list(c, s->config, name, &list);
    for (size_t i = 0; i < listed; i++) {
        const uint8_t *key = (const uint8_t *)list.data + i * SESSION_KEY_BYTES;
        if (except_this && s->has_key && memcmp(s->key, key, SESSION_KEY_BYTES) == 0)
            continue;
        ended += end_one(c, s, key);
        session_user_remove(c, s->config, name, key);
    }
    return ended;
}
