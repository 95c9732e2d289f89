/* All changes of a valid request in one place, each with the expected verdict. */
#include "app/fuzz/internal.h"
#include "schema/faults.h"
#include "schema/scalar.h"

#include <stdio.h>
#include <string.h>

bool fuzz_is_due(fuzz_mutator *m)
{
    return !m->is_done && m->left-- == 0;
}

/* -- locations -- */

static void add_location(buf *out, const place *where)
{
    if (where->up != NULL) {
        add_location(out, where->up);
        buf_add_text(out, ",");
    }
    if (where->name == NULL) {
        buf_add_printf(out, "%zu", where->index);
        return;
    }
    buf_add_text(out, "\"");
    buf_add_json(out, where->name, strlen(where->name));
    buf_add_text(out, "\"");
}

/** "body.lines[].copies": without item numbers, so that all items are the same finding. */
static void add_words(buf *out, const place *where)
{
    if (where->up != NULL)
        add_words(out, where->up);
    if (where->name == NULL)
        buf_add_text(out, "[]");
    else
        buf_add_printf(out, "%s%s", where->up != NULL ? "." : "", where->name);
}

static void expect(fuzz_mutator *m, const place *where, fuzz_verdict verdict, const char *what)
{
    buf location = {0}, words = {0};
    buf_add_text(&location, "[");
    add_location(&location, where);
    buf_add_text(&location, "]");
    add_words(&words, where);
    m->expect = (fuzz_expect){.verdict = verdict,
                              .what = what,
                              .location = test_need(arena_text(m->k->arena, location.data, location.len)),
                              .field = test_need(arena_text(m->k->arena, words.data, words.len))};
    buf_free(&location);
    buf_free(&words);
    m->is_done = true;
}

void fuzz_put(fuzz_mutator *m, const fuzz_spot *at, fuzz_node *node, fuzz_verdict verdict, const char *what)
{
    if (node != NULL) {
        at->node->shape = node->shape;
        at->node->text = node->text;
        at->node->len = node->len;
        at->node->first = node->first;
    }
    expect(m, at->where, node != NULL ? verdict : FUZZ_ANY, what);
}

/* -- kinds -- */

/** Invalid values of a kind, in JSON. */
static void wrong_kinds(fuzz_mutator *m, const fuzz_spot *at)
{
    static const char *const tries[] = {"true", "7", "1.5", "\"?!\"", "[]", "{}"};
    enum { TRUE, SEVEN, HALVES, TEXT, LIST, OBJECT };
    static const unsigned char taken[] = {
        [TERN_KIND_BOOL] = 1 << TRUE,  [TERN_KIND_INT] = 1 << SEVEN,
        [TERN_KIND_UINT] = 1 << SEVEN, [TERN_KIND_FLOAT] = 1 << SEVEN | 1 << HALVES,
        [TERN_KIND_TEXT] = 1 << TEXT,  [TERN_KIND_DECIMAL] = 1 << SEVEN | 1 << HALVES,
        [TERN_KIND_ANY] = 0xff,        [TERN_KIND_MODEL] = 1 << OBJECT,
        [TERN_KIND_LIST] = 1 << LIST,  [TERN_KIND_MAP] = 1 << OBJECT,
    };
    for (unsigned i = 0; i < sizeof tries / sizeof *tries; i++)
        if ((taken[at->type->kind] >> i & 1) == 0 && fuzz_is_due(m))
            fuzz_put(m, at, fuzz_bare(m->k->arena, tries[i]), FUZZ_INVALID, tries[i]);
}

/** Invalid values of a kind, as text. An empty text may be a field that was left empty. */
static void wrong_texts(fuzz_mutator *m, const fuzz_spot *at)
{
    tern_kind kind = at->type->kind;
    if (kind != TERN_KIND_TEXT && kind != TERN_KIND_ANY && kind < TERN_KIND_MODEL &&
        kind != TERN_KIND_UPLOAD && fuzz_is_due(m))
        fuzz_put(m, at, fuzz_quoted(m->k->arena, "!x"), FUZZ_INVALID, "not a value of the type");
}

static void mutate_value(fuzz_mutator *m, const fuzz_spot *at);

/* -- values that contain others -- */

static fuzz_node *many_items(fuzz_mutator *m, const fuzz_spot *at, size_t count)
{
    enum { MOST = 2000 };
    fuzz_maker *k = m->k;
    bool is_map = at->type->kind == TERN_KIND_MAP;
    const field_plan *f = at->f;
    fuzz_node *list = fuzz_node_new(k->arena, is_map ? FUZZ_OBJECT : FUZZ_LIST, NULL, 0);
    fuzz_node **end = &list->first;
    if (count > MOST || (count == 0 && fuzz_is_plain(k)))
        return NULL; /* in a query a list without items is absent */
    for (size_t i = 0; i < count; i++) {
        fuzz_node *item = fuzz_value(k, f->items, at->type->item);
        const char *key = is_map ? fuzz_text(k, f->keys, SIZE_MAX, 1) : NULL;
        if (item == NULL || (is_map && (key == NULL || fuzz_node_get(list, key) != NULL)))
            return NULL;
        for (fuzz_node *other = list->first; f->field->unique_items && other != NULL; other = other->next)
            if (other->text != NULL && item->text != NULL && other->len == item->len &&
                memcmp(other->text, item->text, item->len) == 0)
                return NULL;
        item->key = key;
        *end = item;
        end = &item->next;
    }
    return list;
}

static void mutate_counts(fuzz_mutator *m, const fuzz_spot *at)
{
    const field_plan *f = at->f;
    if (f == NULL)
        return;
    const struct {
        bool is_there;
        size_t count;
        fuzz_verdict verdict;
        const char *what;
    } edges[] = {
        {f->has_min_items, f->field->min_items, FUZZ_VALID, "min_items"},
        {f->has_min_items && f->field->min_items > 0, f->field->min_items - 1, FUZZ_INVALID, "min_items - 1"},
        {f->has_max_items, f->field->max_items, FUZZ_VALID, "max_items"},
        {f->has_max_items, f->field->max_items + 1, FUZZ_INVALID, "max_items + 1"},
        {!f->has_min_items, 0, FUZZ_VALID, "no items"}};
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
        if (edges[i].is_there && fuzz_is_due(m))
            fuzz_put(m, at, many_items(m, at, edges[i].count), edges[i].verdict, edges[i].what);
}

static void mutate_items(fuzz_mutator *m, const fuzz_spot *at)
{
    const field_plan *f = at->f;
    fuzz_node *first = at->node->first;
    bool is_map = at->type->kind == TERN_KIND_MAP;
    mutate_counts(m, at);
    if (f != NULL && f->field->unique_items && !is_map && first != NULL && first->next == NULL &&
        (!f->has_max_items || f->field->max_items > 1) && first->shape >= FUZZ_QUOTED && fuzz_is_due(m)) {
        fuzz_node_add(at->node, NULL, fuzz_node_new(m->k->arena, first->shape, first->text, first->len));
        expect(m, at->where, FUZZ_INVALID, "an item twice");
    }
    if (first == NULL || m->is_done)
        return;
    const place here = {.up = at->where, .name = is_map ? first->key : NULL};
    mutate_value(m, &(fuzz_spot){first, &here, f != NULL ? f->items : NULL, at->type->item});
}

static void drop(fuzz_node *object, const fuzz_node *child)
{
    for (fuzz_node **at = &object->first; *at != NULL; at = &(*at)->next)
        if (*at == child) {
            *at = child->next;
            return;
        }
}

/** A field that is left out, null, or given twice. */
static void mutate_presence(fuzz_mutator *m, fuzz_node *object, const fuzz_spot *at)
{
    const field_plan *f = at->f;
    bool is_json = !fuzz_is_plain(m->k), is_list = at->type->kind == TERN_KIND_LIST;
    if (m->k->source != TERN_FROM_PATH && fuzz_is_due(m)) {
        drop(object, at->node);
        expect(m, at->where, f->is_required ? FUZZ_INVALID : FUZZ_VALID, "left out");
    }
    if (is_json && at->type->kind != TERN_KIND_ANY && fuzz_is_due(m))
        fuzz_put(m, at, fuzz_bare(m->k->arena, "null"), f->is_nullable ? FUZZ_VALID : FUZZ_INVALID, "null");
    bool is_once =
        is_json || ((m->k->source == TERN_FROM_QUERY || m->k->source == TERN_FROM_BODY) && !is_list);
    if (is_once && at->node->shape >= FUZZ_QUOTED && fuzz_is_due(m)) {
        fuzz_node *twice = fuzz_node_new(m->k->arena, at->node->shape, at->node->text, at->node->len);
        twice->is_file = at->node->is_file;
        fuzz_node_add(object, at->node->key, twice);
        expect(m, at->where, FUZZ_INVALID, "given twice");
    }
}

static const char *const unknown_names[] = {"zz_unknown", "\xe2\x80\xae"};

/** Members that the model does not have, or does not accept. */
static void mutate_members(fuzz_mutator *m, const tern_type *type, fuzz_node *object, const place *where)
{
    for (size_t i = 0; i < sizeof unknown_names / sizeof *unknown_names; i++)
        if ((!fuzz_is_plain(m->k) || i == 0) && fuzz_is_due(m)) {
            const place here = {.up = where, .name = unknown_names[i]};
            fuzz_node_add(object, unknown_names[i], fuzz_quoted(m->k->arena, "1"));
            expect(m, &here, type->options.ignore_unknown ? FUZZ_VALID : FUZZ_INVALID, "an unknown field");
            m->expect.field = "an unknown field";
        }
    for (unsigned i = 0; i < type->field_count; i++) {
        const field_plan *f = &plan_of(type)->fields[i];
        const place here = {.up = where, .name = f->key};
        if (!f->field->read_only || fuzz_is_plain(m->k) || !fuzz_is_due(m))
            continue;
        fuzz_node_add(object, f->key, fuzz_quoted(m->k->arena, "set by the server"));
        expect(m, &here, FUZZ_VALID, "a field that is read-only");
    }
}

static void mutate_model(fuzz_mutator *m, const fuzz_spot *at)
{
    fuzz_node *next;
    mutate_members(m, at->type, at->node, at->where);
    for (fuzz_node *child = at->node->first; child != NULL && !m->is_done; child = next) {
        next = child->next;
        int number = plan_find(plan_of(at->type), child->key, strlen(child->key));
        if (number < 0)
            continue;
        const field_plan *f = &plan_of(at->type)->fields[number];
        const place here = {.up = at->where, .name = f->key};
        const fuzz_spot spot = {child, &here, f, f->field->type};
        mutate_presence(m, at->node, &spot);
        if (!m->is_done)
            mutate_value(m, &spot);
    }
}

static void mutate_value(fuzz_mutator *m, const fuzz_spot *at)
{
    tern_kind kind = at->type->kind;
    bool is_bare_null = at->node->shape == FUZZ_BARE && strcmp(at->node->text, "null") == 0;
    if (kind == TERN_KIND_UPLOAD || is_bare_null)
        return;
    if (!fuzz_is_plain(m->k))
        wrong_kinds(m, at);
    else
        wrong_texts(m, at);
    if (m->is_done)
        return;
    if (kind == TERN_KIND_MODEL)
        mutate_model(m, at);
    else if (kind == TERN_KIND_LIST || kind == TERN_KIND_MAP)
        mutate_items(m, at);
    else
        fuzz_mutate_scalar(m, at);
}

/* -- the request as a whole -- */

static void mutate_parameters(fuzz_mutator *m)
{
    const bind_plan *bind = m->request->route->bind;
    for (unsigned i = 0; bind != NULL && i < bind->count && !m->is_done; i++) {
        const bind_field *field = &bind->fields[i];
        fuzz_node *part = m->request->parts[field->source], *node = fuzz_node_get(part, field->name);
        const place source = {.name = bind_source_names[field->source]};
        const place here = {.up = &source, .name = field->name};
        const fuzz_spot spot = {node, &here, field->f, field->f->field->type};
        m->k->source = field->source;
        if (node == NULL || field->f->field->read_only)
            continue;
        mutate_presence(m, part, &spot);
        if (!m->is_done)
            mutate_value(m, &spot);
    }
}

/** Bytes that are not valid JSON for the body, whatever its fields. */
static void mutate_bytes(fuzz_mutator *m)
{
    enum { LEVELS = 200 };
    static const struct {
        const char *text, *type, *what;
        size_t len;
    } bodies[] = {{"{\"a\":", "application/json", "truncated JSON", 5},
                  {"{\"a\":\"\xff\xfe\"}", "application/json", "text that is not UTF-8", 10},
                  {"{\"a\":\"\\ud800\"}", "application/json", "half a surrogate pair", 14},
                  {"{} x", "application/json", "something after the JSON", 4},
                  {"\0", "application/json", "a NUL", 1},
                  {"{'a':1}", "application/json", "single quotes", 7},
                  {"a=%zz&b=%00", "application/x-www-form-urlencoded", "a form with bad escapes", 11},
                  {"x", "text/csv", "a body of another type", 1},
                  {"--x\r\n", "multipart/form-data; boundary=x", "a truncated form", 5}};
    const place here = {.name = "body"};
    bool skips_unknown = m->request->route->bind->type->options.ignore_unknown; /* whatever they contain */
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies && !m->is_done; i++) {
        if (!fuzz_is_due(m) || (skips_unknown && bodies[i].type[12] == 'x'))
            continue;
        m->request->raw_body = (tern_str){bodies[i].text, bodies[i].len};
        m->request->raw_type = bodies[i].type;
        expect(m, &here, FUZZ_BROKEN, bodies[i].what);
    }
    if (!fuzz_is_due(m))
        return;
    char *deep = test_need(arena_alloc(m->k->arena, 2 * LEVELS + 8));
    memcpy(deep, "{\"a\":", 5);
    memset(deep + 5, '[', LEVELS);
    memset(deep + 5 + LEVELS, ']', LEVELS);
    deep[5 + 2 * LEVELS] = '}';
    m->request->raw_body = (tern_str){deep, 6 + 2 * LEVELS};
    m->request->raw_type = "application/json";
    expect(m, &here, FUZZ_BROKEN, "JSON 200 levels deep");
}

static void mutate_query_bytes(fuzz_mutator *m)
{
    static const char *const escapes[] = {"%ff", "%00", "%c3%28"};
    const bind_plan *bind = m->request->route->bind;
    const place here = {.name = "query"};
    for (unsigned i = 0; bind != NULL && i < bind->count; i++) {
        const bind_field *field = &bind->fields[i];
        if (field->source != TERN_FROM_QUERY || field->f->field->read_only)
            continue;
        for (size_t j = 0; j < sizeof escapes / sizeof *escapes && !m->is_done; j++) {
            if (!fuzz_is_due(m))
                continue;
            m->request->raw_query = test_need(arena_printf(m->k->arena, "%s=%s", field->name, escapes[j]));
            expect(m, &here, FUZZ_BROKEN, "a query that is wrongly encoded");
        }
        return;
    }
}

bool fuzz_mutate(fuzz_maker *k, fuzz_request *request, unsigned number, fuzz_expect *expected)
{
    fuzz_mutator m = {.k = k, .request = request, .left = number};
    const bind_plan *bind = request->route->bind;
    const place outer = {.name = "body"}, inner = {.up = &outer, .name = bind != NULL ? bind->wrapper : NULL};
    const place *body = inner.name != NULL && request->format == FUZZ_JSON ? &inner : &outer;
    mutate_parameters(&m);
    if (!m.is_done)
        mutate_query_bytes(&m);
    k->source = TERN_FROM_BODY;
    k->format = request->format;
    bool has_body = bind != NULL && request->parts[TERN_FROM_BODY] != NULL;
    if (!m.is_done && has_body && request->format == FUZZ_JSON)
        mutate_value(&m, &(fuzz_spot){request->parts[TERN_FROM_BODY], body, NULL, bind->body});
    else if (!m.is_done && has_body)
        mutate_model(&m, &(fuzz_spot){request->parts[TERN_FROM_BODY], body, NULL, bind->body});
    if (!m.is_done && has_body)
        mutate_bytes(&m);
    *expected = m.expect;
    return m.is_done;
}
