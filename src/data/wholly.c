/* Several statements as one: all of them or none. */
#include "data/write.h"

#include <stdio.h>

typedef struct whole {
    bool (*work)(tern_ctx *c, void *arg);
    void *arg;
    bool is_done;
} whole;

static void run_whole(tern_ctx *c, void *arg)
{
    whole *w = arg;
    tern_transaction_scope block = tern_transaction_enter(c, &(tern_transaction_options){0});
    w->is_done = w->work(c, w->arg);
    if (!w->is_done)
        tern_rollback(c);
    tern_transaction_leave(&block);
}

bool write_wholly(tern_ctx *c, bool (*work)(tern_ctx *c, void *arg), void *arg, tern_data_error *error)
{
    data_request *request = data_request_of(c);
    whole w = {work, arg, false};
    if (error == NULL) {
        run_whole(c, &w);
        return w.is_done;
    }
    *error = (tern_data_error){0};
    request->last_fault = TERN_DATA_OK;
    unwind_reason why = ctx_guard(c, run_whole, &w);
    if (why == UNWIND_NONE)
        return w.is_done;
    if (why != UNWIND_FAIL || request->last_fault == TERN_DATA_OK) /* not the database's doing */
        unwind_throw(why);
    c->problem_errors = NULL;
    if (error->fault == TERN_DATA_OK) { /* what the work has told goes before its rollback */
        error->fault = request->last_fault;
        snprintf(error->message, sizeof error->message, "the transaction failed: %s",
                 c->scope.problem_detail != NULL ? c->scope.problem_detail : "the log says why");
    }
    return false;
}
