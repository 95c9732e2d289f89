/** tern_value in a request's memory. */
#include "app/ctx.h"
#include "schema/value/value.h"

#include <math.h>
#include <string.h>

tern_value *tern_value_parse(tern_ctx *c, tern_str text)
{
    const json_limits limits = {.items = c->app->options.limits.json_values};
    value_error error;
    char *copy = ctx_need(c, arena_text(ctx_arena(c), text.data, text.len));
    tern_value *value = value_parse(ctx_arena(c), (tern_str){copy, text.len}, &limits, &error);
    if (value != NULL)
        return value;
    if (strcmp(error.code, "no_memory") == 0)
        ctx_need(c, NULL);
    bool is_large = strcmp(error.code, "too_many_values") == 0 || strcmp(error.code, "too_costly") == 0;
    if (strcmp(error.code, "not_json") != 0)
        tern_fail(c, is_large ? 413 : 400, "the JSON %s, line %u, column %u", error.message, error.line,
                  error.column);
    tern_fail(c, 400, "the JSON is wrong in line %u, column %u: %s", error.line, error.column, error.message);
}

/** Parses a copy; NULL with the error, whose code is NULL when there was no memory for the copy. */
static tern_value *parse_copy(arena *a, tern_str text, size_t items, value_error *error)
{
    const json_limits limits = {.items = items};
    char *copy = arena_text(a, text.data, text.len);
    *error = (value_error){.message = "out of memory"};
    return copy != NULL ? value_parse(a, (tern_str){copy, text.len}, &limits, error) : NULL;
}

tern_value *tern_value_parse_try(tern_ctx *c, tern_str text, const char **problem)
{
    value_error error;
    tern_value *value = parse_copy(ctx_arena(c), text, c->app->options.limits.json_values, &error);
    if (value == NULL && (error.code == NULL || strcmp(error.code, "no_memory") == 0))
        ctx_need(c, NULL);
    if (value == NULL && problem != NULL)
        *problem = tern_sprintf(c, "line %u, column %u: %s", error.line, error.column, error.message);
    return value;
}

tern_value *tern_value_parse_at_start(tern_app *app, tern_str text, const char **problem)
{
    value_error error;
    tern_value *value = parse_copy(&app->arena, text, 1000000, &error);
    if (value == NULL && problem != NULL)
        *problem = error.message;
    return value;
}

tern_value *tern_value_of_null(tern_ctx *c)
{
    return ctx_need(c, value_null(ctx_arena(c)));
}

tern_value *tern_value_of_bool(tern_ctx *c, bool value)
{
    return ctx_need(c, value_bool(ctx_arena(c), value));
}

tern_value *tern_value_of_int(tern_ctx *c, int64_t value)
{
    return ctx_need(c, value_int(ctx_arena(c), value));
}

tern_value *tern_value_of_uint(tern_ctx *c, uint64_t value)
{
    return ctx_need(c, value_uint(ctx_arena(c), value));
}

tern_value *tern_value_of_double(tern_ctx *c, double value)
{
    if (!isfinite(value))
        ctx_fail(c, 500, "a number in the reply is infinite or not a number");
    return ctx_need(c, value_double(ctx_arena(c), value));
}

tern_value *tern_value_of_text(tern_ctx *c, const char *text)
{
    return text != NULL ? ctx_need(c, value_text(ctx_arena(c), text, strlen(text))) : tern_value_of_null(c);
}

tern_value *tern_value_array(tern_ctx *c)
{
    return ctx_need(c, value_array(ctx_arena(c)));
}

tern_value *tern_value_object(tern_ctx *c)
{
    return ctx_need(c, value_object(ctx_arena(c)));
}

void tern_value_add(tern_ctx *c, tern_value *array, tern_value *item)
{
    if (array == NULL || tern_value_kind_of(array) != TERN_JSON_ARRAY)
        ctx_fail(c, 500, "tern_value_add needs an array");
    if (!value_add(ctx_arena(c), array, item))
        ctx_need(c, NULL);
}

void tern_value_set(tern_ctx *c, tern_value *object, const char *key, tern_value *item)
{
    if (object == NULL || tern_value_kind_of(object) != TERN_JSON_OBJECT)
        ctx_fail(c, 500, "tern_value_set needs an object");
    if (!value_set(ctx_arena(c), object, key, strlen(key), item))
        ctx_need(c, NULL);
}

const char *tern_value_print(tern_ctx *c, const tern_value *value, unsigned indent)
{
    json_out out;
    json_out_init(&out, ctx_arena(c), 256);
    bool is_printed = value_print(value, &out, indent) && json_out_reserve(&out, 1);
    if (out.refusal == JSON_TOO_DEEP)
        ctx_fail(c, 500, "the value is nested too deeply, or contains itself");
    if (!is_printed)
        ctx_need(c, NULL);
    out.data[out.len] = '\0';
    return out.data;
}
