/* The client's end of a connection to the application in the same process. It needs no port, and the bytes
 * take the same path through the server as a real client's. */
#include "app/test/internal.h"
#include "runtime/coro.h"
#include "runtime/loop.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct test_wire {
    loop_source source;
    const char *next;
    size_t left;
    buf *heard;
} test_wire;

static void open_app(tern_test *t)
{
    char *no_arguments[] = {(char *)"test", NULL};
    buf problems = {0};
    t->app = t->make_app();
    if (t->app == NULL)
        tern_test_fail_at(t->test->file, t->test->line, "make_app returned NULL");
    t->testing.commits = t->test->commits;
    t->app->testing = &t->testing;
    t->app->replacements = t->replacements;
    if (!settings_read(&t->settings, &t->app->options, NULL, 1, no_arguments, &problems) ||
        !app_prepare(t->app, &problems))
        tern_test_fail_at(t->test->file, t->test->line, "the application has errors:\n%s",
                          problems.data != NULL ? problems.data : "out of memory");
    buf_free(&problems);
    test_check_replacements(t);
    if (!loop_open() || !app_start(t->app, &t->settings))
        tern_test_fail_at(t->test->file, t->test->line, "the application does not start");
}

static void send_some(test_wire *wire)
{
    while (wire->left > 0) {
        ssize_t n = send(wire->source.fd, wire->next, wire->left, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return;
        size_t sent = n < 0 ? wire->left : (size_t)n; /* a server that has closed reads no more */
        wire->next += sent;
        wire->left -= sent;
    }
}

static void on_event(loop_source *source, uint32_t events)
{
    (void)events;
    test_wire *wire = (test_wire *)source; /* its first member */
    char piece[16384];
    ssize_t n;
    send_some(wire);
    while ((n = recv(source->fd, piece, sizeof piece, MSG_DONTWAIT)) > 0)
        buf_add(wire->heard, piece, (size_t)n);
    if (n < 0 && errno == EAGAIN)
        return;
    loop_remove(source);
    close(source->fd);
    source->fd = -1;
    loop_stop();
}

void test_talk(tern_test *t, const char *request, size_t len, buf *heard)
{
    int ends[2];
    if (t->app == NULL)
        open_app(t);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        tern_test_fail_at(t->test->file, t->test->line, "no sockets: %s", strerror(errno));
    test_wire wire = {
        .source = {.fd = ends[0], .on_event = on_event}, .next = request, .left = len, .heard = heard};
    if (!loop_add(&wire.source, EPOLLIN | EPOLLOUT))
        tern_test_fail_at(t->test->file, t->test->line, "no event loop: %s", strerror(errno));
    http_server_on_connection(NULL, ends[1], (worker_arrival){0});
    while (wire.source.fd >= 0)
        loop_run();
}

void test_close(tern_test *t)
{
    if (t->app == NULL)
        return;
    t->app->is_draining = true;
    http_server_drain(NULL, false);
    if (http_server_count() > 0)
        http_server_abort(NULL);
    while (http_server_count() > 0)
        loop_run();
    app_stop(t->app);
    loop_close();
    coro_trim(0);
    app_free(t->app);
    t->app = NULL;
}
