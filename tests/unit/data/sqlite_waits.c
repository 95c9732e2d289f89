#include "sqlite_fixture.h"

#include "data/sqlite/internal.h"
#include "runtime/offload.h"

#include <sqlite3.h>
#include <sys/wait.h>

static const char endless[] = "with recursive n(x) as (select 1 union all select x + 1 from n) "
                              "select count(*) from n where x < 0";
static const char long_one[] =
    "with recursive n(x) as (select 1 union all select x + 1 from n limit 1000000) "
    "select count(*) from n";

#define WITH_TIMEOUT(ms, handler)                                                                            \
    CHECK_INT(with_database(&(data_engine_options){.pool = 2, .wait_timeout_ms = (ms)}, handler).reason,     \
              UNWIND_NONE)

/** A statement that a task runs, and its result. */
typedef struct job {
    const char *sql, *name;
    bool writes, is_done, is_good;
    uint64_t deadline_ms;
    data_error error;
} job;

static void run_job(tern_ctx *c, void *arg)
{
    job *j = arg;
    query *q = query_of(c, j->sql, 0, j->writes, NO_ARGS);
    q->run.deadline_ms = j->deadline_ms;
    j->is_good = data_sqlite.run(db, &q->run);
    j->error = q->run.error;
    j->is_done = true;
    if (j->name != NULL)
        note(j->name);
}

static void turn_once(tern_ctx *c)
{
    tern_sleep(c, 0);
}

/* -- long statements -- */

static void ping_beside(tern_ctx *c)
{
    job j = {.sql = long_one};
    unsigned turns = 0;
    tern_task *task = tern_go(c, run_job, &j);
    for (; !j.is_done; turns++)
        turn_once(c);
    tern_wait(c, task);
    CHECK(j.is_good);
    CHECK(turns > 50);
}

TEST(other_coroutines_run_during_a_long_statement)
{
    WITH_TIMEOUT(5000, ping_beside);
}

static void count_beside(tern_ctx *c)
{
    job j = {.sql = "select count(*) from t"};
    unsigned turns = 0;
    must_run(c,
             "create table t (v blob); with recursive n(x) as (select 1 union all select x + 1 from n limit"
             " 20000) insert into t select zeroblob(900) from n");
    tern_task *task = tern_go(c, run_job, &j);
    for (; !j.is_done; turns++)
        turn_once(c);
    tern_wait(c, task);
    CHECK(j.is_good);
    CHECK(turns > 5);
}

TEST(a_single_long_step_yields_where_it_reads_the_file)
{
    WITH_TIMEOUT(5000, count_beside);
}

static void commit_beside(tern_ctx *c)
{
    job j = {.sql = "create table t (n integer); insert into t values (1); insert into t values (2)",
             .writes = true};
    unsigned turns = 0;
    CHECK_INT(offload_threads(), 0);
    tern_task *task = tern_go(c, run_job, &j);
    for (; !j.is_done; turns++)
        turn_once(c);
    tern_wait(c, task);
    CHECK(j.is_good);
    CHECK(turns > 3);
    CHECK(offload_threads() > 0);
}

TEST(a_commit_reaches_the_disk_on_a_thread_while_others_run)
{
    WITH_TIMEOUT(5000, commit_beside);
}

static void cancel_long(tern_ctx *c)
{
    job j = {.sql = endless};
    tern_task *task = tern_go(c, run_job, &j);
    for (int i = 0; i < 10; i++)
        turn_once(c);
    CHECK(!j.is_done);
    tern_cancel(task);
    tern_wait(c, task);
    CHECK(!j.is_good && j.error.is_cancelled);
    CHECK_INT(int_of(c, "select 1"), 1);
}

TEST(a_long_statement_ends_when_its_coroutine_is_cancelled)
{
    WITH_TIMEOUT(5000, cancel_long);
}

static void run_late(tern_ctx *c)
{
    job j = {.sql = endless, .deadline_ms = loop_self.now_ms + 20};
    run_job(c, &j);
    CHECK(!j.is_good && !j.error.is_cancelled);
    CHECK_INT(j.error.fault, TERN_DATA_TIMEOUT);
    CHECK_TEXT(j.error.message, "the statement took too long");
    CHECK_INT(int_of(c, "select 1"), 1);
}

TEST(a_statement_past_its_deadline_is_stopped)
{
    WITH_TIMEOUT(5000, run_late);
}

static void write_late(tern_ctx *c)
{
    data_error error;
    must_run(c, "create table t (n integer)");
    data_session *s = data_sqlite.acquire(db, true, &error);
    CHECK(data_sqlite.session_run(s, &query_of(c, "begin immediate", 1, true, NO_ARGS)->run));
    CHECK(data_sqlite.session_run(s, &query_of(c, "insert into t values (1)", 2, true, NO_ARGS)->run));
    query *q = query_of(c,
                        "insert into t with recursive n(x) as (select 1 union all select x + 1 from n) "
                        "select x from n where x < 0",
                        3, true, NO_ARGS);
    q->run.deadline_ms = loop_self.now_ms + 20;
    CHECK(!data_sqlite.session_run(s, &q->run));
    CHECK_INT(q->run.error.fault, TERN_DATA_TIMEOUT);
    CHECK(!data_sqlite.session_run(s, &query_of(c, "commit", 4, true, NO_ARGS)->run));
    data_sqlite.release(s);
    CHECK_INT(int_of(c, "select count(*) from t"), 0);
}

TEST(a_transaction_whose_statement_was_stopped_cannot_be_committed)
{
    WITH_TIMEOUT(5000, write_late);
}

static void release_cancelled(tern_ctx *c, void *arg)
{
    data_error error;
    data_session *s = data_sqlite.acquire(db, true, &error);
    CHECK(data_sqlite.session_run(s, &query_of(c, "begin immediate", 1, true, NO_ARGS)->run));
    CHECK(data_sqlite.session_run(s, &query_of(c, "insert into t values (1)", 2, true, NO_ARGS)->run));
    *(bool *)arg = true;
    CHECK(coro_wait(0) == CORO_CANCELLED);
    data_sqlite.release(s);
}

static void cancel_transaction(tern_ctx *c)
{
    bool has_begun = false;
    must_run(c, "create table t (n integer)");
    tern_task *task = tern_go(c, release_cancelled, &has_begun);
    while (!has_begun)
        turn_once(c);
    tern_cancel(task);
    tern_wait(c, task);
    CHECK_INT(must_run(c, "insert into t values (2)"), 1);
    CHECK_INT(int_of(c, "select sum(n) from t"), 2);
}

TEST(a_cancelled_coroutines_transaction_is_rolled_back)
{
    WITH_TIMEOUT(5000, cancel_transaction);
}

/* -- the queue of a worker -- */

static void write_in_turn(tern_ctx *c)
{
    data_error error;
    job first = {.sql = "insert into t values (1)", .name = "first ", .writes = true};
    job second = {.sql = "insert into t values (2)", .name = "second ", .writes = true};
    must_run(c, "create table t (n integer)");
    data_session *s = data_sqlite.acquire(db, true, &error);
    tern_task *tasks[] = {tern_go(c, run_job, &first), tern_go(c, run_job, &second)};
    turn_once(c);
    turn_once(c);
    CHECK(!first.is_done && !second.is_done);
    note("released ");
    data_sqlite.release(s);
    tern_wait(c, tasks[0]);
    tern_wait(c, tasks[1]);
    CHECK(first.is_good && second.is_good);
    CHECK_TEXT(trace, "released first second ");
}

TEST(writers_of_a_worker_wait_for_each_other_in_order)
{
    WITH_TIMEOUT(5000, write_in_turn);
}

static void wait_too_long(tern_ctx *c)
{
    (void)c;
    data_error error;
    data_session *a = data_sqlite.acquire(db, false, &error), *b = data_sqlite.acquire(db, false, &error);
    CHECK(a != NULL && b != NULL);
    CHECK(data_sqlite.acquire(db, false, &error) == NULL);
    CHECK_INT(error.fault, TERN_DATA_BUSY);
    CHECK_TEXT(error.message, "no connection was free for 20 ms");
    data_sqlite.release(a);
    data_session *again = data_sqlite.acquire(db, false, &error);
    CHECK(again == a);
    data_sqlite.release(again);
    data_sqlite.release(b);
}

TEST(waiting_too_long_for_a_connection_reports_a_busy_database)
{
    WITH_TIMEOUT(20, wait_too_long);
}

static void wait_past_deadline(tern_ctx *c)
{
    data_error error;
    job j = {.sql = "delete from t", .writes = true, .deadline_ms = loop_self.now_ms + 10};
    data_session *s = data_sqlite.acquire(db, true, &error);
    run_job(c, &j);
    CHECK_INT(j.error.fault, TERN_DATA_TIMEOUT);
    data_sqlite.release(s);
}

TEST(a_statements_deadline_counts_in_the_queue)
{
    WITH_TIMEOUT(5000, wait_past_deadline);
}

static void cancel_in_queue(tern_ctx *c)
{
    data_error error;
    job first = {.sql = "insert into t values (1)", .writes = true};
    job second = {.sql = "insert into t values (2)", .writes = true};
    must_run(c, "create table t (n integer)");
    data_session *s = data_sqlite.acquire(db, true, &error);
    tern_task *tasks[] = {tern_go(c, run_job, &first), tern_go(c, run_job, &second)};
    turn_once(c);
    turn_once(c);
    tern_cancel(tasks[0]); /* and in the same turn it is the next one */
    data_sqlite.release(s);
    tern_wait(c, tasks[0]);
    tern_wait(c, tasks[1]);
    CHECK(!first.is_good && first.error.is_cancelled);
    CHECK(second.is_good);
    CHECK_INT(int_of(c, "select sum(n) from t"), 2);
}

TEST(a_connection_given_to_a_cancelled_coroutine_goes_to_the_next)
{
    WITH_TIMEOUT(5000, cancel_in_queue);
}

static void wait_in_memory(tern_ctx *c)
{
    data_error error;
    job j = {.sql = "select count(*) from t", .name = "read "};
    must_run(c, "create table t (n integer)");
    data_session *s = data_sqlite.acquire(db, true, &error);
    CHECK(data_sqlite.session_run(s, &query_of(c, "begin immediate", 1, true, NO_ARGS)->run));
    tern_task *task = tern_go(c, run_job, &j);
    turn_once(c);
    turn_once(c);
    CHECK(!j.is_done);
    data_sqlite.release(s);
    tern_wait(c, task);
    CHECK(j.is_good);
}

TEST(in_memory_others_wait_for_the_end_of_a_transaction)
{
    CHECK_INT(with_database(&(data_engine_options){.url = "sqlite::memory:"}, wait_in_memory).reason,
              UNWIND_NONE);
}

/* -- another process -- */

static struct {
    int go[2], locked[2];
    pid_t pid;
} other;

static void run_raw(sqlite3 *handle, const char *sql)
{
    if (sqlite3_exec(handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        _exit(1);
}

/* Holds the write lock from now until the parent says so. */
static void lock_by_other_process(void)
{
    char byte;
    CHECK(pipe(other.go) == 0 && pipe(other.locked) == 0);
    other.pid = fork();
    CHECK(other.pid >= 0);
    if (other.pid == 0) {
        sqlite3 *handle;
        if (sqlite3_open(fixture_url + strlen("sqlite:"), &handle) != SQLITE_OK)
            _exit(1);
        run_raw(handle, "pragma journal_mode = wal; create table t (n integer); begin immediate;"
                        "insert into t values (1)");
        if (write(other.locked[1], "x", 1) != 1 || read(other.go[0], &byte, 1) != 1)
            _exit(1);
        run_raw(handle, "commit");
        sqlite3_close(handle);
        _exit(0);
    }
    CHECK(read(other.locked[0], &byte, 1) == 1);
}

static void let_go(void)
{
    CHECK(write(other.go[1], "x", 1) == 1);
}

static void with_other_process(unsigned timeout_ms, void (*handler)(tern_ctx *c))
{
    int status;
    make_folder();
    lock_by_other_process();
    CHECK_INT(
        with_database(&(data_engine_options){.url = fixture_url, .pool = 2, .wait_timeout_ms = timeout_ms},
                      handler)
            .reason,
        UNWIND_NONE);
    CHECK(waitpid(other.pid, &status, 0) == other.pid);
    CHECK_INT(status, 0);
    remove_folder();
}

static void wait_for_lock(tern_ctx *c)
{
    job j = {.sql = "insert into t values (2)", .writes = true};
    tern_task *task = tern_go(c, run_job, &j);
    tern_sleep(c, 10);
    CHECK(!j.is_done);
    CHECK_INT(int_of(c, "select count(*) from t"), 0);
    let_go();
    tern_wait(c, task);
    CHECK(j.is_good);
    CHECK_INT(int_of(c, "select sum(n) from t"), 3);
}

TEST(a_writer_sleeps_while_another_process_writes_and_readers_continue)
{
    with_other_process(5000, wait_for_lock);
}

/** Opens the same file again, as another process would. */
static data_database *open_again(data_session **writer)
{
    data_error error;
    data_database *again = data_sqlite.open(&(data_engine_options){.url = fixture_url});
    CHECK(again != NULL);
    *writer = data_sqlite.acquire(again, true, &error);
    CHECK(*writer != NULL);
    return again;
}

static void be_seen_waiting(tern_ctx *c)
{
    job j = {.sql = "insert into t values (2)", .writes = true};
    data_session *writer;
    data_database *again = open_again(&writer);
    CHECK(!sqlite_sync_others_wait(&again->sync));
    tern_task *task = tern_go(c, run_job, &j);
    while (!sqlite_sync_others_wait(&again->sync))
        turn_once(c);
    CHECK(!j.is_done);
    let_go();
    tern_wait(c, task);
    CHECK(j.is_good);
    CHECK(!sqlite_sync_others_wait(&again->sync));
    data_sqlite.release(writer);
    data_sqlite.close(again);
}

TEST(other_processes_see_that_a_writer_waits_for_the_lock)
{
    with_other_process(5000, be_seen_waiting);
}

static void note_task(tern_ctx *c, void *arg)
{
    (void)c;
    note(arg);
}

/* Acquires the writer at the end of its turn, with another coroutine ready to run. */
static void take_writer_beside(tern_ctx *c)
{
    data_error error;
    tern_task *task = tern_go(c, note_task, "other ");
    db->writer.turn_ms = 0;
    data_session *s = data_sqlite.acquire(db, true, &error);
    note("writer ");
    data_sqlite.release(s);
    tern_wait(c, task);
}

static void step_aside(tern_ctx *c)
{
    data_session *writer;
    must_run(c, "create table t (n integer)");
    data_database *again = open_again(&writer);
    take_writer_beside(c);
    sqlite_sync_say_waiting(&again->sync, true);
    take_writer_beside(c);
    sqlite_sync_say_waiting(&again->sync, false);
    take_writer_beside(c);
    CHECK_TEXT(trace, "writer other other writer writer other ");
    data_sqlite.release(writer);
    data_sqlite.close(again);
}

TEST(a_worker_yields_at_the_end_of_its_turn_when_another_process_waits)
{
    WITH_TIMEOUT(5000, step_aside);
}

static void be_locked_out(tern_ctx *c)
{
    job j = {.sql = "insert into t values (2)", .writes = true};
    run_job(c, &j);
    CHECK_INT(j.error.fault, TERN_DATA_BUSY);
    CHECK_TEXT(j.error.message, "database is locked by another process for too long");
    j.deadline_ms = loop_self.now_ms + 10;
    run_job(c, &j);
    CHECK_INT(j.error.fault, TERN_DATA_TIMEOUT);
    let_go();
}

TEST(threat_104_the_wait_for_another_processs_lock_is_bounded)
{
    with_other_process(40, be_locked_out);
}

static void cancel_locked_out(tern_ctx *c)
{
    job j = {.sql = "insert into t values (2)", .writes = true};
    tern_task *task = tern_go(c, run_job, &j);
    tern_sleep(c, 5);
    tern_cancel(task);
    tern_wait(c, task);
    CHECK(!j.is_good && j.error.is_cancelled);
    let_go();
}

TEST(a_coroutine_cancelled_while_the_database_is_locked_leaves)
{
    with_other_process(5000, cancel_locked_out);
}

/* -- without a loop -- */

TEST(a_program_without_a_loop_waits_for_a_lock_until_it_is_busy)
{
    static const data_statement statement = {
        .sql = "insert into t values (2)", .sql_len = 24, .writes = true};
    data_run run = {.statement = &statement};
    make_folder();
    lock_by_other_process();
    db = data_sqlite.open(&(data_engine_options){.url = fixture_url, .wait_timeout_ms = 30});
    CHECK(!data_sqlite.run(db, &run));
    CHECK_INT(run.error.fault, TERN_DATA_BUSY);
    let_go();
    waitpid(other.pid, NULL, 0);
    CHECK(data_sqlite.run(db, &run));
    CHECK_INT(run.affected, 1);
    data_sqlite.close(db);
    remove_folder();
}
