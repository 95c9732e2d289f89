/** At start: finds which providers a route needs, in which order, and reports mistakes. */
#include "app/provide/provide.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/** A provider whose step is being made, and the provider that takes it. */
typedef struct chain {
    const tern_provider *provider;
    const struct chain *taker; /* NULL: the route's handler, or its needs */
} chain;

/** The state of making one plan. */
typedef struct maker {
    tern_app *app;
    const route *r;
    buf *problems;
    provide_step steps[PROVIDE_STEPS_MAX];
    unsigned count;
    bool is_wrong;
} maker;

/* -- mistakes -- */

/** Reports a mistake of the route. */
static __attribute__((format(printf, 2, 3))) void mistake(maker *m, const char *format, ...)
{
    char text[512];
    const route *r = m->r;
    bool is_placed = r->options.file != NULL;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buf_add_printf(m->problems, "%s:%d: %s %s: %s\n", is_placed ? r->options.file : r->handler.file,
                   is_placed ? r->options.line : r->handler.line, r->method_name, r->pattern, text);
    m->is_wrong = true;
}

/** Reports a mistake of a provider: once, however many routes need it. */
static __attribute__((format(printf, 3, 4))) void mistake_of(maker *m, const tern_provider *p,
                                                             const char *format, ...)
{
    char text[512], line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(line, sizeof line, "%s:%d: provider %s: %s\n", p->file, p->line, p->name, text);
    if (m->problems->data == NULL || strstr(m->problems->data, line) == NULL)
        buf_add_text(m->problems, line);
    m->is_wrong = true;
}

/** Writes "a takes b" for the part of a chain that begins with `first` and ends with `last`; cut at `size`. */
static void write_ring(const chain *last, const tern_provider *first, char *out, size_t size)
{
    out[0] = '\0';
    if (last->provider != first)
        write_ring(last->taker, first, out, size);
    size_t len = strlen(out);
    snprintf(out + len, size - len, "%s%s", len != 0 ? " takes " : "", last->provider->name);
}

/** Whether the steps that `p` takes are being made now; if so, reports the mistake. */
static bool is_in_ring(maker *m, const chain *taker, const tern_provider *p)
{
    char ring[400];
    const chain *at = taker;
    while (at != NULL && at->provider != p)
        at = at->taker;
    if (at == NULL)
        return false;
    write_ring(taker, p, ring, sizeof ring);
    mistake_of(m, p, "it needs itself: %s takes %s", ring, p->name);
    return true;
}

/* -- steps -- */

static const provide_replacement *replacement_of(const tern_app *app, const tern_provider *p)
{
    const provide_replacement *r = app->replacements;
    while (r != NULL && r->of != p)
        r = r->next;
    return r;
}

const tern_provider *provide_instead_of(const tern_app *app, const tern_provider *provider)
{
    const provide_replacement *r = replacement_of(app, provider);
    return r != NULL && r->by != NULL ? r->by : provider;
}

static void check_options(maker *m, const tern_provider *p)
{
    const char *at = p->options.refuses;
    for (int status = -1; at != NULL && status != 0;) {
        const char *from = at + strspn(at, ", ");
        status = provide_next_status(&at);
        if (status < 0)
            mistake_of(m, p, ".refuses has \"%.*s\", which is not a status of 400 to 599", (int)(at - from),
                       from);
    }
}

static int add_step(maker *m, const tern_provider *named, const chain *taker);

/** Makes the steps that `taker` takes, or the route's handler for NULL. */
static void add_taken(maker *m, const tern_provider *const *takes, unsigned pairs, const chain *taker,
                      unsigned char *from)
{
    for (unsigned i = 0; i < pairs && !m->is_wrong; i++) {
        int number = takes[i] != NULL ? add_step(m, takes[i], taker) : 0;
        from[i] = number >= 0 ? (unsigned char)number : 0;
    }
}

/** The number of the provider's step, which is made unless it exists; -1 with a mistake reported. */
static int add_step(maker *m, const tern_provider *named, const chain *taker)
{
    const provide_replacement *replaced = replacement_of(m->app, named);
    provide_step step = {.provider = named};
    if (replaced != NULL && replaced->by == NULL) {
        step.has_value = true;
        step.value = replaced->value;
    } else if (replaced != NULL && (taker == NULL || taker->provider != replaced->by)) {
        step.provider = replaced->by; /* which may itself take the provider it replaces */
    }
    for (unsigned i = 0; i < m->count; i++)
        if (m->steps[i].provider == step.provider)
            return (int)i;
    if (is_in_ring(m, taker, step.provider))
        return -1;
    const tern_provider *p = step.provider;
    const chain here = {.provider = p, .taker = taker};
    if (!step.has_value) {
        app_try_frame(m->app, p->frame, p->file);
        check_options(m, p);
        add_taken(m, p->takes, p->pairs, &here, step.from);
    }
    if (!step.has_value && p->input != NULL && !m->is_wrong) {
        step.bind = bind_plan_make(&m->app->arena, m->r, p, m->problems);
        m->is_wrong |= step.bind == NULL;
    }
    if (m->count == PROVIDE_STEPS_MAX)
        mistake(m, "more than %d providers are needed", PROVIDE_STEPS_MAX);
    if (m->is_wrong)
        return -1;
    m->steps[m->count] = step;
    return (int)m->count++;
}

/* -- parameters in several inputs -- */

/** Whether one parameter can have both types: the client must satisfy the rest of the two schemas. */
static bool is_one_kind(const tern_type *a, const tern_type *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == TERN_KIND_LIST)
        return is_one_kind(a->item, b->item);
    return a->kind != TERN_KIND_ENUM || strcmp(a->name, b->name) == 0;
}

bool provide_is_one_place(const bind_field *a, const bind_field *b)
{
    if (a->source != b->source)
        return false;
    if (a->source == TERN_FROM_PATH || a->source == TERN_FROM_HOST)
        return a->param == b->param;
    if (a->name_len != b->name_len)
        return false;
    return a->source == TERN_FROM_HEADER ? text_equal_nocase(a->name, b->name, a->name_len)
                                         : memcmp(a->name, b->name, a->name_len) == 0;
}

static const char *list_or_not(const tern_type *type)
{
    return type->kind == TERN_KIND_LIST ? "a list of " : "";
}

static void check_pair(maker *m, const bind_plan *a, const bind_plan *b)
{
    for (unsigned i = 0; i < a->count; i++)
        for (unsigned n = 0; n < b->count; n++) {
            const bind_field *one = &a->fields[i], *other = &b->fields[n];
            const tern_type *type = one->f->field->type, *type_there = other->f->field->type;
            if (provide_is_one_place(one, other) && !is_one_kind(type, type_there))
                mistake(m, "%s \"%s\" is %s%s in %s and %s%s in %s: give both one type",
                        bind_source_names[one->source], one->name, list_or_not(type), type->name,
                        a->type->name, list_or_not(type_there), type_there->name, b->type->name);
        }
}

static void check_inputs(maker *m)
{
    for (unsigned i = 0; i < m->count; i++) {
        const bind_plan *bind = m->steps[i].bind;
        if (bind != NULL && m->r->bind != NULL)
            check_pair(m, m->r->bind, bind);
        for (unsigned n = 0; bind != NULL && n < i; n++)
            if (m->steps[n].bind != NULL)
                check_pair(m, m->steps[n].bind, bind);
    }
}

/* -- the plan -- */

static provide_plan *keep_plan(maker *m, const provide_plan *sketch)
{
    provide_plan *plan = app_keep(m->app, sizeof *plan);
    provide_step *steps = app_keep(m->app, m->count * sizeof *steps);
    if (plan == NULL || steps == NULL)
        return NULL; /* app_compile reports it */
    memcpy(steps, m->steps, m->count * sizeof *steps);
    *plan = *sketch;
    plan->steps = steps;
    plan->count = m->count;
    return plan;
}

/** Marks the replaced providers among these, and among those that they take, as needed by a route. */
static void note_needed(const tern_app *app, const tern_provider *const *list, unsigned count, unsigned depth)
{
    for (unsigned i = 0; i < count; i++) {
        if (list[i] == NULL)
            continue;
        for (provide_replacement *r = app->replacements; r != NULL; r = r->next)
            r->is_needed |= r->of == list[i];
        if (depth < PROVIDE_STEPS_MAX) /* otherwise a ring, which the plan reports */
            note_needed(app, list[i]->takes, list[i]->pairs, depth + 1);
    }
}

static bool make_plan(tern_app *app, route *r, const tern_provider *const *needs, buf *problems)
{
    maker m = {.app = app, .r = r, .problems = problems};
    provide_plan sketch = {.run = r->handler.run};
    for (; needs != NULL && *needs != NULL && !m.is_wrong; needs++) {
        note_needed(app, needs, app->replacements != NULL, 0);
        add_step(&m, *needs, NULL);
    }
    if (app->replacements != NULL)
        note_needed(app, r->handler.takes, r->handler.pairs, 0);
    add_taken(&m, r->handler.takes, r->handler.pairs, NULL, sketch.from);
    if (m.is_wrong)
        return false;
    if (m.count == 0)
        return true;
    check_inputs(&m);
    r->provide = keep_plan(&m, &sketch);
    r->handler.run = provide_run;
    return !m.is_wrong && r->provide != NULL;
}

const struct tern_provider_means tern_provider_means_ = {.plan = make_plan};
