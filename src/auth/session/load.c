/* From the cookie to the session. */
#include "auth/session/session.h"

#include "crypto/mac.h"

#include <tern/log.h>
#include <tern/secret.h>
#include <tern/tls.h>

#include <string.h>
#include <time.h>

int64_t session_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return now.tv_sec;
}

const char *session_cookie_name(tern_ctx *c, const session_config *config)
{
    const tern_sessions_options *o = &config->options;
    if (o->cookie != NULL)
        return o->cookie;
    if (!tern_is_tls(c))
        return "session";
    return o->domain != NULL || o->path != NULL ? "__Secure-session" : "__Host-session";
}

uint64_t session_left(const session_config *config, const session_record *r, int64_t now)
{
    int64_t idle = r->seen + config->options.idle_s - now, life = r->created + config->options.life_s - now;
    int64_t least = idle < life ? idle : life;
    return least > 0 ? (uint64_t)least : 0;
}

tern_str session_store_key(tern_ctx *c, const uint8_t *key)
{
    static const char prefix[] = "session:", digits[] = "0123456789abcdef";
    enum { PREFIX = sizeof prefix - 1, LEN = PREFIX + 2 * SESSION_KEY_BYTES };
    char *text = tern_alloc(c, LEN), *at = text + PREFIX;
    memcpy(text, prefix, PREFIX);
    for (int i = 0; i < SESSION_KEY_BYTES; i++) { /* what it has tells nothing of the id */
        *at++ = digits[key[i] >> 4];
        *at++ = digits[key[i] & 15];
    }
    return (tern_str){text, LEN};
}

tern_stay session_stay(const session_config *config, const session_record *r)
{
    uint64_t left = session_left(config, r, session_now());
    return (tern_stay){.ms = (left != 0 ? left : 1) * 1000, .is_claimed = r->user.len != 0};
}

void session_fail_away(tern_ctx *c)
{
    tern_fail(c, 503, "the sessions cannot be reached");
}

void session_mark(tern_ctx *c, bool sets_cookie)
{
    if (sets_cookie || tern_reply_header(c, "Cache-Control") == NULL)
        tern_set_header(c, "Cache-Control", "private, no-store");
    tern_vary(c, "Cookie");
}

tern_stored session_fetch(tern_ctx *c, const session_config *config, const uint8_t *key, tern_str *bytes,
                          session_record *out)
{
    const tern_store *store = config->options.store;
    tern_stored found = store->get(c, store, session_store_key(c, key), bytes);
    if (found != TERN_STORED)
        return found;
    if (!session_record_read(c, *bytes, out)) {
        tern_log(TERN_LOG_WARN, "sessions: the store \"%s\" has a session that is not one: it counts as none",
                 store->name);
        return TERN_STORED_NOT;
    }
    return TERN_STORED;
}

/* Whether it still lives. A clock that was set back does not make it younger than new. */
static bool is_alive(const session_config *config, const session_record *r)
{
    return r->linked == SESSION_MOVED || session_left(config, r, session_now()) != 0;
}

/* An id that was renewed: the session is under another key. Until the client has used its new id, the old one counts; a
 * client that still has the old one after the overlap did not get the new one, and is given another. */
static tern_stored follow(tern_ctx *c, session *s)
{
    int64_t moved = s->record.renewed;
    memcpy(s->key, s->record.link, SESSION_KEY_BYTES);
    tern_stored found = session_fetch(c, s->config, s->key, &s->stored, &s->record);
    if (found == TERN_STORED && s->record.linked == SESSION_MOVED)
        return TERN_STORED_NOT;
    if (found == TERN_STORED && s->record.linked == SESSION_FOLLOWED &&
        mac_equal(s->record.link, s->asked, SESSION_KEY_BYTES) &&
        session_now() - moved > s->config->options.overlap_s)
        s->moves_again = true;
    return found;
}

static void load_stored(tern_ctx *c, session *s, const char *cookie)
{
    if (strlen(cookie) != SESSION_ID_TEXT)
        return; /* what else is not an id has a digest that nothing is stored under */
    mac_digest(cookie, SESSION_ID_TEXT, s->key);
    memcpy(s->asked, s->key, sizeof s->key);
    tern_stored found = session_fetch(c, s->config, s->key, &s->stored, &s->record);
    if (found == TERN_STORED && s->record.linked == SESSION_MOVED)
        found = follow(c, s);
    else if (found == TERN_STORED && s->record.linked == SESSION_FOLLOWED)
        s->is_confirmed = true;
    if (found == TERN_STORED_AWAY && !s->config->options.go_on_without_store)
        session_fail_away(c);
    s->is_away = found == TERN_STORED_AWAY;
    s->is_stored = found == TERN_STORED && is_alive(s->config, &s->record);
    s->has_key = s->is_stored;
}

static void load_sealed(tern_ctx *c, session *s, const char *cookie)
{
    tern_str bytes = tern_unseal_bytes(c, "tern session", cookie);
    s->is_stored =
        bytes.data != NULL && session_record_read(c, bytes, &s->record) && is_alive(s->config, &s->record);
}

void session_load(tern_ctx *c, session *s)
{
    const char *cookie = tern_cookie(c, session_cookie_name(c, s->config));
    if (!s->is_sent)
        session_mark(c, false);
    s->is_loaded = true;
    if (cookie == NULL || *cookie == '\0')
        return;
    if (s->config->options.in_cookie)
        load_sealed(c, s, cookie);
    else
        load_stored(c, s, cookie);
    if (!s->is_stored)
        s->record = (session_record){0};
}
