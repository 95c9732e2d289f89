/* One case: a fresh application, requests that create rows, and then the requests under test. */
#include "app/fuzz/internal.h"
#include "runtime/crash.h"
#include "runtime/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROAMED = 120 };

/* -- one request -- */

static void hold(fuzz_case *c, const fuzz_exchange *e, fuzz_promise promise, uint32_t index, bool is_pair)
{
    fuzz_breach breach;
    if (fuzz_is_broken(e, promise, &breach))
        fuzz_case_report(c, &breach, index, is_pair);
}

static void hold_secrets(fuzz_case *c, fuzz_exchange e, uint32_t index)
{
    for (const fuzz_known *secret = c->maker.secrets; secret != NULL; secret = secret->next) {
        e.want = secret->value;
        e.field = secret->name;
        hold(c, &e, FUZZ_KEEPS_SECRET, index, false);
    }
}

static void hold_all(fuzz_case *c, fuzz_exchange e, const fuzz_expect *expected, uint32_t index)
{
    static const fuzz_promise always[] = {FUZZ_ANSWERS, FUZZ_NO_5XX, FUZZ_RETURNS, FUZZ_DOCUMENTED,
                                          FUZZ_ALLOW};
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        hold(c, &e, always[i], index, false);
    hold_secrets(c, e, index);
    if (expected == NULL || (e.answer != NULL && e.answer->status >= 500))
        return;
    e.want = expected->location;
    e.field = expected->field;
    if (expected->verdict == FUZZ_VALID)
        hold(c, &e, FUZZ_TAKES_VALID, index, false);
    else if (expected->verdict == FUZZ_INVALID && (e.route->provide == NULL || !e.may_be_shadowed))
        hold(c, &e, FUZZ_NAMES_FIELD, index, false);
    else if (expected->verdict == FUZZ_BROKEN)
        hold(c, &e, FUZZ_REFUSES_BROKEN, index, false);
}

static void count(fuzz_case *c, uint32_t index, const tern_answer *a)
{
    fuzz_shared *shared = c->run->shared;
    bool is_taken = a != NULL && a->status >= 200 && a->status <= 399;
    if (index >= FUZZ_ROUTES_MOST)
        return;
    shared->taken_of[index] += is_taken;
    shared->taken += is_taken;
    if (a != NULL && !is_taken)
        shared->status_of[index] = (uint16_t)a->status;
}

/** Sends a request and checks the reply against all promises; returns its status, 0 without a reply.
 * `shadow`: the status of the valid request; -1 when unknown. */
static int ask(fuzz_case *c, const fuzz_request *request, uint32_t index, const fuzz_expect *expected,
               int shadow)
{
    const char *wrong;
    fuzz_step step = fuzz_render(c->arena, request, c->run->headers);
    if (index < FUZZ_ROUTES_MOST)
        c->run->shared->asked[index]++; /* counted before sending: the request may end the process */
    tern_answer *a = fuzz_case_send(c, &step, index, &wrong);
    if (a == NULL && wrong == NULL)
        return 0;
    count(c, index, a);
    const fuzz_exchange e = {.route = request->route,
                             .method = request->method,
                             .answer = a,
                             .wrong = wrong,
                             .shadow = shadow,
                             .may_be_shadowed = shadow < 0};
    hold_all(c, e, expected, index);
    if (a != NULL && (expected == NULL || expected->verdict == FUZZ_VALID || a->status <= 299))
        fuzz_learn(&c->memory, c->run->app, request, a);
    if (a != NULL && a->status == 404 && expected == NULL)
        fuzz_forget(&c->memory, step.path);
    return a != NULL ? a->status : 0;
}

static const fuzz_expect valid = {.verdict = FUZZ_VALID, .location = "[]", .field = ""};

/** Sends a valid request; 0 when none could be made. */
static int ask_valid(fuzz_case *c, uint32_t index, bool is_full)
{
    c->maker.is_full = is_full;
    c->maker.format = FUZZ_JSON;
    fuzz_request request = fuzz_make(&c->maker, router_at(c->run->app->router, index));
    return c->maker.is_stuck ? 0 : ask(c, &request, index, &valid, 0);
}

/* -- the initial rows -- */

static bool is_method(const route *r, const char *method)
{
    return strcmp(r->method_name, method) == 0;
}

static bool is_primed(const fuzz_case *c, uint32_t index)
{
    const route *r = router_at(c->run->app->router, index);
    return index < FUZZ_ROUTES_MOST && fuzz_is_asked(c->run, r) && !c->run->is_deadly[index];
}

/** Creates rows by every route that can, again by those that needed the rows of others, and reads lists. */
static void prime(fuzz_case *c)
{
    enum { TRIES = 3, PASSES = 2 };
    unsigned routes = router_count(c->run->app->router);
    bool *is_done = test_need(arena_alloc(c->arena, routes * sizeof *is_done));
    memset(is_done, 0, routes * sizeof *is_done);
    for (unsigned pass = 0; pass < PASSES; pass++) {
        for (uint32_t i = 0; i < routes && !c->is_full; i++) {
            const route *r = router_at(c->run->app->router, i);
            bool is_list = (is_method(r, "GET") || is_method(r, "QUERY")) && r->param_count == 0 && pass == 0;
            if (is_done[i] || !is_primed(c, i) || (!is_method(r, "POST") && !is_list))
                continue;
            for (unsigned tries = 0; tries < TRIES && !is_done[i]; tries++) {
                int status = ask_valid(c, i, tries == 0);
                is_done[i] = status >= 200 && status <= 299;
            }
        }
    }
}

static void begin_part(fuzz_case *c, uint64_t part)
{
    c->maker.random = fuzz_split(c->run->seed, part);
}

/* -- every edge of a route -- */

static bool is_known(fuzz_case *c, const route *r)
{
    fuzz_maker *k = &c->maker;
    return r->param_count == 0 || k->memory->paths != NULL;
}

static void sweep(fuzz_case *c)
{
    fuzz_shared *shared = c->run->shared;
    uint32_t index = c->job->route;
    const route *r = router_at(c->run->app->router, index);
    prime(c);
    begin_part(c, (uint64_t)index << 32 | 1);
    bool is_removing = is_method(r, "DELETE");
    int shadow = ask_valid(c, index, true);
    for (uint32_t n = c->job->number; n < c->job->number + FUZZ_CHUNK && !c->is_full; n++) {
        fuzz_expect expected;
        shared->progress = n;
        begin_part(c, (uint64_t)index << 32 | (n + 2));
        if (is_removing && !is_known(c, r))
            prime(c);
        c->maker.is_full = true;
        c->maker.format = FUZZ_JSON;
        fuzz_request request = fuzz_make(&c->maker, r);
        if (c->maker.is_stuck && index < FUZZ_ROUTES_MOST)
            shared->is_stuck[index] = true;
        if (c->maker.is_stuck || !fuzz_mutate(&c->maker, &request, n, &expected)) {
            shared->is_swept = true;
            return;
        }
        ask(c, &request, index, &expected, shadow);
    }
}

/* -- HEAD and other methods -- */

static tern_answer *send_plain(fuzz_case *c, fuzz_step step, const char *method, uint32_t index,
                               const char **wrong)
{
    step.method = method;
    if (strcmp(method, "HEAD") == 0) {
        step.type = NULL;
        step.body = (tern_str){NULL, 0};
    }
    return fuzz_case_send(c, &step, index, wrong);
}

static void compare_head(fuzz_case *c, uint32_t index, fuzz_step step, const route *r)
{
    const char *wrong;
    tern_answer *first = send_plain(c, step, "GET", index, &wrong),
                *second = send_plain(c, step, "GET", index, &wrong);
    if (first == NULL || second == NULL || first->status != second->status || first->len != second->len ||
        memcmp(first->body, second->body, first->len) != 0)
        return; /* a different reply each time: nothing to compare */
    tern_answer *head = send_plain(c, step, "HEAD", index, &wrong);
    if (head == NULL && wrong == NULL)
        return;
    const fuzz_exchange e = {.route = r, .method = "HEAD", .answer = head, .wrong = wrong, .before = second};
    hold(c, &e, FUZZ_HEAD, index, true);
    hold(c, &e, FUZZ_ANSWERS, index, false);
}

/** Requests a path by methods that it does not have. */
static void ask_others(fuzz_case *c, uint32_t index, const route *r, fuzz_step step)
{
    static const char *const methods[] = {"PATCH", "PUT",     "DELETE", "POST",
                                          "GET",   "OPTIONS", "PURGE",  "QUERY"};
    tern_str path = {step.path, strcspn(step.path, "?")};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        const char *wrong;
        route_match match;
        tern_str name = {methods[i], strlen(methods[i])};
        route_found found = router_match(c->run->app->router, http_method_of(name.data, name.len), name,
                                         TERN_STR("localhost"), path, &match);
        if (found != ROUTE_WRONG_METHOD)
            continue;
        tern_answer *a = send_plain(c, step, methods[i], index, &wrong);
        const fuzz_exchange e = {.route = r, .method = methods[i], .answer = a, .wrong = wrong};
        if (a == NULL && wrong == NULL)
            return;
        hold(c, &e, FUZZ_ANSWERS, index, false);
        hold(c, &e, FUZZ_NO_5XX, index, false);
        hold(c, &e, FUZZ_ALLOW, index, false);
    }
}

/** Does this for as many routes as fit in a case, from the job's route. */
static void other_methods(fuzz_case *c)
{
    enum { STEPS = 250 };
    fuzz_shared *shared = c->run->shared;
    unsigned routes = router_count(c->run->app->router);
    prime(c);
    uint32_t begun = shared->steps;
    for (uint32_t index = c->job->route; index < routes && !c->is_full && shared->steps < begun + STEPS;
         index++) {
        const route *r = router_at(c->run->app->router, index);
        shared->progress = index + 1;
        if (!is_primed(c, index) || !fuzz_is_aimed_at(c->run, r))
            continue;
        begin_part(c, (uint64_t)index << 32 | 0x40000000);
        c->maker.is_full = false;
        fuzz_request request = fuzz_make(&c->maker, r);
        if (c->maker.is_stuck)
            continue;
        fuzz_step step = fuzz_render(c->arena, &request, c->run->headers);
        if (is_method(r, "GET"))
            compare_head(c, index, step, r);
        ask_others(c, index, r, step);
    }
}

/* -- random requests, in any order -- */

static bool is_form(const route *r)
{
    const tern_type *body = r->bind != NULL ? r->bind->body : NULL;
    for (unsigned i = 0; body != NULL && i < body->field_count; i++) {
        const tern_type *type = body->fields[i].type;
        if (type->kind == TERN_KIND_LIST)
            type = type->item;
        if (type->kind >= TERN_KIND_MODEL || type->kind == TERN_KIND_ANY)
            return false;
    }
    return body != NULL;
}

static void roam(fuzz_case *c)
{
    enum { FEW = 24, MANY = 240 };
    unsigned routes = router_count(c->run->app->router);
    begin_part(c, UINT64_C(1) << 62 | c->job->number);
    prime(c);
    for (unsigned i = 0; i < ROAMED && !c->is_full; i++) {
        fuzz_maker *k = &c->maker;
        fuzz_expect expected = valid;
        uint32_t index = (uint32_t)fuzz_below(&k->random, routes);
        const route *r = router_at(c->run->app->router, index);
        if (!is_primed(c, index))
            continue;
        bool is_changed = fuzz_once_in(&k->random, 2);
        k->is_full = is_changed; /* changes are counted from a full request */
        k->format = is_form(r) && fuzz_once_in(&k->random, 4) ? FUZZ_FORM : FUZZ_JSON;
        fuzz_request request = fuzz_make(k, r);
        if (k->is_stuck)
            continue;
        unsigned way = (unsigned)fuzz_below(&k->random, fuzz_once_in(&k->random, 2) ? FEW : MANY);
        if (is_changed && !fuzz_mutate(k, &request, way, &expected))
            expected = valid;
        ask(c, &request, index, &expected, -1);
    }
}

/* -- the process -- */

static void start_app(fuzz_case *c)
{
    fuzz_run *run = c->run;
    c->t->app = run->app;
    if (!loop_open() || !app_start(run->app, run->settings))
        tern_test_fail_at(run->options->file, run->options->line, "the application cannot start");
}

void fuzz_case_run(fuzz_run *run, const fuzz_job *job, tern_test *t)
{
    fuzz_case c = {.run = run, .job = job, .t = t, .arena = &t->arena};
    fuzz_shared *shared = run->shared;
    c.memory.arena = c.arena;
    c.maker = (fuzz_maker){.arena = c.arena, .memory = &c.memory};
    c.locations = test_need(arena_alloc(c.arena, FUZZ_STEPS_MOST * sizeof *c.locations));
    begin_part(&c, 0);
    start_app(&c);
    if (run->options->before != NULL)
        run->options->before(t);
    shared->has_before = t->sent > 0 || t->headers != NULL || t->cookies != NULL;
    switch (job->kind) {
    case FUZZ_SWEEP:
        sweep(&c);
        break;
    case FUZZ_METHODS:
        other_methods(&c);
        break;
    case FUZZ_WALK:
        prime(&c);
        fuzz_case_walk(&c);
        break;
    case FUZZ_ROAM:
        roam(&c);
        break;
    case FUZZ_REPLAY:
        fuzz_case_replay(&c);
        break;
    }
    test_close(t);
    arena_free(&t->arena);
    shared->has_ended = true;
    exit(0); /* with the leak check, in builds that have one */
}
