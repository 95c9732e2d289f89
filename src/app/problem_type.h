/** Kinds of problems that an application declares by tern_problem_type. */
#ifndef APP_PROBLEM_TYPE_H
#define APP_PROBLEM_TYPE_H

#include "app/ctx.h"

typedef struct problem_type {
    const struct problem_type *next; /* declared before it */
    const char *type;
    int status;
    const char *title, *description;
    tern_type *model; /* of its members; NULL: none */
} problem_type;

/** The kind with that URI; NULL if none. */
const problem_type *problem_type_find(const tern_app *app, tern_str type);

#endif
