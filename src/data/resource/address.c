/* Checks whether a new row can be reached: its key becomes a part of a path. */
#include "app/address.h"
#include "app/bind/bind.h"
#include "data/resource/resource.h"

#include <string.h>

static const place body_place = {.name = "body"};

static _Noreturn void refuse(tern_ctx *c, const tern_field *field, const char *code, const char *message)
{
    tern_faults faults;
    const place here = {.up = &body_place, .name = field->json != NULL ? field->json : field->name};
    faults_init(&faults, ctx_arena(c));
    fault_add(&faults, &here, code, NULL, NULL, "%s", message);
    bind_fail_faults(c, &faults);
    __builtin_unreachable();
}

/** Whether a path's decoder accepts the text as one parameter (url.h). */
static bool is_segment(const char *text, bool may_have_slash)
{
    if (text == NULL || *text == '\0')
        return false;
    for (const char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f || *at == '\\' || (*at == '/' && !may_have_slash))
            return false;
    for (const char *at = text;; at++) {
        size_t len = strcspn(at, "/");
        if (len >= 1 && len <= 2 && at[0] == '.' && at[len - 1] == '.')
            return false;
        at += len;
        if (*at == '\0')
            return true;
    }
}

/** The method by which a row is reached; HTTP_OTHER_METHOD when it cannot be reached. */
static http_method method_of(const resource *r)
{
    static const struct {
        tern_operation operation;
        http_method method;
    } ways[] = {{TERN_OPERATION_READ, HTTP_GET},
                {TERN_OPERATION_REPLACE, HTTP_PUT},
                {TERN_OPERATION_CHANGE, HTTP_PATCH},
                {TERN_OPERATION_REMOVE, HTTP_DELETE}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (!r->options.leave_out[ways[i].operation])
            return ways[i].method;
    return HTTP_OTHER_METHOD;
}

void resource_need_address(tern_ctx *c, const resource *r, const void *row)
{
    const tern_field *last = NULL;
    http_method method = method_of(r);
    if (method == HTTP_OTHER_METHOD)
        return;
    for (unsigned i = 0; i < r->model->field_count; i++) {
        const tern_field *field = &r->model->fields[i];
        if (!field->key || field->type->kind != TERN_KIND_TEXT)
            continue;
        last = field;
        if (!is_segment(*(const char *const *)((const char *)row + field->offset),
                        c->match.route->options.allow_encoded_slashes))
            refuse(c, field, "not_addressable",
                   c->match.route->options.allow_encoded_slashes
                       ? "must fit into an address: not empty, no \".\" or \"..\" between slashes, without "
                         "backslashes and control characters"
                       : "must fit into an address: not empty, \".\" or \"..\", without slashes, backslashes "
                         "and "
                         "control characters");
    }
    if (last == NULL) /* numbers and similar values always lead to their route */
        return;
    const char *location = address_of_key(c, r->model, row);
    const route *found = location != NULL ? address_route(c, method, location) : NULL;
    if (location != NULL && found == NULL)
        refuse(c, last, "not_addressable", "must fit into an address: it is too long");
    if (found != NULL && found->handler.arg != r)
        refuse(c, last, "not_addressable", "must fit into an address: another row has this one");
}
