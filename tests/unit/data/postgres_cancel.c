/* Statements whose coroutine leaves, or whose time is over: the server stops, the connection returns to the
 * pool, and no other statement is hit. */
#include "postgres_test.h"

#include <string.h>

enum { SOON_MS = 3000 }; /* far below the duration of the statements */

static int64_t own_pid;

/** Has one connection, and knows its server process. */
static void with_one_connection(void (*run)(void))
{
    db_options.pool = 1;
    with_database(run);
}

static void note_pid(void)
{
    own_pid = must("select pg_backend_pid()").number;
}

/** With a pool of one: the next statement is answered soon, by the same server process. */
static void check_connection_is_back(uint64_t left_ms)
{
    CHECK_INT(must("select pg_backend_pid()").number, own_pid);
    CHECK(loop_after_ms(0) - left_ms < SOON_MS);
    CHECK_INT(
        must("select count(*) from pg_stat_activity where query like '%pg_sleep(20)%' and state <> 'idle' "
             "and pid <> pg_backend_pid()")
            .number,
        0);
}

static void leave_after(test_body *body, uint64_t ms)
{
    pause_ms(ms);
    CHECK(body->co != NULL);
    coro_cancel(body->co);
}

static void end_of(const test_body *body)
{
    while (body->co != NULL)
        pause_ms(1);
}

/* -- each way to run a statement -- */

static void be_left(void *sql)
{
    answer got = ask(sql, NO_ARGS, .reads = true);
    CHECK(got.error.is_cancelled);
}

static void leave_a_read(void)
{
    static test_body leaving;
    note_pid();
    start_body(&leaving, be_left, (void *)"select 1::bigint from pg_sleep(20)");
    leave_after(&leaving, 30);
    check_connection_is_back(loop_after_ms(0));
}

TEST(threat_125_a_read_whose_client_left_ends_and_its_connection_is_lent_again)
{
    with_one_connection(leave_a_read);
}

static void be_left_writing(void *unused)
{
    (void)unused;
    answer got = ask("insert into written select 1 from pg_sleep(20)", NO_ARGS, .id = 3);
    CHECK(got.error.is_cancelled);
}

static void leave_a_write(void)
{
    static test_body leaving;
    must("drop table if exists written");
    must("create table written (id bigint)");
    note_pid();
    start_body(&leaving, be_left_writing, NULL);
    leave_after(&leaving, 30);
    check_connection_is_back(loop_after_ms(0));
    CHECK_INT(must("select count(*) from written").number, 0);
}

TEST(threat_125_a_write_whose_client_left_ends_undone)
{
    with_one_connection(leave_a_write);
}

static void be_left_in_a_transaction(void *unused)
{
    data_error error;
    data_session *session = data_postgres.acquire(db, true, &error);
    (void)unused;
    CHECK(session != NULL);
    CHECK(ask("begin", NO_ARGS, .session = session).is_ok);
    CHECK(ask("insert into written values (1)", NO_ARGS, .session = session).is_ok);
    CHECK(ask("select 1::bigint from pg_sleep(20)", NO_ARGS, .session = session).error.is_cancelled);
    data_postgres.release(session);
}

static void leave_a_transaction(void)
{
    static test_body leaving;
    must("drop table if exists written");
    must("create table written (id bigint)");
    note_pid();
    start_body(&leaving, be_left_in_a_transaction, NULL);
    leave_after(&leaving, 30);
    check_connection_is_back(loop_after_ms(0));
    CHECK_INT(must("select count(*) from written").number, 0);
}

TEST(threat_125_a_transaction_whose_client_left_is_rolled_back_and_its_connection_is_lent_again)
{
    with_one_connection(leave_a_transaction);
}

static data_session *open_rows(data_run *run, arena *memory, const char *sql, uint64_t deadline_ms)
{
    static data_statement statement;
    data_error error;
    data_session *session = data_postgres.acquire(db, false, &error);
    CHECK(session != NULL);
    statement = (data_statement){.sql = sql, .sql_len = strlen(sql)};
    *run = (data_run){.statement = &statement, .memory = memory, .deadline_ms = deadline_ms};
    CHECK(data_postgres.stream_open(session, run));
    return session;
}

static void be_left_reading_rows(void *unused)
{
    char lent[512];
    arena memory;
    data_run run;
    data_row row;
    (void)unused;
    arena_init(&memory, lent, sizeof lent, 1 << 20);
    data_session *session =
        open_rows(&run, &memory, "select n from generate_series(1, 3) n, pg_sleep(20)", 0);
    CHECK(!data_postgres.stream_next(session, &run, &row));
    CHECK(run.error.is_cancelled);
    data_postgres.stream_close(session, &run);
    data_postgres.release(session);
    arena_free(&memory);
}

static void leave_rows(void)
{
    static test_body leaving;
    note_pid();
    start_body(&leaving, be_left_reading_rows, NULL);
    leave_after(&leaving, 30);
    check_connection_is_back(loop_after_ms(0));
}

TEST(threat_125_rows_whose_client_left_end_and_their_connection_is_lent_again)
{
    with_one_connection(leave_rows);
}

static void close_rows_early(void)
{
    char lent[512];
    arena memory;
    data_run run;
    data_row row;
    note_pid();
    arena_init(&memory, lent, sizeof lent, 1 << 20);
    data_session *session = open_rows(
        &run, &memory,
        "select n, repeat('x', 9000) from generate_series(1, 4000) n where pg_sleep(0.005) is not null", 0);
    CHECK(data_postgres.stream_next(session, &run, &row));
    data_postgres.stream_close(session, &run);
    uint64_t left_ms = loop_after_ms(0);
    data_postgres.release(session);
    check_connection_is_back(left_ms);
    arena_free(&memory);
}

TEST(rows_closed_early_are_cancelled_once_their_connection_is_returned)
{
    with_one_connection(close_rows_early);
}

static void close_rows_in_a_transaction(void)
{
    char lent[512];
    arena memory;
    data_run run;
    note_pid();
    arena_init(&memory, lent, sizeof lent, 1 << 20);
    data_session *session = open_rows(
        &run, &memory, "select n, repeat('x', 1000) from generate_series(1, 100000) n, pg_sleep(0.05)", 0);
    data_postgres.stream_close(session, &run);
    CHECK_INT(ask("select 5::bigint", NO_ARGS, .session = session).number, 5);
    data_postgres.release(session);
    CHECK_INT(must("select pg_backend_pid()").number, own_pid);
    arena_free(&memory);
}

TEST(rows_closed_early_are_not_cancelled_while_their_session_continues)
{
    with_one_connection(close_rows_in_a_transaction);
}

/* -- time limits -- */

static void run_out_of_time(void)
{
    note_pid();
    CHECK_INT(ask("select 1::bigint from pg_sleep(20)", NO_ARGS, .reads = true, .within_ms = 50).error.fault,
              TERN_DATA_TIMEOUT);
    check_connection_is_back(loop_after_ms(0));
}

TEST(a_statement_past_its_deadline_returns_its_connection)
{
    with_one_connection(run_out_of_time);
}

static void run_out_of_time_in_a_session(void)
{
    data_error error;
    note_pid();
    data_session *session = data_postgres.acquire(db, true, &error);
    CHECK(ask("begin", NO_ARGS, .session = session).is_ok);
    CHECK(ask("savepoint s", NO_ARGS, .session = session).is_ok);
    CHECK_INT(
        ask("select 1::bigint from pg_sleep(20)", NO_ARGS, .session = session, .within_ms = 50).error.fault,
        TERN_DATA_TIMEOUT);
    CHECK_INT(ask("select 1::bigint", NO_ARGS, .session = session).error.fault, TERN_DATA_REFUSED);
    CHECK(ask("rollback to s", NO_ARGS, .session = session).is_ok);
    CHECK_INT(ask("select 1::bigint", NO_ARGS, .session = session).number, 1);
    data_postgres.release(session);
    check_connection_is_back(loop_after_ms(0));
}

TEST(a_session_past_a_deadline_continues_from_its_savepoint)
{
    with_one_connection(run_out_of_time_in_a_session);
}

/* -- others on the same connection -- */

static void count_once(void *unused)
{
    (void)unused;
    answer got = ask("select nextval('runs') from pg_sleep(0.3)", NO_ARGS, .reads = true, .id = 1);
    CHECK(got.is_ok);
    CHECK_INT(got.number, 1); /* run again it would be 2 */
}

static void leave_behind_another(void)
{
    static test_body slow, leaving;
    must("drop sequence if exists runs");
    must("create sequence runs");
    note_pid();
    start_body(&slow, count_once, NULL);
    pause_ms(2); /* its own group */
    start_body(&leaving, be_left, (void *)"select 2::bigint from pg_sleep(20)");
    leave_after(&leaving, 30);
    end_of(&slow);
    check_connection_is_back(loop_after_ms(0));
}

TEST(threat_125_leaving_after_another_statement_does_not_cancel_that_one)
{
    with_one_connection(leave_behind_another);
}

static void be_quick(void *unused)
{
    (void)unused;
    CHECK_INT(ask("select 7", NO_ARGS, .reads = true, .id = 1).number, 7);
}

static void leave_a_group(void)
{
    static test_body quick[2], leaving;
    note_pid();
    start_body(&quick[0], be_quick, NULL);
    start_body(&leaving, be_left, (void *)"select 2::bigint from pg_sleep(20)");
    start_body(&quick[1], be_quick, NULL);
    leave_after(&leaving, 30);
    uint64_t left_ms = loop_after_ms(0);
    end_of(&quick[0]);
    end_of(&quick[1]);
    check_connection_is_back(left_ms);
}

TEST(threat_125_leaving_does_not_delay_statements_in_the_same_group)
{
    with_one_connection(leave_a_group);
}

enum { LEAVING = 4, STAYING = 4, ROUNDS = 60 };
static test_body leavers[LEAVING], stayers[STAYING];
static unsigned written, staying;

/* Sleeps about as long as a cancel request needs to arrive, so that many arrive too late. */
static void be_left_often(void *number)
{
    (void)number;
    ask("select 1::bigint from pg_sleep(0.012 + random() * 0.004)", NO_ARGS, .id = 1, .reads = true);
}

static void ask_and_write(void *number)
{
    while (staying > 0) {
        int wanted = (int)(intptr_t)number * 100000 + (int)written;
        answer got = ask("select $1::bigint", TERN_ARGS(wanted), .id = 2, .reads = true);
        if (!got.is_ok)
            check_fail(__FILE__, __LINE__, "%s", got.error.message);
        CHECK_INT(got.number, wanted);
        got = ask("insert into kept_writes select from pg_sleep(0.001)", NO_ARGS, .id = 3);
        if (!got.is_ok)
            check_fail(__FILE__, __LINE__, "%s", got.error.message);
        written++;
    }
}

static void leave_again_and_again(void)
{
    must("drop table if exists kept_writes");
    must("create table kept_writes ()");
    staying = 1;
    for (intptr_t i = 0; i < STAYING; i++)
        start_body(&stayers[i], ask_and_write, (void *)i);
    for (int round = 0; round < ROUNDS; round++) {
        for (intptr_t i = 0; i < LEAVING; i++)
            start_body(&leavers[i], be_left_often, (void *)i);
        pause_ms(2);
        for (int i = 0; i < LEAVING; i++)
            if (leavers[i].co != NULL)
                coro_cancel(leavers[i].co);
        for (int i = 0; i < LEAVING; i++)
            end_of(&leavers[i]);
        pause_ms(15);
    }
    staying = 0;
    for (int i = 0; i < STAYING; i++)
        end_of(&stayers[i]);
    CHECK(written > 0);
    CHECK_INT(must("select count(*) from kept_writes").number, written);
}

TEST(threat_125_late_cancel_requests_hit_no_statement_and_writes_are_done_once)
{
    db_options.pool = 2;
    with_database(leave_again_and_again);
}

/* -- a server that accepts no cancel request -- */

static void cancel_a_frozen_one(void)
{
    must("select 1");
    tell_proxy("freeze");
    uint64_t began_ms = loop_after_ms(0);
    for (int i = 0; i < 3; i++)
        CHECK(!ask("select 1::bigint", NO_ARGS, .reads = true, .within_ms = 50).is_ok);
    CHECK(loop_after_ms(0) - began_ms < SOON_MS);
    tell_proxy("thaw");
    pause_ms(1500);
    CHECK_INT(must("select 3").number, 3);
}

TEST(a_server_that_accepts_no_cancel_request_delays_no_statement_past_its_deadline)
{
    db_options.pool = 1;
    with_proxy(cancel_a_frozen_one);
}
