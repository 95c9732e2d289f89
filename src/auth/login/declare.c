/** tern_login_with: from options to a provider with routes. */
#include "auth/login/address.h"
#include "auth/login/client_assertion.h"
#include "auth/login/handlers.h"
#include "auth/login/page.h"

#include "crypto/key.h"

#include <tern/log.h>
#include <tern/secret.h>

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_NAME = 32,
    MOST_SECRET = 16384,         /* of a secret's or a key's file */
    TIMEOUT_MS = 10000,          /* of a call to a provider */
    STORE_BYTES = 4 << 20,       /* of what providers publish */
    STORE_VALUE_BYTES = 1 << 19, /* of one document with its key */
    USED_STATES = 8192
};

/** The logins of the application; a process has one application. */
static struct {
    tern_app *app;
    login_provider *newest;
    tern_login_button *buttons;
    size_t count;
} declared;

login_provider *login_providers(void)
{
    return declared.newest;
}

const tern_login_button *tern_login_buttons(size_t *count)
{
    *count = declared.count;
    return declared.buttons;
}

void login_refuse(tern_ctx *c, const login_provider *p, int status, const char *told, const char *format, ...)
{
    char why[1024];
    va_list values;
    va_start(values, format);
    vsnprintf(why, sizeof why, format, values);
    va_end(values);
    const tern_log_field fields[] = {{.name = "provider", .text = p->o.name},
                                     {.name = "why", .text = why},
                                     {.name = "request_id", .text = tern_request_id(c)}};
    tern_log_event(status >= 500 ? TERN_LOG_WARN : TERN_LOG_INFO, "login refused", fields,
                   sizeof fields / sizeof *fields);
    tern_fail(c, status, "%s", told);
}

/* -- texts that live as long as the process -- */

__attribute__((format(printf, 2, 3))) static const char *keep(tern_app *app, const char *format, ...)
{
    va_list values;
    char *text = NULL;
    va_start(values, format);
    int len = vasprintf(&text, format, values);
    va_end(values);
    const char *kept = len >= 0 ? tern_keep(text, (size_t)len + 1) : NULL;
    if (len >= 0)
        free(text);
    if (kept == NULL)
        tern_mistake(app, "login: out of memory");
    return kept != NULL ? kept : "";
}

static const char *keep_text(tern_app *app, const char *text)
{
    return text != NULL ? keep(app, "%s", text) : NULL;
}

/** A whole file without the line break at its end; NULL, with a mistake, when it cannot be had. */
static const char *keep_file(tern_app *app, const char *variable, const char *path)
{
    char *data = malloc(MOST_SECRET + 1);
    FILE *file = data != NULL ? fopen(path, "re") : NULL;
    size_t len = file != NULL ? fread(data, 1, MOST_SECRET + 1, file) : 0;
    const char *kept = NULL;
    if (file == NULL || ferror(file))
        tern_mistake(app, "login: %s: cannot read \"%s\": %s", variable, path, strerror(errno));
    else if (len > MOST_SECRET || memchr(data, '\0', len) != NULL)
        tern_mistake(app, "login: %s: \"%s\" is longer than 16 KiB, or not a text", variable, path);
    else {
        while (len > 0 && (data[len - 1] == '\n' || data[len - 1] == '\r'))
            len--;
        kept = keep(app, "%.*s", (int)len, data);
    }
    if (file != NULL)
        fclose(file);
    free(data);
    return kept;
}

/** The variable TERN_LOGIN_<NAME>_<what>. */
static const char *variable(tern_app *app, const char *name, const char *what)
{
    char upper[MOST_NAME + 1];
    snprintf(upper, sizeof upper, "%s", name);
    for (char *at = upper; *at != '\0'; at++)
        *at = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
    return keep(app, "TERN_LOGIN_%s_%s", upper, what);
}

/** A value of the environment, of the file that it names, or of the options; NULL without any. */
static const char *setting(tern_app *app, const char *name, const char *what, const char *given)
{
    const char *here = variable(app, name, what), *value = getenv(here);
    if (value != NULL && *value != '\0')
        return keep_text(app, value);
    const char *there = keep(app, "%s_FILE", here);
    value = getenv(there);
    return value != NULL && *value != '\0' ? keep_file(app, there, value) : keep_text(app, given);
}

/** Pairs, with copies of their texts. */
static const char *const *keep_pairs(tern_app *app, const char *const *pairs)
{
    const char *copy[64] = {NULL};
    size_t count = 0;
    for (; pairs != NULL && pairs[count] != NULL && count + 3 < sizeof copy / sizeof *copy; count += 2) {
        copy[count] = keep_text(app, pairs[count]);
        copy[count + 1] = keep_text(app, pairs[count + 1]);
    }
    if (pairs != NULL && pairs[count] != NULL)
        tern_mistake(app, "login: .parameters has more than 30 pairs");
    return pairs != NULL ? tern_keep(copy, (count + 2) * sizeof *copy) : NULL;
}

/* -- defaults -- */

/** The preset's issuer with the tenant where it has {tenant}. */
static const char *issuer_of(tern_app *app, const login_preset *preset, const tern_login_options *o)
{
    const char *issuer = preset->issuer, *hole = issuer != NULL ? strstr(issuer, "{tenant}") : NULL;
    if (hole == NULL)
        return keep_text(app, issuer);
    const char *tenant = o->tenant != NULL ? o->tenant : "common";
    if (tenant[strspn(tenant, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")] != '\0')
        tern_mistake(app, "login %s: .tenant \"%s\" is not a tenant's id or domain", o->name, tenant);
    return keep(app, "%.*s%s%s", (int)(hole - issuer), issuer, tenant, hole + strlen("{tenant}"));
}

static const char *or_else(tern_app *app, const char *given, const char *fallback)
{
    return keep_text(app, given != NULL ? given : fallback);
}

static tern_login_options with_defaults(tern_app *app, const tern_login_options *given,
                                        const login_preset *preset)
{
    const char *name = keep_text(app, given->name);
    const char *issuer = setting(app, name, "ISSUER", given->issuer);
    const char *secret = setting(app, name, "CLIENT_SECRET", given->client_secret);
    const char *private_key = setting(app, name, "PRIVATE_KEY", given->private_key);
    return (tern_login_options){
        .name = name,
        .title = or_else(app, given->title, preset->title != NULL ? preset->title : name),
        .client_id = setting(app, name, "CLIENT_ID", given->client_id),
        .client_secret = secret == NULL && private_key != NULL ? "" : secret,
        .issuer = issuer != NULL                     ? issuer
                  : given->authorization_url != NULL ? NULL
                                                     : issuer_of(app, preset, given),
        .scopes = or_else(app, given->scopes, preset->scopes),
        .authorization_url = or_else(app, given->authorization_url, preset->authorization_url),
        .token_url = or_else(app, given->token_url, preset->token_url),
        .user_url = or_else(app, given->user_url, preset->user_url),
        .client_auth = or_else(app, given->client_auth, preset->client_auth),
        .private_key = private_key,
        .key_id = keep_text(app, given->key_id),
        .team_id = keep_text(app, given->team_id),
        .parameters = keep_pairs(app, given->parameters),
        .form_post = given->form_post || preset->form_post,
        .max_age_s = given->max_age_s,
        .timeout_ms = given->timeout_ms != 0 ? given->timeout_ms : TIMEOUT_MS,
        .base_url = keep_text(app, given->base_url),
        .prefix = or_else(app, given->prefix, "/account/login"),
        .after = or_else(app, given->after, "/"),
        .signed_in = given->signed_in};
}

/* -- mistakes -- */

static void check_address(tern_app *app, const tern_login_options *o, const char *option, const char *url)
{
    if (url == NULL)
        tern_mistake(app, "login %s: .%s is missing; give it, or an .issuer", o->name, option);
    else if (!login_address_is_safe(url))
        tern_mistake(app, "login %s: .%s \"%s\" is not an address with https (http only to this machine)",
                     o->name, option, url);
}

static void check_client(tern_app *app, const login_provider *p)
{
    const tern_login_options *o = &p->o;
    const char *way = o->client_auth;
    if (o->client_id == NULL || *o->client_id == '\0')
        tern_mistake(app, "login %s: the client's id is missing; give .client_id, or set %s", o->name,
                     variable(app, o->name, "CLIENT_ID"));
    if (o->client_secret == NULL)
        tern_mistake(
            app,
            "login %s: the client's secret is missing; give .client_secret, or set %s (or %s_FILE); \"\" "
            "is for a public client",
            o->name, variable(app, o->name, "CLIENT_SECRET"), variable(app, o->name, "CLIENT_SECRET"));
    if (way != NULL && strcmp(way, "client_secret_basic") != 0 && strcmp(way, "client_secret_post") != 0 &&
        strcmp(way, "private_key_jwt") != 0 && strcmp(way, "none") != 0)
        tern_mistake(app,
                     "login %s: .client_auth \"%s\" is none of client_secret_basic, client_secret_post, "
                     "private_key_jwt and none",
                     o->name, way);
    if (way != NULL && strcmp(way, "private_key_jwt") == 0 && o->private_key == NULL)
        tern_mistake(app, "login %s: private_key_jwt needs .private_key", o->name);
    if (o->signed_in == NULL)
        tern_mistake(app, "login %s: .signed_in is missing: the function that signs the user in", o->name);
    const char *problem =
        o->private_key != NULL ? login_private_key_problem(o->private_key, p->preset->signs_secret) : NULL;
    if (problem != NULL)
        tern_mistake(app, "login %s: .private_key cannot be used: %s", o->name, problem);
    if (p->preset->signs_secret && (o->private_key == NULL || o->key_id == NULL || o->team_id == NULL))
        tern_mistake(app, "login %s: %s needs .private_key, .key_id and .team_id", o->name, p->preset->title);
}

static void check(tern_app *app, const login_provider *p)
{
    const tern_login_options *o = &p->o;
    if (p->is_openid) {
        check_address(app, o, "issuer", o->issuer);
        if (strchr(o->issuer, '?') != NULL)
            tern_mistake(app, "login %s: .issuer \"%s\" has a query", o->name, o->issuer);
        if (login_find_word(o->scopes, "openid") == NULL)
            tern_mistake(app, "login %s: .scopes \"%s\" must have openid", o->name, o->scopes);
    } else {
        check_address(app, o, "authorization_url", o->authorization_url);
        check_address(app, o, "token_url", o->token_url);
        check_address(app, o, "user_url", o->user_url);
    }
    if (o->base_url != NULL &&
        (!login_address_is_safe(o->base_url) || o->base_url[strlen(o->base_url) - 1] == '/'))
        tern_mistake(app, "login %s: .base_url \"%s\" is not \"https://host\"", o->name, o->base_url);
    if (*o->prefix != '/' || *o->after != '/' || o->after[1] == '/')
        tern_mistake(app, "login %s: .prefix \"%s\" and .after \"%s\" must be paths", o->name, o->prefix,
                     o->after);
    check_client(app, p);
}

static bool is_name(tern_app *app, const char *name)
{
    if (name == NULL || *name < 'a' || *name > 'z' || strlen(name) > MOST_NAME ||
        name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0') {
        tern_mistake(app, "login: .name \"%s\" must have 1 to 32 of a-z, 0-9 and '-', a letter first",
                     name != NULL ? name : "");
        return false;
    }
    for (const login_provider *p = declared.newest; p != NULL; p = p->next)
        if (strcmp(p->o.name, name) == 0) {
            tern_mistake(app, "login %s: declared twice", name);
            return false;
        }
    return true;
}

/* -- routes -- */

static void add_route(tern_app *app, const login_provider *p, const char *method, const char *path,
                      const char *name, tern_reply (*run)(tern_ctx *c))
{
    const tern_handler handler = {.name = keep(app, "%s_%s", name, p->o.name),
                                  .run = run,
                                  .file = __FILE__,
                                  .line = __LINE__,
                                  .arg = p};
    const tern_middleware use[] = {login_pages(), {0}};
    tern_route(tern_app_root(app), method, path, &handler,
               &(tern_route_options){
                   .file = __FILE__, .line = __LINE__, .use = use, .hidden = true, .not_fuzzed = true});
}

static void add_button(tern_app *app, const login_provider *p)
{
    tern_login_button *buttons = realloc(declared.buttons, (declared.count + 1) * sizeof *buttons);
    if (buttons == NULL) {
        tern_mistake(app, "login: out of memory");
        return;
    }
    declared.buttons = buttons;
    buttons[declared.count++] = (tern_login_button){p->o.name, p->o.title, p->path};
}

void tern_login_with_options(tern_app *app, const tern_login_options *options)
{
    if (declared.app != app) { /* another application of this process, in tests */
        declared.app = app;
        declared.newest = NULL;
        declared.count = 0;
    }
    if (!is_name(app, options->name))
        return;
    const char *which = options->preset != NULL ? options->preset : options->name;
    const login_preset *preset = login_preset_of(which);
    if (preset == NULL && options->preset != NULL)
        tern_mistake(app, "login %s: there is no preset \"%s\"", options->name, options->preset);
    if (preset == NULL)
        preset = &login_preset_none;
    login_provider made = {.o = with_defaults(app, options, preset), .preset = preset};
    made.is_openid = made.o.issuer != NULL;
    made.path = keep(app, "%s/%s", made.o.prefix, made.o.name);
    made.documents =
        tern_shared_store_new("login.documents", .bytes = STORE_BYTES, .value_bytes = STORE_VALUE_BYTES);
    made.used = tern_shared_map_new("login.used", .entries = USED_STATES, .key_bytes = 64, .value_bytes = 8);
    made.next = declared.newest;
    login_provider *p = tern_keep(&made, sizeof made);
    if (p == NULL || p->documents == NULL || p->used == NULL) {
        tern_mistake(app, "login %s: no shared memory: %s", options->name, strerror(errno));
        return;
    }
    const char *problem;
    if (!key_load(&problem))
        tern_mistake(app, "login %s: %s", p->o.name, problem);
    tern_secrets(app);
    check(app, p);
    declared.newest = p;
    add_button(app, p);
    add_route(app, p, "GET", p->path, "login", login_begin);
    add_route(app, p, "GET", keep(app, "%s/callback", p->path), "login_callback", login_callback);
    if (p->o.form_post)
        add_route(app, p, "POST", keep(app, "%s/callback", p->path), "login_callback_form",
                  login_callback_form);
}
