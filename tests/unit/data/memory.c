/** Every allocation of a request that reads and writes fails in turn: the request may fail, nothing else. */
#include "library.h"

#include "base/mem.h"

static unsigned long fails_at;
static bool has_ended;

static tern_reply work(tern_ctx *c)
{
    mem_fail_at(fails_at, 0);
    Author *author = add_author(c, "A");
    tern_transaction (c) {
        add_book(c, author, "t", 1);
        add_book(c, author, "u", 2);
    }
    Book_list books = tern_select(c, Book, .where = "pages > ?", .args = TERN_ARGS(0), .order_by = "title");
    tern_preload(c, Book, books, author);
    books.items[0].pages = 9;
    tern_update(c, Book, &books.items[0]);
    tern_rows *rows = tern_rows_open(c, Book, .order_by = "id");
    Book book;
    while (tern_rows_next(rows, &book))
        ;
    tern_remove_where(c, Book, .where = "pages = ?", .args = TERN_ARGS(9));
    has_ended = mem_tried() < fails_at;
    mem_fail_at(0, 0);
    return tern_no_content(c);
}

static void walk(const char *url, unsigned long step)
{
    has_ended = false;
    for (fails_at = 1; !has_ended && fails_at < 5000; fails_at += step) {
        library_run(url, true, work);
        mem_fail_at(0, 0);
        int status = library_request.reply.status;
        if (status != 204 && status != 500 && status != 503)
            check_fail(__FILE__, __LINE__, "allocation %lu: status %d", fails_at, status);
        fake_close(&library_request);
    }
    CHECK(has_ended);
}

TEST(threat_111_every_allocation_of_queries_may_fail_in_sqlite)
{
    walk(LIBRARY_SQLITE, 1);
}

TEST(threat_111_every_allocation_of_queries_may_fail_in_postgres)
{
    walk(LIBRARY_POSTGRES, 1);
}
