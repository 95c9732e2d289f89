#include "app/middleware.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/** A registered piece that has to be prepared. */
struct app_piece {
    struct app_piece *next;
    tern_middleware middleware;
    bool is_prepared;
};

static unsigned count_of(const tern_middleware *list)
{
    unsigned count = 0;
    while (list != NULL && list[count].run != NULL)
        count++;
    return count;
}

/** Gives the copied pieces the place that the end of their list has. */
static void place(tern_middleware *copies, const tern_middleware *list, unsigned count)
{
    for (unsigned i = 0; i < count && list[count].file != NULL; i++) {
        copies[i].file = list[count].file;
        copies[i].line = list[count].line;
    }
}

static bool is_noted(const tern_app *app, const tern_middleware *m)
{
    for (const struct app_piece *p = app->pieces; p != NULL; p = p->next)
        if (p->middleware.prepare == m->prepare && p->middleware.options == m->options)
            return true;
    return false;
}

static void note(tern_app *app, const tern_middleware *list)
{
    for (; list->run != NULL; list++) {
        app->marks |= list->mark != NULL;
        if (list->prepare == NULL || is_noted(app, list))
            continue;
        struct app_piece *piece = app_keep(app, sizeof *piece);
        if (piece == NULL)
            return;
        piece->middleware = *list;
        *app->pieces_end = piece;
        app->pieces_end = &piece->next;
    }
}

const tern_middleware *middleware_keep(tern_app *app, const tern_middleware *list, unsigned *count)
{
    *count = 0;
    unsigned listed = count_of(list);
    tern_middleware *kept = listed != 0 ? app_keep(app, (listed + 1) * sizeof *kept) : NULL;
    if (kept == NULL)
        return NULL;
    memcpy(kept, list, listed * sizeof *kept);
    place(kept, list, listed);
    note(app, kept);
    *count = listed;
    return kept;
}

/** Room for one more piece at `at` of the group's list; false when out of memory. */
static bool insert(tern_group *group, unsigned at, const tern_middleware *list, unsigned added)
{
    if (group->use_count + added >= group->use_room) {
        unsigned room = 2 * (group->use_count + added) + 1;
        tern_middleware *use =
            app_keep(group->app, room * sizeof *use); /* the rest is zero: it ends the list */
        if (use == NULL)
            return false;
        if (group->use_count != 0)
            memcpy(use, group->use, group->use_count * sizeof *use);
        group->use = use;
        group->use_room = room;
    }
    memmove(group->use + at + added, group->use + at, (group->use_count - at) * sizeof *list);
    memcpy(group->use + at, list, added * sizeof *list);
    group->use_count += added;
    return true;
}

void tern_use_all(tern_group *group, const tern_middleware *list)
{
    unsigned added = count_of(list);
    if (added == 0 || !insert(group, group->use_count, list, added))
        return;
    place(group->use + group->use_count - added, list, added);
    note(group->app, list);
}

void middleware_use_first(tern_app *app, const tern_middleware *piece)
{
    insert(&app->root, 0, piece, 1);
}

const tern_middleware *middleware_chain(tern_app *app, const tern_group *group, const tern_middleware *last,
                                        unsigned last_count, unsigned *count)
{
    *count = last_count;
    for (const tern_group *g = group; g != NULL; g = g->parent)
        *count += g->use_count;
    tern_middleware *chain = app_keep(app, (*count + 1) * sizeof *chain);
    if (chain == NULL)
        return NULL;
    unsigned at = *count - last_count; /* filled from the inside out */
    if (last_count != 0)
        memcpy(chain + at, last, last_count * sizeof *chain);
    for (const tern_group *g = group; g != NULL; g = g->parent) {
        at -= g->use_count;
        if (g->use_count != 0)
            memcpy(chain + at, g->use, g->use_count * sizeof *chain);
    }
    return chain;
}

const tern_middleware *middleware_before(tern_app *app)
{
    unsigned count = 0;
    for (unsigned i = 0; i < app->root.use_count; i++)
        count += app->root.use[i].before != NULL;
    tern_middleware *list = count != 0 ? app_keep(app, (count + 1) * sizeof *list) : NULL;
    if (list == NULL)
        return NULL;
    count = 0;
    for (unsigned i = 0; i < app->root.use_count; i++)
        if (app->root.use[i].before != NULL)
            list[count++] = app->root.use[i];
    return list;
}

void middleware_prepare(tern_app *app)
{
    for (struct app_piece *p = app->pieces; p != NULL; p = p->next) { /* `prepare` may register more */
        if (!p->is_prepared)
            p->middleware.prepare(app, p->middleware.options);
        p->is_prepared = true;
    }
}

/** A block of tern_keep; the list keeps all reachable. */
typedef struct kept_block {
    struct kept_block *next;
    max_align_t data[];
} kept_block;

void *tern_keep(const void *options, size_t size)
{
    static kept_block *blocks;
    kept_block *block = mem_alloc(sizeof *block + size);
    if (block == NULL)
        return NULL;
    *block = (kept_block){.next = blocks};
    blocks = block;
    return memcpy(block->data, options, size);
}

void tern_mistake(tern_app *app, const char *format, ...)
{
    char line[1024];
    va_list values;
    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    buf_add_printf(&app->mistakes, "%s\n", line);
}
