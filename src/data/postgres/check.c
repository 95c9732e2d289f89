/*
 * Asks PostgreSQL about statements, in a separate schema made in a transaction that is never committed. No
 * other schema is in the search path, so neither the migrations nor the statements find the tables of an
 * application in the same database.
 */
#include "data/check/engine.h"

#include "base/text.h"
#include "data/postgres/libpq.h"
#include "data/postgres/params.h"
#include "data/postgres/wire.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Plans are generic, as for prepared statements, and scan a whole table only where no index helps. Without
 * this setting PostgreSQL would never use an index, because the tables are empty. */
static const char settings[] =
    "select set_config('lock_timeout', '5s', true), set_config('statement_timeout', '60s', true), "
    "set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true)";

static void end(migrate_client *client)
{
    client_rollback(client);
    client_close(client);
}

static bool run(migrate_client *client, const char *sql, buf *problem)
{
    return client_query(client, sql, NULL, 0, NULL, NULL, problem);
}

static bool give_up(migrate_client *client)
{
    end(client);
    return false;
}

static bool open_scratch(migrate_client *client, const char *url, buf *problem)
{
    char make[96], look[96];
    snprintf(make, sizeof make, "create schema tern_check_%ld", (long)getpid());
    snprintf(look, sizeof look, "select set_config('search_path', 'tern_check_%ld', true)", (long)getpid());
    if (!client_open(client, url, false, problem))
        return give_up(client);
    if (!client_begin(client, "begin", problem))
        return give_up(client);
    if (!run(client, make, problem)) {
        buf_add_text(problem,
                     "; the check makes a schema of its own, which is rolled back: it needs the right to "
                     "create one (grant create on database), or a database of its own");
        return give_up(client);
    }
    return (run(client, look, problem) && run(client, settings, problem)) || give_up(client);
}

static bool open_as_it_is(migrate_client *client, const char *url, buf *problem)
{
    return (client_open(client, url, false, problem) && client_begin(client, "begin read only", problem) &&
            run(client, settings, problem)) ||
           give_up(client);
}

/* -- one statement -- */

static const char *keep(arena *a, const char *text)
{
    return text != NULL ? arena_text(a, text, strlen(text)) : NULL;
}

typedef struct column_sink {
    check_column *column;
    arena *memory;
} column_sink;

static bool take_column(void *arg, const char *const *values, unsigned count)
{
    column_sink *sink = arg;
    if (count < 4)
        return false;
    sink->column->type = keep(sink->memory, values[0]);
    sink->column->table = keep(sink->memory, values[1]);
    sink->column->column = keep(sink->memory, values[2]);
    sink->column->is_nullable = values[3] != NULL && values[3][0] == 't';
    return true;
}

static bool describe_column(migrate_client *client, const PGresult *result, int number, arena *a,
                            check_column *column, buf *problem)
{
    char sql[320];
    column_sink sink = {column, a};
    *column =
        (check_column){.name = keep(a, libpq.fname(result, number)), .oid = libpq.ftype(result, number)};
    snprintf(
        sql, sizeof sql,
        "select pg_catalog.format_type(%u, null), c.relname, a.attname, not a.attnotnull from (select) one "
        "left join pg_catalog.pg_attribute a on a.attrelid = %u and a.attnum = %d "
        "left join pg_catalog.pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p')",
        column->oid, libpq.ftable(result, number), libpq.ftablecol(result, number));
    return client_query(client, sql, NULL, 0, take_column, &sink, problem);
}

static bool take_plan(void *arg, const char *const *values, unsigned count)
{
    buf *plan = arg;
    if (count != 0 && values[0] != NULL)
        buf_add_printf(plan, "%s\n", values[0]);
    return true;
}

/** The plan of the prepared statement; NULL for statements without a plan. */
static const char *explain(migrate_client *client, unsigned count, arena *a)
{
    buf words = {0}, plan = {0}, ignored = {0};
    buf_add_text(&words, "explain (costs off) execute tern_check");
    for (unsigned i = 0; i < count; i++)
        buf_add_text(&words, i == 0 ? "(null" : ", null");
    buf_add_text(&words, count != 0 ? ")" : "");
    bool has_plan = !words.failed && run(client, "savepoint tern_plan", &ignored);
    if (has_plan && !client_query(client, words.data, NULL, 0, take_plan, &plan, &ignored))
        run(client, "rollback to savepoint tern_plan", &ignored);
    const char *kept = plan.len != 0 ? arena_text(a, plan.data, plan.len) : NULL;
    buf_free(&words);
    buf_free(&plan);
    buf_free(&ignored);
    return kept;
}

/** The server's error for a statement that it cannot prepare, in one line. */
static const char *words_of(const PGresult *result, arena *a)
{
    const char *message = libpq.resultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *hint = libpq.resultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    if (message == NULL)
        return keep(a, libpq.resultErrorMessage(result));
    return hint != NULL ? arena_printf(a, "%s (%s)", message, hint) : keep(a, message);
}

static bool is_good(const PGresult *result)
{
    return result != NULL && libpq.resultStatus(result) == PGRES_COMMAND_OK;
}

/** Runs inside a savepoint. */
static bool ask_prepared(migrate_client *client, unsigned count, arena *a, check_answer *answer, buf *problem)
{
    PGresult *result = libpq.describePrepared(client->handle, "tern_check");
    answer->is_sound = is_good(result);
    bool goes_on = result != NULL;
    if (!answer->is_sound)
        answer->problem = goes_on ? words_of(result, a) : NULL;
    for (int i = 0; answer->is_sound && goes_on && i < libpq.nfields(result) && i < CHECK_COLUMNS_MOST; i++)
        goes_on = describe_column(client, result, i, a, &answer->columns[answer->count++], problem);
    libpq.clear(result);
    if (goes_on && answer->is_sound)
        answer->plan = explain(client, count, a);
    return goes_on && (!answer->is_sound || run(client, "deallocate tern_check", problem));
}

static bool ask(migrate_client *client, const char *sql, const unsigned char *kinds, unsigned count, arena *a,
                check_answer *answer, buf *problem)
{
    Oid types[128];
    const data_statement statement = {.arg_count = count, .kinds = kinds};
    answer->count = 0;
    answer->plan = answer->problem = NULL;
    if (count > sizeof types / sizeof *types || !run(client, "savepoint tern_check", problem))
        return false;
    params_types(&statement, types);
    PGresult *result = libpq.prepare(client->handle, "tern_check", sql, (int)count, types);
    answer->is_sound = is_good(result);
    if (!answer->is_sound && result != NULL)
        answer->problem = words_of(result, a);
    libpq.clear(result);
    if (answer->is_sound && !ask_prepared(client, count, a, answer, problem))
        return false;
    return run(client, "rollback to savepoint tern_check", problem);
}

/* -- types: those that column.c reads -- */

static bool is_whole(Oid oid)
{
    return oid == OID_INT2 || oid == OID_INT4 || oid == OID_INT8 || oid == OID_OID || oid == OID_NUMERIC;
}

static bool is_json(Oid oid)
{
    return oid == OID_JSON || oid == OID_JSONB;
}

static bool fits(const check_column *column, const tern_type *type)
{
    const Oid oid = column->oid;
    switch (type->kind) {
    case TERN_KIND_BOOL:
        return oid == OID_BOOL;
    case TERN_KIND_INT:
    case TERN_KIND_UINT:
        return is_whole(oid);
    case TERN_KIND_FLOAT:
        return is_whole(oid) || oid == OID_FLOAT4 || oid == OID_FLOAT8;
    case TERN_KIND_DECIMAL:
        return is_whole(oid);
    case TERN_KIND_BYTES:
        return oid == OID_BYTEA;
    case TERN_KIND_UUID:
        return oid == OID_UUID;
    case TERN_KIND_DATE:
        return oid == OID_DATE;
    case TERN_KIND_TIME:
        return oid == OID_TIME;
    case TERN_KIND_DATETIME:
        return oid == OID_TIMESTAMPTZ || oid == OID_TIMESTAMP;
    case TERN_KIND_DURATION:
        return oid == OID_INTERVAL;
    case TERN_KIND_ANY:
        return is_json(oid);
    default: /* a text can be read from nearly everything, a list also from arrays */
        return true;
    }
}

static bool has_text(const char *line, size_t len, const char *text)
{
    return memmem(line, len, text, strlen(text)) != NULL;
}

/** The lines below "Seq Scan on todo" or "Index Scan using todo_pkey on todo t" have an "Index
 * Cond:" where an index is used for what is asked. */
static bool is_scanned(const char *plan, const char *table, tern_str alias)
{
    bool is_of_table = false, is_sought = false, is_scanned = false;
    (void)alias; /* the plan names the table */
    for (size_t len; *plan != '\0'; plan += len + (plan[len] == '\n')) {
        len = strcspn(plan, "\n");
        const char *on = memmem(plan, len, " on ", 4);
        bool is_node = has_text(plan, len, "Scan") && on != NULL;
        if (is_node || has_text(plan, len, "->")) {
            is_scanned |= is_of_table && !is_sought;
            is_sought = false;
            is_of_table =
                is_node && check_plan_names(on + 4, (size_t)(plan + len - on - 4), table, strlen(table));
        }
        is_sought |= has_text(plan, len, "Index Cond:") || has_text(plan, len, "Recheck Cond:");
    }
    return is_scanned || (is_of_table && !is_sought);
}

const check_engine check_postgres = {.label = "PostgreSQL",
                                     .data = &data_postgres,
                                     .open_scratch = open_scratch,
                                     .open_as_it_is = open_as_it_is,
                                     .close = end,
                                     .ask = ask,
                                     .fits = fits,
                                     .is_scanned = is_scanned};
