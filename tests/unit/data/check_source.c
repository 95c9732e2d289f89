#include "check.h"

#include "data/check/source.h"
#include "data/check/tables.h"

#include <stdio.h>
#include <string.h>

#define TEXT(literal) ((tern_str){literal, sizeof(literal) - 1})

TERN_MODEL(Person, (int64_t, id, .key = true), (const char *, name))
TERN_MODEL(Book, (int64_t, id, .key = true), (const char *, title), (int64_t, author), (int, pages))

static arena memory;

static void make_tables(void)
{
    tern_type *const models[] = {TERN_TYPE(Person), TERN_TYPE(Book), NULL};
    buf problems = {0};
    CHECK(data_tables_make(models, &problems));
    buf_free(&problems);
}

static const char *literal(const char *text)
{
    return source_literal(&memory, (tern_str){text, strlen(text)});
}

TEST(literals_are_read_as_the_compiler_reads_them)
{
    static const struct {
        const char *source, *says;
    } cases[] = {
        {"\"done = ?\"", "done = ?"},
        {"\"a\" \"b\"  \"c\"", "abc"},
        {"\"a\\n\\t\\\"\\\\'\\?\"", "a\n\t\"\\'?"},
        {"\"\\x41\\101\\0612\"", "AA12"},
        {"\"\\x6d\" \"e\"", "me"},
        {"\"\\u00e9\\U0001F600\"", "\xc3\xa9\xf0\x9f\x98\x80"},
        {"u8\"a\"", "a"},
        {"\"\"", ""},
        {" \"a\" ", "a"},
        {"where", NULL},
        {"\"a\" NAME", NULL},
        {"L\"a\"", NULL},
        {"\"open", NULL},
        {"\"a\\\"", NULL},
        {"'a'", NULL},
        {"", NULL},
    };
    arena_init(&memory, NULL, 0, SIZE_MAX);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *says = literal(cases[i].source);
        CHECK_TEXT(says != NULL ? says : "(none)", cases[i].says != NULL ? cases[i].says : "(none)");
    }
    arena_free(&memory);
}

TEST(arguments_are_split_outside_brackets_and_quotes)
{
    tern_str rest = TEXT(".where = \"a, b\" , .args = TERN_ARGS(f(1, 2), (x){3, 4}), .limit = a[1, 2], ','"),
             piece;
    static const char *const pieces[] = {".where = \"a, b\"", ".args = TERN_ARGS(f(1, 2), (x){3, 4})",
                                         ".limit = a[1, 2]", "','"};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        CHECK(source_next(&rest, ',', &piece));
        CHECK(source_is(piece, pieces[i]));
    }
    CHECK(!source_next(&rest, ',', &piece));
}

static char leaves[256];

static void note_leaf(void *arg, tern_str leaf)
{
    (void)arg;
    snprintf(leaves + strlen(leaves), sizeof leaves - strlen(leaves), "%.*s|", (int)leaf.len, leaf.data);
}

TEST(a_conditional_expression_has_each_of_its_values)
{
    static const struct {
        const char *source, *leaves;
    } cases[] = {
        {"\"a\"", "\"a\"|"},
        {"c ? \"a\" : NULL", "\"a\"|NULL|"},
        {"(c ? (\"a\") : (d ? \"b?\" : \"c:\"))", "\"a\"|\"b?\"|\"c:\"|"},
        {"c ? d ? \"a\" : \"b\" : \"c\"", "\"a\"|\"b\"|\"c\"|"},
        {"strcmp(x, \"?\") == 0 ? \"a\" : where", "\"a\"|where|"},
        {"where ?: \"a\"", "where|\"a\"|"},
        {"c ? \"a\"", "c ? \"a\"|"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        leaves[0] = '\0';
        source_leaves((tern_str){cases[i].source, strlen(cases[i].source)}, note_leaf, NULL);
        CHECK_TEXT(leaves, cases[i].leaves);
    }
}

TEST(calls_and_options_are_recognized_by_their_form)
{
    tern_str name, inside;
    CHECK(source_call(TEXT("TERN_ARGS (a, f(b))"), &name, &inside) && source_is(name, "TERN_ARGS") &&
          source_is(inside, "a, f(b)"));
    CHECK(!source_call(TEXT("f(a) + g(b)"), &name, &inside));
    CHECK(!source_call(TEXT("(a)"), &name, &inside));
    CHECK(!source_call(TEXT("f(a"), &name, &inside));
    CHECK(!source_call(TEXT("f"), &name, &inside));
    CHECK(source_option(TEXT(".order_by = \"a = b\""), &name, &inside) && source_is(name, "order_by") &&
          source_is(inside, "\"a = b\""));
    CHECK(!source_option(TEXT("order_by = 1"), &name, &inside));
    CHECK(!source_option(TEXT(".order_by"), &name, &inside));
}

TEST(a_text_contains_another_regardless_of_white_space)
{
    CHECK(source_holds(TEXT("scan, tern_select(c, Todo,.where =\"a\")"), TEXT("Todo, .where = \"a\"")));
    CHECK(source_holds(TEXT("tern_count(c, Todo)"), TEXT("Todo, ")));
    CHECK(!source_holds(TEXT("tern_count(c, Todo)"), TEXT("Todos")));
}

/** The column beside the first `?` of raw SQL, as "table.column", with '+' when an index serves it. */
static const char *beside(const char *text)
{
    static char name[80];
    check_tables tables;
    check_operand operand;
    check_tables_read(&tables, NULL, text);
    if (!check_operand_of(&tables, text, check_next_mark(text), &operand))
        return "";
    snprintf(name, sizeof name, "%s.%s%s", operand.table->table->name, operand.column->name,
             operand.is_sought ? "+" : "");
    return name;
}

TEST(the_column_beside_a_value_is_found_by_its_table)
{
    static const struct {
        const char *text, *column;
    } cases[] = {
        {"select 1 from book where title = ?", "book.title+"},
        {"select 1 from book b where b.title <> ?", "book.title"},
        {"select 1 from book as b join person p on p.id = b.author where p.name >= ?", "person.name+"},
        {"select 1 from book where pages not in (1, ?)", ""},
        {"select 1 from book where pages in (?, 2)", "book.pages+"},
        {"select 1 from book where pages not in (?)", "book.pages"},
        {"select 1 from book where pages + 1 = ?", ""},
        {"select 1 from book where 2 * pages = ?", ""},
        {"select 1 from book where lower(title) = ?", ""},
        {"select 1 from book where title = ? || 'x'", ""},
        {"select 1 from book, person where name = ?", "person.name+"},
        {"select 1 from book, person where id = ?", ""},
        {"select 1 from book, elsewhere where title = ?", ""},
        {"with b as (select 1 as title) select 1 from book where title = ?", ""},
        {"update book set pages = ?", "book.pages+"},
        {"select 1 from book where title = 'from person' and pages = ?", "book.pages+"},
        {"select 1 from book where \"title\" = ?", "book.title+"},
        {"select 1 from book b where \"b\".\"title\" = ?", "book.title+"},
    };
    make_tables();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_TEXT(beside(cases[i].text), cases[i].column);
    data_tables_forget();
}

TEST(the_other_side_of_an_outer_join_may_be_missing)
{
    check_tables tables;
    make_tables();
    check_tables_read(&tables, NULL, "select 1 from book b left outer join person p on p.id = b.author");
    CHECK(tables.count == 2 && !tables.items[0].may_lack && tables.items[1].may_lack);
    check_tables_read(&tables, NULL, "select 1 from book b right join person p on p.id = b.author");
    CHECK(tables.count == 2 && tables.items[0].may_lack && !tables.items[1].may_lack);
    check_tables_read(&tables, NULL, "select 1 from book b full join person p on p.id = b.author");
    CHECK(tables.count == 2 && tables.items[0].may_lack && tables.items[1].may_lack);
    check_tables_read(&tables, NULL, "select left(title, 1) from book b join person p on p.id = b.author");
    CHECK(tables.count == 2 && !tables.items[0].may_lack && !tables.items[1].may_lack);
    data_tables_forget();
}
