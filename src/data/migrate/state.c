#include "data/migrate/state.h"

#include <string.h>

static const dialect_state *sql_of(const migrate_client *client)
{
    return client->driver->dialect->state;
}

static const char *keep(migrate_state *state, const char *text)
{
    const char *kept = text != NULL ? arena_text(state->memory, text, strlen(text)) : NULL;
    if (text != NULL && kept == NULL)
        state->is_memory_short = true;
    return kept;
}

static bool take_row(void *arg, const char *const *values, unsigned count)
{
    migrate_state *state = arg;
    applied_migration *grown =
        count == 4 ? arena_resize(state->memory, state->items, (state->count + 1) * sizeof *grown) : NULL;
    if (grown == NULL) {
        state->is_memory_short = true;
        return false;
    }
    state->items = grown;
    grown[state->count++] = (applied_migration){keep(state, values[0]), keep(state, values[1]),
                                                keep(state, values[2]), keep(state, values[3])};
    return !state->is_memory_short;
}

bool state_read(migrate_state *state, migrate_client *client, arena *memory, buf *problem)
{
    int64_t has_table;
    *state = (migrate_state){.memory = memory};
    if (!client_number(client, sql_of(client)->has_table, 0, &has_table, problem))
        return false;
    state->has_table = has_table != 0;
    if (state->has_table && !client_query(client, sql_of(client)->read, NULL, 0, take_row, state, problem)) {
        if (state->is_memory_short)
            buf_add_text(problem, "out of memory");
        return false;
    }
    state->baseline = state_find(state, STATE_BASELINE);
    return true;
}

const applied_migration *state_find(const migrate_state *state, const char *name)
{
    for (unsigned i = 0; i < state->count; i++)
        if (strcmp(state->items[i].name, name) == 0)
            return &state->items[i];
    return NULL;
}

bool state_count_tables(migrate_client *client, int64_t *count, buf *problem)
{
    return client_number(client, sql_of(client)->count_tables, 0, count, problem);
}

bool state_make_table(migrate_client *client, buf *problem)
{
    return client_query(client, sql_of(client)->make_table, NULL, 0, NULL, NULL, problem);
}

bool state_add(migrate_client *client, const char *name, const char *checksum, const char *schema,
               buf *problem)
{
    const tern_arg args[] = {tern_arg_text(name), tern_arg_text(checksum), tern_arg_text(schema)};
    return client_query(client, sql_of(client)->add, args, 3, NULL, NULL, problem);
}

bool state_remove(migrate_client *client, const char *name, buf *problem)
{
    const tern_arg args[] = {tern_arg_text(name)};
    return client_query(client, sql_of(client)->remove, args, 1, NULL, NULL, problem);
}
