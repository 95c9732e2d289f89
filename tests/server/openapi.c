/** The server for test_openapi.py: routes and models of every kind, which third-party OpenAPI tools must
 * understand. */
#include <tern.h>

#include <inttypes.h>
#include <string.h>

TERN_ENUM(Level, low, normal, high);

TERN_MODEL(Tag,
    (const char *, name, .min_length = 1, .max_length = 20, .pattern = "^[a-z]+$"),
    (Level, level, .fallback = "normal"))

TERN_MODEL(Todo,
    (int64_t, id, .key = true),
    (const char *, title, .min_length = 1, .max_length = 120, .help = "What there is to do",
     .example = "Water the plants"),
    (bool, done, .optional = true),
    (Tag_list, tags, .fallback = "[]", .max_items = 3))

TERN_MODEL(TodoPatch,
    (int64_t, id),
    (const char *, title, .optional = true, .min_length = 1, .max_length = 120),
    (bool, done, .optional = true))

TERN_MODEL(TodoFilter,
    (bool, done, .optional = true),
    (int, page, .fallback = "1", .min = 1, .max = 1000),
    (int, size, .fallback = "20", .min = 1, .max = 100, .help = "Todos on a page"),
    (Level_list, levels, .optional = true, .in = TERN_FROM_QUERY),
    (const char *, request_source, .in = TERN_FROM_HEADER, .optional = true, .deprecated = true),
    (const char *, theme, .in = TERN_FROM_COOKIE, .optional = true, .choices = TERN_CHOICES("light", "dark")))

TERN_MODEL(Everything,
    (bool, yes),
    (int8_t, tiny),
    (uint16_t, port),
    (int, count, .min = -1000, .max = 1000),
    (int64_t, wide, .min = -1000000, .max = 1000000),
    (double, weight, .above = 0, .below = 1e6),
    (const char *, text, .max_length = 50),
    (tern_bytes, data, .max_length = 30),
    (tern_uuid, uuid),
    (tern_date, day),
    (tern_time, hour),
    (tern_datetime, moment),
    (Level, level),
    (tern_text_list, words, .max_items = 4, .unique_items = true,
     .items = TERN_RULES(.min_length = 1, .max_length = 9)),
    (tern_int32_map, sums, .max_items = 4, .items = TERN_RULES(.min = -9), .keys = TERN_RULES(.max_length = 9)),
    (Tag, tag, .optional = true),
    (tern_any, extra, .optional = true))

TERN_MODEL(Tree, (const char *, name, .max_length = 10), (Tree_list, children, .max_items = 2))

TERN_MODEL(Account,
    (int64_t, id, .read_only = true),
    (const char *, name, .min_length = 1, .max_length = 40),
    (const char *, password, .write_only = true, .min_length = 8, .max_length = 64))

TERN_MODEL(Picture, (const char *, caption, .max_length = 40), (tern_upload, file))
TERN_MODEL(PictureInfo, (const char *, caption), (uint64_t, size))

static Todo todos[] = {{.id = 1, .title = "Water the plants"},
                       {.id = 2, .title = "Write a test", .done = true}};
enum { TODOS = sizeof todos / sizeof *todos };

TERN_HANDLER(list_todos, TodoFilter, in)
{
    Todo_list shown = {tern_alloc(c, sizeof todos), 0};
    for (size_t i = 0; i < TODOS && in->page == 1 && shown.count < (size_t)in->size; i++)
        if (!tern_given(c, done) || todos[i].done == in->done)
            shown.items[shown.count++] = todos[i];
    return tern_page(c, Todo, shown, TODOS);
}

TERN_HANDLER(create_todo, Todo, in)
{
    in->id = TODOS + 1;
    return tern_created(c, Todo, in);
}

static Todo *find_todo(tern_ctx *c, int64_t id)
{
    for (size_t i = 0; i < TODOS; i++)
        if (todos[i].id == id)
            return &todos[i];
    tern_fail(c, 404, "no todo %" PRId64, id);
}

TERN_HANDLER(get_todo, tern_by_id, in)
{
    return tern_json(c, Todo, find_todo(c, in->id));
}

TERN_HANDLER(patch_todo, TodoPatch, in)
{
    Todo todo = *find_todo(c, in->id);
    if (tern_given(c, title) && in->title != NULL)
        todo.title = in->title;
    if (tern_given(c, done))
        todo.done = in->done;
    return tern_json(c, Todo, &todo);
}

TERN_HANDLER(delete_todo, tern_by_id, in)
{
    find_todo(c, in->id);
    return tern_no_content(c);
}

TERN_HANDLER(echo_everything, Everything, in)
{
    return tern_json(c, Everything, in);
}

TERN_HANDLER(echo_tree, Tree, in)
{
    return tern_json(c, Tree, in);
}

TERN_HANDLER(create_account, Account, in)
{
    in->id = 1;
    return tern_with_status(tern_json(c, Account, in), 201);
}

TERN_HANDLER(add_picture, Picture, in)
{
    PictureInfo info = {.caption = in->caption, .size = in->file.size};
    return tern_json(c, PictureInfo, &info);
}

TERN_MODEL(Login, (const char *, user, .min_length = 1), (bool, remember, .fallback = "no"))

TERN_HANDLER(log_in, Login, in)
{
    return tern_textf(c, "%s%s", in->user, in->remember ? " for long" : "");
}

TERN_HANDLER(get_file)
{
    return tern_text(c, tern_param(c, "path"));
}

TERN_MODEL(Key, (const char *, key, .in = TERN_FROM_HEADER, .json = "X-Api-Key", .optional = true))
TERN_MODEL(Window,
    (int, page, .fallback = "1", .min = 1, .max = 50),
    (const char *, lang, .in = TERN_FROM_COOKIE, .optional = true, .max_length = 5))
TERN_MODEL(Newest, (int, page, .fallback = "1", .max = 20), (bool, newest, .optional = true))

TERN_PROVIDES_WITH(Key, api_key, (.refuses = "401, 403", .security = "key"), Key, in)
{
    if (in->key == NULL)
        tern_fail(c, 401, "no key");
    if (strlen(in->key) > 100)
        tern_fail(c, 403, "not a key");
    return in;
}

TERN_PROVIDES(Window, window, Window, in, api_key, key)
{
    return in;
}

TERN_HANDLER(show_window, Newest, in, window, w)
{
    return tern_textf(c, "%d %d", w->page, in->newest);
}

TERN_HANDLER(get_secret)
{
    return tern_text(c, "hush");
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Everything", .version = "1.2",
                                 .description = "All that can be described", .health = true);
    tern_security(app, "token", .type = TERN_SECURITY_BEARER, .format = "JWT");
    tern_security(app, "key", .type = TERN_SECURITY_API_KEY_HEADER, .key = "X-Api-Key");
    tern_get(app, "/todos", list_todos, .returns = TERN_LIST(Todo), .paged = true, .tags = "todos",
             .summary = "The todos, page by page");
    tern_post(app, "/todos", create_todo, .returns = TERN_TYPE(Todo), .status = 201, .tags = "todos",
              .security = "token, key");
    tern_get(app, "/todos/{id}", get_todo, .returns = TERN_TYPE(Todo), .tags = "todos");
    tern_patch(app, "/todos/{id}", patch_todo, .returns = TERN_TYPE(Todo), .tags = "todos");
    tern_delete(app, "/todos/{id}", delete_todo, .status = 204, .tags = "todos, admin", .security = "token");
    tern_post(app, "/everything", echo_everything, .returns = TERN_TYPE(Everything), .deprecated = true);
    tern_post(app, "/tree", echo_tree, .returns = TERN_TYPE(Tree));
    tern_post(app, "/accounts", create_account, .returns = TERN_TYPE(Account), .status = 201);
    tern_post(app, "/pictures", add_picture, .returns = TERN_TYPE(PictureInfo));
    tern_post(app, "/login", log_in, .forms = true);
    tern_get(app, "/files/{path...}", get_file, .description = "Says the path.");
    tern_get(app, "/window", show_window, .tags = "window");
    tern_get(app, "/secret", get_secret, .hidden = true);
    return tern_run(app, argc, argv);
}
