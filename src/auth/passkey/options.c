/** The options of both ceremonies, as browsers take them: WebAuthn sections 5.4 and 5.5. */
#include "auth/passkey/ceremony.h"

#include "auth/base64url.h"

#include <tern/value.h>

#include <string.h>

static void set_text(tern_ctx *c, tern_value *object, const char *name, const char *text)
{
    tern_value_set(c, object, name, tern_value_of_text(c, text));
}

/** The user's passkeys as PublicKeyCredentialDescriptors. */
static tern_value *descriptors(tern_ctx *c, tern_passkey_list passkeys)
{
    tern_value *list = tern_value_array(c);
    for (size_t i = 0; i < passkeys.count; i++) {
        tern_value *one = tern_value_object(c), *transports = tern_value_array(c);
        set_text(c, one, "type", "public-key");
        set_text(c, one, "id", passkeys.items[i].credential_id);
        for (const char *at = passkeys.items[i].transports; *at != '\0'; at += strspn(at, ",")) {
            size_t len = strcspn(at, ",");
            tern_value_add(c, transports, tern_value_of_text(c, tern_sprintf(c, "%.*s", (int)len, at)));
            at += len;
        }
        if (tern_value_count(transports) > 0)
            tern_value_set(c, one, "transports", transports);
        tern_value_add(c, list, one);
    }
    return list;
}

static const char *user_check_name(void)
{
    static const char *const names[] = {[TERN_PASSKEY_CHECK_PREFERRED] = "preferred",
                                        [TERN_PASSKEY_CHECK_REQUIRED] = "required",
                                        [TERN_PASSKEY_CHECK_DISCOURAGED] = "discouraged"};
    return names[passkey_settings.user_check];
}

/** Of each algorithm, the preferred one first (RFC 9053, RFC 8812). That is the one which every device has: some versions of
 * Firefox send malformed keys of EdDSA. */
static tern_value *algorithms(tern_ctx *c)
{
    static const int numbers[] = {-7 /* ES256 */, -8 /* EdDSA */, -257 /* RS256 */};
    tern_value *list = tern_value_array(c);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        tern_value *one = tern_value_object(c);
        set_text(c, one, "type", "public-key");
        tern_value_set(c, one, "alg", tern_value_of_int(c, numbers[i]));
        tern_value_add(c, list, one);
    }
    return list;
}

const char *tern_passkey_creation(tern_ctx *c, const char *user_id, const char *user_name,
                                  const char *shown_name)
{
    passkey_check_user(c, user_id);
    tern_passkey_list passkeys = tern_passkeys_of(c, user_id);
    if (passkeys.count >= passkey_settings.most)
        tern_fail(c, 409, "there are %u passkeys already: remove one first", passkey_settings.most);
    tern_value *options = tern_value_object(c), *rp = tern_value_object(c), *user = tern_value_object(c);
    tern_value *selection = tern_value_object(c), *extensions = tern_value_object(c);
    set_text(c, rp, "id", passkey_settings.id);
    set_text(c, rp, "name", passkey_settings.name);
    set_text(c, user, "id", auth_base64url(c, user_id, strlen(user_id)));
    set_text(c, user, "name", user_name);
    set_text(c, user, "displayName", shown_name != NULL ? shown_name : user_name);
    set_text(c, selection, "residentKey", "required");
    tern_value_set(c, selection, "requireResidentKey", tern_value_of_bool(c, true));
    set_text(c, selection, "userVerification", user_check_name());
    tern_value_set(c, extensions, "credProps", tern_value_of_bool(c, true));
    set_text(c, options, "challenge", passkey_challenge_new(c, PASSKEY_CREATE, user_id));
    tern_value_set(c, options, "rp", rp);
    tern_value_set(c, options, "user", user);
    tern_value_set(c, options, "pubKeyCredParams", algorithms(c));
    tern_value_set(c, options, "timeout", tern_value_of_int(c, PASSKEY_SECONDS * 1000));
    tern_value_set(c, options, "excludeCredentials", descriptors(c, passkeys));
    tern_value_set(c, options, "authenticatorSelection", selection);
    set_text(c, options, "attestation", "none");
    tern_value_set(c, options, "extensions", extensions);
    return tern_value_print(c, options, 0);
}

const char *tern_passkey_request(tern_ctx *c, const char *user_id)
{
    tern_value *options = tern_value_object(c);
    if (user_id != NULL)
        passkey_check_user(c, user_id);
    set_text(c, options, "challenge", passkey_challenge_new(c, PASSKEY_GET, user_id != NULL ? user_id : ""));
    tern_value_set(c, options, "timeout", tern_value_of_int(c, PASSKEY_SECONDS * 1000));
    set_text(c, options, "rpId", passkey_settings.id);
    tern_value_set(c, options, "allowCredentials",
                   user_id != NULL ? descriptors(c, tern_passkeys_of(c, user_id)) : tern_value_array(c));
    set_text(c, options, "userVerification", user_check_name());
    return tern_value_print(c, options, 0);
}
