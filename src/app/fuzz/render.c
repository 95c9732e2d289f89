/* Renders a request's tree as the texts that are sent. */
#include "app/fuzz/internal.h"
#include "http/url.h"

#include <stdio.h>
#include <string.h>

#define BOUNDARY "tern-fuzz-boundary"

/** The text of a value outside JSON: nested values are JSON there, too. */
static tern_str plain_text(arena *a, const fuzz_node *node)
{
    if (node->shape == FUZZ_QUOTED || node->shape == FUZZ_BARE)
        return (tern_str){node->text, node->len};
    buf json = {0};
    fuzz_node_print_json(node, &json);
    tern_str text = {test_need(arena_text(a, json.data, json.len)), json.len};
    buf_free(&json);
    return text;
}

static void add_encoded(buf *out, arena *a, tern_str text, bool keep_slash)
{
    char *room = test_need(arena_alloc(a, 3 * text.len + 1));
    buf_add(out, room, url_encode(text, keep_slash, room));
}

/* -- the address -- */

static void add_path(buf *out, arena *a, const fuzz_request *request)
{
    const route *r = request->route;
    const fuzz_node *param =
        request->parts[TERN_FROM_PATH] != NULL ? request->parts[TERN_FROM_PATH]->first : NULL;
    for (unsigned i = 0; i < r->piece_count; i++) {
        const pattern_piece *piece = &r->pieces[i];
        if (piece->begins_segment)
            buf_add_text(out, "/");
        if (piece->kind == SEGMENT_TEXT) {
            buf_add(out, piece->text.data, piece->text.len);
            continue;
        }
        if (param == NULL)
            continue;
        add_encoded(out, a, plain_text(a, param), piece->kind == SEGMENT_REST);
        param = param->next;
    }
}

static void add_pair(buf *out, arena *a, bool *has_some, const char *name, const fuzz_node *value)
{
    if (*has_some)
        buf_add_text(out, "&");
    *has_some = true;
    add_encoded(out, a, (tern_str){name, strlen(name)}, false);
    buf_add_text(out, "=");
    add_encoded(out, a, plain_text(a, value), false);
}

static bool is_listed(const fuzz_node *node)
{
    return node->shape == FUZZ_LIST && (node->first == NULL || node->first->shape >= FUZZ_QUOTED);
}

/** "a=1&b=2": a list has one pair for each item. */
static void add_pairs(buf *out, arena *a, const fuzz_node *object)
{
    bool has_some = false;
    for (const fuzz_node *value = object->first; value != NULL; value = value->next) {
        if (!is_listed(value)) {
            add_pair(out, a, &has_some, value->key, value);
            continue;
        }
        for (const fuzz_node *item = value->first; item != NULL; item = item->next)
            add_pair(out, a, &has_some, value->key, item);
    }
}

static const char *address(arena *a, const fuzz_request *request)
{
    buf out = {0};
    const fuzz_node *query = request->parts[TERN_FROM_QUERY];
    add_path(&out, a, request);
    if (request->raw_query != NULL) {
        buf_add_printf(&out, "?%s", request->raw_query);
    } else if (query != NULL && query->first != NULL) {
        buf_add_text(&out, "?");
        add_pairs(&out, a, query);
    }
    const char *text = test_need(arena_text(a, out.data, out.len));
    buf_free(&out);
    return text;
}

/* -- headers -- */

/** Lines of headers and cookies, after those that every request has. */
static const char *const *lines(arena *a, const fuzz_request *request, const char *const *more)
{
    size_t count = 2;
    for (const char *const *line = more; line != NULL && *line != NULL; line++)
        count++;
    const fuzz_node *headers = request->parts[TERN_FROM_HEADER], *cookies = request->parts[TERN_FROM_COOKIE];
    for (const fuzz_node *h = headers != NULL ? headers->first : NULL; h != NULL; h = h->next)
        for (const fuzz_node *item = is_listed(h) ? h->first : h; item != NULL;
             item = is_listed(h) ? item->next : NULL)
            count++;
    const char **all = test_need(arena_alloc(a, count * sizeof *all));
    size_t at = 0;
    for (const char *const *line = more; line != NULL && *line != NULL; line++)
        all[at++] = *line;
    for (const fuzz_node *h = headers != NULL ? headers->first : NULL; h != NULL; h = h->next)
        for (const fuzz_node *item = is_listed(h) ? h->first : h; item != NULL;
             item = is_listed(h) ? item->next : NULL) {
            tern_str text = plain_text(a, item);
            all[at++] = test_need(arena_printf(a, "%s: %.*s", h->key, (int)text.len, text.data));
        }
    const char *jar = NULL;
    for (const fuzz_node *c = cookies != NULL ? cookies->first : NULL; c != NULL; c = c->next) {
        tern_str text = plain_text(a, c);
        jar =
            test_need(arena_printf(a, "%s%s%s=%.*s", jar != NULL ? jar : "Cookie: ", jar != NULL ? "; " : "",
                                   c->key, (int)text.len, text.data));
    }
    if (jar != NULL)
        all[at++] = jar;
    all[at] = NULL;
    return all;
}

/* -- the body -- */

static void add_part(buf *out, arena *a, const char *name, const fuzz_node *value)
{
    tern_str text = plain_text(a, value);
    buf_add_printf(out, "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"%s\"%s\r\n%s\r\n", name,
                   value->is_file ? "; filename=\"fuzz.txt\"" : "",
                   value->is_file ? "Content-Type: text/plain\r\n" : "");
    buf_add(out, text.data, text.len);
    buf_add_text(out, "\r\n");
}

static void add_multipart(buf *out, arena *a, const fuzz_node *body)
{
    for (const fuzz_node *value = body->first; value != NULL; value = value->next) {
        if (!is_listed(value)) {
            add_part(out, a, value->key, value);
            continue;
        }
        for (const fuzz_node *item = value->first; item != NULL; item = item->next)
            add_part(out, a, value->key, item);
    }
    buf_add_text(out, "--" BOUNDARY "--\r\n");
}

/** The body, under the key of the route's .takes_in. */
static void add_json(buf *out, const fuzz_request *request, const fuzz_node *body)
{
    const char *wrapper = request->route->bind->wrapper;
    if (wrapper != NULL) {
        buf_add_text(out, "{\"");
        buf_add_json(out, wrapper, strlen(wrapper));
        buf_add_text(out, "\":");
    }
    fuzz_node_print_json(body, out);
    buf_add_text(out, wrapper != NULL ? "}" : "");
}

static const char *add_body(buf *out, arena *a, const fuzz_request *request)
{
    const fuzz_node *body = request->parts[TERN_FROM_BODY];
    switch (request->format) {
    case FUZZ_FORM:
        add_pairs(out, a, body);
        return "application/x-www-form-urlencoded";
    case FUZZ_MULTIPART:
        add_multipart(out, a, body);
        return "multipart/form-data; boundary=" BOUNDARY;
    default:
        add_json(out, request, body);
        return "application/json";
    }
}

fuzz_step fuzz_render(arena *a, const fuzz_request *request, const char *const *more)
{
    fuzz_step step = {.method = request->method,
                      .path = address(a, request),
                      .headers = lines(a, request, more),
                      .from = -1};
    if (request->raw_body.data != NULL) {
        step.type = request->raw_type;
        step.body = request->raw_body;
    } else if (request->parts[TERN_FROM_BODY] != NULL) {
        buf out = {0};
        step.type = add_body(&out, a, request);
        step.body = (tern_str){test_need(arena_text(a, out.data != NULL ? out.data : "", out.len)), out.len};
        buf_free(&out);
    }
    return step;
}
