/** Models as JSON texts that are neither a body nor a reply. */
#include "app/bind/bind.h"
#include "app/ctx.h"
#include "schema/json/json.h"

#include <tern/json.h>
#include <tern/log.h>

const char *tern_json_print_of(tern_ctx *c, const tern_type *type, const void *value)
{
    json_out out;
    bind_need_plan(c, type);
    json_out_init(&out, ctx_arena(c), 256);
    if (value != NULL && json_encode(type, value, &out))
        return ctx_text(c, (tern_str){out.data, out.len});
    if (value != NULL && out.refusal == JSON_NOT_REFUSED)
        ctx_need(c, NULL);
    char label[160];
    tern_log(TERN_LOG_ERROR, "%s: a %s cannot be JSON: %s", ctx_route_label(c, label, sizeof label),
             type->name, value == NULL ? "it is NULL" : "a value is missing or has no JSON");
    ctx_fail(c, 500, NULL);
}

void *tern_json_parse_of(tern_ctx *c, const tern_type *type, tern_str text, const char **problem)
{
    static const place text_place = {.name = "text"};
    const json_limits limits = {.is_reply = true, .items = c->app->options.limits.json_values};
    tern_faults faults;
    char *copy = (char *)(uintptr_t)ctx_text(c, text);
    bind_need_plan(c, type);
    void *value = tern_alloc(c, type->size);
    faults_init(&faults, ctx_arena(c));
    if (json_decode(type, value, (tern_str){copy, text.len}, &limits, &text_place, ctx_arena(c), &faults))
        return value;
    if (faults.is_memory_short)
        ctx_need(c, NULL);
    size_t count;
    const tern_fault *first = faults_list(&faults, ctx_arena(c), &count);
    if (problem != NULL)
        *problem = first == NULL || count == 0 ? "it is not valid"
                   : first->field[0] != '\0'   ? tern_sprintf(c, "%s %s", first->field, first->message)
                                               : first->message;
    return NULL;
}
