/** The table of well-known providers. */
#include "auth/login/presets.h"

#include <stddef.h>
#include <string.h>

#define OPENID_SCOPES "openid email profile"

const login_preset login_preset_none = {.name = "", .scopes = OPENID_SCOPES};

static const login_preset presets[] = {
    {.name = "google", .title = "Google", .issuer = "https://accounts.google.com", .scopes = OPENID_SCOPES},
    /* Its e-mail addresses are whatever an administrator of any tenant enters, so they never count as verified unless a
     * claim says so. */
    {.name = "microsoft",
     .title = "Microsoft",
     .issuer = "https://login.microsoftonline.com/{tenant}/v2.0",
     .has_issuer_template = true,
     .scopes = OPENID_SCOPES,
     .email_verified = "xms_edov"},
    {.name = "apple",
     .title = "Apple",
     .issuer = "https://appleid.apple.com",
     .scopes = "openid email name",
     .client_auth = "client_secret_post",
     .form_post = true,
     .signs_secret = true},
    {.name = "gitlab", .title = "GitLab", .issuer = "https://gitlab.com", .scopes = OPENID_SCOPES},
    {.name = "github",
     .title = "GitHub",
     .scopes = "read:user user:email",
     .authorization_url = "https://github.com/login/oauth/authorize",
     .token_url = "https://github.com/login/oauth/access_token",
     .user_url = "https://api.github.com/user",
     .emails_url = "https://api.github.com/user/emails",
     .identity = "https://github.com",
     .client_auth = "client_secret_post",
     .subject = "id",
     .user_name = "login",
     .picture = "avatar_url"},
    {.name = "discord",
     .title = "Discord",
     .scopes = "identify email",
     .authorization_url = "https://discord.com/oauth2/authorize",
     .token_url = "https://discord.com/api/oauth2/token",
     .user_url = "https://discord.com/api/users/@me",
     .identity = "https://discord.com",
     .client_auth = "client_secret_post",
     .subject = "id",
     .user_name = "username",
     .full_name = "global_name",
     .email_verified = "verified"},
    {.name = "facebook",
     .title = "Facebook",
     .scopes = "public_profile email",
     .authorization_url = "https://www.facebook.com/dialog/oauth",
     .token_url = "https://graph.facebook.com/oauth/access_token",
     .user_url = "https://graph.facebook.com/me?fields=id,name,email",
     .identity = "https://www.facebook.com",
     .client_auth = "client_secret_post",
     .subject = "id"},
};

const login_preset *login_preset_of(const char *name)
{
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
        if (strcmp(presets[i].name, name) == 0)
            return &presets[i];
    return NULL;
}
