/* Stubs of tests. A program without them does not link this file. */
#include "app/test/internal.h"
#include "fetch/call.h"
#include "fetch/record.h"
#include "runtime/loop.h"

#include <tern/fetch_test.h>
#include <tern/log.h>

#include <string.h>

typedef struct stub_call {
    struct stub_call *next;
    tern_stub_call call;
} stub_call;

struct tern_stub {
    struct tern_stub *older;
    const char *pattern;
    tern_stub_reply reply;
    unsigned calls;
    stub_call *first, **end;
};

/* A reply that comes later. */
typedef struct stub_delay {
    timer_entry timer;
    fetch_attempt *attempt;
    const tern_stub *stub;
} stub_delay;

static struct {
    tern_stub *newest;
    bool allows_network;
} self;

static void *keep(size_t size)
{
    void *block = test_need(arena_alloc(&test_current->arena, size));
    memset(block, 0, size);
    return block;
}

static bool fits(const char *pattern, const char *text)
{
    const char *star = NULL, *back = NULL;
    while (*text != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            back = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++back;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static tern_stub *find(const fetch_message *m)
{
    for (tern_stub *stub = self.newest; stub != NULL; stub = stub->older) {
        bool is_used_up = stub->reply.times != 0 && stub->calls >= stub->reply.times;
        bool fits_method = stub->reply.method == NULL || strcmp(stub->reply.method, m->method) == 0;
        if (!is_used_up && fits_method && fits(stub->pattern, m->target.url))
            return stub;
    }
    return NULL;
}

static const char *copy(const char *text, size_t len)
{
    return test_need(arena_text(&test_current->arena, text, len));
}

static void note_call(tern_stub *stub, const fetch_message *m)
{
    stub_call *made = keep(sizeof *made);
    const char **headers = keep((m->line_count + 1) * sizeof *headers);
    for (unsigned i = 0; i < m->line_count; i++)
        headers[i] = copy(m->lines[i], strlen(m->lines[i]));
    made->call = (tern_stub_call){.method = copy(m->method, strlen(m->method)),
                                  .url = copy(m->target.url, strlen(m->target.url)),
                                  .headers = headers,
                                  .body = {copy(m->body.data, m->body.len), m->body.len}};
    *stub->end = made;
    stub->end = &made->next;
    stub->calls++;
}

static bool add_head(fetch_attempt *a, const tern_stub_reply *r)
{
    static const char json_line[] = "Content-Type: application/json";
    for (const char *const *line = r->headers; line != NULL && *line != NULL; line++)
        if (!attempt_add_line(a, *line, strlen(*line)))
            return false;
    return r->json == NULL || attempt_add_line(a, json_line, strlen(json_line));
}

static void reply(fetch_attempt *a, const tern_stub *stub)
{
    const tern_stub_reply *r = &stub->reply;
    const char *body = r->json != NULL ? r->json : r->body != NULL ? r->body : "";
    if (r->error != TERN_FETCH_OK) {
        attempt_end(a, r->error, "the test's stub replies with this error");
        return;
    }
    a->status = r->status != 0 ? r->status : 200;
    if (add_head(a, r)) {
        attempt_end_head(a);
        if (*body != '\0' && !a->message->is_head)
            attempt_add_body(a, body, strlen(body));
    }
    attempt_end(a, a->error, a->problem);
}

static void on_timer(timer_entry *timer)
{
    stub_delay *delay = list_owner(timer, stub_delay, timer);
    delay->attempt->stub = NULL;
    reply(delay->attempt, delay->stub);
}

static const char *unstubbed(const fetch_message *m)
{
    return tern_test_sprintf(
        test_current, "no stub of the test fits %s %s: add tern_stub_fetch(t, ...), or tern_fetch_allow(t)",
        m->method, m->target.url);
}

static bool start(fetch_attempt *a)
{
    tern_stub *stub = find(a->message);
    if (stub == NULL && record_answers(a))
        return true;
    if (stub == NULL && (record_watches(a) || self.allows_network))
        return false;
    if (stub == NULL) {
        const char *problem = unstubbed(a->message);
        tern_log(TERN_LOG_ERROR, "fetch: %s", problem);
        attempt_end(a, TERN_FETCH_WRONG, problem);
        return true;
    }
    note_call(stub, a->message);
    if (stub->reply.delay_ms == 0) {
        reply(a, stub);
        return true;
    }
    stub_delay *delay = keep(sizeof *delay);
    *delay = (stub_delay){.timer = {.fire = on_timer}, .attempt = a, .stub = stub};
    a->stub = &delay->timer;
    timer_start(&loop_self.timers, &delay->timer, loop_after_ms(stub->reply.delay_ms));
    return true;
}

static void stop(fetch_attempt *a)
{
    record_ended(a);
    if (a->stub != NULL)
        timer_stop(&loop_self.timers, a->stub);
    a->stub = NULL;
}

static void install(void)
{
    fetch_stub_start = start;
    fetch_stub_stop = stop;
}

tern_stub *tern_stub_fetch_with(tern_test *t, const char *url_pattern, const tern_stub_reply *reply_given)
{
    (void)t;
    tern_stub *stub = keep(sizeof *stub);
    *stub =
        (tern_stub){.older = self.newest, .pattern = url_pattern, .reply = *reply_given, .end = &stub->first};
    self.newest = stub;
    install();
    return stub;
}

unsigned tern_stub_calls(const tern_stub *stub)
{
    return stub->calls;
}

const tern_stub_call *tern_stub_call_of(const tern_stub *stub, unsigned number)
{
    const stub_call *at = stub->first;
    while (at != NULL && number-- > 0)
        at = at->next;
    return at != NULL ? &at->call : NULL;
}

void tern_fetch_allow(tern_test *t)
{
    (void)t;
    self.allows_network = true;
    install();
}

void tern_fetch_record(tern_test *t, const char *path)
{
    (void)t;
    install();
    record_open(path);
}
