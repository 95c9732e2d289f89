/* The application behind scripts/bench-json's figures of whole requests: examples/hello's reply, the model of
 * examples/todo without its store, and a hundred to-dos as JSON or as the same bytes made before. */
#include <tern.h>

#include <string.h>

enum { TODOS = 100 };

TERN_MODEL(Todo,
    (int64_t,       id,      .key = true, .read_only = true),
    (const char *,  title,   .min_length = 1, .max_length = 120),
    (bool,          done,    .fallback = "false"),
    (tern_datetime, created, .read_only = true))

static Todo todos[TODOS];
static const Todo_list all = {todos, TODOS};

TERN_HANDLER(hello)
{
    return tern_json_text(c, "{\"message\":\"Hello, World!\"}");
}

TERN_HANDLER(create_todo, Todo, in)
{
    Todo made = {.id = 1, .title = in->title, .done = in->done, .created = {1795455015000000}};
    return tern_created(c, Todo, &made);
}

TERN_HANDLER(list_todos)
{
    return tern_json_list(c, Todo, all);
}

/** What list_todos would answer, encoded by the first request of each worker. */
TERN_HANDLER(list_bytes)
{
    static char text[65536];
    static size_t len;
    if (len == 0) {
        tern_reply reply = tern_json_list(c, Todo, all);
        if (reply.len > sizeof text)
            tern_fail(c, 500, "%zu bytes of to-dos", reply.len);
        memcpy(text, reply.data, reply.len);
        len = reply.len;
    }
    return tern_bytes_reply(c, "application/json", text, len);
}

int main(int argc, char **argv)
{
    for (int i = 0; i < TODOS; i++)
        todos[i] = (Todo){.id = i + 1,
                          .title = "Buy milk and bread on the way home",
                          .done = i % 3 == 0,
                          .created = {1795455015000000 + i * INT64_C(1000000)}};
    tern_app *app = tern_app_new(.title = "Requests to measure", .version = "1.0");
    tern_get(app, "/", hello);
    tern_post(app, "/todos", create_todo, .status = 201);
    tern_get(app, "/todos", list_todos, .returns = TERN_LIST(Todo));
    tern_get(app, "/bytes", list_bytes);
    return tern_run(app, argc, argv);
}
