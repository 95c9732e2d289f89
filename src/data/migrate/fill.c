/* Creates the tables of an empty database for an application's tests, as its migrations would. */
#include "data/migrate/command.h"
#include "data/migrate/migrate.h"

#include <string.h>

static bool is_empty(migrate_command *c)
{
    buf problem = {0};
    int64_t tables = 0;
    bool is_known = c->state.count == 0 && state_count_tables(&c->client, &tables, &problem);
    if (problem.len != 0)
        command_fail(c, "database: %s", problem.data);
    buf_free(&problem);
    return is_known && tables == 0;
}

static migrate_command begin(const tern_database_options *options, const char *program)
{
    migrate_command c = {.program = program, .options = options};
    arena_init(&c.memory, NULL, 0, SIZE_MAX);
    return c;
}

static void end(migrate_command *c, buf *problems)
{
    client_close(&c->client);
    buf_add(problems, c->problems.data, c->problems.len);
    buf_free(&c->problems);
    arena_free(&c->memory);
}

bool data_schema_fill(const tern_database_options *options, const char *program, buf *problems)
{
    if (strcmp(options->url, "sqlite::memory:") == 0)
        return true;
    migrate_command look = begin(options, program), work = begin(options, program);
    bool is_wanted =
        command_read_folder(&look) && look.folder.count != 0 && command_connect(&look) && is_empty(&look);
    bool is_right = look.problems.len == 0 && !look.problems.failed;
    end(&look, problems);
    if (is_wanted)
        is_right = command_up(&work) == 0;
    end(&work, problems);
    return is_right;
}
