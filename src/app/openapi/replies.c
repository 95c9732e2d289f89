/** The replies of an operation: its success, what its providers, middleware and Tern itself refuse. */
#include "app/formats.h"
#include "app/openapi/extras.h"
#include "app/openapi/internal.h"
#include "app/page/shape.h"
#include "app/problem_shape.h"
#include "app/provide/provide.h"
#include "app/requires.h"
#include "app/websocket/ws.h"
#include "http/status.h"
#include "schema/json/append.h"

#include <stdio.h>
#include <string.h>

bool openapi_is_read(const route *r)
{
    return r->method == HTTP_GET || r->method == HTTP_QUERY;
}

static void open_reply(const char *status, const char *description, buf *out)
{
    append_key(out, status);
    append_open(out, '{');
    append_member(out, "description", description);
}

static bool has_key(const tern_type *type)
{
    for (unsigned i = 0; i < type->field_count; i++)
        if (type->fields[i].key)
            return true;
    return false;
}

enum { NO_CONTENT = 204, CREATED = 201, NOT_MODIFIED = 304, FIRST_PROBLEM = 400 };

bool openapi_has_content(const tern_route_options *options)
{
    return options->returns != NULL && options->status != NO_CONTENT;
}

/** The whole model, or those of its fields that were requested. */
static void print_whole_or_part(const openapi_document *doc, const tern_type *type, buf *out)
{
    const schema_set *set = &doc->schemas;
    if (schema_component_of(set, type, SCHEMA_PART) == schema_component_of(set, type, SCHEMA_OUTPUT)) {
        schema_print(set, type, SCHEMA_OUTPUT, out);
        return;
    }
    append_open(out, '{');
    append_key(out, "anyOf");
    append_open(out, '[');
    schema_print(set, type, SCHEMA_OUTPUT, out);
    schema_print(set, type, SCHEMA_PART, out);
    append_close(out, ']');
    append_close(out, '}');
}

static void print_returned(const openapi_document *doc, const tern_route_options *options, buf *out)
{
    const tern_type *type = options->returns;
    if (!options->partial) {
        schema_print(&doc->schemas, type, SCHEMA_OUTPUT, out);
    } else if (type->kind == TERN_KIND_LIST && type->item->kind == TERN_KIND_MODEL) {
        append_raw(out, "{\"type\":\"array\",\"items\":");
        print_whole_or_part(doc, type->item, out);
        buf_add_text(out, "}");
    } else {
        print_whole_or_part(doc, type, out);
    }
}

/** Prints a page's fields except the items. */
static const struct {
    const char *schema;
    bool may_lack;
} page_fields[PAGE_FIELDS] = {
    [PAGE_TOTAL] = {"\"type\":\"integer\",\"format\":\"int64\",\"minimum\":0", false},
    [PAGE_TOTAL_IS_ESTIMATE] = {"\"description\":\"The total is an estimate, or a lower bound\","
                                "\"type\":\"boolean\"",
                                false},
    [PAGE_NUMBER] = {"\"description\":\"Null after a cursor\",\"type\":[\"integer\",\"null\"],"
                     "\"format\":\"int64\",\"minimum\":1",
                     false},
    [PAGE_SIZE] = {"\"type\":\"integer\",\"format\":\"int64\",\"minimum\":1", false},
    [PAGE_HAS_NEXT] = {"\"type\":\"boolean\"", false},
    [PAGE_NEXT] = {"\"description\":\"The cursor of the next page; absent from the last one\","
                   "\"type\":\"string\"",
                   true},
};

static void print_page(const openapi_document *doc, const route *r, buf *out)
{
    const page_shape *shape = r->page;
    append_raw(out, "{\"type\":\"object\",\"properties\":{");
    append_key(out, shape->names[PAGE_ITEMS]);
    print_returned(doc, &r->options, out);
    for (unsigned i = PAGE_ITEMS + 1; i < PAGE_FIELDS; i++) {
        if (shape->names[i] == NULL)
            continue;
        append_key(out, shape->names[i]);
        buf_add_printf(out, "{%s}", page_fields[i].schema);
    }
    buf_add_text(out, "},\"required\":[");
    for (unsigned i = 0; i < PAGE_FIELDS; i++)
        if (shape->names[i] != NULL && !page_fields[i].may_lack)
            append_text(out, shape->names[i]);
    buf_add_text(out, "]}");
}

static void print_returned_body(const openapi_document *doc, const route *r, buf *out)
{
    if (r->options.wrapped != NULL) { /* never with .paged */
        append_raw(out, "{\"type\":\"object\",\"properties\":{");
        append_key(out, r->options.wrapped);
    }
    if (r->options.paged)
        print_page(doc, r, out);
    else
        print_returned(doc, &r->options, out);
    if (r->options.wrapped != NULL) {
        buf_add_text(out, "},\"required\":[");
        append_text(out, r->options.wrapped);
        buf_add_text(out, "]}");
    }
}

static void print_returns(const openapi_document *doc, const route *r, buf *out)
{
    const char *packed[FORMATS];
    const unsigned count = formats_on(doc->app, packed);
    append_raw(out, "\"content\":{\"application/json\":{\"schema\":");
    print_returned_body(doc, r, out);
    openapi_print_examples(r, NULL, 0, r->options.status != 0 ? r->options.status : 200, out);
    for (unsigned i = 0; i < count; i++) {
        buf_add_printf(out, "},\"%s\":{\"schema\":", packed[i]);
        print_returned_body(doc, r, out);
    }
    buf_add_text(out, "}}");
}

/** A header of a reply. */
typedef struct reply_header {
    tern_str name;
    const char *description, *schema; /* NULL: none; a text */
    const tern_type *type;            /* instead of `schema` */
} reply_header;

enum { HEADERS_MAX = 64 };

/** The headers of one reply, each name once. */
typedef struct reply_headers {
    reply_header list[HEADERS_MAX];
    unsigned count;
} reply_headers;

static void add_header(reply_headers *headers, reply_header added)
{
    for (unsigned i = 0; i < headers->count; i++)
        if (headers->list[i].name.len == added.name.len &&
            text_equal_nocase(headers->list[i].name.data, added.name.data, added.name.len))
            return;
    if (headers->count < HEADERS_MAX)
        headers->list[headers->count++] = added;
}

/** Adds what Tern sets itself on a success, or on its 304. */
static void add_own_headers(const route *r, int status, reply_headers *headers)
{
    const tern_route_options *o = &r->options;
    if (status == CREATED && o->returns != NULL && has_key(o->returns))
        add_header(headers, (reply_header){TERN_STR("Location"), "The address of the created resource",
                                           "{\"type\":\"string\",\"format\":\"uri-reference\"}", NULL});
    if (o->etag)
        add_header(headers, (reply_header){TERN_STR("ETag"), "The entity tag for If-None-Match and If-Match",
                                           NULL, NULL});
    if (o->paged && status != NOT_MODIFIED)
        add_header(headers,
                   (reply_header){TERN_STR("Link"), "The next page, if there is one: <...>; rel=\"next\"",
                                  NULL, NULL});
}

/** Adds what middleware sets, on any reply that passes it. */
static void add_middleware_headers(const route *r, reply_headers *headers)
{
    tern_str name;
    for (unsigned i = 0; i < r->chain_len; i++)
        for (const char *at = r->chain[i].headers; at != NULL && openapi_next_word(&at, &name);)
            add_header(headers, (reply_header){name, NULL, NULL, NULL});
}

/** Prints the headers of a reply; `is_own`: it is the success, or its 304. */
static void print_headers(const openapi_document *doc, const route *r, int status, bool is_own, buf *out)
{
    reply_headers headers;
    headers.count = 0;
    for (const tern_described_header *h = r->options.reply_headers; h != NULL && h->name != NULL; h++)
        if (h->status != 0 ? h->status == status : is_own && status != NOT_MODIFIED)
            add_header(&headers, (reply_header){{h->name, strlen(h->name)}, h->description, NULL, h->type});
    if (is_own)
        add_own_headers(r, status, &headers);
    add_middleware_headers(r, &headers);
    if (headers.count == 0)
        return;
    append_key(out, "headers");
    append_open(out, '{');
    for (unsigned i = 0; i < headers.count; i++) {
        const reply_header *header = &headers.list[i];
        append_comma(out);
        append_slice(out, header->name.data, header->name.len);
        buf_add_text(out, ":");
        append_open(out, '{');
        append_member(out, "description", header->description);
        append_key(out, "schema");
        if (header->type != NULL)
            schema_print(&doc->schemas, header->type, SCHEMA_OUTPUT, out);
        else
            append_raw(out, header->schema != NULL ? header->schema : "{\"type\":\"string\"}");
        append_close(out, '}');
    }
    append_close(out, '}');
}

static bool has_not_modified(const route *r)
{
    return r->options.etag && openapi_is_read(r);
}

/** The next status of a list like "304, 403"; 0 at its end, -1 for text that is not one of 200 to 599. */
static int next_answer(const char **at)
{
    tern_str word;
    uint64_t status;
    if (*at == NULL || !openapi_next_word(at, &word))
        return 0;
    return text_get_u64(word.data, word.len, &status) && status >= 200 && status <= 599 ? (int)status : -1;
}

/** Adds the line about a piece of middleware, once for all the routes that it wraps. */
static void report_answers(const tern_middleware *m, buf *problems)
{
    size_t before = problems->len;
    buf_add_printf(problems,
                   "middleware %s: .answers = \"%s\" must be statuses of 200 to 599, like \"403, 429\"\n",
                   m->name != NULL ? m->name : "?", m->answers);
    char *line = !problems->failed ? problems->data + before : NULL;
    if (line == NULL || strstr(problems->data, line) == line)
        return;
    problems->len = before;
    *line = '\0';
}

bool openapi_check_middleware(const route *r, buf *problems)
{
    bool is_right = true;
    for (unsigned i = 0; i < r->chain_len; i++) {
        const char *at = r->chain[i].answers;
        int status;
        do
            status = next_answer(&at);
        while (status > 0);
        if (status == 0)
            continue;
        report_answers(&r->chain[i], problems);
        is_right = false;
    }
    return is_right;
}

/** Prints the replies of middleware that are not errors: 304, redirects. Each status once. */
static void print_middleware_answers(const openapi_document *doc, const route *r, int success, buf *out)
{
    bool is_printed[FIRST_PROBLEM] = {[NOT_MODIFIED] = has_not_modified(r)};
    if (success < FIRST_PROBLEM)
        is_printed[success] = true;
    for (unsigned i = 0; i < r->chain_len; i++) {
        const char *at = r->chain[i].answers;
        for (int status; (status = next_answer(&at)) > 0;) {
            char number[16];
            if (status >= FIRST_PROBLEM || is_printed[status])
                continue;
            is_printed[status] = true;
            snprintf(number, sizeof number, "%d", status);
            open_reply(number, http_status_text(status), out);
            print_headers(doc, r, status, status == NOT_MODIFIED, out);
            append_close(out, '}');
        }
    }
}

/** OpenAPI has no messages: they are named for people. */
static void open_websocket(const route *r, buf *out)
{
    const tern_websocket_options *o = &((const ws_declared *)r->options.websocket)->o;
    char text[256];
    snprintf(text, sizeof text, "A WebSocket.%s%.80s%s%s%.80s%s", o->receives != NULL ? " It receives " : "",
             o->receives != NULL ? o->receives->name : "", o->receives != NULL ? " as JSON." : "",
             o->sends != NULL ? " It sends " : "", o->sends != NULL ? o->sends->name : "",
             o->sends != NULL ? " as JSON." : "");
    open_reply("101", text, out);
}

static void print_success(const openapi_document *doc, const route *r, buf *out)
{
    if (r->options.websocket != NULL) {
        open_websocket(r, out);
        print_headers(doc, r, 101, true, out);
        append_close(out, '}');
        print_middleware_answers(doc, r, 101, out);
        return;
    }
    int status = r->options.status != 0 ? r->options.status : 200;
    char number[16];
    snprintf(number, sizeof number, "%d", status);
    open_reply(number, http_status_text(status), out);
    print_headers(doc, r, status, true, out);
    if (openapi_has_content(&r->options))
        print_returns(doc, r, out);
    openapi_print_links(doc, r, out);
    append_close(out, '}');
    if (has_not_modified(r)) {
        open_reply("304", http_status_text(NOT_MODIFIED), out);
        print_headers(doc, r, NOT_MODIFIED, true, out);
        append_close(out, '}');
    }
    print_middleware_answers(doc, r, status, out);
}

/** Prints the content of a reply in the application's shape; nothing if the application does not describe
 * it. */
static void print_shape(const openapi_document *doc, const problem_shape *shape, buf *out)
{
    const char *media_type = shape->options.media_type;
    if (shape->options.returns == NULL)
        return;
    append_key(out, "content");
    append_open(out, '{');
    append_key(out, media_type != NULL ? media_type : "application/json");
    append_raw(out, "{\"schema\":");
    schema_print(&doc->schemas, shape->options.returns, SCHEMA_OUTPUT, out);
    buf_add_text(out, "}");
    append_close(out, '}');
}

/** Marks the errors that the route's middleware replies with, and a WebSocket's handshake. */
static void mark_answers(const route *r, bool *may_occur)
{
    if (r->options.websocket != NULL)
        may_occur[400 - FIRST_PROBLEM] = may_occur[403 - FIRST_PROBLEM] = may_occur[426 - FIRST_PROBLEM] =
            true;
    for (unsigned i = 0; i < r->chain_len; i++) {
        const char *at = r->chain[i].answers;
        for (int status; (status = next_answer(&at)) > 0;)
            if (status >= FIRST_PROBLEM)
                may_occur[status - FIRST_PROBLEM] = true;
    }
}

/** Marks the statuses in .refuses of the route's providers. */
static void mark_refusals(const route *r, bool *may_occur)
{
    for (unsigned i = 0; r->provide != NULL && i < r->provide->count; i++) {
        const char *at = r->provide->steps[i].provider->options.refuses;
        for (int status = 0; at != NULL && (status = provide_next_status(&at)) > 0;)
            may_occur[status - FIRST_PROBLEM] = true;
    }
}

/** Prints a problem's reply; `status` may be OPENAPI_ANY_OTHER. */
static void print_problem(const openapi_document *doc, const route *r, int status, buf *out)
{
    char number[16];
    const problem_shape *shape = problem_shape_of(r->group, status);
    const char *text = http_status_text(status);
    bool is_named = status != OPENAPI_ANY_OTHER;
    snprintf(number, sizeof number, "%d", status);
    open_reply(is_named ? number : "default",
               !is_named      ? "Any other error"
               : text != NULL ? text
                              : "Refused",
               out);
    print_headers(doc, r, status, false, out);
    if (shape != NULL) {
        print_shape(doc, shape, out);
    } else {
        append_raw(out, "\"content\":{\"application/problem+json\":{");
        append_key(out, "schema");
        openapi_print_problem_schema(
            doc, r, status, status == 422 && provide_has_input(r) ? "ValidationProblem" : "Problem", out);
        if (is_named)
            openapi_print_examples(r, NULL, 0, status, out);
        buf_add_text(out, "}}");
    }
    append_close(out, '}');
}

unsigned openapi_problems(const tern_app *app, const route *r, int statuses[OPENAPI_PROBLEMS])
{
    bool has_input = provide_has_input(r), has_body = r->bind != NULL && r->bind->body != NULL;
    bool may_occur[OPENAPI_PROBLEMS] = {
        [400 - FIRST_PROBLEM] = has_input,
        [401 - FIRST_PROBLEM] = openapi_needs_security(app, r),
        [403 - FIRST_PROBLEM] = r->requires != NULL && r->requires->names_permission,
        [404 - FIRST_PROBLEM] = r->param_count > 0,
        [413 - FIRST_PROBLEM] = has_body,
        [412 - FIRST_PROBLEM] = r->options.if_match || r->options.need_if_match,
        [415 - FIRST_PROBLEM] = has_body,
        [422 - FIRST_PROBLEM] = has_input,
        [428 - FIRST_PROBLEM] = r->options.need_if_match,
    };
    mark_refusals(r, may_occur);
    mark_answers(r, may_occur);
    openapi_mark_problem_types(app, r, may_occur);
    unsigned count = 0;
    for (int i = 0; i < OPENAPI_PROBLEMS - 1; i++)
        if (may_occur[i])
            statuses[count++] = FIRST_PROBLEM + i;
    statuses[count++] = OPENAPI_ANY_OTHER;
    return count;
}

void openapi_print_replies(const openapi_document *doc, const openapi_operation *o, buf *out)
{
    int statuses[OPENAPI_PROBLEMS];
    unsigned count = openapi_problems(doc->app, o->route, statuses);
    append_key(out, "responses");
    append_open(out, '{');
    print_success(doc, o->route, out);
    for (unsigned i = 0; i < count; i++)
        print_problem(doc, o->route, statuses[i], out);
    append_close(out, '}');
}
