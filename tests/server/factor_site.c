/** A site with the routes of second factors, for test_factor_routes.py; its sessions are one signed cookie, whose age the test
 * chooses, or with SESSIONS in the environment those of Tern. */
#include <tern.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void begin_session(tern_ctx *c, const char *user_id, unsigned factors)
{
    tern_set_signed_cookie(c, "session",
                           tern_sprintf(c, "%s %u %" PRId64, user_id, factors, (int64_t)time(NULL)));
}

static tern_way_result find_user(tern_ctx *c, void *options, tern_identity *who)
{
    (void)options;
    const char *kept = tern_signed_cookie(c, "session");
    char *id = kept != NULL ? tern_alloc(c, strlen(kept) + 1) : NULL;
    if (id == NULL || sscanf(kept, "%s %u %" SCNd64, id, &who->factors, &who->since) != 3)
        return TERN_WAY_NONE;
    who->id = id;
    return TERN_WAY_FOUND;
}

/** The same by Tern's sessions. */
static tern_way_result find_session_user(tern_ctx *c, void *options, tern_identity *who)
{
    (void)options;
    who->id = tern_session_user(c);
    who->since = tern_session_since(c);
    who->factors = tern_session_factors(c);
    return who->id != NULL ? TERN_WAY_FOUND : TERN_WAY_NONE;
}

static bool has_sessions;

TERN_MODEL(Password, (const char *, user), (int64_t, ago, .fallback = "0"))

/** As after a right password, `ago` seconds ago. */
TERN_HANDLER(log_in, Password, in)
{
    if (has_sessions)
        tern_session_sign_in(c, in->user);
    else
        tern_set_signed_cookie(c, "session",
                               tern_sprintf(c, "%s 1 %" PRId64, in->user, (int64_t)time(NULL) - in->ago));
    return tern_no_content(c);
}

TERN_HANDLER(vault)
{
    return tern_text(c, "gold");
}

static bool is_open(tern_ctx *c, const char *user_id)
{
    (void)c;
    return strcmp(user_id, "closed") != 0;
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Site", .version = "1");
    const char *origin = getenv("ORIGINS");
    has_sessions = getenv("SESSIONS") != NULL;
    if (has_sessions)
        tern_sessions(app);
    tern_auth(app, {.name = "session",
                    .identify = has_sessions ? find_session_user : find_user,
                    .security = {.type = TERN_SECURITY_API_KEY_COOKIE, .key = "session"}});
    tern_two_factors(app, .issuer = "Site");
    tern_passkeys(app, .id = "localhost", .name = "Site",
                  .origins = origin != NULL ? origin : "http://localhost:8000");
    tern_factor_routes(app, .signed_in = has_sessions ? NULL : begin_session, .may_sign_in = is_open);
    tern_post(app, "/log-in", log_in);
    tern_get(app, "/vault", vault, .requires = TERN_TWO_FACTORS);
    tern_database(app);
    return tern_run(app, argc, argv);
}
