/* Hot path: tern_fetch_with, for a call that works at once. */
#include "fetch/call.h"

#include "app/bind/bind.h"
#include "base/clock.h"
#include "base/log_limit.h"
#include "fetch/plain.h"
#include "fetch/retry.h"
#include "runtime/budget.h"
#include "runtime/loop.h"
#include "schema/json/json.h"

#include <tern/log.h>

#include <string.h>

bool (*fetch_stub_start)(fetch_attempt *a);
void (*fetch_stub_stop)(fetch_attempt *a);

typedef struct fetch_call {
    tern_ctx *c;
    fetch_message *message;
    tern_fetched *reply;
    uint64_t at_ms;      /* its time is over */
    unsigned timeout_ms; /* as it was set, for messages */
    unsigned attempts;
    int retries_left, redirects_left;
    fetch_service *service; /* that the URL names; NULL: none */
    service_tried tried;    /* of its targets */
} fetch_call;

/* -- errors -- */

static const struct {
    int status;
    const char *detail;
} answers[] = {
    [TERN_FETCH_WRONG] = {500, NULL},
    [TERN_FETCH_FORBIDDEN] = {502, "a service that this request needs must not be called"},
    [TERN_FETCH_UNREACHABLE] = {502, "a service that this request needs cannot be reached"},
    [TERN_FETCH_TIMEOUT] = {504, "a service that this request needs did not reply in time"},
    [TERN_FETCH_BROKEN] = {502, "a service that this request needs did not reply properly"},
    [TERN_FETCH_TOO_LARGE] = {502, "a service that this request needs replied with too much"},
    [TERN_FETCH_REDIRECTS] = {502, "a service that this request needs did not reply properly"},
    [TERN_FETCH_STATUS] = {502, "a service that this request needs did not do its part"},
    [TERN_FETCH_NOT_VALID] = {502, "a service that this request needs did not reply properly"},
    [TERN_FETCH_PAUSED] = {503, "a service that this request needs cannot be reached"},
    [TERN_FETCH_BUSY] = {503, "too many requests need the same service"},
    [TERN_FETCH_NO_MEMORY] = {503, "out of memory"},
};

void fetch_fail(tern_ctx *c, tern_fetch_error error, const char *problem)
{
    enum { LINES_A_SECOND = 10 };
    static log_limit limit;
    char label[160];
    if (log_limit_allows(&limit, LINES_A_SECOND, loop_self.now_ms)) {
        tern_log(error == TERN_FETCH_WRONG ? TERN_LOG_ERROR : TERN_LOG_WARN, "%s: fetch: %s%s",
                 ctx_route_label(c, label, sizeof label), problem,
                 limit.left_out > 0 ? " (other failures were not logged)" : "");
        limit.left_out = 0;
    }
    ctx_fail(c, answers[error].status, answers[error].detail);
}

/* Notes the first error of the call. */
static void note(fetch_call *k, tern_fetch_error error, const char *cause)
{
    const fetch_message *m = k->message;
    if (k->reply->error != TERN_FETCH_OK)
        return;
    k->reply->error = error;
    const char *at =
        k->service != NULL && k->tried.base != NULL ? tern_sprintf(k->c, " at %s", k->tried.base) : "";
    const char *times = k->attempts > 1 ? tern_sprintf(k->c, " (after %u attempts)", k->attempts) : "";
    k->reply->problem = tern_sprintf(k->c, "%s %s%s: %s%s", m->method, m->target.shown, at, cause, times);
}

/* -- flights -- */

/* NULL when out of memory: while another flight is on its way, nothing may leave the handler. */
static fetch_flight *flight_try_new(const fetch_call *k)
{
    const fetch_message *m = k->message;
    fetch_flight *f = arena_alloc(ctx_arena(k->c), sizeof *f);
    if (f == NULL)
        return NULL;
    *f = (fetch_flight){0};
    fetch_attempt *a = &f->attempt;
    a->message = m;
    a->target = &m->target;
    a->arena = ctx_arena(k->c);
    a->at_ms = k->at_ms;
    a->is_streamed = m->options->stream;
    a->max_bytes = m->options->max_bytes != 0 ? m->options->max_bytes : m->settings->max_bytes;
    if (a->max_bytes > SIZE_MAX / 4)
        a->max_bytes = SIZE_MAX / 4;
    if (m->is_produced && (a->made = arena_alloc(a->arena, FETCH_PRODUCE_BYTES)) == NULL)
        return NULL;
    return f;
}

void flight_start(fetch_flight *f)
{
    fetch_attempt *a = &f->attempt;
    a->waiting = coro_self();
    if (fetch_stub_start != NULL && fetch_stub_start(a))
        return;
    if (plain_fits(a))
        plain_start(a);
    else
        curl_start(a);
}

static void take_off(fetch_attempt *a)
{
    a->waiting = NULL;
    if (fetch_stub_stop != NULL)
        fetch_stub_stop(a);
    plain_stop(a);
    curl_stop(a);
}

void flight_end(fetch_flight *f, host_outcome outcome)
{
    take_off(&f->attempt);
    buf_free(&f->attempt.unread);
    if (!f->has_turn)
        return;
    f->has_turn = false;
    if (outcome == HOST_FAILED && f->service != NULL && !service_may_eject(f->service, f->attempt.host))
        outcome = HOST_FAILED_KEPT;
    host_done(f->attempt.host, f->attempt.message->settings, outcome);
    host_release(f->attempt.host);
}

static void end_abandoned(void *arg)
{
    flight_end(arg, HOST_UNKNOWN);
}

/* Chooses the host of an attempt. NULL when out of memory: nothing may leave the handler here, see attempt.h. */
static fetch_host *choose_host(fetch_call *k, fetch_flight *f)
{
    const fetch_target *logical = &k->message->target;
    if (k->service == NULL)
        return host_get(logical->origin, logical->origin_len);
    const service_target *at = service_pick(k->service, &k->tried, ctx_arena(k->c));
    fetch_target *target = at != NULL ? arena_alloc(ctx_arena(k->c), sizeof *target) : NULL;
    if (target == NULL || service_resolve(target, ctx_arena(k->c), at, logical) != NULL)
        return NULL; /* both URLs have been read before, so memory is short */
    f->service = k->service;
    f->attempt.target = target;
    return host_get(at->host->key, at->host->key_len);
}

/* Waits until the service has targets; false with a note when it has none. */
static bool await_targets(fetch_call *k)
{
    host_turn outcome = k->service != NULL ? service_await(k->service, k->at_ms) : HOST_GO;
    if (outcome == HOST_GO)
        return true;
    if (outcome == HOST_CANCELLED)
        unwind_throw(UNWIND_CANCELLED);
    const char *problem = k->service->problem != NULL ? k->service->problem : "they are not known";
    if (outcome == HOST_LATE)
        note(k, TERN_FETCH_TIMEOUT,
             tern_sprintf(k->c, "the SRV records of %s were not found within %u ms", k->service->srv,
                          k->timeout_ms));
    else
        note(k, TERN_FETCH_UNREACHABLE,
             tern_sprintf(k->c, "the SRV records of %s: %s", k->service->srv, problem));
    return false;
}

/* Waits for a turn at the host. NULL with a note when there is none. */
static fetch_flight *take_turn(fetch_call *k, bool is_retry)
{
    const fetch_message *m = k->message;
    fetch_flight *f = ctx_need(k->c, flight_try_new(k));
    if (m->is_produced || m->options->stream) /* what may be left by more than the waits of this file */
        tern_defer(k->c, end_abandoned, f);
    fetch_host *h = ctx_need(k->c, choose_host(k, f));
    host_turn turn = host_enter(h, m->settings, k->at_ms, is_retry);
    f->attempt.host = h;
    f->has_turn = turn == HOST_GO;
    if (turn == HOST_GO)
        return f;
    host_release(h);
    if (turn == HOST_CANCELLED)
        unwind_throw(UNWIND_CANCELLED);
    if (turn == HOST_PAUSED)
        note(k, TERN_FETCH_PAUSED, tern_sprintf(k->c, "not tried, after %u failures in a row", h->failures));
    else if (turn == HOST_FULL)
        note(k, TERN_FETCH_BUSY,
             tern_sprintf(k->c, "%u calls to that host are running, and %u are waiting",
                          m->settings->per_host, m->settings->waiting));
    else
        note(k, TERN_FETCH_TIMEOUT,
             tern_sprintf(k->c, "%u calls to that host were running all the time, for %u ms",
                          m->settings->per_host, k->timeout_ms));
    return NULL;
}

/* -- outcomes -- */

static bool is_busy_status(int status)
{
    return status == 429 || status == 502 || status == 503 || status == 504;
}

static host_outcome judge(const fetch_attempt *a)
{
    switch (a->error) {
    case TERN_FETCH_OK:
        return is_busy_status(a->status) && a->status != 429 ? HOST_FAILED : HOST_WORKED;
    case TERN_FETCH_UNREACHABLE:
    case TERN_FETCH_TIMEOUT:
    case TERN_FETCH_BROKEN:
        return HOST_FAILED;
    default:
        return HOST_UNKNOWN;
    }
}

/* What the call says of the host of `f`, whose second attempt may have won at another one. */
static host_outcome outcome_of(const fetch_flight *f, const fetch_attempt *won)
{
    if (won->host == f->attempt.host)
        return judge(won);
    return f->attempt.is_done ? judge(&f->attempt) : HOST_UNKNOWN;
}

/* -- waiting -- */

static bool is_over(const fetch_attempt *a)
{
    return a->is_done || (a->is_streamed && a->has_head);
}

static void produce(const fetch_call *k, fetch_attempt *a)
{
    const tern_fetch_options *o = k->message->options;
    a->made_sent = 0;
    a->made_len = o->produce(k->c, o->produce_arg, a->made, FETCH_PRODUCE_BYTES);
    a->made_all = a->made_len == 0;
    if (!a->is_done)
        curl_resume(a);
}

/* Whether the second attempt has won. */
static bool second_wins(const fetch_attempt *first, const fetch_flight *second)
{
    if (second == NULL || !second->attempt.is_done)
        return false;
    return !first->is_done || (first->error != TERN_FETCH_OK && second->attempt.error == TERN_FETCH_OK);
}

/* Whether the call can go on: a failed attempt waits for the other one. */
static bool has_outcome(const fetch_attempt *first, const fetch_flight *second)
{
    if (second == NULL)
        return is_over(first);
    const fetch_attempt *b = &second->attempt;
    return (first->is_done && first->error == TERN_FETCH_OK) || (b->is_done && b->error == TERN_FETCH_OK) ||
           (first->is_done && b->is_done);
}

/* A second attempt: at another target of a service with a turn of its own, or at the same host, whose turn it shares. */
static fetch_flight *start_second(fetch_call *k, const fetch_flight *f)
{
    fetch_flight *second = host_may_retry(f->attempt.host) ? flight_try_new(k) : NULL;
    if (second == NULL)
        return NULL;
    second->attempt.host = f->attempt.host;
    second->attempt.target = f->attempt.target;
    fetch_host *other = k->service != NULL ? choose_host(k, second) : NULL;
    if (k->service != NULL && other == NULL)
        return NULL;
    if (other != NULL && other != f->attempt.host && host_try_enter(other, k->message->settings)) {
        second->attempt.host = other;
        second->has_turn = true;
    } else if (other != NULL) {
        host_release(other);
        if (other != f->attempt.host)
            return NULL;
    }
    flight_start(second);
    return second;
}

static void abandon(fetch_flight *f, fetch_flight *second)
{
    flight_end(f, HOST_UNKNOWN);
    if (second != NULL)
        flight_end(second, HOST_UNKNOWN);
    unwind_throw(UNWIND_CANCELLED);
}

static void end_late(const fetch_call *k, fetch_attempt *a)
{
    const char *said = arena_printf(a->arena, "no reply within %u ms", k->timeout_ms);
    attempt_end(a, TERN_FETCH_TIMEOUT, said != NULL ? said : "no reply in time");
}

/* Waits for the outcome of an attempt, and of a second one made meanwhile; returns the one that counts. */
static fetch_attempt *await(fetch_call *k, fetch_flight *f)
{
    const fetch_message *m = k->message;
    bool may_hedge = m->options->hedge_ms != 0 && m->is_idempotent && !m->options->stream;
    uint64_t hedge_ms = may_hedge ? loop_self.now_ms + m->options->hedge_ms : UINT64_MAX;
    fetch_attempt *a = &f->attempt;
    fetch_flight *second = NULL;
    while (!has_outcome(a, second)) {
        if (a->wants_made && a->made_sent == a->made_len) {
            produce(k, a);
            continue;
        }
        if (loop_self.now_ms >= k->at_ms) {
            end_late(k, a);
            break;
        }
        if (loop_self.now_ms >= hedge_ms) {
            second = start_second(k, f);
            hedge_ms = UINT64_MAX;
            continue;
        }
        if (coro_wait(hedge_ms < k->at_ms ? hedge_ms : k->at_ms) == CORO_CANCELLED)
            abandon(f, second);
    }
    k->attempts += second != NULL ? 2 : 1;
    fetch_attempt *winner = second_wins(a, second) ? &second->attempt : a;
    if (second != NULL)
        flight_end(second, second->attempt.is_done ? judge(&second->attempt) : HOST_UNKNOWN);
    return winner;
}

/* -- retries -- */

/* Whether to try again, after `*delay_ms`. */
static bool must_retry(fetch_call *k, const fetch_attempt *a, unsigned number, uint64_t *delay_ms)
{
    enum { LONGEST_WAIT_MS = 10000 };
    bool has_failed = a->error == TERN_FETCH_UNREACHABLE || a->error == TERN_FETCH_BROKEN ||
                      (a->error == TERN_FETCH_OK && is_busy_status(a->status));
    if (!has_failed || !k->message->is_idempotent || k->retries_left <= 0)
        return false;
    uint64_t asked_ms = 0;
    if (a->error == TERN_FETCH_OK) {
        const char *text = attempt_header(a, "retry-after");
        if (*text != '\0' && !retry_after_read((tern_str){text, strlen(text)}, clock_wall_s(), &asked_ms))
            asked_ms = 0;
    }
    *delay_ms = retry_delay_ms(number) + asked_ms;
    if (asked_ms > LONGEST_WAIT_MS || loop_self.now_ms + *delay_ms >= k->at_ms || !host_may_retry(a->host))
        return false;
    k->retries_left--;
    return true;
}

static void wait_before_retry(uint64_t delay_ms)
{
    uint64_t at_ms = loop_after_ms(delay_ms);
    while (loop_self.now_ms < at_ms)
        if (coro_wait(at_ms) == CORO_CANCELLED)
            unwind_throw(UNWIND_CANCELLED);
}

/* Makes attempts until one counts. NULL with a note when none could be made. */
static fetch_attempt *send_message(fetch_call *k, fetch_flight **kept)
{
    for (unsigned number = 1;; number++) {
        uint64_t delay_ms;
        fetch_flight *f = await_targets(k) ? take_turn(k, number > 1) : NULL;
        *kept = f;
        if (f == NULL)
            return NULL;
        flight_start(f);
        fetch_attempt *a = await(k, f);
        if (a->is_streamed && !a->is_done)
            return a; /* stream.c ends the flight */
        bool again = must_retry(k, a, number, &delay_ms);
        if (!a->is_streamed || again || a->error != TERN_FETCH_OK)
            flight_end(f, outcome_of(f, a));
        if (!again)
            return a;
        wait_before_retry(delay_ms);
    }
}

/* -- replies -- */

static bool is_redirect(const fetch_attempt *a)
{
    return a->error == TERN_FETCH_OK &&
           (a->status == 301 || a->status == 302 || a->status == 303 || a->status == 307 || a->status == 308);
}

/* Sends the message, and what redirects make of it. */
static fetch_attempt *send_all(fetch_call *k, fetch_flight **f)
{
    for (;;) {
        tern_fetch_error error;
        fetch_attempt *a = send_message(k, f);
        if (a == NULL || !is_redirect(a) || k->message->options->redirects < 0)
            return a;
        const char *location = attempt_header(a, "location");
        if (*location == '\0')
            return a;
        if (k->redirects_left-- == 0) {
            note(k, TERN_FETCH_REDIRECTS,
                 tern_sprintf(k->c, "it redirects more than %d times, last to %.200s",
                              k->message->options->redirects > 0 ? k->message->options->redirects : 5,
                              location));
            return a;
        }
        if (k->service != NULL) { /* it is followed at the target that replied, and never names a service */
            k->message->target = *a->target;
            k->service = NULL;
        }
        const char *problem = message_redirect(k->message, k->c, a->status, location, &error);
        if (problem != NULL) {
            note(k, error, problem);
            return a;
        }
        flight_end(*f, HOST_WORKED);
    }
}

static void split_headers(tern_ctx *c, tern_fetched *reply, char *text, size_t len)
{
    unsigned count = 0;
    for (size_t i = 0; i < len; i++)
        count += text[i] == '\n';
    if (count == 0)
        return;
    tern_fetch_header *list = tern_alloc(c, count * sizeof *list);
    reply->headers = list;
    for (char *at = text, *end = text + len; at < end;) {
        char *lf = memchr(at, '\n', (size_t)(end - at));
        if (lf == NULL)
            break;
        char *last = lf, *colon = memchr(at, ':', (size_t)(lf - at));
        if (colon != NULL) {
            char *value = colon + 1;
            while (value < lf && (*value == ' ' || *value == '\t'))
                value++;
            while (last > value && (last[-1] == '\r' || last[-1] == ' ' || last[-1] == '\t'))
                last--;
            *colon = *last = '\0';
            list[reply->header_count++] = (tern_fetch_header){at, value};
        }
        at = lf + 1;
    }
}

static const char *line_of_faults(tern_ctx *c, const tern_faults *faults)
{
    buf text = {.limit = 1024};
    faults_print(faults, &text);
    while (text.len > 0 && text.data[text.len - 1] == '\n')
        text.data[--text.len] = '\0';
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '\n')
            text.data[i] = ';';
    const char *line =
        tern_sprintf(c, "its JSON is not what was expected: %s", text.len != 0 ? text.data : "out of memory");
    buf_free(&text);
    return line;
}

static void decode(fetch_call *k)
{
    static const place reply_place = {.name = "reply"};
    const tern_type *type = k->message->options->into;
    tern_fetched *reply = k->reply;
    if (reply->status < 200 || reply->status > 299) {
        note(k, TERN_FETCH_STATUS,
             tern_sprintf(k->c, "it replied %d %s", reply->status, tern_status_text(reply->status)));
        return;
    }
    if (reply->body.len == 0) {
        note(k, TERN_FETCH_NOT_VALID,
             tern_sprintf(k->c, "its reply, %d, has no body, so no JSON", reply->status));
        return;
    }
    bind_need_plan(k->c, type);
    void *value = tern_alloc(k->c, type->size);
    tern_faults faults;
    const json_limits limits = {.is_reply = true};
    faults_init(&faults, ctx_arena(k->c));
    if (json_decode(type, value, reply->body, &limits, &reply_place, ctx_arena(k->c), &faults))
        reply->value = value;
    else if (faults.is_memory_short)
        note(k, TERN_FETCH_NO_MEMORY, "its JSON needs more memory than allowed");
    else
        note(k, TERN_FETCH_NOT_VALID, line_of_faults(k->c, &faults));
}

static void take_reply(fetch_call *k, fetch_attempt *a, fetch_flight *f)
{
    tern_fetched *reply = k->reply;
    const tern_fetch_options *o = k->message->options;
    if (a->error != TERN_FETCH_OK)
        note(k, a->error, a->problem);
    reply->url = a->target->url;
    reply->status = reply->error == TERN_FETCH_OK ? a->status : 0;
    if (reply->error == TERN_FETCH_OK) {
        split_headers(k->c, reply, a->head, a->head_len);
        if (a->body != NULL)
            a->body[a->body_len] = '\0';
        reply->body = (tern_str){a->body != NULL ? a->body : "", a->body_len};
    }
    if (reply->error == TERN_FETCH_OK && o->stream)
        stream_open(k->c, reply, f);
    else
        flight_end(f, outcome_of(f, a));
    if (reply->error == TERN_FETCH_OK && o->into != NULL && !o->stream)
        decode(k);
}

/* The time of the call ends before the request's own does, so that the error can still be reported. */
static void set_time(fetch_call *k)
{
    enum { MARGIN_MS = 20 };
    const fetch_message *m = k->message;
    uint64_t now_ms = loop_self.now_ms, request_ms = k->c->x->deadline_ms;
    k->timeout_ms = m->options->timeout_ms != 0 ? m->options->timeout_ms : m->settings->timeout_ms;
    if (request_ms > now_ms && request_ms - now_ms < k->timeout_ms + MARGIN_MS)
        k->timeout_ms = request_ms - now_ms > 2 * MARGIN_MS ? (unsigned)(request_ms - now_ms) - MARGIN_MS
                                                            : (unsigned)(request_ms - now_ms) / 2;
    k->at_ms = loop_after_ms(k->timeout_ms);
}

/* A URL that a user gives, .public_only, names no service. */
static const char *find_service(fetch_call *k)
{
    const fetch_target *t = &k->message->target;
    if (k->message->options->public_only || t->port != (t->is_tls ? 443 : 80))
        return NULL;
    k->service = service_of(k->c->app, t->host);
    if (k->service != NULL && k->service->srv != NULL && fetch_stub_start != NULL)
        k->service = NULL; /* a test's stubs reply by the URL, and need no name server */
    if (k->service == NULL || !t->is_tls)
        return NULL;
    return tern_sprintf(k->c, "%s is a service: call http://%s/..., its targets say whether TLS is used",
                        t->host, t->host);
}

static void check_stubs(fetch_call *k)
{
    if (k->c->app->testing == NULL || fetch_stub_start != NULL)
        return;
    note(k, TERN_FETCH_WRONG,
         "a test calls no network: add tern_stub_fetch(t, ...) or tern_fetch_allow(t) of tern/fetch_test.h");
    fetch_fail(k->c, TERN_FETCH_WRONG, k->reply->problem);
}

tern_fetched *tern_fetch_with(tern_ctx *c, const char *url, const tern_fetch_options *options, bool fails)
{
    budget_spend(BUDGET_STATEMENT);
    fetch_call k = {.c = c};
    fetch_flight *f = NULL;
    k.reply = tern_alloc(c, sizeof *k.reply);
    k.message = tern_alloc(c, sizeof *k.message);
    tern_fetch_options *own = tern_alloc(c, sizeof *own);
    *own = *options;
    if (own->stream)
        own->into = NULL;
    k.retries_left = own->retries == 0 ? 2 : own->retries;
    k.redirects_left = own->redirects == 0 ? 5 : own->redirects;
    const char *problem = message_make(k.message, c, url, own, &fetch_settings);
    if (problem == NULL)
        problem = find_service(&k);
    if (problem != NULL) {
        note(&k, TERN_FETCH_WRONG, problem);
    } else {
        check_stubs(&k);
        set_time(&k);
        fetch_attempt *a = send_all(&k, &f);
        if (a != NULL)
            take_reply(&k, a, f);
    }
    k.reply->attempts = k.attempts;
    k.reply->ok = k.reply->error == TERN_FETCH_OK && k.reply->status >= 200 && k.reply->status <= 299;
    if (fails && k.reply->error != TERN_FETCH_OK)
        fetch_fail(c, k.reply->error, k.reply->problem);
    return k.reply;
}

const char *tern_fetch_header_of(const tern_fetched *reply, const char *name)
{
    for (unsigned i = 0; i < reply->header_count; i++)
        if (strcasecmp(reply->headers[i].name, name) == 0)
            return reply->headers[i].value;
    return NULL;
}
