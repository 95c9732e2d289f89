/* Learns from replies what exists, so that later requests find it. */
#include "app/fuzz/internal.h"
#include "app/router/special.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { MOST_OF_A_NAME = 8, DEEPEST = 3, MOST_ITEMS = 20 };

static void keep(arena *a, fuzz_known **list, const char *name, const char *value)
{
    for (const fuzz_known *k = *list; k != NULL; k = k->next)
        if (strcmp(k->name, name) == 0 && strcmp(k->value, value) == 0)
            return;
    fuzz_known *added = test_need(arena_alloc(a, sizeof *added));
    *added = (fuzz_known){.next = *list,
                          .name = test_need(arena_text(a, name, strlen(name))),
                          .value = test_need(arena_text(a, value, strlen(value)))};
    *list = added;
}

const char *fuzz_recall(const fuzz_known *list, const char *name, fuzz_random *r)
{
    const char *values[MOST_OF_A_NAME];
    unsigned count = 0;
    for (; name != NULL && list != NULL && count < MOST_OF_A_NAME; list = list->next)
        if (strcmp(list->name, name) == 0)
            values[count++] = list->value;
    return count != 0 ? values[fuzz_below(r, count)] : NULL;
}

void fuzz_forget(fuzz_memory *memory, const char *path)
{
    size_t len = strcspn(path, "?");
    for (fuzz_known **at = &memory->paths; *at != NULL;) {
        if (strncmp((*at)->value, path, len) == 0 && ((*at)->value[len] == '\0' || (*at)->value[len] == '/'))
            *at = (*at)->next;
        else
            at = &(*at)->next;
    }
}

/* -- addresses -- */

/** Whether `path` matches the first segments of the pattern, the last of which has a parameter; `name` is then
 * these segments, with {} for each parameter. */
static bool is_path_of(arena *a, const route *r, const char *path, const char **name)
{
    for (unsigned i = 0, count; i < r->piece_count; i += count) {
        const pattern_piece *first = &r->pieces[i];
        count = pattern_segment_pieces(first, r->piece_count - i);
        if (*path != '/' || first->kind == SEGMENT_REST)
            return false;
        size_t len = strcspn(++path, "/");
        tern_str values[ROUTE_PARAMS_MAX];
        if (!special_read(first, (tern_str){path, len}, values))
            return false;
        path += len;
        if (*path == '\0') {
            *name = fuzz_path_name(a, r, i + count);
            return count > 1 || first->kind != SEGMENT_TEXT;
        }
    }
    return false;
}

static void learn_path(fuzz_memory *memory, const tern_app *app, const char *path)
{
    const char *name;
    if (strchr(path, '%') != NULL || strchr(path, '?') != NULL)
        return; /* it would have to be decoded to be built again */
    for (unsigned i = 0; i < router_count(app->router); i++) {
        const route *r = router_at(app->router, i);
        if (r->param_count > 0 && is_path_of(memory->arena, r, path, &name))
            keep(memory->arena, &memory->paths, name, path);
    }
}

static const char *scalar_text(arena *a, tern_value *value)
{
    if (value == NULL)
        return NULL;
    if (tern_value_kind_of(value) == TERN_JSON_TEXT)
        return tern_value_text(value, NULL);
    int64_t number = tern_value_int(value, INT64_MIN);
    return tern_value_kind_of(value) == TERN_JSON_NUMBER && number != INT64_MIN
               ? test_need(arena_printf(a, "%lld", (long long)number))
               : NULL;
}

static bool is_plain_segment(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_~";
    return *text != '\0' && text[strspn(text, plain)] == '\0';
}

/** The parameter that a route adds to the pattern of another: "id" for "/todos" and "/todos/{id}". */
static bool param_behind(const route *longer, const char *pattern_text, tern_str *name)
{
    size_t len = strlen(pattern_text);
    if (strncmp(longer->pattern, pattern_text, len) != 0 || strncmp(longer->pattern + len, "/{", 2) != 0)
        return false;
    name->data = longer->pattern + len + 2;
    name->len = strcspn(name->data, ":}.");
    return true;
}

static const char *key_name(const tern_type *type)
{
    if (type != NULL && (type->kind == TERN_KIND_LIST || type->kind == TERN_KIND_MAP))
        type = type->item;
    for (unsigned i = 0; type != NULL && type->kind == TERN_KIND_MODEL && i < type->field_count; i++)
        if (type->fields[i].key)
            return plan_of(type) != NULL ? plan_of(type)->fields[i].key : type->fields[i].name;
    return NULL;
}

/** An object in a reply may be the resource at an address. */
static void learn_object(fuzz_memory *memory, const tern_app *app, const fuzz_request *request,
                         tern_value *object, const char *path)
{
    const route *r = request->route;
    const char *key = key_name(r->options.returns);
    for (unsigned i = 0; i < router_count(app->router); i++) {
        tern_str param;
        if (!param_behind(router_at(app->router, i), r->pattern, &param))
            continue;
        const char *name = test_need(arena_text(memory->arena, param.data, param.len));
        const char *value = scalar_text(memory->arena, tern_value_get(object, name));
        if (value == NULL && key != NULL)
            value = scalar_text(memory->arena, tern_value_get(object, key));
        if (value != NULL && is_plain_segment(value))
            learn_path(memory, app, test_need(arena_printf(memory->arena, "%s/%s", path, value)));
    }
}

static void learn_key(fuzz_memory *memory, const tern_type *type, tern_value *object)
{
    const char *key = key_name(type);
    const char *value = key != NULL ? scalar_text(memory->arena, tern_value_get(object, key)) : NULL;
    if (value != NULL)
        keep(memory->arena, &memory->keys, type->name, value);
}

static void learn_values(fuzz_memory *memory, const tern_app *app, const fuzz_request *request,
                         tern_value *value, const char *path, unsigned depth)
{
    tern_value_kind kind = tern_value_kind_of(value);
    size_t count = tern_value_count(value);
    if (depth > DEEPEST || (kind != TERN_JSON_OBJECT && kind != TERN_JSON_ARRAY))
        return;
    if (kind == TERN_JSON_OBJECT) {
        learn_object(memory, app, request, value, path);
        if (request->route->options.returns != NULL)
            learn_key(memory, request->route->options.returns, value);
    }
    for (size_t i = 0; i < count && i < MOST_ITEMS; i++) {
        tern_value *item = tern_value_at(value, i);
        const char *text = kind == TERN_JSON_OBJECT ? tern_value_text(item, NULL) : NULL;
        if (text != NULL)
            keep(memory->arena, &memory->fields, tern_value_key(value, i), text);
        else
            learn_values(memory, app, request, item, path, depth + 1);
    }
}

/** Accepted values may be needed again: a user who signs up signs in later. */
static void learn_sent(fuzz_memory *memory, const fuzz_node *body)
{
    for (const fuzz_node *child = body != NULL ? body->first : NULL; child != NULL; child = child->next) {
        if (child->shape == FUZZ_QUOTED && child->key != NULL && !child->is_file)
            keep(memory->arena, &memory->fields, child->key, child->text);
        else if (child->shape == FUZZ_OBJECT)
            learn_sent(memory, child);
    }
}

void fuzz_learn(fuzz_memory *memory, const tern_app *app, const fuzz_request *request, tern_answer *a)
{
    const char *location = tern_answer_header_of(a, "Location"), *path = strchr(a->request, ' ');
    if (a->status < 200 || a->status > 299 || path == NULL)
        return;
    path = test_need(arena_text(memory->arena, path + 1, strcspn(path + 1, "?")));
    if (location != NULL)
        learn_path(memory, app, location);
    learn_sent(memory, request->parts[TERN_FROM_BODY]);
    if (strcmp(request->method, "DELETE") == 0)
        fuzz_forget(memory, path);
    else if (strcmp(request->method, "POST") == 0 || strcmp(request->method, "GET") == 0 ||
             strcmp(request->method, "QUERY") == 0)
        learn_values(memory, app, request, tern_answer_json(a), path, 0);
}
