/** Writes rows, on both engines: the returned rows, and the replies to violations. */
#include "library.h"

LIBRARY_TEST(an_insert_fills_key_times_version_and_fallbacks)
{
    Author *author = add_author(c, "A");
    Book book = {.title = "t", .author_id = author->id};
    book.tern_state.shelf = book.tern_state.pages = book.tern_state.price = book.tern_state.extra =
        book.tern_state.author = TERN_STATE_ABSENT;
    CHECK(tern_insert(c, Book, &book));
    CHECK(book.id > 0);
    CHECK_INT(book.shelf, Shelf_fiction);
    CHECK_INT(book.tern_state.pages, TERN_STATE_NULL);
    CHECK_INT(book.revision, 1);
    CHECK(book.added.microseconds > INT64_C(1700000000000000));
    Tag tag = {.name = "new"};
    CHECK(tern_insert(c, Tag, &tag));
    CHECK_INT(tag.id.bytes[6] >> 4, 7);
    CHECK_TEXT(tern_find(c, Tag, tag.id)->name, "new");
    return tern_no_content(c);
}

LIBRARY_TEST(a_composite_key_finds_and_removes)
{
    Author *author = add_author(c, "A");
    Book *book = add_book(c, author, "t", 1);
    Tag tag = {.name = "x"};
    tern_insert(c, Tag, &tag);
    BookTag pair = {.book_id = book->id, .tag_id = tag.id};
    tern_insert(c, BookTag, &pair);
    CHECK(tern_find(c, BookTag, book->id, tag.id) != NULL);
    CHECK(tern_remove(c, BookTag, book->id, tag.id));
    CHECK(!tern_remove(c, BookTag, book->id, tag.id));
    CHECK(tern_find(c, BookTag, book->id, tag.id) == NULL);
    return tern_no_content(c);
}

LIBRARY_TEST(an_update_writes_all_named_or_given_fields)
{
    Author *author = add_author(c, "A");
    Book *book = add_book(c, author, "t", 1);
    book->title = "u";
    book->pages = 2;
    CHECK(tern_update(c, Book, book));
    CHECK_INT(book->revision, 2);
    book->title = "v";
    book->pages = 3;
    CHECK(tern_update(c, Book, book, .fields = "pages"));
    Book *found = tern_find(c, Book, book->id);
    CHECK_TEXT(found->title, "u");
    CHECK_INT(found->pages, 3);
    CHECK_INT(found->revision, 3);
    Book patch = {0};
    memset(&patch.tern_state, TERN_STATE_ABSENT, sizeof patch.tern_state);
    patch.tern_state.title = TERN_STATE_GIVEN;
    patch.tern_state.pages = TERN_STATE_NULL;
    book->title = "w";
    tern_set_null(book, pages);
    CHECK(tern_update(c, Book, book, .given = &patch));
    found = tern_find(c, Book, book->id);
    CHECK_TEXT(found->title, "w");
    CHECK_INT(found->tern_state.pages, TERN_STATE_NULL);
    found->pages = 5;
    CHECK(tern_update(c, Book, found));
    CHECK_INT(found->tern_state.pages, TERN_STATE_VALUE);
    CHECK_INT(tern_find(c, Book, book->id)->pages, 5);
    book->id = 4711;
    CHECK(!tern_update(c, Book, book));
    return tern_no_content(c);
}

LIBRARY_TEST(many_rows_are_updated_at_once)
{
    Author *author = add_author(c, "A");
    Book *books = tern_alloc(c, 90 * sizeof *books);
    for (int i = 0; i < 90; i++)
        books[i] = *add_book(c, author, tern_sprintf(c, "book %d", i), i + 1);
    for (int i = 0; i < 90; i++) {
        books[i].title = tern_sprintf(c, "volume %d", i);
        books[i].pages = 1000 - i;
        books[i].price = (tern_decimal){i, 1};
    }
    Book_list list = {books, 90};
    CHECK(tern_update_all(c, Book, list));
    CHECK_INT(books[0].revision, 2);
    CHECK(tern_update_all(c, Book, list, .fields = "pages"));
    for (int i = 0; i < 90; i++) {
        Book *found = tern_find(c, Book, books[i].id);
        CHECK_TEXT(found->title, tern_sprintf(c, "volume %d", i));
        CHECK_INT(found->pages, 1000 - i);
        CHECK_INT(found->revision, 3);
    }
    tern_data_error error;
    tern_sql_run(c, "update book set revision = 9 where id = ?", books[40].id);
    CHECK(!tern_update_all(c, Book, list, .error = &error));
    CHECK_INT(error.fault, TERN_DATA_STALE);
    CHECK_INT(tern_find(c, Book, books[0].id)->revision, 3);
    return tern_no_content(c);
}

LIBRARY_TEST(an_update_of_many_reports_a_missing_row)
{
    Author authors[] = {*add_author(c, "A"), *add_author(c, "B"), {.id = 4711, .name = "C"}};
    authors[0].name = "X";
    CHECK(!tern_update_all(c, Author, ((Author_list){authors, 3})));
    CHECK(tern_update_all(c, Author, ((Author_list){authors, 2})));
    CHECK_TEXT(tern_find(c, Author, authors[0].id)->name, "X");
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(a_stale_version_is_409, 409,
                   "{\"type\":\"about:blank\",\"title\":\"Conflict\",\"status\":409,"
                   "\"detail\":\"the row was changed since it was read\"}")
{
    Book *book = add_book(c, add_author(c, "A"), "t", 1);
    Book *mine = tern_find(c, Book, book->id);
    tern_update(c, Book, book);
    tern_update(c, Book, mine);
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(
    a_unique_breach_is_409_and_names_the_field, 409,
    "{\"type\":\"about:blank\",\"title\":\"Conflict\",\"status\":409,"
    "\"detail\":\"another row has this value already\",\"errors\":[{\"location\":[\"body\",\"name\"],"
    "\"code\":\"unique\",\"message\":\"another row has this value already\"}]}")
{
    add_author(c, "A");
    add_author(c, "A");
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(
    a_check_breach_is_422_and_names_the_field, 422,
    "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,"
    "\"detail\":\"a value breaks a rule of its table\",\"errors\":[{\"location\":[\"body\",\"pages\"],"
    "\"code\":\"check\",\"message\":\"a value breaks a rule of its table\"}]}")
{
    add_book(c, add_author(c, "A"), "t", -1);
    return tern_no_content(c);
}

static const char *detail_of_a_broken_reference(tern_ctx *c, void (*breach)(tern_ctx *c, void *arg))
{
    CHECK_INT(ctx_guard(c, breach, NULL), UNWIND_FAIL);
    return c->scope.problem_detail;
}

static void refer_to_nobody(tern_ctx *c, void *arg)
{
    (void)arg;
    add_book(c, &(Author){.id = 4711}, "t", 1);
}

static void remove_what_is_referred_to(tern_ctx *c, void *arg)
{
    Tag tag = {.name = "x"};
    (void)arg;
    tern_transaction (c) {
        tern_insert(c, Tag, &tag);
        BookTag pair = {.book_id = add_book(c, add_author(c, "A"), "t", 1)->id, .tag_id = tag.id};
        tern_insert(c, BookTag, &pair);
        tern_remove(c, Tag, tag.id);
    }
}

LIBRARY_TEST(a_broken_reference_is_reported_with_its_side_where_the_engine_knows_it)
{
    bool is_told = data_self.engine->dialect == DATA_POSTGRES;
    const char *const either = "this refers to a row that does not exist, or other rows refer to it";
    CHECK_TEXT(detail_of_a_broken_reference(c, refer_to_nobody),
               is_told ? "the row that this refers to does not exist" : either);
    CHECK_TEXT(detail_of_a_broken_reference(c, remove_what_is_referred_to),
               is_told ? "other rows refer to this one" : either);
    return tern_no_content(c);
}

LIBRARY_TEST(a_failure_can_be_seen_instead)
{
    tern_data_error error;
    add_author(c, "A");
    Author twin = {.name = "A"};
    CHECK(!tern_insert(c, Author, &twin, .error = &error));
    CHECK_INT(error.fault, TERN_DATA_UNIQUE);
    CHECK_TEXT(error.field, "name");
    Book orphan = {.title = "t", .author_id = 4711};
    orphan.tern_state.pages = orphan.tern_state.price = orphan.tern_state.extra = orphan.tern_state.author =
        TERN_STATE_ABSENT;
    CHECK(!tern_insert(c, Book, &orphan, .error = &error));
    CHECK_INT(error.fault, TERN_DATA_FOREIGN_KEY);
    Author nameless = {0};
    CHECK(!tern_insert(c, Author, &nameless, .error = &error));
    CHECK_INT(error.fault, TERN_DATA_NOT_NULL);
    CHECK_TEXT(error.field, "name");
    CHECK_INT(tern_count(c, Author), 1);
    return tern_no_content(c);
}

LIBRARY_TEST(an_upsert_inserts_or_updates)
{
    Author author = {.name = "A"};
    CHECK(tern_upsert(c, Author, &author, .on = "name"));
    int64_t id = author.id;
    CHECK(id != 0);
    Author again = {.name = "A"};
    CHECK(tern_upsert(c, Author, &again, .on = "name"));
    CHECK_INT(again.id, id);
    Book *book = add_book(c, &author, "t", 1);
    Book other = *book;
    other.id = 0;
    other.pages = 9;
    CHECK(tern_upsert(c, Book, &other, .on = "author_id, title", .fields = "pages"));
    CHECK_INT(other.id, book->id);
    CHECK_INT(other.revision, 2);
    CHECK_INT(tern_find(c, Book, book->id)->pages, 9);
    return tern_no_content(c);
}

LIBRARY_TEST(many_rows_are_inserted_at_once_or_none)
{
    Author authors[300];
    memset(authors, 0, sizeof authors);
    for (int i = 0; i < 300; i++)
        authors[i].name = tern_sprintf(c, "%d", i);
    tern_data_error error;
    CHECK(tern_insert_all(c, Author, ((Author_list){authors, 300}), .error = &error));
    for (int i = 0; i < 300; i++)
        CHECK_TEXT(tern_find(c, Author, authors[i].id)->name, authors[i].name);
    for (int i = 0; i < 300; i++) {
        authors[i].id = 0;
        authors[i].name = tern_sprintf(c, "%d", i == 299 ? 0 : i + 1000);
    }
    CHECK(!tern_insert_all(c, Author, ((Author_list){authors, 300}), .error = &error));
    CHECK_INT(error.fault, TERN_DATA_UNIQUE);
    CHECK_INT(tern_count(c, Author), 300);
    return tern_no_content(c);
}

static data_engine engine_without_room;

static data_session *acquire_in_vain(data_database *db, bool writes, data_error *error)
{
    (void)db, (void)writes;
    data_refuse(error, TERN_DATA_BUSY, "no connection is free");
    return NULL;
}

LIBRARY_TEST(a_list_whose_transaction_cannot_begin_is_reported)
{
    const data_engine *engine = data_self.engine;
    tern_data_error error;
    Author authors[300];
    memset(authors, 0, sizeof authors);
    for (int i = 0; i < 300; i++)
        authors[i].name = tern_sprintf(c, "%d", i);
    engine_without_room = *engine;
    engine_without_room.acquire = acquire_in_vain;
    data_self.engine = &engine_without_room;
    bool is_done = tern_insert_all(c, Author, ((Author_list){authors, 300}), .error = &error);
    data_self.engine = engine;
    CHECK(!is_done);
    CHECK_INT(error.fault, TERN_DATA_BUSY);
    CHECK_TEXT(error.message, "no connection is free");
    CHECK_INT(tern_count(c, Author), 0);
    return tern_no_content(c);
}

LIBRARY_TEST_COMMITS(a_list_whose_transaction_cannot_be_committed_is_reported)
{
    tern_data_error error;
    Tag tag = {.name = "t"};
    BookTag pairs[300];
    memset(pairs, 0, sizeof pairs);
    tern_insert(c, Tag, &tag);
    tern_sql_run(c, "drop table book_tag");
    tern_sql_run(c,
                 data_self.engine->dialect == DATA_SQLITE
                     ? "create table book_tag (book_id integer not null references book deferrable initially "
                       "deferred, tag_id text not null, primary key (book_id, tag_id))"
                     : "create table book_tag (book_id bigint not null references book deferrable initially "
                       "deferred, tag_id uuid not null, primary key (book_id, tag_id))");
    for (int i = 0; i < 300; i++)
        pairs[i] = (BookTag){.book_id = 90 + i, .tag_id = tag.id};
    CHECK(!tern_insert_all(c, BookTag, ((BookTag_list){pairs, 300}), .error = &error));
    CHECK_INT(error.fault, TERN_DATA_FOREIGN_KEY);
    CHECK_INT(tern_count(c, BookTag), 0);
    add_author(c, "later");
    CHECK_INT(tern_count(c, Author), 1);
    return tern_no_content(c);
}

LIBRARY_TEST(rows_are_removed_by_key_and_by_where)
{
    Author *author = add_author(c, "A");
    for (int i = 1; i <= 5; i++)
        add_book(c, author, tern_sprintf(c, "%d", i), i);
    CHECK_INT(tern_remove_where(c, Book, .where = "pages > ?", .args = TERN_ARGS(3)), 2);
    CHECK_INT(tern_count(c, Book), 3);
    CHECK(tern_remove(c, Author, author->id));
    CHECK_INT(tern_count(c, Book), 0);
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(threat_100_removing_without_a_condition_is_refused, 500,
                   "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}")
{
    tern_remove_where(c, Book);
    return tern_no_content(c);
}

LIBRARY_TEST(an_update_of_nothing_says_whether_the_row_exists)
{
    tern_data_error error = {.fault = TERN_DATA_FAILED};
    Tag tag = {.name = "t"};
    tern_insert(c, Tag, &tag);
    CHECK(tern_update(c, Tag, &tag, .fields = "", .error = &error));
    CHECK_INT(error.fault, TERN_DATA_OK);
    tag.id.bytes[0] ^= 1;
    CHECK(!tern_update(c, Tag, &tag, .fields = ""));
    return tern_no_content(c);
}

LIBRARY_TEST(no_rows_are_inserted_without_an_error)
{
    tern_data_error error = {.fault = TERN_DATA_FAILED};
    Author_list none = {0};
    CHECK(tern_insert_all(c, Author, none, .error = &error));
    CHECK_INT(error.fault, TERN_DATA_OK);
    return tern_no_content(c);
}

LIBRARY_TEST(a_new_row_was_created_when_it_was_updated)
{
    Book *book = add_book(c, add_author(c, "A"), "B", 1);
    CHECK_INT(book->added.microseconds, book->changed.microseconds);
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(an_upsert_on_an_unknown_field_is_refused, 500,
                   "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}")
{
    Author author = {.name = "A"};
    tern_upsert(c, Author, &author, .on = "");
    return tern_no_content(c);
}

/** Adds statements until no more are kept, as if clients had used that many subsets of columns. */
static void keep_statements(tern_ctx *c)
{
    statement_key key;
    memset(&key, 0, sizeof key);
    key.verb = STATEMENT_UPDATE;
    for (key.rows = 1; key.rows <= STATEMENTS_KEPT_MOST; key.rows++) {
        sql_builder b;
        sql_begin(&b);
        sql_add(&b, "select 1");
        sql_finish(c, &b, &key, false);
    }
}

LIBRARY_TEST(the_number_of_kept_statements_is_bounded)
{
    statement_key key;
    sql_builder b;
    memset(&key, 0, sizeof key);
    keep_statements(c);
    sql_begin(&b);
    sql_add(&b, "select 2");
    CHECK_INT(sql_finish(c, &b, &key, false)->id, 0);
    CHECK(statement_find(&key) == NULL);
    return tern_no_content(c);
}

LIBRARY_TEST(a_statement_that_is_not_kept_runs_each_time)
{
    Author author = {.name = "A"};
    keep_statements(c);
    CHECK(tern_insert(c, Author, &author));
    for (int i = 0; i < 3; i++) {
        author.name = tern_sprintf(c, "name %d", i);
        CHECK(tern_update(c, Author, &author));
        CHECK_TEXT(tern_find(c, Author, author.id)->name, author.name);
    }
    return tern_no_content(c);
}
