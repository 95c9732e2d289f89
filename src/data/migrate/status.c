/* Shows what is applied, what is pending, and what would happen. */
#include "data/migrate/command.h"

#include <string.h>

/** Whether the models differ from the newest migration. */
static bool has_unmade_changes(migrate_command *c, bool *has)
{
    const migration *of;
    const ddl_schema *models = command_models(c), *newest = folder_schema(&c->folder, &of, &c->problems);
    if (models == NULL || newest == NULL)
        return false;
    *has = !command_is_same(c, newest, models);
    return true;
}

int command_status(migrate_command *c)
{
    bool has_changes;
    if (!command_has_no_more(c) || !command_read_folder(c) || !command_connect(c) ||
        !has_unmade_changes(c, &has_changes))
        return 1;
    for (unsigned i = 0; i < c->folder.count; i++) {
        const applied_migration *applied = state_find(&c->state, c->folder.items[i].name);
        if (applied != NULL)
            printf("applied %s  %s\n", applied->at, c->folder.items[i].name);
        else
            printf("pending                      %s\n", c->folder.items[i].name);
    }
    if (c->state.baseline != NULL)
        printf("the tables were made from the models at %s, without migrations\n", c->state.baseline->at);
    else if (c->folder.count == 0)
        migrate_tell_nothing_waits(c, "");
    if (has_changes && c->folder.count != 0)
        printf("the models have changes that are not in a migration: run `%s migrate make`\n", c->program);
    return migrate_check_past(c) ? 0 : 1;
}

int command_plan(migrate_command *c)
{
    if (!command_has_no_more(c) || !command_read_folder(c) || !command_connect(c) || !migrate_check_past(c))
        return 1;
    if (migrate_count_pending(c) == 0)
        migrate_tell_nothing_waits(c, "-- ");
    for (unsigned i = 0; i < c->folder.count; i++) {
        migration_sql sql;
        if (state_find(&c->state, c->folder.items[i].name) != NULL)
            continue;
        if (!folder_read_sql(&c->folder, &c->folder.items[i], c->client.driver->dialect, &sql, &c->problems))
            return 1;
        printf("-- %s\n%.*s", sql.file, (int)sql.up_len, sql.up);
    }
    return 0;
}
