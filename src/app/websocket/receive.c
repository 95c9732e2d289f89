/** tern_ws_receive and its like. Hot path: tern_ws_receive. */
#include "app/bind/bind.h"
#include "app/websocket/ws.h"
#include "runtime/budget.h"
#include "schema/json/json.h"

#include <string.h>

/** Waits for a message, or a part of one. False when there are no more, or with `*is_late` after `at_ms`. */
static bool wait_for_message(tern_ws *ws, bool takes_parts, uint64_t at_ms, bool *is_late)
{
    if (coro_self() != ws->runner)
        tern_fail(coro_self()->request, 500,
                  "only the body of a TERN_WEBSOCKET receives: its tasks and others may send");
    budget_spend(BUDGET_REQUEST);
    ws_forget(ws);
    ws_input_next(ws, takes_parts);
    while (!ws->in.is_ready && ws_is_open(ws)) {
        ws_pump(ws);
        if (ws->in.is_ready || !ws_is_open(ws))
            break;
        ws->receiver = coro_self();
        const coro_outcome outcome = coro_wait(at_ms);
        ws->receiver = NULL;
        ws->is_resting = false;
        if (outcome == CORO_CANCELLED)
            unwind_throw(UNWIND_CANCELLED);
        if (outcome == CORO_TIMEOUT && !ws->in.is_ready) {
            *is_late = ws_is_open(ws);
            return false;
        }
    }
    ws->in.is_taken = ws->in.is_ready;
    return ws->in.is_ready;
}

/** The message that is ready. */
static void take(tern_ws *ws, tern_message *message)
{
    ws_input *in = &ws->in;
    size_t len = in->message.len;
    if (in->kind == TERN_TEXT && !in->is_whole) { /* a character is not parted */
        in->tail_have = (uint8_t)(len - in->checked);
        len = in->checked;
        memcpy(in->tail, in->message.data + len, in->tail_have);
        in->message.data[len] = '\0';
    }
    in->has_given_part = true;
    *message = (tern_message){.kind = (tern_message_kind)in->kind,
                              .data = in->message.data != NULL ? in->message.data : "",
                              .len = len,
                              .is_last = in->is_whole};
}

bool tern_ws_receive_within(tern_ws *ws, tern_message *message, uint64_t ms, bool *has_timed_out)
{
    *has_timed_out = false;
    if (!wait_for_message(ws, false, loop_after_ms(ms), has_timed_out))
        return false;
    take(ws, message);
    return true;
}

bool tern_ws_receive(tern_ws *ws, tern_message *message)
{
    bool is_late;
    if (!wait_for_message(ws, false, 0, &is_late))
        return false;
    take(ws, message);
    return true;
}

bool tern_ws_receive_part(tern_ws *ws, tern_message *part)
{
    bool is_late;
    if (!wait_for_message(ws, true, 0, &is_late))
        return false;
    take(ws, part);
    return true;
}

/* -- typed -- */

static void refuse(tern_ws *ws, const tern_problem *problem)
{
    const tern_reply reply = ctx_problem_of(ws->c, problem);
    if (reply.kind == TERN_REPLY_BYTES)
        tern_ws_send_bytes(ws, TERN_TEXT, reply.data, reply.len);
}

static const char *status_of(const tern_faults *faults, int *status)
{
    static const struct {
        const char *code;
        int status;
    } ends[] = {{"not_json", 400}, {"too_deep", 400}, {"too_many_values", 413}, {"too_costly", 413}};
    *status = 422;
    for (size_t i = 0; faults->first != NULL && i < sizeof ends / sizeof *ends; i++)
        if (strcmp(faults->first->code, ends[i].code) == 0)
            *status = ends[i].status;
    return *status == 422 ? "the message is not what this WebSocket takes"
                          : "the message is not JSON that can be read";
}

/** The value of a text in the request's memory; NULL, and the problem was sent. */
static void *decode(tern_ws *ws, const tern_type *type, tern_str text)
{
    static const place message_place = {.name = "message"};
    tern_ctx *c = ws->c;
    const json_limits limits = {.items = c->app->options.limits.json_values};
    void *value = ctx_need(c, arena_alloc(ctx_arena(c), type->size));
    tern_faults faults;
    faults_init(&faults, ctx_arena(c));
    if (json_decode(type, value, text, &limits, &message_place, ctx_arena(c), &faults))
        return value;
    tern_problem problem = {0};
    problem.detail = status_of(&faults, &problem.status);
    problem.faults = faults_list(&faults, ctx_arena(c), &problem.fault_count);
    refuse(ws, &problem);
    return NULL;
}

void *tern_ws_receive_of(tern_ws *ws, const tern_type *type)
{
    tern_message message;
    bind_need_plan(ws->c, type);
    while (tern_ws_receive(ws, &message)) {
        if (message.kind != TERN_TEXT) {
            refuse(ws, &(tern_problem){.status = 415,
                                       .detail = "the message must be a text of JSON, not binary"});
            continue;
        }
        buf *own = &ws->in.message; /* the decoder writes into it */
        if (own->data == NULL && !buf_reserve(own, 0))
            ctx_need(ws->c, NULL);
        void *value = decode(ws, type, (tern_str){own->data, message.len});
        if (value != NULL)
            return value;
    }
    return NULL;
}
