/** The server for test_turns.py: handlers that repeat a call that need not wait, until another request of the
 * same worker stops them. */
#include <tern.h>

#include <stdlib.h>
#include <string.h>

/* clang-format off */
TERN_MODEL(Line,
    (int64_t,      id,   .key = true),
    (const char *, text))
/* clang-format on */

enum { LINES = 2000 };

static bool is_running, is_asked; /* of the loop; only one runs at a time */

static void begin(void)
{
    is_running = true;
    is_asked = false;
}

static tern_reply stopped(tern_ctx *c)
{
    is_running = false;
    return tern_text(c, "stopped");
}

/** Waits until a loop runs, stops it, and answers. */
TERN_HANDLER(stop)
{
    while (!is_running)
        tern_sleep(c, 1);
    is_asked = true;
    return tern_text(c, "asked");
}

TERN_HANDLER(ping)
{
    return tern_text(c, "pong");
}

/* -- HTTP -- */

static void end_stream(void *unused)
{
    (void)unused;
    is_running = false;
}

static void flush_lines(tern_ctx *c, tern_stream *out, void *arg)
{
    (void)arg;
    tern_defer(c, end_stream, NULL);
    for (begin(); !is_asked;) {
        tern_stream_printf(out, "line\n");
        tern_stream_flush(out);
    }
}

static void write_bytes(tern_ctx *c, tern_stream *out, void *arg)
{
    (void)arg;
    tern_defer(c, end_stream, NULL);
    for (begin(); !is_asked;)
        tern_stream_write(out, "x", 1);
}

static void write_nothing(tern_ctx *c, tern_stream *out, void *arg)
{
    (void)arg;
    tern_defer(c, end_stream, NULL);
    for (begin(); !is_asked;)
        tern_stream_write(out, "", 0);
}

static void write_blocks(tern_ctx *c, tern_stream *out, void *arg)
{
    static const char block[256 * 1024];
    (void)arg;
    tern_defer(c, end_stream, NULL);
    for (begin(); !is_asked;)
        tern_stream_write(out, block, sizeof block);
}

TERN_HANDLER(flush_loop)
{
    return tern_stream_reply(c, "text/plain", flush_lines, NULL);
}

TERN_HANDLER(write_loop)
{
    return tern_stream_reply(c, "text/plain", write_bytes, NULL);
}

TERN_HANDLER(empty_write_loop)
{
    return tern_stream_reply(c, "text/plain", write_nothing, NULL);
}

TERN_HANDLER(block_loop)
{
    return tern_stream_reply(c, "text/plain", write_blocks, NULL);
}

TERN_HANDLER(body_loop)
{
    char byte[1];
    for (begin(); !is_asked && tern_body_read(c, byte, sizeof byte) != 0;)
        ;
    return stopped(c);
}

/** Uses the processor for a millisecond, like an encoder of a long list. */
TERN_HANDLER(work)
{
    for (volatile int i = 0; i < 1000 * 1000; i++)
        ;
    return tern_text(c, "done");
}

TERN_HANDLER(file)
{
    return tern_file(c, getenv("BUSY_FILE"));
}

/* -- tasks -- */

TERN_HANDLER(own_channel_loop)
{
    int value = 0;
    tern_channel *channel = tern_channel_new(c, sizeof value, 1);
    for (begin(); !is_asked;) {
        tern_send(c, channel, &value);
        tern_receive(c, channel, &value);
    }
    return stopped(c);
}

static void echo_values(tern_ctx *c, void *arg)
{
    tern_channel **both = arg;
    int value;
    while (tern_receive(c, both[0], &value))
        tern_send(c, both[1], &value);
}

TERN_HANDLER(ping_pong_loop)
{
    int value = 0;
    tern_channel **both = tern_alloc(c, 2 * sizeof(tern_channel *));
    both[0] = tern_channel_new(c, sizeof value, 0);
    both[1] = tern_channel_new(c, sizeof value, 0);
    tern_go(c, echo_values, both);
    for (begin(); !is_asked;) {
        tern_send(c, both[0], &value);
        tern_receive(c, both[1], &value);
    }
    return stopped(c);
}

static void produce(tern_ctx *c, void *arg)
{
    for (int value = 0; tern_send(c, arg, &value); value++)
        ;
}

TERN_HANDLER(consume_loop)
{
    int value = 0;
    tern_channel *channel = tern_channel_new(c, sizeof value, 100);
    tern_go(c, produce, channel);
    for (begin(); !is_asked;)
        tern_receive(c, channel, &value);
    return stopped(c);
}

TERN_HANDLER(closed_channel_loop)
{
    int value = 0;
    tern_channel *channel = tern_channel_new(c, sizeof value, 1);
    tern_channel_close(channel);
    for (begin(); !is_asked && !tern_send(c, channel, &value) && !tern_receive(c, channel, &value);)
        ;
    return stopped(c);
}

static tern_mutex mutex;
static tern_semaphore semaphore = {.permits = 1};

TERN_HANDLER(lock_loop)
{
    for (begin(); !is_asked;) {
        tern_lock(c, &mutex);
        tern_unlock(c, &mutex);
    }
    return stopped(c);
}

static void take_in_turn(tern_ctx *c, void *unused)
{
    (void)unused;
    while (!is_asked) {
        tern_lock(c, &mutex);
        tern_unlock(c, &mutex);
    }
}

TERN_HANDLER(hand_over_loop)
{
    begin();
    tern_task *other = tern_go(c, take_in_turn, NULL);
    take_in_turn(c, NULL);
    tern_wait(c, other);
    return stopped(c);
}

TERN_HANDLER(permit_loop)
{
    for (begin(); !is_asked;) {
        tern_semaphore_acquire(c, &semaphore);
        tern_semaphore_release(c, &semaphore);
    }
    return stopped(c);
}

static void do_nothing(tern_ctx *c, void *unused)
{
    (void)c;
    (void)unused;
}

static void work_on_nothing(void *unused)
{
    (void)unused;
}

TERN_HANDLER(wait_loop)
{
    tern_task *task = tern_go(c, do_nothing, NULL);
    for (begin(); !is_asked;)
        tern_wait(c, task);
    return stopped(c);
}

TERN_HANDLER(go_loop)
{
    for (begin(); !is_asked;)
        tern_go(c, do_nothing, NULL);
    return stopped(c);
}

TERN_HANDLER(sleep_loop)
{
    for (begin(); !is_asked;)
        tern_sleep(c, 0);
    return stopped(c);
}

TERN_HANDLER(offload_loop)
{
    for (begin(); !is_asked;)
        tern_offload(c, work_on_nothing, NULL);
    return stopped(c);
}

/* -- data -- */

TERN_HANDLER(find_loop)
{
    for (begin(); !is_asked;)
        tern_find(c, Line, 1);
    return stopped(c);
}

TERN_HANDLER(update_loop)
{
    begin();
    tern_transaction (c) {
        while (!is_asked)
            tern_update(c, Line, &((Line){.id = 1, .text = "again"}));
    }
    return stopped(c);
}

TERN_HANDLER(rows_loop)
{
    for (begin(); !is_asked;) {
        Line line;
        tern_rows *rows = tern_rows_open(c, Line);
        while (!is_asked && tern_rows_next(rows, &line))
            ;
        tern_rows_close(rows);
    }
    return stopped(c);
}

/* Rows that arrived with the first one are read without a wait, and so is the end. */
TERN_HANDLER(one_row_loop)
{
    for (begin(); !is_asked;) {
        Line line;
        tern_rows *rows = tern_rows_open(c, Line, .where = "id = 1");
        while (tern_rows_next(rows, &line))
            ;
    }
    return stopped(c);
}

static void fill(tern_ctx *c)
{
    for (int64_t id = 1; id <= LINES; id++)
        tern_insert(c, Line, &((Line){.id = id, .text = "a line"}));
}

TERN_HANDLER(seed)
{
    tern_transaction (c)
        fill(c);
    return tern_text(c, "filled");
}

static const struct {
    const char *path;
    const tern_handler *handler;
} loops[] = {
    {"/flush", flush_loop},
    {"/write", write_loop},
    {"/empty-write", empty_write_loop},
    {"/block", block_loop},
    {"/own-channel", own_channel_loop},
    {"/ping-pong", ping_pong_loop},
    {"/consume", consume_loop},
    {"/closed-channel", closed_channel_loop},
    {"/lock", lock_loop},
    {"/hand-over", hand_over_loop},
    {"/permit", permit_loop},
    {"/wait", wait_loop},
    {"/go", go_loop},
    {"/sleep", sleep_loop},
    {"/offload", offload_loop},
    {"/find", find_loop},
    {"/update", update_loop},
    {"/rows", rows_loop},
    {"/one-row", one_row_loop},
};

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Busy", .limits = {.request_timeout_ms = 60000});
    tern_database(app, TERN_TYPE(Line));
    tern_get(app, "/stop", stop);
    tern_get(app, "/ping", ping);
    tern_get(app, "/work", work);
    tern_get(app, "/file", file);
    tern_get(app, "/seed", seed);
    tern_post(app, "/body", body_loop, .stream_body = true, .max_body = (size_t)1 << 40);
    for (size_t i = 0; i < sizeof loops / sizeof loops[0]; i++)
        tern_get(app, loops[i].path, loops[i].handler);
    return tern_run(app, argc, argv);
}
