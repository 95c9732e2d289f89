/** Pages of accounts: HTML without script, one layout, texts in the language of the reader. */
#ifndef AUTH_ACCOUNT_PAGE_H
#define AUTH_ACCOUNT_PAGE_H

#include "auth/account/account.h"

/** Seconds for the Retry-After of a refusal. */
TERN_LOCAL(unsigned, account_retry)

/** An input of a form. Texts are English; account_say translates them. */
typedef struct account_input {
    const char *name, *label, *type, *autocomplete;
    bool is_optional;
} account_input;

enum { ACCOUNT_INPUTS = 5 };

/** A page with one form, which is also where its refusals are shown. */
typedef struct account_form {
    const char *path; /* below the prefix, and where the form goes: "/login" */
    const char *title, *button;
    const char *hint; /* NULL: none */
    account_input inputs[ACCOUNT_INPUTS];
    bool has_own_fields; /* of the application's model */
    bool keeps_token;    /* the token of a link goes with it */
    bool is_login;       /* it has other ways of logging in, and links */
} account_form;

/** The text in the reader's language, escaped for HTML. (texts.c) */
const char *account_say(tern_ctx *c, const char *text);
/** The page of a form: for GET. `problem` is what was refused, or NULL. */
tern_reply account_form_page(tern_ctx *c, const char *path, const tern_problem *problem);
/** A page around `content`, which is HTML. */
tern_reply account_page(tern_ctx *c, const char *title, const char *content);
/** A form of one button that sends a POST to `path` below the prefix. */
const char *account_button(tern_ctx *c, const char *path, const char *text);
/** What follows a success: a browser goes to `path` and sees `said` (NULL: nothing); a program gets `json`. */
tern_reply account_done(tern_ctx *c, const char *path, const char *said, const char *json);
/** The address below the prefix. */
const char *account_address(tern_ctx *c, const char *path);
/** Around the routes: refusals as pages, no caches, Retry-After, and no request that another site made a browser send. */
tern_middleware account_pages(void);
void account_add_pages(tern_group *at);

#endif
