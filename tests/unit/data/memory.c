/** Every allocation of a request that reads and writes fails in turn: the request may fail, nothing else. */
#include "shortage.h"

static tern_reply work(tern_ctx *c)
{
    shortage_begin();
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
    shortage_end();
    return tern_no_content(c);
}

TEST(threat_111_every_allocation_of_queries_may_fail_in_sqlite)
{
    shortage_walk(LIBRARY_SQLITE, true, 5000, work);
}

TEST(threat_111_every_allocation_of_queries_may_fail_in_postgres)
{
    shortage_walk(LIBRARY_POSTGRES, true, 5000, work);
}
