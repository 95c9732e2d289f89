/** Updates by a value of a smaller model: TERN_GIVEN. */
#include "words.h"

#include <tern/part.h>

/* clang-format off */
TERN_MODEL(BookChange,
    (const char *, title, .optional = true, .nullable = false),
    (Shelf,        shelf, .optional = true, .nullable = false),
    (int,          pages, .optional = true),
    (tern_decimal, price, .optional = true))

TERN_MODEL(BookVersion,
    (const char *, title,    .optional = true),
    (int,          revision, .optional = true),
    (int64_t,      id,       .optional = true),
    (tern_datetime, added,   .optional = true))

/* Book's fields, and one that only the part has */
TERN_PARTIAL(BookPatch, Book, id, title, pages, (const char *, reason, .optional = true))

TERN_MODEL(BookWrongName, (const char *, titel, .optional = true))
TERN_MODEL(BookWrongType, (int64_t, pages, .optional = true))
TERN_MODEL(BookWrongEnum, (bool, shelf, .optional = true))
TERN_MODEL(BookList, (tern_text_list, title, .optional = true))
TERN_MODEL(BookNull, (int, revision, .optional = true), (Shelf, shelf, .optional = true))
/* clang-format on */

static BookChange nothing(void)
{
    BookChange change = {0};
    change.tern_state.title = change.tern_state.shelf = change.tern_state.pages = change.tern_state.price =
        TERN_STATE_ABSENT;
    return change;
}

static Book *add_one(tern_ctx *c)
{
    return add_book(c, add_author(c, "Ann"), "old", 7);
}

LIBRARY_TEST(an_update_by_a_part_writes_only_the_given_fields)
{
    Book *book = add_one(c);
    BookChange change = nothing();
    change.title = "new";
    change.tern_state.title = TERN_STATE_GIVEN;
    change.pages = 99;           /* not given */
    book->shelf = Shelf_fiction; /* changed in C, but not given either */
    CHECK(tern_update(c, Book, book, .given = TERN_GIVEN(BookChange, &change)));
    CHECK_TEXT(book->title, "new");
    CHECK_INT(book->pages, 7);
    const Book *read = tern_find(c, Book, book->id);
    CHECK_TEXT(read->title, "new");
    CHECK_INT(read->pages, 7);
    CHECK_INT(read->shelf, Shelf_history);
    CHECK_INT(read->revision, 2);
    return tern_no_content(c);
}

LIBRARY_TEST(a_part_declared_by_TERN_PARTIAL_may_have_additional_fields)
{
    Book *book = add_one(c);
    BookPatch change = {.title = "new", .reason = "typo"};
    change.tern_state.title = change.tern_state.reason = TERN_STATE_GIVEN;
    change.tern_state.id = change.tern_state.pages = TERN_STATE_ABSENT;
    CHECK(tern_update(c, Book, book, .given = TERN_GIVEN(BookPatch, &change)));
    const Book *read = tern_find(c, Book, book->id);
    CHECK_TEXT(read->title, "new");
    CHECK_INT(read->pages, 7);
    return tern_no_content(c);
}

LIBRARY_TEST(an_update_by_a_part_can_write_null)
{
    Book *book = add_one(c);
    BookChange change = nothing();
    change.tern_state.pages = TERN_STATE_NULL;
    change.shelf = Shelf_science;
    change.tern_state.shelf = TERN_STATE_GIVEN;
    change.price = (tern_decimal){1250, 2};
    change.tern_state.price = TERN_STATE_GIVEN;
    CHECK(tern_update(c, Book, book, .given = TERN_GIVEN(BookChange, (const BookChange *)&change)));
    CHECK_INT(book->tern_state.pages, TERN_STATE_NULL);
    CHECK_INT(book->pages, 0);
    const Book *read = tern_find(c, Book, book->id);
    CHECK_INT(read->tern_state.pages, TERN_STATE_NULL);
    CHECK_INT(read->shelf, Shelf_science);
    CHECK_INT(read->tern_state.price, TERN_STATE_VALUE);
    CHECK_TEXT(read->title, "old");
    return tern_no_content(c);
}

LIBRARY_TEST(an_update_by_a_part_without_given_fields_says_whether_the_row_exists)
{
    Author *author = add_author(c, "Ann");
    Author none = {.id = author->id + 1, .name = "x"};
    Author given = {0};
    given.tern_state.id = given.tern_state.name = TERN_STATE_ABSENT;
    CHECK(tern_update(c, Author, author, .given = TERN_GIVEN(Author, &given)));
    CHECK(!tern_update(c, Author, &none, .given = TERN_GIVEN(Author, &given)));
    CHECK_TEXT(((const Author *)tern_find(c, Author, author->id))->name, "Ann");
    return tern_no_content(c);
}

LIBRARY_TEST(a_part_does_not_change_the_key_and_the_creation_time)
{
    Book *book = add_one(c);
    const int64_t id = book->id;
    const tern_datetime added = book->added;
    BookVersion change = {.id = id + 5, .added = {1}, .title = "new", .revision = 1};
    change.tern_state.id = change.tern_state.added = change.tern_state.title = TERN_STATE_GIVEN;
    change.tern_state.revision = TERN_STATE_GIVEN;
    CHECK(tern_update(c, Book, book, .given = TERN_GIVEN(BookVersion, &change)));
    CHECK_INT(book->id, id);
    CHECK(book->added.microseconds == added.microseconds);
    const Book *read = tern_find(c, Book, id);
    CHECK_TEXT(read->title, "new");
    CHECK(read->added.microseconds == added.microseconds);
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(
    the_version_that_a_part_gives_must_be_the_rows, 409,
    "{\"type\":\"about:blank\",\"title\":\"Conflict\",\"status\":409,\"detail\":\"the row was changed "
    "since it was read\"}")
{
    Book *book = add_one(c);
    CHECK(tern_update(c, Book, book, .fields = "title"));
    BookVersion change = {.title = "new", .revision = 1};
    change.tern_state.id = change.tern_state.added = TERN_STATE_ABSENT;
    change.tern_state.revision = change.tern_state.title = TERN_STATE_GIVEN;
    tern_update(c, Book, book, .given = TERN_GIVEN(BookVersion, &change));
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(
    null_for_a_field_that_is_never_null_is_refused_by_name, 422,
    "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,\"detail\":\"a value "
    "is missing\",\"errors\":[{\"location\":[\"body\",\"shelf\"],\"code\":\"missing\",\"message\":\"a "
    "value is missing\"}]}")
{
    Book *book = add_one(c);
    BookNull change = {0};
    change.tern_state.revision = TERN_STATE_ABSENT;
    change.tern_state.shelf = TERN_STATE_NULL;
    tern_update(c, Book, book, .given = TERN_GIVEN(BookNull, &change));
    return tern_no_content(c);
}

LIBRARY_TEST(null_for_a_field_that_is_never_null_does_not_change_the_row)
{
    Book *book = add_one(c);
    BookNull change = {.shelf = Shelf_fiction};
    tern_data_error error;
    change.tern_state.revision = TERN_STATE_NULL;
    change.tern_state.shelf = TERN_STATE_GIVEN;
    CHECK(!tern_update(c, Book, book, .given = TERN_GIVEN(BookNull, &change), .error = &error));
    CHECK_INT(error.fault, TERN_DATA_NOT_NULL);
    CHECK_TEXT(error.field, "revision");
    CHECK_INT(book->shelf, Shelf_history);
    CHECK_INT(book->revision, 1);
    return tern_no_content(c);
}

LIBRARY_TEST(a_list_of_rows_is_updated_by_one_part)
{
    Author *author = add_author(c, "Ann");
    add_book(c, author, "a", 1);
    add_book(c, author, "b", 2);
    Book_list books = tern_select(c, Book, .order_by = "title");
    BookChange change = nothing();
    change.pages = 50;
    change.tern_state.pages = TERN_STATE_GIVEN;
    CHECK(tern_update_all(c, Book, books, .given = TERN_GIVEN(BookChange, &change)));
    CHECK_INT(books.items[1].pages, 50);
    CHECK_INT(tern_count(c, Book, .where = "pages = 50"), 2);
    CHECK_INT(tern_count(c, Book, .where = "title = 'a'"), 1);
    return tern_no_content(c);
}

LIBRARY_TEST(a_value_of_the_same_model_still_says_which_fields_of_the_row_are_written)
{
    Book *book = add_one(c);
    Book given = {.title = "given"};
    memset(&given.tern_state, TERN_STATE_ABSENT, sizeof given.tern_state);
    given.tern_state.title = TERN_STATE_GIVEN;
    book->title = "row";
    book->pages = 1;
    CHECK(tern_update(c, Book, book, .given = &given));
    const Book *read = tern_find(c, Book, book->id);
    CHECK_TEXT(read->title, "row");
    CHECK_INT(read->pages, 7);
    return tern_no_content(c);
}

#define REFUSED_PART(sentence, Part, said)                                                                   \
    WORDS_TEST(sentence, said)                                                                               \
    {                                                                                                        \
        Part change = {0};                                                                                   \
        tern_update(c, Book, (&(Book){.id = 1}), .given = TERN_GIVEN(Part, &change));                        \
    }

REFUSED_PART(a_part_with_a_field_that_the_row_lacks_is_refused, BookWrongName,
             "BookWrongName.titel: Book has no field of that name, so BookWrongName is not a part of it")
REFUSED_PART(a_part_with_a_field_of_another_size_is_refused, BookWrongType,
             "BookWrongType.pages (int64_t) is not of the same type as Book.pages (int32_t)")
REFUSED_PART(a_part_with_a_field_of_another_kind_is_refused, BookWrongEnum,
             "BookWrongEnum.shelf (bool) is not of the same type as Book.shelf (Shelf)")
REFUSED_PART(a_part_with_a_list_for_a_value_is_refused, BookList,
             "BookList.title (a list) is not of the same type as Book.title (const char *)")

WORDS_TEST(fields_by_name_and_by_a_part_at_once_are_refused,
           ".fields and .given = TERN_GIVEN(BookChange, ...) both say which fields are written")
{
    BookChange change = nothing();
    tern_update(c, Book, add_one(c), .fields = "title", .given = TERN_GIVEN(BookChange, &change));
}
