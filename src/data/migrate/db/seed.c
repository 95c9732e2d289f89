#include "data/seed.h"
#include "data/migrate/command.h"
#include "data/migrate/migrate.h"

#include <string.h>

int command_db_seed(migrate_command *c)
{
    buf problem = {0};
    if (!command_has_no_more(c))
        return 1;
    if (strcmp(c->options->url, "sqlite::memory:") == 0) {
        command_fail(
            c,
            "db seed: a database in memory is lost when this command ends; give another with --database-url");
        return 1;
    }
    if (data_schema_check(c->options, c->program, &c->problems) != DATA_SCHEMA_FITS)
        return 1;
    bool is_done = data_seed_run(c->app, &problem);
    if (!is_done)
        command_fail(c, "db seed: %s", problem.data != NULL ? problem.data : "out of memory");
    buf_free(&problem);
    return !is_done;
}
