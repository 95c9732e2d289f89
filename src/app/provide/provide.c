/**
 * The providers of a request.
 *
 * Hot path: provide_run, with one call for each provider of the route, in the plan's order.
 */
#include "app/provide/provide.h"

#include <tern/log.h>

#include <stdlib.h>
#include <string.h>

void *const *tern_given_(tern_ctx *c)
{
    return c->given;
}

void *tern_given_1_(tern_ctx *c, const tern_provider *provider)
{
    (void)provider;
    return c->given[0];
}

/** The state of one request. */
typedef struct providing {
    tern_ctx *c;
    const provide_plan *plan;
    tern_faults faults; /* of all inputs so far */
    void **values;      /* the values of the steps so far, in the request's memory */
    void *(*read)(tern_ctx *c, const bind_plan *plan, tern_faults *faults); /* of those that have an input */
    uint32_t missing; /* one bit for each step that could not be called */
} providing;

static _Noreturn void fail_null(tern_ctx *c, const tern_provider *p)
{
    char label[160];
    tern_log(TERN_LOG_ERROR, "%s: provider %s (%s:%d) returned NULL, and is not .optional",
             ctx_route_label(c, label, sizeof label), p->name, p->file, p->line);
    ctx_fail(c, 500, NULL);
}

/** Collects the arguments of pairs; false when a step that one of them needs could not be called. */
static bool collect(const providing *p, const tern_provider *const *takes, unsigned pairs,
                    const unsigned char *from, void **given)
{
    bool is_whole = true;
    for (unsigned i = 0; i < pairs; i++) {
        if (takes[i] == NULL)
            continue;
        given[i] = p->values[from[i]];
        is_whole &= (p->missing >> from[i] & 1) == 0;
    }
    return is_whole;
}

/** Reads the step's input and calls its provider; without a valid input, or a provider that it takes, its
 * value is missing. */
static void take_step(providing *p, unsigned number)
{
    const provide_step *step = &p->plan->steps[number];
    const tern_provider *provider = step->provider;
    void *given[PROVIDE_PAIRS_MAX];
    if (step->has_value) {
        p->values[number] = (void *)(uintptr_t)step->value;
        return;
    }
    given[0] = step->bind != NULL ? provider->read(p->c, step->bind, &p->faults) : NULL;
    bool is_right = step->bind == NULL || given[0] != NULL;
    if (!is_right)
        p->read = provider->read;
    bool is_whole = collect(p, provider->takes, provider->pairs, step->from, given);
    if (!is_right || !is_whole) {
        p->missing |= 1U << number;
        return;
    }
    p->values[number] = provider->give(p->c, given);
    if (p->values[number] == NULL && !provider->options.optional && !provider->is_check)
        fail_null(p->c, provider);
}

/** Ends the request with the faults of all inputs, the handler's too. Only an upload is not read for that. */
static _Noreturn void fail_all(providing *p)
{
    const bind_plan *own = p->c->match.route->bind;
    if (own != NULL && !own->has_uploads)
        p->read(p->c, own, &p->faults);
    bind_fail_faults(p->c, &p->faults);
    ctx_fail(p->c, 500, NULL); /* not reached: there are faults */
}

tern_reply provide_run(tern_ctx *c)
{
    const tern_handler *handler = &c->match.route->handler;
    providing p = {.c = c, .plan = c->match.route->provide};
    void *given[PROVIDE_PAIRS_MAX];
    c->provided = NULL;
    c->provided = p.values = tern_alloc(c, p.plan->count * sizeof *p.values);
    faults_init(&p.faults, ctx_arena(c));
    for (unsigned i = 0; i < p.plan->count; i++)
        take_step(&p, i);
    if (p.missing != 0)
        fail_all(&p);
    collect(&p, handler->takes, handler->pairs, p.plan->from, given);
    c->given = given;
    return p.plan->run(c);
}

static int find_step(const provide_plan *plan, const tern_provider *called)
{
    for (unsigned i = 0; plan != NULL && i < plan->count; i++)
        if (plan->steps[i].provider == called)
            return (int)i;
    return -1;
}

void *tern_provided_(tern_ctx *c, const tern_provider *provider)
{
    const route *r = c->match.route;
    char label[160];
    int number = r != NULL ? find_step(r->provide, provide_instead_of(c->app, provider)) : -1;
    if (number < 0) {
        tern_log(TERN_LOG_ERROR,
                 "%s: the value of provider %s was requested, but the route does not need it (.needs)",
                 ctx_route_label(c, label, sizeof label), provider->name);
        ctx_fail(c, 500, NULL);
    }
    /* c->next is set while the outer middleware is still running. */
    return c->next == NULL && c->provided != NULL ? c->provided[number] : NULL;
}

/* -- for callers that read all inputs of a route -- */

unsigned provide_input_count(const route *r)
{
    return 1 + (r->provide != NULL ? r->provide->count : 0);
}

const bind_plan *provide_input(const route *r, unsigned number)
{
    return number == 0 ? r->bind : r->provide->steps[number - 1].bind;
}

bool provide_has_input(const route *r)
{
    bool has = false;
    for (unsigned i = 0; i < provide_input_count(r); i++)
        has |= provide_input(r, i) != NULL;
    return has;
}

int provide_next_status(const char **at)
{
    const char *from = *at + strspn(*at, ", ");
    size_t len = strcspn(from, ", ");
    *at = from + len;
    if (len == 0)
        return 0;
    if (len != 3 || strspn(from, "0123456789") < len)
        return -1;
    int status = (int)strtol(from, NULL, 10);
    return status >= 400 && status <= 599 ? status : -1;
}
