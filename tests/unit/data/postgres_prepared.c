/* Prepared statements whose tables change. */
#include "postgres_test.h"

static data_session *borrow(void)
{
    data_error error;
    data_session *session = data_postgres.acquire(db, true, &error);
    if (session == NULL)
        check_fail(__FILE__, __LINE__, "%s", error.message);
    return session;
}

/* Begins like the data layer: "begin" is sent with the first statement. */
static void begin(data_session *session)
{
    static const data_statement words = {.sql = "begin", .sql_len = 5, .id = 1};
    data_run run = {.statement = &words};
    CHECK(data_postgres.session_begin(session, &run));
}

static bool commit(data_session *session)
{
    static const data_statement words = {.sql = "commit", .sql_len = 6, .id = 2};
    data_run run = {.statement = &words};
    return data_postgres.session_commit(session, &run);
}

/* Runs a script on its own connection, as another process would. */
static void elsewhere(const char *script)
{
    char statement[300];
    for (const char *at = script, *end; *at != '\0'; at = *end != '\0' ? end + 1 : end) {
        end = at + strcspn(at, ";");
        snprintf(statement, sizeof statement, "%.*s", (int)(end - at), at);
        must(statement);
    }
}

/* Statements that answer "1" before and after a change, each with values that only one of them accepts. */
static const struct change {
    const char *what, *tables, *sql, *change;
    const char *before, *after; /* bound texts; NULL: the number 1 */
} changes[] = {
    {"a column has another type", "create table shape (a bigint)",
     "insert into shape values ($1) returning a", "alter table shape alter a type integer", NULL, NULL},
    {"a column has another length", "create table shape (a varchar(5))",
     "insert into shape values ($1) returning a", "alter table shape alter a type varchar(9)", "1", "1"},
    {"a column has come", "create table shape (a bigint)", "insert into shape values ($1) returning *",
     "alter table shape add b bigint", NULL, NULL},
    {"a column has gone", "create table shape (a bigint, b bigint)",
     "insert into shape values ($1) returning *", "alter table shape drop b", NULL, NULL},
    {"the table is another one", "create table shape (a bigint)", "insert into shape values ($1) returning *",
     "drop table shape;create table shape (a integer, b text)", NULL, NULL},
    {"the table went and came again", "create table shape (a bigint)",
     "insert into shape values ($1) returning a", "drop table shape;create table shape (a bigint)", NULL,
     NULL},
    {"a text has become a number", "create table shape (a text)", "insert into shape values ($1) returning 1",
     "alter table shape alter a type integer using a::integer", "17", "18"},
    {"a number has become a text", "create table shape (a integer)",
     "insert into shape values ($1) returning 1", "alter table shape alter a type text", "17", "many"},
    {"a uuid has become a text", "create table shape (a uuid)", "insert into shape values ($1) returning 1",
     "alter table shape alter a type text", "c0ffee00-0000-0000-0000-000000000000", "coffee"},
    {"a date has become a text", "create table shape (a date)", "insert into shape values ($1) returning 1",
     "alter table shape alter a type text", "2026-11-30", "some day"},
    {"the type of an enum is another one", "create type mood as enum ('sad');create table shape (a mood)",
     "insert into shape values ($1) returning 1",
     "alter type mood rename to old;create type mood as enum ('sad', 'glad');"
     "alter table shape alter a type mood using a::text::mood",
     "sad", "glad"},
    {"the type of an enum was dropped", "create type mood as enum ('sad');create table shape (a mood)",
     "insert into shape values ($1) returning 1",
     "alter table shape alter a type text;drop type mood;create type mood as enum ('sad', 'glad');"
     "alter table shape alter a type mood using a::mood",
     "sad", "glad"},
    {"an enum has one more value", "create type mood as enum ('sad');create table shape (a mood)",
     "insert into shape values ($1) returning 1", "alter type mood add value 'glad'", "sad", "glad"},
    {"a function gives another type",
     "create function same(n bigint) returns bigint language sql as 'select n'", "select same($1)",
     "drop function same;create function same(n bigint) returns integer language sql as 'select n::integer'",
     NULL, NULL},
    {"a view is another one", "create table shape (a bigint);create view seen as select 1::bigint as one",
     "select * from seen where one = $1",
     "drop view seen;create view seen as select 1::integer as one, 'x'::text as two", NULL, NULL},
    {"names are looked for elsewhere",
     "create table shape (a bigint);create schema other;create table other.shape (a integer, b text)",
     "insert into shape values ($1) returning *", "set search_path = other", NULL, NULL},
};

enum { CHANGES = sizeof changes / sizeof *changes };

static void clear_away(void)
{
    elsewhere("set search_path to default;drop schema if exists other cascade;drop view if exists seen;"
              "drop table if exists shape;drop function if exists same;drop type if exists mood;"
              "drop type if exists old");
}

static answer ask_one(const struct change *c, const char *text, unsigned id, data_session *session)
{
    bool is_read = strncmp(c->sql, "select", 6) == 0;
    return text == NULL ? ask(c->sql, TERN_ARGS(1), .id = id, .reads = is_read, .session = session)
                        : ask(c->sql, TERN_ARGS(text), .id = id, .reads = is_read, .session = session);
}

static void must_be_right(const struct change *c, answer got)
{
    if (!got.is_ok)
        check_fail(__FILE__, __LINE__, "%s: fault %d, %s", c->what, got.error.fault, got.error.message);
}

static void prepare_and_change(const struct change *c, unsigned id)
{
    clear_away();
    elsewhere(c->tables);
    must_be_right(c, ask_one(c, c->before, id, NULL));
    elsewhere(c->change);
    if (strncmp(c->sql, "insert", 6) == 0)
        must("delete from shape");
}

static void check_inserted(const struct change *c, int times)
{
    if (strncmp(c->sql, "insert", 6) == 0)
        CHECK_INT(must("select count(*) from shape").number, times);
}

static void change_between_statements(void)
{
    for (unsigned i = 0; i < CHANGES; i++) {
        prepare_and_change(&changes[i], 10 + i);
        for (int times = 0; times < 3; times++)
            must_be_right(&changes[i], ask_one(&changes[i], changes[i].after, 10 + i, NULL));
        check_inserted(&changes[i], 3);
    }
    clear_away();
}

TEST(threat_126_a_single_statement_works_after_any_change_of_its_tables)
{
    db_options.pool = 1;
    with_database(change_between_statements);
}

static void change_before_transactions(void)
{
    for (unsigned i = 0; i < CHANGES; i++) {
        prepare_and_change(&changes[i], 10 + i);
        for (int times = 0; times < 3; times++) {
            data_session *session = borrow();
            begin(session);
            must_be_right(&changes[i], ask_one(&changes[i], changes[i].after, 10 + i, session));
            must_be_right(&changes[i], ask_one(&changes[i], changes[i].after, 10 + i, session));
            CHECK(commit(session));
        }
        check_inserted(&changes[i], 6);
    }
    clear_away();
}

TEST(threat_126_the_first_statement_of_a_transaction_works_after_any_change_of_its_tables)
{
    db_options.pool = 1;
    with_database(change_before_transactions);
}

/* -- in transactions, and on several connections -- */

static const char look[] = "select a from shape where a = $1";

static answer look_at(data_session *session)
{
    return ask(look, TERN_ARGS(1), .id = 7, .reads = true, .session = session);
}

static void make_shape(void)
{
    elsewhere("drop table if exists shape;create table shape (a bigint)");
}

/* A transaction that has already run a statement. */
static data_session *begin_and_ask(void)
{
    data_session *session = borrow();
    begin(session);
    CHECK(ask("select 1", NO_ARGS, .id = 9, .reads = true, .session = session).is_ok);
    return session;
}

static void change_in_a_transaction(void)
{
    make_shape();
    CHECK(look_at(NULL).is_ok);
    data_session *session = begin_and_ask();
    must("alter table shape alter a type integer");
    answer got = look_at(session);
    CHECK(!got.is_ok);
    CHECK_INT(got.error.fault, TERN_DATA_CONFLICT);
    data_postgres.release(session);
    session = begin_and_ask();
    CHECK(look_at(session).is_ok);
    CHECK(commit(session));
}

TEST(threat_126_a_later_statement_of_a_transaction_is_a_conflict_once)
{
    db_options.pool = 2;
    with_database(change_in_a_transaction);
}

static void change_under_two_connections(void)
{
    make_shape();
    data_session *session = borrow();
    CHECK(look_at(session).is_ok);
    CHECK(look_at(NULL).is_ok);
    must("alter table shape alter a type integer");
    CHECK(look_at(NULL).is_ok); /* which notices */
    begin(session);
    CHECK(ask("select 1", NO_ARGS, .id = 9, .reads = true, .session = session).is_ok);
    CHECK(look_at(session).is_ok);
    CHECK(commit(session));
}

TEST(threat_126_what_one_connection_notices_makes_all_prepare_again)
{
    db_options.pool = 2;
    with_database(change_under_two_connections);
}

enum { RUNS = 3 };

static void change_under_several(void)
{
    make_shape();
    CHECK(look_at(NULL).is_ok);
    must("alter table shape alter a type integer");
    data_session *session = borrow();
    begin(session);
    char lent[RUNS][512];
    arena memory[RUNS];
    uint8_t kind = TERN_ARG_INT;
    const data_statement statement = {
        .sql = look, .sql_len = sizeof look - 1, .id = 7, .arg_count = 1, .kinds = &kind};
    data_run runs[RUNS];
    tern_arg args[RUNS];
    for (int i = 0; i < RUNS; i++) {
        args[i] = (tern_arg){TERN_ARG_INT, .integer = i};
        arena_init(&memory[i], lent[i], sizeof lent[i], 1 << 20);
        runs[i] = (data_run){.statement = &statement, .args = &args[i], .memory = &memory[i]};
    }
    CHECK(data_postgres.session_run_all(session, runs, RUNS));
    CHECK(commit(session));
    for (int i = 0; i < RUNS; i++)
        arena_free(&memory[i]);
}

TEST(threat_126_statements_that_begin_a_transaction_together_work_after_a_change)
{
    db_options.pool = 1;
    with_database(change_under_several);
}

/* -- failures after which a statement is not sent again -- */

static void raise_inside(void)
{
    static const char *const states[] = {"0A000", "26000", "42P05", "42704", "42P01", "XX000"};
    elsewhere("drop sequence if exists runs;create sequence runs");
    must("create or replace function run_and_raise(state text) returns void language plpgsql as $$ begin "
         "perform nextval('runs'); raise 'x' using errcode = state; end $$");
    for (int i = 0; i < (int)(sizeof states / sizeof *states); i++)
        for (int times = 0; times < 2; times++)
            CHECK(!ask("select run_and_raise($1)", TERN_ARGS(states[i]), .id = 7).is_ok);
    CHECK_INT(must("select last_value from runs").number, 12);
    elsewhere("drop function run_and_raise;drop sequence runs");
}

TEST(threat_121_a_statement_that_failed_in_its_middle_is_not_sent_again)
{
    with_database(raise_inside);
}

static void miss_a_table(void)
{
    make_shape();
    CHECK(look_at(NULL).is_ok);
    must("drop table shape");
    for (int times = 0; times < 2; times++)
        CHECK_INT(look_at(NULL).error.fault, TERN_DATA_REFUSED);
    make_shape();
    CHECK(look_at(NULL).is_ok);
}

TEST(threat_126_a_dropped_table_is_reported_as_usual)
{
    with_database(miss_a_table);
}

/* -- names -- */

static void gather_names(void)
{
    make_shape();
    for (int times = 0; times < 5; times++) {
        for (unsigned id = 7; id < 10; id++)
            CHECK(ask(look, TERN_ARGS(1), .id = id, .reads = true).is_ok);
        must(times % 2 == 0 ? "alter table shape alter a type integer"
                            : "alter table shape alter a type bigint");
    }
    CHECK(must("select count(*) from pg_prepared_statements").number > 9);
    CHECK_INT(
        must("select count(*) from pg_prepared_statements where name !~ '^t[0-9a-f]{24}_[0-9]+$'").number, 0);
    CHECK_INT(must("select count(distinct left(name, 25)) from pg_prepared_statements").number, 1);
}

TEST(threat_121_names_begin_at_random_on_each_connection_and_are_used_once)
{
    db_options.pool = 1;
    with_database(gather_names);
}

static void lose_what_is_prepared(void)
{
    make_shape();
    for (int times = 0; times < 6; times++) {
        CHECK(look_at(NULL).is_ok);
        must("deallocate all");
    }
    CHECK(look_at(NULL).is_ok);
    CHECK_INT(must("select count(*) from pg_prepared_statements").number, 0);
}

TEST(threat_121_a_server_that_forgets_prepared_statements_soon_gets_no_names)
{
    db_options.pool = 1;
    with_database(lose_what_is_prepared);
}

static void lose_begin(void)
{
    make_shape();
    for (int times = 0; times < 2; times++) {
        data_session *session = borrow();
        begin(session);
        CHECK_INT(
            ask("insert into shape values ($1)", TERN_ARGS(times), .id = 8, .session = session).affected, 1);
        data_postgres.release(session);
        must("deallocate all");
    }
    CHECK_INT(must("select count(*) from shape").number, 0);
}

TEST(threat_121_a_transaction_whose_begin_was_forgotten_begins_again)
{
    db_options.pool = 1;
    with_database(lose_begin);
}

static void ask_without_names(void)
{
    make_shape();
    CHECK(look_at(NULL).is_ok);
    CHECK(look_at(NULL).is_ok);
    CHECK_INT(must("select count(*) from pg_prepared_statements").number, 0);
}

TEST(statements_have_no_names_where_the_settings_say_never)
{
    db_options.pool = 1;
    db_options.prepare = TERN_PREPARE_NEVER;
    with_database(ask_without_names);
}
