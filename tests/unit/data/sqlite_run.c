#include "sqlite_fixture.h"

/* -- statements -- */

static void write_and_read(tern_ctx *c)
{
    must_run(c, "create table t (id integer primary key, n integer)");
    query *q = query_of(c, "insert into t (n) values (?1), (?2)", 1, true, TERN_ARGS(5, 6));
    CHECK(data_sqlite.run(db, &q->run));
    CHECK_INT(q->run.affected, 2);
    CHECK_INT(int_of(c, "select sum(n) from t"), 11);
}

TEST(written_values_are_read_back)
{
    WITH_DATABASE(write_and_read);
}

TEST(a_database_in_memory_is_shared_by_all_its_statements)
{
    CHECK_INT(with_database(&(data_engine_options){.url = "sqlite::memory:"}, write_and_read).reason,
              UNWIND_NONE);
}

static void count_changes(tern_ctx *c)
{
    CHECK_INT(must_run(c, "create table t (n integer)"), 0);
    CHECK_INT(must_run(c, "insert into t values (1), (2), (3)"), 3);
    CHECK_INT(must_run(c, "update t set n = n + 1 where n > 1"), 2);
    CHECK_INT(must_run(c, "update t set n = 0 where n > 100"), 0);
    CHECK_INT(must_run(c, "create table u (n integer)"), 0);
    CHECK_INT(must_run(c, "delete from t"), 3);
}

TEST(affected_counts_the_rows_that_the_statement_itself_changed)
{
    WITH_DATABASE(count_changes);
}

static bool count_row(data_run *run, const data_row *row)
{
    CHECK_INT(row->columns, 2);
    CHECK_TEXT(data_sqlite.column_name(row, 1), "word");
    return ++*(int *)run->sink != 2;
}

static void stop_at_second(tern_ctx *c)
{
    int rows = 0;
    query *q = query_of(c, "select value, 'x' as word from json_each('[1,2,3]')", 1, false, NO_ARGS);
    q->run.on_row = count_row;
    q->run.sink = &rows;
    CHECK(data_sqlite.run(db, &q->run));
    CHECK_INT(rows, 2);
}

TEST(on_row_ends_a_run_by_returning_false)
{
    WITH_DATABASE(stop_at_second);
}

static bool refuse_row(data_run *run, const data_row *row)
{
    (void)row;
    return data_refuse(&run->error, TERN_DATA_BAD_VALUE, "not this one");
}

static void refuse_returned_row(tern_ctx *c)
{
    must_run(c, "create table t (n integer)");
    query *q = query_of(c, "insert into t values (1) returning n", 1, true, NO_ARGS);
    q->run.on_row = refuse_row;
    CHECK(!data_sqlite.run(db, &q->run));
    CHECK_INT(q->run.error.fault, TERN_DATA_BAD_VALUE);
    CHECK_TEXT(q->run.error.message, "not this one");
    CHECK_INT(int_of(c, "select count(*) from t"), 0);
    q->run.on_row = NULL;
    CHECK(data_sqlite.run(db, &q->run));
    CHECK_INT(int_of(c, "select count(*) from t"), 1);
}

TEST(an_insert_whose_returned_row_is_refused_has_not_happened)
{
    WITH_DATABASE(refuse_returned_row);
}

static void run_scripts(tern_ctx *c)
{
    data_error error;
    must_run(
        c, "create table t (n integer); -- first\n insert into t values (1);\n;\n insert into t values (2) ; "
           "/* end */ ");
    CHECK_INT(int_of(c, "select count(*) from t"), 2);
    CHECK_INT(fault_of(c, "insert into t values (?1); delete from t", TERN_ARGS(1), &error),
              TERN_DATA_REFUSED);
    CHECK_TEXT(error.message, "there is more than one statement");
    query *q = query_of(c, "delete from t; delete from t", 7, true, NO_ARGS);
    CHECK(!data_sqlite.run(db, &q->run));
    CHECK_INT(int_of(c, "select count(*) from t"), 2);
}

TEST(only_a_text_without_values_that_is_not_kept_may_be_several_statements)
{
    WITH_DATABASE(run_scripts);
}

static void write_as_reader(tern_ctx *c)
{
    must_run(c, "create table t (n integer)");
    query *q = query_of(c, "insert into t values (1)", 0, false, NO_ARGS);
    CHECK(!data_sqlite.run(db, &q->run));
    CHECK_INT(q->run.error.fault, TERN_DATA_REFUSED);
    CHECK_TEXT(q->run.error.message, "attempt to write a readonly database");
}

TEST(a_statement_marked_as_reading_cannot_write)
{
    WITH_DATABASE(write_as_reader);
}

/* -- sessions -- */

static void roll_back_by_release(tern_ctx *c)
{
    data_error error;
    must_run(c, "create table t (n integer)");
    data_session *s = data_sqlite.acquire(db, true, &error);
    CHECK(s != NULL);
    CHECK(data_sqlite.session_run(s, &query_of(c, "begin immediate", 1, true, NO_ARGS)->run));
    CHECK(data_sqlite.session_run(s, &query_of(c, "insert into t values (1)", 2, true, NO_ARGS)->run));
    CHECK_INT(int_of(c, "select count(*) from t"), 0);
    data_sqlite.release(s);
    CHECK_INT(int_of(c, "select count(*) from t"), 0);
    must_run(c, "insert into t values (1)");
}

TEST(a_transaction_left_open_is_rolled_back_by_release)
{
    WITH_DATABASE(roll_back_by_release);
}

static void lose_transaction(tern_ctx *c)
{
    data_error error;
    must_run(c, "create table t (n integer unique on conflict rollback)");
    data_session *s = data_sqlite.acquire(db, true, &error);
    query *insert = query_of(c, "insert into t values (1)", 2, true, NO_ARGS);
    CHECK(data_sqlite.session_run(s, &query_of(c, "begin immediate", 1, true, NO_ARGS)->run));
    CHECK(data_sqlite.session_run(s, &insert->run));
    CHECK(!data_sqlite.session_run(s, &insert->run));
    CHECK_INT(insert->run.error.fault, TERN_DATA_UNIQUE);
    query *next = query_of(c, "insert into t values (2)", 3, true, NO_ARGS);
    CHECK(!data_sqlite.session_run(s, &next->run));
    CHECK_TEXT(next->run.error.message, "the transaction was rolled back when a statement in it failed");
    CHECK(data_sqlite.session_run(s, &query_of(c, "rollback", 4, true, NO_ARGS)->run));
    CHECK(data_sqlite.session_run(s, &next->run));
    data_sqlite.release(s);
    CHECK_INT(int_of(c, "select sum(n) from t"), 2);
}

TEST(after_an_automatic_rollback_nothing_runs_until_the_borrower_rolls_back)
{
    WITH_DATABASE(lose_transaction);
}

static void leave_foreign_keys_off(tern_ctx *c)
{
    data_error error;
    must_run(c, "create table a (id integer primary key); create table b (a integer references a)");
    data_session *s = data_sqlite.acquire(db, true, &error);
    CHECK(data_sqlite.session_run(s, &query_of(c, "pragma foreign_keys = off", 0, true, NO_ARGS)->run));
    CHECK(data_sqlite.session_run(s, &query_of(c, "insert into b values (1)", 0, true, NO_ARGS)->run));
    data_sqlite.release(s);
    CHECK_INT(fault_of(c, "insert into b values (1)", NO_ARGS, NULL), TERN_DATA_FOREIGN_KEY);
}

TEST(foreign_keys_that_a_borrower_switched_off_are_on_for_the_next)
{
    WITH_DATABASE(leave_foreign_keys_off);
}

static void nest_in_memory(tern_ctx *c)
{
    data_error error;
    must_run(c, "create table t (n integer); insert into t values (1), (2)");
    data_session *outer = data_sqlite.acquire(db, false, &error);
    query *rows = query_of(c, "select n from t", 9, false, NO_ARGS);
    data_row row;
    CHECK(data_sqlite.stream_open(outer, &rows->run) && data_sqlite.stream_next(outer, &rows->run, &row));
    data_session *inner = data_sqlite.acquire(db, true, &error);
    CHECK(inner != NULL);
    CHECK(data_sqlite.session_run(inner, &query_of(c, "begin immediate", 1, true, NO_ARGS)->run));
    CHECK(data_sqlite.session_run(inner, &query_of(c, "delete from t", 2, true, NO_ARGS)->run));
    data_sqlite.release(inner);
    CHECK(data_sqlite.stream_next(outer, &rows->run, &row));
    CHECK(!data_sqlite.stream_next(outer, &rows->run, &row));
    data_sqlite.stream_close(outer, &rows->run);
    data_sqlite.release(outer);
    CHECK_INT(int_of(c, "select count(*) from t"), 2);
}

TEST(in_memory_a_coroutine_may_borrow_the_single_connection_again)
{
    CHECK_INT(with_database(&(data_engine_options){.url = "sqlite::memory:"}, nest_in_memory).reason,
              UNWIND_NONE);
}

/* -- rows one at a time -- */

static void stream_rows(tern_ctx *c)
{
    data_error error;
    data_row row;
    int64_t sum = 0;
    must_run(c, "create table t (n integer); insert into t values (1), (2), (3)");
    data_session *s = data_sqlite.acquire(db, false, &error);
    query *q = query_of(c, "select n from t where n > ?1", 3, false, TERN_ARGS(1));
    q->run.sink = &sum;
    CHECK(data_sqlite.stream_open(s, &q->run));
    for (int want = 2; want <= 3; want++) {
        CHECK(data_sqlite.stream_next(s, &q->run, &row) && keep_int(&q->run, &row));
        CHECK_INT(sum, want);
        tern_sleep(c, 0);
    }
    CHECK(!data_sqlite.stream_next(s, &q->run, &row));
    CHECK(!data_sqlite.stream_next(s, &q->run, &row));
    CHECK_INT(q->run.error.fault, TERN_DATA_OK);
    data_sqlite.stream_close(s, &q->run);
    data_sqlite.release(s);
}

TEST(a_stream_gives_its_rows_once_and_then_ends)
{
    WITH_DATABASE(stream_rows);
}

static void reset_memory_between_rows(tern_ctx *c)
{
    data_error error;
    data_row row;
    static _Alignas(16) char block[256];
    arena memory;
    tern_uuid id = {{1, 2, 3}};
    must_run(c, "create table t (id text, n integer)");
    CHECK_INT(fault_of(c, "insert into t values (?1, 1), (?1, 2)", TERN_ARGS(id), NULL), TERN_DATA_OK);
    data_session *s = data_sqlite.acquire(db, false, &error);
    query *q = query_of(c, "select n from t where id = ?1", 3, false, TERN_ARGS(id));
    q->run.memory = &memory;
    arena_init(&memory, block, sizeof block, 4096);
    CHECK(data_sqlite.stream_open(s, &q->run));
    memset(block, 'x', sizeof block);
    arena_init(&memory, block, sizeof block, 4096);
    CHECK(data_sqlite.stream_next(s, &q->run, &row) && data_sqlite.stream_next(s, &q->run, &row));
    data_sqlite.stream_close(s, &q->run);
    data_sqlite.release(s);
}

TEST(a_streams_values_outlive_the_memory_of_its_run)
{
    WITH_DATABASE(reset_memory_between_rows);
}

static void run_beside_stream(tern_ctx *c)
{
    data_error error;
    data_row row;
    int64_t n = 0;
    must_run(c, "create table t (n integer); insert into t values (1), (2)");
    data_session *s = data_sqlite.acquire(db, false, &error);
    query *stream = query_of(c, "select n from t", 3, false, NO_ARGS);
    query *beside = query_of(c, "select n from t", 3, false, NO_ARGS);
    beside->run.on_row = keep_int;
    stream->run.sink = beside->run.sink = &n;
    CHECK(data_sqlite.stream_open(s, &stream->run));
    CHECK(data_sqlite.stream_next(s, &stream->run, &row));
    CHECK(data_sqlite.session_run(s, &beside->run));
    CHECK_INT(n, 2);
    CHECK(data_sqlite.stream_next(s, &stream->run, &row) && keep_int(&stream->run, &row));
    CHECK_INT(n, 2);
    CHECK(!data_sqlite.stream_next(s, &stream->run, &row));
    data_sqlite.stream_close(s, &stream->run);
    data_sqlite.release(s);
}

TEST(a_statement_may_run_again_beside_its_own_stream)
{
    WITH_DATABASE(run_beside_stream);
}

/* -- prepared statements -- */

static void keep_prepared(tern_ctx *c)
{
    data_error error;
    must_run(c, "create table t (n integer); insert into t values (1)");
    data_session *s = data_sqlite.acquire(db, false, &error);
    int64_t n = 0;
    for (int i = 0; i < 3; i++) { /* sqlite_stmt lists the connection's statements and how often each ran */
        query *q = query_of(c, "select n from t where n = ?1", 700, false, TERN_ARGS(1));
        CHECK(data_sqlite.session_run(s, &q->run));
    }
    query *q =
        query_of(c, "select run from sqlite_stmt where sql like '%where n = %' and sql not like '%stmt%'", 0,
                 false, NO_ARGS);
    q->run.on_row = keep_int;
    q->run.sink = &n;
    CHECK(data_sqlite.session_run(s, &q->run));
    CHECK_INT(n, 3);
    data_sqlite.release(s);
}

TEST(a_statement_with_a_number_is_kept_prepared)
{
    WITH_DATABASE(keep_prepared);
}

static void run_many_statements(tern_ctx *c)
{
    data_error error;
    int64_t n = 0;
    data_session *s = data_sqlite.acquire(db, false, &error);
    for (unsigned id = 1; id <= 600; id++) {
        query *q = query_of(c, "select 1 -- kept", id, false, NO_ARGS);
        CHECK(data_sqlite.session_run(s, &q->run));
    }
    query *q = query_of(c, "select count(*) from sqlite_stmt where sql like '%-- kept'", 0, false, NO_ARGS);
    q->run.on_row = keep_int;
    q->run.sink = &n;
    CHECK(data_sqlite.session_run(s, &q->run));
    CHECK_INT(n, 500);
    data_sqlite.release(s);
}

TEST(a_connection_keeps_at_most_five_hundred_statements)
{
    WITH_DATABASE(run_many_statements);
}

static void change_schema(tern_ctx *c)
{
    must_run(c, "create table t (n integer); insert into t values (4)");
    int64_t n = 0;
    query *q = query_of(c, "select n from t", 1, false, NO_ARGS);
    q->run.on_row = keep_int;
    q->run.sink = &n;
    CHECK(data_sqlite.run(db, &q->run));
    must_run(c, "alter table t add column m integer; drop table if exists u; create index i on t (n)");
    CHECK(data_sqlite.run(db, &q->run));
    CHECK_INT(n, 4);
}

TEST(a_kept_statement_survives_a_change_of_the_schema)
{
    WITH_DATABASE(change_schema);
}
