/** A provider in the test itself: it signs id tokens and is stubbed where the service calls it. */
#ifndef TESTS_SERVER_LOGIN_FLOW_H
#define TESTS_SERVER_LOGIN_FLOW_H

#include "login_signing.h"

#include <tern.h>
#include <tern/fetch_test.h>
#include <tern/oidc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ISSUER    "https://op.example"
#define DISCOVERY ISSUER "/.well-known/openid-configuration"
#define KEYS      ISSUER "/keys"
#define TOKEN     ISSUER "/token"
#define USERINFO  ISSUER "/userinfo"
#define METADATA(more)                                                                                       \
    "{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"" ISSUER "/authorize?prompt=login\","           \
    "\"token_endpoint\":\"" TOKEN "\",\"jwks_uri\":\"" KEYS "\",\"userinfo_endpoint\":\"" USERINFO           \
    "\",\"unknown_member\":{\"a\":[1]}" more "}"

/** A login that has begun: what the browser took along to the provider. */
typedef struct flow {
    const char *location;
    const char *state, *nonce, *challenge, *redirect_uri;
} flow;

/** The decoded value of a parameter of an address; NULL without it. */
__attribute__((unused)) static const char *parameter(tern_test *t, const char *url, const char *name)
{
    const char *found = strstr(url, tern_test_sprintf(t, "&%s=", name));
    if (found == NULL)
        return NULL;
    found += strlen(name) + 2;
    char *text = tern_test_sprintf(t, "%.*s", (int)strcspn(found, "&"), found), *out = text;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at != '%') {
            *out++ = *at;
            continue;
        }
        const char digits[] = {at[1], at[2], '\0'};
        *out++ = (char)strtol(digits, NULL, 16);
        at += 2;
    }
    *out = '\0';
    return text;
}

__attribute__((unused)) static flow begin(tern_test *t, const char *path)
{
    tern_answer *a = tern_test_get(t, path);
    tern_check_status(a, 303);
    const char *url = tern_answer_header_of(a, "Location");
    return (flow){url, parameter(t, url, "state"), parameter(t, url, "nonce"),
                  parameter(t, url, "code_challenge"), parameter(t, url, "redirect_uri")};
}

/** The claims of a right id token; `more` is JSON that follows them (",\"email\":\"a@example.org\""). */
__attribute__((unused)) static const char *claims_of(tern_test *t, const flow *f, const char *more)
{
    return tern_test_sprintf(t,
                             "{\"iss\":\"" ISSUER "\",\"sub\":\"7\",\"aud\":\"me\",\"exp\":%lld,\"iat\":%lld,"
                             "\"nonce\":\"%s\"%s}",
                             (long long)time(NULL) + 300, (long long)time(NULL), f->nonce, more);
}

/** The token endpoint replies with this id token. */
__attribute__((unused)) static tern_stub *stub_tokens(tern_test *t, const char *id_token)
{
    return tern_stub_fetch(t, TOKEN,
                           .json = tern_test_sprintf(t,
                                                     "{\"access_token\":\"at-1\",\"token_type\":\"Bearer\","
                                                     "\"expires_in\":300,\"id_token\":\"%s\"}",
                                                     id_token));
}

/** Comes back from the provider. */
__attribute__((unused)) static tern_answer *come_back(tern_test *t, const flow *f)
{
    return tern_test_get(t, tern_test_sprintf(t, "/account/login/op/callback?code=c-1&state=%s", f->state));
}

#endif
