/** Full text search on both engines: matches, their order, and any text that users may type. */
#include "shortage.h"

#include "data/ddl/ddl.h"
#include "data/search/search.h"

#include <stdio.h>

TERN_MODEL(Paper, (int64_t, id, .key = true), (const char *, name))
TERN_MODEL(Article,
    (int64_t, id, .key = true),
    (const char *, title, .search = true),
    (const char *, body, .optional = true, .search = true),
    (int, stars, .fallback = "0"),
    (bool, is_old, .fallback = "false"),
    (int64_t, paper_id, .optional = true, .references = TERN_TYPE(Paper), .on_delete = TERN_CASCADE))
TERN_MODEL(Page, (const char *, path, .key = true), (const char *, text, .search = true))
TERN_MODEL_WITH(Line, (.table = "order"),
    (int64_t, bill, .key = true),
    (int, number, .key = true),
    (const char *, what, .column = "select", .search = true))

static tern_type *const search_models[] = {TERN_TYPE(Paper), TERN_TYPE(Article), TERN_TYPE(Page),
                                           TERN_TYPE(Line), NULL};

/* -- tables as the models describe them -- */

/** Runs the content of `sql`, and clears it. */
static void run(tern_ctx *c, buf *sql)
{
    const data_statement statement = {.sql = sql->data, .sql_len = sql->len, .writes = true};
    data_run it = {.statement = &statement, .memory = &c->x->arena};
    if (!data_self.engine->run(data_self.primary, &it))
        tern_fail(c, 500, "%s: %s", sql->data, it.error.message);
    sql->len = 0;
}

static void make_table(tern_ctx *c, const ddl_table *table, buf *sql)
{
    data_dialect dialect = data_self.engine->dialect;
    ddl_add_table(sql, dialect, table, NULL, NULL, NULL);
    run(c, sql);
    for (size_t i = 0; i < table->indexes.count; i++) {
        ddl_add_index(sql, table, &table->indexes.items[i]);
        run(c, sql);
    }
    for (unsigned part = 0; ddl_add_search_part(sql, dialect, table, part); part++)
        run(c, sql);
}

static void make_tables(tern_ctx *c)
{
    buf sql = {0}, problems = {0};
    const ddl_schema *schema = ddl_of_models(&c->x->arena, &problems);
    if (schema == NULL)
        tern_fail(c, 500, "%s", problems.data);
    for (size_t i = 0; i < schema->tables.count; i++)
        make_table(c, &schema->tables.items[i], &sql);
    buf_free(&sql);
}

__attribute__((constructor)) static void use_own_tables(void)
{
    library = (library_kind)LIBRARY_OF(search_models, make_tables, "paper, article, page, \"order\"");
}

/* -- articles -- */

static Article *add(tern_ctx *c, const char *title, const char *body)
{
    Article *article = tern_alloc(c, sizeof *article);
    *article = (Article){.title = title, .body = body};
    article->tern_state.paper_id = TERN_STATE_NULL;
    if (body == NULL)
        article->tern_state.body = TERN_STATE_NULL;
    tern_insert(c, Article, article);
    return article;
}

static void add_three(tern_ctx *c)
{
    add(c, "The Dispossessed", "An ambiguous utopia on two worlds");
    add(c, "The Lathe of Heaven", "Dreams change the world");
    add(c, "Always Coming Home", NULL);
}

/** The ids of the matches, in ascending order: "1 3". */
static const char *found(tern_ctx *c, const char *words)
{
    const char *ids = "";
    Article_list list = tern_search(c, Article, words, .order_by = "id");
    for (size_t i = 0; i < list.count; i++)
        ids = tern_sprintf(c, "%s%s%lld", ids, i != 0 ? " " : "", (long long)list.items[i].id);
    CHECK_INT(tern_search_count(c, Article, words), list.count);
    return ids;
}

LIBRARY_TEST(rows_are_found_by_all_their_words)
{
    add_three(c);
    CHECK_TEXT(found(c, "the"), "1 2");
    CHECK_TEXT(found(c, "The world"), "2");
    CHECK_TEXT(found(c, "  HEAVEN\tdreams\n"), "2");
    CHECK_TEXT(found(c, "home"), "3");
    CHECK_TEXT(found(c, "worl"), "");
    CHECK_TEXT(found(c, "dreams utopia"), "");
    return tern_no_content(c);
}

LIBRARY_TEST(an_order_made_at_run_time_is_not_taken_for_another_at_its_address)
{
    char order[16] = "id desc";
    add_three(c);
    CHECK_INT(tern_search(c, Article, "the", .order_by = order).items[0].id, 2);
    snprintf(order, sizeof order, "id");
    CHECK_INT(tern_search(c, Article, "the", .order_by = order).items[0].id, 1);
    return tern_no_content(c);
}

LIBRARY_TEST(threat_127_pages_of_a_search_with_ties_show_every_row_once)
{
    static const char *const orders[] = {NULL, "stars", "stars desc", "is_old"};
    for (int i = 0; i < 30; i++)
        tern_insert(c, Article, (&(Article){.title = "one word", .stars = i % 3}));
    for (size_t o = 0; o < sizeof orders / sizeof *orders; o++) {
        uint64_t seen = 0;
        for (int page = 0; page < 10; page++) {
            Article_list articles =
                tern_search(c, Article, "word", .order_by = orders[o], .limit = 3, .offset = 3 * page);
            for (size_t i = 0; i < articles.count; i++)
                seen |= UINT64_C(1) << articles.items[i].id;
            tern_sql_run(c, "update article set stars = stars where id % 4 = ?", page % 4);
        }
        CHECK_INT(__builtin_popcountll(seen), 30);
    }
    return tern_no_content(c);
}

LIBRARY_TEST(quotes_make_a_phrase)
{
    add_three(c);
    CHECK_TEXT(found(c, "\"lathe of heaven\""), "2");
    CHECK_TEXT(found(c, "\"heaven of lathe\""), "");
    CHECK_TEXT(found(c, "heaven of lathe"), "2");
    CHECK_TEXT(found(c, "\"the world\" dreams"), "2");
    CHECK_TEXT(found(c, "\"two worlds"), "1");
    CHECK_TEXT(found(c, "two-worlds"), "1");
    CHECK_TEXT(found(c, "worlds-two"), "");
    return tern_no_content(c);
}

LIBRARY_TEST(a_star_matches_a_prefix)
{
    add_three(c);
    CHECK_TEXT(found(c, "worl*"), "1 2");
    CHECK_TEXT(found(c, "worl* hea*"), "2");
    CHECK_TEXT(found(c, "\"two wor\"*"), "1");
    CHECK_TEXT(found(c, "\"t wor\"*"), "");
    CHECK_TEXT(found(c, "*worl"), "");
    CHECK_TEXT(found(c, "*"), "");
    return tern_no_content(c);
}

LIBRARY_TEST(punctuation_splits_words_the_same_way_in_rows_and_queries)
{
    add(c, "and/or", "https://example.org/a_b?c=don't, user@mail.example; 3.14 -7 x.y.z");
    const char *const typed[] = {
        "or",  "example",           "org", "b",   "don't", "dont*", "mail", "14", "7", "y", "and/or",
        "a_b", "user@mail.example", "-7",  "'x'", "3,14"};
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        const char *want = strcmp(typed[i], "dont*") == 0 ? "" : "1";
        if (strcmp(found(c, typed[i]), want) != 0)
            check_fail(__FILE__, __LINE__, "%s finds [%s]", typed[i], found(c, typed[i]));
    }
    return tern_no_content(c);
}

LIBRARY_TEST(letters_beyond_ascii_are_letters)
{
    add(c, "Ça brûle", "Привет, мир 東京都");
    CHECK_TEXT(found(c, "brûle"), "1");
    CHECK_TEXT(found(c, "br\xc3\xbb*"), "1");
    CHECK_TEXT(found(c, "brule"), "");
    CHECK_TEXT(found(c, "мир"), "1");
    CHECK_TEXT(found(c, "東京*"), "1");
    CHECK_TEXT(found(c, "😀"), "");
    return tern_no_content(c);
}

LIBRARY_TEST(the_best_matches_come_first)
{
    add(c, "A long list of things", "one two three four five six seven tern eight nine ten eleven twelve");
    add(c, "Tern", "tern tern");
    add(c, "Nothing", "of the kind");
    for (int i = 0; i < 5; i++)
        add(c, "filler", "so that a word is rare");
    Article_list list = tern_search(c, Article, "tern");
    CHECK_INT(list.count, 2);
    CHECK_INT(list.items[0].id, 2);
    CHECK_INT(list.items[1].id, 1);
    list = tern_search(c, Article, "tern", .order_by = "title");
    CHECK_INT(list.items[0].id, 1);
    return tern_no_content(c);
}

LIBRARY_TEST(a_search_has_where_limit_and_offset)
{
    for (int i = 1; i <= 9; i++) {
        Article *article = add(c, "same words", NULL);
        article->stars = i % 3;
        tern_update(c, Article, article);
    }
    Article_list list = tern_search(c, Article, "words", .limit = 2, .offset = 1);
    CHECK_INT(list.count, 2);
    CHECK_INT(list.items[0].id, 2);
    CHECK_INT(list.items[1].id, 3);
    CHECK_INT(tern_search(c, Article, "words", .offset = 7).count, 2);
    list = tern_search(c, Article, "words", .where = "stars = ? or title = ?", .args = TERN_ARGS(2, "x"),
                       .limit = 2);
    CHECK_INT(list.count, 2);
    CHECK_INT(list.items[1].id, 5);
    CHECK_INT(tern_search_count(c, Article, "words", .where = "stars = ?", .args = TERN_ARGS(0), .limit = 1),
              3);
    CHECK_INT(tern_search(c, Article, "other", .where = "stars = 0 or stars > 0").count, 0);
    CHECK_INT(tern_search(c, Article, "words", .for_update = true).count, 9);
    return tern_no_content(c);
}

LIBRARY_TEST(changes_are_seen_at_once)
{
    add_three(c);
    Article *article = tern_find(c, Article, 2);
    article->title = "Malafrena";
    tern_update(c, Article, article);
    CHECK_TEXT(found(c, "lathe"), "");
    CHECK_TEXT(found(c, "malafrena"), "2");
    article->stars = 5;
    tern_update(c, Article, article, .fields = "stars");
    CHECK_TEXT(found(c, "malafrena dreams"), "2");
    tern_remove(c, Article, 1);
    CHECK_TEXT(found(c, "utopia"), "");
    article->body = NULL;
    tern_set_null(article, body);
    tern_upsert(c, Article, article);
    CHECK_TEXT(found(c, "dreams"), "");
    CHECK_TEXT(found(c, "malafrena"), "2");
    tern_transaction (c) {
        add(c, "undone", NULL);
        CHECK_TEXT(found(c, "undone"), "4");
        tern_rollback(c);
    }
    CHECK_TEXT(found(c, "undone"), "");
    return tern_no_content(c);
}

LIBRARY_TEST(rows_deleted_with_others_are_no_longer_found)
{
    Paper paper = {.name = "p"};
    tern_insert(c, Paper, &paper);
    Article *article = add(c, "in a paper", NULL);
    article->paper_id = paper.id;
    tern_update(c, Article, article);
    CHECK_TEXT(found(c, "paper"), "1");
    tern_remove(c, Paper, paper.id);
    CHECK_TEXT(found(c, "paper"), "");
    add(c, "another", NULL);
    CHECK_TEXT(found(c, "paper"), "");
    return tern_no_content(c);
}

LIBRARY_TEST(tables_with_other_keys_are_also_searched)
{
    Page pages[] = {{.path = "/b", .text = "hello world"}, {.path = "/a", .text = "hello moon"}};
    tern_insert_all(c, Page, ((Page_list){pages, 2}));
    Page_list list = tern_search(c, Page, "hello");
    CHECK_INT(list.count, 2);
    CHECK_TEXT(list.items[0].path, "/a");
    tern_remove(c, Page, "/a");
    CHECK_INT(tern_search(c, Page, "moon").count, 0);
    CHECK_TEXT(tern_search(c, Page, "world").items[0].path, "/b");
    Line lines[] = {{.bill = 7, .number = 1, .what = "two terns"},
                    {.bill = 7, .number = 2, .what = "a gull"}};
    tern_insert_all(c, Line, ((Line_list){lines, 2}));
    CHECK_INT(tern_search(c, Line, "gull", .where = "number > ?", .args = TERN_ARGS(0)).items[0].number, 2);
    return tern_no_content(c);
}

LIBRARY_TEST_COMMITS(vacuum_keeps_the_words_of_rows_without_a_number)
{
    Page pages[] = {
        {.path = "/c", .text = "one"}, {.path = "/b", .text = "two"}, {.path = "/a", .text = "three"}};
    tern_insert_all(c, Page, ((Page_list){pages, 3}));
    tern_remove(c, Page, "/c");
    tern_sql_run(c, "vacuum");
    CHECK_TEXT(tern_search(c, Page, "two").items[0].path, "/b");
    CHECK_TEXT(tern_search(c, Page, "three").items[0].path, "/a");
    return tern_no_content(c);
}

LIBRARY_TEST(no_query_text_is_an_error)
{
    add_three(c);
    const char *const typed[] = {"the\"",
                                 "\"\"",
                                 "\"",
                                 "\"\"\"\"",
                                 "the AND",
                                 "OR the",
                                 "NOT the",
                                 "NEAR(the lathe)",
                                 "NEAR(",
                                 "title:the",
                                 "title : the",
                                 "{title body}:the",
                                 "-the",
                                 "^the",
                                 "the^2",
                                 "(the",
                                 "the)",
                                 "the | lathe",
                                 "the & ",
                                 "!the",
                                 "the:*A",
                                 "the <-> lathe",
                                 "the <2> lathe",
                                 "'the'",
                                 "'",
                                 "''",
                                 "\\",
                                 "\\'",
                                 "the\\",
                                 "$1",
                                 "?1",
                                 "; drop table article; --",
                                 "the /*",
                                 "%the%",
                                 "the + lathe",
                                 "*",
                                 "**",
                                 "* *",
                                 ":*",
                                 "t*h*e*",
                                 "\"*",
                                 "\"the\"*\"of\"",
                                 "\xe2\x80\x94",
                                 "\xe2\x80\x94 the",
                                 "a\xcc\x81",
                                 "\xf0\x9f\x98\x80*",
                                 "\x01\x7f",
                                 "the\xc2\xa0lathe"};
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        tern_data_error error;
        (void)tern_search(c, Article, typed[i], .error = &error);
        if (error.fault != TERN_DATA_OK)
            check_fail(__FILE__, __LINE__, "%s: %s", typed[i], error.message);
    }
    CHECK_INT(tern_count(c, Article), 3);
    return tern_no_content(c);
}

LIBRARY_TEST(a_query_without_words_finds_nothing)
{
    add_three(c);
    const char *const typed[] = {NULL, "", "   ", "\t\n", "\"\"", "!?-*()\"'", "\" . \"*"};
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++)
        CHECK_INT(tern_search(c, Article, typed[i]).count, 0);
    return tern_no_content(c);
}

LIBRARY_TEST(long_texts_are_searched_by_their_first_words)
{
    add_three(c);
    char *text = tern_alloc(c, 10001);
    for (size_t i = 0; i < 10000; i++)
        text[i] = "the "[i % 4];
    CHECK_TEXT(found(c, text), "1 2");
    memset(text, 'x', 10000);
    CHECK_TEXT(found(c, text), "");
    text[SEARCH_QUERY_MOST_BYTES - 4] = '\0';
    add(c, text, NULL);
    CHECK_TEXT(found(c, text), "4");
    text[SEARCH_QUERY_MOST_BYTES - 4] = 'x';
    text[SEARCH_QUERY_MOST_BYTES - 3] = '\0';
    add(c, text, NULL);
    CHECK_TEXT(found(c, text), "");
    memset(text, '"', 10000);
    CHECK_TEXT(found(c, text), "");
    return tern_no_content(c);
}

LIBRARY_TEST(a_condition_of_a_search_accepts_true_for_a_bool)
{
    add(c, "sea", NULL);
    add(c, "sky and sea", NULL);
    tern_sql_run(c, "update article set is_old = true where title = 'sky and sea'");
    Article_list old =
        tern_search(c, Article, "sea", .where = "stars = ? and is_old = ?", .args = TERN_ARGS(0, true));
    CHECK_INT(old.count, 1);
    CHECK_TEXT(old.items[0].title, "sky and sea");
    CHECK_INT(tern_search_count(c, Article, "sea", .where = "is_old = ?", .args = TERN_ARGS(false)), 1);
    return tern_no_content(c);
}

LIBRARY_TEST(long_rows_can_be_written_and_found)
{
    static char text[900000];                      /* whose words alone exceed PostgreSQL's limit for a row */
    for (size_t i = 0; i + 1 < sizeof text; i++) { /* numbers of six letters */
        size_t number = i / 7, place = i % 7;
        text[i] = (char)(place == 6 ? ' ' : 'a' + (int)(number >> (4 * place) & 15));
    }
    memcpy(text, "begins", 6);
    add(c, "long", text);
    CHECK_INT(tern_search_count(c, Article, "begins"), 1);
    CHECK_INT(tern_search_count(c, Article, "long cccaaa"), 1);
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(a_model_without_search_fields_is_refused, 500,
                   "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}")
{
    (void)tern_search(c, Paper, "x");
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(continuing_after_a_row_is_refused, 500,
                   "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}")
{
    (void)tern_search(c, Article, "x", .after = add(c, "x", NULL));
    return tern_no_content(c);
}

/* -- queries for the engines -- */

static void check_query(const char *words, const char *sqlite, const char *postgres)
{
    for (unsigned dialect = 0; dialect < DATA_DIALECTS; dialect++) {
        buf query = {0};
        bool may_match = search_add_query(&query, data_dialects[dialect], words);
        CHECK_TEXT(may_match ? query.data : NULL, data_dialects[dialect] == DATA_SQLITE ? sqlite : postgres);
        buf_free(&query);
    }
}

TEST(search_query_quotes_each_word)
{
    check_query("foo Bar*", "\"foo\" \"Bar\"*", "'foo' & 'Bar':*");
    check_query("\"foo bar\" baz", "\"foo bar\" \"baz\"", "'foo' <-> 'bar' & 'baz'");
    check_query("\"foo, bar\"*", "\"foo bar\"*", "'foo' <-> 'bar':*");
    check_query("don't", "\"don t\"", "'don' <-> 't'");
    check_query("- a", "\"a\"", "'a'");
    check_query("-", NULL, NULL);
    check_query(
        "\"1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3\"* 4",
        "\"1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2\"",
        "'1' <-> '2' <-> '3' <-> '4' <-> '5' <-> '6' <-> '7' <-> '8' <-> '9' <-> '0' <-> '1' <-> '2' <-> "
        "'3' <-> '4' <-> '5' <-> '6' <-> '7' <-> '8' <-> '9' <-> '0' <-> '1' <-> '2' <-> '3' <-> '4' <-> "
        "'5' <-> '6' <-> '7' <-> '8' <-> '9' <-> '0' <-> '1' <-> '2'");
}

TEST(search_query_is_never_longer_than_sqlite_accepts)
{
    static const unsigned lens[] = {1, 2, 3, 12, 13, 121, 122, 495, 496};
    char words[3000];
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        buf query = {0};
        memset(words, 'x', sizeof words);
        for (size_t at = lens[i]; at + 1 < sizeof words; at += lens[i] + 2)
            memcpy(words + at, "* ", 2);
        words[sizeof words - 1] = '\0';
        CHECK(search_add_query(&query, DATA_SQLITE, words));
        CHECK(query.len <= SEARCH_QUERY_MOST_BYTES);
        CHECK(query.len >= 100);
        buf_free(&query);
    }
}

/* -- without memory -- */

static tern_reply search_short_of_memory(tern_ctx *c)
{
    add_three(c);
    shortage_begin();
    (void)tern_search(c, Article, "the \"lathe of\" hea*", .where = "stars = ?", .args = TERN_ARGS(0),
                      .limit = 3);
    tern_search_count(c, Article, "world");
    shortage_end();
    return tern_no_content(c);
}

TEST(threat_111_every_allocation_of_a_search_may_fail_in_sqlite)
{
    shortage_walk(LIBRARY_SQLITE, true, 1000, search_short_of_memory);
}

TEST(threat_111_every_allocation_of_a_search_may_fail_in_postgres)
{
    shortage_walk(LIBRARY_POSTGRES, true, 1000, search_short_of_memory);
}
