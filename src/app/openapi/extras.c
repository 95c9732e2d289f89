#include "app/openapi/extras.h"

#include "http/status.h"
#include "schema/json/append.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/** The application's extras, made when first needed; NULL when out of memory. */
static openapi_extras *extras_of(tern_app *app)
{
    openapi_extras *extras = app->extras;
    if (extras != NULL || (extras = app_keep(app, sizeof *extras)) == NULL)
        return extras;
    extras->webhooks_end = &extras->webhooks;
    extras->tags_end = &extras->tags;
    extras->servers_end = &extras->servers;
    app->extras = extras;
    return extras;
}

/** Adds `added` at the end of one of the lists. */
#define APPEND(extras, list, added)                                                                          \
    do {                                                                                                     \
        *(extras)->list##_end = (added);                                                                     \
        (extras)->list##_end = &(added)->next;                                                               \
    } while (0)

void tern_webhook_with(tern_app *app, const char *name, const tern_webhook_options *options)
{
    openapi_extras *extras = extras_of(app);
    openapi_webhook *added = extras != NULL ? app_keep(app, sizeof *added) : NULL;
    if (added == NULL)
        return;
    added->name = app_keep_text(app, name);
    added->options = *options;
    added->options.method = app_keep_text(app, options->method);
    added->options.summary = app_keep_text(app, options->summary);
    added->options.description = app_keep_text(app, options->description);
    added->options.tags = app_keep_text(app, options->tags);
    APPEND(extras, webhooks, added);
}

void tern_tag_with(tern_app *app, const char *name, const char *description, const tern_tag_options *options)
{
    openapi_extras *extras = extras_of(app);
    openapi_tag *added = extras != NULL ? app_keep(app, sizeof *added) : NULL;
    if (added == NULL)
        return;
    added->name = app_keep_text(app, name);
    added->description = app_keep_text(app, description);
    added->options.parent = app_keep_text(app, options->parent);
    added->options.docs_url = app_keep_text(app, options->docs_url);
    APPEND(extras, tags, added);
}

void tern_server(tern_app *app, const char *url, const char *description)
{
    openapi_extras *extras = extras_of(app);
    openapi_link *added = extras != NULL ? app_keep(app, sizeof *added) : NULL;
    if (added == NULL)
        return;
    added->url = app_keep_text(app, url);
    added->description = app_keep_text(app, description);
    APPEND(extras, servers, added);
}

void tern_external_docs(tern_app *app, const char *url, const char *description)
{
    openapi_extras *extras = extras_of(app);
    if (extras == NULL)
        return;
    extras->docs.url = app_keep_text(app, url);
    extras->docs.description = app_keep_text(app, description);
}

/* -- requests that the application makes -- */

/** A webhook, or a callback. */
typedef struct made_request {
    const char *method, *summary, *description, *tags, *id;
    tern_type *body;
    int status;
} made_request;

static void print_tag_list(const char *tags, buf *out)
{
    tern_str tag;
    append_key(out, "tags");
    append_open(out, '[');
    while (openapi_next_word(&tags, &tag))
        append_slice(out, tag.data, tag.len);
    append_close(out, ']');
}

/** Prints a path item with the one operation. */
static void print_made(const openapi_document *doc, const made_request *made, buf *out)
{
    char method[16] = "post", status[16];
    for (size_t i = 0; made->method != NULL && i < sizeof method - 1; i++)
        if ((method[i] = (char)text_lower((unsigned char)made->method[i])) == '\0')
            break;
    snprintf(status, sizeof status, "%d", made->status != 0 ? made->status : 200);
    const char *text = http_status_text(atoi(status));
    append_open(out, '{');
    append_key(out, method);
    append_open(out, '{');
    if (made->tags != NULL)
        print_tag_list(made->tags, out);
    append_member(out, "summary", made->summary);
    append_member(out, "description", made->description);
    append_member(out, "operationId", made->id);
    if (made->body != NULL) {
        append_raw(out, "\"requestBody\":{\"required\":true,\"content\":{\"application/json\":{\"schema\":");
        schema_print(&doc->schemas, made->body, SCHEMA_OUTPUT, out);
        buf_add_text(out, "}}}");
    }
    append_key(out, "responses");
    append_open(out, '{');
    append_key(out, status);
    append_open(out, '{');
    append_member(out, "description", text != NULL ? text : "Taken");
    for (int i = 0; i < 4; i++)
        append_close(out, '}');
}

void openapi_add_extra_types(openapi_document *doc)
{
    const openapi_extras *extras = doc->app->extras;
    for (const openapi_webhook *w = extras != NULL ? extras->webhooks : NULL; w != NULL; w = w->next)
        if (w->options.body != NULL)
            schema_set_add(&doc->schemas, w->options.body, SCHEMA_OUTPUT);
}

void openapi_add_callback_types(openapi_document *doc, const route *r)
{
    for (const tern_callback *c = r->options.callbacks; c != NULL && c->name != NULL; c++)
        if (c->body != NULL)
            schema_set_add(&doc->schemas, c->body, SCHEMA_OUTPUT);
}

void openapi_print_webhooks(const openapi_document *doc, buf *out)
{
    const openapi_extras *extras = doc->app->extras;
    if (extras == NULL || extras->webhooks == NULL)
        return;
    append_key(out, "webhooks");
    append_open(out, '{');
    for (const openapi_webhook *w = extras->webhooks; w != NULL; w = w->next) {
        const tern_webhook_options *o = &w->options;
        char id[256];
        snprintf(id, sizeof id, "webhook_%s", w->name);
        append_key(out, w->name);
        print_made(doc,
                   &(made_request){o->method, o->summary, o->description, o->tags, id, o->body, o->status},
                   out);
    }
    append_close(out, '}');
}

void openapi_print_callbacks(const openapi_document *doc, const route *r, const char *id, buf *out)
{
    const tern_callback *c = r->options.callbacks;
    if (c == NULL)
        return;
    append_key(out, "callbacks");
    append_open(out, '{');
    for (; c->name != NULL; c++) {
        char own_id[256];
        snprintf(own_id, sizeof own_id, "%s_callback_%s", id, c->name);
        append_key(out, c->name);
        append_open(out, '{');
        append_key(out, c->url);
        print_made(doc,
                   &(made_request){c->method, c->summary, c->description, NULL, own_id, c->body, c->status},
                   out);
        append_close(out, '}');
    }
    append_close(out, '}');
}

/* -- tags, servers, documentation elsewhere -- */

static void print_link(const char *key, const openapi_link *link, buf *out)
{
    if (key != NULL)
        append_key(out, key);
    append_open(out, '{');
    append_member(out, "url", link->url);
    append_member(out, "description", link->description);
    append_close(out, '}');
}

void openapi_print_servers(const openapi_document *doc, buf *out)
{
    const openapi_extras *extras = doc->app->extras;
    const openapi_link own = {.url = "/"};
    append_key(out, "servers");
    append_open(out, '[');
    if (extras == NULL || extras->servers == NULL)
        print_link(NULL, &own, out);
    for (const openapi_link *s = extras != NULL ? extras->servers : NULL; s != NULL; s = s->next)
        print_link(NULL, s, out);
    append_close(out, ']');
}

void openapi_print_external_docs(const openapi_document *doc, buf *out)
{
    const openapi_extras *extras = doc->app->extras;
    if (extras != NULL && extras->docs.url != NULL)
        print_link("externalDocs", &extras->docs, out);
}

void openapi_print_tag(const openapi_document *doc, tern_str name, buf *out)
{
    const openapi_tag *t = doc->app->extras != NULL ? doc->app->extras->tags : NULL;
    while (t != NULL && (strlen(t->name) != name.len || memcmp(t->name, name.data, name.len) != 0))
        t = t->next;
    append_key(out, "name");
    append_slice(out, name.data, name.len);
    if (t == NULL)
        return;
    append_member(out, "description", t->description);
    append_member(out, "parent", doc->is_3_2 ? t->options.parent : NULL);
    if (t->options.docs_url != NULL)
        print_link("externalDocs", &(openapi_link){.url = t->options.docs_url}, out);
}

/* -- at start -- */

static bool is_method(const char *method)
{
    static const char *const known[] = {"GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (method == NULL || strcmp(method, known[i]) == 0)
            return true;
    return false;
}

static bool check_made(const char *what, const char *name, const char *method, tern_type *body, int status,
                       buf *problems)
{
    bool is_right = true;
    if (name == NULL || *name == '\0' || !is_method(method) ||
        (status != 0 && (status < 200 || status > 599))) {
        buf_add_printf(problems, "%s(\"%s\") needs %s\n", what, name != NULL ? name : "",
                       name == NULL || *name == '\0' ? "a name"
                       : !is_method(method)          ? "a method of OpenAPI, like \"POST\""
                                                     : "a status of 200 to 599");
        is_right = false;
    }
    return (body == NULL || schema_prepare(body, problems)) && is_right;
}

bool openapi_check_extras(const tern_app *app, buf *problems)
{
    const openapi_extras *extras = app->extras;
    bool is_right = true;
    for (const openapi_webhook *w = extras != NULL ? extras->webhooks : NULL; w != NULL; w = w->next) {
        is_right &= check_made("tern_webhook", w->name, w->options.method, w->options.body, w->options.status,
                               problems);
        for (const openapi_webhook *other = extras->webhooks; other != w && w->name != NULL;
             other = other->next)
            if (other->name != NULL && strcmp(other->name, w->name) == 0) {
                buf_add_printf(problems, "tern_webhook(\"%s\") needs a unique name; this one is taken\n",
                               w->name);
                is_right = false;
            }
    }
    for (const openapi_tag *t = extras != NULL ? extras->tags : NULL; t != NULL; t = t->next)
        if (t->name == NULL || *t->name == '\0' || strchr(t->name, ',') != NULL) {
            buf_add_printf(problems, "tern_tag(\"%s\") needs a name without commas\n",
                           t->name != NULL ? t->name : "");
            is_right = false;
        }
    for (const openapi_link *s = extras != NULL ? extras->servers : NULL; s != NULL; s = s->next)
        if (s->url == NULL || *s->url == '\0') {
            buf_add_text(problems, "tern_server needs a URL, like \"https://api.example.org\"\n");
            is_right = false;
        }
    for (unsigned i = 0; i < router_count(app->router); i++) {
        const route *r = router_at(app->router, i);
        is_right &= openapi_check_links(app, r, problems);
        for (const tern_callback *c = r->options.callbacks; c != NULL && c->name != NULL; c++) {
            char what[256];
            snprintf(what, sizeof what, "%s:%d: %s %s: .callbacks", r->options.file, r->options.line,
                     r->method_name, r->pattern);
            is_right &=
                check_made(what, c->url != NULL ? c->name : "", c->method, c->body, c->status, problems);
        }
    }
    return is_right;
}
