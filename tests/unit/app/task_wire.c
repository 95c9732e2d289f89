/* Tasks that use the request's socket: the coroutine that waits for the socket is woken. */
#include "check.h"
#include "wire.h"

#include "app/ctx.h"
#include "runtime/loop.h"

#include <tern/app.h>
#include <tern/log.h>
#include <tern/task.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECES = 40, PIECE_BYTES = 9000 };

static char heard[2000000];
static bool was_cancelled;

static void sum_body(tern_ctx *c, void *arg)
{
    size_t *total = arg, n;
    char piece[100];
    while ((n = tern_body_read(c, piece, sizeof piece)) > 0)
        *total += n;
}

TERN_HANDLER(sum)
{
    size_t total = 0;
    tern_wait(c, tern_go(c, sum_body, &total));
    return tern_textf(c, "%zu", total);
}

TERN_HANDLER(two_readers)
{
    size_t total = 0;
    tern_go(c, sum_body, &total);
    tern_wait(c, tern_go(c, sum_body, &total));
    return tern_textf(c, "%zu", total);
}

static void fail_after(tern_ctx *c, void *arg)
{
    int status = *(int *)arg;
    tern_sleep(c, (uint64_t)(status - 400));
    tern_fail(c, status, "task %d", status);
}

TERN_HANDLER(two_failures)
{
    int statuses[] = {402, 404};
    tern_task *first = tern_go(c, fail_after, &statuses[0]), *second = tern_go(c, fail_after, &statuses[1]);
    tern_sleep(c, 20);
    tern_wait(c, first);
    tern_wait(c, second);
    return tern_no_content(c);
}

typedef struct letters {
    tern_stream *out;
    char letter;
    size_t bytes;
} letters;

static void write_letters(tern_ctx *c, void *arg)
{
    const letters *l = arg;
    char *piece = tern_alloc(c, l->bytes);
    memset(piece, l->letter, l->bytes);
    for (int i = 0; i < PIECES; i++)
        tern_stream_write(l->out, piece, l->bytes);
}

static void write_from_tasks(tern_ctx *c, tern_stream *out, void *arg)
{
    (void)arg;
    letters all[3] = {{out, 'a', PIECE_BYTES}, {out, 'b', PIECE_BYTES - 2000}, {out, 'c', 10}};
    tern_task *tasks[3];
    for (int i = 0; i < 3; i++)
        tasks[i] = tern_go(c, write_letters, &all[i]);
    for (int i = 0; i < 3; i++)
        tern_wait(c, tasks[i]);
}

TERN_HANDLER(stream_from_tasks)
{
    return tern_stream_reply(c, "text/plain", write_from_tasks, NULL);
}

static void note_cancelled(void *unused)
{
    (void)unused;
    was_cancelled = true;
}

static void endless(tern_ctx *c, void *arg)
{
    for (;;)
        write_letters(c, arg);
}

static void write_beside_sleep(tern_ctx *c, tern_stream *out, void *arg)
{
    (void)arg;
    letters l = {out, 'a', PIECE_BYTES};
    tern_defer(c, note_cancelled, NULL);
    tern_go(c, endless, &l);
    tern_sleep(c, 1000000);
}

TERN_HANDLER(endless_stream)
{
    return tern_stream_reply(c, "text/plain", write_beside_sleep, NULL);
}

static const http_limits limits = {.head = {.head_bytes = 8192, .target_bytes = 4096, .fields = 50},
                                   .head_ms = 10000,
                                   .idle_ms = 10000,
                                   .body_ms = 10000,
                                   .body_bytes = 1000000,
                                   .arena_bytes = 1 << 20};

static const char *talk(const char *request, size_t piece)
{
    tern_app *app = tern_app_new(.title = "Tasks");
    buf problems = {0};
    http_service service;
    tern_log_set_level(TERN_LOG_SILENT);
    tern_post(app, "/sum", sum, .stream_body = true);
    tern_post(app, "/two", two_readers, .stream_body = true);
    tern_get(app, "/stream", stream_from_tasks);
    tern_get(app, "/failures", two_failures);
    tern_get(app, "/endless", endless_stream);
    CHECK(app_compile(app, &problems));
    app_service(app, &service);
    CHECK(wire_open(&service, &limits));
    const wire_script script = {.request = request, .len = strlen(request), .piece = piece};
    CHECK(wire_talk(&script, heard, sizeof heard) >= 0);
    wire_close();
    app_free(app);
    return heard;
}

TEST(a_task_may_read_the_body_that_is_still_coming)
{
    talk("POST /sum HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: "
         "26\r\n\r\nabcdefghijklmnopqrstuvwxyz",
         5);
    CHECK(strncmp(heard, "HTTP/1.1 200", 12) == 0);
    CHECK_TEXT(strstr(heard, "\r\n\r\n") + 4, "26");
}

TEST(waiting_for_a_failed_task_gives_its_failure_and_not_a_later_one)
{
    talk("GET /failures HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", 0);
    CHECK(strncmp(heard, "HTTP/1.1 402", 12) == 0);
    CHECK(strstr(heard, "\"detail\":\"task 402\"") != NULL);
}

TEST(two_tasks_that_read_one_body_are_refused)
{
    talk("POST /two HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: "
         "26\r\n\r\nabcdefghijklmnopqrstuvwxyz",
         5);
    CHECK(strncmp(heard, "HTTP/1.1 500", 12) == 0);
}

TEST(tasks_may_write_to_one_stream_and_each_piece_stays_whole)
{
    talk("GET /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", 0);
    const char *at = strstr(heard, "\r\n\r\n") + 4;
    int pieces[3] = {0};
    for (;;) {
        char *line_end;
        size_t bytes = strtoul(at, &line_end, 16);
        at = line_end + 2;
        if (bytes == 0)
            break;
        CHECK_INT(strspn(at, (const char[]){*at, '\0'}), bytes);
        pieces[*at - 'a']++;
        at += bytes + 2;
    }
    CHECK_TEXT(at, "\r\n");
    for (int i = 0; i < 3; i++)
        CHECK_INT(pieces[i], PIECES);
}

typedef struct leaver {
    timer_entry timer;
    int fd;
} leaver;

static void leave(timer_entry *timer)
{
    close(list_owner(timer, leaver, timer)->fd);
}

static void stop_when_empty(timer_entry *timer)
{
    if (http_server_count() == 0)
        loop_stop();
    else
        timer_start(&loop_self.timers, timer, loop_self.now_ms + 2);
}

TEST(a_client_that_leaves_a_task_that_writes_cancels_the_request_too)
{
    static const char request[] = "GET /endless HTTP/1.1\r\nHost: h\r\n\r\n";
    tern_app *app = tern_app_new(.title = "Tasks");
    buf problems = {0};
    http_service service;
    int ends[2];
    tern_log_set_level(TERN_LOG_SILENT);
    tern_get(app, "/endless", endless_stream);
    CHECK(app_compile(app, &problems));
    app_service(app, &service);
    CHECK(wire_open(&service, &limits));
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    CHECK(write(ends[0], request, sizeof request - 1) == sizeof request - 1);
    leaver client = {.timer.fire = leave, .fd = ends[0]};
    timer_entry end = {.fire = stop_when_empty};
    http_server_on_connection(NULL, ends[1], (worker_arrival){0});
    timer_start(&loop_self.timers, &client.timer, loop_self.now_ms + 20);
    timer_start(&loop_self.timers, &end, loop_self.now_ms + 22);
    loop_run(); /* does not end while the handler still sleeps */
    CHECK(was_cancelled);
    wire_close();
    app_free(app);
}
