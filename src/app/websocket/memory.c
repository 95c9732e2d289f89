/**
 * The request's memory of a WebSocket that lives for days.
 *
 * A message has an arena of its own. What the structures of the request's scope still point to (a deferred call, a task, a
 * lock, a local) is moved to the memory that lasts as long as the WebSocket, together with all else of that message.
 */
#include "app/websocket/ws.h"

#include "runtime/task.h"

/** A number that differs when a slot of TERN_LOCAL was set. */
static uint64_t sum_of_locals(const tern_ctx *c)
{
    uint64_t sum = (uint64_t)(uintptr_t)c->locals;
    for (unsigned i = 0; c->locals != NULL && i < c->locals->room; i++)
        sum = (sum ^ (uint64_t)(uintptr_t)c->locals->values[i]) * 0x100000001b3;
    return sum;
}

static list_link *last_task(const scope *s)
{
    return s->has_tasks ? s->tasks.prev : NULL;
}

/** Whether something that will be used later may be in the arena. */
static bool is_needed(const tern_ws *ws)
{
    const scope *s = &ws->c->scope;
    return !ws->seen.has_begun || s->defers != ws->seen.defers || s->holds != ws->seen.holds ||
           last_task(s) != ws->seen.last_task || ws->c->after != ws->seen.after ||
           sum_of_locals(ws->c) != ws->seen.locals || task_any_runs(s);
}

/** What the request keeps about the message that is over. */
static void forget_request(tern_ws *ws)
{
    tern_ctx *c = ws->c;
    c->problem = NULL;
    c->problem_field = NULL;
    c->told = NULL;
    c->scope.problem_status = 0;
    c->reply_type = NULL;
    c->reads = NULL;
    ws->x.fields = NULL;
    ws->x.field_count = ws->x.field_room = 0;
    ws->x.trailers = NULL;
}

void ws_forget(tern_ws *ws)
{
    tern_ctx *c = ws->c;
    forget_request(ws);
    if (!arena_holds(&ws->x.arena) && ws->seen.has_begun)
        return;
    if (is_needed(ws)) {
        arena_join(&ws->kept, &ws->x.arena);
    } else {
        c->data = ws->seen.data; /* its transactions have ended: each has a defer */
        arena_free(&ws->x.arena);
    }
    arena_check(&ws->x.arena);
    const scope *s = &c->scope;
    ws->seen.has_begun = true;
    ws->seen.defers = s->defers;
    ws->seen.holds = s->holds;
    ws->seen.last_task = last_task(s);
    ws->seen.after = c->after;
    ws->seen.data = c->data;
    ws->seen.locals = sum_of_locals(c);
}

void tern_ws_forget(tern_ws *ws)
{
    if (coro_self() == ws->runner)
        ws_forget(ws);
}
