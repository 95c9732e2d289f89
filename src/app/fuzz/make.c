/* Makes a complete valid request for a route: its path with existing keys, its parameters, its body. */
#include "app/fuzz/internal.h"
#include "app/router/special.h"

#include <string.h>

const char *fuzz_path_name(arena *a, const route *r, unsigned pieces)
{
    const char *text = "";
    for (unsigned i = 0; i < pieces; i++) {
        const pattern_piece *p = &r->pieces[i];
        const char *slash = p->begins_segment ? "/" : "";
        text = test_need(p->kind == SEGMENT_TEXT
                             ? arena_printf(a, "%s%s%.*s", text, slash, (int)p->text.len, p->text.data)
                             : arena_printf(a, "%s%s{}", text, slash));
    }
    return text;
}

/** Splits a known path ("/users/7/notes/3") into the texts of its parameters. */
static unsigned take_params(fuzz_maker *k, const route *r, unsigned pieces, const char *path,
                            const char **texts)
{
    unsigned count = 0;
    for (unsigned i = 0, segment; i < pieces; i += segment) {
        const pattern_piece *first = &r->pieces[i];
        segment = pattern_segment_pieces(first, r->piece_count - i);
        path += *path == '/';
        size_t len = strcspn(path, "/");
        tern_str values[ROUTE_PARAMS_MAX];
        if (!special_read(first, (tern_str){path, len}, values))
            return 0;
        for (unsigned n = 0, used = 0; n < segment; n++)
            if (first[n].kind != SEGMENT_TEXT) {
                texts[count++] = test_need(arena_text(k->arena, values[used].data, values[used].len));
                used++;
            }
        path += len;
    }
    return count;
}

/** A path that is known for the first segments of the pattern, as many as possible: the texts of its
 * parameters. */
static unsigned recall_params(fuzz_maker *k, const route *r, const char **texts)
{
    for (unsigned end = r->piece_count; end > 0; end--) {
        if (end < r->piece_count && !r->pieces[end].begins_segment)
            continue; /* inside of a segment */
        unsigned first = end - 1;
        bool has_params = r->pieces[first].kind != SEGMENT_TEXT;
        while (!r->pieces[first].begins_segment)
            has_params |= r->pieces[--first].kind != SEGMENT_TEXT;
        if (!has_params || r->pieces[first].kind == SEGMENT_REST)
            continue;
        const char *path = fuzz_recall(k->memory->paths, fuzz_path_name(k->arena, r, end), &k->random);
        unsigned count = path != NULL ? take_params(k, r, end, path, texts) : 0;
        if (count != 0)
            return count;
    }
    return 0;
}

static const bind_field *field_of_param(const bind_plan *bind, unsigned param)
{
    for (unsigned i = 0; bind != NULL && i < bind->count; i++)
        if (bind->fields[i].source == TERN_FROM_PATH && bind->fields[i].param == param)
            return &bind->fields[i];
    return NULL;
}

/** A text that the parameter's kind or expression takes; NULL when none is found. */
static const char *text_of_rule(fuzz_maker *k, const pattern_piece *piece)
{
    const route_kind *is = piece->kind == SEGMENT_KIND ? piece->is : NULL;
    if (is != NULL && strcmp(is->name, "date") == 0 && is->order != 0)
        return test_need(arena_printf(k->arena, "20%02u-%02u-%02u", (unsigned)fuzz_below(&k->random, 100),
                                      1 + (unsigned)fuzz_below(&k->random, 12),
                                      1 + (unsigned)fuzz_below(&k->random, 28)));
    const char *rule =
        is == NULL ? test_need(arena_text(k->arena, piece->rule.data, piece->rule.len)) : is->pattern;
    for (int tries = 0; tries < 8 && rule != NULL; tries++) {
        const char *text = fuzz_regex(k->arena, &k->random, rule);
        tern_str value = {text, text != NULL ? strlen(text) : 0};
        if (text != NULL && value.len != 0 && strchr(text, '/') == NULL &&
            (is == NULL || is->check == NULL || is->check(value)))
            return text;
    }
    return is != NULL ? is->example : NULL;
}

static fuzz_node *some_param(fuzz_maker *k, const bind_plan *bind, unsigned param, const pattern_piece *piece)
{
    const bind_field *field = field_of_param(bind, param);
    tern_type *const by_kind[SEGMENT_KINDS] = {[SEGMENT_INT] = &tern_int64_type,
                                               [SEGMENT_UUID] = &tern_uuid_type,
                                               [SEGMENT_PLAIN] = &tern_text_type,
                                               [SEGMENT_REST] = &tern_text_type};
    if (by_kind[piece->kind] == NULL) {
        const char *text = text_of_rule(k, piece);
        return text != NULL ? fuzz_quoted(k->arena, text) : NULL;
    }
    const tern_type *type = field != NULL ? field->f->field->type : by_kind[piece->kind];
    return fuzz_value(k, field != NULL ? field->f : NULL, type);
}

static void make_path(fuzz_maker *k, const route *r, fuzz_request *request)
{
    const char *texts[ROUTE_PARAMS_MAX];
    unsigned known = 0, at = 0;
    if (r->param_count == 0)
        return;
    if (k->memory != NULL && !fuzz_once_in(&k->random, 16))
        known = recall_params(k, r, texts);
    fuzz_node *object = fuzz_node_new(k->arena, FUZZ_OBJECT, NULL, 0);
    k->source = TERN_FROM_PATH;
    for (unsigned i = 0; i < r->piece_count; i++) {
        const pattern_piece *piece = &r->pieces[i];
        if (piece->kind == SEGMENT_TEXT)
            continue;
        fuzz_node *value = at < known ? fuzz_quoted(k->arena, texts[at]) : some_param(k, r->bind, at, piece);
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
