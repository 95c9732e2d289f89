/**
 * A to-do list as a JSON API: models for the stored row, the query and the change, and a handler for each
 * operation. The rows are in a database; the table is made from the model.
 */
#include "todo.h"

TERN_MODEL(Todo,
    (int64_t,       id,      .key = true, .read_only = true, .help = "Given by the service"),
    (const char *, title, .min_length = 1, .max_length = 120, .help = "What there is to do",
     .example = "Water the plants"),
    (bool,          done,    .fallback = "false"),
    (tern_datetime, created, .created = true, .read_only = true))

TERN_MODEL(TodoFilter,
    (bool, done, .optional = true, .help = "Only what is done, or only what is not"),
    (int,  page, .fallback = "1",  .min = 1),
    (int,  size, .fallback = "20", .min = 1, .max = 100))

TERN_PARTIAL(TodoChange, Todo, id, title, done)

TERN_HANDLER(list_todos, TodoFilter, in)
{
    const char *where = tern_given(c, done) ? "done = ?" : NULL;
    tern_args args = tern_given(c, done) ? TERN_ARGS(in->done) : (tern_args){0};
    Todo_list todos = tern_select(c, Todo, .where = where, .args = args, .order_by = "id", .limit = in->size,
                                  .offset = (int64_t)(in->page - 1) * in->size);
    return tern_page(c, Todo, todos, tern_count(c, Todo, .where = where, .args = args));
}

TERN_HANDLER(create_todo, Todo, in)
{
    Todo todo = {.title = in->title, .done = in->done};
    tern_insert(c, Todo, &todo); /* fills the id and the time; does not return when it fails */
    return tern_created(c, Todo, &todo);
}

TERN_HANDLER(get_todo, tern_by_id, in)
{
    return tern_json(c, Todo, tern_get_or_404(c, Todo, in->id));
}

TERN_HANDLER(change_todo, TodoChange, in)
{
    Todo *todo = NULL;
    tern_transaction (c) {
        todo = tern_get_or_404(c, Todo, in->id);
        tern_copy(Todo, todo, TodoChange, in);
        tern_update(c, Todo, todo);
    }
    return tern_json(c, Todo, todo);
}

TERN_HANDLER(delete_todo, tern_by_id, in)
{
    if (!tern_remove(c, Todo, in->id))
        tern_fail(c, 404, "there is no Todo %lld", (long long)in->id);
    return tern_no_content(c);
}

tern_app *make_app(void)
{
    tern_app *app = tern_app_new(.title = "To-do", .version = "1.0");
    tern_use(app, tern_logger());
    tern_database_with(app, (.url = "sqlite:todo.db"), TERN_TYPE(Todo));
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
