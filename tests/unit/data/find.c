/** Finds rows by many keys, on both engines. */
#include "library.h"

#include <tern/task.h>

static void add_authors(tern_ctx *c, int count)
{
    Author *authors = tern_alloc(c, (size_t)count * sizeof *authors);
    for (int i = 0; i < count; i++)
        authors[i].name = tern_sprintf(c, "author %d", i + 1);
    tern_insert_all(c, Author, ((Author_list){authors, (size_t)count}));
}

LIBRARY_TEST(rows_come_in_the_order_of_their_keys)
{
    add_authors(c, 3);
    Author_list found = tern_find_all(c, Author, TERN_ARGS(3, 1, 2, 1));
    CHECK_INT(found.count, 4);
    CHECK_TEXT(found.items[0].name, "author 3");
    CHECK_TEXT(found.items[1].name, "author 1");
    CHECK_TEXT(found.items[2].name, "author 2");
    CHECK_TEXT(found.items[3].name, "author 1");
    return tern_no_content(c);
}

LIBRARY_TEST(a_key_without_a_row_is_skipped)
{
    add_authors(c, 2);
    Author_list found = tern_find_all(c, Author, TERN_ARGS(7, 2, 8, 1, 9));
    CHECK_INT(found.count, 2);
    CHECK_INT(found.items[0].id, 2);
    CHECK_INT(found.items[1].id, 1);
    CHECK_INT(tern_find_all(c, Author, ((tern_args){0})).count, 0);
    return tern_no_content(c);
}

LIBRARY_TEST(more_keys_than_one_statement_has_find_their_rows)
{
    enum { MANY = 2 * DATA_RUNS_MOST + 5 };
    tern_arg keys[MANY];
    add_authors(c, MANY);
    for (int i = 0; i < MANY; i++)
        keys[i] = TERN_ARG(MANY - i);
    Author_list found = tern_find_all(c, Author, (tern_args){keys, MANY});
    CHECK_INT(found.count, MANY);
    for (int i = 0; i < MANY; i++)
        CHECK_INT(found.items[i].id, MANY - i);
    return tern_no_content(c);
}

LIBRARY_TEST(composite_keys_are_adjacent)
{
    Author *author = add_author(c, "A");
    Tag tags[] = {{.name = "x"}, {.name = "y"}};
    Book book = {.title = "T", .author_id = author->id, .pages = 1};
    tern_insert_all(c, Tag, ((Tag_list){tags, 2}));
    tern_insert(c, Book, &book);
    BookTag pairs[] = {{.book_id = book.id, .tag_id = tags[0].id},
                       {.book_id = book.id, .tag_id = tags[1].id}};
    tern_insert_all(c, BookTag, ((BookTag_list){pairs, 2}));
    BookTag_list found = tern_find_all(
        c, BookTag, TERN_ARGS(book.id, tags[1].id, book.id + 1, tags[0].id, book.id, tags[0].id));
    CHECK_INT(found.count, 2);
    CHECK(memcmp(&found.items[0].tag_id, &tags[1].id, sizeof(tern_uuid)) == 0);
    CHECK(memcmp(&found.items[1].tag_id, &tags[0].id, sizeof(tern_uuid)) == 0);
    return tern_no_content(c);
}

LIBRARY_TEST(a_transaction_finds_what_it_has_written)
{
    tern_transaction (c) {
        Author_list none =
            tern_find_all(c, Author, TERN_ARGS(1, 2)); /* is sent with the transaction's "begin" */
        CHECK_INT(none.count, 0);
        add_authors(c, 2);
        CHECK_INT(tern_find_all(c, Author, TERN_ARGS(1, 2)).count, 2);
        tern_rollback(c);
    }
    CHECK_INT(tern_find_all(c, Author, TERN_ARGS(1, 2)).count, 0);
    return tern_no_content(c);
}

typedef struct half {
    int first;
    Author_list found;
} half;

static void find_half(tern_ctx *c, void *arg)
{
    half *h = arg;
    tern_arg keys[DATA_RUNS_MOST];
    for (int i = 0; i < DATA_RUNS_MOST; i++)
        keys[i] = TERN_ARG(h->first + i);
    h->found = tern_find_all(c, Author, (tern_args){keys, DATA_RUNS_MOST});
}

LIBRARY_TEST(tasks_that_find_rows_at_the_same_time_get_their_own)
{
    half halves[] = {{.first = 1}, {.first = 1 + DATA_RUNS_MOST}};
    add_authors(c, 2 * DATA_RUNS_MOST);
    tern_task *other = tern_go(c, find_half, &halves[1]);
    find_half(c, &halves[0]);
    tern_wait(c, other);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(halves[i].found.count, DATA_RUNS_MOST);
        for (int at = 0; at < DATA_RUNS_MOST; at++)
            CHECK_INT(halves[i].found.items[at].id, halves[i].first + at);
    }
    return tern_no_content(c);
}

static void finds_among_broken_rows(tern_ctx *c, void *found)
{
    *(Author_list *)found = tern_find_all(c, Author, TERN_ARGS(1, 2, 3));
}

static int fails_in(tern_ctx *c, bool in_transaction)
{
    Author_list found;
    if (!in_transaction)
        return (int)ctx_guard(c, finds_among_broken_rows, &found);
    int why = 0;
    tern_transaction (c) {
        why = (int)ctx_guard(c, finds_among_broken_rows, &found);
        tern_rollback(c);
    }
    return why;
}

/** The second of three answers is not a row of the model; the third is dropped, and the connection remains
 * usable. */
LIBRARY_TEST(a_row_that_cannot_be_read_fails_its_whole_call_and_no_other)
{
    add_authors(c, 3);
    if (data_self.engine->dialect == DATA_POSTGRES) {
        tern_sql_run(c, "alter table author alter column name drop not null");
        tern_sql_run(c, "update author set name = null where id = 2");
    } else {
        tern_sql_run(c, "update author set name = x'ff' where id = 2");
    }
    for (int i = 0; i < 2; i++)
        CHECK_INT(fails_in(c, i != 0), UNWIND_FAIL);
    CHECK_INT(tern_count(c, Author), 3);
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(half_a_key_is_the_programs_mistake, 500,
                   "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}")
{
    CHECK_INT(tern_find_all(c, BookTag, TERN_ARGS(1)).count, 0);
    return tern_no_content(c);
}
