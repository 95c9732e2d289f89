/* The piece of middleware around every request. */
#include "auth/session/session.h"

#include "crypto/sodium.h"

#include <tern/middleware.h>
#include <tern/secret.h>

#include <stdio.h>
#include <string.h>

TERN_LOCAL(session, session_slot)

session *session_of(tern_ctx *c)
{
    session *s = tern_local(c, session_slot);
    if (s == NULL)
        tern_fail(c, 500, "the request has no session: call tern_sessions(app) in main");
    if (!s->is_loaded)
        session_load(c, s);
    return s;
}

static void save_late(tern_ctx *c, void *arg)
{
    session_save(c, arg);
}

void session_before_change(tern_ctx *c, session *s)
{
    if (!s->is_sent)
        return;
    if (s->config->options.in_cookie || !s->is_stored)
        tern_fail(
            c, 500,
            "the session cannot change any more: the head of the reply, with its cookie, has been sent");
    if (!s->writes_late) {
        s->writes_late = true;
        tern_after(c, save_late, s);
    }
}

void session_begin(tern_ctx *c, session *s)
{
    if (s->is_away)
        session_fail_away(c);
    if (s->record.created == 0)
        s->record.created = s->record.seen = s->record.renewed = session_now();
}

static tern_reply run(tern_ctx *c, void *options)
{
    session *s = tern_alloc(c, sizeof *s);
    s->config = options;
    tern_set_local(c, session_slot, s);
    tern_reply r = tern_next(c);
    if (s->is_loaded) {
        if (r.status >= 500) { /* what failed has changed nothing, but that somebody signed out */
            s->part_count = 0;
            s->is_changed = s->is_renewed = false;
        }
        if (r.status < 500 || s->is_ended)
            session_save(c, s);
        session_mark(c, false);
    }
    s->is_sent = true;
    return r;
}

/* -- at start -- */

static void check_times(tern_app *app, const tern_sessions_options *o)
{
    if (o->idle_s > o->life_s)
        tern_mistake(app, "tern_sessions: .idle_s (%u) is longer than .life_s (%u)", o->idle_s, o->life_s);
    if (o->life_s > 400u * 24 * 3600)
        tern_mistake(app, "tern_sessions: .life_s (%u) is more than the 400 days that browsers keep a cookie",
                     o->life_s);
    if (o->overlap_s > 3600)
        tern_mistake(app, "tern_sessions: .overlap_s (%u) is more than an hour", o->overlap_s);
    if (o->max_of_user > 1000)
        tern_mistake(app, "tern_sessions: .max_of_user (%u) is more than 1000", o->max_of_user);
}

static void prepare(tern_app *app, void *options)
{
    session_config *config = options;
    const char *problem;
    if (config == NULL) {
        tern_mistake(app, "tern_sessions: out of memory");
        return;
    }
    tern_sessions_options *o = &config->options;
    check_times(app, o);
    if (o->in_cookie && o->store != NULL)
        tern_mistake(app, "tern_sessions: .in_cookie and .store exclude each other");
    if (!sodium_load(&problem))
        tern_mistake(app, "tern_sessions: %s", problem);
    if (o->in_cookie)
        return;
    if (o->store == NULL)
        o->store = tern_memory_store(.name = "sessions");
    if (o->store == NULL)
        tern_mistake(app, "tern_sessions: out of memory");
    else if (o->store->prepare != NULL)
        o->store->prepare(app, o->store);
}

static unsigned or_standard(unsigned given, unsigned standard)
{
    return given != 0 ? given : standard;
}

static const tern_app *declared;

bool session_is_declared(const tern_app *app)
{
    return declared == app;
}

void tern_sessions_with(tern_app *app, const char *file, int line, const tern_sessions_options *options)
{
    enum { DAY = 24 * 3600 };
    declared = app;
    session_config own = {.options = *options};
    tern_sessions_options *o = &own.options;
    o->life_s = or_standard(o->life_s, 30 * DAY);
    o->idle_s = or_standard(o->idle_s, o->life_s < 7 * DAY ? o->life_s : 7 * DAY);
    o->renew_s = or_standard(o->renew_s, DAY);
    o->overlap_s = or_standard(o->overlap_s, 30);
    o->max_of_user = or_standard(o->max_of_user, 50);
    o->max_bytes = o->max_bytes != 0 ? o->max_bytes : 64 * 1024;
    own.touch_s = o->idle_s / 10 < 300 ? o->idle_s / 10 : 300;
    own.touch_s = own.touch_s != 0 ? own.touch_s : 1;
    if (o->in_cookie)
        tern_secrets(app);
    const tern_middleware piece = {.name = "sessions",
                                   .run = run,
                                   .options = tern_keep(&own, sizeof own),
                                   .skip = o->skip,
                                   .prepare = prepare,
                                   .stage = TERN_STAGE_AUTH};
    tern_use_all(tern_app_root(app), (const tern_middleware[]){piece, {.file = file, .line = line}});
}

void tern_session_part_(tern_app *app, const tern_type *type)
{
    enum { LETTERS_MAX = SESSION_NAME_MAX - 1 };
    if (strlen(type->name) > LETTERS_MAX)
        tern_mistake(app, "TERN_SESSION: the name of the model %s has more than %d letters", type->name,
                     LETTERS_MAX);
}
