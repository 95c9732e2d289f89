/* Applies and reverts migrations, each completely or not at all. */
#include "data/migrate/command.h"
#include "data/migrate/rebuild/rebuild.h"

#include <string.h>

static data_dialect dialect_of(const migrate_command *c)
{
    return c->client.driver->dialect;
}

/** Appends the client's message as a line. */
static bool fail_with(migrate_command *c, buf *problem)
{
    command_fail(c, "%s", problem->data != NULL ? problem->data : "out of memory");
    buf_free(problem);
    return false;
}

bool migrate_check_past(migrate_command *c)
{
    bool is_right = true;
    for (unsigned i = 0; i < c->state.count; i++) {
        const applied_migration *applied = &c->state.items[i];
        if (applied == c->state.baseline)
            continue;
        const migration *m = folder_find(&c->folder, applied->name);
        migration_sql sql;
        if (m == NULL) {
            is_right = command_fail(c,
                                    "%s is applied to this database, but it is not in the folder %s: put it "
                                    "back, as it was applied",
                                    applied->name, c->folder.path);
        } else if (!folder_read_sql(&c->folder, m, dialect_of(c), &sql, &c->problems)) {
            is_right = false;
        } else if (strcmp(sql.checksum, applied->checksum) != 0) {
            is_right =
                command_fail(c,
                             "%s has been changed since it was applied (checksum %s, applied as %s): put "
                             "it back as it was, and make a new migration for what is to change",
                             sql.file, sql.checksum, applied->checksum);
        }
    }
    return is_right;
}

unsigned migrate_count_pending(const migrate_command *c)
{
    unsigned pending = 0;
    for (unsigned i = 0; i < c->folder.count; i++)
        pending += state_find(&c->state, c->folder.items[i].name) == NULL;
    return pending;
}

void migrate_tell_nothing_waits(const migrate_command *c, const char *mark)
{
    if (c->folder.count != 0)
        printf("%snothing to do: every migration is applied\n", mark);
    else
        printf("%sthere are no migrations in %s: `%s migrate make` writes the first one\n", mark,
               c->folder.path, c->program);
}

/* -- one migration -- */

static bool take_violation(void *arg, const char *const *values, unsigned count)
{
    buf *problem = arg;
    if (problem->len == 0)
        buf_add_printf(problem, "rows of %s refer to rows of %s that do not exist",
                       count > 0 && values[0] != NULL ? values[0] : "?",
                       count > 2 && values[2] != NULL ? values[2] : "?");
    return true;
}

bool migrate_check_references(migrate_client *client, buf *problem)
{
    const char *query = client->driver->broken_references;
    return query == NULL ||
           (client_query(client, query, NULL, 0, take_violation, problem, problem) && problem->len == 0);
}

#if defined(TERN_WITH_SQLITE)
static bool look_before(void *arg, const char *statement, const char *end, buf *problem)
{
    return rebuild_before(arg, statement, end, problem);
}

static bool look_after(void *arg, buf *problem)
{
    return rebuild_after(arg, problem);
}

/** The tables before the migration; NULL when no file describes them. */
static const ddl_schema *schema_before(migrate_command *c, const migration *m, bool is_down)
{
    migrate_folder until = c->folder;
    const migration *of;
    buf ignored = {0};
    until.count = (unsigned)(m - c->folder.items) + is_down;
    const ddl_schema *schema = folder_schema(&until, &of, &ignored);
    buf_free(&ignored);
    return schema;
}

/** In SQLite, indexes, triggers and rules survive the rebuilding of their tables. */
static bool run_in_sqlite(migrate_command *c, const migration *m, const migration_sql *sql, bool is_down,
                          unsigned *line, buf *problem)
{
    rebuild *r = rebuild_begin(&c->client, schema_before(c, m, is_down), sql->file, &c->memory);
    const script_watch watch = {look_before, look_after, r};
    if (r == NULL)
        return false;
    bool is_run = client_script(&c->client, is_down ? sql->down : sql->up,
                                is_down ? sql->down_len : sql->up_len, &watch, line, problem);
    rebuild_end(r);
    *line = is_run ? 0 : *line; /* a fault at the end belongs to no line */
    return is_run && rebuild_finish(r, problem);
}
#endif

static bool run_script(migrate_command *c, const migration *m, const migration_sql *sql, bool is_down,
                       unsigned *line, buf *problem)
{
#if defined(TERN_WITH_SQLITE)
    if (c->client.driver->makes_tables_again)
        return run_in_sqlite(c, m, sql, is_down, line, problem);
#endif
    (void)m;
    return client_script(&c->client, is_down ? sql->down : sql->up, is_down ? sql->down_len : sql->up_len,
                         NULL, line, problem);
}

/** Called inside the transaction. */
static bool run_and_note(migrate_command *c, const migration *m, const migration_sql *sql, bool is_down,
                         buf *problem)
{
    unsigned line = 0;
    if (!run_script(c, m, sql, is_down, &line, problem)) {
        if (line == 0) /* the caller completes the message */
            return false;
        migrate_add_advice(problem, sql->file);
        command_fail(c, "%s, line %u: %s; nothing of %s was %s", sql->file,
                     line + (is_down ? sql->down_line - 1 : 0), problem->data, m->name,
                     is_down ? "undone" : "applied");
        problem->len = 0;
        return false;
    }
    return migrate_check_references(&c->client, problem) &&
           (is_down ? state_remove(&c->client, m->name, problem)
                    : state_add(&c->client, m->name, sql->checksum, NULL, problem));
}

/** Runs the migration in its own transaction, unless another process has applied it already. */
static bool apply(migrate_command *c, const migration *m, bool is_down)
{
    migration_sql sql;
    buf problem = {0};
    size_t told = c->problems.len;
    if (!folder_read_sql(&c->folder, m, dialect_of(c), &sql, &c->problems))
        return false;
    if (is_down && sql.down == NULL)
        return command_fail(c, "%s cannot be undone: it has no line \"%s\" with SQL after it", sql.file,
                            MIGRATE_DOWN_MARK);
    if (!client_begin_alone(&c->client, &problem))
        return fail_with(c, &problem);
    bool is_done =
        state_make_table(&c->client, &problem) && state_read(&c->state, &c->client, &c->memory, &problem);
    bool is_there = is_done && state_find(&c->state, m->name) != NULL;
    if (is_done && is_there != is_down) {
        client_rollback(&c->client);
        return true;
    }
    is_done = is_done && run_and_note(c, m, &sql, is_down, &problem) && client_commit(&c->client, &problem) &&
              state_read(&c->state, &c->client, &c->memory, &problem);
    if (!is_done) {
        client_rollback(&c->client);
        if (problem.len != 0 || c->problems.len == told)
            command_fail(c, "%s: %s; nothing of %s was %s", sql.file,
                         problem.data != NULL ? problem.data : "out of memory", m->name,
                         is_down ? "undone" : "applied");
    } else {
        printf("%s %s\n", is_down ? "undone " : "applied", m->name);
    }
    buf_free(&problem);
    return is_done;
}

bool migrate_replay(migrate_command *c)
{
    buf problem = {0};
    bool is_done = state_make_table(&c->client, &problem);
    const char *file = "tern_migrations";
    size_t told = c->problems.len;
    for (unsigned i = 0; i < c->folder.count && is_done; i++) {
        migration_sql sql;
        is_done = folder_read_sql(&c->folder, &c->folder.items[i], dialect_of(c), &sql, &c->problems) &&
                  run_and_note(c, &c->folder.items[i], &sql, false, &problem);
        file = sql.file;
    }
    if (!is_done && c->problems.len == told) /* else it is reported already */
        command_fail(c, "%s: %s", file, problem.len != 0 ? problem.data : "out of memory");
    buf_free(&problem);
    return is_done;
}

/* -- the baseline -- */

/** The migration that results in the baseline's schema; NULL if there is none. */
static const migration *find_baseline(migrate_command *c)
{
    const ddl_schema *baseline =
        schema_from_json("the baseline of the database", c->state.baseline->schema,
                         strlen(c->state.baseline->schema), &c->memory, &c->problems);
    migrate_folder until = c->folder;
    for (unsigned i = 0; i < c->folder.count && baseline != NULL; i++) {
        const migration *of;
        until.count = i + 1;
        const ddl_schema *schema = folder_schema(&until, &of, &c->problems);
        if (schema == NULL)
            return NULL;
        if (command_is_same(c, baseline, schema))
            return &c->folder.items[i];
    }
    return NULL;
}

static bool note_until(migrate_command *c, const migration *last, buf *problem)
{
    for (const migration *m = c->folder.items; m <= last; m++) {
        migration_sql sql;
        if (!folder_read_sql(&c->folder, m, dialect_of(c), &sql, &c->problems) ||
            !state_add(&c->client, m->name, sql.checksum, NULL, problem))
            return false;
    }
    return state_remove(&c->client, STATE_BASELINE, problem);
}

bool migrate_adopt_baseline(migrate_command *c)
{
    if (c->state.baseline == NULL || c->state.baseline->schema == NULL)
        return true;
    const migration *last = find_baseline(c);
    if (last == NULL)
        return command_fail(
            c,
            "the tables were made from the models at a first start, and no migration in %s leads "
            "to what they were: run `%s migrate make` with the folder empty, or begin with an empty "
            "database",
            c->folder.path, c->program);
    buf problem = {0};
    if (!client_begin_alone(&c->client, &problem))
        return fail_with(c, &problem);
    bool is_done = state_read(&c->state, &c->client, &c->memory, &problem) &&
                   (c->state.baseline == NULL || note_until(c, last, &problem)) &&
                   client_commit(&c->client, &problem) &&
                   state_read(&c->state, &c->client, &c->memory, &problem);
    if (!is_done) {
        client_rollback(&c->client);
        return fail_with(c, &problem);
    }
    printf("recorded as applied, because the tables exist: all up to %s\n", last->name);
    return true;
}

/* -- commands -- */

static bool begin(migrate_command *c)
{
    if (!command_has_no_more(c) || !command_read_folder(c))
        return false;
    if (c->folder.count == 0) /* nothing will be written */
        return command_connect(c) && migrate_check_past(c);
    return command_connect_to_write(c) && migrate_adopt_baseline(c) && migrate_check_past(c);
}

static int apply_until(migrate_command *c, unsigned number)
{
    if (migrate_count_pending(c) == 0) {
        migrate_tell_nothing_waits(c, "");
        return 0;
    }
    for (unsigned i = 0; i < c->folder.count; i++)
        if (c->folder.items[i].number <= number && state_find(&c->state, c->folder.items[i].name) == NULL &&
            !apply(c, &c->folder.items[i], false))
            return 1;
    return 0;
}

int command_up(migrate_command *c)
{
    return begin(c) ? apply_until(c, ~0u) : 1;
}

static const migration *last_applied(const migrate_command *c)
{
    for (unsigned i = c->folder.count; i-- > 0;)
        if (state_find(&c->state, c->folder.items[i].name) != NULL)
            return &c->folder.items[i];
    return NULL;
}

int command_down(migrate_command *c)
{
    if (!begin(c))
        return 1;
    const migration *last = last_applied(c);
    if (last != NULL)
        return !apply(c, last, true);
    puts("nothing to do: no migration is applied");
    return 0;
}

int command_to(migrate_command *c)
{
    const char *word = command_take_word(c);
    if (word == NULL) {
        command_fail(c, "migrate to: give a migration's number or name; 0 undoes all");
        return 1;
    }
    if (!begin(c))
        return 1;
    const migration *target = folder_find(&c->folder, word);
    bool is_start = strspn(word, "0") == strlen(word);
    if (target == NULL && !is_start) {
        command_fail(c, "migrate to %s: there is no such migration in %s", word, c->folder.path);
        return 1;
    }
    unsigned number = target != NULL ? target->number : 0;
    for (const migration *last; (last = last_applied(c)) != NULL && last->number > number;)
        if (!apply(c, last, true))
            return 1;
    for (unsigned i = 0; i < c->folder.count; i++)
        if (c->folder.items[i].number <= number && state_find(&c->state, c->folder.items[i].name) == NULL)
            return apply_until(c, number);
    return 0;
}
