/** The engine of tests, which keeps no changes: with an SQLite file and with PostgreSQL. */
#include "shortage.h"

#include <tern/task.h>

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

static char folder[64], file_url[128];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/tern-rollback-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(file_url, sizeof file_url, "sqlite:%s/app.db", folder);
}

static void remove_folder(void)
{
    DIR *files = opendir(folder);
    CHECK(files != NULL);
    for (struct dirent *entry; (entry = readdir(files)) != NULL;) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    closedir(files);
    rmdir(folder);
}

/** A test in a SQLite file and in PostgreSQL. The handler makes all checks and replies 204. */
#define ROLLBACK_TEST(sentence)                                                                              \
    static tern_reply sentence##_handler(tern_ctx *c);                                                       \
    static void sentence##_holds(const char *url)                                                            \
    {                                                                                                        \
        library_run(url, false, sentence##_handler);                                                         \
        if (library_request.reply.status != 204)                                                             \
            check_fail(__FILE__, __LINE__, "%.*s", (int)library_request.reply.len,                           \
                       library_request.reply.data);                                                          \
        fake_close(&library_request);                                                                        \
    }                                                                                                        \
    TEST(sentence##_in_a_file)                                                                               \
    {                                                                                                        \
        make_folder();                                                                                       \
        sentence##_holds(file_url);                                                                          \
        remove_folder();                                                                                     \
    }                                                                                                        \
    TEST(sentence##_in_postgres)                                                                             \
    {                                                                                                        \
        sentence##_holds(getenv("TERN_TEST_POSTGRES"));                                                      \
    }                                                                                                        \
    static tern_reply sentence##_handler(tern_ctx *c)

/* -- visibility for others -- */

static const char *outside_url;
static data_database *outside;
static int64_t outside_count;

static bool take_number(data_run *run, const data_row *row)
{
    bool is_null;
    return row->engine->column_read(row, 0, TERN_TYPE(tern_int64), run->sink, &is_null, run->memory) == NULL;
}

static void close_outside(loop_later *later)
{
    (void)later;
    data_engine_of(outside_url)->close(outside);
}

/** The number of tables in a file, or of rows in PostgreSQL, read on a separate connection. */
static void look_from_outside(void *arg)
{
    static loop_later closing = {.run = close_outside};
    const data_engine *engine = data_engine_of(outside_url);
    const char *sql = engine->dialect == DATA_SQLITE
                          ? "select count(*) from sqlite_schema where name = 'author'"
                          : "select count(*) from author";
    const data_statement count = {.sql = sql, .sql_len = strlen(sql)};
    arena memory;
    arena_init(&memory, NULL, 0, SIZE_MAX / 2);
    outside = engine->open(&(data_engine_options){.url = outside_url, .pool = 1, .wait_timeout_ms = 1000});
    data_run run = {.statement = &count, .memory = &memory, .on_row = take_number, .sink = &outside_count};
    outside_count = -1;
    if (!engine->run(outside, &run))
        check_fail(__FILE__, __LINE__, "%s", run.error.message);
    loop_do_later(&closing);
    arena_free(&memory);
    if (arg != NULL)
        loop_stop();
}

static tern_reply look_from_inside_and_outside(tern_ctx *c)
{
    add_author(c, "A");
    CHECK_INT(tern_count(c, Author), 1);
    outside_url = data_self.options.url;
    look_from_outside(NULL);
    CHECK_INT(outside_count, 0);
    return tern_no_content(c);
}

static void check_nothing_stays(const char *url)
{
    library_run(url, false, look_from_inside_and_outside);
    CHECK_REPLY(&library_request, 204, "");
    fake_close(&library_request);
    CHECK(loop_open());
    CHECK(coro_start(look_from_outside, &outside_url));
    loop_run();
    CHECK_INT(outside_count, 0);
    loop_close();
}

TEST(changes_are_never_visible_to_others_in_a_file)
{
    make_folder();
    check_nothing_stays(file_url);
    remove_folder();
}

TEST(changes_are_never_visible_to_others_in_postgres)
{
    check_nothing_stays(getenv("TERN_TEST_POSTGRES"));
}

/* -- statements and transactions -- */

ROLLBACK_TEST(a_failed_statement_undoes_only_itself)
{
    tern_data_error error;
    add_author(c, "A");
    Author twin = {.name = "A"};
    CHECK(!tern_insert(c, Author, &twin, .error = &error));
    CHECK_INT(error.fault, TERN_DATA_UNIQUE);
    add_author(c, "B");
    CHECK_INT(tern_count(c, Author), 2);
    return tern_no_content(c);
}

static void fails_half_way(tern_ctx *c, void *arg)
{
    (void)arg;
    tern_transaction (c) {
        add_author(c, "B");
        tern_transaction (c)
            add_author(c, "C");
        tern_fail(c, 418, "no");
    }
}

ROLLBACK_TEST(a_transaction_that_is_left_undoes_only_itself)
{
    add_author(c, "A");
    CHECK_INT(ctx_guard(c, fails_half_way, NULL), UNWIND_FAIL);
    CHECK_INT(tern_count(c, Author), 1);
    tern_transaction (c)
        add_author(c, "B");
    CHECK_INT(tern_count(c, Author), 2);
    return tern_no_content(c);
}

static void writes_where_only_reading_is(tern_ctx *c, void *arg)
{
    (void)arg;
    tern_transaction (c, .read_only = true) {
        CHECK_INT(tern_count(c, Author), 1);
        add_author(c, "B");
    }
}

ROLLBACK_TEST(a_transaction_that_only_reads_refuses_a_write_and_the_next_one_does_not)
{
    add_author(c, "A");
    CHECK_INT(ctx_guard(c, writes_where_only_reading_is, NULL), UNWIND_FAIL);
    CHECK_INT(data_request_of(c)->last_fault, TERN_DATA_REFUSED);
    tern_transaction (c, .read_only = true)
        CHECK_INT(tern_count(c, Author), 1);
    tern_transaction (c)
        add_author(c, "C");
    CHECK_INT(tern_count(c, Author), 2);
    return tern_no_content(c);
}

/* -- rows -- */

ROLLBACK_TEST(anything_may_be_done_between_two_rows)
{
    Author author;
    int seen = 0;
    for (int i = 0; i < 3; i++)
        add_author(c, tern_sprintf(c, "%d", i));
    tern_rows *rows = tern_rows_open(c, Author, .order_by = "id");
    while (tern_rows_next(rows, &author)) {
        CHECK_TEXT(author.name, tern_sprintf(c, "%d", seen++));
        author.name = tern_sprintf(c, "%s changed", author.name);
        tern_update(c, Author, &author);
        tern_transaction (c)
            add_book(c, &author, "t", 1);
    }
    CHECK_INT(seen, 3);
    CHECK_INT(tern_count(c, Author, .where = "name like '% changed'"), 3);
    CHECK_INT(tern_count(c, Book), 3);
    return tern_no_content(c);
}

ROLLBACK_TEST(rows_may_be_closed_early_and_in_a_transaction)
{
    Author author;
    for (int i = 0; i < 3; i++)
        add_author(c, tern_sprintf(c, "%d", i));
    tern_rows *none = tern_rows_open(c, Author, .where = "id < 0");
    CHECK(!tern_rows_next(none, &author));
    CHECK(!tern_rows_next(none, &author));
    tern_rows *rows = tern_rows_open(c, Author, .order_by = "id");
    CHECK(tern_rows_next(rows, &author));
    tern_transaction (c) {
        CHECK(tern_rows_next(rows, &author));
        CHECK_TEXT(author.name, "1");
        tern_rows_close(rows);
        add_author(c, "3");
    }
    CHECK_INT(tern_count(c, Author), 4);
    return tern_no_content(c);
}

ROLLBACK_TEST(rows_left_open_end_with_the_request)
{
    Author author;
    add_author(c, "A");
    add_author(c, "B");
    tern_rows *rows = tern_rows_open(c, Author);
    CHECK(tern_rows_next(rows, &author));
    return tern_no_content(c);
}

ROLLBACK_TEST(rows_that_fail_leave_the_rest_as_it_was)
{
    Author author;
    tern_data_error error = {0};
    add_author(c, "A");
    tern_sql_run(c, "drop table book_tag");
    tern_rows *rows = tern_rows_open(c, BookTag, .error = &error);
    while (tern_rows_next(rows, &author))
        ;
    CHECK_INT(error.fault, TERN_DATA_REFUSED);
    CHECK_INT(tern_count(c, Author), 1);
    return tern_no_content(c);
}

/* -- waiting for the connection -- */

static void add_in_a_task(tern_ctx *c, void *arg)
{
    add_author(c, arg);
}

ROLLBACK_TEST(a_task_waits_for_the_end_of_a_transaction)
{
    tern_task *task = NULL;
    tern_transaction (c) {
        add_author(c, "A");
        task = tern_go(c, add_in_a_task, (void *)(uintptr_t) "B");
        tern_sleep(c, 1);
        CHECK_INT(tern_count(c, Author), 1);
    }
    tern_wait(c, task);
    CHECK_INT(tern_count(c, Author), 2);
    return tern_no_content(c);
}

static void wait_too_long(tern_ctx *c, void *arg)
{
    tern_data_error *error = arg;
    Author author = {.name = "B"};
    tern_insert(c, Author, &author, .error = error);
}

ROLLBACK_TEST(a_deadlock_of_a_task_and_a_transaction_is_reported)
{
    tern_data_error error = {0};
    tern_transaction (c) {
        add_author(c, "A");
        tern_wait(c, tern_go(c, wait_too_long, &error));
    }
    CHECK_INT(error.fault, TERN_DATA_BUSY);
    CHECK_INT(tern_count(c, Author), 1);
    return tern_no_content(c);
}

static void is_cancelled_half_way(tern_ctx *c, void *arg)
{
    (void)arg;
    tern_transaction (c) {
        add_author(c, "B");
        coro_cancel(coro_self());
        tern_sleep(c, 60000);
    }
}

ROLLBACK_TEST(a_transaction_that_is_cancelled_is_undone)
{
    add_author(c, "A");
    CHECK_INT(ctx_guard(c, is_cancelled_half_way, NULL), UNWIND_CANCELLED);
    coro_self()->is_cancelled = false;
    CHECK_INT(tern_count(c, Author), 1);
    return tern_no_content(c);
}

static void query_slowly(tern_ctx *c, void *arg)
{
    (void)arg;
    tern_sql_run(c, "select pg_sleep(0.2)");
}

static tern_reply cancel_a_statement(tern_ctx *c)
{
    add_author(c, "A");
    tern_task *task = tern_go(c, query_slowly, NULL);
    tern_sleep(c, 20);
    tern_cancel(task);
    tern_wait(c, task);
    CHECK_INT(tern_count(c, Author), 1);
    return tern_no_content(c);
}

TEST(a_statement_that_is_cancelled_leaves_the_rest_as_it_was_in_postgres)
{
    library_run(getenv("TERN_TEST_POSTGRES"), false, cancel_a_statement);
    CHECK_REPLY(&library_request, 204, "");
    fake_close(&library_request);
}

/* -- a lost connection -- */

static void end_the_backend(tern_ctx *c, void *arg)
{
    (void)arg;
    tern_sql_run(c, "select pg_terminate_backend(pg_backend_pid())");
}

static tern_reply lose_the_connection(tern_ctx *c)
{
    tern_data_error error = {0};
    Author author = {.name = "B"};
    add_author(c, "A");
    CHECK_INT(ctx_guard(c, end_the_backend, NULL), UNWIND_FAIL);
    CHECK(!tern_insert(c, Author, &author, .error = &error));
    CHECK_INT(error.fault, TERN_DATA_AWAY);
    return tern_no_content(c);
}

TEST(statements_after_a_lost_connection_are_refused_in_postgres)
{
    library_run(getenv("TERN_TEST_POSTGRES"), false, lose_the_connection);
    CHECK_REPLY(&library_request, 204, "");
    fake_close(&library_request);
}

/* -- without memory -- */

static tern_reply do_a_bit_of_all(tern_ctx *c)
{
    Author author;
    shortage_begin();
    Author *first = add_author(c, "A");
    tern_transaction (c)
        add_book(c, first, "t", 1);
    tern_rows *rows = tern_rows_open(c, Author, .order_by = "id");
    while (tern_rows_next(rows, &author))
        tern_count(c, Book);
    shortage_end();
    return tern_no_content(c);
}

TEST(threat_111_every_allocation_may_fail_in_a_file)
{
    make_folder();
    shortage_walk(file_url, false, 1000, do_a_bit_of_all);
    remove_folder();
}

TEST(threat_111_every_allocation_may_fail_in_postgres)
{
    shortage_walk(getenv("TERN_TEST_POSTGRES"), false, 1000, do_a_bit_of_all);
}
