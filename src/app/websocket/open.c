/** tern_websocket, and the handshake: RFC 6455 section 4.2, RFC 8441 section 5. */
#include "app/websocket/ws.h"

#include <tern/coding.h>
#include <tern/log.h>

#include <string.h>

enum { USUAL_BYTES = 1024 * 1024, USUAL_PING_S = 25, MOST_PING_S = 3600 };

/* -- declaring -- */

static void load_deflate(tern_app *app, const char *pattern)
{
    const char *problem = NULL;
    /* gzip is of the same library; needing it has the worker's encoders freed when they are idle */
    if (!tern_need_coding(app, TERN_GZIP, &problem) || !codec_load(CODEC_MESSAGES, CODEC_ENCODES, &problem) ||
        !codec_load(CODEC_MESSAGES, CODEC_DECODES, &problem))
        tern_mistake(app, "tern_websocket %s: .compress: %s", pattern, problem);
}

static void stop(void *unused)
{
    (void)unused;
    ws_inflate_tidy();
}

static void check_subprotocols(tern_app *app, const char *pattern, const char *list)
{
    static const char allowed[] =
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (const char *at = list; *at != '\0';) {
        size_t len = strspn(at, allowed);
        if (len == 0) {
            tern_mistake(
                app,
                "tern_websocket %s: .subprotocols is \"%s\", which is not a list like \"chat.v2, chat.v1\"",
                pattern, list);
            return;
        }
        at += len;
        at += strspn(at, " ");
        if (*at == ',')
            at += 1 + strspn(at + 1, " ");
        else if (*at != '\0')
            at = "?"; /* ends as a mistake */
    }
}

static tern_reply answer(tern_ctx *c);

/** Fills in the defaults of a copy. */
static void settle_options(tern_app *app, const char *pattern, ws_declared *d)
{
    tern_websocket_options *o = &d->o;
    if (o->max_message == 0)
        o->max_message = USUAL_BYTES;
    if (o->max_frame == 0)
        o->max_frame = o->max_message;
    if (o->max_queue == 0)
        o->max_queue = USUAL_BYTES;
    if (o->ping_s == 0)
        o->ping_s = USUAL_PING_S;
    if (o->ping_s > MOST_PING_S)
        tern_mistake(app, "tern_websocket %s: .ping_s is %u: at most %d", pattern, o->ping_s, MOST_PING_S);
    if (o->subprotocols != NULL)
        check_subprotocols(app, pattern, o->subprotocols);
    o->subprotocols = app_keep_text(app, o->subprotocols);
    if (o->origins != NULL && strcmp(o->origins, "*") != 0)
        d->origins = tern_origins_new(app, "tern_websocket: .origins", o->origins);
    o->origins = app_keep_text(app, o->origins);
    if (o->compress)
        load_deflate(app, pattern);
}

void tern_websocket_with(tern_group *group, const char *pattern, const tern_socket *socket,
                         const tern_websocket_options *options)
{
    static const app_hook hook = {.stop = stop};
    tern_app *app = group->app;
    ws_declared *d = app_keep(app, sizeof *d);
    if (d == NULL)
        return;
    *d = (ws_declared){.o = *options, .socket = *socket, .app = app};
    settle_options(app, pattern, d);
    if (options->compress)
        app_add_hook(app, &hook);
    tern_handler handler = {.name = socket->name,
                            .run = answer,
                            .file = socket->file,
                            .line = socket->line,
                            .input = socket->input,
                            .arg = d,
                            .frame = socket->frame};
    tern_route_options rest = options->route;
    rest.file = options->file;
    rest.line = options->line;
    rest.websocket = d;
    rest.not_fuzzed = true; /* a fuzzer's GET is answered with 426 */
    tern_route(group, "GET", pattern, &handler, &rest);
}

/* -- the handshake -- */

/** Sets a header of the reply to a text that lives as long. */
static void put(tern_ctx *c, const char *name, const char *value)
{
    if (!http_field_put(c->x, name, value, true))
        ctx_need(c, NULL);
}

/** The value of a header that may be there once; NULL without it. */
static const char *only(tern_ctx *c, const char *name)
{
    if (tern_header_nth(c, name, 1) != NULL)
        tern_fail(c, 400, "more than one %s", name);
    return tern_header(c, name);
}

/** RFC 9110 section 15.5.22, RFC 6455 section 4.4. */
static tern_reply ask_for_upgrade(tern_ctx *c, const char *detail)
{
    put(c, "Upgrade", "websocket");
    put(c, "Connection", "Upgrade");
    put(c, "Sec-WebSocket-Version", "13");
    return ctx_problem(c, 426, detail);
}

static void check_origin(tern_ctx *c, const ws_declared *d)
{
    const char *origin = only(c, "Origin");
    if (origin == NULL || (d->o.origins != NULL && strcmp(d->o.origins, "*") == 0) ||
        tern_is_own_origin(c, origin) || (d->origins != NULL && tern_origins_have(d->origins, origin)))
        return;
    ctx_fail(c, 403, "a page of another origin may not connect to this WebSocket (.origins)");
}

/** Answers the key that HTTP/1.1 has. */
static void check_key(tern_ctx *c)
{
    const char *key = only(c, "Sec-WebSocket-Key");
    char accept[WS_ACCEPT_BYTES];
    if (key == NULL || !ws_key_is_valid((tern_str){key, strlen(key)}))
        ctx_fail(c, 400, "Sec-WebSocket-Key must be the base64 of 16 bytes");
    ws_accept_of((tern_str){key, strlen(key)}, accept);
    put(c, "Upgrade", "websocket");
    put(c, "Sec-WebSocket-Accept", ctx_text(c, (tern_str){accept, WS_ACCEPT_BYTES - 1}));
}

static void agree(tern_ctx *c, const ws_declared *d, ws_opening *opening)
{
    char extension[WS_EXTENSION_BYTES];
    if (d->o.subprotocols != NULL) {
        const char *offered = ctx_header_list(c, "Sec-WebSocket-Protocol");
        const tern_str chosen = ws_choose_protocol((tern_str){d->o.subprotocols, strlen(d->o.subprotocols)},
                                                   (tern_str){offered, strlen(offered)});
        opening->subprotocol = ctx_text(c, chosen);
        if (chosen.len != 0)
            put(c, "Sec-WebSocket-Protocol", opening->subprotocol);
    }
    const char *offers = ctx_header_list(c, "Sec-WebSocket-Extensions");
    if (!ws_deflate_accept((tern_str){offers, strlen(offers)}, &opening->deflate, extension))
        ctx_fail(c, 400, "Sec-WebSocket-Extensions is malformed");
    if (!d->o.compress)
        opening->deflate.is_on = false;
    else if (opening->deflate.is_on)
        put(c, "Sec-WebSocket-Extensions", ctx_text(c, (tern_str){extension, strlen(extension)}));
}

static tern_reply answer(tern_ctx *c)
{
    const ws_declared *d = c->match.route->handler.arg;
    if (!c->x->request->wants_tunnel || tern_is_repeat(c))
        return ask_for_upgrade(
            c, "this is a WebSocket: connect with Upgrade: websocket, or an extended CONNECT in HTTP/2");
    check_origin(c, d);
    const char *version = only(c, "Sec-WebSocket-Version");
    if (version == NULL || strcmp(version, "13") != 0)
        return ask_for_upgrade(c, "Sec-WebSocket-Version must be 13");
    if (c->x->request->version != HTTP_2)
        check_key(c);
    ws_opening *opening = ctx_need(c, arena_alloc(ctx_arena(c), sizeof *opening));
    *opening = (ws_opening){.of = d, .subprotocol = ""};
    if (d->socket.input != NULL)
        opening->in = tern_bind(c, d->socket.input);
    agree(c, d, opening);
    return (tern_reply){.status = 101, .kind = TERN_REPLY_TUNNEL, .arg = opening};
}

void ctx_send_tunnel(tern_ctx *c, const tern_reply *reply)
{
    if (!http_reply_tunnel(c->x, &ws_tunnel_user, reply->arg))
        ctx_send_problem(c, c->x->request->wants_tunnel ? 503 : 500);
}
