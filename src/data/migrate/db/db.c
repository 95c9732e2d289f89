/* `APP db dump` and `APP db load`. */
#include "data/migrate/command.h"
#include "data/migrate/fixture.h"
#include "data/table/maker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS_MOST = 128, ROW_MOST_BYTES = 256 << 20 };

static bool fail_with(migrate_command *c, buf *problem)
{
    command_fail(c, "%s", problem->len != 0 ? problem->data : "out of memory");
    buf_free(problem);
    return false;
}

static bool run(migrate_command *c, const char *sql, buf *problem)
{
    return client_query(&c->client, sql, NULL, 0, NULL, NULL, problem);
}

/** The tables with rows; a referenced table comes before those that refer to it. */
static const data_table *next_table(unsigned *at)
{
    unsigned count;
    const data_table *const *tables = data_tables(&count);
    while (*at < count && tables[*at]->is_view)
        ++*at;
    return *at < count ? tables[(*at)++] : NULL;
}

/* -- dump -- */

typedef struct dump {
    const fixture *fixture;
    FILE *out;
    buf *problem;
    long rows;
} dump;

static bool dump_row(void *arg, const char *const *values, unsigned count)
{
    dump *d = arg;
    arena memory;
    buf line = {0};
    arena_init(&memory, NULL, 0, ROW_MOST_BYTES);
    bool is_written = count == d->fixture->table->column_count &&
                      fixture_print(d->fixture, values, &memory, &line, d->problem) && !line.failed;
    if (is_written && fwrite(line.data, 1, line.len, d->out) != line.len) {
        buf_add_text(d->problem, strerror(errno));
        is_written = false;
    }
    d->rows++;
    buf_free(&line);
    arena_free(&memory);
    return is_written;
}

static bool dump_tables(migrate_command *c, FILE *out, long *rows, buf *problem)
{
    unsigned at = 0;
    for (const data_table *table; (table = next_table(&at)) != NULL;) {
        fixture f;
        bool is_done = fixture_make(&f, table, c->client.driver->dialect, problem);
        dump d = {.fixture = &f, .out = out, .problem = problem};
        is_done = is_done && client_query(&c->client, f.select.data, NULL, 0, dump_row, &d, problem);
        *rows += d.rows;
        fixture_free(&f);
        if (!is_done)
            return false;
    }
    return fflush(out) == 0;
}

/** Dumps all tables as they are at one moment. */
static bool dump_all(migrate_command *c, FILE *out, long *rows)
{
    buf problem = {0};
    bool is_done = client_begin(&c->client, c->client.driver->dialect->begin_snapshot, &problem) &&
                   dump_tables(c, out, rows, &problem);
    client_rollback(&c->client);
    return is_done ? (buf_free(&problem), true) : fail_with(c, &problem);
}

static const char *take_out(migrate_command *c)
{
    for (int i = 0; i + 1 < c->count; i++)
        if (strcmp(c->arguments[i], "--out") == 0) {
            const char *path = c->arguments[i + 1];
            memmove(&c->arguments[i], &c->arguments[i + 2],
                    (size_t)(c->count - i - 2) * sizeof *c->arguments);
            c->count -= 2;
            return path;
        }
    return NULL;
}

int command_db_dump(migrate_command *c)
{
    const char *path = take_out(c);
    long rows = 0;
    if (!command_has_no_more(c) || !command_connect_to_tables(c))
        return 1;
    if (path == NULL)
        return !dump_all(c, stdout, &rows);
    const char *passing =
        arena_printf(&c->memory, "%s.part", path); /* an incomplete file never replaces a complete one */
    FILE *out = passing != NULL ? fopen(passing, "we") : NULL;
    if (out == NULL) {
        command_fail(c, "%s: %s", path, strerror(errno));
        return 1;
    }
    bool is_done = dump_all(c, out, &rows);
    is_done = fclose(out) == 0 && is_done;
    if (is_done && rename(passing, path) == 0) {
        printf("wrote %ld row%s to %s\n", rows, rows == 1 ? "" : "s", path);
        return 0;
    }
    if (is_done)
        command_fail(c, "%s: %s", path, strerror(errno));
    unlink(passing);
    return 1;
}

/* -- load -- */

typedef struct load {
    migrate_command *command;
    fixture *fixtures;
    unsigned count;
    long rows;
} load;

/** Strips `{"todo":` and `}` from a row; NULL when the line is not a row. */
static fixture *take_row(load *l, const char *line, size_t len, tern_str *json)
{
    while (len != 0 && strchr(" \t\r\n", line[len - 1]) != NULL)
        len--;
    for (unsigned i = 0; i < l->count; i++) {
        buf head = {0};
        buf_add_text(&head, "{\"");
        buf_add_json(&head, l->fixtures[i].table->name, strlen(l->fixtures[i].table->name));
        buf_add_text(&head, "\":");
        bool is_it = !head.failed && len > head.len + 1 && memcmp(line, head.data, head.len) == 0 &&
                     line[len - 1] == '}';
        *json = (tern_str){line + head.len, len - head.len - 1};
        buf_free(&head);
        if (is_it)
            return &l->fixtures[i];
    }
    return NULL;
}

static bool load_line(load *l, const char *line, size_t len, buf *problem)
{
    tern_str json;
    tern_arg args[COLUMNS_MOST];
    arena memory;
    const fixture *f = take_row(l, line, len, &json);
    if (f == NULL) {
        buf_add_printf(problem, "is not a row of a table here, like {\"%s\":{...}}",
                       l->count != 0 ? l->fixtures[0].table->name : "table");
        return false;
    }
    arena_init(&memory, NULL, 0, ROW_MOST_BYTES);
    bool is_done =
        fixture_read(f, json, &memory, args, problem) &&
        client_query(&l->command->client, f->insert.data, args, f->table->column_count, NULL, NULL, problem);
    arena_free(&memory);
    l->rows += is_done;
    return is_done;
}

static bool load_lines(load *l, FILE *file, const char *path)
{
    char *line = NULL;
    size_t room = 0;
    unsigned long number = 0;
    bool is_done = true;
    for (ssize_t len; is_done && (len = getline(&line, &room, file)) >= 0;) {
        buf problem = {0};
        number++;
        if (line[strspn(line, " \t\r\n")] != '\0' && !load_line(l, line, (size_t)len, &problem))
            is_done = command_fail(l->command, "%s, line %lu: %s; nothing was loaded", path, number,
                                   problem.len != 0 ? problem.data : "out of memory");
        buf_free(&problem);
    }
    free(line); /* getline's own */
    return is_done && (ferror(file) == 0 || command_fail(l->command, "%s: %s", path, strerror(errno)));
}

/**
 * Rows may refer to later rows, of the same table or in a cycle: PostgreSQL checks them at the end.
 */
static bool defer_references(migrate_command *c, bool is_deferred, buf *problem)
{
    unsigned at = 0;
    bool is_done = is_deferred || run(c, "set constraints all immediate", problem);
    for (const data_table *table; is_done && (table = next_table(&at)) != NULL;)
        for (unsigned i = 0; i < table->column_count && is_done; i++) {
            buf sql = {0};
            if (table->columns[i].references == NULL)
                continue;
            diff_add_alter(&sql, table->name);
            buf_add_text(&sql, "alter constraint ");
            ddl_add_name(&sql, table->name, table->columns[i].name, "fkey");
            buf_add_text(&sql, is_deferred ? " deferrable initially deferred" : " not deferrable");
            is_done = !sql.failed && run(c, sql.data, problem);
            buf_free(&sql);
        }
    return is_done;
}

/** Makes PostgreSQL's next key follow those that were loaded. */
static bool set_sequences(migrate_command *c, buf *problem)
{
    unsigned at = 0;
    bool is_done = true;
    for (const data_table *table; is_done && (table = next_table(&at)) != NULL;) {
        const data_column *key = &table->columns[table->keys[0]];
        buf sql = {0};
        if (!key->is_automatic)
            continue;
        buf_add_printf(&sql, "select setval(pg_get_serial_sequence('\"%s\"', ", table->name);
        ddl_add_text(&sql, key->name);
        buf_add_text(&sql, "), coalesce(max(");
        data_name_add(&sql, key->name);
        buf_add_text(&sql, "), 0) + 1, false) from ");
        data_name_add(&sql, table->name);
        is_done = !sql.failed && run(c, sql.data, problem);
        buf_free(&sql);
    }
    return is_done;
}

static bool load_all(load *l, FILE *file, const char *path)
{
    migrate_command *c = l->command;
    buf problem = {0};
    bool has_sequences = c->client.driver->dialect->has_sequences;
    if (!client_begin_alone(&c->client, &problem))
        return fail_with(c, &problem);
    size_t told = c->problems.len;
    bool is_done = (!has_sequences || defer_references(c, true, &problem)) && load_lines(l, file, path) &&
                   (has_sequences ? defer_references(c, false, &problem) && set_sequences(c, &problem)
                                  : migrate_check_references(&c->client, &problem)) &&
                   client_commit(&c->client, &problem);
    if (!is_done) {
        client_rollback(&c->client);
        if (c->problems.len == told)
            command_fail(c, "%s: %s; nothing was loaded", path,
                         problem.len != 0 ? problem.data : "out of memory");
    }
    buf_free(&problem);
    return is_done;
}

static bool make_fixtures(load *l)
{
    unsigned count, at = 0;
    data_tables(&count);
    migrate_command *c = l->command;
    l->fixtures = arena_alloc(&c->memory, (count + 1) * sizeof *l->fixtures);
    if (l->fixtures == NULL)
        return command_fail(c, "out of memory");
    for (const data_table *table; (table = next_table(&at)) != NULL;)
        if (!fixture_make(&l->fixtures[l->count++], table, c->client.driver->dialect, &c->problems))
            return command_fail(c, "table %s: out of memory", table->name);
    return true;
}

int command_db_load(migrate_command *c)
{
    const char *path = command_take_word(c);
    load l = {.command = c};
    if (path == NULL) {
        command_fail(c, "db load: give a file");
        return 1;
    }
    if (!command_has_no_more(c) || !command_connect_to_tables(c))
        return 1;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        command_fail(c, "%s: %s", path, strerror(errno));
        return 1;
    }
    bool is_done = make_fixtures(&l) && load_all(&l, file, path);
    fclose(file);
    for (unsigned i = 0; i < l.count; i++)
        fixture_free(&l.fixtures[i]);
    if (is_done)
        printf("loaded %ld row%s from %s\n", l.rows, l.rows == 1 ? "" : "s", path);
    return !is_done;
}
