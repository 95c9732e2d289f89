/** What the ceremonies share: settings, the challenge of a browser, and the checks of its reply. */
#ifndef AUTH_PASSKEY_CEREMONY_H
#define AUTH_PASSKEY_CEREMONY_H

#include "auth/passkey/authenticator.h"

#include <tern/passkey.h>

enum { PASSKEY_USER_MAX = 64, PASSKEY_SECONDS = 300, PASSKEY_HASH_BYTES = 32 };

/** Of this process, with defaults in place. */
extern tern_passkey_options passkey_settings;

typedef enum passkey_ceremony { PASSKEY_CREATE, PASSKEY_GET } passkey_ceremony;

/** A new challenge as base64url, which this browser's cookie remembers, for `user_id` ("": anybody). */
const char *passkey_challenge_new(tern_ctx *c, passkey_ceremony ceremony, const char *user_id);

/** A reply, decoded and checked but for its signature and its challenge's first use. */
typedef struct passkey_checked {
    const char *challenge;
    authenticator_bytes raw; /* the authenticator data, */
    authenticator_data data; /* and what it says */
    uint8_t client_hash[PASSKEY_HASH_BYTES];
    const char *user_handle; /* text; NULL: none */
    authenticator_bytes signature;
} passkey_checked;

/** Checks a reply up to WebAuthn's steps 7.1.14 and 7.2.18: the type, the challenge, the origin, the relying party, the
 * flags. False with `*problem`. */
bool passkey_check_reply(tern_ctx *c, passkey_ceremony ceremony, const char *user_id,
                         const tern_passkey_reply *reply, passkey_checked *out, const char **problem);
/** The table of challenges that were used. */
tern_type *passkey_used_table(void);
/** Uses up the challenge; false when it was used before. */
bool passkey_use_challenge(tern_ctx *c, const char *challenge);

/** Ends the handler with 500 when the id of a user cannot be one. */
void passkey_check_user(tern_ctx *c, const char *user_id);

#endif
