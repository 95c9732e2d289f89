/**
 * Providers: the dependencies of handlers (tern/provide.h).
 *
 * Which providers a route needs, in which order, and with which arguments is decided once, at start, in a
 * plan for the route; a request only makes the calls. A route without providers has no plan and pays nothing:
 * the plan replaces the handler's function in the route.
 */
#ifndef APP_PROVIDE_H
#define APP_PROVIDE_H

#include "app/bind/bind.h"

enum { PROVIDE_STEPS_MAX = 32, PROVIDE_PAIRS_MAX = 7 };

/** One provider of a route. The providers that it takes are earlier steps. */
typedef struct provide_step {
    const tern_provider *provider;         /* the provider called: in tests maybe a replacement */
    const bind_plan *bind;                 /* how its input is filled; NULL: no input */
    unsigned char from[PROVIDE_PAIRS_MAX]; /* for each pair except the input: the step whose value it gets */
    bool has_value;                        /* a test gives the value; nothing is called */
    const void *value;
} provide_step;

typedef struct provide_plan {
    provide_step *steps; /* in the order in which they are called */
    unsigned count;
    unsigned char from[PROVIDE_PAIRS_MAX]; /* for each pair of the handler except its input */
    tern_reply (*run)(tern_ctx *c);        /* the handler's own function */
} provide_plan;

/** A provider that a test has replaced. */
typedef struct provide_replacement {
    struct provide_replacement *next;
    const tern_provider *of;
    const tern_provider *by; /* NULL: replaced by `value` */
    const void *value;
    const char *file; /* of the replacing call */
    int line;
    bool is_needed; /* set while plans are made: some route would need `of` if nothing were replaced */
} provide_replacement;

/** The functions for programs with providers: every provider points to them, so that other programs do not
 * link them. */
struct tern_provider_means {
    /**
     * Plans the providers of `r`: those of `needs` (NULL-ended; groups' and route's, outermost first) and
     * those that the handler takes, each once and after those that it takes itself. False with lines in
     * `problems`: a ring, too many, an input that cannot be filled, two inputs that need one parameter with
     * two types. With a plan, r->handler.run calls the providers and then the handler.
     */
    bool (*plan)(tern_app *app, route *r, const tern_provider *const *needs, buf *problems);
};

/** Whether two fields of a route's inputs are one parameter of the request. (plan.c) */
bool provide_is_one_place(const bind_field *a, const bind_field *b);
/** The provider that is called for `provider`: itself, or its replacement. (plan.c) */
const tern_provider *provide_instead_of(const tern_app *app, const tern_provider *provider);
/** Calls the providers of the route and then its handler. (provide.c) */
tern_reply provide_run(tern_ctx *c);

/** The inputs of a route: number 0 is the handler's, the others its providers'. NULL where there is no input.
 * (provide.c) */
unsigned provide_input_count(const route *r);
const bind_plan *provide_input(const route *r, unsigned number);
/** Whether the route's handler or one of its providers has an input. (provide.c) */
bool provide_has_input(const route *r);

/** "401, 404" at *at: the next status, 0 at the end, -1 for text that is not a status of 400 to 599; *at is
 * past it. (provide.c) */
int provide_next_status(const char **at);

#endif
