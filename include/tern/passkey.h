/**
 * Passkeys: signing in by a key that a phone, a computer or a security key keeps (Web Authentication, level 2).
 *
 *     tern_passkeys(app, .id = "shop.example", .name = "Shop");   // in main: two tables, and secret keys
 *
 *     TERN_HANDLER(begin_adding) { return tern_json_text(c, tern_passkey_creation(c, user_id, user->email, user->name)); }
 *     TERN_HANDLER(add, tern_passkey_reply, in)
 *     {
 *         const char *problem;
 *         const tern_passkey *passkey = tern_passkey_add(c, user_id, in, "Ann's phone", &problem);
 *         if (passkey == NULL)
 *             tern_fail(c, 422, "%s", problem);
 *         return tern_created(c, tern_passkey, passkey);
 *     }
 *
 *     TERN_HANDLER(begin_login) { return tern_json_text(c, tern_passkey_request(c, NULL)); }
 *     TERN_HANDLER(log_in, tern_passkey_reply, in)
 *     {
 *         tern_passkey_proof proof;
 *         if (!tern_passkey_check(c, NULL, in, &proof))
 *             tern_fail(c, 401, "the passkey was not accepted");
 *         ... proof.user_id is the user; proof.factors is 2 when the device has checked who holds it ...
 *     }
 *
 * In the page (docs/passkeys.md has all of it):
 *
 *     const options = PublicKeyCredential.parseRequestOptionsFromJSON(await (await fetch("/begin")).json());
 *     const credential = await navigator.credentials.get({publicKey: options});
 *     await fetch("/login", {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(credential)});
 *
 * A challenge is random, belongs to the browser that asked for it (a sealed cookie has it), counts once, and for 5 minutes.
 * Keys are ES256, EdDSA and RS256.
 */
#ifndef TERN_PASSKEY_H
#define TERN_PASSKEY_H

#include <tern/context.h>
#include <tern/model.h>

typedef struct tern_app tern_app;

typedef enum tern_passkey_user_check {
    TERN_PASSKEY_CHECK_PREFERRED, /* the device checks who holds it, if it can */
    TERN_PASSKEY_CHECK_REQUIRED,  /* a reply without it is refused */
    TERN_PASSKEY_CHECK_DISCOURAGED
} tern_passkey_user_check;

typedef struct tern_passkey_options {
    const char *id; /* the domain that passkeys are for: "shop.example", without scheme and port; required */
    const char *name; /* what devices show; required */
    const char *
        origins; /* where pages may use them: "https://shop.example, https://www.shop.example"; default https://
                            and the id */
    tern_passkey_user_check user_check;
    bool
        only_unattested; /* refuse replies that say what device made them; else they are taken, and not checked */
    bool cross_origin; /* pages of other origins may use them in a frame */
    unsigned most;     /* passkeys of a user; default 20 */
} tern_passkey_options;
void tern_passkeys_with(tern_app *app, const tern_passkey_options *options);
/** Declares that users may have passkeys: the tables "passkey" and "passkey_used", and secret keys. It may be called more
 * than once; the first call sets the options. Mistakes are reported by tern_run. */
#define tern_passkeys(app, ...) tern_passkeys_with(app, &(tern_passkey_options){__VA_ARGS__})

/* clang-format off */
/** A user's passkey, as it is kept; and as JSON without what is secret. */
TERN_MODEL_WITH(tern_passkey, (.table = "passkey"),
    (int64_t,       id,            .key = true, .read_only = true),
    (const char *,  user_id,       .max_length = 64, .index = true, .secret = true),
    (const char *,  credential_id, .max_length = 1364, .unique = true, .read_only = true, .help = "base64url"),
    (tern_bytes,    public_key,    .max_length = 2048, .secret = true, .help = "a COSE_Key"),
    (int64_t,       counter,       .secret = true, .help = "of signatures; 0 of devices that do not count"),
    (const char *,  name,          .min_length = 1, .max_length = 64),
    (const char *,  device,        .max_length = 36, .read_only = true, .help = "the AAGUID: the kind of authenticator"),
    (const char *,  transports,    .max_length = 100, .read_only = true, .help = "usb,nfc,ble,internal,hybrid"),
    (bool,          can_move,      .read_only = true, .help = "it may be synchronised to other devices of its owner"),
    (bool,          has_copy,      .read_only = true, .help = "it is synchronised"),
    (tern_datetime, created,       .created = true, .read_only = true),
    (tern_datetime, used,          .read_only = true, .optional = true))

TERN_MODEL_WITH(tern_passkey_response, (.ignore_unknown = true),
    (const char *,   client_data,        .json = "clientDataJSON", .max_length = 8192),
    (const char *,   attestation_object, .json = "attestationObject", .max_length = 65536, .optional = true),
    (const char *,   authenticator_data, .json = "authenticatorData", .max_length = 8192, .optional = true),
    (const char *,   signature,          .max_length = 2048, .optional = true),
    (const char *,   user_handle,        .json = "userHandle", .max_length = 128, .optional = true),
    (tern_text_list, transports,         .max_items = 16, .optional = true))

/** What a browser's PublicKeyCredential is as JSON: the input of handlers. All bytes are base64url. */
TERN_MODEL_WITH(tern_passkey_reply, (.ignore_unknown = true),
    (const char *,          id,       .max_length = 1364),
    (const char *,          raw_id,   .json = "rawId", .max_length = 1364, .optional = true),
    (const char *,          type,     .max_length = 32),
    (tern_passkey_response, response))
/* clang-format on */

/** Options for navigator.credentials.create, as JSON; sets the cookie of the ceremony. `user_id`, of up to 64 bytes, is what
 * the device keeps; the names are shown by it. The user's passkeys are excluded, so that no device has two. Fails with 409
 * when the user has .most of them. */
const char *tern_passkey_creation(tern_ctx *c, const char *user_id, const char *user_name,
                                  const char *shown_name);
/** Keeps the new passkey; NULL, with what is wrong in `*problem`, when the reply is not one to this browser's challenge,
 * not from an allowed origin, malformed, or of a passkey that is already known. */
const tern_passkey *tern_passkey_add(tern_ctx *c, const char *user_id, const tern_passkey_reply *reply,
                                     const char *name, const char **problem);

/** Options for navigator.credentials.get, as JSON; sets the cookie of the ceremony. NULL: whoever the passkey is of, which
 * needs no name (discoverable credentials). An unknown user_id has no passkeys, and an empty list: use NULL for logins, so
 * that nobody learns who has passkeys. */
const char *tern_passkey_request(tern_ctx *c, const char *user_id);

typedef struct tern_passkey_proof {
    const char *user_id;
    const tern_passkey *passkey;
    bool user_verified;  /* the device has checked who holds it, by a PIN, a finger, a face */
    unsigned factors;    /* 2 if so, else 1 */
    const char *problem; /* for the log and for developers, when it was not accepted */
} tern_passkey_proof;

/** Whether the reply proves a passkey, of `user_id` unless that is NULL. A counter that does not rise is refused, since the
 * key was copied then, with a warning in the log. */
bool tern_passkey_check(tern_ctx *c, const char *user_id, const tern_passkey_reply *reply,
                        tern_passkey_proof *proof);

/** The user's passkeys, oldest first. */
tern_passkey_list tern_passkeys_of(tern_ctx *c, const char *user_id);
/** Gives a passkey of the user another name of up to 64 characters; false when the user has no such passkey. */
bool tern_passkey_rename(tern_ctx *c, const char *user_id, int64_t id, const char *name);
/** Removes a passkey of the user; false when the user has no such passkey. */
bool tern_passkey_remove(tern_ctx *c, const char *user_id, int64_t id);

#endif
