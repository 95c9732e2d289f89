#include "postgres_test.h"

static data_session *borrow(void)
{
    data_error error;
    data_session *session = data_postgres.acquire(db, true, &error);
    if (session == NULL)
        check_fail(__FILE__, __LINE__, "%s", error.message);
    return session;
}

static answer in_session(data_session *session, const char *sql)
{
    return ask(sql, NO_ARGS, .session = session);
}

static void make_notes(void)
{
    must("drop table if exists notes");
    must("create table notes (id bigint primary key)");
}

static void commit_one(void)
{
    make_notes();
    data_session *session = borrow();
    CHECK(in_session(session, "begin").is_ok);
    CHECK_INT(in_session(session, "insert into notes values (1)").affected, 1);
    CHECK_INT(must("select count(*) from notes").number, 0);
    CHECK(in_session(session, "commit").is_ok);
    data_postgres.release(session);
    CHECK_INT(must("select count(*) from notes").number, 1);
}

TEST(a_transaction_is_seen_by_others_once_it_is_committed)
{
    with_database(commit_one);
}

static void leave_open(void)
{
    make_notes();
    data_session *session = borrow();
    CHECK(in_session(session, "begin").is_ok);
    CHECK(in_session(session, "insert into notes values (1)").is_ok);
    data_postgres.release(session);
    CHECK_INT(must("select count(*) from notes").number, 0);
    session = borrow();
    answer got = in_session(session, "select count(*) from pg_stat_activity where pid = pg_backend_pid() and "
                                     "xact_start < now()");
    CHECK_INT(got.number, 0);
    data_postgres.release(session);
}

TEST(threat_103_a_transaction_left_open_is_rolled_back_before_its_connection_is_lent_again)
{
    db_options.pool = 1;
    with_database(leave_open);
}

static void leave_failed(void)
{
    make_notes();
    data_session *session = borrow();
    CHECK(in_session(session, "begin").is_ok);
    CHECK_INT(in_session(session, "select 1 / 0").error.fault, TERN_DATA_BAD_VALUE);
    CHECK_INT(in_session(session, "select 1").error.fault, TERN_DATA_REFUSED);
    data_postgres.release(session);
    CHECK_INT(must("select 1").number, 1);
}

TEST(threat_103_a_failed_transaction_is_rolled_back_too)
{
    db_options.pool = 1;
    with_database(leave_failed);
}

/* A coroutine whose transaction waits for the lock that another one holds, and which is then cancelled. */
static void wait_for_lock(void *arg)
{
    (void)arg;
    data_session *session = borrow();
    CHECK(in_session(session, "begin").is_ok);
    CHECK(in_session(session, "insert into notes values (2)").is_ok);
    answer got = in_session(session, "update notes set id = 10 where id = 1");
    CHECK(!got.is_ok);
    CHECK(got.error.is_cancelled);
    data_postgres.release(session);
}

static void cancel_in_transaction(void)
{
    test_body waiting;
    make_notes();
    must("insert into notes values (1)");
    data_session *session = borrow();
    CHECK(in_session(session, "begin").is_ok);
    CHECK(in_session(session, "delete from notes where id = 1").is_ok);
    start_body(&waiting, wait_for_lock, NULL);
    while (must("select count(*) from pg_locks where not granted").number == 0)
        pause_ms(1);
    coro_cancel(waiting.co);
    while (waiting.co != NULL)
        pause_ms(1);
    CHECK(in_session(session, "commit").is_ok);
    data_postgres.release(session);
    while (must("select count(*) from pg_stat_activity where state <> 'idle' and pid <> pg_backend_pid() and "
                "backend_type = 'client backend'")
               .number != 0)
        pause_ms(1);
    CHECK_INT(must("select count(*) from notes").number, 0);
}

TEST(threat_103_a_cancelled_coroutine_in_flight_leaves_no_transaction)
{
    with_database(cancel_in_transaction);
}

static void set_and_leave(void)
{
    data_session *session = borrow();
    CHECK(in_session(session, "set search_path = nowhere").is_ok);
    CHECK(ask("select 1", NO_ARGS, .session = session, .id = 5).is_ok);
    data_postgres.release(session);
    CHECK_TEXT(ask("show search_path", NO_ARGS, .as_text = true).text, "\"$user\", public");
    CHECK(ask("select 1", NO_ARGS, .id = 5).is_ok);
}

TEST(settings_of_a_session_are_reset_when_it_is_lent_again)
{
    db_options.pool = 1;
    with_database(set_and_leave);
}

static void stale_plan(void)
{
    must("drop table if exists shapes");
    must("create table shapes (a bigint)");
    must("insert into shapes values (1)");
    CHECK_INT(ask("select * from shapes", NO_ARGS, .id = 9, .reads = true).number, 1);
    must("alter table shapes alter a type text");
    CHECK_TEXT(ask("select * from shapes", NO_ARGS, .id = 9, .reads = true, .as_text = true).text, "1");
    must("deallocate all");
    CHECK_TEXT(ask("select * from shapes", NO_ARGS, .id = 9, .reads = true, .as_text = true).text, "1");
    data_session *session = borrow();
    CHECK(in_session(session, "alter table shapes add b bigint").is_ok);
    CHECK(ask("select * from shapes", NO_ARGS, .id = 9, .session = session, .as_text = true).is_ok);
    data_postgres.release(session);
}

TEST(a_statement_prepared_for_a_table_as_it_was_is_prepared_again)
{
    db_options.pool = 1;
    with_database(stale_plan);
}

/* -- the pool -- */

static bool is_held, may_end;

static void hold_one(void *arg)
{
    (void)arg;
    data_session *session = borrow();
    is_held = true;
    while (!may_end)
        pause_ms(1);
    data_postgres.release(session);
}

static void find_pool_empty(void *arg)
{
    data_error error;
    (void)arg;
    while (!is_held)
        pause_ms(1);
    answer got = ask("select 1", NO_ARGS, .reads = true);
    CHECK_INT(got.error.fault, TERN_DATA_BUSY);
    CHECK_TEXT(got.error.message, "no connection became free within 500 ms");
    CHECK(data_postgres.acquire(db, true, &error) == NULL);
    CHECK_INT(error.fault, TERN_DATA_BUSY);
    may_end = true;
    pause_ms(5);
    CHECK_INT(must("select 4").number, 4);
}

TEST(threat_102_with_an_empty_pool_the_answer_is_busy_in_bounded_time_and_later_all_is_well)
{
    test_body holding, asking;
    db_options.pool = 1;
    db_options.wait_timeout_ms = 500;
    open_database();
    start_body(&holding, hold_one, NULL);
    start_body(&asking, find_pool_empty, NULL);
    run_bodies();
}

static bool plain(data_session *session, const char *sql)
{
    const data_statement statement = {.sql = sql, .sql_len = strlen(sql), .writes = true};
    data_run run = {.statement = &statement};
    return data_postgres.session_run(session, &run);
}

static void take_and_give(void *arg)
{
    int own = (int)(intptr_t)arg;
    for (int i = 0; i < 20; i++) {
        data_session *session = borrow();
        CHECK(plain(session, "begin"));
        answer got = ask("select $1::bigint", TERN_ARGS(own), .session = session, .id = 2, .reads = true);
        CHECK_INT(got.number, own);
        got = ask("update counts set n = n + 1 where id = $1", TERN_ARGS(own), .session = session, .id = 3);
        CHECK_INT(got.affected, 1);
        CHECK(plain(session, i % 4 == 0 ? "rollback" : "commit"));
        data_postgres.release(session);
    }
}

static void share(void *arg)
{
    (void)arg;
    for (int i = 0; i < 100; i++)
        CHECK_INT(ask("select $1::int", TERN_ARGS(i), .id = 1, .reads = true).number, i);
}

static void make_counts(void *arg)
{
    static test_body taking[24], sharing[24];
    (void)arg;
    must("drop table if exists counts");
    must("create table counts as select i::bigint as id, 0 as n from generate_series(0, 23) i");
    for (intptr_t i = 0; i < 24; i++) {
        start_body(&taking[i], take_and_give, (void *)i);
        start_body(&sharing[i], share, NULL);
    }
    while (still_running > 1)
        pause_ms(1);
    CHECK_INT(must("select count(*) from counts where n = 15").number, 24);
}

static void take_turns(void)
{
    static test_body body;
    db_options.pool = 3;
    db_options.wait_timeout_ms = 30000;
    open_database();
    start_body(&body, make_counts, NULL);
    run_bodies();
}

TEST(transactions_and_shared_statements_take_turns_on_few_connections)
{
    take_turns();
}

TEST(threat_121_transactions_and_shared_statements_take_turns_before_a_pooler_too)
{
    db_options.prepare = TERN_PREPARE_NEVER;
    take_turns();
}
