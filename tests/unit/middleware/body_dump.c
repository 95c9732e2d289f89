/** Bodies in the log. */
#include "unit/middleware/compressed.h"

#include <fcntl.h>
#include <unistd.h>

TERN_HANDLER(login)
{
    if (tern_query(c, "binary") != NULL)
        return tern_bytes_reply(c, "image/png", "x", 1);
    return tern_json_text(
        c, "{\"token\" : \"t0k3n\",\"user\":{\"name\":\"ann\"},\"sessions\":[{\"id\":1}],\"n\":1}");
}

static char log_text[1 << 16];

/** Posts a body, and returns what was written to the log. */
static const char *log_of(const char *line, const char *type, const char *body, tern_log_level level)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    const int before = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    tern_log_set_level(level);
    ask(line, type, body);
    tern_log_set_level(TERN_LOG_SILENT);
    dup2(before, STDERR_FILENO);
    close(ends[1]);
    const ssize_t len = read(ends[0], log_text, sizeof log_text - 1);
    log_text[len > 0 ? len : 0] = '\0';
    close(ends[0]);
    close(before);
    return log_text;
}

static void open_with(tern_middleware piece)
{
    tern_app *app = tern_app_new();
    tern_use(app, piece);
    tern_post(app, "/login", login);
    tern_post(app, "/stream", login, .stream_body = true);
    ask_open(app);
}

TEST(secrets_of_bodies_are_not_in_the_log)
{
    static const char *const bodies[] = {
        "{\"name\":\"ann\",\"Password\":\"hu\\\"nter2\"}", "{\"password\":[\"hunter2\",{\"a\":\"hunter2\"}]}",
        "{\"password\" :  \"hunter2", "{\"card\":{\"n\":\"hunter2\"},\"b\":\"seen\"}"};
    open_with(tern_body_dump());
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        const char *text = log_of("POST /login", JSON, bodies[i], TERN_LOG_DEBUG);
        CHECK(strstr(text, "bodies") != NULL && strstr(text, "***") != NULL);
        CHECK(strstr(text, "hunter2") == NULL && strstr(text, "nter2") == NULL &&
              strstr(text, "t0k3n") == NULL);
        CHECK(strstr(text, "ann") != NULL);
    }
    const char *text = log_of("POST /login", FORM, "name=bea&my_password=hunter2&x=1", TERN_LOG_DEBUG);
    CHECK(strstr(text, "name=bea&my_password=***&x=1") != NULL);
}

TEST(bodies_are_in_the_log_only_at_the_level_debug)
{
    open_with(tern_body_dump());
    CHECK(strstr(log_of("POST /login", JSON, "{\"name\":\"ann\"}", TERN_LOG_INFO), "ann") == NULL);
}

TEST(a_long_body_is_cut_and_a_binary_one_only_counted)
{
    open_with(tern_body_dump(.max_bytes = 10));
    const char *text = log_of("POST /login?binary=1", "text/plain", "0123456789abcdef", TERN_LOG_DEBUG);
    CHECK(strstr(text, "0123456789... (16 bytes)") != NULL);
    CHECK(strstr(text, "(1 bytes of image/png)") != NULL);
}

TEST(a_streamed_body_stays_for_its_handler)
{
    open_with(tern_body_dump());
    CHECK(strstr(log_of("POST /stream", "text/plain", "abc", TERN_LOG_DEBUG), "(a stream)") != NULL);
    CHECK_INT(atoi(ask_reply + 9), 200);
}
