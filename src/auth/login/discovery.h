/** What a provider publishes about itself: OpenID Connect Discovery 1.0, RFC 8414. */
#ifndef AUTH_LOGIN_DISCOVERY_H
#define AUTH_LOGIN_DISCOVERY_H

#include "auth/login/provider.h"

/** In the request's memory. */
typedef struct login_metadata {
    const char *issuer; /* as published: of Microsoft a template */
    const char *authorization_url, *token_url, *user_url,
        *keys_url;                 /* NULL: user_url, and keys_url of OAuth 2 */
    bool sends_issuer;             /* its responses have iss (RFC 9207) */
    const tern_value *client_auth; /* the ways in which a client proves itself; NULL: not said */
} login_metadata;

/**
 * The provider's addresses: of its discovery document, or of the options and the preset.
 *
 * The document is asked for at the first call, and again after an hour. Refuses the request with 502, 503 or 504 without
 * one that is right: its issuer is exactly the configured one, and every address is safe.
 */
const login_metadata *login_metadata_of(tern_ctx *c, login_provider *p);

#endif
