/* `APP check` with the n-th allocation failing, for every n: it never accepts what it could not check. */
#include "check.h"

#include "app/command.h"
#include "base/mem.h"
#include "data/migrate/migrate.h"
#include "data/table/table.h"

#include <stdio.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wunused-value" /* the calls are never run */

TERN_MODEL(Person, (int64_t, id, .key = true), (const char *, name, .unique = true))
TERN_MODEL(Todo,
    (int64_t, id, .key = true),
    (const char *, title),
    (bool, done),
    (int64_t, owner, .references = TERN_TYPE(Person)))
TERN_MODEL_WITH(Open, (.view = true), (const char *, owner), (int64_t, todos))

enum { ALLOCATIONS_MOST = 20000 };

__attribute__((used)) static void calls(tern_ctx *c, const char *name, bool done)
{
    tern_select(c, Todo, .where = done ? "done = ? and owner = ?" : "owner = ?",
                .args = done ? TERN_ARGS(done, 1) : TERN_ARGS(1), .order_by = "title desc");
    tern_sql(
        c, Open,
        "select p.name as owner, count(*) as todos from todo t join person p on p.id = t.owner where p.name = ? "
        "group by 1",
        name);
    tern_find(c, Person, 1);
    tern_where(c, "name = ?", name);
}

static int check_once(unsigned long fail_at)
{
    static const tern_database_options options = {.url = "sqlite::memory:",
                                                  .migrations = "/nonexistent/migrations"};
    tern_app *app = tern_app_new(.title = "T");
    data_check_command_add(app, &options);
    (void)fail_at; /* only useful where allocations can be made to fail */
    mem_fail_at(fail_at, 1);
    int code = app->commands->run(app->commands->arg, "app", 0, NULL);
    mem_fail_at(0, 0);
    app_free(app);
    return code;
}

TEST(a_check_without_memory_does_not_pass)
{
    buf problems = {0};
    int code = 1, again = 1;
    unsigned long n = 1;
#ifndef TERN_WITH_SQLITE
    check_skip("the calls are checked with SQLite, which this build has not");
#endif
    CHECK(data_tables_make((tern_type *const[]){TERN_TYPE(Todo), TERN_TYPE(Person), NULL}, &problems));
    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    CHECK(freopen("/dev/null", "w", stdout) != NULL);
    while (code != 0 && n < ALLOCATIONS_MOST)
        code = check_once(n++);
    /* it may pass only when no allocation failed */
    for (unsigned more = 0; more < 50; more++)
        again = check_once(n + more) != 0 ? 2 : again == 1 ? 0 : again;
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    CHECK_INT(code, 0);
    CHECK_INT(again, 0);
}
