/** Sessions in the store that STORE names (memory, redis, database, cookie), for test_sessions.py. */
#include <tern.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TERN_MODEL(Note, (int64_t, id, .key = true), (const char *, text))

TERN_HANDLER(get)
{
    const char *value = tern_session_get(c, tern_query(c, "key"));
    return tern_text(c, value != NULL ? value : "none");
}

TERN_HANDLER(set)
{
    tern_session_set(c, tern_query(c, "key"), tern_query(c, "value"));
    return tern_text(c, "set");
}

/* Has read its session when others change it. */
TERN_HANDLER(set_slowly)
{
    tern_session_get(c, "any");
    tern_sleep(c, 200);
    tern_session_set(c, tern_query(c, "key"), tern_query(c, "value"));
    return tern_text(c, "set");
}

TERN_HANDLER(sign_in)
{
    tern_session_sign_in(c, tern_query(c, "user"), .remember = true);
    return tern_text(c, "in");
}

TERN_HANDLER(sign_out)
{
    tern_session_sign_out(c);
    return tern_text(c, "out");
}

TERN_HANDLER(who)
{
    const char *user = tern_session_user(c);
    return tern_text(c, user != NULL ? user : "none");
}

TERN_HANDLER(end_others)
{
    return tern_textf(c, "%zu", tern_sessions_end(c, tern_session_user(c), true));
}

TERN_HANDLER(worker)
{
    return tern_textf(c, "%d", (int)getpid());
}

static unsigned ran;

TERN_HANDLER(cached)
{
    tern_cache_tag(c, "notes");
    return tern_textf(c, "%u of %d", ++ran, (int)getpid());
}

TERN_HANDLER(purge)
{
    return tern_text(c, tern_cache_purge(c, "notes") ? "purged" : "away");
}

static unsigned number(const char *name)
{
    const char *text = getenv(name);
    return text != NULL ? (unsigned)atoi(text) : 0;
}

int main(int argc, char **argv)
{
    const char *store = getenv("STORE");
    tern_app *app = tern_app_new(.title = "Sessions");
    tern_store *own = store == NULL                    ? NULL
                      : strcmp(store, "redis") == 0    ? tern_redis_store()
                      : strcmp(store, "database") == 0 ? tern_database_store(app)
                                                       : NULL;
    tern_sessions(app, .store = own, .in_cookie = store != NULL && strcmp(store, "cookie") == 0,
                  .idle_s = number("IDLE_S"), .renew_s = number("RENEW_S"), .overlap_s = number("OVERLAP_S"),
                  .go_on_without_store = number("GO_ON") != 0);
    if (store != NULL && strcmp(store, "database") == 0)
        tern_database_with(app, (.migrations = getenv("MIGRATIONS")), TERN_TYPE(Note));
    tern_get(app, "/get", get);
    tern_get(app, "/set", set);
    tern_get(app, "/slow", set_slowly);
    tern_get(app, "/in", sign_in);
    tern_get(app, "/out", sign_out);
    tern_get(app, "/who", who);
    tern_get(app, "/end-others", end_others);
    tern_get(app, "/worker", worker);
    tern_get(app, "/cached", cached, .use = TERN_USE(tern_cache(.store = own)));
    tern_get(app, "/purge", purge);
    return tern_run(app, argc, argv);
}
