/** Lists of one column, and single values: tern_pluck, tern_sql_pluck, tern_sql_value and similar calls. */
#include "words.h"

static void add_shelf_of_books(tern_ctx *c)
{
    Author *ann = add_author(c, "Ann"), *bob = add_author(c, "Bob");
    add_book(c, ann, "c", 3);
    add_book(c, ann, "a", 1);
    add_book(c, bob, "b", 3);
}

/* -- tern_pluck -- */

LIBRARY_TEST(a_pluck_lists_the_values_of_one_field)
{
    add_shelf_of_books(c);
    tern_text_list titles = tern_pluck(c, Book, title, .order_by = "title desc");
    CHECK_INT(titles.count, 3);
    CHECK_TEXT(titles.items[0], "c");
    CHECK_TEXT(titles.items[1], "b");
    CHECK_TEXT(titles.items[2], "a");
    tern_int64_list ids = tern_pluck(c, Book, id, .order_by = "id");
    CHECK_INT(ids.count, 3);
    CHECK_INT(ids.items[2] - ids.items[0], 2);
    return tern_no_content(c);
}

LIBRARY_TEST(a_pluck_accepts_a_condition_and_limits)
{
    add_shelf_of_books(c);
    tern_text_list titles =
        tern_pluck(c, Book, title, .where = "pages = ?", .args = TERN_ARGS(3), .order_by = "title");
    CHECK_INT(titles.count, 2);
    CHECK_TEXT(titles.items[0], "b");
    titles = tern_pluck(c, Book, title, .order_by = "title", .limit = 1, .offset = 1);
    CHECK_INT(titles.count, 1);
    CHECK_TEXT(titles.items[0], "b");
    CHECK_INT(tern_pluck(c, Book, title, .where = "pages > ?", .args = TERN_ARGS(100)).count, 0);
    return tern_no_content(c);
}

LIBRARY_TEST(a_pluck_of_distinct_values_gives_each_once)
{
    add_shelf_of_books(c);
    tern_int32_list pages = tern_pluck(c, Book, pages, .distinct = true, .order_by = "pages desc");
    CHECK_INT(pages.count, 2);
    CHECK_INT(pages.items[0], 3);
    CHECK_INT(pages.items[1], 1);
    CHECK_INT(tern_pluck(c, Book, pages).count, 3);
    CHECK_INT(tern_pluck(c, Book, pages, .distinct = true).count, 2);
    return tern_no_content(c);
}

LIBRARY_TEST(a_pluck_of_many_rows_keeps_all_of_them)
{
    for (int i = 0; i < 300; i++)
        add_author(c, tern_sprintf(c, "%03d", i));
    tern_text_list names = tern_pluck(c, Author, name, .order_by = "name");
    CHECK_INT(names.count, 300);
    for (int i = 0; i < 300; i++)
        CHECK_TEXT(names.items[i], tern_sprintf(c, "%03d", i));
    return tern_no_content(c);
}

LIBRARY_TEST(a_null_is_zero_in_a_plucked_list)
{
    Book *book = add_book(c, add_author(c, "Ann"), "a", 1);
    tern_set_null(book, pages);
    CHECK(tern_update(c, Book, book));
    tern_int32_list pages = tern_pluck(c, Book, pages);
    CHECK_INT(pages.count, 1);
    CHECK_INT(pages.items[0], 0);
    return tern_no_content(c);
}

LIBRARY_TEST(enums_decimals_times_and_json_can_be_plucked)
{
    Book *book = add_book(c, add_author(c, "Ann"), "a", 1);
    tern_set(book, price, (tern_decimal){1250, 2});
    tern_set(book, extra, (tern_any){"{}", 2});
    CHECK(tern_update(c, Book, book));
    CHECK_INT(tern_pluck(c, Book, shelf).items[0], Shelf_history);
    tern_decimal_list prices = tern_pluck(c, Book, price);
    CHECK(prices.items[0].units == 1250 || prices.items[0].units == 125);
    tern_datetime_list added = tern_pluck(c, Book, added);
    CHECK(added.items[0].microseconds == book->added.microseconds);
    tern_any_list extras = tern_pluck(c, Book, extra);
    CHECK_INT(extras.items[0].len, 2);
    return tern_no_content(c);
}

LIBRARY_TEST(a_condition_of_a_pluck_accepts_constants_of_an_enum)
{
    add_shelf_of_books(c);
    CHECK_INT(tern_pluck(c, Book, id, .where = "shelf = ?", .args = TERN_ARGS(Shelf_history)).count, 3);
    CHECK_INT(tern_pluck(c, Book, id, .where = "shelf = ?", .args = TERN_ARGS(Shelf_fiction)).count, 0);
    return tern_no_content(c);
}

LIBRARY_TEST(a_pluck_with_error_says_what_went_wrong)
{
    tern_data_error error = {0};
    tern_text_list titles = tern_pluck(c, Book, title, .where = "nothing = 1", .error = &error);
    CHECK_INT(titles.count, 0);
    CHECK_INT(error.fault, TERN_DATA_REFUSED);
    return tern_no_content(c);
}

WORDS_TEST(
    distinct_values_in_the_order_of_another_field_are_refused,
    "\"title\" does not order distinct values: .order_by is the field that is listed, or that and \" desc\"")
{
    (void)tern_pluck(c, Book, pages, .distinct = true, .order_by = "title");
}

WORDS_TEST(a_pluck_in_the_order_of_an_unknown_field_is_refused,
           "\"titel\" orders by something that is not a field of the model; write \"field, other desc\"")
{
    (void)tern_pluck(c, Book, pages, .order_by = "titel");
}

TERN_MODEL(Stray, (int64_t, id, .key = true))

WORDS_TEST(a_pluck_of_a_model_that_is_not_a_table_is_refused,
           "Stray is not a table: it is not one of the models given to tern_database")
{
    (void)tern_pluck(c, Stray, id);
}

WORDS_TEST(a_pluck_with_values_without_a_condition_is_refused,
           ".args has values, but there is no .where for them")
{
    (void)tern_pluck(c, Book, id, .args = TERN_ARGS(1));
}

WORDS_TEST(a_pluck_with_a_negative_limit_is_refused, ".limit and .offset are not negative")
{
    (void)tern_pluck(c, Book, id, .limit = -1);
}

/* -- tern_sql_pluck -- */

LIBRARY_TEST(the_only_column_of_raw_sql_is_a_list_with_any_name)
{
    add_shelf_of_books(c);
    tern_text_list names =
        tern_sql_pluck(c, tern_text,
                       "select distinct a.name || '!' from author a join book b on b.author_id = a.id "
                       "where b.pages = ? order by 1",
                       3);
    CHECK_INT(names.count, 2);
    CHECK_TEXT(names.items[0], "Ann!");
    CHECK_TEXT(names.items[1], "Bob!");
    tern_int64_list none = tern_sql_pluck(c, tern_int64, "select id from book where id < 0");
    CHECK_INT(none.count, 0);
    Shelf_list shelves = tern_sql_pluck(c, Shelf, "select shelf from book limit 1");
    CHECK_INT(shelves.items[0], Shelf_history);
    return tern_no_content(c);
}

LIBRARY_TEST(nulls_of_a_column_of_raw_sql_are_null_texts)
{
    tern_text_list words = tern_sql_pluck(c, tern_text, "select 'a' as w union all select null order by 1");
    CHECK_INT(words.count, 2);
    CHECK((words.items[0] == NULL) != (words.items[1] == NULL));
    return tern_no_content(c);
}

LIBRARY_TEST(a_column_of_json_is_a_list_of_models)
{
    Author_list authors = tern_sql_pluck(
        c, Author, "select '{\"id\":7,\"name\":\"Ann\"}' union all select '{\"id\":8,\"name\":\"Bob\"}'");
    CHECK_INT(authors.count, 2);
    CHECK_TEXT(authors.items[1].name, "Bob");
    return tern_no_content(c);
}

WORDS_TEST(two_columns_are_not_a_list_of_one,
           "the statement gives 2 columns, and one is read (tern_sql reads several into a model)")
{
    (void)tern_sql_pluck(c, tern_int64, "select id, title from book");
}

WORDS_TEST(
    a_list_of_values_of_another_kind_is_refused,
    "a value of the column \"title\" is not a whole number from -9223372036854775808 to 9223372036854775807")
{
    add_shelf_of_books(c);
    (void)tern_sql_pluck(c, tern_int64, "select title from book");
}

WORDS_TEST(raw_sql_is_not_read_into_a_plain_value_as_rows,
           "tern_sql reads rows into a model, which const char * is not (tern_sql_pluck lists one column)")
{
    (void)tern_sql(c, tern_text, "select 'a'");
}

/* -- one value -- */

LIBRARY_TEST(one_value_of_raw_sql_is_read_by_its_type)
{
    add_shelf_of_books(c);
    CHECK_INT(tern_sql_int(c, "select count(*) from book"), 3);
    CHECK_INT(tern_sql_int(c, "select sum(pages) from book where title <> ?", "b"), 4);
    CHECK(tern_sql_double(c, "select avg(pages * 1.0) from book where pages < ?", 3) == 1.0);
    CHECK(tern_sql_bool(c, "select exists (select 1 from book where pages = ?)", 1));
    CHECK(!tern_sql_bool(c, "select exists (select 1 from book where pages = ?)", 100));
    CHECK_TEXT(tern_sql_text(c, "select name from author where name > ? order by name", "A"), "Ann");
    return tern_no_content(c);
}

LIBRARY_TEST(one_value_may_be_a_uuid_a_date_a_time_or_a_decimal)
{
    Tag tag = {.name = "t"};
    tern_insert(c, Tag, &tag);
    tern_uuid id = tern_sql_uuid(c, "select id from tag");
    CHECK(memcmp(&id, &tag.id, sizeof id) == 0);
    Book *book = add_book(c, add_author(c, "Ann"), "a", 1);
    CHECK(tern_sql_datetime(c, "select max(added) from book").microseconds == book->added.microseconds);
    tern_date day = tern_sql_date(c, "select cast('2026-11-30' as text)");
    CHECK_INT(day.year, 2026);
    CHECK_INT(day.day, 30);
    tern_decimal price = tern_sql_decimal(c, "select cast('12.25' as text)");
    CHECK_INT(price.units, 1225);
    CHECK_INT(price.scale, 2);
    return tern_no_content(c);
}

LIBRARY_TEST(a_missing_row_and_null_are_zero)
{
    CHECK_INT(tern_sql_int(c, "select id from book where id = ?", 1), 0);
    CHECK_INT(tern_sql_int(c, "select sum(pages) from book"), 0);
    CHECK(tern_sql_text(c, "select title from book where id = ?", 1) == NULL);
    CHECK(tern_sql_text(c, "select max(title) from book") == NULL);
    CHECK(!tern_sql_bool(c, "select id = 1 from book"));
    CHECK(tern_sql_double(c, "select avg(pages) from book") == 0);
    CHECK_INT(tern_sql_datetime(c, "select max(added) from book").microseconds, 0);
    return tern_no_content(c);
}

LIBRARY_TEST(a_value_says_whether_it_was_present)
{
    add_shelf_of_books(c);
    int pages = 7;
    CHECK(tern_sql_value(c, &pages, "select pages from book where title = ?", "c"));
    CHECK_INT(pages, 3);
    CHECK(!tern_sql_value(c, &pages, "select pages from book where title = ?", "nothing"));
    CHECK_INT(pages, 0);
    const char *title = "before";
    CHECK(!tern_sql_value(c, &title, "select max(title) from book where pages > ?", 1000));
    CHECK(title == NULL);
    CHECK(tern_sql_value(c, &title, "select max(title) from book"));
    CHECK_TEXT(title, "c");
    return tern_no_content(c);
}

LIBRARY_TEST(the_first_of_several_rows_is_the_value)
{
    add_shelf_of_books(c);
    CHECK_TEXT(tern_sql_text(c, "select title from book order by title"), "a");
    CHECK_INT(tern_sql_int(c, "select count(*) from book"), 3); /* the connection is usable */
    return tern_no_content(c);
}

LIBRARY_TEST(a_value_that_a_write_returns_is_read_and_all_of_it_is_written)
{
    add_shelf_of_books(c);
    CHECK_TEXT(
        tern_sql_text(c, "insert into author (id, name) values (71, 'Cid'), (72, 'Dora') returning name"),
        "Cid");
    CHECK_INT(tern_sql_int(c, "update book set pages = 9 returning pages"), 9);
    CHECK_INT(tern_count(c, Author), 4);
    CHECK_INT(tern_count(c, Book, .where = "pages = 9"), 3);
    return tern_no_content(c);
}

WORDS_TEST(two_columns_are_not_one_value,
           "the statement gives 2 columns, and one is read (tern_sql reads several into a model)")
{
    (void)tern_sql_int(c, "select 1, 2");
}

WORDS_TEST(two_columns_without_a_row_are_not_one_value,
           "the statement gives 2 columns, and one is read (tern_sql reads several into a model)")
{
    (void)tern_sql_text(c, "select id, title from book where id < 0");
}

WORDS_TEST(a_statement_without_columns_has_no_value,
           "the statement gives no column, and one is read (tern_sql_run is for statements without rows)")
{
    (void)tern_sql_int(c, "delete from book where id < 0");
}

WORDS_TEST(
    a_value_of_another_kind_is_refused,
    "the value of the column \"word\" is not a whole number from -9223372036854775808 to 9223372036854775807")
{
    (void)tern_sql_int(c, "select 'word' as word");
}

WORDS_TEST(a_value_that_does_not_fit_its_variable_is_refused,
           "the value of the column \"n\" is not a whole number from -128 to 127")
{
    int8_t small;
    (void)tern_sql_value(c, &small, "select 1000 as n");
}
