/** Transactions, on both engines. */
#include "library.h"

#include "data/transaction.h"
#if defined(TERN_WITH_SQLITE) && defined(TERN_FAULTS)
#include "data/sqlite/internal.h"
#endif

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

LIBRARY_TEST_COMMITS(a_block_is_kept_at_its_end_and_by_return)
{
    tern_transaction (c) {
        add_author(c, "A");
        add_author(c, "B");
    }
    CHECK_INT(tern_count(c, Author), 2);
    tern_transaction (c) {
        add_author(c, "C");
        break;
    }
    CHECK_INT(tern_count(c, Author), 3);
    return tern_no_content(c);
}

static tern_reply write_where_nothing_is_written(tern_ctx *c)
{
    tern_transaction (c, .read_only = true)
        add_author(c, "A");
    return tern_no_content(c);
}

/* An SQLite database in memory has a single connection, which may write. */
TEST(a_write_in_a_read_only_transaction_is_the_programs_mistake_in_postgres)
{
    library_run(getenv("TERN_TEST_POSTGRES"), true, write_where_nothing_is_written);
    CHECK_REPLY(&library_request, 500,
                "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}");
    fake_close(&library_request);
}

static void fails_half_way(tern_ctx *c, void *arg)
{
    (void)arg;
    tern_transaction (c) {
        add_author(c, "A");
        tern_fail(c, 418, "no");
    }
}

LIBRARY_TEST_COMMITS(a_failure_inside_undoes_all_of_it)
{
    CHECK_INT(ctx_guard(c, fails_half_way, NULL), UNWIND_FAIL);
    CHECK_INT(tern_count(c, Author), 0);
    add_author(c, "B");
    CHECK_INT(tern_count(c, Author), 1);
    return tern_no_content(c);
}

LIBRARY_TEST_COMMITS(a_nested_block_is_undone_alone)
{
    tern_transaction (c) {
        add_author(c, "A");
        tern_transaction (c) {
            add_author(c, "B");
            tern_rollback(c);
        }
        CHECK_INT(ctx_guard(c, fails_half_way, NULL), UNWIND_FAIL);
        add_author(c, "C");
    }
    Author_list authors = tern_select(c, Author, .order_by = "name");
    CHECK_INT(authors.count, 2);
    CHECK_TEXT(authors.items[1].name, "C");
    return tern_no_content(c);
}

LIBRARY_TEST_COMMITS(a_failed_statement_breaks_only_its_block)
{
    tern_data_error error;
    tern_transaction (c) {
        add_author(c, "A");
        tern_transaction (c) {
            Author twin = {.name = "A"};
            CHECK(!tern_insert(c, Author, &twin, .error = &error));
            CHECK(!tern_insert(c, Author, &twin, .error = &error));
            CHECK_INT(error.fault, TERN_DATA_REFUSED);
        }
        add_author(c, "B");
    }
    CHECK_INT(tern_count(c, Author), 2);
    return tern_no_content(c);
}

static void adds_and_counts(tern_ctx *c, void *arg)
{
    int *runs = arg;
    add_author(c, "A");
    data_request_of(c)->last_fault = ++*runs < 3 ? TERN_DATA_CONFLICT : TERN_DATA_OK;
    if (*runs < 3)
        tern_fail(c, 503, "try again");
}

LIBRARY_TEST_COMMITS(work_is_retried_when_the_database_requires_it)
{
    int runs = 0;
    tern_transact(c, adds_and_counts, &runs);
    CHECK_INT(runs, 3);
    CHECK_INT(tern_count(c, Author), 1);
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(rows_of_a_broken_transaction_are_refused, 500,
                   "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}")
{
    tern_transaction (c) {
        tern_rollback(c);
        tern_count(c, Author);
    }
    return tern_no_content(c);
}

LIBRARY_TEST_COMMITS(rows_that_fail_break_their_transaction)
{
    tern_data_error error;
    Author author;
    tern_transaction (c) {
        add_author(c, "A");
        tern_rows *rows =
            tern_rows_open(c, Author, .where = "abs(id - 9223372036854775807 - id - 1) > 0", .error = &error);
        CHECK(!tern_rows_next(rows, &author));
        CHECK(error.fault != TERN_DATA_OK);
    }
    CHECK_INT(tern_count(c, Author), 0);
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(a_statement_between_the_rows_of_a_transaction_is_refused, 500,
                   "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}")
{
    add_author(c, "A");
    tern_transaction (c) {
        tern_rows_open(c, Author);
        tern_count(c, Author);
    }
    return tern_no_content(c);
}

LIBRARY_TEST_COMMITS(a_savepoint_belongs_to_its_own_coroutines_block)
{
    data_request *request = data_request_of(c);
    data_transaction other = {.request = request, .owner = c};
    tern_transaction (c) {
        data_transaction *whole = request->transaction;
        other.outer = whole;
        request->transaction = &other;
        tern_transaction_scope inner = tern_transaction_enter(c, &(tern_transaction_options){0});
        CHECK(inner.inside->whole == whole);
        tern_transaction_leave(&inner);
        request->transaction = whole;
    }
    CHECK(!other.is_broken);
    return tern_no_content(c);
}

/* -- commits that do not reach the disk -- */

#if defined(TERN_WITH_SQLITE) && defined(TERN_FAULTS)

static void add_without_disk(tern_ctx *c, void *arg)
{
    (void)arg;
    *sqlite_faults_of_sync() = (sqlite_sync_faults){.failing = 1, .problem = EIO};
    tern_transaction (c)
        add_author(c, "A");
}

static tern_reply go_on_after_unsafe_commit(tern_ctx *c)
{
    CHECK_INT(ctx_guard(c, add_without_disk, NULL), UNWIND_FAIL);
    CHECK_INT(tern_count(c, Author), 1);
    tern_transaction (c)
        add_author(c, "B");
    tern_sql_run(c, "delete from author");
    add_without_disk(c, NULL);
    return tern_no_content(c);
}

TEST(a_commit_that_may_not_be_on_disk_is_500_and_its_connection_is_returned)
{
    static const char *const files[] = {"app.db", "app.db-wal", "app.db-shm"};
    char folder[] = "/tmp/tern-sqlite-XXXXXX", name[64];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(name, sizeof name, "sqlite:%s/app.db", folder);
    library_run(name, true, go_on_after_unsafe_commit);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(name, sizeof name, "%s/%s", folder, files[i]);
        unlink(name);
    }
    CHECK_INT(rmdir(folder), 0);
    CHECK_REPLY(&library_request, 500,
                "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}");
    fake_close(&library_request);
}

#endif
