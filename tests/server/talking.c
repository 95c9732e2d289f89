/* WebSockets of every kind, for test_websocket.py. */
#include <tern.h>

#include <stdlib.h>
#include <string.h>

TERN_MODEL(Room, (const char *, name, .max_length = 20))
TERN_MODEL(Say, (const char *, text, .min_length = 1, .max_length = 20), (int64_t, times, .min = 1, .max = 3))

TERN_WEBSOCKET(echo)
{
    tern_message m;
    while (tern_ws_receive(ws, &m))
        tern_ws_send_bytes(ws, m.kind, m.data, m.len);
}

/* The parts of messages, as they come. */
TERN_WEBSOCKET(parts)
{
    tern_message m;
    while (tern_ws_receive_part(ws, &m))
        tern_ws_send_part(ws, m.kind, m.data, m.len, m.is_last);
}

TERN_WEBSOCKET(typed, Room, in)
{
    Say *say;
    tern_ws_send_textf(ws, "%s %s %s", in->name, tern_ws_subprotocol(ws), tern_path(c));
    while ((say = tern_ws_receive_as(ws, Say)) != NULL)
        tern_ws_send(ws, Say, say);
}

/* Takes nothing, and sends what "?bytes=" says until it is closed. */
TERN_MODEL(Flood, (int64_t, bytes))
TERN_WEBSOCKET(flood, Flood, in)
{
    char *data = tern_alloc(c, (size_t)in->bytes + 1);
    memset(data, 'x', (size_t)in->bytes);
    while (tern_ws_send_bytes(ws, TERN_BINARY, data, (size_t)in->bytes))
        if (tern_ws_skipped(ws) > 1000)
            break;
}

TERN_WEBSOCKET(ticks)
{
    for (unsigned i = 0; tern_ws_send_textf(ws, "%u", i); i++)
        tern_sleep(c, 5);
}

/* -- a room -- */

enum { MEMBERS_MOST = 64 };
static tern_ws *members[MEMBERS_MOST];
static unsigned member_count;

static void leave(void *arg)
{
    for (unsigned i = 0; i < member_count; i++)
        if (members[i] == arg)
            members[i--] = members[--member_count];
    for (unsigned i = 0; i < member_count; i++)
        tern_ws_send_text(members[i], "left");
}

TERN_WEBSOCKET(room)
{
    tern_message m;
    if (member_count == MEMBERS_MOST)
        return;
    members[member_count++] = ws;
    tern_defer(c, leave, ws);
    tern_ws_send_text(ws, "welcome");
    while (tern_ws_receive(ws, &m))
        for (unsigned i = 0; i < member_count; i++)
            tern_ws_send_bytes(members[i], m.kind, m.data, m.len);
}

/* What a plain request says to the room. */
TERN_HANDLER(announce)
{
    for (unsigned i = 0; i < member_count; i++)
        tern_ws_send_text(members[i], "announced");
    return tern_textf(c, "%u", member_count);
}

/* -- memory -- */

TERN_WEBSOCKET(wasteful)
{
    tern_message m;
    const char *kept = tern_sprintf(c, "kept");
    while (tern_ws_receive(ws, &m)) {
        char *waste = tern_alloc(c, 100 * 1024);
        memset(waste, 'w', 100 * 1024);
        tern_ws_send_textf(ws, "%s %c", kept, waste[m.len]);
    }
}

static void say_done(void *arg)
{
    tern_ws_send_text(arg, "deferred");
}

static void echo_later(tern_ctx *c, void *arg)
{
    const char *text = tern_sprintf(c, "from a task");
    tern_sleep(c, 20);
    tern_ws_send_text(arg, text);
}

/* What begins between two messages outlives both. */
TERN_WEBSOCKET(keeping)
{
    tern_message m;
    while (tern_ws_receive(ws, &m)) {
        if (strcmp(m.data, "defer") == 0)
            tern_defer(c, say_done, ws);
        else if (strcmp(m.data, "go") == 0)
            tern_go(c, echo_later, ws);
        memset(tern_alloc(c, 1000), 'z', 1000);
        tern_ws_send_text(ws, "ok");
    }
}

/* -- ends -- */

TERN_WEBSOCKET(fails)
{
    tern_message m;
    tern_ws_receive(ws, &m);
    tern_fail(c, 500, "it fails");
}

TERN_WEBSOCKET(closes)
{
    tern_message m;
    while (tern_ws_receive(ws, &m))
        tern_ws_close(ws, (unsigned)atoi(m.data), "by request");
    tern_log(TERN_LOG_INFO, "closed with %u %s", tern_ws_close_code(ws), tern_ws_close_reason(ws));
}

TERN_WEBSOCKET(patient)
{
    tern_message m;
    bool is_late;
    tern_ws_send_text(ws, "hello");
    while (!tern_ws_receive_within(ws, &m, 50, &is_late) && is_late)
        tern_ws_send_text(ws, "late");
}

TERN_WEBSOCKET(sleeps)
{
    tern_ws_send_text(ws, "sleeping");
    tern_sleep(c, 3600 * 1000);
}

TERN_HANDLER(hello)
{
    return tern_text(c, "hello");
}

static tern_reply sign_in(tern_ctx *c, void *options)
{
    (void)options;
    if (tern_header(c, "X-Key") == NULL)
        tern_fail(c, 401, "no key");
    tern_set_header(c, "X-Seen", "yes");
    return tern_next(c);
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Talking");
    tern_get(app, "/hello", hello);
    tern_post(app, "/announce", announce);
    tern_websocket(app, "/echo", echo, .max_message = 32 << 20);
    tern_websocket(app, "/deflated", echo, .max_message = 100000, .compress = true);
    tern_websocket(app, "/conform", echo, .max_message = 32 << 20, .compress = true);
    tern_websocket(app, "/small", echo, .max_message = 1000);
    tern_websocket(app, "/slow", echo, .max_rate = 20);
    tern_websocket(app, "/parts", parts, .max_message = 1000);
    tern_websocket(app, "/typed/{name}", typed, .subprotocols = "b, a", .receives = TERN_TYPE(Say),
                   .sends = TERN_TYPE(Say), .route = {.summary = "Talk by a model"});
    tern_websocket(app, "/wait", flood, .max_queue = 100000);
    tern_websocket(app, "/skip", flood, .max_queue = 100000, .slow = TERN_WS_SKIP);
    tern_websocket(app, "/close", flood, .max_queue = 100000, .slow = TERN_WS_CLOSE);
    tern_websocket(app, "/ticks", ticks);
    tern_websocket(app, "/room", room, .origins = "https://friend.example, https://.friends.example");
    tern_websocket(app, "/anybody", echo, .origins = "*");
    tern_websocket(app, "/wasteful", wasteful);
    tern_websocket(app, "/keeping", keeping);
    tern_websocket(app, "/fails", fails);
    tern_websocket(app, "/closes", closes);
    tern_websocket(app, "/patient", patient);
    tern_websocket(app, "/sleeps", sleeps);
    tern_websocket(app, "/pinging", echo, .ping_s = 1);
    tern_websocket(app, "/guarded", echo, .route = {.use = TERN_USE(TERN_MIDDLEWARE(sign_in, NULL))});
    return tern_run(app, argc, argv);
}
