/** Logins in work, in sealed cookies. */
#include "auth/login/flight.h"

#include <tern/secret.h>
#include <tern/tls.h>

#include <stdio.h>
#include <string.h>

enum {
    SECRET_BYTES = 32,
    SECRET_TEXT = 43,
    NAME_DIGITS = 16, /* of the state, in the cookie's name */
    MOST_FLIGHTS = 6, /* of one browser: their cookies are sent with every request until they end */
    NAME_BYTES = 48,
    MOST_NEXT = 1024
};

/** With TLS no sub-domain and no plain connection can set it. */
static const char *cookie_prefix(tern_ctx *c)
{
    return tern_is_tls(c) ? "__Host-login-" : "login-";
}

static const char *cookie_name(tern_ctx *c, const char *state)
{
    return tern_sprintf(c, "%s%.*s", cookie_prefix(c), (int)NAME_DIGITS, state);
}

static void remove_cookie(tern_ctx *c, const char *name)
{
    tern_set_cookie(c, name, "", .max_age_s = -1, .secure = tern_is_tls(c));
}

static bool is_secret_text(const char *text)
{
    return text != NULL && strlen(text) == SECRET_TEXT &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == SECRET_TEXT;
}

/** Takes back the oldest of too many logins that this browser never ended: it sends the oldest first. */
static void make_room(tern_ctx *c)
{
    const char *cookies = tern_header(c, "Cookie"), *prefix = cookie_prefix(c);
    const char *names[4 * MOST_FLIGHTS];
    size_t count = 0;
    for (const char *at = cookies; at != NULL && *at != '\0' && count < sizeof names / sizeof *names;) {
        at += strspn(at, "; ");
        if (strncmp(at, prefix, strlen(prefix)) == 0)
            names[count++] = tern_sprintf(c, "%.*s", (int)strcspn(at, "=;"), at);
        at += strcspn(at, ";");
    }
    for (size_t i = 0; i + MOST_FLIGHTS <= count; i++)
        if (strlen(names[i]) < NAME_BYTES)
            remove_cookie(c, names[i]);
}

static void set(tern_ctx *c, tern_value *object, const char *name, const char *text)
{
    if (text != NULL)
        tern_value_set(c, object, name, tern_value_of_text(c, text));
}

const login_flight *login_flight_begin(tern_ctx *c, login_provider *p, const char *next)
{
    login_flight *f = tern_alloc(c, sizeof *f);
    const char *base =
        p->o.base_url != NULL ? p->o.base_url : tern_sprintf(c, "%s://%s", tern_scheme(c), tern_host(c));
    *f = (login_flight){.state = tern_random_text(c, SECRET_BYTES),
                        .nonce = tern_random_text(c, SECRET_BYTES),
                        .verifier = tern_random_text(c, SECRET_BYTES),
                        .redirect_uri = tern_sprintf(c, "%s%s/callback", base, p->path),
                        .next = strlen(next) <= MOST_NEXT ? next : p->o.after};
    tern_value *kept = tern_value_object(c);
    set(c, kept, "p", p->o.name);
    set(c, kept, "s", f->state);
    set(c, kept, "n", f->nonce);
    set(c, kept, "v", f->verifier);
    set(c, kept, "r", f->redirect_uri);
    set(c, kept, "t", f->next);
    make_room(c);
    if (!tern_set_sealed_cookie(c, cookie_name(c, f->state), tern_value_print(c, kept, 0),
                                .max_age_s = LOGIN_LIFE_S, .secure = tern_is_tls(c)))
        login_refuse(c, p, 500, "the login cannot begin here", "the cookie of the login cannot be set");
    return f;
}

/** Notes that the state has come back; false if it had before. */
static bool is_first(void *unused, void *value, size_t *len)
{
    (void)unused;
    bool is_new = *len == 0;
    *(char *)value = 1;
    *len = 1;
    return is_new;
}

const login_flight *login_flight_end(tern_ctx *c, login_provider *p, const char *state)
{
    static const char unknown[] =
        "this login was not begun in this browser, or more than ten minutes ago; please begin again";
    if (!is_secret_text(state))
        login_refuse(c, p, 400, unknown, "the callback's state is %s",
                     state != NULL ? "malformed" : "missing");
    const char *name = cookie_name(c, state), *text = tern_sealed_cookie(c, name), *problem;
    if (tern_cookie(c, name) == NULL)
        login_refuse(c, p, 400, unknown, "the browser has no cookie %s", name);
    remove_cookie(c, name);
    tern_value *kept =
        text != NULL ? tern_value_parse_try(c, (tern_str){text, strlen(text)}, &problem) : NULL;
    login_flight *f = tern_alloc(c, sizeof *f);
    *f = (login_flight){.state = tern_value_text(tern_value_get(kept, "s"), ""),
                        .nonce = tern_value_text(tern_value_get(kept, "n"), ""),
                        .verifier = tern_value_text(tern_value_get(kept, "v"), ""),
                        .redirect_uri = tern_value_text(tern_value_get(kept, "r"), ""),
                        .next = tern_value_text(tern_value_get(kept, "t"), p->o.after)};
    if (strcmp(f->state, state) != 0)
        login_refuse(c, p, 400, unknown, "the cookie %s is too old, or not of this service", name);
    if (strcmp(tern_value_text(tern_value_get(kept, "p"), ""), p->o.name) != 0)
        login_refuse(c, p, 400, unknown, "the login was begun at another provider");
    if (!tern_shared_map_update(p->used, state, SECRET_TEXT, (uint64_t)LOGIN_LIFE_S * 1000, is_first, NULL))
        login_refuse(c, p, 400, "this login has been completed already; please begin again",
                     "the callback came a second time");
    return f;
}
