/** tern_copy: copies by a plan, and reports two models that do not fit. */
#include "app/ctx.h"

#include "runtime/coro.h"
#include "schema/copy.h"

#include <tern/log.h>
#include <tern/part.h>

#include <stdlib.h>
#include <string.h>

/** Ends the calling request, or the program if there is no request. */
static _Noreturn void refuse(const char *why)
{
    coro *self = coro_self();
    tern_ctx *c = self != NULL ? self->request : NULL;
    char label[160];
    tern_log(TERN_LOG_ERROR, "%s%s%s", c != NULL ? ctx_route_label(c, label, sizeof label) : "",
             c != NULL ? ": " : "", why);
    if (c != NULL)
        ctx_fail(c, 500, NULL);
    abort();
}

static const copy_plan *make_plan(tern_type *into, tern_type *from)
{
    buf problems = {0};
    const copy_plan *plan = copy_make(into, from, &problems);
    if (plan != NULL) {
        buf_free(&problems);
        return plan;
    }
    char why[1024];
    size_t len = 0;
    for (size_t i = 0; i < problems.len && len + sizeof "; " < sizeof why; i++) { /* one log line */
        bool is_end = problems.data[i] == '\n';
        if (!is_end)
            why[len++] = problems.data[i];
        else if (i + 1 < problems.len)
            len = (size_t)(stpcpy(why + len, "; ") - why);
    }
    why[len] = '\0';
    buf_free(&problems);
    refuse(why);
}

unsigned tern_copy_of(tern_type *into_type, void *into, tern_type *from_type, const void *from)
{
    const copy_plan *plan = copy_find(into_type, from_type);
    if (into == NULL || from == NULL)
        refuse("tern_copy was given NULL");
    return copy_fields(plan != NULL ? plan : make_plan(into_type, from_type), into, from);
}
