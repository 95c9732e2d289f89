#include "app/security/safe_headers.h"

#include "base/text.h"

#include <tern/security.h>

#include <string.h>

enum { SAFE_HEADERS = 8 };

/** What an application that says nothing has. The order is that of the replies. */
static const struct {
    const char *name, *value; /* NULL: none by default */
    bool is_for_pages;
    size_t option; /* offset in tern_safe_headers_options */
} standard[SAFE_HEADERS] = {
#define OPTION(name) offsetof(tern_safe_headers_options, name)
    {"X-Content-Type-Options", "nosniff", false, OPTION(content_type_options)},
    {"Cross-Origin-Resource-Policy", "same-origin", false, OPTION(resource_policy)},
    {"X-Frame-Options", "SAMEORIGIN", true, OPTION(frame_options)},
    {"Referrer-Policy", "same-origin", true, OPTION(referrer_policy)},
    {"Cross-Origin-Opener-Policy", "same-origin", true, OPTION(opener_policy)},
    {"Cross-Origin-Embedder-Policy", NULL, true, OPTION(embedder_policy)},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()", true,
     OPTION(permissions_policy)},
    {"Content-Security-Policy", TERN_SAFE_CSP, true, OPTION(csp)},
#undef OPTION
};

struct app_safe_headers {
    unsigned count;
    http_default list[SAFE_HEADERS];
    const char *csp; /* as declared; NULL: none */
};

/** The policy without {nonce} and the spaces before it: of replies that have none. */
static const char *without_nonce(tern_app *app, const char *policy)
{
    static const char mark[] = "{nonce}";
    char *text = app_keep(app, strlen(policy) + 1), *at = text;
    while (text != NULL && *policy != '\0') {
        if (strncmp(policy, mark, sizeof mark - 1) != 0) {
            *at++ = *policy++;
            continue;
        }
        policy += sizeof mark - 1;
        while (at > text && at[-1] == ' ')
            at--;
    }
    return text;
}

static void add(tern_app *app, struct app_safe_headers *safe, unsigned i, const char *value)
{
    bool is_csp = standard[i].option == offsetof(tern_safe_headers_options, csp);
    if (!http_field_is_valid(standard[i].name, strlen(standard[i].name), value, strlen(value))) {
        tern_mistake(app, "safe headers: the value of %s has a line break or another control character",
                     standard[i].name);
        return;
    }
    value = app_keep_text(app, value);
    if (is_csp) {
        safe->csp = value;
        value = value != NULL ? without_nonce(app, value) : NULL;
    }
    if (value != NULL)
        safe->list[safe->count++] = (http_default){
            .name = standard[i].name, .value = value, .is_for_pages = standard[i].is_for_pages};
}

void tern_safe_headers_with(tern_app *app, const tern_safe_headers_options *options)
{
    struct app_safe_headers *safe = app_keep(app, sizeof *safe);
    size_t bytes = 0;
    if (safe == NULL)
        return; /* app_compile reports it */
    for (unsigned i = 0; i < SAFE_HEADERS && !options->off; i++) {
        const char *value;
        memcpy(&value, (const char *)options + standard[i].option, sizeof value);
        if (value == NULL)
            value = standard[i].value;
        if (value == NULL || value[0] == '\0')
            continue;
        add(app, safe, i, value);
        bytes += strlen(standard[i].name) + strlen(value) + 4;
    }
    if (bytes > HTTP_DEFAULTS_BYTES)
        tern_mistake(app, "safe headers: they have %zu bytes, and may have %d: shorten .csp", bytes,
                     HTTP_DEFAULTS_BYTES);
    app->safe_headers = safe;
}

const http_default *safe_headers_of(const tern_app *app, unsigned *count)
{
    *count = app->safe_headers != NULL ? app->safe_headers->count : 0;
    return app->safe_headers != NULL ? app->safe_headers->list : NULL;
}

const char *tern_safe_header(tern_ctx *c, const char *name)
{
    const struct app_safe_headers *safe = c->app->safe_headers;
    for (unsigned i = 0; safe != NULL && i < safe->count; i++)
        if (strlen(name) == strlen(safe->list[i].name) &&
            text_equal_nocase(name, safe->list[i].name, strlen(name)))
            return strcmp(safe->list[i].name, "Content-Security-Policy") == 0 ? safe->csp
                                                                              : safe->list[i].value;
    return NULL;
}
