/* What handlers read and change: keys, parts by a model, messages, who is signed in. */
#include "auth/session/session.h"

#include "crypto/random.h"

#include <tern/json.h>
#include <tern/log.h>

#include <string.h>

static tern_str text_of(const char *text)
{
    return (tern_str){text, strlen(text)};
}

static tern_str name_of(tern_ctx *c, const char *key)
{
    if (key == NULL || *key == '\0' || *key == '@' || strlen(key) > SESSION_NAME_MAX)
        tern_fail(c, 500,
                  "a key of a session has 1 to %d bytes and does not begin with '@': \"%s\" is not one",
                  SESSION_NAME_MAX, key != NULL ? key : "(NULL)");
    return text_of(key);
}

/* -- by key -- */

const char *tern_session_get(tern_ctx *c, const char *key)
{
    tern_str name = name_of(c, key);
    const session_entry *e = session_record_find(&session_of(c)->record, name);
    if (e == NULL || e->value.data == NULL)
        return NULL;
    return tern_sprintf(c, "%.*s", (int)e->value.len, e->value.data);
}

static void set(tern_ctx *c, session *s, const char *name, tern_str value)
{
    session_before_change(c, s);
    session_begin(c, s);
    session_record_set(c, &s->record, text_of(tern_strdup(c, name)), value);
    s->is_changed = true;
}

void tern_session_set(tern_ctx *c, const char *key, const char *text)
{
    session *s = session_of(c);
    tern_str name = name_of(c, key);
    if (text == NULL)
        tern_fail(c, 500, "tern_session_set (%s) takes a text, not NULL: tern_session_remove removes", key);
    const session_entry *e = session_record_find(&s->record, name);
    if (e != NULL && e->value.data != NULL && e->value.len == strlen(text) &&
        memcmp(e->value.data, text, e->value.len) == 0)
        return; /* nothing to write */
    set(c, s, key, text_of(tern_strdup(c, text)));
}

void tern_session_remove(tern_ctx *c, const char *key)
{
    session *s = session_of(c);
    const session_entry *e = session_record_find(&s->record, name_of(c, key));
    if (e != NULL && e->value.data != NULL)
        set(c, s, key, (tern_str){0});
}

/* -- by a model -- */

static const char *part_name(tern_ctx *c, const tern_type *type)
{
    return tern_sprintf(c, "@%s", type->name);
}

void *tern_session_part_of_(tern_ctx *c, const tern_type *type)
{
    session *s = session_of(c);
    const char *problem = NULL, *name = part_name(c, type);
    for (unsigned i = 0; i < s->part_count; i++)
        if (s->parts[i].type == type)
            return s->parts[i].value;
    if (s->part_count == SESSION_PARTS)
        tern_fail(c, 500, "a request uses at most %d parts of its session", SESSION_PARTS);
    const session_entry *e = session_record_find(&s->record, text_of(name));
    void *value = NULL;
    const char *before = "";
    if (e != NULL && e->value.data != NULL) {
        value = tern_json_parse_of(c, type, e->value, &problem);
        if (value == NULL)
            tern_log(TERN_LOG_WARN,
                     "sessions: a stored %s does not fit its model any more, and begins empty: %s",
                     type->name, problem);
        else
            before = tern_json_print_of(c, type, value);
    }
    if (value == NULL)
        value = tern_alloc(c, type->size);
    if (*before == '\0')
        before = NULL;
    if (s->parts == NULL)
        s->parts = tern_alloc(c, SESSION_PARTS * sizeof *s->parts);
    s->parts[s->part_count++] = (session_part){.type = type, .value = value, .before = before};
    if (s->is_sent && s->is_stored && !s->config->options.in_cookie)
        session_before_change(c, s);
    return value;
}

static bool is_zero(const void *value, size_t size)
{
    const char *bytes = value;
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

void session_collect(tern_ctx *c, session *s)
{
    for (unsigned i = 0; i < s->part_count; i++) {
        session_part *part = &s->parts[i];
        if (part->before == NULL && is_zero(part->value, part->type->size))
            continue;
        const char *now = tern_json_print_of(c, part->type, part->value);
        if (part->before != NULL && strcmp(now, part->before) == 0)
            continue;
        set(c, s, part_name(c, part->type), text_of(now));
        part->before = now;
    }
}

/* -- messages: each has a key of its own, so that requests at once do not lose one -- */

void tern_flash(tern_ctx *c, const char *text)
{
    char random[BASE64URL_LEN(6) + 1];
    if (text == NULL)
        tern_fail(c, 500, "tern_flash takes a text, not NULL");
    if (!random_text(random, 6))
        tern_fail(c, 500, "the kernel has no random numbers");
    set(c, session_of(c), tern_sprintf(c, "@flash %s", random), text_of(tern_strdup(c, text)));
}

const char *tern_flash_next(tern_ctx *c)
{
    static const char prefix[] = "@flash ";
    session *s = session_of(c);
    for (unsigned i = 0; i < s->record.count; i++) {
        const session_entry *e = &s->record.entries[i];
        if (e->value.data == NULL || e->name.len < sizeof prefix - 1 ||
            memcmp(e->name.data, prefix, sizeof prefix - 1) != 0)
            continue;
        const char *text = tern_sprintf(c, "%.*s", (int)e->value.len, e->value.data);
        set(c, s, tern_sprintf(c, "%.*s", (int)e->name.len, e->name.data), (tern_str){0});
        return text;
    }
    return NULL;
}

/* -- who is signed in -- */

static tern_str printable(tern_ctx *c, const char *text, size_t most)
{
    char *kept = tern_alloc(c, most + 1);
    size_t len = 0;
    for (; text != NULL && *text != '\0' && len < most; text++)
        if (*text >= ' ' && *text < 0x7f)
            kept[len++] = *text;
    return (tern_str){kept, len};
}

void tern_session_sign_in_with(tern_ctx *c, const char *user, const tern_sign_in_options *options)
{
    enum { DEVICE_MAX = 200, ADDRESS_MAX = 100 };
    session *s = session_of(c);
    session_record *r = &s->record;
    if (user == NULL || *user == '\0' || strlen(user) > SESSION_TEXT_MAX)
        tern_fail(c, 500, "tern_session_sign_in takes the id of a user of 1 to %d bytes", SESSION_TEXT_MAX);
    if (s->is_away)
        session_fail_away(c);
    if (s->is_sent)
        tern_fail(c, 500,
                  "nobody can sign in any more: the head of the reply, with its cookie, has been sent");
    bool is_another =
        r->user.len != 0 && (r->user.len != strlen(user) || memcmp(r->user.data, user, r->user.len) != 0);
    if (is_another) /* nothing of the one before, also not in the list of sessions */
        session_end_now(c, s);
    session_begin(c, s);
    r->user = text_of(tern_strdup(c, user));
    r->since = session_now();
    if (options->remember || r->factors == 0)
        r->is_remembered = options->remember;
    r->factors = options->factors != 0 ? options->factors : 1;
    r->device = printable(c, tern_header(c, "User-Agent"), DEVICE_MAX);
    r->address = printable(c, tern_remote_address(c), ADDRESS_MAX);
    s->is_renewed = s->is_signing_in = true;
}

void tern_session_renew(tern_ctx *c)
{
    session *s = session_of(c);
    if (!s->is_stored)
        return;
    if (s->is_sent)
        tern_fail(c, 500, "the session cannot get a new id any more: the head of the reply has been sent");
    s->is_renewed = true;
}

void tern_session_sign_out(tern_ctx *c)
{
    session *s = session_of(c);
    if (s->is_away)
        session_fail_away(c);
    session_end_now(c, s);
}

const char *tern_session_user(tern_ctx *c)
{
    const session_record *r = &session_of(c)->record;
    return r->user.len != 0 ? tern_sprintf(c, "%.*s", (int)r->user.len, r->user.data) : NULL;
}

int64_t tern_session_since(tern_ctx *c)
{
    return session_of(c)->record.since;
}

unsigned tern_session_factors(tern_ctx *c)
{
    return session_of(c)->record.factors;
}
