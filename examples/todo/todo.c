/**
 * A to-do list as a JSON API: a model each for what is kept, asked for and changed, and a handler each for
 * what can be done with it.
 */
#include "todo.h"

#include "store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* clang-format off */
TERN_MODEL(Todo,
    (int64_t,       id,      .key = true, .read_only = true, .help = "Given by the service"),
    (const char *,  title,   .min_length = 1, .max_length = STORE_TITLE, .help = "What there is to do",
                             .example = "Water the plants"),
    (bool,          done,    .fallback = "false"),
    (tern_datetime, created, .read_only = true))

TERN_MODEL(TodoFilter,
    (bool, done, .optional = true, .help = "Only what is done, or only what is not"),
    (int,  page, .fallback = "1",  .min = 1),
    (int,  size, .fallback = "20", .min = 1, .max = 100))

TERN_MODEL(TodoChange,
    (int64_t,      id),
    (const char *, title, .optional = true, .min_length = 1, .max_length = STORE_TITLE),
    (bool,         done,  .optional = true))
/* clang-format on */

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/** The item as the model; the title is copied, since the item may lie on the stack. */
static Todo todo_of(tern_ctx *c, const store_item *item)
{
    return (Todo){.id = item->id,
                  .title = tern_strdup(c, item->title),
                  .done = item->is_done,
                  .created = {item->created_us}};
}

TERN_HANDLER(list_todos, TodoFilter, in)
{
    const store_list *all = store_read(c);
    Todo_list page = {.items = tern_alloc(c, (size_t)in->size * sizeof(Todo))};
    int64_t matching = 0, first = ((int64_t)in->page - 1) * in->size;
    for (size_t i = 0; i < all->count; i++) {
        if (tern_given(c, done) && all->items[i].is_done != in->done)
            continue;
        if (matching >= first && matching < first + in->size)
            page.items[page.count++] = todo_of(c, &all->items[i]);
        matching++;
    }
    return tern_page(c, Todo, page, matching);
}

static bool add(store_list *list, void *arg)
{
    store_item *item = arg;
    if (list->count == STORE_MOST)
        return false;
    item->id = ++list->last_id;
    list->items[list->count++] = *item;
    return true;
}

TERN_HANDLER(create_todo, Todo, in)
{
    store_item item = {.is_done = in->done, .created_us = now_us()};
    snprintf(item.title, sizeof item.title, "%s", in->title);
    if (!store_change(add, &item))
        tern_fail(c, 409, "there are %d to-dos already: delete one first", STORE_MOST);
    Todo todo = todo_of(c, &item);
    return tern_created(c, Todo, &todo);
}

TERN_HANDLER(get_todo, ById, in)
{
    store_list *all = store_read(c);
    const store_item *item = store_find(all, in->id);
    if (item == NULL)
        tern_fail(c, 404, "no to-do %" PRId64, in->id);
    Todo todo = todo_of(c, item);
    return tern_json(c, Todo, &todo);
}

typedef struct change {
    const TodoChange *in;
    store_item after;
} change;

static bool apply(store_list *list, void *arg)
{
    change *wanted = arg;
    store_item *item = store_find(list, wanted->in->id);
    if (item == NULL)
        return false;
    if (tern_has(wanted->in, title))
        snprintf(item->title, sizeof item->title, "%s", wanted->in->title);
    if (tern_has(wanted->in, done))
        item->is_done = wanted->in->done;
    wanted->after = *item;
    return true;
}

TERN_HANDLER(change_todo, TodoChange, in)
{
    if (tern_is_null(in, title) || tern_is_null(in, done))
        tern_fail(c, 422, "a title or done can be left out, but not null");
    change wanted = {.in = in};
    if (!store_change(apply, &wanted))
        tern_fail(c, 404, "no to-do %" PRId64, in->id);
    Todo todo = todo_of(c, &wanted.after);
    return tern_json(c, Todo, &todo);
}

static bool take_out(store_list *list, void *arg)
{
    const int64_t *id = arg;
    store_item *item = store_find(list, *id);
    if (item == NULL)
        return false;
    list->count--;
    memmove(item, item + 1, (size_t)(&list->items[list->count] - item) * sizeof *item);
    return true;
}

TERN_HANDLER(delete_todo, ById, in)
{
    if (!store_change(take_out, &in->id))
        tern_fail(c, 404, "no to-do %" PRId64, in->id);
    return tern_no_content(c);
}

tern_app *make_app(void)
{
    if (!store_open()) {
        perror("todo: no shared memory for the list");
        exit(1);
    }
    tern_app *app = tern_app_new(.title = "To-do", .version = "1.0");
    tern_use(app, tern_logger());
    tern_group *todos = tern_group_new(app, "/todos");
    tern_get(todos, "", list_todos, .returns = TERN_LIST(Todo), .paged = true, .tags = "todos",
             .summary = "The to-dos, oldest first");
    tern_post(todos, "", create_todo, .returns = TERN_TYPE(Todo), .status = 201, .tags = "todos",
              .summary = "Add a to-do");
    tern_get(todos, "/{id}", get_todo, .returns = TERN_TYPE(Todo), .tags = "todos", .summary = "One to-do");
    tern_patch(todos, "/{id}", change_todo, .returns = TERN_TYPE(Todo), .tags = "todos",
               .summary = "Change its title, or whether it is done");
    tern_delete(todos, "/{id}", delete_todo, .status = 204, .tags = "todos", .summary = "Delete a to-do");
    return app;
}
