/** Conduit: the back end of a blogging platform, as the RealWorld project specifies it. */
#include "conduit.h"

TERN_MODEL(Errors, (tern_text_list_map, errors))

/** Problems as RealWorld's clients expect them: {"errors": {"email": ["must be given"]}}. */
static tern_reply api_error(tern_ctx *c, const tern_problem *problem)
{
    size_t count = problem->fault_count != 0 ? problem->fault_count : 1;
    tern_text_list_entry *entries = tern_alloc(c, count * sizeof *entries);
    const char **texts = tern_alloc(c, count * sizeof *texts);
    texts[0] = problem->detail != NULL ? problem->detail : tern_status_text(problem->status);
    entries[0] = (tern_text_list_entry){.key = "body", .value = {texts, 1}};
    for (size_t i = 0; i < problem->fault_count; i++) {
        texts[i] = problem->faults[i].message;
        entries[i] = (tern_text_list_entry){.key = problem->faults[i].field, .value = {&texts[i], 1}};
    }
    return tern_json(c, Errors, &(Errors){.errors = {entries, count}});
}

tern_app *make_app(void)
{
    tern_app *app = tern_app_new(.title = "Conduit", .version = "1.0", .health = true);
    tern_use(app, tern_logger(), tern_cors(.origins = "*"));
    tern_database(app, TERN_TYPE(User), TERN_TYPE(Follow), TERN_TYPE(Article), TERN_TYPE(Tag),
                  TERN_TYPE(Favorite), TERN_TYPE(Comment));
    tern_on_problem(app, api_error, .returns = TERN_TYPE(Errors));
    add_users(app);
    add_articles(app);
    add_comments(app);
    return app;
}
