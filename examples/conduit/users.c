/** Users: sign up, log in, change; profiles, and who follows whom. */
#include "conduit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

TERN_PART(Registration, User, username, email,
    (const char *, password, .min_length = 8, .max_length = 200, .write_only = true))

TERN_MODEL(Login,
    (const char *, email),
    (const char *, password, .write_only = true))

TERN_PARTIAL(UserChange, User, username, email, bio, image,
    (const char *, password, .optional = true, .nullable = false, .min_length = 8, .max_length = 200, .write_only = true))

/** The user who asks, with a token for the next requests. */
TERN_PART(Me, User, email, username, bio, image, (const char *, token))

#define ONE_USER    .wrapped = "user", .returns = TERN_TYPE(Me)
#define ONE_PROFILE .wrapped = "profile", .returns = TERN_TYPE(Profile)

TERN_MODEL(ByName, (const char *, username))

static tern_jwt_keys *keys; /* that sign the tokens */

/** RealWorld's clients send "Authorization: Token ...", where others send "Bearer". */
static tern_way_result by_token(tern_ctx *c, void *options, tern_identity *who)
{
    const char *header = tern_header(c, "Authorization"), *why = NULL;
    (void)options;
    if (header == NULL || strncmp(header, "Token ", 6) != 0)
        return TERN_WAY_NONE;
    const tern_jwt_claims *claims = tern_jwt_check(c, keys, header + 6, &why);
    if (claims == NULL)
        return tern_way_wrong(c, "the token is wrong: %s", why);
    who->id = claims->subject;
    return TERN_WAY_FOUND;
}

int64_t my_id(tern_ctx *c)
{
    const tern_identity *who = tern_identity_of(c);
    return who == NULL ? 0 : strtoll(who->id, NULL, 10);
}

static tern_reply reply_me(tern_ctx *c, const User *user)
{
    const char *token =
        tern_jwt_sign(c, keys, .subject = tern_sprintf(c, "%" PRId64, user->id), .expires_s = 14 * 24 * 3600);
    Me me = {.token = token};
    tern_copy(Me, &me, User, user);
    return tern_json(c, Me, &me);
}

TERN_HANDLER(sign_up, Registration, in)
{
    User user = {
        .username = in->username, .email = in->email, .password = tern_password_hash(c, in->password)};
    tern_insert(c, User, &user);
    return reply_me(c, &user);
}

TERN_HANDLER(log_in, Login, in)
{
    User *user = tern_first(c, User, .where = "email = ?", .args = TERN_ARGS(in->email));
    if (tern_password_check(c, in->password, user == NULL ? NULL : user->password) == TERN_PASSWORD_WRONG)
        tern_fail(c, 401, "the e-mail address or the password is wrong");
    return reply_me(c, user);
}

TERN_HANDLER(show_me)
{
    return reply_me(c, tern_get_or_404(c, User, my_id(c)));
}

TERN_HANDLER(change_me, UserChange, in)
{
    User *user = tern_get_or_404(c, User, my_id(c));
    if (tern_given(c, password))
        in->password = tern_password_hash(c, in->password);
    tern_update(c, User, user, .given = TERN_GIVEN(UserChange, in));
    return reply_me(c, user);
}

/* -- profiles -- */

static User *user_named(tern_ctx *c, const char *username)
{
    User *user = tern_first(c, User, .where = "username = ?", .args = TERN_ARGS(username));
    if (user == NULL)
        tern_fail(c, 404, "user \"%s\" does not exist", username);
    return user;
}

static tern_reply reply_profile(tern_ctx *c, const User *user)
{
    Profile profile = {.following = tern_find(c, Follow, my_id(c), user->id) != NULL};
    tern_copy(Profile, &profile, User, user);
    return tern_json(c, Profile, &profile);
}

TERN_HANDLER(show_profile, ByName, in)
{
    return reply_profile(c, user_named(c, in->username));
}

TERN_HANDLER(follow, ByName, in)
{
    User *user = user_named(c, in->username);
    tern_upsert(c, Follow, &(Follow){.follower_id = my_id(c), .followed_id = user->id});
    return reply_profile(c, user);
}

TERN_HANDLER(unfollow, ByName, in)
{
    User *user = user_named(c, in->username);
    tern_remove(c, Follow, my_id(c), user->id);
    return reply_profile(c, user);
}

void add_users(tern_app *app)
{
    keys = tern_jwt_keys_new(app, .env = "CONDUIT_JWT_KEYS");
    tern_auth(app, {.name = "token",
                    .identify = by_token,
                    .challenge = "Token",
                    .security = {.type = TERN_SECURITY_API_KEY_HEADER, .key = "Authorization"}});
    tern_group *all = tern_group_new(app, "/api");
    tern_group *users = tern_group_new(all, "", .requires = TERN_SIGNED_IN);
    tern_post(all, "/users", sign_up, .takes_in = "user", .status = 201, ONE_USER);
    tern_post(all, "/users/login", log_in, .takes_in = "user", ONE_USER);
    tern_get(users, "/user", show_me, ONE_USER);
    tern_put(users, "/user", change_me, .takes_in = "user", ONE_USER);
    tern_get(all, "/profiles/{username}", show_profile, ONE_PROFILE);
    tern_post(users, "/profiles/{username}/follow", follow, ONE_PROFILE);
    tern_delete(users, "/profiles/{username}/follow", unfollow, ONE_PROFILE);
}
