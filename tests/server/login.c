/* What test_login.py signs in to: logins at the providers that the environment names. */
#include <tern.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** The user is kept in a cookie with what the provider said, so that /me can show it. */
static void signed_in(tern_ctx *c, const tern_profile *p)
{
    tern_value *seen = tern_value_object(c);
    tern_value_set(c, seen, "provider", tern_value_of_text(c, p->provider));
    tern_value_set(c, seen, "issuer", tern_value_of_text(c, p->issuer));
    tern_value_set(c, seen, "subject", tern_value_of_text(c, p->subject));
    tern_value_set(c, seen, "email", tern_value_of_text(c, p->email));
    tern_value_set(c, seen, "email_verified", tern_value_of_bool(c, p->email_verified));
    tern_value_set(c, seen, "name", tern_value_of_text(c, p->name));
    tern_value_set(c, seen, "has_access_token", tern_value_of_bool(c, p->access_token != NULL));
    tern_set_sealed_cookie(c, "profile", tern_value_print(c, seen, 0));
    tern_set_sealed_cookie(c, "user", tern_sprintf(c, "%s-%s", p->provider, p->subject));
}

static tern_way_result by_cookie(tern_ctx *c, void *unused, tern_identity *who)
{
    (void)unused;
    who->id = tern_sealed_cookie(c, "user");
    return who->id != NULL ? TERN_WAY_FOUND : TERN_WAY_NONE;
}

TERN_HANDLER(me)
{
    return tern_json_text(c, tern_sealed_cookie(c, "profile"));
}

TERN_HANDLER(home)
{
    const char *user = tern_sealed_cookie(c, "user");
    return tern_html(c, tern_sprintf(c,
                                     "<!doctype html><title>Home</title><p id=user>%s</p>"
                                     "<a id=login href=\"/account/login/op?next=/home%%3Fa=b\">Log in</a>",
                                     user != NULL ? tern_escape_html(c, user) : "nobody"));
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Logins");
    tern_auth(app, {.name = "cookie",
                    .identify = by_cookie,
                    .security = {.type = TERN_SECURITY_API_KEY_COOKIE, .key = "user"}});
    tern_login_with(app, .name = "op", .title = "The Provider", .base_url = getenv("BASE_URL"),
                    .form_post = getenv("FORM_POST") != NULL, .client_auth = getenv("CLIENT_AUTH"),
                    .timeout_ms = 2000, .signed_in = signed_in);
    tern_get(app, "/home", home);
    tern_get(app, "/me", me, .requires = TERN_SIGNED_IN);
    return tern_run(app, argc, argv);
}
