#include "data/migrate/client/client.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool client_open(migrate_client *client, const char *url, bool may_make, buf *problem)
{
    const data_engine *engine = data_engine_of(url);
    *client = (migrate_client){.driver = engine != NULL ? engine->driver : NULL};
    if (engine == NULL) {
        data_engine_unknown(url, problem);
        return false;
    }
    client->handle = client->driver->open(url, may_make, problem);
    return client->handle != NULL;
}

void client_close(migrate_client *client)
{
    if (client->handle != NULL)
        client->driver->close(client->handle);
    client->handle = NULL;
}

bool client_is_away(const migrate_client *client, const char *url)
{
    return client->driver != NULL && client->driver->is_away != NULL && client->driver->is_away(url);
}

static unsigned line_of(const char *text, const char *at)
{
    unsigned line = 1;
    for (; text < at; text++)
        line += *text == '\n';
    return line;
}

/** Whether a statement would end its transaction. */
static bool ends_transaction(const char *statement, const char *end)
{
    static const char *const words[] = {"begin", "start", "commit", "end", "rollback", "abort"};
    size_t len = 0;
    while (statement + len < end && (statement[len] | 0x20) >= 'a' && (statement[len] | 0x20) <= 'z')
        len++;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == len && text_equal_nocase(statement, words[i], len))
            return true;
    return false;
}

bool client_script(migrate_client *client, const char *sql, size_t len, const script_watch *watch,
                   unsigned *line, buf *problem)
{
    const char *at = sql, *end = sql + len, *begin = sql;
    while (at < end) {
        begin = client_skip_blanks(at, end);
        if (ends_transaction(begin, end))
            buf_add_text(problem,
                         "a migration is one transaction and cannot have a begin, commit or rollback of its "
                         "own");
        else if ((watch == NULL || watch->before(watch->arg, begin, end, problem)) &&
                 client->driver->step(client->handle, &at, end, &begin, problem) &&
                 (watch == NULL || watch->after(watch->arg, problem)))
            continue;
        if (line != NULL)
            *line = line_of(sql, begin != NULL ? begin : at);
        return false;
    }
    return true;
}

bool client_query(migrate_client *client, const char *sql, const tern_arg *args, unsigned count,
                  migrate_on_row *on_row, void *arg, buf *problem)
{
    return client->driver->query(client->handle, sql, args, count, on_row, arg, problem);
}

static bool take_number(void *arg, const char *const *values, unsigned count)
{
    int64_t *number = arg;
    if (count != 0 && values[0] != NULL)
        text_get_i64(values[0], strlen(values[0]), number);
    return true;
}

bool client_number(migrate_client *client, const char *sql, int64_t fallback, int64_t *value, buf *problem)
{
    *value = fallback;
    return client_query(client, sql, NULL, 0, take_number, value, problem);
}

static bool run(migrate_client *client, const char *sql, buf *problem)
{
    return client_query(client, sql, NULL, 0, NULL, NULL, problem);
}

bool client_begin(migrate_client *client, const char *words, buf *problem)
{
    const char *settings = client->driver->settings;
    if (!run(client, words, problem))
        return false;
    if (settings == NULL || run(client, settings, problem))
        return true;
    client_rollback(client);
    return false;
}

bool client_begin_alone(migrate_client *client, buf *problem)
{
    return client->driver->begin_alone(client, problem);
}

bool client_commit(migrate_client *client, buf *problem)
{
    return run(client, "commit", problem);
}

void client_rollback(migrate_client *client)
{
    buf ignored = {0};
    if (client->handle != NULL && client->driver->is_in_transaction(client->handle))
        run(client, "rollback", &ignored);
    buf_free(&ignored);
}
