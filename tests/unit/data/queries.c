/** Reads rows: the results of tern_select and similar calls, on both engines. */
#include "library.h"

#include "data/select.h"

#include <stdio.h>

LIBRARY_TEST(a_row_is_found_by_its_key_as_it_was_inserted)
{
    Author *le_guin = add_author(c, "Ursula K. Le Guin");
    Book *made = add_book(c, le_guin, "The Dispossessed", 387);
    CHECK(made->id != 0);
    Book *found = tern_find(c, Book, made->id);
    CHECK(found != NULL);
    CHECK_TEXT(found->title, "The Dispossessed");
    CHECK_INT(found->author_id, le_guin->id);
    CHECK_INT(found->shelf, Shelf_history);
    CHECK_INT(found->pages, 387);
    CHECK_INT(found->tern_state.pages, TERN_STATE_VALUE);
    CHECK_INT(found->tern_state.price, TERN_STATE_NULL);
    CHECK_INT(found->tern_state.author, TERN_STATE_ABSENT);
    CHECK_INT(found->added.microseconds, made->added.microseconds);
    CHECK_INT(found->revision, 1);
    CHECK(tern_find(c, Book, made->id + 1) == NULL);
    return tern_no_content(c);
}

LIBRARY_TEST(a_row_is_found_within_a_condition_by_a_kept_statement)
{
    static const char where[] = "pages > ? and shelf = ?";
    const tern_arg more[] = {tern_arg_int(300), tern_arg_int(Shelf_history)},
                   less[] = {tern_arg_int(400), more[1]};
    Book *book = add_book(c, add_author(c, "A"), "x", 387);
    const tern_arg id = tern_arg_int(book->id);
    const data_table *table = data_table_of(TERN_TYPE(Book));
    tern_selection within = {.where = where, .args = {more, 2}, .for_update = true};
    statement_key key;
    tern_transaction (c) {
        const Book *found = select_find_within(c, table, (tern_args){&id, 1}, &within);
        CHECK(found != NULL && found->pages == 387);
        within.args.items = less;
        CHECK(select_find_within(c, table, (tern_args){&id, 1}, &within) == NULL);
    }
    statement_key_begin(&key, TERN_TYPE(Book), STATEMENT_FIND);
    key.texts[0] = where;
    key.flags = select_flags(&within);
    statement_key_args(c, &key, &within.args);
    CHECK(statement_find(&key) != NULL);
    return tern_no_content(c);
}

LIBRARY_TEST(a_selection_has_where_order_limit_and_offset)
{
    Author *author = add_author(c, "A");
    for (int i = 1; i <= 9; i++)
        add_book(c, author, tern_sprintf(c, "book %d", i), i * 100);
    Book_list books =
        tern_select(c, Book, .where = "pages > ? and title <> ?", .args = TERN_ARGS(200, "book 5"),
                    .order_by = "pages desc", .limit = 2, .offset = 1);
    CHECK_INT(books.count, 2);
    CHECK_TEXT(books.items[0].title, "book 8");
    CHECK_TEXT(books.items[1].title, "book 7");
    books = tern_select(c, Book, .order_by = "pages", .offset = 8);
    CHECK_INT(books.count, 1);
    CHECK_TEXT(books.items[0].title, "book 9");
    CHECK_INT(tern_select(c, Book, .where = "pages > ?", .args = TERN_ARGS(900)).count, 0);
    CHECK_INT(tern_count(c, Book), 9);
    CHECK_INT(tern_count(c, Book, .where = "pages >= ?", .args = TERN_ARGS(INT64_C(500))), 5);
    CHECK(tern_exists(c, Book, .where = "pages = ?", .args = TERN_ARGS(900)));
    CHECK(!tern_exists(c, Book, .where = "pages = ?", .args = TERN_ARGS(901)));
    CHECK_TEXT(tern_first(c, Book, .order_by = "title desc")->title, "book 9");
    CHECK(tern_first(c, Book, .where = "pages = 1") == NULL);
    return tern_no_content(c);
}

LIBRARY_TEST(sums_use_existing_rows)
{
    Author *author = add_author(c, "A");
    CHECK(tern_sum(c, Book, pages) == 0);
    for (int i = 1; i <= 4; i++)
        add_book(c, author, tern_sprintf(c, "%d", i), i);
    CHECK(tern_sum(c, Book, pages) == 10);
    CHECK(tern_average(c, Book, pages) == 2.5);
    CHECK(tern_least(c, Book, pages, .where = "pages > ?", .args = TERN_ARGS(2)) == 3);
    CHECK(tern_greatest(c, Book, pages) == 4);
    return tern_no_content(c);
}

LIBRARY_TEST(keyset_pages_show_each_row_once)
{
    Author *author = add_author(c, "A");
    for (int i = 0; i < 10; i++)
        add_book(c, author, tern_sprintf(c, "%d", i), i / 3 + 1);
    const Book *last = NULL;
    unsigned seen = 0, pages = 0;
    for (;; pages++) {
        Book_list books = tern_select(c, Book, .order_by = "title desc", .limit = 3, .after = last);
        if (books.count == 0)
            break;
        for (size_t i = 0; i < books.count; i++, seen++)
            CHECK_INT(books.items[i].title[0], '9' - (int)seen);
        last = &books.items[books.count - 1];
    }
    CHECK_INT(seen, 10);
    CHECK_INT(pages, 4);
    return tern_no_content(c);
}

LIBRARY_TEST(every_kind_of_value_is_bound_by_its_type)
{
    Author *author = add_author(c, "Zoë \xe2\x82\xac ' \" ; --");
    Book *book = add_book(c, author, "t", 7);
    book->price = (tern_decimal){1250, 2};
    book->extra = (tern_any){"{\"a\": [1, 2]}", 13};
    book->tern_state.price = book->tern_state.extra = TERN_STATE_VALUE;
    CHECK(tern_update(c, Book, book));
    Book *found = tern_get_or_404(c, Book, book->id);
    CHECK_INT(found->price.units * (found->price.scale == 1 ? 10 : 1), 1250);
    CHECK_BYTES(found->extra.data, found->extra.len, "{\"a\": [1, 2]}", 13);
    CHECK_TEXT(tern_find(c, Author, author->id)->name, "Zoë \xe2\x82\xac ' \" ; --");
    CHECK(tern_exists(c, Author, .where = "name = ?", .args = TERN_ARGS("Zoë \xe2\x82\xac ' \" ; --")));
    CHECK(tern_exists(c, Book, .where = "added <= ?", .args = TERN_ARGS(found->added)));
    CHECK(!tern_exists(c, Book, .where = "added < ?", .args = TERN_ARGS(found->added)));
    return tern_no_content(c);
}

LIBRARY_TEST(related_rows_come_by_one_more_query)
{
    Author *first = add_author(c, "first"), *second = add_author(c, "second");
    add_book(c, first, "a", 1);
    add_book(c, second, "b", 1);
    add_book(c, first, "c", 1);
    Book_list books = tern_select(c, Book, .order_by = "title");
    tern_preload(c, Book, books, author);
    CHECK_TEXT(books.items[0].author.name, "first");
    CHECK_TEXT(books.items[1].author.name, "second");
    CHECK_TEXT(books.items[2].author.name, "first");
    CHECK_INT(books.items[2].tern_state.author, TERN_STATE_VALUE);
    return tern_no_content(c);
}

TERN_MODEL_WITH(AuthorPages, (.view = true),
    (const char *, name),
    (int64_t, books),
    (double, pages, .optional = true))

LIBRARY_TEST(a_join_is_read_into_any_model)
{
    Author *author = add_author(c, "A");
    add_author(c, "B");
    add_book(c, author, "x", 10);
    add_book(c, author, "y", 20);
    AuthorPages_list rows =
        tern_sql(c, AuthorPages,
                 "select a.name, count(b.id) as books, cast(sum(b.pages) as double precision) as "
                 "pages from author a left join book b on b.author_id = a.id where a.name <> ? "
                 "group by a.name order by a.name",
                 "nobody");
    CHECK_INT(rows.count, 2);
    CHECK_TEXT(rows.items[0].name, "A");
    CHECK_INT(rows.items[0].books, 2);
    CHECK(rows.items[0].pages == 30);
    CHECK_INT(rows.items[1].books, 0);
    CHECK_INT(rows.items[1].tern_state.pages, TERN_STATE_NULL);
    CHECK_INT(tern_sql_run(c, "update book set pages = pages + ? where author_id = ?", 1, author->id), 2);
    CHECK_INT(tern_sql_run(c, "delete from book"), 2);
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(a_column_that_is_not_a_field_is_reported_even_for_an_empty_table, 500,
                   "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}")
{
    (void)tern_sql(c, Author, "select id, name, 1 as shoe_size from author");
    return tern_no_content(c);
}

LIBRARY_TEST(sql_without_rows_gives_an_empty_list)
{
    CHECK_INT(tern_sql(c, Author, "select id, name from author").count, 0);
    CHECK_INT(tern_sql(c, Author, "select name from author where id = ?", 7).count, 0);
    CHECK_INT(tern_sql(c, Author, "update author set name = ? where id = ? returning id", "a", 7).count, 0);
    CHECK_INT(tern_sql(c, Author, "update author set name = ? where id = ?", "a", 7).count, 0);
    return tern_no_content(c);
}

LIBRARY_TEST_COMMITS(rows_stream_one_by_one)
{
    Author *author = add_author(c, "A");
    Book books[100] = {{0}};
    for (int i = 0; i < 100; i++) {
        books[i] = (Book){.title = tern_sprintf(c, "%02d", i), .author_id = author->id, .pages = i + 1};
        books[i].tern_state.price = books[i].tern_state.extra = books[i].tern_state.author =
            TERN_STATE_ABSENT;
    }
    tern_insert_all(c, Book, ((Book_list){books, 100}));
    CHECK(books[0].id != 0 && books[99].id == books[0].id + 99);
    tern_rows *rows = tern_rows_open(c, Book, .order_by = "title");
    Book book;
    int seen = 0;
    while (tern_rows_next(rows, &book))
        CHECK_INT(book.pages, ++seen);
    CHECK_INT(seen, 100);
    CHECK(!tern_rows_next(rows, &book));
    rows = tern_rows_open(c, Book, .order_by = "title desc");
    CHECK(tern_rows_next(rows, &book));
    CHECK_TEXT(book.title, "99");
    tern_rows_close(rows);
    CHECK_INT(tern_count(c, Book), 100);
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(a_missing_row_is_404, 404,
                   "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                   "\"detail\":\"there is no Book 4711\"}")
{
    tern_get_or_404(c, Book, 4711);
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(threat_100_a_where_that_was_made_at_run_time_is_refused, 500,
                   "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}")
{
    (void)tern_select(c, Book, .where = tern_sprintf(c, "title = '%s'", "x' or 1 = 1"));
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(threat_100_an_order_by_an_unknown_field_is_refused, 500,
                   "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}")
{
    (void)tern_select(c, Book, .order_by = tern_sprintf(c, "title; drop table %s", "book"));
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(threat_100_a_second_statement_is_refused, 500,
                   "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}")
{
    tern_sql_run(c, "select 1; select 2");
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(a_number_of_values_that_differs_from_the_question_marks_is_refused, 500,
                   "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}")
{
    (void)tern_select(c, Book, .where = "title = ? or title = '?'", .args = TERN_ARGS("a", "b"));
    return tern_no_content(c);
}

LIBRARY_TEST(threat_100_values_are_never_read_as_sql)
{
    Author *author = add_author(c, "A");
    add_book(c, author, "x", 1);
    Book_list books =
        tern_select(c, Book, .where = "title = ?", .args = TERN_ARGS("x' or '1'='1"), .order_by = "id");
    CHECK_INT(books.count, 0);
    CHECK_INT(tern_count(c, Book), 1);
    return tern_no_content(c);
}

LIBRARY_TEST(an_order_by_may_be_made_at_run_time_of_fields)
{
    Author *author = add_author(c, "A");
    add_book(c, author, "b", 1);
    add_book(c, author, "a", 1);
    const char *order = tern_sprintf(c, "%s %s", "title", "ASC");
    CHECK_TEXT(tern_select(c, Book, .order_by = order).items[0].title, "a");
    return tern_no_content(c);
}

LIBRARY_TEST(keyset_pages_follow_an_order_made_at_run_time)
{
    Author *author = add_author(c, "A");
    Book *last = NULL;
    char order_by[32]; /* the same address each time, as may happen with a request's memory */
    for (int i = 1; i <= 4; i++)
        last = add_book(c, author, tern_sprintf(c, "%d", i), i);
    snprintf(order_by, sizeof order_by, "id desc");
    CHECK_INT(tern_select(c, Book, .order_by = order_by, .after = last).count, 3);
    snprintf(order_by, sizeof order_by, "title");
    CHECK_INT(tern_select(c, Book, .order_by = order_by, .after = last).count, 0);
    return tern_no_content(c);
}

LIBRARY_TEST(a_count_is_of_the_rows_that_the_same_selection_gives)
{
    Author *author = add_author(c, "A");
    for (int i = 1; i <= 5; i++)
        add_book(c, author, tern_sprintf(c, "%d", i), i);
    CHECK_INT(tern_count(c, Book, .order_by = "title"), 5);
    CHECK_INT(tern_count(c, Book, .limit = 3), 3);
    CHECK_INT(tern_count(c, Book, .offset = 4), 1);
    CHECK(tern_sum(c, Book, pages, .order_by = "pages desc", .limit = 2) == 9);
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(a_negative_limit_is_refused, 500,
                   "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}")
{
    (void)tern_select(c, Book, .limit = -1);
    return tern_no_content(c);
}

LIBRARY_TEST(a_repeated_column_does_not_replace_another)
{
    Author *author = add_author(c, "A");
    Author_list authors = tern_sql(c, Author, "select id, id from author");
    CHECK_INT(authors.items[0].id, author->id);
    CHECK_INT(authors.items[0].tern_state.name, TERN_STATE_ABSENT);
    return tern_no_content(c);
}

LIBRARY_TEST(rows_left_open_in_a_transaction_end_with_it)
{
    Author *author = add_author(c, "A");
    Book book;
    tern_rows *rows = NULL;
    for (int i = 1; i <= 5; i++)
        add_book(c, author, tern_sprintf(c, "%d", i), i);
    tern_transaction (c) {
        rows = tern_rows_open(c, Book, .order_by = "id");
        CHECK(tern_rows_next(rows, &book));
    }
    CHECK(!tern_rows_next(rows, &book));
    tern_rows_close(rows);
    CHECK_INT(tern_count(c, Book), 5);
    return tern_no_content(c);
}

LIBRARY_TEST_COMMITS(rows_report_success)
{
    tern_data_error error = {.fault = TERN_DATA_FAILED};
    Book book;
    tern_rows *rows = tern_rows_open(c, Book, .error = &error);
    CHECK(!tern_rows_next(rows, &book));
    CHECK_INT(error.fault, TERN_DATA_OK);
    return tern_no_content(c);
}

TEST(a_text_made_at_start_is_kept_once_and_counts_as_a_literal)
{
    char made[] = "made at start";
    const char *kept = statement_keep_text(made);
    CHECK(kept != made);
    CHECK_TEXT(kept, "made at start");
    CHECK(statement_is_literal(kept));
    CHECK(!statement_is_literal(made));
    CHECK(statement_keep_text(made) == kept);
    CHECK(statement_keep_text("a literal") != kept);
}
