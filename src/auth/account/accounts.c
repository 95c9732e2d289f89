/** tern_accounts: from the options and the model of users to tables, routes and the way of signing in. */
#include "auth/account/account.h"
#include "auth/account/page.h"
#include "auth/session/session.h"

#include <tern/audit.h>
#include <tern/factors.h>
#include <tern/groups.h>
#include <tern/mail.h>
#include <tern/secret.h>
#include <tern/session.h>
#include <tern/user_commands.h>

#include <stdio.h>
#include <string.h>

enum { AUDIT_DAYS = 365 };

account_setup accounts;

/* -- the model -- */

static const tern_field *field_of(const char *name, tern_kind kind, size_t size)
{
    for (unsigned i = 0; i < accounts.type->field_count; i++) {
        const tern_field *f = &accounts.type->fields[i];
        if (strcmp(f->name, name) == 0 && f->type->kind == kind && f->type->size == size)
            return f;
    }
    tern_mistake(accounts.app,
                 "tern_accounts: the model %s lacks the field %s of the type it needs: write TERN_USER_MODEL(%s, ...), or "
                 "TERN_USER_FIELDS among its fields",
                 accounts.type->name, name, accounts.type->name);
    return NULL;
}

static bool find_fields(void)
{
    account_fields *f = &accounts.field;
    f->id = field_of("id", TERN_KIND_INT, 8);
    f->email = field_of("email", TERN_KIND_TEXT, sizeof(char *));
    f->name = field_of("name", TERN_KIND_TEXT, sizeof(char *));
    f->password = field_of("password", TERN_KIND_TEXT, sizeof(char *));
    f->is_active = field_of("is_active", TERN_KIND_BOOL, sizeof(bool));
    f->email_verified = field_of("email_verified", TERN_KIND_DATETIME, sizeof(tern_datetime));
    f->last_login = field_of("last_login", TERN_KIND_DATETIME, sizeof(tern_datetime));
    f->token_epoch = field_of("token_epoch", TERN_KIND_INT, 8);
    return f->id && f->email && f->name && f->password && f->is_active && f->email_verified && f->last_login &&
           f->token_epoch;
}

/** The input of a sign-up: the same struct, with the fields alone that a client may give, and the password. */
static bool make_sign_up(tern_app *app)
{
    tern_field fields[128];
    unsigned count = 0;
    for (unsigned i = 0; i < accounts.type->field_count && count < 128; i++) {
        const tern_field *f = &accounts.type->fields[i];
        bool is_password = f == accounts.field.password;
        if (!is_password && (f->read_only || f->secret || f->key || f->created || f->updated || f->version ||
                             f->via != NULL || f->by != NULL || f->through != NULL))
            continue;
        fields[count] = *f;
        if (is_password) {
            fields[count].secret = fields[count].optional = fields[count].nullable = false;
            fields[count].write_only = true;
            fields[count].written = "";
        }
        count++;
    }
    accounts.sign_up = *accounts.type;
    accounts.sign_up.name = "account_sign_up";
    accounts.sign_up.fields = tern_keep(fields, count * sizeof *fields);
    accounts.sign_up.field_count = count;
    accounts.sign_up.options = (tern_model_options){.ignore_unknown = true, .check = accounts.type->options.check};
    accounts.sign_up.plan = NULL;
    if (accounts.sign_up.fields == NULL)
        tern_mistake(app, "tern_accounts: out of memory");
    return accounts.sign_up.fields != NULL;
}

/* -- at start -- */

static void prepare(tern_app *app, void *unused)
{
    (void)unused;
    const char *url = accounts.o.base_url;
    if (url == NULL && !tern_is_development(app))
        tern_mistake(app, "tern_accounts: give .base_url, \"https://shop.example\": what the links in mails begin with "
                          "(only in development it is the Host of the request, which a client chooses)");
    if (url != NULL && (strncmp(url, "http", 4) != 0 || url[strlen(url) - 1] == '/'))
        tern_mistake(app, "tern_accounts: .base_url \"%s\" must be like \"https://shop.example\", without '/' at its end", url);
}

static void signed_in(tern_ctx *c, const char *user_id, unsigned factors)
{
    void *user = account_by_id(c, user_id, false);
    if (user == NULL || !account_is_active(user))
        tern_fail(c, 403, "the account is closed");
    account_begin(c, user, factors, false);
}

static const char *label(tern_ctx *c)
{
    return account_text(account_self(c), accounts.field.email);
}

static bool may_sign_in(tern_ctx *c, const char *user_id)
{
    void *user = account_by_id(c, user_id, false);
    return user != NULL && account_is_active(user) && (accounts.o.may_sign_in == NULL || accounts.o.may_sign_in(c, user));
}

static void add_routes(tern_app *app)
{
    tern_middleware pages = account_pages();
    pages.prepare = prepare;
    tern_group *at = tern_group_new_with(tern_app_root(app), accounts.o.prefix, &(tern_group_options){.use = TERN_USE(pages)});
    account_add_pages(at);
    account_add_sign_up(at);
    account_add_login(at);
    account_add_password(at);
    account_add_self(at);
    if (accounts.o.without_second_factor)
        return;
    tern_two_factors(app, .issuer = accounts.o.site);
    tern_factor_routes(app, .prefix = accounts.o.prefix, .signed_in = signed_in, .label = label, .may_sign_in = may_sign_in);
}

static const char *kept(const char *text)
{
    return text != NULL ? tern_keep(text, strlen(text) + 1) : NULL;
}

void tern_accounts_with(tern_app *app, tern_type *user, const tern_accounts_options *options)
{
    if (accounts.app == app) {
        tern_mistake(app, "tern_accounts: called twice");
        return;
    }
    accounts = (account_setup){.app = app, .o = *options, .type = user};
    tern_accounts_options *o = &accounts.o;
    o->base_url = kept(o->base_url);
    o->prefix = kept(o->prefix != NULL ? o->prefix : "/account");
    const char *host = o->base_url != NULL ? strstr(o->base_url, "://") : NULL;
    o->site = kept(o->site != NULL ? o->site : host != NULL ? host + 3 : "this service");
    o->from = kept(o->from);
    o->after_login = kept(o->after_login != NULL ? o->after_login : "/");
    o->stylesheet = kept(o->stylesheet);
    if (!find_fields() || !make_sign_up(app))
        return;
    tern_tables_of(app, "tern_accounts", (tern_type *const[]){user, NULL});
    tern_groups(app);
    tern_audit_log(app, .keep_days = AUDIT_DAYS);
    tern_user_commands(app, user);
    tern_secrets(app);
    tern_mail_setup(app);
    if (!session_is_declared(app))
        tern_sessions(app);
    tern_auth(app, TERN_SESSIONS());
    char login[256];
    snprintf(login, sizeof login, "%s/login", o->prefix);
    tern_login_page(app, login);
    account_limits_prepare(app);
    add_routes(app);
}
