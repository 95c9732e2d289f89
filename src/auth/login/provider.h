/** A provider of logins, as its declaration and the presets make it. */
#ifndef AUTH_LOGIN_PROVIDER_H
#define AUTH_LOGIN_PROVIDER_H

#include "auth/login/presets.h"

#include <tern/oidc.h>
#include <tern/shared.h>
#include <tern/store.h>
#include <tern/task.h>

enum {
    LOGIN_LIFE_S = 600,    /* from the first redirect to the callback */
    LOGIN_LEEWAY_S = 60,   /* between the provider's clock and this one */
    LOGIN_MOST_TEXT = 2048 /* of a parameter of the callback */
};

typedef struct login_provider login_provider;
struct login_provider {
    tern_login_options o; /* with every default filled in; texts live as long as the process */
    const login_preset *preset;
    bool is_openid;   /* it has an issuer, and its tokens an id token */
    const char *path; /* "/account/login/google" */
    tern_login_button button;
    tern_mutex fetching; /* one coroutine of the worker asks for the provider's documents at a time */
    int64_t failed;      /* when one of them last could not be had, in Unix seconds */
    int64_t keys_again;  /* when keys were last asked for because of a signature that none of them had made */
    tern_shared_store *documents; /* what providers published, for all workers */
    tern_shared_map *used;        /* the states that have come back */
    login_provider *next;
};

/**
 * Ends the handler: `told` is for the user, and the rest, a printf format, for the log. A text of the provider may be in
 * the log alone.
 */
_Noreturn void login_refuse(tern_ctx *c, const login_provider *p, int status, const char *told,
                            const char *format, ...) __attribute__((format(printf, 5, 6)));

/** The providers that have been declared, newest first. */
login_provider *login_providers(void);

#endif
