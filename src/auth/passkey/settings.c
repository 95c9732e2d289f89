/** tern_passkeys: the settings of the process. */
#include "auth/passkey/ceremony.h"
#include "crypto/key.h"

#include <tern/data.h>
#include <tern/middleware.h>
#include <tern/secret.h>

#include <stdio.h>
#include <string.h>

enum { MOST_PASSKEYS = 20 };

tern_passkey_options passkey_settings;

/** Whether it is a domain: letters, digits, '-' and '.', in lowercase. */
static bool is_domain(const char *id)
{
    size_t len = strlen(id);
    return len > 0 && len <= 253 && id[0] != '.' && id[len - 1] != '.' &&
           strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-.") == len;
}

/** Whether an origin's host is the domain or below it (WebAuthn: the id is a suffix of it). */
static bool is_of_domain(const char *origin, size_t len, const char *id)
{
    const char *host = origin;
    for (size_t i = 0; i + 2 < len && host == origin; i++)
        if (memcmp(origin + i, "://", 3) == 0)
            host = origin + i + 3;
    size_t host_len = len - (size_t)(host - origin), id_len = strlen(id);
    for (size_t i = 0; i < host_len; i++)
        if (host[i] == ':' || host[i] == '/')
            host_len = host[i] == '/' ? 0 : i;
    bool is_http = len > 7 && memcmp(origin, "http://", 7) == 0;
    bool is_known = is_http ? strcmp(id, "localhost") == 0 : len > 8 && memcmp(origin, "https://", 8) == 0;
    return is_known && host_len >= id_len && memcmp(host + host_len - id_len, id, id_len) == 0 &&
           (host_len == id_len || host[host_len - id_len - 1] == '.');
}

static void check_origins(tern_app *app, const tern_passkey_options *o)
{
    for (const char *at = o->origins; *at != '\0'; at += strspn(at, " ,")) {
        size_t len = strcspn(at, " ,");
        if (!is_of_domain(at, len, o->id))
            tern_mistake(
                app,
                "passkeys: .origins has \"%.*s\": each is like \"https://%s\", without a path, and of that domain "
                "or one below it; http is for localhost alone",
                (int)len, at, o->id);
        at += len;
    }
}

static const char *keep(tern_app *app, const char *text)
{
    const char *kept = tern_keep(text, strlen(text) + 1);
    if (kept == NULL)
        tern_mistake(app, "passkeys: out of memory");
    return kept != NULL ? kept : "";
}

void tern_passkeys_with(tern_app *app, const tern_passkey_options *options)
{
    static bool is_declared;
    const char *problem = "";
    char origin[300];
    tern_tables_of(app, "tern_passkeys",
                   (tern_type *const[]){TERN_TYPE(tern_passkey), passkey_used_table(), NULL});
    tern_secrets(app);
    if (is_declared)
        return;
    is_declared = true;
    tern_passkey_options o = *options;
    if (o.id == NULL || !is_domain(o.id) || o.name == NULL || o.name[0] == '\0') {
        tern_mistake(
            app,
            "passkeys: .id is \"%s\" and .name \"%s\": give the domain, like \"shop.example\" (for tests "
            "\"localhost\"), and the name that devices show",
            o.id != NULL ? o.id : "", o.name != NULL ? o.name : "");
        return;
    }
    snprintf(origin, sizeof origin, "https://%s", o.id);
    o.origins = keep(app, o.origins != NULL ? o.origins : origin);
    o.id = keep(app, o.id);
    o.name = keep(app, o.name);
    o.most = o.most != 0 ? o.most : MOST_PASSKEYS;
    check_origins(app, &o);
    if (!key_load(&problem))
        tern_mistake(app, "passkeys: %s", problem);
    passkey_settings = o;
}
