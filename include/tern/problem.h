/**
 * Errors as clients see them: problem details (RFC 9457), or the application's own shape.
 *
 *     TERN_MODEL(ApiError, (tern_text_list_map, errors))
 *
 *     static tern_reply api_error(tern_ctx *c, const tern_problem *problem)
 *     {
 *         ApiError body = {.errors = tern_problem_by_field(c, problem)};
 *         return tern_json(c, ApiError, &body); // {"errors":{"email":["is taken"]}}
 *     }
 *     tern_on_problem(app, api_error, .returns = TERN_TYPE(ApiError));
 *
 * A problem is what tern_fail says, what is wrong with an input, what the database refuses, a path that no
 * route has, a request that is not HTTP, a request that took too long. A reply with a status of 400 or more
 * that a handler makes itself is not a problem.
 */
#ifndef TERN_PROBLEM_H
#define TERN_PROBLEM_H

#include <tern/model.h>
#include <tern/reply.h>

#include <stddef.h>

typedef struct tern_app tern_app;
typedef struct tern_group tern_group;

typedef struct tern_problem {
    int status;         /* 400 to 599; 0: that of the tern_problem_type of `type` */
    const char *type;   /* a URI that names the kind of problem; NULL: "about:blank", the status says all */
    const char *title;  /* NULL: the status's own ("Not Found") */
    const char *detail; /* what went wrong this time, for people; NULL without more to say */
    const tern_fault *faults; /* what is wrong with the input, at most 100; NULL without any */
    size_t fault_count;
    /* more members of the reply: TERN_MEMBERS(OutOfStock, &more); NULL: none */
    const tern_type *members_type;
    const void *members;
    const char *(*print_members)(tern_ctx *c, const tern_type *type, const void *members);
    const char *members_json; /* the same as JSON, in a problem that Tern hands over; NULL: none */
} tern_problem;
/** In a tern_problem, its own members besides those of RFC 9457:
 * `tern_fail_with(c, &(tern_problem){.type = OUT_OF_STOCK, TERN_MEMBERS(OutOfStock, &(OutOfStock){.left = 2})})`. */
#define TERN_MEMBERS(Model, ...)                                                                             \
    .members_type = TERN_TYPE(Model), .members = (const Model *)(__VA_ARGS__),                               \
    .print_members = tern_print_members_
const char *tern_print_members_(tern_ctx *c, const tern_type *type, const void *members);

/* -- making one -- */

/** Ends the handler with a problem, as tern_fail does. What `problem` points to is copied. A status outside
 * of 400 to 599 is a mistake of the program: it is logged, and 500 is sent. */
_Noreturn void tern_fail_with(tern_ctx *c, const tern_problem *problem);

/**
 * Ends the handler with one fault of the input: `tern_fail_field(c, 422, "email", "taken", "is taken")`.
 *
 * @param field  the field of the handler's input, by its name in C or outside; its location in the reply says
 * whether it came in the body, the query or the path. A name that is not a field is taken as one of the body;
 * NULL is the body as a whole.
 * @param code   for programs; "taken".
 */
_Noreturn void tern_fail_field(tern_ctx *c, int status, const char *field, const char *code,
                               const char *format, ...) __attribute__((format(printf, 5, 6)));

/** The reply of a problem, in the application's shape. Headers that are set stay set, which tern_fail drops:
 * `tern_set_header(c, "WWW-Authenticate", "Bearer"); return tern_problem_reply(c, &(tern_problem){401});` */
tern_reply tern_problem_reply(tern_ctx *c, const tern_problem *problem) TERN_TO_RETURN_;
/** The reply of a problem as application/problem+json, also in an application with its own shape: for a
 * function of tern_on_problem that leaves some problems as they are. */
tern_reply tern_problem_details(tern_ctx *c, const tern_problem *problem) TERN_TO_RETURN_;

typedef struct tern_problem_type_options {
    const char *title;       /* for people, the same each time: "Out of stock" */
    const char *description; /* for documentation */
    tern_type *model;        /* for documentation: its TERN_MEMBERS; NULL: none */
} tern_problem_type_options;
void tern_problem_type_with(tern_app *app, const char *type, int status,
                            const tern_problem_type_options *options);
/**
 * Declares a kind of problem, by its URI:
 *
 *     #define OUT_OF_STOCK "https://shop.example/problems/out-of-stock"
 *     tern_problem_type(app, OUT_OF_STOCK, 409, .title = "Out of stock", .model = TERN_TYPE(OutOfStock));
 *     tern_post(app, "/orders", order, .problems = OUT_OF_STOCK);
 *
 * A problem with this `.type` has its status and title unless it says others. The OpenAPI document shows it among
 * the replies of routes that name it in `.problems`. Texts are copied. Mistakes (a type with spaces or commas, or
 * twice, a status that is not an error) are reported by tern_run.
 */
#define tern_problem_type(app, type, status, ...)                                                            \
    tern_problem_type_with(app, type, status, &(tern_problem_type_options){__VA_ARGS__})

/* -- looking at one -- */

/**
 * The problem that a reply reports, for middleware; NULL when it reports none.
 *
 *     tern_reply reply = tern_next(c);
 *     const tern_problem *problem = tern_problem_of(c, &reply);
 *     if (problem != NULL && problem->status == 404) {
 *         tern_problem mine = *problem;
 *         mine.detail = "try /help";
 *         return tern_problem_reply(c, &mine);
 *     }
 *
 * It always has a title. It is in the request's memory. It belongs to a reply as tern_next or
 * tern_problem_reply made it: a reply that got another body has none.
 */
const tern_problem *tern_problem_of(tern_ctx *c, const tern_reply *reply);
/** The messages of its faults by field. A fault without a field is under "", as is the detail, or title, of a
 * problem without faults. Fields of a body under a key (.takes_in of its route) have their own names, without
 * that key. In the request's memory. */
tern_text_list_map tern_problem_by_field(tern_ctx *c, const tern_problem *problem);

/* -- the application's own shape -- */

/** How clients are told of a problem. */
typedef tern_reply tern_problem_function(tern_ctx *c, const tern_problem *problem);

typedef struct tern_problem_options {
    tern_type *returns;     /* for documentation: the type of the function's replies; NULL: not described */
    const char *media_type; /* for documentation; default "application/json" */
    const char *file;       /* where it is registered; filled in by the macros */
    int line;
} tern_problem_options;

/**
 * Has `function` make the reply of every problem of an application, or of a group of it:
 * `tern_on_problem(app, api_error, .returns = TERN_TYPE(ApiError))`.
 *
 * @param where     a tern_app * or tern_group *. A group's function is for its routes, and for paths below
 * its prefix without a route; the innermost group takes precedence.
 * @param function  makes the reply. It may read the request, allocate, set headers, wait and return any kind
 * of reply. A reply of success gets the problem's status, so that an error is never sent as 200;
 * tern_with_status gives it another one. Headers of the problem (Allow, Retry-After, WWW-Authenticate) are
 * set already, and stay.
 *
 * It is called once for each problem, where it becomes a reply: middleware around it sees the function's
 * reply . HTTP's own refusals (a head that is malformed, too long or too slow, a body that is too large) come
 * to it too, without middleware and, where the head could not be read, with an empty path and no headers. A
 * request whose time is over has none left: a call that waits leaves the function.
 *
 * When the function fails, or returns a reply that cannot be sent, the log says so and the client gets plain
 * problem details. Connections that a worker cannot take at all are answered without the application: plain
 * problem details with 503.
 *
 * Mistakes (no function, two for the same, a status that is not an error) are reported by tern_run.
 */
#define tern_on_problem(where, function, ...)                                                                \
    tern_on_problem_with(TERN_GROUP_OF(where), TERN_PROBLEM_FUNCTION_(function),                             \
                         &(tern_problem_options){.file = __FILE__, .line = __LINE__, __VA_ARGS__})
/** As tern_on_problem, for problems of one status: `tern_on_status(app, 404, not_found)`. In one group it
 * takes precedence over the group's tern_on_problem; both functions of a group take precedence over those of
 * the groups around it. */
#define tern_on_status(where, its_status, function, ...)                                                     \
    tern_on_status_with(TERN_GROUP_OF(where), its_status, TERN_PROBLEM_FUNCTION_(function),                  \
                        &(tern_problem_options){.file = __FILE__, .line = __LINE__, __VA_ARGS__})

/* What the compiler names when something that is not such a function is given. */
struct not_a_function_of_problems_declare_it_as_tern_reply_name_tern_ctx_c_const_tern_problem_p {
    int unused;
};
/* clang-format off */
#define TERN_PROBLEM_FUNCTION_(function)                                                                     \
    _Generic((function),                                                                                     \
        tern_problem_function *: (function),                                                                 \
        default: (struct not_a_function_of_problems_declare_it_as_tern_reply_name_tern_ctx_c_const_tern_problem_p){0})
/* clang-format on */
void tern_on_problem_with(tern_group *group, tern_problem_function *function,
                          const tern_problem_options *options);
void tern_on_status_with(tern_group *group, int status, tern_problem_function *function,
                         const tern_problem_options *options);

#endif
