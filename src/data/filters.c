#include "data/filters.h"
#include "data/misuse.h"

#include <string.h>

enum { TEXTS_MOST = 64, SHAPE_MOST = 192 };

/* Marks in a shape, besides the kinds of values, which are below 128. The kinds of a text's values follow
 * it. */
enum { SHAPE_ALL = 128, SHAPE_ANY, SHAPE_END, SHAPE_TEXT = 192 /* followed by the number of its values */ };

/* -- the public functions -- */

tern_filter tern_filter_self(tern_filter filter)
{
    return filter;
}

tern_filter tern_filter_always(const char *text)
{
    return (tern_filter){.text = text};
}

tern_arg tern_arg_filters(tern_filters filters)
{
    return (tern_arg){.kind = TERN_ARG_FILTERS, .filters = filters};
}

/* -- inspecting -- */

const tern_filters *filters_group(const tern_filter *filter)
{
    bool is_group =
        filter->text == NULL && filter->args.count == 1 && filter->args.items->kind == TERN_ARG_FILTERS;
    return is_group ? &filter->args.items->filters : NULL;
}

bool filters_is_given(const tern_filter *filter)
{
    const tern_filters *group = filters_group(filter);
    return filter->text != NULL || (group != NULL && filters_has_given(group));
}

bool filters_has_given(const tern_filters *filters)
{
    for (unsigned i = 0; i < filters->count; i++)
        if (filters_is_given(&filters->items[i]))
            return true;
    return false;
}

/* -- reading -- */

/** The conditions collected so far, before their number is known. */
typedef struct gathered {
    unsigned text_count, shape_len, value_count;
    const char *texts[TEXTS_MOST];
    uint8_t shape[SHAPE_MOST];
    tern_arg values[STATEMENT_ARGS_MOST];
} gathered;

static void add_shape(tern_ctx *c, gathered *g, unsigned what)
{
    if (g->shape_len == SHAPE_MOST)
        data_misuse(c, "a statement has too many groups of filters");
    g->shape[g->shape_len++] = (uint8_t)what;
}

static void add_filters(tern_ctx *c, gathered *g, const tern_filters *filters);

static void add_args(tern_ctx *c, gathered *g, const tern_args *args)
{
    for (unsigned i = 0; i < args->count; i++) {
        const tern_arg *arg = &args->items[i];
        if (arg->kind == TERN_ARG_FILTERS) {
            add_filters(c, g, &arg->filters);
            continue;
        }
        if (g->value_count == STATEMENT_ARGS_MOST)
            data_misuse(c, "a statement has at most %d values, those of the filters that are given included",
                        STATEMENT_ARGS_MOST);
        g->values[g->value_count++] = *arg;
        add_shape(c, g, arg->kind);
    }
}

static void add_text(tern_ctx *c, gathered *g, const tern_filter *filter)
{
    if (g->text_count == TEXTS_MOST || filter->args.count > STATEMENT_ARGS_MOST)
        data_misuse(c, "a statement has at most %d filters that are given", TEXTS_MOST);
    g->texts[g->text_count++] = filter->text;
    add_shape(c, g, SHAPE_TEXT + filter->args.count);
    add_args(c, g, &filter->args);
}

static void add_filters(tern_ctx *c, gathered *g, const tern_filters *filters)
{
    add_shape(c, g, filters->is_any ? SHAPE_ANY : SHAPE_ALL);
    for (unsigned i = 0; i < filters->count; i++) {
        const tern_filter *filter = &filters->items[i];
        const tern_filters *group = filters_group(filter);
        if (filter->text != NULL)
            add_text(c, g, filter);
        else if (group != NULL && filters_has_given(group))
            add_filters(c, g, group);
    }
    add_shape(c, g, SHAPE_END);
}

/** A copy of the collected conditions, in one block of the request's memory. */
static const filters_given *settle(tern_ctx *c, const gathered *g)
{
    size_t values_bytes = g->value_count * sizeof *g->values, texts_bytes = g->text_count * sizeof *g->texts;
    filters_given *given =
        ctx_need(c, arena_alloc(ctx_arena(c), sizeof *given + values_bytes + texts_bytes + g->shape_len));
    tern_arg *values = (tern_arg *)(void *)(given + 1);
    const char **texts = (const char **)(void *)(values + g->value_count);
    uint8_t *shape = (uint8_t *)(texts + g->text_count);
    memcpy(values, g->values, values_bytes);
    memcpy(texts, g->texts, texts_bytes);
    memcpy(shape, g->shape, g->shape_len);
    *given = (filters_given){{values, g->value_count}, texts, shape, g->text_count, g->shape_len};
    return given;
}

const filters_given *filters_gather(tern_ctx *c, const tern_args *args, const tern_filters *filters)
{
    gathered g; /* its arrays need no clearing */
    g.text_count = g.shape_len = g.value_count = 0;
    add_args(c, &g, args);
    if (filters != NULL)
        add_filters(c, &g, filters);
    return settle(c, &g);
}

/* -- keeping -- */

tern_args filters_keep_args(tern_ctx *c, const tern_args *args)
{
    tern_arg *kept = tern_alloc(c, args->count * sizeof *kept);
    for (unsigned i = 0; i < args->count; i++) {
        kept[i] = args->items[i];
        if (kept[i].kind == TERN_ARG_FILTERS)
            kept[i].filters = filters_keep(c, &args->items[i].filters);
    }
    return (tern_args){kept, args->count};
}

tern_filters filters_keep(tern_ctx *c, const tern_filters *filters)
{
    tern_filter *kept = tern_alloc(c, filters->count * sizeof *kept);
    for (unsigned i = 0; i < filters->count; i++) {
        const tern_filter *filter = &filters->items[i];
        kept[i] = (tern_filter){filter->text, filters_keep_args(c, &filter->args)};
    }
    return (tern_filters){kept, filters->count, filters->is_any};
}
