/** The logger's lines in a file. */
#include "unit/middleware/send.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[100], text[256 * 1024];

static tern_reply name_user(tern_ctx *c, void *user)
{
    tern_set_user(c, user);
    return tern_next(c);
}

TERN_HANDLER(plain)
{
    return tern_text(c, "hello");
}

static void remove_file(void)
{
    unlink(path);
}

static const char *log_path(void)
{
    snprintf(path, sizeof path, "/tmp/tern-logger-%d.log", (int)getpid());
    unlink(path);
    atexit(remove_file);
    return path;
}

/** Serves an application whose workers' start is this process's. */
static void open_logged(tern_middleware logger, const char *user)
{
    tern_app *app = tern_app_new();
    tern_use(app, logger, TERN_MIDDLEWARE(name_user, .options = (void *)(uintptr_t)user));
    tern_get(app, "/{rest...}", plain);
    ask_open(app);
    CHECK(app->hooks->start(app->hooks->arg));
}

/** What is in the file after the worker has stopped. */
static const char *logged(void)
{
    for (app_hook *hook = ask_app->hooks; hook != NULL; hook = hook->next)
        if (hook->stop != NULL)
            hook->stop(hook->arg);
    int fd = open(path, O_RDONLY);
    ssize_t len = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    CHECK(len >= 0);
    text[len] = '\0';
    close(fd);
    return text;
}

TEST(a_file_has_lines_of_json_with_the_chosen_fields)
{
    open_logged(tern_logger(.file = log_path(),
                            .fields = "method, target, status, bytes, user, user_agent, host, route"),
                "ann");
    CHECK_INT(send_request("GET /a%20b?c=d", "User-Agent: curl\r\n", ""), 200);
    const char *line = logged();
    CHECK_HAS(line, "{\"time\":\"20");
    CHECK_HAS(line,
              "Z\",\"method\":\"GET\",\"target\":\"/a%20b?c=d\",\"status\":200,\"bytes\":5,\"user\":\"ann\","
              "\"user_agent\":\"curl\",\"host\":\"h\",\"route\":\"/{rest...}\"}\n");
}

TEST(a_file_has_lines_in_the_combined_format)
{
    open_logged(tern_logger(.file = log_path(), .format = TERN_LOGGER_COMBINED), "ann");
    CHECK_INT(
        send_request("GET /a?b", "User-Agent: Mozilla/5.0 (X)\r\nReferer: https://example.org/\r\n", ""),
        200);
    const char *line = logged();
    CHECK_HAS(line, " - ann [");
    CHECK_HAS(line, " +0000] \"GET /a?b HTTP/1.1\" 200 5 \"https://example.org/\" \"Mozilla/5.0 (X)\"\n");
}

TEST(threat_084_bytes_of_a_client_do_not_end_a_line_or_a_field_of_the_combined_format)
{
    open_logged(tern_logger(.file = log_path(), .format = TERN_LOGGER_COMBINED), "a b\" c\n");
    CHECK_INT(send_request("GET /x", "User-Agent: a\" \"b\\ \xe2\x80\xa8\xff\tc\r\n", ""), 200);
    const char *line = logged();
    CHECK_HAS(line, " - a\\x20b\\\"\\x20c\\x0a [");
    CHECK_HAS(line, " \"-\" \"a\\\" \\\"b\\\\ \\xe2\\x80\\xa8\\xff\\x09c\"\n");
    CHECK(strchr(line, '\n') == line + strlen(line) - 1);
}

TEST(threat_084_bytes_of_a_client_do_not_end_a_line_or_a_field_of_json_in_a_file)
{
    open_logged(tern_logger(.file = log_path(), .fields = "user_agent, user"), "a\n\x1b\"}");
    CHECK_INT(send_request("GET /", "User-Agent: a\"\\ \xff\xe2\x80\xa8\xc3\xa4\xc2\x85\r\n", ""), 404);
    const char *line = logged();
    CHECK_HAS(
        line,
        "\"user_agent\":\"a\\\"\\\\ \\u00ff\\u00e2\\u0080\\u00a8\xc3\xa4\\u00c2\\u0085\",\"user\":\"a\\u000a\\u001b\\\"}\"}\n");
    CHECK(strchr(line, '\n') == line + strlen(line) - 1);
}

TEST(a_long_value_is_cut_and_the_line_is_whole)
{
    static char target[8000], line[8200], agent[7000];
    memset(target, 'a', 7900);
    memset(agent, 0xff, 3000);
    snprintf(line, sizeof line, "GET /%s", target);
    open_logged(tern_logger(.file = log_path(), .format = TERN_LOGGER_COMBINED), "ann");
    static char headers[7100];
    snprintf(headers, sizeof headers, "User-Agent: %.3000s\r\n", agent);
    send_request(line, headers, "");
    const char *seen = logged();
    CHECK(strlen(seen) > 4096 && strlen(seen) < 16 * 1024);
    CHECK(seen[strlen(seen) - 1] == '\n' && seen[strlen(seen) - 2] == '"');
}

TEST(lines_beyond_the_buffer_are_dropped_and_never_wait)
{
    char fifo[120];
    snprintf(fifo, sizeof fifo, "%s.fifo", log_path());
    unlink(fifo);
    CHECK(mkfifo(fifo, 0600) == 0);
    int reader = open(fifo, O_RDONLY | O_NONBLOCK); /* nobody reads from it: the thread waits in write */
    CHECK(reader >= 0);
    tern_app *app = tern_app_new();
    tern_use(app, tern_logger(.file = fifo, .buffer_bytes = 64 * 1024));
    tern_get(app, "/{rest...}", plain);
    ask_open(app);
    CHECK(app->hooks->start(app->hooks->arg));
    for (int i = 0; i < 3000; i++)
        CHECK_INT(send_request("GET /x", "", ""), 200);
    close(reader); /* the thread gets EPIPE and ends */
    unlink(fifo);
    for (app_hook *hook = app->hooks; hook != NULL; hook = hook->next)
        if (hook->stop != NULL)
            hook->stop(hook->arg);
}

TEST(wrong_options_of_the_logger_are_refused_by_name)
{
    CHECK_HAS(mistake_in(tern_logger(.fields = "method, agent")),
              "logger: .fields has \"agent\": use method, path,");
    CHECK_HAS(mistake_in(tern_logger(.fields = "method, method")), "logger: .fields has \"method\" twice");
    CHECK_HAS(mistake_in(tern_logger(.fields = " ,")), "logger: .fields is empty");
    CHECK_HAS(mistake_in(tern_logger(.format = TERN_LOGGER_COMBINED)),
              "logger: the combined format is for files");
    CHECK_HAS(mistake_in(tern_logger(.format = TERN_LOGGER_COMBINED, .file = "/tmp/x", .fields = "us")),
              "leave .fields out");
    CHECK_HAS(mistake_in(tern_logger(.file = "/tmp")), "logger: .file \"/tmp\" is a folder");
    CHECK_HAS(mistake_in(tern_logger(.file = "/does/not/exist.log")),
              "logger: cannot write .file \"/does/not/exist.log\": No such file");
    CHECK_HAS(mistake_in(tern_logger(.file = "/tmp/x", .buffer_bytes = 10)),
              "logger: .buffer_bytes is 10: use at least");
}
