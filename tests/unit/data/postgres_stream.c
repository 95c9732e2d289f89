#include "base/sanitize.h"
#include "postgres_test.h"

#include <sys/resource.h>

static const char numbers[] = "select n, repeat('x', 1000) from generate_series(1, 100000) n";
static data_statement statement = {.sql = numbers, .sql_len = sizeof numbers - 1, .id = 1};
static char lent[4096];
static arena memory;

static data_session *open_stream(data_run *run)
{
    data_error error;
    data_session *session = data_postgres.acquire(db, false, &error);
    CHECK(session != NULL);
    arena_init(&memory, lent, sizeof lent, 1 << 20);
    *run = (data_run){.statement = &statement, .memory = &memory};
    CHECK(data_postgres.stream_open(session, run));
    return session;
}

static int64_t number_of(const data_row *row)
{
    int64_t number;
    bool is_null;
    CHECK_TEXT(data_postgres.column_read(row, 0, TERN_TYPE(tern_int64), &number, &is_null, &memory), NULL);
    return number;
}

static long most_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void read_all(void)
{
    data_run run;
    data_row row;
    int64_t count = 0;
    data_session *session = open_stream(&run);
    CHECK(data_postgres.stream_next(session, &run, &row));
    CHECK_INT(row.columns, 2);
    CHECK_TEXT(data_postgres.column_name(&row, 0), "n");
    pause_ms(200); /* the server continues to send, but only into the socket's buffers */
    long before_kib = most_kib();
    do
        CHECK_INT(number_of(&row), ++count);
    while (data_postgres.stream_next(session, &run, &row));
    CHECK_INT(run.error.fault, TERN_DATA_OK);
    CHECK_INT(count, 100000);
    data_postgres.stream_close(session, &run);
    long grown_kib = most_kib() - before_kib;
    if (grown_kib > 20000 &&
        !BASE_ASAN) /* the rows are 100 MB; the sanitizer keeps freed memory for a while */
        check_fail(__FILE__, __LINE__, "memory grew by %ld KiB", grown_kib);
    CHECK_INT(ask("select 3", NO_ARGS, .session = session).number, 3);
    data_postgres.release(session);
}

TEST(a_stream_of_100000_rows_takes_bounded_memory)
{
    with_proxy(read_all);
}

static void stop_reading(void)
{
    data_run run;
    data_row row;
    long began = tell_proxy("passed"), passed = began;
    data_session *session = open_stream(&run);
    CHECK(data_postgres.stream_next(session, &run, &row));
    do {
        passed = tell_proxy("passed");
        pause_ms(50);
    } while (tell_proxy("passed") != passed);
    CHECK(passed - began < 50000000); /* of 100 MB: the rest waits in the server */
    for (int i = 2; i < 100; i++) {
        CHECK(data_postgres.stream_next(session, &run, &row));
        CHECK_INT(number_of(&row), i);
    }
    data_postgres.stream_close(session, &run);
    CHECK_INT(ask("select 3", NO_ARGS, .session = session).number, 3);
    data_postgres.release(session);
    CHECK_INT(must("select 4").number, 4);
}

TEST(rows_that_are_not_read_stay_in_the_server_and_an_early_close_drops_them)
{
    with_proxy(stop_reading);
}

static void fail_in_the_middle(void)
{
    static data_statement dividing = {.sql = "select 1 / (50000 - n) from generate_series(1, 100000) n"};
    data_run run;
    data_row row;
    data_error error;
    int count = 0;
    dividing.sql_len = strlen(dividing.sql);
    data_session *session = data_postgres.acquire(db, false, &error);
    arena_init(&memory, lent, sizeof lent, 1 << 20);
    run = (data_run){.statement = &dividing, .memory = &memory};
    CHECK(data_postgres.stream_open(session, &run));
    while (data_postgres.stream_next(session, &run, &row))
        count++;
    CHECK_INT(run.error.fault, TERN_DATA_BAD_VALUE);
    CHECK(count > 0 && count < 50000);
    data_postgres.stream_close(session, &run);
    CHECK_INT(ask("select 3", NO_ARGS, .session = session).number, 3);
    data_postgres.release(session);
}

TEST(an_error_in_the_middle_of_the_rows_ends_them)
{
    with_database(fail_in_the_middle);
}

static void cancel_reader(void *arg)
{
    data_run run;
    data_row row;
    data_session *session = open_stream(&run);
    (void)arg;
    while (data_postgres.stream_next(session, &run, &row)) {
        if (number_of(&row) == 10)
            coro_cancel(coro_self());
    }
    CHECK(run.error.is_cancelled);
    data_postgres.stream_close(session, &run);
    data_postgres.release(session);
}

static void after_cancelled_reader(void *arg)
{
    test_body reader;
    (void)arg;
    start_body(&reader, cancel_reader, NULL);
    pause_ms(1);
    while (reader.co != NULL)
        pause_ms(1);
    CHECK_INT(must("select 4").number, 4);
}

TEST(a_cancelled_reader_returns_its_connection)
{
    static test_body body;
    db_options.pool = 1;
    open_database();
    start_body(&body, after_cancelled_reader, NULL);
    run_bodies();
}

static void too_slow(void)
{
    static data_statement sleeping = {.sql = "select n from generate_series(1, 3) n, pg_sleep(20)"};
    data_run run;
    data_row row;
    data_error error;
    sleeping.sql_len = strlen(sleeping.sql);
    data_session *session = data_postgres.acquire(db, false, &error);
    arena_init(&memory, lent, sizeof lent, 1 << 20);
    run = (data_run){.statement = &sleeping, .memory = &memory, .deadline_ms = loop_after_ms(50)};
    CHECK(data_postgres.stream_open(session, &run));
    CHECK(!data_postgres.stream_next(session, &run, &row));
    CHECK_INT(run.error.fault, TERN_DATA_TIMEOUT);
    data_postgres.stream_close(session, &run);
    data_postgres.release(session);
    while (
        must("select count(*) from pg_stat_activity where query like '%pg_sleep(20)%' and state = 'active' "
             "and pid <> pg_backend_pid()")
            .number != 0)
        pause_ms(5);
}

TEST(rows_that_take_too_long_are_abandoned_and_the_server_stops_working_on_them)
{
    with_database(too_slow);
}
