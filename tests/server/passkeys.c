/** Passkeys over HTTP, for test_passkeys.py. */
#include <tern.h>

#include <stdlib.h>

TERN_MODEL(Whose, (const char *, user))
TERN_MODEL(Named, (const char *, user), (int64_t, id), (const char *, name, .optional = true))
TERN_MODEL(Proof, (const char *, user), (int64_t, id), (bool, verified), (int, factors))

TERN_HANDLER(begin_adding)
{
    const char *user = tern_query(c, "user");
    return tern_json_text(c, tern_passkey_creation(c, user, user, NULL));
}

TERN_HANDLER(add, tern_passkey_reply, in)
{
    const char *problem;
    const tern_passkey *passkey =
        tern_passkey_add(c, tern_header(c, "X-User"), in, tern_header(c, "X-Name"), &problem);
    if (passkey == NULL)
        tern_fail(c, 422, "%s", problem);
    return tern_created(c, tern_passkey, passkey);
}

TERN_HANDLER(begin_login)
{
    return tern_json_text(c, tern_passkey_request(c, tern_query(c, "user")));
}

TERN_HANDLER(log_in, tern_passkey_reply, in)
{
    tern_passkey_proof proof;
    if (!tern_passkey_check(c, tern_header(c, "X-User"), in, &proof))
        tern_fail(c, 401, "%s", proof.problem);
    Proof out = {.user = proof.user_id,
                 .id = proof.passkey->id,
                 .verified = proof.user_verified,
                 .factors = (int)proof.factors};
    return tern_json(c, Proof, &out);
}

TERN_HANDLER(list, Whose, in)
{
    return tern_json_list(c, tern_passkey, tern_passkeys_of(c, in->user));
}

TERN_HANDLER(rename_one, Named, in)
{
    return tern_text(c, tern_passkey_rename(c, in->user, in->id, in->name) ? "yes" : "no");
}

TERN_HANDLER(remove_one, Named, in)
{
    return tern_text(c, tern_passkey_remove(c, in->user, in->id) ? "yes" : "no");
}

TERN_HANDLER(page)
{
    return tern_html(c, "<!doctype html><title>Passkeys</title><p id=said></p>");
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Passkeys", .version = "1");
    const char *id = getenv("RP_ID");
    tern_passkeys(app, .id = id != NULL ? id : "shop.example", .name = "Shop", .origins = getenv("ORIGINS"),
                  .user_check = getenv("REQUIRE_CHECK") != NULL ? TERN_PASSKEY_CHECK_REQUIRED
                                                                : TERN_PASSKEY_CHECK_PREFERRED,
                  .only_unattested = getenv("ONLY_UNATTESTED") != NULL, .most = 3);
    tern_get(app, "/", page);
    tern_post(app, "/begin-adding", begin_adding);
    tern_post(app, "/add", add);
    tern_post(app, "/begin-login", begin_login);
    tern_post(app, "/login", log_in);
    tern_post(app, "/list", list);
    tern_post(app, "/rename", rename_one);
    tern_post(app, "/remove", remove_one);
    tern_database(app);
    return tern_run(app, argc, argv);
}
