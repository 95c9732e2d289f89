/* Repeats the steps of a finding, perhaps fewer of them, to see if it is still there. */
#include "app/fuzz/internal.h"

#include <stdio.h>
#include <string.h>

/** The path with the Location of this run. */
static const char *path_now(fuzz_case *c, const fuzz_step *step)
{
    const char *location = step->from >= 0 ? c->locations[step->from] : NULL;
    return location != NULL ? test_need(arena_printf(c->arena, "%s%s", location, step->path + step->from_len))
                            : step->path;
}

void fuzz_case_replay(fuzz_case *c)
{
    const fuzz_job *job = c->job;
    const fuzz_found *sought = job->sought;
    tern_answer *before = NULL, *a = NULL;
    const char *wrong = NULL;
    for (unsigned i = 0; i < job->step_count; i++) {
        fuzz_step step = job->steps[i];
        step.path = path_now(c, &step);
        before = a;
        a = fuzz_case_send(c, &step, sought->route, &wrong);
    }
    const char *field = sought->breach.field, *want = sought->breach.want;
    const fuzz_exchange e = {.route = router_at(c->run->app->router, sought->route),
                             .method = job->steps[job->step_count - 1].method,
                             .answer = a,
                             .wrong = wrong,
                             .before = sought->is_pair ? before : NULL,
                             .want = want,
                             .field = field};
    fuzz_breach breach;
    bool is_broken = fuzz_is_broken(&e, sought->breach.promise, &breach) && strcmp(breach.want, want) == 0;
    c->run->shared->has_reproduced = is_broken && strcmp(breach.signature, sought->breach.signature) == 0 &&
                                     strcmp(breach.field, field) == 0;
}
