/** How clients authenticate: the schemes of tern_security, for the document. */
#include "app/openapi/internal.h"
#include "app/provide/provide.h"
#include "app/requires.h"

#include "base/name_table.h"
#include "schema/json/append.h"

#include <tern/identity.h>

#include <stdio.h>
#include <string.h>

void tern_security_with(tern_app *app, const char *name, const tern_security_options *options)
{
    openapi_scheme *scheme = app_keep(app, sizeof *scheme);
    if (scheme == NULL)
        return;
    scheme->name = app_keep_text(app, name);
    scheme->options = *options;
    scheme->options.key = app_keep_text(app, options->key);
    scheme->options.url = app_keep_text(app, options->url);
    scheme->options.format = app_keep_text(app, options->format);
    scheme->options.description = app_keep_text(app, options->description);
    scheme->options.flows = app_keep_text(app, options->flows);
    scheme->options.authorization_url = app_keep_text(app, options->authorization_url);
    scheme->options.token_url = app_keep_text(app, options->token_url);
    scheme->options.device_url = app_keep_text(app, options->device_url);
    scheme->options.refresh_url = app_keep_text(app, options->refresh_url);
    scheme->options.scopes = openapi_keep_scopes(app, options->scopes);
    *app->schemes_end = scheme;
    app->schemes_end = &scheme->next;
}

static bool are_equal(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/** Whether the two describe one scheme, whatever its description. */
static bool is_same_scheme(const tern_security_options *a, const tern_security_options *b)
{
    return a->type == b->type && are_equal(a->key, b->key) && are_equal(a->url, b->url) &&
           are_equal(a->format, b->format) && are_equal(a->flows, b->flows) &&
           are_equal(a->authorization_url, b->authorization_url) && are_equal(a->token_url, b->token_url);
}

static bool has_scheme(const tern_app *app, const char *name)
{
    const openapi_scheme *scheme = app->schemes;
    while (scheme != NULL && !are_equal(scheme->name, name))
        scheme = scheme->next;
    return scheme != NULL;
}

const char *tern_security_named(tern_app *app, const char *name, const tern_security_options *options)
{
    for (const openapi_scheme *scheme = app->schemes; scheme != NULL; scheme = scheme->next)
        if (is_same_scheme(&scheme->options, options))
            return scheme->name;
    const char *free_name = app_keep_text(app, name);
    for (unsigned n = 2; free_name != NULL && has_scheme(app, free_name); n++) {
        free_name = arena_printf(&app->arena, "%s_%u", name, n);
        app->memory_short |= free_name == NULL;
    }
    if (free_name != NULL)
        tern_security_with(app, free_name, options);
    return free_name;
}

bool openapi_next_word(const char **at, tern_str *word)
{
    const char *from = *at + strspn(*at, ", ");
    size_t len = strcspn(from, ",");
    *at = from + len;
    while (len > 0 && from[len - 1] == ' ')
        len--;
    *word = (tern_str){from, len};
    return len > 0;
}

tern_str openapi_next_scope(tern_str *need)
{
    tern_str word = *need;
    word.len = 0;
    while (word.len < need->len && word.data[word.len] != ' ')
        word.len++;
    need->data += word.len;
    need->len -= word.len;
    while (need->len > 0 && *need->data == ' ') {
        need->data++;
        need->len--;
    }
    return word;
}

static const openapi_scheme *scheme_number(const tern_app *app, uint32_t number)
{
    const openapi_scheme *scheme = app->schemes;
    while (--number != 0)
        scheme = scheme->next;
    return scheme;
}

/** Adds a line that begins with `whose` for each name that is not a scheme, or a scope of it. */
static bool check_names(const tern_app *app, const name_table *schemes, const char *names, const char *whose,
                        buf *problems)
{
    tern_str need;
    bool are_known = true;
    for (const char *at = names; at != NULL && openapi_next_word(&at, &need);) {
        tern_str name = openapi_next_scope(&need);
        uint32_t number = name_table_find(schemes, 0, name.data, name.len);
        if (number != 0) {
            are_known &= openapi_check_scopes(scheme_number(app, number), need, whose, problems);
            continue;
        }
        are_known = false;
        buf_add_printf(problems, "%s: .security names \"%.*s\", which no tern_security declares\n", whose,
                       (int)name.len, name.data);
    }
    return are_known;
}

static bool check_route(const tern_app *app, const name_table *schemes, const route *r, buf *problems)
{
    char whose[512];
    bool is_placed = r->options.file != NULL;
    snprintf(whose, sizeof whose, "%s:%d: %s %s", is_placed ? r->options.file : r->handler.file,
             is_placed ? r->options.line : r->handler.line, r->method_name, r->pattern);
    bool are_known = check_names(app, schemes, r->options.security, whose, problems);
    for (unsigned i = 0; r->provide != NULL && i < r->provide->count; i++) {
        const tern_provider *p = r->provide->steps[i].provider;
        snprintf(whose, sizeof whose, "%s:%d: provider %s", p->file, p->line, p->name);
        if (problems->data == NULL || strstr(problems->data, whose) == NULL) /* once, not for each route */
            are_known &= check_names(app, schemes, p->options.security, whose, problems);
    }
    return are_known;
}

/** By tern_security_type: the fixed members, and which texts of the options it uses. */
static const struct scheme_form {
    const char *members;
    bool has_key, has_url, has_format;
} forms[] = {
    [TERN_SECURITY_BEARER] = {"\"type\":\"http\",\"scheme\":\"bearer\"", false, false, true},
    [TERN_SECURITY_BASIC] = {"\"type\":\"http\",\"scheme\":\"basic\"", false, false, false},
    [TERN_SECURITY_API_KEY_HEADER] = {"\"type\":\"apiKey\",\"in\":\"header\"", true, false, false},
    [TERN_SECURITY_API_KEY_QUERY] = {"\"type\":\"apiKey\",\"in\":\"query\"", true, false, false},
    [TERN_SECURITY_API_KEY_COOKIE] = {"\"type\":\"apiKey\",\"in\":\"cookie\"", true, false, false},
    [TERN_SECURITY_OPENID] = {"\"type\":\"openIdConnect\"", false, true, false},
    [TERN_SECURITY_OAUTH2] = {"\"type\":\"oauth2\"", false, false, false},
    [TERN_SECURITY_DIGEST] = {"\"type\":\"http\",\"scheme\":\"digest\"", false, false, false},
    [TERN_SECURITY_MUTUAL_TLS] = {"\"type\":\"mutualTLS\"", false, false, false},
};

static bool is_name(const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t len = strlen(text);
    return len > 0 && strspn(text, allowed) == len;
}

static bool check_scheme(const openapi_scheme *scheme, bool is_taken, buf *problems)
{
    const tern_security_options *o = &scheme->options;
    const struct scheme_form *form = &forms[o->type];
    const char *needs = !is_name(scheme->name)            ? "a name of letters, digits, '.', '_' and '-'"
                        : is_taken                        ? "a unique name; this one is taken"
                        : form->has_key && o->key == NULL ? ".key"
                        : form->has_url && o->url == NULL ? ".url"
                        : o->type == TERN_SECURITY_OAUTH2 ? openapi_flows_need(o)
                                                          : NULL;
    if (needs != NULL)
        buf_add_printf(problems, "application: tern_security(\"%s\") needs %s\n", scheme->name, needs);
    return needs == NULL;
}

/** Adds the schemes to a table by name, each with its number; the first with a name keeps it. */
static void index_schemes(const tern_app *app, name_table *schemes, buf *problems)
{
    uint32_t number = 0;
    for (const openapi_scheme *scheme = app->schemes; scheme != NULL; scheme = scheme->next) {
        size_t len = strlen(scheme->name);
        number++;
        if (name_table_find(schemes, 0, scheme->name, len) == 0 &&
            !name_table_put(schemes, 0, scheme->name, len, number))
            problems->failed = true;
    }
}

bool openapi_check_security(const tern_app *app, buf *problems)
{
    name_table schemes = {0};
    uint32_t number = 0;
    index_schemes(app, &schemes, problems);
    bool are_right = check_names(app, &schemes, app->options.security, "application", problems);
    for (const openapi_scheme *scheme = app->schemes; scheme != NULL; scheme = scheme->next) {
        bool is_taken = name_table_find(&schemes, 0, scheme->name, strlen(scheme->name)) != ++number;
        are_right = check_scheme(scheme, is_taken, problems) && are_right;
    }
    for (unsigned i = 0; i < router_count(app->router); i++) {
        are_right = check_route(app, &schemes, router_at(app->router, i), problems) && are_right;
    }
    name_table_free(&schemes);
    return are_right && !problems->failed;
}

/** Prints the scopes that follow the name of a scheme. */
static void print_scopes(tern_str scopes, buf *out)
{
    while (scopes.len > 0) {
        tern_str word = openapi_next_scope(&scopes);
        append_slice(out, word.data, word.len);
    }
}

void openapi_print_security(const char *names, buf *out)
{
    tern_str need;
    append_open(out, '[');
    for (const char *at = names; openapi_next_word(&at, &need);) {
        tern_str name = openapi_next_scope(&need);
        append_open(out, '{');
        append_slice(out, name.data, name.len);
        buf_add_text(out, ":");
        append_open(out, '[');
        print_scopes(need, out);
        append_close(out, ']');
        append_close(out, '}');
    }
    append_close(out, ']');
}

/* -- the needs of an operation -- */

enum { SCHEMES_MAX = 32, WAYS_MAX = 64 };

/** The ways of satisfying all providers of a route, each a set of schemes. */
typedef struct ways {
    tern_str schemes[SCHEMES_MAX];
    unsigned scheme_count;
    uint32_t sets[WAYS_MAX]; /* bits: numbers of schemes */
    unsigned count;
} ways;

/** The scheme's bit; 0 when there is no room: the scheme is left out of the document. */
static uint32_t bit_of(ways *w, tern_str name)
{
    for (unsigned i = 0; i < w->scheme_count; i++)
        if (w->schemes[i].len == name.len && memcmp(w->schemes[i].data, name.data, name.len) == 0)
            return 1U << i;
    if (w->scheme_count == SCHEMES_MAX)
        return 0;
    w->schemes[w->scheme_count] = name;
    return 1U << w->scheme_count++;
}

static void add_way(ways *w, uint32_t set)
{
    for (unsigned i = 0; i < w->count; i++)
        if (w->sets[i] == set)
            return;
    if (w->count < WAYS_MAX)
        w->sets[w->count++] = set;
}

/** Combines each way so far with each of the provider's; for an optional provider also the way without it. */
static void join_provider(ways *w, const tern_provider_options *o)
{
    ways before = *w;
    tern_str name;
    w->count = 0;
    for (const char *at = o->security; openapi_next_word(&at, &name);) {
        uint32_t bit = bit_of(w, name);
        for (unsigned i = 0; i < before.count; i++)
            add_way(w, before.sets[i] | bit);
    }
    for (unsigned i = 0; i < before.count && o->optional; i++)
        add_way(w, before.sets[i]);
}

/** False when no provider of the route has .security. */
static bool find_ways(const route *r, ways *w)
{
    bool has = false;
    *w = (ways){.count = 1}; /* one way: no scheme */
    for (unsigned i = 0; r->provide != NULL && i < r->provide->count; i++) {
        const tern_provider_options *o = &r->provide->steps[i].provider->options;
        if (o->security == NULL || *o->security == '\0')
            continue;
        has = true;
        join_provider(w, o);
    }
    return has;
}

static bool has_same_name(tern_str a, tern_str b)
{
    a = openapi_next_scope(&a);
    b = openapi_next_scope(&b);
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/** Prints scheme number `n` of a set, with the scopes of all that have its name; nothing if it is not the first
 * of them. */
static void print_scheme_of(const ways *w, uint32_t set, unsigned n, buf *out)
{
    tern_str need = w->schemes[n], name = openapi_next_scope(&need);
    for (unsigned i = 0; i < n; i++)
        if ((set >> i & 1) != 0 && has_same_name(w->schemes[i], w->schemes[n]))
            return;
    append_comma(out);
    append_slice(out, name.data, name.len);
    buf_add_text(out, ":");
    append_open(out, '[');
    for (unsigned i = n; i < w->scheme_count; i++) {
        need = w->schemes[i];
        if ((set >> i & 1) == 0 || !has_same_name(need, w->schemes[n]))
            continue;
        openapi_next_scope(&need);
        print_scopes(need, out);
    }
    append_close(out, ']');
}

static void print_ways(const ways *w, buf *out)
{
    append_open(out, '[');
    for (unsigned i = 0; i < w->count; i++) {
        append_open(out, '{');
        for (unsigned n = 0; n < w->scheme_count; n++)
            if ((w->sets[i] >> n & 1) != 0)
                print_scheme_of(w, w->sets[i], n, out);
        append_close(out, '}');
    }
    append_close(out, ']');
}

/* -- the pieces that identify, and .requires -- */

/** Whether a piece around the route says which schemes it takes. */
static bool has_identifying(const route *r)
{
    for (unsigned i = 0; i < r->chain_len; i++)
        if (r->chain[i].identifies && r->chain[i].security != NULL && r->chain[i].security[0] != NULL)
            return true;
    return false;
}

static bool is_demanded(const route *r)
{
    bool is = r->requires != NULL;
    for (unsigned i = 0; i < r->chain_len; i++)
        is |= r->chain[i].demands;
    return is;
}

/** One scheme, with the permissions that the route requires: roles or scopes, as the scheme has it. */
static void print_identified(const route *r, const char *scheme, buf *out)
{
    const char *const *p = r->requires != NULL ? r->requires->permissions : NULL;
    append_open(out, '{');
    append_key(out, scheme);
    append_open(out, '[');
    for (; p != NULL && *p != NULL; p++)
        if ((*p)[0] != '@')
            append_text(out, *p);
    append_close(out, ']');
    append_close(out, '}');
}

/** Any scheme of any piece will do; where nobody has to be signed in, also none. */
static void print_identifying(const route *r, buf *out)
{
    append_key(out, "security");
    append_open(out, '[');
    for (unsigned i = 0; i < r->chain_len; i++) {
        const char *const *scheme = r->chain[i].identifies ? r->chain[i].security : NULL;
        for (; scheme != NULL && *scheme != NULL; scheme++)
            print_identified(r, *scheme, out);
    }
    if (!is_demanded(r))
        append_raw(out, "{}");
    append_close(out, ']');
}

void openapi_print_route_security(const openapi_document *doc, const route *r, buf *out)
{
    ways w;
    if (r->options.security != NULL) {
        append_key(out, "security");
        openapi_print_security(r->options.security, out);
    } else if (find_ways(r, &w)) {
        append_key(out, "security");
        print_ways(&w, out);
    } else if (doc->app->options.security == NULL && has_identifying(r)) {
        print_identifying(r, out);
    }
}

bool openapi_needs_security(const tern_app *app, const route *r)
{
    ways w;
    const char *names = r->options.security;
    if (r->requires != NULL)
        return true;
    if (names == NULL && find_ways(r, &w)) {
        for (unsigned i = 0; i < w.count; i++)
            if (w.sets[i] == 0) /* all its providers are optional */
                return false;
        return true;
    }
    if (names == NULL)
        names = app->options.security;
    return names != NULL && *names != '\0';
}

void openapi_print_schemes(const tern_app *app, bool is_3_2, buf *out)
{
    for (const openapi_scheme *scheme = app->schemes; scheme != NULL; scheme = scheme->next) {
        const tern_security_options *o = &scheme->options;
        const struct scheme_form *form = &forms[o->type];
        append_key(out, scheme->name);
        append_open(out, '{');
        append_raw(out, form->members);
        append_member(out, "name", form->has_key ? o->key : NULL);
        append_member(out, "openIdConnectUrl", form->has_url ? o->url : NULL);
        append_member(out, "bearerFormat", form->has_format ? o->format : NULL);
        append_member(out, "description", o->description);
        if (o->type == TERN_SECURITY_OAUTH2)
            openapi_print_flows(o, is_3_2, out);
        append_close(out, '}');
    }
}
