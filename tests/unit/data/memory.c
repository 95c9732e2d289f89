/** Each allocation of a request that reads and writes fails once: the request may fail, nothing else. */
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

TERN_MODEL_WITH(BookLine, (.view = true), (int64_t, id), (Author, writer, .optional = true))
TERN_MODEL(BookTitle, (const char *, title, .optional = true))

static tern_reply work_of_parts(tern_ctx *c)
{
    shortage_begin();
    Book *book = add_book(c, add_author(c, "A"), "t", 1);
    BookLine_list lines =
        tern_sql(c, BookLine,
                 "select b.id, a.id as \"writer.id\", a.name as \"writer.name\" from book b "
                 "left join author a on a.id = b.author_id");
    CHECK_TEXT(lines.items[0].writer.name, "A");
    CHECK_INT(tern_pluck(c, Book, id, .where = "pages > ?", .args = TERN_ARGS(0), .order_by = "id").count, 1);
    CHECK_INT(tern_sql_pluck(c, tern_int64, "select id from book").count, 1);
    CHECK_TEXT(tern_sql_text(c, "select title from book"), "t");
    Book_list books = tern_select(c, Book);
    tern_preload(c, Book, books, author, .where = "name = ?", .args = TERN_ARGS("A"), .order_by = "name");
    BookTitle change = {.title = "u", .tern_state.title = TERN_STATE_GIVEN};
    CHECK(tern_update(c, Book, book, .given = TERN_GIVEN(BookTitle, &change)));
    shortage_end();
    return tern_no_content(c);
}

TEST(threat_111_every_allocation_of_nested_models_lists_and_parts_may_fail_in_sqlite)
{
    shortage_walk(LIBRARY_SQLITE, true, 5000, work_of_parts);
}

TEST(threat_111_every_allocation_of_nested_models_lists_and_parts_may_fail_in_postgres)
{
    shortage_walk(LIBRARY_POSTGRES, true, 5000, work_of_parts);
}
