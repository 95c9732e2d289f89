/**
 * The OpenAPI document of an application: GET /openapi.json, and `APP openapi`.
 *
 * It needs nothing here: it is written from routes, handlers and models as they are declared. What
 * tern_app_new takes for it: .title, .version, .description, .openapi (its version), .openapi_path and .security. What a
 * route takes: .summary, .description, .tags, .returns, .status, .paged, .deprecated, .security, .problems,
 * .reply_headers, .examples, .callbacks and .hidden.
 */
#ifndef TERN_OPENAPI_H
#define TERN_OPENAPI_H

#include <tern/app.h>

/** How a client says who it is. */
typedef enum tern_security_type {
    TERN_SECURITY_BEARER, /* Authorization: Bearer ... */
    TERN_SECURITY_BASIC,  /* Authorization: Basic ... */
    TERN_SECURITY_API_KEY_HEADER,
    TERN_SECURITY_API_KEY_QUERY,
    TERN_SECURITY_API_KEY_COOKIE,
    TERN_SECURITY_OPENID, /* OpenID Connect */
    TERN_SECURITY_OAUTH2,
    TERN_SECURITY_DIGEST,    /* Authorization: Digest ... */
    TERN_SECURITY_MUTUAL_TLS /* a certificate of the client */
} tern_security_type;

/** What a token of OAuth 2 may allow. */
typedef struct tern_scope {
    const char *name, *description;
} tern_scope;
/** A list of scopes: `TERN_SCOPES({"orders:read", "Read orders"}, {"orders:write", "Change orders"})`. */
#define TERN_SCOPES(...) ((const tern_scope[]){__VA_ARGS__, {0}})

typedef struct tern_security_options {
    tern_security_type type;
    const char *key;    /* of the API keys: the name of the header, query parameter or cookie */
    const char *url;    /* of OpenID Connect: where its configuration is */
    const char *format; /* of a bearer token, as a hint for people: "JWT" */
    /* of OAuth 2: how clients get a token: "authorizationCode", "clientCredentials", "deviceAuthorization", and
     * the outdated "implicit" and "password"; several: "authorizationCode, clientCredentials". */
    const char *flows;
    const char *authorization_url; /* of authorizationCode and implicit */
    const char *token_url;         /* of all but implicit */
    const char *device_url;        /* of deviceAuthorization, which is an extension in a 3.1 document */
    const char *refresh_url;       /* NULL: tokens are not refreshed, or at token_url */
    const tern_scope *scopes; /* TERN_SCOPES(...), of OAuth 2 and OpenID Connect; NULL: none, or unknown */
    const char *description;
} tern_security_options;

/**
 * Declares a security scheme, for `.security` of routes and of the application:
 * `tern_security(app, "token", .type = TERN_SECURITY_BEARER)`.
 *
 * It only describes: middleware or providers refuse the requests. Texts are copied. A route that names an
 * undeclared scheme, or a scope that its scheme has not, is a mistake that tern_run reports.
 *
 * Scopes follow the name of the scheme: `.security = "login orders:read orders:write, key"` needs the scheme
 * "login" with both scopes, or the scheme "key".
 */
void tern_security_with(tern_app *app, const char *name, const tern_security_options *options);
#define tern_security(app, name, ...) tern_security_with(app, name, &(tern_security_options){__VA_ARGS__})

/** Declares a tern_security of this name, for documentation, unless an equal one exists; returns the name that the scheme
 * has: this one, or with a number after it if another scheme has it. For `prepare` of pieces that identify. */
const char *tern_security_named(tern_app *app, const char *name, const tern_security_options *options);

/* -- the rest of the document -- */

/** A request that the application makes to those who subscribed: `tern_webhook(app, "orderPaid", .body =
 * TERN_TYPE(Order), .summary = "An order was paid")`. It only describes. */
typedef struct tern_webhook_options {
    const char *method; /* default "POST" */
    tern_type *body;    /* what it sends; NULL: nothing */
    const char *summary, *description, *tags;
    int status; /* that it expects; default 200 */
} tern_webhook_options;
void tern_webhook_with(tern_app *app, const char *name, const tern_webhook_options *options);
#define tern_webhook(app, name, ...) tern_webhook_with(app, name, &(tern_webhook_options){__VA_ARGS__})

/** What a tag of routes means: `tern_tag(app, "orders", "Orders and their lines")`. Tags are listed in the order of
 * these calls, and those without one after them. */
typedef struct tern_tag_options {
    const char *parent;   /* another tag that it belongs to; shown by 3.2 */
    const char *docs_url; /* more about it */
} tern_tag_options;
void tern_tag_with(tern_app *app, const char *name, const char *description, const tern_tag_options *options);
#define tern_tag(app, name, description, ...)                                                                \
    tern_tag_with(app, name, description, &(tern_tag_options){__VA_ARGS__})

/** Where the application is: `tern_server(app, "https://api.example.org", "Production")`. Without one the document
 * says "/", the address that it came from. */
void tern_server(tern_app *app, const char *url, const char *description);
/** Where more is written about the application: `tern_external_docs(app, "https://docs.example.org", "Guide")`. */
void tern_external_docs(tern_app *app, const char *url, const char *description);

#endif
