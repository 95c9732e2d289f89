/* Makes a complete valid request for a route: its path with existing keys, its parameters, its body. */
#include "app/fuzz/internal.h"

#include <string.h>

/** The pattern up to and including parameter `number`, as the memory names paths. */
static const char *pattern_up_to(arena *a, const pattern *p, unsigned param, unsigned *segments)
{
    const char *text = "";
    unsigned seen = 0;
    for (unsigned i = 0; i < p->count; i++) {
        const pattern_segment *s = &p->segments[i];
        bool is_text = s->kind == SEGMENT_TEXT;
        text =
            test_need(arena_printf(a, is_text ? "%s/%.*s" : "%s/{}", text, (int)s->text.len, s->text.data));
        if (!is_text && seen++ == param) {
            *segments = i + 1;
            return text;
        }
    }
    return NULL;
}

/** Splits a known path ("/users/7/notes/3") into the texts of its parameters. */
static unsigned take_params(fuzz_maker *k, const pattern *p, unsigned segments, const char *path,
                            const char **texts)
{
    unsigned count = 0;
    for (unsigned i = 0; i < segments; i++) {
        path += *path == '/';
        size_t len = strcspn(path, "/");
        if (p->segments[i].kind != SEGMENT_TEXT)
            texts[count++] = test_need(arena_text(k->arena, path, len));
        path += len;
    }
    return count;
}

static const bind_field *field_of_param(const bind_plan *bind, unsigned param)
{
    for (unsigned i = 0; bind != NULL && i < bind->count; i++)
        if (bind->fields[i].source == TERN_FROM_PATH && bind->fields[i].param == param)
            return &bind->fields[i];
    return NULL;
}

static fuzz_node *some_param(fuzz_maker *k, const bind_plan *bind, unsigned param, segment_kind kind)
{
    const bind_field *field = field_of_param(bind, param);
    tern_type *const by_kind[SEGMENT_KINDS] = {[SEGMENT_INT] = &tern_int64_type,
                                               [SEGMENT_UUID] = &tern_uuid_type,
                                               [SEGMENT_PLAIN] = &tern_text_type,
                                               [SEGMENT_REST] = &tern_text_type};
    const tern_type *type = field != NULL ? field->f->field->type : by_kind[kind];
    return fuzz_value(k, field != NULL ? field->f : NULL, type);
}

static void make_path(fuzz_maker *k, const route *r, fuzz_request *request)
{
    char unused[PATTERN_PROBLEM_BYTES];
    const char *texts[ROUTE_PARAMS_MAX];
    unsigned known = 0, at = 0;
    pattern p;
    if (r->param_count == 0 || !pattern_parse(&p, r->pattern, unused))
        return;
    bool is_wanted = k->memory != NULL && !fuzz_once_in(&k->random, 16);
    for (unsigned last = r->param_count; last-- > 0 && known == 0 && is_wanted;) {
        unsigned segments = 0;
        const char *path =
            fuzz_recall(k->memory->paths, pattern_up_to(k->arena, &p, last, &segments), &k->random);
        if (path != NULL)
            known = take_params(k, &p, segments, path, texts);
    }
    fuzz_node *object = fuzz_node_new(k->arena, FUZZ_OBJECT, NULL, 0);
    k->source = TERN_FROM_PATH;
    for (unsigned i = 0; i < p.count; i++) {
        const pattern_segment *s = &p.segments[i];
        if (s->kind == SEGMENT_TEXT)
            continue;
        fuzz_node *value =
            at < known ? fuzz_quoted(k->arena, texts[at]) : some_param(k, r->bind, at, s->kind);
        k->is_stuck |= value == NULL;
        const bind_field *field = field_of_param(r->bind, at++);
        if (value != NULL)
            fuzz_node_add(object, field != NULL ? field->name : "", value);
    }
    request->parts[TERN_FROM_PATH] = object;
}

/** Headers, cookies and queries can contain a list; all are texts. */
static void make_parameter(fuzz_maker *k, const bind_field *field, fuzz_request *request)
{
    const field_plan *f = field->f;
    if (field->source == TERN_FROM_PATH || f->field->read_only ||
        (!f->is_required && !k->is_full && !fuzz_once_in(&k->random, 3)))
        return;
    k->source = field->source;
    fuzz_node *value = fuzz_value(k, f, f->field->type);
    if (value == NULL) {
        k->is_stuck |= f->is_required;
        return;
    }
    fuzz_node **part = &request->parts[field->source];
    if (*part == NULL)
        *part = fuzz_node_new(k->arena, FUZZ_OBJECT, NULL, 0);
    fuzz_node_add(*part, field->name, value);
}

/** Filters and orders make a list empty, so a full request leaves out the optional ones. */
static bool is_whole_list(const route *r)
{
    return r->options.paged;
}

static void make_body(fuzz_maker *k, const route *r, fuzz_request *request)
{
    k->source = TERN_FROM_BODY;
    k->format = request->format;
    request->parts[TERN_FROM_BODY] = fuzz_value(k, NULL, r->bind->body);
    k->is_stuck |= request->parts[TERN_FROM_BODY] == NULL;
}

fuzz_request fuzz_make(fuzz_maker *k, const route *r)
{
    fuzz_request request = {.route = r, .method = r->method_name, .format = k->format};
    const bind_plan *bind = r->bind;
    bool was_full = k->is_full;
    k->is_stuck = false;
    k->depth = 0;
    if (bind != NULL && bind->has_uploads)
        request.format = FUZZ_MULTIPART;
    make_path(k, r, &request);
    if (is_whole_list(r) && !was_full)
        k->is_full = false;
    for (unsigned i = 0; bind != NULL && i < bind->count; i++)
        make_parameter(k, &bind->fields[i], &request);
    if (r->options.need_if_match) { /* matches any version */
        if (request.parts[TERN_FROM_HEADER] == NULL)
            request.parts[TERN_FROM_HEADER] = fuzz_node_new(k->arena, FUZZ_OBJECT, NULL, 0);
        fuzz_node_add(request.parts[TERN_FROM_HEADER], "If-Match", fuzz_quoted(k->arena, "*"));
    }
    if (bind != NULL && bind->body != NULL)
        make_body(k, r, &request);
    k->is_full = was_full;
    return request;
}
