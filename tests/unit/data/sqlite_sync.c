/** How commits reach the disk: together, acknowledged once they are on disk, with an error otherwise. */
#include "sqlite_fixture.h"

#include "data/sqlite/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/stat.h>

#ifdef TERN_FAULTS

enum { WRITERS = 20 };

/** A separate transaction, in a task. */
typedef struct writer {
    const char *name;
    bool by_run; /* one statement without a transaction */
    bool is_done, is_good;
    data_error error;
} writer;

static void write_row(tern_ctx *c, void *arg)
{
    writer *w = arg;
    query *insert = query_of(c, "insert into t values (1)", 1, true, NO_ARGS);
    if (w->by_run) {
        w->is_good = data_sqlite.run(db, &insert->run);
        w->error = insert->run.error;
    } else {
        data_session *s = data_sqlite.acquire(db, true, &w->error);
        query *commit = query_of(c, "commit", 3, true, NO_ARGS);
        if (s == NULL)
            return;
        CHECK(data_sqlite.session_begin(s, &query_of(c, "begin immediate", 2, true, NO_ARGS)->run));
        CHECK(data_sqlite.session_run(s, &insert->run));
        w->is_good = data_sqlite.session_commit(s, &commit->run);
        w->error = commit->run.error;
    }
    w->is_done = true;
    if (w->name != NULL)
        note(w->name);
}

static void make_table(tern_ctx *c)
{
    must_run(c, "create table t (n integer)");
    *sqlite_faults_of_sync() = (sqlite_sync_faults){0};
}

static unsigned syncs(void)
{
    return sqlite_faults_of_sync()->done;
}

/** Makes the next syncs fail. */
static void break_syncs(unsigned count, int problem)
{
    sqlite_faults_of_sync()->failing = count;
    sqlite_faults_of_sync()->problem = problem;
}

static void write_beside(tern_ctx *c, writer *writers, size_t count)
{
    tern_task *tasks[WRITERS];
    for (size_t i = 0; i < count; i++)
        tasks[i] = tern_go(c, write_row, &writers[i]);
    for (size_t i = 0; i < count; i++)
        tern_wait(c, tasks[i]);
}

static int gate[2];

/** Blocks all syncs until open_gate. */
static void close_gate(void)
{
    CHECK(pipe(gate) == 0);
    sqlite_faults_of_sync()->gate = gate[0];
}

static void open_gate(void)
{
    close(gate[1]);
}

/** Begins them, and returns when the last has committed, which may still wait for the disk. */
static void begin_beside(tern_ctx *c, writer *writers, tern_task **tasks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tasks[i] = tern_go(c, write_row, &writers[i]);
    while (db->sync.tickets < count + 1) /* and the commit of the table */
        tern_sleep(c, 0);
}

/* -- together -- */

/*
 * The first is a single statement, the others are transactions. The first sync is blocked until all have
 * committed.
 */
static void write_many(tern_ctx *c)
{
    writer writers[WRITERS] = {{.by_run = true}};
    tern_task *tasks[WRITERS];
    make_table(c);
    close_gate();
    begin_beside(c, writers, tasks, WRITERS);
    for (int i = 0; i < WRITERS; i++)
        CHECK(!writers[i].is_done);
    open_gate();
    for (int i = 0; i < WRITERS; i++)
        tern_wait(c, tasks[i]);
    for (int i = 0; i < WRITERS; i++)
        CHECK(writers[i].is_good);
    CHECK_INT(syncs(), 2);
    CHECK_INT(int_of(c, "select count(*) from t"), WRITERS);
}

TEST(commits_of_many_share_a_sync)
{
    WITH_DATABASE(write_many);
}

static void write_one_by_one(tern_ctx *c)
{
    make_table(c);
    must_run(c, "insert into t values (1)");
    CHECK_INT(syncs(), 1);
    must_run(c, "insert into t values (2); insert into t values (3)");
    CHECK_INT(syncs(), 2);
    CHECK_INT(int_of(c, "select sum(n) from t"), 6);
    must_run(c, "delete from t where n = 7");
    must_run(c, "begin immediate; select n from t; commit");
    CHECK_INT(syncs(), 2);
}

TEST(only_calls_that_commit_changes_are_synced)
{
    WITH_DATABASE(write_one_by_one);
}

static void roll_back(tern_ctx *c)
{
    data_error error;
    make_table(c);
    data_session *s = data_sqlite.acquire(db, true, &error);
    CHECK(data_sqlite.session_run(s, &query_of(c, "begin immediate", 1, true, NO_ARGS)->run));
    CHECK(data_sqlite.session_run(s, &query_of(c, "insert into t values (1)", 2, true, NO_ARGS)->run));
    data_sqlite.release(s);
    CHECK_INT(syncs(), 0);
}

TEST(a_rollback_is_not_synced)
{
    WITH_DATABASE(roll_back);
}

static void write_in_memory(tern_ctx *c)
{
    writer w = {0};
    make_table(c);
    write_beside(c, &w, 1);
    CHECK(w.is_good);
    CHECK_INT(syncs(), 0);
}

TEST(in_memory_nothing_is_synced)
{
    CHECK_INT(with_database(&(data_engine_options){.url = "sqlite::memory:"}, write_in_memory).reason,
              UNWIND_NONE);
}

static void write_while_syncing(tern_ctx *c)
{
    writer first = {0};
    tern_task *task;
    data_error error;
    make_table(c);
    close_gate();
    begin_beside(c, &first, &task, 1);
    data_session *next = data_sqlite.acquire(db, true, &error);
    CHECK(next != NULL && !first.is_done);
    CHECK_INT(int_of(c, "select count(*) from t"), 1);
    data_sqlite.release(next);
    open_gate();
    tern_wait(c, task);
    CHECK(first.is_good);
}

TEST(the_next_writer_does_not_wait_for_the_disk)
{
    WITH_DATABASE(write_while_syncing);
}

static void write_in_order(tern_ctx *c)
{
    writer writers[] = {{.name = "a "}, {.name = "b "}, {.name = "c "}};
    make_table(c);
    write_beside(c, writers, 3);
    CHECK_TEXT(trace, "a b c ");
}

TEST(commits_are_acknowledged_in_their_order)
{
    WITH_DATABASE(write_in_order);
}

/* -- failures -- */

static void fail_to_sync(tern_ctx *c)
{
    writer writers[3] = {{.by_run = true}};
    make_table(c);
    break_syncs(1, EIO);
    write_beside(c, writers, 1);
    CHECK(!writers[0].is_good && !writers[0].error.is_cancelled);
    CHECK_INT(writers[0].error.fault, TERN_DATA_FAILED);
    CHECK_TEXT(
        writers[0].error.message,
        "the write-ahead log could not be synced (Input/output error): what was committed is visible to "
        "others, but a power cut may undo it");
    CHECK_INT(int_of(c, "select count(*) from t"), 1);
    CHECK_INT(syncs(), 2); /* the second after the log was written again */
    write_beside(c, &writers[1], 2);
    CHECK(writers[1].is_good && writers[2].is_good);
}

TEST(waiters_of_a_failed_sync_fail_and_later_commits_are_safe_again)
{
    WITH_DATABASE(fail_to_sync);
}

static void fail_for_all(tern_ctx *c)
{
    writer writers[WRITERS] = {{.by_run = true}};
    int failed = 0;
    make_table(c);
    break_syncs(1000, EIO);
    write_beside(c, writers, WRITERS);
    for (int i = 0; i < WRITERS; i++)
        failed += !writers[i].is_good && writers[i].error.fault == TERN_DATA_FAILED;
    CHECK_INT(failed, WRITERS);
    CHECK_INT(int_of(c, "select count(*) from t"), WRITERS);
}

TEST(no_commit_is_acknowledged_while_syncs_fail)
{
    WITH_DATABASE(fail_for_all);
}

static void doubt_and_mend(tern_ctx *c)
{
    writer writers[2] = {{.by_run = true}};
    make_table(c);
    break_syncs(2, EIO); /* the first, and the one after the log was written again */
    write_beside(c, writers, 1);
    CHECK(!writers[0].is_good);
    CHECK_INT(sqlite_faults_of_sync()->written_anew, 1);
    CHECK_INT(fault_of(c, "pragma wal_checkpoint", NO_ARGS, NULL), TERN_DATA_FAILED);
    write_beside(c, &writers[1], 1);
    CHECK(writers[1].is_good);
    CHECK_INT(sqlite_faults_of_sync()->written_anew, 2);
    CHECK_INT(fault_of(c, "pragma wal_checkpoint", NO_ARGS, NULL), TERN_DATA_OK);
    CHECK_INT(int_of(c, "select count(*) from t"), 2);
}

TEST(a_log_in_doubt_is_not_copied_and_the_next_commit_repairs_it)
{
    WITH_DATABASE(doubt_and_mend);
}

/** The bytes of the log; from the arena. */
static tern_str log_bytes(tern_ctx *c)
{
    char path[200];
    tern_str bytes = {arena_alloc(&fake_of(c)->arena, 256 * 1024), 0};
    snprintf(path, sizeof path, "%s/app.db-wal", fixture_folder);
    int fd = open(path, O_RDONLY);
    ssize_t len = read(fd, (char *)(uintptr_t)bytes.data, 256 * 1024);
    close(fd);
    CHECK(len > 0);
    bytes.len = (size_t)len;
    return bytes;
}

static void compare_logs(tern_ctx *c)
{
    writer w = {.by_run = true};
    make_table(c);
    must_run(c, "insert into t values (1)");
    break_syncs(2, EIO);
    write_beside(c, &w, 1);
    tern_str before = log_bytes(c);
    break_syncs(0, 0);
    must_run(c, "insert into t values (5)");
    tern_str after = log_bytes(c);
    CHECK(after.len > before.len && memcmp(before.data, after.data, before.len) == 0);
    CHECK_INT(int_of(c, "select sum(n) from t"), 7);
}

TEST(a_log_that_is_written_again_is_the_same)
{
    WITH_DATABASE(compare_logs);
}

static void run_full(tern_ctx *c)
{
    writer w = {0};
    make_table(c);
    break_syncs(1, ENOSPC);
    write_beside(c, &w, 1);
    CHECK_INT(w.error.fault, TERN_DATA_FULL);
}

TEST(a_full_disk_at_the_sync_is_reported_as_such)
{
    WITH_DATABASE(run_full);
}

/* -- cancellation -- */

/* The first runs the sync; the second waits for the next one. */
static void leave_while_waiting(tern_ctx *c)
{
    writer writers[3] = {{0}};
    tern_task *tasks[3];
    make_table(c);
    close_gate();
    begin_beside(c, writers, tasks, 3);
    tern_cancel(tasks[0]);
    tern_cancel(tasks[1]);
    tern_wait(c, tasks[1]);
    CHECK(!writers[1].is_good && writers[1].error.is_cancelled);
    CHECK(!writers[0].is_done && !writers[2].is_done);
    open_gate();
    tern_wait(c, tasks[0]);
    tern_wait(c, tasks[2]);
    CHECK(writers[0].is_good && writers[2].is_good);
    CHECK_INT(int_of(c, "select count(*) from t"), 3);
    CHECK_INT(must_run(c, "insert into t values (1)"), 1);
}

TEST(a_coroutine_cancelled_during_a_sync_has_committed)
{
    WITH_DATABASE(leave_while_waiting);
}

static void cancel_task(tern_ctx *c, void *arg)
{
    (void)c;
    tern_cancel(arg);
}

/* The first sync has ended, but the loop does not know it yet. In its next turn the second coroutine is
 * cancelled. It must then begin the next sync, also for the others. */
static void leave_at_its_turn(tern_ctx *c)
{
    writer writers[WRITERS] = {{0}};
    tern_task *tasks[WRITERS];
    make_table(c);
    close_gate();
    begin_beside(c, writers, tasks, WRITERS);
    open_gate();
    while (atomic_load(&sqlite_faults_of_sync()->ended) == 0)
        sched_yield();
    tern_task *canceller = tern_go(c, cancel_task, tasks[1]);
    for (int i = 0; i < WRITERS; i++)
        tern_wait(c, tasks[i]);
    tern_wait(c, canceller);
    CHECK(!writers[1].is_good && writers[1].error.is_cancelled);
    for (int i = 2; i < WRITERS; i++)
        CHECK(writers[i].is_good);
}

TEST(waiters_are_acknowledged_when_the_one_that_would_sync_leaves)
{
    WITH_DATABASE(leave_at_its_turn);
}

/* -- the log's file -- */

static void change_log(tern_ctx *c)
{
    sqlite3 *other;
    make_table(c);
    data_session *s = &db->writer.sessions[0];
    sqlite_disconnect(s, false);
    sqlite_queue_tidy(&db->readers, UINT64_MAX);
    CHECK_INT(sqlite3_open(fixture_url + strlen("sqlite:"), &other), SQLITE_OK);
    CHECK_INT(sqlite3_exec(other, "insert into t values (1)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other); /* the last one: it removes the log */
    char path[200];
    snprintf(path, sizeof path, "%s/app.db-wal", fixture_folder);
    CHECK(access(path, F_OK) != 0);
    must_run(c, "insert into t values (2)");
    struct stat synced, there;
    CHECK(fstat(db->sync.fd, &synced) == 0 && stat(path, &there) == 0);
    CHECK(synced.st_ino == there.st_ino);
}

TEST(a_recreated_log_is_the_one_that_is_synced)
{
    WITH_DATABASE(change_log);
}

#else

TEST(syncs_can_be_made_to_fail)
{
    check_skip("builds without faults do not make syncs fail");
}

#endif
