/* How the note of a call is parsed. */
#include "check.h"

#include "data/check/call.h"
#include "data/check/source.h"

#include <stdio.h>
#include <string.h>

TERN_MODEL(Book, (int64_t, id, .key = true), (const char *, title))

static arena memory;
static const unsigned char text_and_int[] = {TERN_ARG_TEXT, TERN_ARG_INT, TERN_NOTE_END},
                           text[] = {TERN_ARG_TEXT, TERN_NOTE_END};

/** The parsed call as text: "a = ?/2 b/0 NULL", each text with the number of its own values, and '+' when
 * there are others. */
static const char *texts_of(const char *written)
{
    static char words[512];
    const tern_sql_note note = {TERN_TYPE(Book), "a.c:10", written, NULL};
    const tern_sql_note *const notes[] = {&note};
    const check_notes all = {.items = (const tern_sql_note **)(uintptr_t)notes, .count = 1};
    check_call call;
    words[0] = '\0';
    if (!check_call_read(&call, &note, &all, &memory))
        return "(none)";
    for (unsigned i = 0; i < call.text_count; i++) {
        const call_text *one = &call.texts[i];
        size_t len = strlen(words);
        len += (size_t)snprintf(words + len, sizeof words - len, "%s%s", i == 0 ? "" : "|",
                                one->text != NULL ? one->text : "NULL");
        if (one->own != NULL)
            snprintf(words + len, sizeof words - len, "/%u", one->own->count);
    }
    if (call.has_other_text)
        strcat(words, "+");
    return words;
}

TEST(every_text_that_a_call_may_have_is_read)
{
    static const struct {
        const char *call, *texts;
    } cases[] = {
        {"tern_select(Book, )", ""},
        {"tern_select(Book, .where = \"a = ?\", .args = TERN_ARGS(1))", "a = ?"},
        {"tern_count(Book, .where = x ? \"a\" : NULL)", "a|NULL"},
        {"tern_count(Book, .where = x ? \"a\" : where)", "a+"},
        {"tern_sum(Book, id, .where = \"a\" \"b\")", "ab"},
        {"tern_search(Book, f(\"w\", 1), .where = \"a\")", "a"},
        {"tern_select(Book, .where = TERN_CHECKED(Book, \"a\"))", "a"},
        {"tern_sql(Book, \"select ?\", 1)", "select ?"},
        {"tern_sql_run(, \"select ?\", 1)", "select ?"},
        {"tern_sql_int(, \"select ?\", 1)", "select ?"},
        {"tern_pluck(Book, title, .where = \"a\")", "a"},
        {"tern_select(Book, .filters = TERN_FILTERS(TERN_IF(x(\"?\"), \"a = ?\", 1), \"b\"), .limit = 1)",
         "a = ?/1|b/0"},
        {"tern_select(Book, .filters = TERN_FILTERS(TERN_ANY_OF(TERN_IF(x, \"a\"), TERN_ALL_OF(TERN_IF(y, \"b = ? or c = ?\", f(1, 2), 3)))))",
         "a/0|b = ? or c = ?/2"},
        {"tern_select(Book, .filters = filters)", "+"},
        {"tern_where_given(, TERN_IF(x, \"a = ?\", 1), TERN_IF(y, text, 2))", "a = ?/1+"},
        {"TERN_ARGS(1)", "(none)"},
        {"tern_allow(scan, tern_count(c, Book))", "(none)"},
    };
    arena_init(&memory, NULL, 0, SIZE_MAX);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_TEXT(texts_of(cases[i].call), cases[i].texts);
    arena_free(&memory);
}

TEST(values_have_the_kinds_in_their_nearest_note)
{
    const tern_sql_note call = {TERN_TYPE(Book), "a.c:10",
                                "tern_select(Book, .where = w, .args = TERN_ARGS(x, y))", NULL};
    const tern_sql_note near = {NULL, "a.c:11", "TERN_ARGS(x,y)", text_and_int},
                        far = {NULL, "a.c:30", "TERN_ARGS(x, y)", text},
                        other = {NULL, "b.c:10", "TERN_ARGS(x, y)", text};
    const tern_sql_note *items[] = {&call, &far, &near, &other};
    const check_notes notes = {.items = items, .count = 4};
    check_call read;
    arena_init(&memory, NULL, 0, SIZE_MAX);
    CHECK(check_call_read(&read, &call, &notes, &memory));
    CHECK_INT(read.value_count, 1);
    CHECK_INT(read.values[0].count, 2);
    CHECK(read.values[0].kinds == text_and_int);
    arena_free(&memory);
}

TEST(an_allowance_applies_to_the_call_that_it_encloses)
{
    const tern_sql_note allow = {NULL, "a.c:10", "tern_allow(scan, tern_count(c, Book, .where = \"a\"))",
                                 NULL};
    const tern_sql_note within = {TERN_TYPE(Book), "a.c:11", "tern_count(Book, .where = \"a\")", NULL};
    const tern_sql_note later = {TERN_TYPE(Book), "a.c:14", "tern_count(Book, .where = \"a\")", NULL};
    const tern_sql_note before = {TERN_TYPE(Book), "a.c:9", "tern_count(Book, .where = \"a\")", NULL};
    const tern_sql_note *items[] = {&before, &allow, &within, &later};
    const check_notes notes = {.items = items, .count = 4};
    check_call call;
    arena_init(&memory, NULL, 0, SIZE_MAX);
    CHECK(check_call_read(&call, &within, &notes, &memory) && check_call_allows(&call, &notes, "scan"));
    CHECK(!check_call_allows(&call, &notes, "name"));
    CHECK(check_call_read(&call, &later, &notes, &memory) && !check_call_allows(&call, &notes, "scan"));
    CHECK(check_call_read(&call, &before, &notes, &memory) && !check_call_allows(&call, &notes, "scan"));
    arena_free(&memory);
}

TEST(placeholders_are_counted_outside_quotes)
{
    CHECK_INT(check_count_marks("a = ? and b = '?' and \"c?\" = ? and d ?? 'it''s ?' and e in (?, ?)"), 4);
    CHECK_INT(check_count_marks("'open ?"), 0);
    CHECK_INT(check_count_marks(""), 0);
}
