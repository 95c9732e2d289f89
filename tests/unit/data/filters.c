/** Optional conditions, on both engines. */
#include "library.h"

#include "data/filters.h"

#define ERROR_500 "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}"

/** Books of 100, 200, ... 600 pages by two authors. */
static Author *add_six_books(tern_ctx *c)
{
    Author *first = add_author(c, "first"), *second = add_author(c, "second");
    for (int i = 1; i <= 6; i++)
        add_book(c, i % 2 != 0 ? first : second, tern_sprintf(c, "book %d", i), i * 100);
    return first;
}

/** The filters of clients: each is given or not. */
typedef struct wanted {
    const Author *author;
    const char *title;
    int pages;
} wanted;

static int64_t count_wanted(tern_ctx *c, const wanted *w)
{
    return tern_count(c, Book,
                      .filters = TERN_FILTERS(TERN_IF(w->author != NULL, "author_id = ?", w->author->id),
                                              TERN_IF(w->title != NULL, "title = ?", w->title),
                                              TERN_IF(w->pages != 0, "pages > ?", w->pages)));
}

LIBRARY_TEST(only_given_filters_apply)
{
    const Author *first = add_six_books(c);
    CHECK_INT(count_wanted(c, &(wanted){0}), 6);
    CHECK_INT(count_wanted(c, &(wanted){.author = first}), 3);
    CHECK_INT(count_wanted(c, &(wanted){.pages = 250}), 4);
    CHECK_INT(count_wanted(c, &(wanted){.author = first, .pages = 250}), 2);
    CHECK_INT(count_wanted(c, &(wanted){.title = "book 3", .pages = 250}), 1);
    CHECK_INT(count_wanted(c, &(wanted){.author = first, .title = "book 2"}), 0);
    CHECK_INT(count_wanted(c, &(wanted){.author = first, .title = "book 3", .pages = 250}), 1);
    CHECK_INT(count_wanted(c, &(wanted){0}), 6);
    return tern_no_content(c);
}

LIBRARY_TEST(the_values_of_a_filter_that_is_not_given_are_not_read)
{
    const Author *nobody = NULL;
    add_six_books(c);
    CHECK_INT(
        tern_count(c, Book, .filters = TERN_FILTERS(TERN_IF(nobody != NULL, "author_id = ?", nobody->id))),
        6);
    return tern_no_content(c);
}

LIBRARY_TEST(filters_are_added_to_where)
{
    const Author *first = add_six_books(c);
    Book_list books = tern_select(c, Book, .where = "pages = ? or pages = ?", .args = TERN_ARGS(100, 200),
                                  .filters = TERN_FILTERS(TERN_IF(true, "author_id = ?", first->id)));
    CHECK_INT(books.count, 1);
    CHECK_INT(books.items[0].pages, 100);
    books = tern_select(c, Book, .where = "pages = ? or pages = ?", .args = TERN_ARGS(100, 200),
                        .filters = TERN_FILTERS(TERN_IF(false, "author_id = ?", first->id)));
    CHECK_INT(books.count, 2);
    return tern_no_content(c);
}

LIBRARY_TEST(each_filter_applies_as_if_in_brackets)
{
    add_six_books(c);
    CHECK_INT(
        tern_count(c, Book,
                   .filters = TERN_FILTERS(TERN_IF(true, "pages = ? or pages = ?", 100, 200),
                                           TERN_IF(true, "title = ? or title = ?", "book 1", "book 6"))),
        1);
    return tern_no_content(c);
}

LIBRARY_TEST(a_literal_is_a_filter_that_always_applies)
{
    add_six_books(c);
    CHECK_INT(tern_count(c, Book, .filters = TERN_FILTERS("pages > 200", TERN_IF(true, "pages < ?", 500))),
              2);
    return tern_no_content(c);
}

LIBRARY_TEST(any_of_a_group_is_enough)
{
    const Author *first = add_six_books(c);
    for (int times = 0; times < 2; times++) { /* once built, once found */
        CHECK_INT(tern_count(c, Book,
                             .filters = TERN_FILTERS(TERN_IF(true, "author_id = ?", first->id),
                                                     TERN_ANY_OF(TERN_IF(true, "pages = ?", 100),
                                                                 TERN_IF(true, "pages = ?", 200),
                                                                 TERN_IF(false, "pages = ?", 300)))),
                  1);
        CHECK_INT(tern_count(c, Book,
                             .filters = TERN_FILTERS(
                                 TERN_ANY_OF(TERN_IF(true, "pages = ?", 600),
                                             TERN_ALL_OF(TERN_IF(true, "pages > ?", 200),
                                                         TERN_IF(true, "author_id = ?", first->id))))),
                  3);
    }
    return tern_no_content(c);
}

LIBRARY_TEST(a_group_without_given_filters_is_not_given)
{
    add_six_books(c);
    CHECK_INT(tern_count(c, Book,
                         .filters = TERN_FILTERS(TERN_ANY_OF(TERN_IF(false, "pages = ?", 1),
                                                             TERN_ALL_OF(TERN_IF(false, "pages = ?", 2))))),
              6);
    CHECK_INT(tern_count(c, Book,
                         .filters = TERN_FILTERS(TERN_ANY_OF(TERN_IF(true, "pages = ?", 100),
                                                             TERN_ANY_OF(TERN_IF(false, "pages = ?", 2))))),
              1);
    return tern_no_content(c);
}

LIBRARY_TEST(the_same_texts_in_another_group_are_another_statement)
{
    const bool yes = true;
    add_six_books(c);
    for (int times = 0; times < 2; times++) {
        CHECK_INT(tern_count(c, Book,
                             .filters = TERN_FILTERS(TERN_ANY_OF(TERN_IF(yes, "pages > ?", 400),
                                                                 TERN_IF(yes, "pages < ?", 200)))),
                  3);
        CHECK_INT(tern_count(c, Book,
                             .filters = TERN_FILTERS(TERN_IF(yes, "pages > ?", 400),
                                                     TERN_IF(yes, "pages < ?", 200))),
                  0);
    }
    return tern_no_content(c);
}

LIBRARY_TEST(every_call_with_a_selection_accepts_filters)
{
    const Author *first = add_six_books(c);
    const int pages = 250;
    const Book *after;
#define WANTED                                                                                               \
    TERN_FILTERS(TERN_IF(true, "author_id = ?", first->id), TERN_IF(pages != 0, "pages > ?", pages))
    CHECK_INT(tern_select(c, Book, .filters = WANTED).count, 2);
    CHECK_INT(tern_first(c, Book, .filters = WANTED, .order_by = "pages desc")->pages, 500);
    CHECK_INT(tern_count(c, Book, .filters = WANTED), 2);
    CHECK(tern_exists(c, Book, .filters = WANTED));
    CHECK(!tern_exists(c, Book, .filters = TERN_FILTERS(TERN_IF(true, "pages > ?", 600))));
    CHECK(tern_sum(c, Book, pages, .filters = WANTED) == 800);
    CHECK(tern_average(c, Book, pages, .filters = WANTED) == 400);
    CHECK(tern_least(c, Book, pages, .filters = WANTED) == 300);
    CHECK(tern_greatest(c, Book, pages, .filters = WANTED) == 500);
    Book_list page = tern_select(c, Book, .filters = WANTED, .order_by = "pages", .limit = 1, .offset = 1);
    CHECK_INT(page.count, 1);
    CHECK_INT(page.items[0].pages, 500);
    after = tern_first(c, Book, .filters = WANTED, .order_by = "pages");
    page = tern_select(c, Book, .where = "revision = ?", .args = TERN_ARGS(1), .filters = WANTED,
                       .order_by = "pages", .after = after, .limit = 5);
    CHECK_INT(page.count, 1);
    CHECK_INT(page.items[0].pages, 500);
    CHECK_INT(tern_remove_where(c, Book, .filters = WANTED), 2);
    CHECK_INT(tern_count(c, Book), 4);
#undef WANTED
    return tern_no_content(c);
}

LIBRARY_TEST_COMMITS(rows_one_at_a_time_accept_filters)
{
    Book book;
    tern_rows *rows;
    int count = 0;
    add_six_books(c);
    {
        int pages = 400; /* its block ends before the rows do */
        rows = tern_rows_open(c, Book, .filters = TERN_FILTERS(TERN_IF(true, "pages > ?", pages)));
    }
    while (tern_rows_next(rows, &book))
        count++;
    CHECK_INT(count, 2);
    return tern_no_content(c);
}

LIBRARY_TEST(numbers_compared_with_enum_columns_become_names_in_filters)
{
    add_six_books(c);
    CHECK_INT(tern_count(c, Book, .filters = TERN_FILTERS(TERN_IF(true, "shelf = ?", Shelf_history))), 6);
    CHECK_INT(tern_count(c, Book, .filters = TERN_FILTERS(TERN_IF(true, "shelf = ?", Shelf_science))), 0);
    return tern_no_content(c);
}

static tern_selection visible_to(tern_ctx *c, const Author *author)
{
    const int pages = 250;
    return tern_where_given(c, TERN_IF(author != NULL, "author_id = ?", author->id),
                            TERN_ANY_OF(TERN_IF(true, "pages > ?", pages), "title = 'book 1'"));
}

LIBRARY_TEST(a_selection_by_filters_outlives_the_function_that_makes_it)
{
    const Author *first = add_six_books(c);
    const tern_selection mine = visible_to(c, first), all = visible_to(c, NULL);
    CHECK_INT(tern_count_of(c, TERN_TYPE(Book), &mine), 3);
    CHECK_INT(tern_count_of(c, TERN_TYPE(Book), &all), 5);
    return tern_no_content(c);
}

/* -- in place of a `?` -- */

TERN_MODEL_WITH(Shelved, (.view = true), (const char *, name), (int64_t, books))

static int64_t books_of(tern_ctx *c, const char *name, int pages, const char *not_of)
{
    Shelved_list found = tern_sql(c, Shelved,
                                  "select a.name as name, count(*) as books from book b join author a on "
                                  "a.id = b.author_id where a.name <> ? and ? group by a.name order by 1",
                                  not_of,
                                  TERN_FILTERS(TERN_IF(name != NULL, "a.name = ?", name),
                                               TERN_IF(pages != 0, "b.pages > ? or b.pages < ?", pages, 0)));
    return found.count != 0 ? found.items[0].books : 0;
}

LIBRARY_TEST(raw_sql_has_filters_in_place_of_a_value)
{
    add_six_books(c);
    CHECK_INT(books_of(c, NULL, 0, "x"), 3);
    CHECK_INT(books_of(c, "first", 0, "x"), 3);
    CHECK_INT(books_of(c, "first", 250, "x"), 2);
    CHECK_INT(books_of(c, NULL, 450, "first"), 1);
    CHECK_INT(books_of(c, NULL, 0, "x"), 3);
    return tern_no_content(c);
}

LIBRARY_TEST(filters_in_a_query_within_where_come_between_its_other_values)
{
    const Author *first = add_six_books(c);
    CHECK_INT(tern_count(c, Book,
                         .where = "pages > ? and author_id in (select id from author where ?) and pages < ?",
                         .args = TERN_ARGS(100, TERN_FILTERS(TERN_IF(true, "name = ?", "first")), 500)),
              1);
    CHECK_INT(
        tern_count(c, Book, .where = "pages > ? and ? and pages < ?",
                   .args = TERN_ARGS(100, TERN_FILTERS(TERN_IF(false, "author_id = ?", first->id)), 500)),
        3);
    return tern_no_content(c);
}

LIBRARY_TEST(raw_sql_that_writes_runs_with_a_given_filter)
{
    add_six_books(c);
    CHECK_INT(tern_sql_run(c, "update book set pages = ? where ?", 1,
                           TERN_FILTERS(TERN_IF(true, "pages > ?", 400))),
              2);
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(raw_sql_that_writes_is_refused_without_a_given_filter, 500, ERROR_500)
{
    add_six_books(c);
    tern_sql_run(c, "delete from book where ?", TERN_FILTERS(TERN_IF(false, "pages > ?", 400)));
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(raw_sql_that_writes_and_returns_is_refused_without_a_given_filter, 500, ERROR_500)
{
    add_six_books(c);
    (void)tern_sql(c, Author, "delete from author where ? returning id, name",
                   TERN_FILTERS(TERN_IF(false, "id > ?", 4)));
    return tern_no_content(c);
}

/* -- refused -- */

LIBRARY_TEST_FAILS(removing_without_a_given_filter_is_refused, 500, ERROR_500)
{
    add_six_books(c);
    tern_remove_where(c, Book, .filters = TERN_FILTERS(TERN_IF(false, "pages > ?", 400)));
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(removing_by_a_group_without_given_filters_is_refused, 500, ERROR_500)
{
    add_six_books(c);
    tern_remove_where(c, Book, .filters = TERN_FILTERS(TERN_ANY_OF(TERN_IF(false, "pages > ?", 400))));
    return tern_no_content(c);
}

LIBRARY_TEST(removing_by_where_needs_no_filter)
{
    add_six_books(c);
    CHECK_INT(tern_remove_where(c, Book, .where = "pages > ?", .args = TERN_ARGS(400),
                                .filters = TERN_FILTERS(TERN_IF(false, "pages > ?", 100))),
              2);
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(a_filter_made_at_run_time_is_refused, 500, ERROR_500)
{
    const char *made = tern_sprintf(c, "pages > %s", "?");
    tern_count(c, Book, .filters = TERN_FILTERS(TERN_IF(true, made, 400)));
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(a_filter_made_at_run_time_in_raw_sql_is_refused, 500, ERROR_500)
{
    const char *made = tern_sprintf(c, "name = %s", "?");
    (void)tern_sql(c, Author, "select id, name from author where ?", TERN_FILTERS(TERN_IF(true, made, "x")));
    return tern_no_content(c);
}

LIBRARY_TEST(a_trusted_filter_runs_and_is_not_kept)
{
    add_six_books(c);
    for (int i = 0; i < 3; i++) {
        const char *made = tern_sprintf(c, "pages > %d00", i + 1);
        CHECK_INT(tern_count(c, Book, .filters = TERN_FILTERS(TERN_IF(true, made)), .trusted_sql = true),
                  5 - i);
    }
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(a_filter_with_fewer_values_than_its_text_has_is_refused, 500, ERROR_500)
{
    tern_count(c, Book,
               .filters =
                   TERN_FILTERS(TERN_IF(true, "pages > ? and pages < ?", 1), TERN_IF(true, "true", 2)));
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(more_values_than_a_statement_can_have_are_refused_in_filters, 500, ERROR_500)
{
    tern_arg many[20];
    for (int i = 0; i < 20; i++)
        many[i] = tern_arg_int(i);
    const tern_filter two[] = {{"pages = 1", {many, 20}}, {"pages = 2", {many, 20}}};
    tern_count(c, Book, .filters = {.items = two, .count = 2});
    return tern_no_content(c);
}

/* -- how many are kept -- */

static int64_t count_combination(tern_ctx *c, unsigned bits)
{
    return tern_count(
        c, Book,
        .filters = TERN_FILTERS(
            TERN_IF((bits & 1) != 0, "pages > ?", 0), TERN_IF((bits & 2) != 0, "pages > ?", 100),
            TERN_IF((bits & 4) != 0, "title <> ?", "a"), TERN_IF((bits & 8) != 0, "title <> ?", "b"),
            TERN_IF((bits & 16) != 0, "title <> ?", "c"), TERN_IF((bits & 32) != 0, "title <> ?", "d"),
            TERN_IF((bits & 64) != 0, "title <> ?", "e"), TERN_IF((bits & 128) != 0, "title <> ?", "f"),
            TERN_IF((bits & 256) != 0, "title <> ?", "g"), TERN_IF((bits & 512) != 0, "revision = ?", 1)));
}

/** Some of the 1,024, different ones each time. */
static void count_combinations(tern_ctx *c, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        unsigned bits = i * 389 % 1024;
        CHECK_INT(count_combination(c, bits), (bits & 2) != 0 ? 5 : 6);
    }
}

LIBRARY_TEST(more_combinations_than_are_kept_work_in_any_order)
{
    add_six_books(c);
    count_combinations(c, 0, COMBINATIONS_KEPT_MOST + 20);
    count_combinations(c, 10, 40);
    return tern_no_content(c);
}

/** The number of numbered statements, plus one. */
static unsigned next_number(tern_ctx *c)
{
    static unsigned number;
    statement_key key;
    sql_builder b;
    statement_key_begin(&key, NULL, STATEMENT_OWN);
    key.rows = ++number;
    sql_begin(&b);
    sql_add(&b, "select 1");
    return sql_finish(c, &b, &key, false)->id;
}

LIBRARY_TEST(numbers_of_statements_stay_few_for_many_combinations)
{
    add_six_books(c);
    count_combinations(c, 0, COMBINATIONS_KEPT_MOST);
    unsigned number = next_number(c);
    count_combinations(c, COMBINATIONS_KEPT_MOST, COMBINATIONS_KEPT_MOST + 50);
    CHECK_INT(next_number(c), number + 1);
    return tern_no_content(c);
}

static const data_statement *combination_of(tern_ctx *c, const char *text, bool makes)
{
    const tern_arg one = tern_arg_int(1);
    const tern_filter filter = {text, {&one, 1}};
    const tern_filters filters = {.items = &filter, .count = 1};
    const filters_given *given = filters_read(c, &(tern_args){NULL, 0}, &filters);
    statement_key key;
    sql_builder b;
    statement_key_begin(&key, NULL, STATEMENT_COUNT);
    const data_statement *found = statement_find_with(c, &key, given);
    if (found != NULL || !makes)
        return found;
    sql_begin(&b);
    sql_add(&b, "select 1");
    return sql_finish_with(c, &b, &key, given, false);
}

LIBRARY_TEST(the_least_recently_used_combination_is_dropped_first)
{
    static const char texts[COMBINATIONS_KEPT_MOST + 1][12];
    for (unsigned i = 0; i < COMBINATIONS_KEPT_MOST; i++)
        combination_of(c, texts[i], true);
    const data_statement *first = combination_of(c, texts[0], false),
                         *second = combination_of(c, texts[1], false);
    CHECK(first != NULL && second != NULL);
    for (unsigned i = 2; i < COMBINATIONS_KEPT_MOST; i++)
        CHECK(combination_of(c, texts[i], false) != NULL);
    CHECK(combination_of(c, texts[0], false) != NULL);
    const data_statement *last = combination_of(c, texts[COMBINATIONS_KEPT_MOST], true);
    CHECK(combination_of(c, texts[1], false) == NULL);
    CHECK(combination_of(c, texts[0], false) != NULL);
    CHECK_INT(last->id, second->id); /* the copy is still valid */
    CHECK_INT(last->version, second->version + 1);
    return tern_no_content(c);
}

LIBRARY_TEST(a_combination_is_built_once)
{
    add_six_books(c);
    CHECK_INT(count_combination(c, 513), 6);
    unsigned number = next_number(c);
    for (int i = 0; i < 20; i++)
        CHECK_INT(count_combination(c, 513), 6);
    CHECK_INT(next_number(c), number + 1);
    return tern_no_content(c);
}

LIBRARY_TEST(updates_of_columns_that_a_client_chose_are_bounded_like_filters)
{
    Book *book = add_book(c, add_author(c, "A"), "x", 387);
    statement_key key;
    sql_builder b;
    for (uint64_t i = 0; i < COMBINATIONS_KEPT_MOST + 10; i++) { /* as if of another table of many columns */
        statement_key_begin(&key, TERN_TYPE(Tag), STATEMENT_UPDATE);
        key.columns[1] = i;
        sql_begin(&b);
        sql_add(&b, "select 1");
        sql_finish_with(c, &b, &key, statement_any_columns(), true);
    }
    tern_find(c, Book, book->id);
    const unsigned number = next_number(c);
    Book given = {.id = book->id, .title = "y", .pages = 388, .revision = book->revision};
    given.tern_state.title = TERN_STATE_GIVEN;
    for (unsigned i = 0; i < sizeof given.tern_state; i++)
        if (((uint8_t *)&given.tern_state)[i] != TERN_STATE_GIVEN)
            ((uint8_t *)&given.tern_state)[i] = TERN_STATE_ABSENT;
    CHECK(tern_update(c, Book, &given, .given = &given));
    const Book *now = tern_find(c, Book, book->id);
    CHECK_TEXT(now->title, "y");
    CHECK_INT(now->pages, 387);
    CHECK_INT(next_number(c), number + 1);
    return tern_no_content(c);
}
