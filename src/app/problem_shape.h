/** Replies to problems in the application's own shape: what tern_on_problem and tern_on_status register. */
#ifndef APP_PROBLEM_SHAPE_H
#define APP_PROBLEM_SHAPE_H

#include "app/ctx.h"

/** One registration. */
typedef struct problem_shape {
    struct problem_shape *next;  /* the next of the same group */
    struct problem_shape *later; /* the next of the application, in order of registration */
    tern_group *group;
    int status; /* the only status it is for; 0: all */
    tern_problem_function *function;
    tern_problem_options options;
} problem_shape;

/** The functions for applications with shapes, so that other programs do not link them. */
typedef struct problem_shaper {
    /** Lets the application make the reply of `problem`; false when no function is registered for it, or it
     * failed: then the problem details are the reply. Never fails. */
    bool (*shape)(tern_ctx *c, const tern_problem *problem, tern_reply *reply);
    /** At start: false with a line in `problems` for each mistake. */
    bool (*check)(const tern_app *app, buf *problems);
} problem_shaper;

/** The shape of a problem with that status in a group; NULL: none, the problem details are the reply. */
static inline const problem_shape *problem_shape_of(const tern_group *group, int status)
{
    for (; group != NULL; group = group->parent) {
        const problem_shape *general = NULL;
        for (const problem_shape *shape = group->shapes; shape != NULL; shape = shape->next) {
            if (shape->status == status)
                return shape;
            if (shape->status == 0)
                general = shape;
        }
        if (general != NULL)
            return general;
    }
    return NULL;
}

#endif
