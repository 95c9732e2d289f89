/** Pages of accounts. A form has one address: GET shows it, POST takes it, and a refusal shows it again with what is wrong. */
#include "auth/account/page.h"

#include <tern/oidc.h>
#include <tern/problem.h>
#include <tern/security.h>
#include <tern/session.h>

#include <string.h>

#define OLD_PASSWORD {"old_password", "Present password", "password", "current-password", false}
#define NEW_PASSWORD {"password", "New password", "password", "new-password", false}

static const account_form forms[] = {
    {.path = "/sign-up",
     .title = "Sign up",
     .button = "Sign up",
     .inputs = {{"email", "E-mail address", "email", "email", false},
                {"name", "Name (if you want one)", "text", "username", true},
                {"password", "Password", "password", "new-password", false}},
     .has_own_fields = true},
    {.path = "/login",
     .title = "Log in",
     .button = "Log in",
     .inputs = {{"login", "E-mail address or name", "text", "username", false},
                {"password", "Password", "password", "current-password", false},
                {"remember", "Stay logged in", "checkbox", "off", true}},
     .is_login = true},
    {.path = "/login/second-factor",
     .title = "Second factor",
     .button = "Continue",
     .hint = "Type the code that your app shows, or a recovery code.",
     .inputs = {{"code", "Code", "text", "one-time-code", false}}},
    {.path = "/verify",
     .title = "Confirm your address",
     .button = "Confirm",
     .hint = "Confirm that this e-mail address is yours.",
     .keeps_token = true},
    {.path = "/forgot",
     .title = "Forgotten password",
     .button = "Send the link",
     .hint = "We send a link to this address, if it has an account.",
     .inputs = {{"email", "E-mail address", "email", "email", false}}},
    {.path = "/reset",
     .title = "Choose a new password",
     .button = "Change the password",
     .inputs = {NEW_PASSWORD},
     .keeps_token = true},
    {.path = "/password", .title = "Change the password", .button = "Change the password", .inputs = {OLD_PASSWORD, NEW_PASSWORD}},
    {.path = "/email",
     .title = "Change the address",
     .button = "Change the address",
     .inputs = {{"email", "New e-mail address", "email", "email", false}, OLD_PASSWORD}},
    {.path = "/email/confirm",
     .title = "Confirm your address",
     .button = "Confirm",
     .hint = "Confirm that this e-mail address is yours.",
     .keeps_token = true},
    {.path = "/delete",
     .title = "Delete the account",
     .button = "Delete the account",
     .hint = "This cannot be undone.",
     .inputs = {OLD_PASSWORD}},
};

static const char style[] =
    ":root{color-scheme:light dark;--back:#f4f5f7;--card:#fff;--text:#1b1f24;--line:#7a8290;--main:#0b5fb0;"
    "--on-main:#fff;--bad:#b3261e;--good:#176b3a}\n"
    "@media(prefers-color-scheme:dark){:root{--back:#111418;--card:#1b2027;--text:#e8eaed;--line:#8b94a3;"
    "--main:#8cc2ff;--on-main:#0b1a2b;--bad:#ffb4ab;--good:#8fd9a8}}\n"
    "*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--text);"
    "font:1rem/1.5 system-ui,sans-serif}\n"
    "main{max-width:26rem;margin:0 auto;padding:1.5rem;background:var(--card);min-height:100vh}\n"
    "@media(min-width:32rem){main{margin:10vh auto;min-height:0;border-radius:.75rem;padding:2rem}}\n"
    "h1{font-size:1.5rem;margin:0 0 1rem}a{color:var(--main)}li{overflow-wrap:anywhere;margin:.5rem 0}\n"
    "label{display:block;margin:0 0 1rem}label.check{display:flex;gap:.5rem;align-items:center}\n"
    "input:not([type=checkbox]){display:block;width:100%;font:inherit;padding:.6rem;margin-top:.25rem;"
    "border:1px solid var(--line);border-radius:.4rem;background:transparent;color:inherit}\n"
    "button{font:inherit;font-weight:600;width:100%;padding:.65rem;border:0;border-radius:.4rem;"
    "background:var(--main);color:var(--on-main);cursor:pointer}\n"
    ":focus-visible{outline:3px solid var(--main);outline-offset:2px}\n"
    ".bad{color:var(--bad)}.good{color:var(--good)}li button{width:auto;padding:.25rem .75rem}\n";

const char *account_address(tern_ctx *c, const char *path)
{
    return tern_sprintf(c, "%s%s", accounts.o.prefix, path);
}

/* -- the layout -- */

/** What earlier requests have left to say. */
static const char *flashes(tern_ctx *c)
{
    const char *all = "", *one;
    while ((one = tern_flash_next(c)) != NULL)
        all = tern_sprintf(c, "%s<p class=\"good\" role=\"status\">%s</p>\n", all, account_say(c, one));
    return all;
}

tern_reply account_page(tern_ctx *c, const char *title, const char *content)
{
    const char *all = tern_sprintf(c, "%s%s", flashes(c), content);
    if (accounts.o.page != NULL)
        return accounts.o.page(c, account_say(c, title), all);
    const char *more = accounts.o.stylesheet != NULL
                           ? tern_sprintf(c, "<link rel=\"stylesheet\" href=\"%s\">\n", tern_escape_html(c, accounts.o.stylesheet))
                           : "";
    tern_set_header(c, "Content-Security-Policy",
                    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
                    "frame-ancestors 'none'");
    tern_set_header(c, "Referrer-Policy", "no-referrer"); /* a token may be in the address */
    const char *language = account_say(c, "Log in")[0] == 'A' ? "de" : "en";
    return tern_html(c, tern_sprintf(c,
                                     "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
                                     "<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s - %s</title>\n"
                                     "<link rel=\"stylesheet\" href=\"%s/account.css\">\n%s</head>\n<body>\n<main>\n"
                                     "<h1>%s</h1>\n%s</main>\n</body>\n</html>\n",
                                     language, account_say(c, title), tern_escape_html(c, accounts.o.site),
                                     accounts.o.prefix, more, account_say(c, title), all));
}

static const char *csrf(tern_ctx *c)
{
    return tern_sprintf(c, "<input type=\"hidden\" name=\"csrf_token\" value=\"%s\">\n", tern_csrf_token(c));
}

const char *account_button(tern_ctx *c, const char *path, const char *text)
{
    return tern_sprintf(c, "<form method=\"post\" action=\"%s\">%s<button>%s</button></form>\n",
                        tern_escape_html(c, account_address(c, path)), csrf(c), account_say(c, text));
}

/* -- forms -- */

static const char *fault_of(tern_ctx *c, const tern_problem *problem, const char *name)
{
    for (size_t i = 0; problem != NULL && i < problem->fault_count; i++)
        if (problem->faults[i].field != NULL && strcmp(problem->faults[i].field, name) == 0)
            return account_say(c, problem->faults[i].message);
    return NULL;
}

/** What the field had when the form came, but for passwords. */
static const char *value_of(tern_ctx *c, const account_input *in)
{
    if (strcmp(in->type, "password") == 0 || strcmp(tern_method(c), "POST") != 0)
        return "";
    const char *value = tern_form_field(c, in->name);
    return value != NULL ? tern_escape_html(c, value) : "";
}

static const char *input(tern_ctx *c, const account_input *in, const tern_problem *problem)
{
    if (strcmp(in->type, "checkbox") == 0)
        return tern_sprintf(c, "<label class=\"check\"><input type=\"checkbox\" name=\"%s\" value=\"true\"> %s</label>\n",
                            in->name, account_say(c, in->label));
    const char *fault = fault_of(c, problem, in->name);
    const char *told = fault != NULL ? tern_sprintf(c, "<span class=\"bad\" id=\"%s-fault\">%s</span>\n", in->name, fault) : "";
    const char *linked = fault != NULL ? tern_sprintf(c, " aria-invalid=\"true\" aria-describedby=\"%s-fault\"", in->name) : "";
    return tern_sprintf(c, "<label>%s\n<input type=\"%s\" name=\"%s\" autocomplete=\"%s\" value=\"%s\"%s%s>\n%s</label>\n",
                        account_say(c, in->label), in->type, in->name, in->autocomplete, value_of(c, in),
                        in->is_optional ? "" : " required", linked, told);
}

static bool is_own(const tern_field *f)
{
    return strcmp(f->name, "email") != 0 && strcmp(f->name, "name") != 0 && strcmp(f->name, "password") != 0;
}

/** The fields of the application's model: text, yes or no, numbers and days. */
static const char *own_inputs(tern_ctx *c, const tern_problem *problem)
{
    const char *all = "";
    for (unsigned i = 0; i < accounts.sign_up.field_count; i++) {
        const tern_field *f = &accounts.sign_up.fields[i];
        tern_kind kind = f->type->kind;
        if (!is_own(f))
            continue;
        const account_input own = {.name = f->json != NULL ? f->json : f->name,
                                   .label = f->help != NULL ? f->help : f->name,
                                   .type = kind == TERN_KIND_BOOL                               ? "checkbox"
                                           : kind == TERN_KIND_INT || kind == TERN_KIND_UINT ? "number"
                                           : kind == TERN_KIND_DATE                             ? "date"
                                                                                                : "text",
                                   .autocomplete = "on",
                                   .is_optional = f->optional || f->fallback != NULL};
        all = tern_sprintf(c, "%s%s", all, input(c, &own, problem));
    }
    return all;
}

/** The token of a link, or where to go after the login: from the query, or from the form that was refused. */
static const char *hidden(tern_ctx *c, const char *name)
{
    const char *value = tern_form_field(c, name);
    if (value == NULL)
        value = tern_query(c, name);
    return value != NULL ? tern_sprintf(c, "<input type=\"hidden\" name=\"%s\" value=\"%s\">\n", name, tern_escape_html(c, value))
                         : "";
}

static const char *login_links(tern_ctx *c)
{
    size_t count = 0;
    const tern_login_button *buttons = tern_login_buttons(&count);
    const char *all = "";
    for (size_t i = 0; i < count; i++)
        all = tern_sprintf(c, "%s<p><a href=\"%s\">%s %s</a></p>\n", all, tern_escape_html(c, buttons[i].path),
                           account_say(c, "Continue with"), tern_escape_html(c, buttons[i].title));
    all = tern_sprintf(c, "%s<p><a href=\"%s\">%s</a></p>\n", all, account_address(c, "/forgot"),
                       account_say(c, "Forgot your password?"));
    return accounts.o.without_sign_up ? all
                                      : tern_sprintf(c, "%s<p><a href=\"%s\">%s</a></p>\n", all, account_address(c, "/sign-up"),
                                                     account_say(c, "No account yet? Sign up"));
}

/** What is wrong as a whole; a fault of one field is shown there. */
static const char *refusal(tern_ctx *c, const tern_problem *problem)
{
    if (problem == NULL || problem->fault_count != 0)
        return "";
    const char *text = problem->detail != NULL ? problem->detail : "Something went wrong";
    return tern_sprintf(c, "<p class=\"bad\" role=\"alert\">%s</p>\n", account_say(c, text));
}

static tern_reply show(tern_ctx *c, const account_form *form, const tern_problem *problem)
{
    const char *content = tern_sprintf(c, "%s<form method=\"post\" action=\"%s\">\n%s%s%s", refusal(c, problem),
                                       account_address(c, form->path), csrf(c), form->keeps_token ? hidden(c, "token") : "",
                                       form->is_login ? hidden(c, "next") : "");
    if (form->hint != NULL)
        content = tern_sprintf(c, "%s<p>%s</p>\n", content, account_say(c, form->hint));
    for (unsigned i = 0; i < ACCOUNT_INPUTS && form->inputs[i].name != NULL; i++)
        content = tern_sprintf(c, "%s%s", content, input(c, &form->inputs[i], problem));
    return account_page(c, form->title,
                        tern_sprintf(c, "%s%s<button>%s</button>\n</form>\n%s", content,
                                     form->has_own_fields ? own_inputs(c, problem) : "", account_say(c, form->button),
                                     form->is_login         ? login_links(c)
                                     : form->has_own_fields ? tern_sprintf(c, "<p><a href=\"%s\">%s</a></p>\n",
                                                                           account_address(c, "/login"),
                                                                           account_say(c, "Have an account? Log in"))
                                                            : ""));
}

static const account_form *form_at(const char *path)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(forms[i].path, path) == 0)
            return &forms[i];
    return NULL;
}

tern_reply account_form_page(tern_ctx *c, const char *path, const tern_problem *problem)
{
    return show(c, form_at(path), problem);
}

/* -- around the routes -- */

tern_reply account_done(tern_ctx *c, const char *path, const char *said, const char *json)
{
    tern_vary(c, "Accept");
    if (!tern_prefers_html(c))
        return json != NULL ? tern_json_text(c, json) : tern_no_content(c);
    if (said != NULL)
        tern_flash(c, said);
    return tern_redirect_with(c, 303, account_address(c, path));
}

static tern_reply refused(tern_ctx *c, tern_reply reply, const tern_problem *problem)
{
    tern_vary(c, "Accept");
    if (!tern_prefers_html(c))
        return reply;
    const char *pattern = tern_route_pattern(c);
    size_t len = strlen(accounts.o.prefix);
    const account_form *form = strncmp(pattern, accounts.o.prefix, len) == 0 ? form_at(pattern + len) : NULL;
    if (form != NULL)
        return tern_with_status(show(c, form, problem), problem->status);
    const char *content = tern_sprintf(c, "%s<p><a href=\"%s\">%s</a></p>\n", refusal(c, problem), account_address(c, "/login"),
                                       account_say(c, "Back"));
    return tern_with_status(account_page(c, "Something went wrong", content), problem->status);
}

static tern_reply checked_next(tern_ctx *c)
{
    tern_csrf_check(c); /* a login that another site makes is one, too */
    return tern_next(c);
}

static tern_reply run(tern_ctx *c, void *unused)
{
    (void)unused;
    tern_reply reply = checked_next(c);
    tern_set_header(c, "Cache-Control", "no-store");
    const tern_problem *problem = tern_problem_of(c, &reply);
    if (problem == NULL)
        return reply;
    const unsigned *retry = tern_local(c, account_retry);
    if (problem->status == 429 && retry != NULL)
        tern_set_header(c, "Retry-After", tern_sprintf(c, "%u", *retry));
    return refused(c, reply, problem);
}

tern_middleware account_pages(void)
{
    return (tern_middleware){.name = "account pages", .run = run, .answers = "403"};
}

TERN_HANDLER(account_style)
{
    return tern_bytes_reply(c, "text/css; charset=utf-8", style, sizeof style - 1);
}

void account_add_pages(tern_group *at)
{
    tern_get(at, "/account.css", account_style, .requires = TERN_ANYBODY, .hidden = true);
}
