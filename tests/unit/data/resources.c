/** The mistakes that tern_resource refuses at start. */
#include "app/bind/bind.h"
#include "data/rows.h"
#include "data/statement.h"

#include "check.h"

#include <tern/resource.h>

#include <string.h>

TERN_MODEL(Root, (int64_t, id, .key = true))
TERN_MODEL(Tree,
    (int64_t, id, .key = true),
    (int64_t, root_id, .references = TERN_TYPE(Root)),
    (Root, root, .optional = true, .via = "root_id"),
    (const char *, kind, .optional = true))

static void check_includes(const char *includes, const char *want)
{
    buf problems = {0};
    tern_app *app = tern_app_new(.title = "t");
    tern_resource_of(tern_app_root(app), "/trees", TERN_TYPE(Tree),
                     &(tern_resource_options){.file = "a.c", .line = 1, .includes = includes});
    CHECK(app_prepare(app, &problems) == (want == NULL));
    CHECK_TEXT(problems.data, want);
    buf_free(&problems);
    statement_forget();
    schema_forget(); /* before the types, which the application made */
    bind_forget();
    app_free(app);
}

TEST(a_resource_includes_only_relations_of_its_model)
{
    check_includes("root", NULL);
    check_includes(" root , root,", NULL);
    check_includes("", NULL);
    check_includes(
        "rooot", "a.c:1: resource of Tree: .includes names \"rooot\", which is not a field of it with .via, "
                 ".by or .through; it has root\n");
    check_includes("root, kind",
                   "a.c:1: resource of Tree: .includes names \"kind\", which is not a field of it with "
                   ".via, .by or .through; it has root\n");
}
