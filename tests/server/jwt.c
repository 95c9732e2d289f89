/** A service that makes and checks tokens: with keys of JWT_KEYS, or those that JWT_URL publishes. */
#include <tern.h>

#include <stdlib.h>

static tern_jwt_keys *keys;

TERN_HANDLER(sign)
{
    return tern_text(c, tern_jwt_sign(c, keys, .subject = "42", .scopes = "a b", .expires_s = 600));
}

TERN_HANDLER(me)
{
    const tern_identity *who = tern_identity_of(c);
    return tern_textf(c, "%s %s", who->id, who->scopes);
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Tokens");
    const char *url = getenv("JWT_URL");
    keys = url != NULL ? tern_jwt_keys_new(app, .url = url) : tern_jwt_keys_new(app, .env = "JWT_KEYS");
    tern_jwks(app, "/jwks", keys);
    tern_auth(app, TERN_BEARER_JWT(.keys = keys));
    tern_get(app, "/sign", sign, .requires = TERN_ANYBODY);
    tern_get(app, "/me", me, .requires = TERN_SIGNED_IN);
    return tern_run(app, argc, argv);
}
