/** Replies made of models. Hot path: tern_json_of without checks, which only encodes. */
#include "app/address.h"
#include "app/bind/bind.h"
#include "app/page/link.h"
#include "app/page/shape.h"
#include "http/url.h"
#include "schema/json/json.h"
#include "schema/printable.h"
#include "schema/scalar.h"
#include "schema/validate.h"

#include <tern/json.h>
#include <tern/log.h>

#include <string.h>

/* -- replies that cannot be sent -- */

static tern_reply refuse(tern_ctx *c, const tern_type *type, const char *why, const char *where)
{
    char label[160];
    tern_log(TERN_LOG_ERROR, "%s: the reply of %s%s cannot be sent: %s%s%s",
             ctx_route_label(c, label, sizeof label), type->kind == TERN_KIND_LIST ? "a list of " : "",
             type->name, why, where[0] != '\0' ? ": " : "", where);
    return ctx_problem(c, 500, NULL);
}

static const place body_place = {.name = "body"};

static tern_reply refuse_encoding(tern_ctx *c, const tern_type *type, const void *value, const json_out *out)
{
    if (out->refusal == JSON_TOO_DEEP)
        return refuse(c, type, "it is nested too deeply, or contains itself", "");
    if (out->refusal == JSON_NOT_REFUSED)
        ctx_need(c, NULL);
    buf where = {.limit = 1024};
    const char *why = value_find_unprintable(type, value, &body_place, &where);
    tern_reply reply =
        refuse(c, type, why != NULL ? why : "a value has no JSON", where.len != 0 ? where.data : "");
    buf_free(&where);
    return reply;
}

/** Compares names: every source file that includes a model has its own description. */
static bool is_same_type(const tern_type *a, const tern_type *b)
{
    return a == b || (a->kind == b->kind && a->size == b->size && strcmp(a->name, b->name) == 0);
}

/** Whether the value obeys its model's rules, and its JSON will match the document; writes a log line if
 * not. */
static bool keeps_rules(tern_ctx *c, const tern_type *type, const void *value, tern_reply *instead)
{
    tern_faults faults;
    faults_init(&faults, ctx_arena(c));
    const tern_route_options *options = c->match.route != NULL ? &c->match.route->options : NULL;
    bool is_described = options != NULL && options->returns != NULL && is_same_type(type, options->returns);
    bool is_part = !is_described || options->partial;
    if (validate_value(type, value, &body_place, &faults) &&
        value_is_printable(type, value, is_part, &body_place, &faults))
        return true;
    buf text = {.limit = 2048};
    faults_print(&faults, &text);
    while (text.len > 0 && text.data[text.len - 1] == '\n')
        text.data[--text.len] = '\0';
    *instead = refuse(c, type, "it breaks its model's rules", text.len != 0 ? text.data : "");
    buf_free(&text);
    return false;
}

/* -- against .returns -- */

tern_reply typed_reply_check(tern_ctx *c, const tern_reply *reply)
{
    const tern_route_options *options = &c->match.route->options;
    const tern_type *type = c->reply_type, *returns = options->returns;
    bool is_success = reply->status >= 200 && reply->status <= 299;
    bool is_typed = reply->kind == TERN_REPLY_BYTES && reply->data == c->reply_data;
    c->reply_type = NULL;
    if (!is_success || !is_typed || returns == NULL)
        return *reply;
    if (is_same_type(type, returns) && c->reply_is_page == options->paged)
        return *reply;
    char label[160];
    tern_log(TERN_LOG_ERROR, "%s: the reply is %s of %s, but .returns says %s of %s",
             ctx_route_label(c, label, sizeof label),
             c->reply_is_page               ? "a page"
             : type->kind == TERN_KIND_LIST ? "a list"
                                            : "a model",
             type->name,
             options->paged                    ? "a page"
             : returns->kind == TERN_KIND_LIST ? "a list"
                                               : "a model",
             returns->name);
    return ctx_problem(c, 500, NULL);
}

static void note_type(tern_ctx *c, const tern_type *type, const tern_reply *reply, bool is_page)
{
    c->reply_type = type;
    c->reply_data = reply->data;
    c->reply_is_page = is_page;
}

static void note_shape(tern_ctx *c, const tern_type *type, const tern_reply *reply, bool is_member)
{
    if (c->app->formats == 0)
        return;
    c->packed.type = type;
    c->packed.data = reply->data;
    c->packed.is_member = is_member;
}

/* -- making them -- */

static size_t expected_bytes(const tern_type *type, const void *value)
{
    enum { TEXT_BYTES = 32 }; /* an estimate of an item's texts; the block grows in place */
    if (type->kind != TERN_KIND_LIST)
        return plan_of(type)->least_bytes + 4 * TEXT_BYTES;
    tern_bool_list list;
    memcpy(&list, value, sizeof list);
    enum { MOST_GUESSED = 4096 };
    size_t count = list.count < MOST_GUESSED ? list.count : MOST_GUESSED;
    return count * (plan_of(type->item)->least_bytes + TEXT_BYTES);
}

static int success_status(tern_ctx *c)
{
    int status = c->match.route != NULL ? c->match.route->options.status : 0;
    return status >= 200 && status <= 299 ? status : 200;
}

static tern_reply json_reply(tern_ctx *c, const json_out *out)
{
    return (tern_reply){
        .status = success_status(c), .type = "application/json", .data = out->data, .len = out->len};
}

static bool put(json_out *out, const char *text, size_t len)
{
    if (!json_out_reserve(out, len))
        return false;
    memcpy(out->data + out->len, text, len);
    out->len += len;
    return true;
}

/** Encodes the reply of a route with .wrapped: the type of its .returns is under the key, other types are
 * not. */
static __attribute__((noinline)) bool encode_wrapped(const route *r, const tern_type *type, const void *value,
                                                     json_out *out)
{
    tern_str head = r->reply_head;
    if (!is_same_type(type, r->options.returns))
        return json_encode(type, value, out);
    return put(out, head.data, head.len) && json_encode(type, value, out) && put(out, "}", 1);
}

tern_reply tern_json_of(tern_ctx *c, const tern_type *type, const void *value, bool checks)
{
    tern_reply reply;
    bind_need_plan(c, type);
    if (value == NULL)
        return refuse(c, type, "it is NULL", "");
    if (checks && !keeps_rules(c, type, value, &reply))
        return reply;
    json_out out;
    const route *r = c->match.route;
    json_out_init(&out, ctx_arena(c), expected_bytes(type, value));
    bool is_wrapped = r != NULL && r->reply_head.len != 0;
    if (!(is_wrapped ? encode_wrapped(r, type, value, &out) : json_encode(type, value, &out)))
        return refuse_encoding(c, type, value, &out);
    reply = json_reply(c, &out);
    note_shape(c, type, &reply, is_wrapped && is_same_type(type, r->options.returns));
    if (checks)
        note_type(c, type, &reply, false);
    return reply;
}

/* -- pages -- */

static const page_shape *shape_of(const tern_ctx *c)
{
    const route *r = c->match.route;
    return r != NULL && r->page != NULL ? r->page : &page_shape_usual;
}

static bool put_key(json_out *out, const page_shape *shape, page_field field)
{
    return put(out, shape->keys[field].data, shape->keys[field].len);
}

static bool put_number(json_out *out, const page_shape *shape, page_field field, int64_t value)
{
    char number[SCALAR_PRINT_BYTES];
    return shape->names[field] == NULL ||
           (put_key(out, shape, field) && put(out, number, number_print_i64(value, number)));
}

static bool put_flag(json_out *out, const page_shape *shape, page_field field, bool value)
{
    return shape->names[field] == NULL ||
           (put_key(out, shape, field) && put(out, value ? "true" : "false", value ? 4 : 5));
}

/** Writes the fields of a page after its items. A cursor consists of characters that JSON does not escape. */
static bool put_facts(json_out *out, const page_shape *shape, const tern_paging *p)
{
    bool is_numbered = p->after == NULL || *p->after == '\0';
    if (!put_number(out, shape, PAGE_TOTAL, p->total) ||
        !put_flag(out, shape, PAGE_TOTAL_IS_ESTIMATE, p->total_is_estimate))
        return false;
    if (is_numbered && !put_number(out, shape, PAGE_NUMBER, p->page > 0 ? p->page : 1))
        return false;
    if (!is_numbered && shape->names[PAGE_NUMBER] != NULL &&
        (!put_key(out, shape, PAGE_NUMBER) || !put(out, "null", 4)))
        return false;
    if (!put_number(out, shape, PAGE_SIZE, p->size) || !put_flag(out, shape, PAGE_HAS_NEXT, p->has_next))
        return false;
    if (p->next == NULL || shape->names[PAGE_NEXT] == NULL)
        return put(out, "}", 1);
    return put_key(out, shape, PAGE_NEXT) && put(out, "\"", 1) && put(out, p->next, strlen(p->next)) &&
           put(out, "\"}", 2);
}

static tern_reply page_reply(tern_ctx *c, const tern_type *type, const void *list, const tern_paging *paging,
                             bool checks)
{
    enum { FACTS_BYTES = 160 }; /* an estimate, like that of the items */
    const page_shape *shape = shape_of(c);
    tern_reply reply;
    bind_need_plan(c, type);
    if (checks && !keeps_rules(c, type, list, &reply))
        return reply;
    json_out out;
    json_out_init(&out, ctx_arena(c), expected_bytes(type, list) + FACTS_BYTES);
    if (!put_key(&out, shape, PAGE_ITEMS) || !json_encode(type, list, &out) ||
        !put_facts(&out, shape, paging))
        return refuse_encoding(c, type, list, &out);
    reply = json_reply(c, &out);
    note_shape(c, type, &reply, true);
    if (checks)
        note_type(c, type, &reply, true);
    return reply;
}

tern_reply tern_page_of(tern_ctx *c, const tern_type *type, const void *list, int64_t total, bool checks)
{
    static const page_field unknown[] = {PAGE_TOTAL_IS_ESTIMATE, PAGE_NUMBER, PAGE_SIZE, PAGE_HAS_NEXT};
    const page_shape *shape = shape_of(c);
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        if (shape->names[unknown[i]] != NULL)
            return refuse(c, type, "tern_page was given a number, which does not set the page's field",
                          arena_printf(ctx_arena(c), "\"%s\"; pass the tern_paging of tern_select_page",
                                       shape->names[unknown[i]]));
    return page_reply(c, type, list, &(tern_paging){.total = total}, checks);
}

tern_reply tern_page_found(tern_ctx *c, const tern_type *type, const void *list, const tern_paging *paging,
                           bool checks)
{
    tern_reply reply = page_reply(c, type, list, paging, checks);
    if (reply.status < 300 && paging->has_next)
        page_link_next(c, paging);
    return reply;
}

/** One field of a key as a segment of a path; NULL when it is empty. */
static const char *key_segment(tern_ctx *c, const field_plan *f, const void *value)
{
    char number[SCALAR_PRINT_BYTES];
    tern_str text = {number, 0};
    if (f->field->type->kind == TERN_KIND_TEXT) {
        text.data = *(const char *const *)plan_value(f, value);
        text.len = text.data != NULL ? strlen(text.data) : 0;
    } else {
        text.len = scalar_print(f->field->type, plan_value(f, value), number);
    }
    char *encoded = ctx_need(c, arena_alloc(ctx_arena(c), 3 * text.len + 1));
    return text.len != 0 && url_encode(text, false, encoded) != 0 ? encoded : NULL;
}

/** The value's key, a path segment for each of its fields; NULL when the model has no key, or a field of it
 * is empty. */
static const char *key_path(tern_ctx *c, const tern_type *type, const void *value)
{
    const char *path = NULL;
    for (unsigned i = 0; i < type->field_count; i++) {
        const field_plan *f = &plan_of(type)->fields[i];
        if (!f->field->key)
            continue;
        const char *segment = key_segment(c, f, value);
        if (segment == NULL)
            return NULL;
        path = path == NULL ? segment : ctx_need(c, arena_printf(ctx_arena(c), "%s/%s", path, segment));
    }
    return path;
}

const char *address_of_key(tern_ctx *c, const tern_type *type, const void *value)
{
    tern_str path = c->x->request->path;
    bind_need_plan(c, type);
    const char *key = key_path(c, type, value);
    if (key == NULL || (path.len > 1 && path.data[1] == '/')) /* "//name" would be another host */
        return NULL;
    bool has_slash = path.data[path.len - 1] == '/';
    return ctx_need(
        c, arena_printf(ctx_arena(c), "%.*s%s%s", (int)path.len, path.data, has_slash ? "" : "/", key));
}

/** Whether a client would be refused at that address, whatever its route. */
static bool is_refused(tern_ctx *c, const char *location)
{
    const tern_str raw = {location, strlen(location)};
    char *decoded = ctx_need(c, arena_alloc(ctx_arena(c), raw.len + 1));
    bool has_marks;
    return url_decode_path_marked(raw, decoded, &has_marks) < 0 ||
           (has_marks && address_route(c, HTTP_GET, location) == NULL);
}

/** Sets Location, unless the address is always 400. */
static void put_location(tern_ctx *c, const tern_type *type, const void *value)
{
    const char *location = address_of_key(c, type, value);
    if (location == NULL)
        return;
    bool is_in_doubt = strchr(location, '%') != NULL || strstr(location, "/.") != NULL;
    if (is_in_doubt && is_refused(c, location))
        return;
    if (!http_field_put(c->x, "Location", location, true))
        ctx_need(c, NULL);
}

tern_reply tern_created_of(tern_ctx *c, const tern_type *type, const void *value, bool checks)
{
    tern_reply reply = tern_json_of(c, type, value, checks);
    if (reply.status >= 300)
        return reply;
    reply.status = 201;
    put_location(c, type, value);
    return reply;
}

void *tern_json_read_of(tern_ctx *c, const tern_type *type)
{
    return bind_json_body(c, type);
}
