/** Nested models from columns with dots in their names. */
#include "words.h"

TERN_MODEL_WITH(TeamView, (.view = true),
    (int64_t, id),
    (const char *, name),
    (const char *, motto, .optional = true))
TERN_MODEL_WITH(WriterView, (.view = true),
    (int64_t, id, .column = "key"),
    (const char *, name),
    (int, age, .optional = true),
    (TeamView, team, .optional = true))
TERN_MODEL_WITH(PageView, (.view = true),
    (int64_t, id),
    (const char *, title),
    (WriterView, writer, .optional = true),
    (WriterView, editor, .optional = true, .nullable = false),
    (tern_text_list, words, .optional = true))
TERN_MODEL_WITH(SurePage, (.view = true), (int64_t, id), (WriterView, writer))

LIBRARY_TEST(dotted_columns_fill_a_nested_model)
{
    Author *author = add_author(c, "Ursula");
    add_book(c, author, "Rocannon", 3);
    PageView_list pages = tern_sql(c, PageView,
                                   "select b.id, b.title, a.id as \"writer.key\", a.name as \"writer.name\" "
                                   "from book b join author a on a.id = b.author_id");
    CHECK_INT(pages.count, 1);
    CHECK_TEXT(pages.items[0].title, "Rocannon");
    CHECK_INT(pages.items[0].tern_state.writer, TERN_STATE_VALUE);
    CHECK_INT(pages.items[0].writer.id, author->id);
    CHECK_TEXT(pages.items[0].writer.name, "Ursula");
    CHECK_INT(pages.items[0].writer.tern_state.name, TERN_STATE_VALUE);
    return tern_no_content(c);
}

LIBRARY_TEST(a_table_filled_by_star_accepts_additional_dotted_columns)
{
    add_book(c, add_author(c, "Ursula"), "Rocannon", 3);
    Book_list books = tern_sql(c, Book,
                               "select b.*, a.id as \"author.id\", a.name as \"author.name\" from book b "
                               "join author a on a.id = b.author_id");
    CHECK_TEXT(books.items[0].title, "Rocannon");
    CHECK_TEXT(books.items[0].author.name, "Ursula");
    CHECK_INT(books.items[0].tern_state.author, TERN_STATE_VALUE);
    return tern_no_content(c);
}

LIBRARY_TEST(dotted_columns_reach_several_levels_in_any_order)
{
    PageView_list pages = tern_sql(
        c, PageView,
        "select 'A' as \"writer.team.name\", 1 as id, 'B' as \"editor.team.name\", 'Ann' as \"writer.name\", "
        "'page' as title, 7 as \"editor.team.id\"");
    CHECK_TEXT(pages.items[0].writer.team.name, "A");
    CHECK_TEXT(pages.items[0].writer.name, "Ann");
    CHECK_TEXT(pages.items[0].editor.team.name, "B");
    CHECK_INT(pages.items[0].editor.team.id, 7);
    CHECK_INT(pages.items[0].writer.tern_state.team, TERN_STATE_VALUE);
    return tern_no_content(c);
}

LIBRARY_TEST(fields_of_a_nested_model_without_a_column_are_absent)
{
    PageView_list pages = tern_sql(c, PageView, "select 1 as id, 'Ann' as \"writer.name\"");
    CHECK_INT(pages.items[0].tern_state.title, TERN_STATE_ABSENT);
    CHECK_INT(pages.items[0].tern_state.editor, TERN_STATE_ABSENT);
    CHECK_INT(pages.items[0].writer.tern_state.name, TERN_STATE_VALUE);
    CHECK_INT(pages.items[0].writer.tern_state.age, TERN_STATE_ABSENT);
    CHECK_INT(pages.items[0].writer.tern_state.team, TERN_STATE_ABSENT);
    return tern_no_content(c);
}

LIBRARY_TEST(a_nested_model_whose_columns_are_all_null_is_null)
{
    Author *ann = add_author(c, "Ann");
    add_author(c, "Bob");
    add_book(c, ann, "one", 1);
    PageView_list pages = tern_sql(c, PageView,
                                   "select b.id as \"editor.key\", b.title as \"editor.name\", a.id, "
                                   "b.id as \"writer.key\", b.title as \"writer.name\" "
                                   "from author a left join book b on b.author_id = a.id order by a.id");
    CHECK_INT(pages.items[0].tern_state.writer, TERN_STATE_VALUE);
    CHECK_TEXT(pages.items[0].writer.name, "one");
    CHECK_INT(pages.items[1].tern_state.writer, TERN_STATE_NULL);
    CHECK_INT(pages.items[1].writer.id, 0);
    CHECK(pages.items[1].writer.name == NULL);
    CHECK_INT(pages.items[1].tern_state.editor, TERN_STATE_ABSENT); /* it is never null */
    return tern_no_content(c);
}

LIBRARY_TEST(a_nested_model_is_present_when_any_of_its_columns_is)
{
    PageView_list pages =
        tern_sql(c, PageView,
                 "select 1 as id, null as \"writer.key\", null as \"writer.age\", 'Ann' as \"writer.name\" "
                 "union all select 2, null, 0, 'Bob' order by 1");
    CHECK_INT(pages.items[0].tern_state.writer, TERN_STATE_VALUE);
    CHECK_TEXT(pages.items[0].writer.name, "Ann");
    CHECK_INT(pages.items[0].writer.tern_state.age, TERN_STATE_NULL);
    CHECK_INT(pages.items[1].writer.tern_state.age, TERN_STATE_VALUE);
    return tern_no_content(c);
}

LIBRARY_TEST(a_nested_model_is_present_when_one_inside_it_is)
{
    PageView_list pages =
        tern_sql(c, PageView,
                 "select 1 as id, 4 as \"writer.age\", null as \"writer.team.name\" union all "
                 "select 2, null, 'A' union all select 3, null, null order by 1");
    CHECK_INT(pages.count, 3);
    CHECK_INT(pages.items[0].writer.tern_state.team, TERN_STATE_NULL);
    CHECK_INT(pages.items[1].tern_state.writer, TERN_STATE_VALUE);
    CHECK_INT(pages.items[1].writer.tern_state.age, TERN_STATE_NULL);
    CHECK_TEXT(pages.items[1].writer.team.name, "A");
    CHECK_INT(pages.items[2].tern_state.writer, TERN_STATE_NULL);
    return tern_no_content(c);
}

LIBRARY_TEST(the_same_statement_gives_null_and_values_from_row_to_row)
{
    Author *ann = add_author(c, "Ann");
    for (int i = 0; i < 40; i++)
        add_author(c, tern_sprintf(c, "author %d", i));
    add_book(c, ann, "one", 1);
    add_book(c, ann, "two", 1);
    for (int again = 0; again < 2; again++) {
        PageView_list pages = tern_sql(c, PageView,
                                       "select a.id, b.title as \"writer.name\" from author a "
                                       "left join book b on b.author_id = a.id order by a.id, b.id");
        CHECK_INT(pages.count, 42);
        CHECK_TEXT(pages.items[0].writer.name, "one");
        CHECK_TEXT(pages.items[1].writer.name, "two");
        for (int i = 2; i < 42; i++)
            CHECK_INT(pages.items[i].tern_state.writer, TERN_STATE_NULL);
    }
    return tern_no_content(c);
}

LIBRARY_TEST_COMMITS(columns_of_a_star_are_looked_up_again_when_the_table_has_changed)
{
    static const char star[] = "select *, 'Ann' as \"writer.name\" from growing";
    tern_sql_run(c, "create table growing (id bigint)");
    tern_sql_run(c, "insert into growing values (1)");
    PageView_list before = tern_sql(c, PageView, star);
    tern_sql_run(c, "alter table growing add column title text");
    tern_sql_run(c, "update growing set title = 'grown'");
    PageView_list after = tern_sql(c, PageView, star);
    tern_sql_run(c, "alter table growing drop column title");
    PageView_list again = tern_sql(c, PageView, star);
    tern_sql_run(c, "drop table growing");
    CHECK_INT(again.items[0].tern_state.title, TERN_STATE_ABSENT);
    CHECK_TEXT(again.items[0].writer.name, "Ann");
    CHECK_INT(before.items[0].tern_state.title, TERN_STATE_ABSENT);
    CHECK_TEXT(after.items[0].title, "grown");
    CHECK_TEXT(after.items[0].writer.name, "Ann");
    return tern_no_content(c);
}

/* -- refused columns -- */

WORDS_TEST(a_dotted_column_without_a_nested_field_is_named_with_its_model,
           "the column \"writer.nam\" is not a field of PageView: WriterView has no field \"nam\"")
{
    (void)tern_sql(c, PageView, "select 'Ann' as \"writer.nam\"");
}

WORDS_TEST(a_dotted_column_is_refused_even_without_rows,
           "the column \"writer.nam\" is not a field of PageView: WriterView has no field \"nam\"")
{
    (void)tern_sql(c, PageView, "select 'Ann' as \"writer.nam\" where 1 = 0");
}

WORDS_TEST(a_dotted_column_that_does_not_begin_with_a_field_is_named,
           "the column \"author.name\" is not a field of PageView: PageView has no field \"author\"")
{
    (void)tern_sql(c, PageView, "select 'Ann' as \"author.name\"");
}

WORDS_TEST(a_dotted_column_of_a_deep_model_names_the_step_that_fails,
           "the column \"writer.team.nam\" is not a field of PageView: TeamView has no field \"nam\"")
{
    (void)tern_sql(c, PageView, "select 'A' as \"writer.team.nam\"");
}

WORDS_TEST(a_dotted_column_into_a_plain_field_is_refused,
           "the column \"title.name\" is not a field of PageView: PageView.title is not a model")
{
    (void)tern_sql(c, PageView, "select 'A' as \"title.name\"");
}

WORDS_TEST(a_dotted_column_into_a_list_is_refused, "the column \"words.name\" is not a field of PageView: "
                                                   "PageView.words is a list, which tern_preload fills")
{
    (void)tern_sql(c, PageView, "select 'A' as \"words.name\"");
}

WORDS_TEST(a_dotted_column_with_an_empty_step_is_refused,
           "the column \"writer.\" is not a field of PageView: WriterView has no field \"\"")
{
    (void)tern_sql(c, PageView, "select 'A' as \"writer.\"");
}

WORDS_TEST(a_nested_model_from_json_and_from_columns_at_once_is_refused,
           "the column \"writer\" is all of a nested model, and others are its fields")
{
    (void)tern_sql(c, PageView, "select 'A' as \"writer.name\", '{}' as writer");
}

WORDS_TEST(a_repeated_dotted_column_is_refused,
           "two columns are called \"writer.name\", and PageView has one field for them")
{
    (void)tern_sql(c, PageView, "select 'A' as \"writer.name\", 'B' as \"writer.name\"");
}

WORDS_TEST(a_required_nested_model_is_not_filled_with_nulls,
           "all columns of SurePage.writer are null, and the field is not .optional")
{
    (void)tern_sql(c, SurePage, "select 1 as id, null as \"writer.name\"");
}

WORDS_TEST(a_null_text_in_a_present_nested_model_is_refused, "what is stored for WriterView.name is null")
{
    (void)tern_sql(c, PageView, "select 1 as id, null as \"writer.name\", 5 as \"writer.age\"");
}

WORDS_TEST(a_value_that_does_not_fit_a_nested_field_is_named_by_its_own_model,
           "what is stored for WriterView.age is not a whole number from -2147483648 to 2147483647")
{
    (void)tern_sql(c, PageView, "select 'old' as \"writer.age\"");
}
