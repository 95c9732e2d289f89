#include "sqlite_fixture.h"

#include "base/mem.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/wait.h>

static int end_of(pid_t pid)
{
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    return status;
}

/* -- forks and locks -- */

static void use_in_child(tern_ctx *c)
{
    must_run(c, "create table t (n integer); insert into t values (1)");
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        data_error error;
        query *q = query_of(c, "insert into t values (2)", 0, true, NO_ARGS);
        bool is_refused =
            !data_sqlite.run(db, &q->run) && q->run.error.fault == TERN_DATA_FAILED &&
            data_sqlite.acquire(db, false, &error) == NULL &&
            strcmp(error.message, "the database was opened before this process was forked") == 0;
        data_sqlite.tidy(db);
        data_sqlite.close(db);
        _exit(is_refused ? 0 : 1);
    }
    CHECK_INT(end_of(pid), 0);
    must_run(c, "insert into t values (3)");
    CHECK_INT(int_of(c, "select sum(n) from t"), 4);
}

TEST(threat_104_a_child_cannot_use_what_its_parent_opened)
{
    WITH_DATABASE(use_in_child);
}

static void open_in_child(tern_ctx *c)
{
    must_run(c, "create table t (n integer)");
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        data_error error;
        data_database *own = data_sqlite.open(&(data_engine_options){.url = fixture_url});
        bool is_refused = own != NULL && data_sqlite.acquire(own, true, &error) == NULL &&
                          strcmp(error.message, "this process was forked while a database was open") == 0;
        _exit(is_refused ? 0 : 1);
    }
    CHECK_INT(end_of(pid), 0);
}

TEST(threat_104_a_child_of_a_process_with_an_open_database_cannot_open_one)
{
    WITH_DATABASE(open_in_child);
}

static void write_one(tern_ctx *c)
{
    must_run(c, "create table if not exists t (n integer); insert into t values (1)");
}

TEST(threat_104_a_child_of_a_process_that_has_closed_its_database_can_open_it)
{
    make_folder();
    const data_engine_options options = {.url = fixture_url};
    with_database(&options, write_one);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) { /* the thread pool belongs to the parent: statements run without a loop here */
        static const data_statement statement = {
            .sql = "insert into t values (2)", .sql_len = 24, .writes = true};
        data_run run = {.statement = &statement};
        data_database *own = data_sqlite.open(&options);
        _exit(own != NULL && data_sqlite.run(own, &run) && run.affected == 1 ? 0 : 1);
    }
    CHECK_INT(end_of(pid), 0);
    remove_folder();
}

/* The result for another process that tries to write: SQLITE_OK or SQLITE_BUSY. */
static int write_lock_elsewhere(void)
{
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        sqlite3 *handle;
        sqlite3_open(fixture_url + strlen("sqlite:"), &handle);
        _exit(sqlite3_exec(handle, "begin immediate", NULL, NULL, NULL));
    }
    return WEXITSTATUS(end_of(pid));
}

static void keep_locks(tern_ctx *c)
{
    data_error error;
    buf problems = {0};
    must_run(c, "create table t (n integer)");
    CHECK_INT(write_lock_elsewhere(), SQLITE_OK);
    data_session *s = data_sqlite.acquire(db, true, &error);
    CHECK(data_sqlite.session_run(s, &query_of(c, "begin immediate", 0, true, NO_ARGS)->run));
    CHECK(data_sqlite.check(fixture_url, &problems));
    data_database *second = data_sqlite.open(&(data_engine_options){.url = fixture_url});
    query *read = query_of(c, "select 1", 0, false, NO_ARGS);
    CHECK(data_sqlite.run(second, &read->run));
    data_sqlite.close(second);
    CHECK_INT(write_lock_elsewhere(), SQLITE_BUSY);
    data_sqlite.release(s);
    CHECK_INT(write_lock_elsewhere(), SQLITE_OK);
}

TEST(threat_104_neither_a_check_nor_a_second_connection_drops_the_locks_of_the_first)
{
    WITH_DATABASE(keep_locks);
}

static void write_twenty(tern_ctx *c)
{
    must_run(c, "create table if not exists t (n integer)");
    for (int i = 0; i < 20; i++) {
        must_run(c, "insert into t values (1)");
        CHECK(int_of(c, "select count(*) from t") > 0);
    }
}

static void count_all(tern_ctx *c)
{
    CHECK_INT(int_of(c, "select count(*) from t"), 80);
}

TEST(threat_104_processes_that_start_together_on_a_new_file_all_write)
{
    pid_t children[4];
    make_folder();
    const data_engine_options options = {.url = fixture_url};
    for (size_t i = 0; i < 4; i++) {
        children[i] = fork();
        CHECK(children[i] >= 0);
        if (children[i] == 0)
            _exit(with_database(&options, write_twenty).reason == UNWIND_NONE ? 0 : 1);
    }
    for (size_t i = 0; i < 4; i++)
        CHECK_INT(end_of(children[i]), 0);
    with_database(&options, count_all);
    remove_folder();
}

static void note_files(tern_ctx *c)
{
    char path[200];
    must_run(c, "create table t (n integer)");
    CHECK_INT(int_of(c, "select count(*) from t"), 0);
    snprintf(path, sizeof path, "%s/app.db-wal", fixture_folder);
    CHECK(access(path, F_OK) == 0);
}

TEST(closing_leaves_one_file)
{
    char path[200];
    make_folder();
    with_database(&(data_engine_options){.url = fixture_url}, note_files);
    snprintf(path, sizeof path, "%s/app.db-wal", fixture_folder);
    CHECK(access(path, F_OK) != 0);
    snprintf(path, sizeof path, "%s/app.db", fixture_folder);
    CHECK(access(path, F_OK) == 0);
    remove_folder();
}

static int open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;
    CHECK(folder != NULL);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static void tidy_readers(tern_ctx *c)
{
    must_run(c, "create table t (n integer)");
    int without_reader = open_files();
    CHECK_INT(int_of(c, "select count(*) from t"), 0);
    int with_reader = open_files();
    CHECK(with_reader > without_reader);
    data_sqlite.tidy(db);
    CHECK_INT(open_files(), with_reader);
    loop_self.now_ms += 61000;
    data_sqlite.tidy(db);
    CHECK(open_files() < with_reader);
    CHECK_INT(int_of(c, "select count(*) from t"), 0);
}

TEST(a_reader_that_was_idle_for_a_minute_is_closed)
{
    WITH_DATABASE(tidy_readers);
}

/* -- after a crash -- */

static int acknowledged;

static void write_until_killed(tern_ctx *c)
{
    must_run(c, "create table if not exists t (n integer)");
    for (;;) { /* two rows or none, and only then one byte */
        must_run(c, "insert into t values (1), (2)");
        CHECK(write(acknowledged, "x", 1) == 1);
    }
}

static int64_t rows_found;

static void count_found(tern_ctx *c)
{
    rows_found = int_of(c, "select count(*) from t");
    CHECK_INT(int_of(c, "select count(*) from pragma_integrity_check where integrity_check = 'ok'"), 1);
}

TEST(threat_115_acknowledged_writes_survive_a_kill_and_nothing_is_half_done)
{
    int64_t written = 0;
    make_folder();
    const data_engine_options options = {.url = fixture_url};
    for (int round = 1; round <= 10; round++) {
        int fds[2];
        char byte;
        CHECK(pipe(fds) == 0);
        pid_t pid = fork();
        if (pid == 0) {
            acknowledged = fds[1];
            with_database(&options, write_until_killed);
        }
        close(fds[1]);
        for (int i = 0; i < 3 * round; i++)
            written += read(fds[0], &byte, 1);
        kill(pid, SIGKILL);
        end_of(pid);
        while (read(fds[0], &byte, 1) == 1)
            written++;
        close(fds[0]);
    }
    pid_t reader = fork();
    if (reader == 0) {
        with_database(&options, count_found);
        bool is_whole = rows_found % 2 == 0 && rows_found >= 2 * written && rows_found <= 2 * (written + 10);
        _exit(is_whole ? 0 : 1);
    }
    CHECK(written >= 3 * 55);
    CHECK_INT(end_of(reader), 0);
    remove_folder();
}

static void write_and_vanish(tern_ctx *c)
{
    must_run(
        c,
        "create table t (v blob); with recursive n(x) as (select 1 union all select x + 1 from n limit 900)"
        " insert into t select zeroblob(4000) from n");
    _exit(0); /* nothing is closed: the log remains for recovery */
}

static int counted;

static void count_rows(tern_ctx *c, void *unused)
{
    (void)unused;
    CHECK_INT(int_of(c, "select count(*) from t"), 900);
    counted++;
}

static void recover_together(tern_ctx *c)
{
    tern_task *tasks[3];
    for (size_t i = 0; i < 3; i++)
        tasks[i] = tern_go(c, count_rows, NULL);
    for (size_t i = 0; i < 3; i++)
        tern_wait(c, tasks[i]);
    CHECK_INT(counted, 3);
}

TEST(threat_115_a_log_left_by_a_crash_is_recovered_while_others_wait_for_it)
{
    make_folder();
    const data_engine_options options = {.url = fixture_url};
    pid_t pid = fork();
    if (pid == 0)
        with_database(&options, write_and_vanish);
    CHECK_INT(end_of(pid), 0);
    CHECK_INT(with_database(&options, recover_together).reason, UNWIND_NONE);
    remove_folder();
}

/* -- no space -- */

static void fill_up(tern_ctx *c)
{
    char path[200];
    tern_data_fault fault = TERN_DATA_OK;
    data_error error;
    snprintf(path, sizeof path, "%s/filler", fixture_folder);
    must_run(c, "create table t (v blob)");
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    CHECK(fd >= 0 && posix_fallocate(fd, 0, 512 << 10) == 0);
    close(fd);
    for (int i = 0; i < 1000 && fault == TERN_DATA_OK; i++)
        fault = fault_of(c, "insert into t values (zeroblob(20000))", NO_ARGS, &error);
    CHECK_INT(fault, TERN_DATA_FULL);
    CHECK(int_of(c, "select count(*) from t") > 0);
    CHECK_INT(fault_of(c, "insert into t values (zeroblob(200000))", NO_ARGS, NULL), TERN_DATA_FULL);
    CHECK(unlink(path) == 0);
    CHECK_INT(must_run(c, "insert into t values (zeroblob(20000))"), 1);
    CHECK_INT(int_of(c, "select count(*) from pragma_integrity_check where integrity_check = 'ok'"), 1);
}

TEST(threat_073_a_full_disk_refuses_writes_until_there_is_space)
{
    make_folder();
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", fixture_folder, "tmpfs", 0, "size=1m") != 0) {
        remove_folder();
        check_skip("a file system of 1 MiB can be mounted by root only");
    }
    CHECK_INT(with_database(&(data_engine_options){.url = fixture_url}, fill_up).reason, UNWIND_NONE);
    CHECK(umount(fixture_folder) == 0);
    remove_folder();
}

/* -- no memory -- */

static const char *const short_of_memory[] = {
    "create table t (n integer primary key, v text, u text unique)",
    "insert into t (v, u) values ('a', 'b'), ('c', 'd')",
    "select n, v from t where u = 'd' order by v",
};

/* Opens, uses and closes the database while the n-th allocation fails. False when none failed. */
static bool run_short_of_memory(tern_ctx *c, unsigned long n)
{
    char url[200];
    snprintf(url, sizeof url, "sqlite:%s/%lu.db", fixture_folder, n);
    mem_fail_at(n, 0);
    data_database *short_db = data_sqlite.open(&(data_engine_options){.url = url, .pool = 1});
    for (unsigned i = 0; short_db != NULL && i < sizeof short_of_memory / sizeof *short_of_memory; i++) {
        query *q = query_of(c, short_of_memory[i], i + 1, i < 2, NO_ARGS);
        if (!data_sqlite.run(short_db, &q->run))
            CHECK(q->run.error.fault == TERN_DATA_BUSY || q->run.error.fault == TERN_DATA_REFUSED ||
                  q->run.error.fault == TERN_DATA_FAILED || q->run.error.fault == TERN_DATA_AWAY);
    }
    bool has_failed = mem_tried() >= n;
    mem_fail_at(0, 0);
    if (short_db == NULL)
        return true;
    data_sqlite.close(short_db);
    return has_failed;
}

static void walk_allocations(tern_ctx *c)
{
    run_short_of_memory(c, 1 << 30); /* the library is set up only once */
    unsigned long n = 1;
    while (run_short_of_memory(c, n))
        n++;
    CHECK(n > 300);
}

TEST(a_failed_allocation_only_fails_its_statement)
{
    static fake_request request = {.handler = walk_allocations, .memory_limit = 64 << 20};
    make_folder_in(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"); /* where fsync takes no time */
    run_requests(&request, 1);
    CHECK_INT(request.reason, UNWIND_NONE);
    remove_folder();
}

/* -- no stack -- */

static char *repeat(tern_ctx *c, const char *before, const char *each, int times, const char *after)
{
    char *text =
        arena_alloc(&fake_of(c)->arena, strlen(before) + strlen(each) * (size_t)times + strlen(after) + 1);
    char *end = stpcpy(text, before);
    for (int i = 0; i < times; i++)
        end = stpcpy(end, each);
    strcpy(end, after);
    return text;
}

/* Each is at the limit: it fits a coroutine's stack, or the process of this test crashes. */
static void run_deepest(tern_ctx *c)
{
    data_error error;
    must_run(c, "create table t (a integer, b text); insert into t values (1, 'x')");
    CHECK_INT(fault_of(c, repeat(c, "select a", " + 1", 198, " from t where b <> ?1"), TERN_ARGS(""), NULL),
              TERN_DATA_OK);
    CHECK_INT(fault_of(c, repeat(c, "select a from t", " union all select a from t", 49, " where b <> ?1"),
                       TERN_ARGS(""), NULL),
              TERN_DATA_OK);
    CHECK_INT(fault_of(c, repeat(c, "select a from t", " except select a from t", 49, " where b <> ?1"),
                       TERN_ARGS(""), NULL),
              TERN_DATA_OK);
    CHECK_INT(
        fault_of(c, repeat(c, "insert into t values (?1, '')", ", (1, '')", 5000, ""), TERN_ARGS(1), NULL),
        TERN_DATA_OK);
    const char *pattern = repeat(c, "", "%a", 500, ""), *text = repeat(c, "", "a", 900, "");
    CHECK_INT(fault_of(c, "select ?1 like ?2", TERN_ARGS(text, pattern), NULL), TERN_DATA_OK);
    const char *json = repeat(c, "", "[", 1999, "");
    json = repeat(c, json, "]", 1999, "");
    CHECK_INT(fault_of(c, "select count(*) from json_tree(?1)", TERN_ARGS(json), NULL), TERN_DATA_OK);
    pattern = repeat(c, "", "%a", 501, "");
    CHECK_INT(fault_of(c, "select ?1 like ?2", TERN_ARGS(text, pattern), &error), TERN_DATA_BAD_VALUE);
    CHECK_TEXT(error.message, "LIKE or GLOB pattern too complex");
    CHECK_INT(fault_of(c, repeat(c, "select a", " + 1", 200, " from t"), NO_ARGS, &error), TERN_DATA_REFUSED);
    CHECK_TEXT(error.message, "Expression tree is too large (maximum depth 200)");
    CHECK_INT(
        fault_of(c, repeat(c, "select a from t", " union all select a from t", 50, ""), NO_ARGS, &error),
        TERN_DATA_REFUSED);
    CHECK_TEXT(error.message, "too many terms in compound SELECT");
}

TEST(the_deepest_statement_that_is_allowed_fits_a_coroutines_stack)
{
    WITH_DATABASE(run_deepest);
}

static void search_deeply(tern_ctx *c)
{
    data_error error;
    must_run(c, "create virtual table f using fts5(v); insert into f values ('a b');"
                "create virtual table g using fts4(v); insert into g values ('a b')");
    const char *parentheses = repeat(c, "", "(", 499, "a"), *nots = repeat(c, "a", " NOT a", 83, "");
    CHECK_INT(fault_of(c, "select * from g where g match ?1", TERN_ARGS(parentheses), NULL),
              TERN_DATA_REFUSED);
    CHECK_INT(fault_of(c, "select * from f where f match ?1", TERN_ARGS(nots), NULL), TERN_DATA_OK);
    nots = repeat(c, nots, " NOT a", 1, "");
    CHECK_INT(fault_of(c, "select * from f where f MATCH ?1", TERN_ARGS(nots), &error), TERN_DATA_BAD_VALUE);
    CHECK_TEXT(error.message, "value 1: is too long for a search");
}

TEST(the_deepest_search_that_is_allowed_fits_a_coroutines_stack)
{
    WITH_DATABASE(search_deeply);
}

static void search_from_trigger(tern_ctx *c)
{
    must_run(
        c, "create table t (id integer primary key, v text);"
           "create virtual table f using fts5(v, content = 't', content_rowid = 'id');"
           "create trigger t_insert after insert on t begin insert into f (rowid, v) values (new.id, new.v);"
           " end; insert into t (v) values ('some words'), ('other words')");
    CHECK_INT(int_of(c, "select count(*) from f where f match 'other'"), 1);
    CHECK_INT(int_of(c, "select count(*) from f where f match 'words'"), 2);
}

TEST(full_text_indexes_are_updated_by_triggers)
{
    WITH_DATABASE(search_from_trigger);
}

/* -- tables that another process changes -- */

static void change_elsewhere(const char *script)
{
    sqlite3 *other;
    CHECK_INT(sqlite3_open(fixture_url + sizeof "sqlite:" - 1, &other), SQLITE_OK);
    CHECK_INT(sqlite3_busy_timeout(other, 5000), SQLITE_OK);
    CHECK_INT(sqlite3_exec(other, script, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
}

static bool keep_names(data_run *run, const data_row *row)
{
    char *names = run->sink;
    size_t len = 0;
    for (unsigned i = 0; i < row->columns; i++)
        len += (size_t)snprintf(names + len, 100 - len, "%s ", data_sqlite.column_name(row, i));
    return true;
}

static void see_columns(tern_ctx *c, const char *expected)
{
    char names[100] = "";
    query *q = query_of(c, "select * from shape where a >= ?1", 7, false, TERN_ARGS(1));
    q->run.on_row = keep_names;
    q->run.sink = names;
    CHECK(data_sqlite.run(db, &q->run));
    CHECK_TEXT(names, expected);
}

static void change_columns(tern_ctx *c)
{
    must_run(c, "create table shape (a integer, b integer, c integer); insert into shape values (1, 2, 3)");
    see_columns(c, "a b c ");
    change_elsewhere("alter table shape drop column c");
    see_columns(c, "a b ");
    change_elsewhere("alter table shape add column d integer");
    see_columns(c, "a b d ");
    change_elsewhere("alter table shape rename column b to e");
    see_columns(c, "a e d ");
    change_elsewhere(
        "begin; create table new (z text, a integer) strict; insert into new select 'z', a from shape; "
        "drop table shape; alter table new rename to shape; commit");
    see_columns(c, "z a ");
}

TEST(threat_126_rows_have_the_columns_that_another_process_added)
{
    WITH_DATABASE(change_columns);
}

static void add_shape(tern_ctx *c, int64_t a)
{
    int64_t got = 0;
    query *q = query_of(c, "insert into shape values (?1) returning a", 8, true, TERN_ARGS(a));
    q->run.on_row = keep_int;
    q->run.sink = &got;
    CHECK(data_sqlite.run(db, &q->run));
    CHECK_INT(got, a);
}

static void change_in_a_transaction(tern_ctx *c)
{
    data_error error;
    must_run(c, "create table shape (a integer)");
    add_shape(c, 1);
    data_session *session = data_sqlite.acquire(db, true, &error);
    CHECK(session != NULL);
    change_elsewhere("alter table shape add column b integer default 0; alter table shape drop column b; "
                     "create index shape_a on shape (a)");
    for (int64_t i = 2; i < 4; i++) {
        int64_t got = 0;
        query *begin = query_of(c, i == 2 ? "begin" : "savepoint t", (unsigned)i, true, NO_ARGS);
        query *q = query_of(c, "insert into shape values (?1) returning a", 8, true, TERN_ARGS(i));
        q->run.on_row = keep_int;
        q->run.sink = &got;
        CHECK(data_sqlite.session_run(session, &begin->run));
        CHECK(data_sqlite.session_run(session, &q->run));
        CHECK_INT(got, i);
    }
    query *end = query_of(c, "commit", 4, true, NO_ARGS);
    CHECK(data_sqlite.session_commit(session, &end->run));
    CHECK_INT(int_of(c, "select sum(a) from shape"), 6);
}

TEST(threat_126_a_transaction_begins_on_tables_that_another_process_has_changed)
{
    WITH_DATABASE(change_in_a_transaction);
}
