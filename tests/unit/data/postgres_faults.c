/* Databases that disappear, hang, or break in the middle of an answer. */
#include "base/mem.h"
#include "postgres_test.h"

static void kill_own_backend(void)
{
    answer got = ask("select pg_terminate_backend(pg_backend_pid())", NO_ARGS, .as_text = true);
    CHECK_INT(got.error.fault, TERN_DATA_AWAY);
    CHECK_INT(must("select 1").number, 1);
}

TEST(threat_102_a_statement_whose_server_process_ends_fails_and_the_next_has_a_new_one)
{
    with_database(kill_own_backend);
}

static void kill_idle_backends(void)
{
    must("select 1");
    data_session *session;
    data_error error;
    CHECK((session = data_postgres.acquire(db, false, &error)) != NULL);
    CHECK_INT(must("select 2").number, 2); /* on a second connection */
    answer got = ask("select count(pg_terminate_backend(pid)) from pg_stat_activity where pid <> "
                     "pg_backend_pid() and application_name = 'tern'",
                     NO_ARGS, .session = session);
    CHECK(got.is_ok);
    CHECK_INT(got.number, 1);
    pause_ms(20);
    data_postgres.release(session);
    for (int i = 0; i < 10; i++)
        CHECK_INT(must("select 3").number, 3);
}

TEST(threat_102_connections_that_were_closed_while_idle_are_not_lent)
{
    with_database(kill_idle_backends);
}

static void cut_in_an_answer(void)
{
    must("select 1");
    tell_proxy("cut_after 5000");
    answer got = ask("select repeat('x', 100000) where $1::bigint = 1", TERN_ARGS(1), .as_text = true);
    CHECK_INT(got.error.fault, TERN_DATA_AWAY);
    CHECK_INT(got.rows, 0);
    CHECK_INT(must("select 2").number, 2);
}

TEST(threat_102_a_write_whose_connection_is_cut_in_its_answer_is_reported_as_away)
{
    with_proxy(cut_in_an_answer);
}

static void cut_in_a_read(void)
{
    must("select 1");
    tell_proxy("cut_after 5000");
    answer got =
        ask("select length(repeat('x', 100000))::bigint from repeat('x', 100000)", NO_ARGS, .reads = true);
    CHECK(got.is_ok);
    tell_proxy("cut_after 20");
    got = ask("select $1::bigint", TERN_ARGS(5), .reads = true, .id = 1);
    CHECK(got.is_ok);
    CHECK_INT(got.number, 5);
}

TEST(a_read_whose_connection_is_cut_is_sent_again_on_another)
{
    with_proxy(cut_in_a_read);
}

static void frozen(void)
{
    CHECK_INT(must("select 1").number, 1);
    tell_proxy("freeze");
    uint64_t began_ms = loop_after_ms(0);
    answer got = ask("select 2", NO_ARGS, .reads = true, .within_ms = 100);
    CHECK_INT(got.error.fault, TERN_DATA_TIMEOUT);
    CHECK(loop_after_ms(0) - began_ms < 2000);
    got = ask("select 2", NO_ARGS, .reads = true, .within_ms = 300);
    CHECK(!got.is_ok);
    tell_proxy("thaw");
    pause_ms(1500);
    CHECK_INT(must("select 3").number, 3);
}

TEST(threat_102_a_server_that_hangs_delays_only_to_the_deadline_and_then_works_again)
{
    with_proxy(frozen);
}

static void slow_statement(void)
{
    answer got = ask("select 1 from pg_sleep(20)", NO_ARGS, .within_ms = 100);
    CHECK_INT(got.error.fault, TERN_DATA_TIMEOUT);
    while (
        must("select count(*) from pg_stat_activity where query like '%pg_sleep(20)%' and state = 'active' "
             "and pid <> pg_backend_pid()")
            .number != 0)
        pause_ms(5);
}

TEST(a_statement_past_its_deadline_is_cancelled_in_the_server)
{
    with_database(slow_statement);
}

/* -- others on the same connection as a slow statement -- */

static void be_slow(void *arg)
{
    (void)arg;
    answer got = ask("select 1 from pg_sleep(20)", NO_ARGS, .within_ms = 100);
    CHECK_INT(got.error.fault, TERN_DATA_TIMEOUT);
}

static void be_behind(void *arg)
{
    answer got = ask("insert into behind values ($1) returning id", TERN_ARGS((int)(intptr_t)arg), .id = 1);
    CHECK(got.is_ok);
    CHECK_INT(got.number, (int)(intptr_t)arg);
}

static void stand_behind(void *arg)
{
    static test_body slow, behind[10];
    (void)arg;
    must("drop table if exists behind");
    must("create table behind (id bigint)");
    start_body(&slow, be_slow, NULL);
    for (intptr_t i = 0; i < 10; i++)
        start_body(&behind[i], be_behind, (void *)i);
    while (still_running > 1)
        pause_ms(1);
    CHECK_INT(must("select count(*) from behind").number, 10);
    CHECK_INT(must("select count(distinct id) from behind").number, 10);
}

TEST(writes_after_an_abandoned_statement_are_done_once_each)
{
    static test_body body;
    db_options.pool = 2;
    open_database();
    start_body(&body, stand_behind, NULL);
    run_bodies();
}

/* -- cancelled coroutines -- */

static void be_cancelled(void *arg)
{
    (void)arg;
    answer got = ask("select $1::bigint from pg_sleep(0.05)", TERN_ARGS(66), .id = 1, .reads = true);
    CHECK(!got.is_ok);
    CHECK(got.error.is_cancelled);
}

static void ask_own(void *arg)
{
    for (int i = 0; i < 50; i++) {
        int wanted = (int)(intptr_t)arg * 100 + i;
        answer got = ask("select $1::bigint", TERN_ARGS(wanted), .id = 2, .reads = true);
        CHECK(got.is_ok);
        CHECK_INT(got.number, wanted);
    }
}

static void cancel_in_flight(void *arg)
{
    static test_body leaving[4], staying[4];
    (void)arg;
    must("select 1");
    for (intptr_t i = 0; i < 4; i++) {
        start_body(&leaving[i], be_cancelled, NULL);
        start_body(&staying[i], ask_own, (void *)i);
    }
    pause_ms(5);
    for (int i = 0; i < 4; i++) {
        CHECK(leaving[i].co != NULL);
        coro_cancel(leaving[i].co);
    }
}

TEST(threat_102_answers_to_cancelled_coroutines_reach_no_other)
{
    static test_body body;
    db_options.pool = 2;
    open_database();
    start_body(&body, cancel_in_flight, NULL);
    run_bodies();
}

/* -- missing servers -- */

static void ask_nobody(void)
{
    uint64_t began_ms = loop_after_ms(0);
    answer got = ask("select 1", NO_ARGS, .reads = true);
    CHECK_INT(got.error.fault, TERN_DATA_AWAY);
    for (int i = 0; i < 1000; i++) { /* at once, in the pause */
        data_error error;
        CHECK_INT(ask("select 1", NO_ARGS, .reads = true).error.fault, TERN_DATA_AWAY);
        CHECK(data_postgres.acquire(db, true, &error) == NULL);
        CHECK_INT(error.fault, TERN_DATA_AWAY);
    }
    CHECK(loop_after_ms(0) - began_ms < 3000);
    CHECK(strstr(got.error.message, "secret") == NULL);
}

static void with_url(const char *url, void (*run)(void))
{
    static test_body body;
    test_setting("TERN_TEST_POSTGRES");
    open_at(url);
    start_body(&body, body_plain, (void *)run);
    run_bodies();
}

TEST(threat_102_callers_fail_at_once_where_no_server_listens)
{
    with_url("postgres://tern:secret@127.0.0.1:1/tern", ask_nobody);
}

TEST(an_unknown_host_is_reported)
{
    with_url("postgres://tern:secret@no-such-host.invalid/tern", ask_nobody);
}

TEST(a_missing_socket_is_reported)
{
    with_url("postgres:///tern?host=/nowhere&user=tern&password=secret", ask_nobody);
}

static char changed_url[300];

/* The server's URL with the last `what` replaced. */
static const char *url_with(const char *what, const char *by)
{
    const char *url = test_setting("TERN_TEST_POSTGRES"), *at = NULL;
    for (const char *next = url; (next = strstr(next, what)) != NULL; next++)
        at = next;
    CHECK(at != NULL);
    snprintf(changed_url, sizeof changed_url, "%.*s%s%s", (int)(at - url), url, by, at + strlen(what));
    return changed_url;
}

static void be_refused(void)
{
    answer got = ask("select 1", NO_ARGS);
    CHECK_INT(got.error.fault, TERN_DATA_AWAY);
    CHECK(strstr(got.error.message,
                 "password authentication failed for user \"tern\": check user and password "
                 "in the database's URL") != NULL);
    CHECK(strstr(got.error.message, "wr0ng") == NULL);
}

TEST(a_wrong_password_is_reported_without_showing_it)
{
    with_url(url_with("secret", "wr0ng"), be_refused);
}

static void find_no_database(void)
{
    answer got = ask("select 1", NO_ARGS);
    CHECK_INT(got.error.fault, TERN_DATA_AWAY);
    CHECK(strstr(got.error.message, "database \"nothing\" does not exist: create it (createdb)") != NULL);
}

TEST(a_missing_database_is_reported)
{
    with_url(url_with("/tern", "/nothing"), find_no_database);
}

static void be_local(void)
{
    CHECK_INT(must("select 1").number, 1);
}

TEST(a_host_name_is_looked_up_and_each_of_its_addresses_tried)
{
    with_url(url_with("127.0.0.1", "localhost"), be_local);
}

TEST(an_invalid_url_is_refused_without_its_password)
{
    static const char *const urls[] = {"postgres://tern:s3cret%zz@host/name",
                                       "postgres://tern:s3cret@[host/name",
                                       "postgres://tern:s3cret@host/name?s3cret=1"};
    test_setting("TERN_TEST_POSTGRES");
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        buf problems = {0};
        CHECK(!data_postgres.check(urls[i], &problems));
        CHECK(strstr(problems.data, "write it as postgres://user:password@host:5432/name") != NULL);
        CHECK(strstr(problems.data, "s3cret") == NULL);
        buf_free(&problems);
    }
    buf none = {0};
    CHECK(data_postgres.check("postgres://tern:s3cret@host/name", &none));
    CHECK_INT(none.len, 0);
}

/* -- a server that comes back -- */

static void refuse_and_accept(void)
{
    CHECK_INT(must("select 1").number, 1);
    tell_proxy("refuse");
    tell_proxy("cut");
    CHECK_INT(ask("select 1", NO_ARGS).error.fault, TERN_DATA_AWAY);
    CHECK_INT(ask("select 1", NO_ARGS, .reads = true).error.fault, TERN_DATA_AWAY);
    tell_proxy("accept");
    uint64_t began_ms = loop_after_ms(0);
    while (!ask("select 1", NO_ARGS, .reads = true).is_ok)
        pause_ms(1);
    CHECK(loop_after_ms(0) - began_ms < 3000);
}

TEST(threat_102_a_server_that_comes_back_is_used_again)
{
    with_proxy(refuse_and_accept);
}

static void survive_restart(void)
{
    must("drop table if exists kept");
    must("create table kept (id bigint)");
    must("insert into kept values (1)");
    tell_proxy("restart"); /* with SIGKILL; returns once it answers again */
    answer got = ask("insert into kept values (2)", NO_ARGS);
    CHECK(got.is_ok || got.error.fault == TERN_DATA_AWAY);
    int64_t wanted = got.is_ok ? 2 : 1;
    got = ask("select count(*) from kept", NO_ARGS, .reads = true, .id = 4);
    CHECK(got.is_ok);
    CHECK_INT(got.number, wanted);
    CHECK_INT(must("select 3").number, 3);
}

TEST(threat_102_a_server_that_was_killed_and_started_again_is_used_with_what_it_acknowledged)
{
    with_database(survive_restart);
}

/* -- connections cut while much is in flight -- */

enum { ASKING = 32, QUESTIONS = 60 };
static unsigned acknowledged, unknown;

static void ask_through_cuts(void *arg)
{
    for (int i = 0; i < QUESTIONS; i++) {
        int wanted = (int)(intptr_t)arg * QUESTIONS + i;
        answer got = ask("select $1::bigint from pg_sleep(0.001)", TERN_ARGS(wanted), .id = 1, .reads = true);
        CHECK(!got.is_ok || got.number == wanted);
        got = ask("insert into survived values ($1) returning id", TERN_ARGS(wanted), .id = 2);
        CHECK(!got.is_ok || got.number == wanted);
        acknowledged += got.is_ok;
        unknown += !got.is_ok;
        if (!got.is_ok)
            pause_ms(20);
    }
}

static void cut_often(void *arg)
{
    static test_body asking[ASKING];
    (void)arg;
    must("drop table if exists survived");
    must("create table survived (id bigint primary key)"); /* a write that is done twice is an error */
    for (intptr_t i = 0; i < ASKING; i++)
        start_body(&asking[i], ask_through_cuts, (void *)i);
    for (int i = 0; i < 8; i++) {
        pause_ms(25);
        tell_proxy(i % 2 == 0 ? "cut" : "cut_after 700");
    }
    while (still_running > 1)
        pause_ms(1);
    answer got = ask("select count(*) from survived", NO_ARGS, .reads = true);
    CHECK(got.is_ok);
    CHECK(got.number >= acknowledged);
    CHECK(got.number <= acknowledged + unknown);
    CHECK(unknown > 0 && acknowledged > unknown);
}

TEST(threat_102_connections_cut_under_load_keep_acknowledged_writes_and_mix_up_no_answers)
{
    static test_body body;
    open_through_proxy();
    start_body(&body, cut_often, NULL);
    run_bodies();
}

/* -- memory -- */

static unsigned long fail_at;

static void walk_allocations(void)
{
    bool has_failed = true;
    for (fail_at = 1; has_failed; fail_at++) {
        data_error error;
        mem_fail_at(fail_at, 0);
        answer got =
            ask("select $1::bigint", TERN_ARGS((int)fail_at), .id = (unsigned)fail_at * 70, .reads = true);
        answer other = ask("insert into short values ($1)", TERN_ARGS((int)fail_at), .id = 5);
        data_session *session = data_postgres.acquire(db, true, &error);
        bool is_lent = session != NULL;
        if (is_lent)
            data_postgres.release(session);
        has_failed = mem_tried() >= fail_at;
        mem_fail_at(0, 0);
        CHECK(got.is_ok ? got.number == (int64_t)fail_at : got.error.fault != TERN_DATA_OK);
        CHECK(has_failed || (got.is_ok && other.is_ok && is_lent));
        pause_ms(1);
    }
    CHECK(fail_at > 2);
}

static void make_short(void *arg)
{
    (void)arg;
    must("drop table if exists short");
    must("create table short (id bigint)");
    walk_allocations();
}

TEST(each_allocation_that_fails_costs_one_statement_at_most)
{
    static test_body body;
    mem_fail_at(0, 0);
    open_database();
    start_body(&body, make_short, NULL);
    run_bodies();
}

/* From data/postgres/faults.h, whose other functions need libpq's header. */
data_reference fault_reference(const char *message, const char *sql);

TEST(both_sides_of_a_broken_reference_are_distinguished_in_any_language)
{
    static const char
        insert[] = "insert or update on table \"book\" violates foreign key constraint",
        german[] = "Einf\xc3\xbcgen oder Aktualisieren in Tabelle \"book\" verletzt Fremdschl\xc3\xbcssel";
    CHECK_INT(fault_reference(insert, "update book set author_id = $1"), DATA_REFERENCE_MISSING);
    CHECK_INT(fault_reference("update or delete on table \"author\" violates", "commit"),
              DATA_REFERENCE_HELD);
    CHECK_INT(fault_reference(german, "insert into book values ($1)"), DATA_REFERENCE_MISSING);
    CHECK_INT(fault_reference(german, "delete from author"), DATA_REFERENCE_HELD);
    CHECK_INT(fault_reference(german, "update book set author_id = $1"), DATA_REFERENCE_UNKNOWN);
}
