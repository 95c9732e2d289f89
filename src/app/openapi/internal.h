/** Shared by the files that write the OpenAPI document. */
#ifndef APP_OPENAPI_INTERNAL_H
#define APP_OPENAPI_INTERNAL_H

#include "app/bind/bind.h"
#include "app/openapi/openapi.h"
#include "app/router/pattern.h"
#include "schema/json/schema.h"

#include <tern/openapi.h>

/** A scheme from tern_security. */
typedef struct openapi_scheme {
    struct openapi_scheme *next;
    const char *name;
    tern_security_options options;
} openapi_scheme;

/** A route that the document shows. */
typedef struct openapi_operation {
    const route *route;
    /* the first operation with this path, whose parameter names the path uses; itself for the first */
    struct openapi_operation *path;
    struct openapi_operation *next; /* the next with the same path, in order of registration */
    struct openapi_operation *last; /* in a path's first operation: the newest with this path */
    const char *id;
} openapi_operation;

typedef struct openapi_document {
    const tern_app *app;
    arena memory; /* of the names and lists below */
    schema_set schemas;
    openapi_operation *operations; /* in order of registration */
    unsigned count;
    bool is_3_2;                              /* and not 3.1 */
    bool has_problem, has_validation_problem; /* some operation replies with problem details of that kind */
} openapi_document;

/** Fills in the operations, their types and names; false when out of memory. (collect.c) */
bool openapi_collect(openapi_document *doc);
/** Prints one operation's object. (operation.c) */
void openapi_print_operation(const openapi_document *doc, const openapi_operation *operation, buf *out);
/** "/todos/{id}", with the names of the path's first operation. (operation.c) */
void openapi_print_path(const openapi_operation *operation, buf *out);
/** Adds the types of the route's reply headers and kinds of problems to the document. (details.c) */
void openapi_add_route_types(openapi_document *doc, const route *r);
/** Adds a line for each mistake in .problems, .reply_headers and .examples. (details.c) */
bool openapi_check_route(const tern_app *app, const route *r, buf *problems);
/** The member "examples" of a body (status 0), a reply, or a parameter, if the route has some. (details.c) */
void openapi_print_examples(const route *r, const char *parameter, size_t len, int status, buf *out);
/** The schema of a reply of problem details: the route's kinds of problems with this status, and any other of
 * `component`. (details.c) */
void openapi_print_problem_schema(const openapi_document *doc, const route *r, int status,
                                  const char *component, buf *out);
/** Marks the statuses of the kinds of problems in .problems; number 0 is status 400. (details.c) */
void openapi_mark_problem_types(const tern_app *app, const route *r, bool *may_occur);
/** Prints the member "servers" of an operation whose route has a host: "//{user}.example.com", with a variable for
 * each parameter. (host.c) */
void openapi_print_host(const openapi_document *doc, const route *r, buf *out);
/** Whether OpenAPI describes a field of the input elsewhere (Authorization, Accept, Content-Type) and ignores
 * it as a parameter. (operation.c) */
bool openapi_is_left_out(const bind_field *field);
/** Whether the operation only reads, so that conditions make its reply a 304. (replies.c) */
bool openapi_is_read(const route *r);
/** Prints the member "responses" of an operation. (replies.c) */
void openapi_print_replies(const openapi_document *doc, const openapi_operation *o, buf *out);
/** Adds a line for each piece of the route's middleware whose .answers is not a list of statuses, once.
 * (replies.c) */
bool openapi_check_middleware(const route *r, buf *problems);
/** The expression of all values of a parameter of a route; its data is NULL if there is none. (operation.c) */
tern_str openapi_rule_of(const pattern_piece *piece);
/** Whether the success of the route has a body that the document describes. (replies.c) */
bool openapi_has_content(const tern_route_options *options);
enum { OPENAPI_ANY_OTHER = 0, OPENAPI_PROBLEMS = 201 /* 400 to 599, and any other */ };
/** The statuses of a route's documented problems, the last of them OPENAPI_ANY_OTHER; returns their count.
 * (replies.c) */
unsigned openapi_problems(const tern_app *app, const route *r, int statuses[OPENAPI_PROBLEMS]);
/** The next name of a list like "todos, admin"; false at its end. */
bool openapi_next_word(const char **at, tern_str *word);
/** Adds a line for each unknown scheme in the .security of a route or provider. (security.c) */
bool openapi_check_security(const tern_app *app, buf *problems);
/** The array of a list of names: `[{"token":[]}]`, any one of which suffices. (security.c) */
void openapi_print_security(const char *names, buf *out);
/** The member "security" of an operation, if it has one: from the route, otherwise from its providers, all of
 * which are needed, otherwise from the middleware that identifies. (security.c) */
void openapi_print_route_security(const openapi_document *doc, const route *r, buf *out);
/** Whether the route needs a tern_security, by its own options, its providers' or the application's.
 * (security.c) */
bool openapi_needs_security(const tern_app *app, const route *r);
/** The members of components/securitySchemes. (security.c) */
void openapi_print_schemes(const tern_app *app, bool is_3_2, buf *out);
/** Takes the first word of a need ("login orders:read"): its scheme, then each scope. (security.c) */
tern_str openapi_next_scope(tern_str *need);
/** A copy of a list that lives as long as the application; NULL for none. (flows.c) */
const tern_scope *openapi_keep_scopes(tern_app *app, const tern_scope *scopes);
/** What the options of an OAuth 2 scheme lack; NULL if nothing. (flows.c) */
const char *openapi_flows_need(const tern_security_options *o);
/** Adds a line for each of the scopes that the scheme does not have. (flows.c) */
bool openapi_check_scopes(const openapi_scheme *scheme, tern_str scopes, const char *whose, buf *problems);
/** The member "flows" of an OAuth 2 scheme. (flows.c) */
void openapi_print_flows(const tern_security_options *o, bool is_3_2, buf *out);

#endif
