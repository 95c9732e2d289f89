/**
 * The OpenAPI 3.1 document of an application: GET /openapi.json, and `APP openapi`.
 *
 * It needs nothing here: it is written from routes, handlers and models as they are declared. What
 * tern_app_new takes for it: .title, .version, .description, .openapi_path and .security. What a route takes:
 * .summary, .description, .tags, .returns, .status, .paged, .deprecated, .security and .hidden.
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
    TERN_SECURITY_OPENID /* OpenID Connect */
} tern_security_type;

typedef struct tern_security_options {
    tern_security_type type;
    const char *key;    /* of the API keys: the name of the header, query parameter or cookie */
    const char *url;    /* of OpenID Connect: where its configuration is */
    const char *format; /* of a bearer token, as a hint for people: "JWT" */
    const char *description;
} tern_security_options;

/**
 * Declares a security scheme, for `.security` of routes and of the application:
 * `tern_security(app, "token", .type = TERN_SECURITY_BEARER)`.
 *
 * It only describes: middleware or providers refuse the requests. Texts are copied. A route that names an
 * undeclared scheme is a mistake that tern_run reports.
 */
void tern_security_with(tern_app *app, const char *name, const tern_security_options *options);
#define tern_security(app, name, ...) tern_security_with(app, name, &(tern_security_options){__VA_ARGS__})

#endif
