/** Related rows: one more query for any number of rows. */
#include "library.h"

static Club *add_club(tern_ctx *c, const char *name, unsigned members, const Tag *const *tags)
{
    Club *club = tern_alloc(c, sizeof *club);
    *club = (Club){.name = name};
    tern_insert(c, Club, club);
    for (unsigned i = 0; i < members; i++)
        tern_insert(c, Member, (&(Member){.club_id = club->id, .name = tern_sprintf(c, "%s %u", name, i)}));
    for (; tags != NULL && *tags != NULL; tags++)
        tern_insert(c, ClubTag, (&(ClubTag){.club_id = club->id, .tag_id = (*tags)->id}));
    return club;
}

LIBRARY_TEST(a_list_field_gets_the_rows_that_refer_to_its_row)
{
    add_club(c, "empty", 0, NULL);
    add_club(c, "small", 1, NULL);
    add_club(c, "large", 20, NULL);
    Club_list clubs = tern_select(c, Club, .order_by = "id");
    CHECK_INT(clubs.items[0].tern_state.members, TERN_STATE_ABSENT);
    tern_preload(c, Club, clubs, members);
    CHECK_INT(clubs.items[0].members.count, 0);
    CHECK_INT(clubs.items[0].tern_state.members, TERN_STATE_VALUE);
    CHECK_INT(clubs.items[1].members.count, 1);
    CHECK_TEXT(clubs.items[1].members.items[0].name, "small 0");
    CHECK_INT(clubs.items[2].members.count, 20);
    for (unsigned i = 0; i < 20; i++)
        CHECK_TEXT(clubs.items[2].members.items[i].name, tern_sprintf(c, "large %u", i));
    return tern_no_content(c);
}

LIBRARY_TEST(a_list_field_gets_rows_through_a_table_of_pairs)
{
    Tag open = {.name = "open"}, old = {.name = "old"}, unused = {.name = "unused"};
    tern_insert(c, Tag, &open);
    tern_insert(c, Tag, &old);
    tern_insert(c, Tag, &unused);
    add_club(c, "a", 0, (const Tag *[]){&open, &old, NULL});
    add_club(c, "b", 0, (const Tag *[]){&old, NULL});
    add_club(c, "c", 0, NULL);
    Club_list clubs = tern_select(c, Club, .order_by = "name");
    tern_preload(c, Club, clubs, tags);
    CHECK_INT(clubs.items[0].tags.count, 2);
    CHECK_INT(clubs.items[1].tags.count, 1);
    CHECK_TEXT(clubs.items[1].tags.items[0].name, "old");
    CHECK_INT(clubs.items[2].tags.count, 0);
    return tern_no_content(c);
}

LIBRARY_TEST(a_preload_of_many_rows_takes_few_statements)
{
    Author *author = add_author(c, "A");
    Book *books = tern_alloc(c, 600 * sizeof *books);
    for (int i = 0; i < 600; i++) {
        Author one = {.name = tern_sprintf(c, "author %d", i)};
        tern_insert(c, Author, &one);
        books[i] = (Book){.title = "t", .author_id = i % 2 == 0 ? one.id : author->id};
    }
    Book_list list = {books, 600};
    memset(data_request_of(c)->counted, 0, sizeof data_request_of(c)->counted);
    tern_preload(c, Book, list, author);
    CHECK_TEXT(books[0].author.name, "author 0");
    CHECK_TEXT(books[1].author.name, "A");
    CHECK_TEXT(books[598].author.name, "author 598");
#ifndef NDEBUG
    CHECK_INT(data_request_of(c)->counted[0].times, 1);
    CHECK(data_request_of(c)->counted[1].statement == NULL);
#endif
    return tern_no_content(c);
}

LIBRARY_TEST(an_empty_list_needs_no_related_rows)
{
    Club_list clubs = {NULL, 0};
    tern_preload(c, Club, clubs, members);
    tern_preload(c, Club, clubs, tags);
    return tern_no_content(c);
}

LIBRARY_TEST_FAILS(a_field_without_a_relation_cannot_be_preloaded, 500,
                   "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}")
{
    Club_list clubs = {NULL, 0};
    tern_preload(c, Club, clubs, name);
    return tern_no_content(c);
}

LIBRARY_TEST(a_table_of_pairs_may_lead_back_to_the_same_table)
{
    Person ada = {.name = "Ada"}, bob = {.name = "Bob"};
    tern_insert(c, Person, &ada);
    tern_insert(c, Person, &bob);
    tern_insert(c, Friendship, (&(Friendship){.person_id = ada.id, .friend_id = bob.id}));
    Person_list people = tern_select(c, Person, .order_by = "id");
    tern_preload(c, Person, people, friends);
    CHECK_INT(people.items[0].friends.count, 1);
    CHECK_TEXT(people.items[0].friends.items[0].name, "Bob");
    CHECK_INT(people.items[1].friends.count, 0);
    return tern_no_content(c);
}

LIBRARY_TEST(an_unfilled_field_for_a_related_row_is_absent_after_a_write)
{
    Author *author = add_author(c, "A");
    Book book = {.title = "t", .author_id = author->id, .pages = 1};
    CHECK(tern_insert(c, Book, &book));
    CHECK_INT(book.tern_state.author, TERN_STATE_ABSENT);
    book.tern_state.author = TERN_STATE_VALUE;
    CHECK(tern_update(c, Book, &book));
    CHECK_INT(book.tern_state.author, TERN_STATE_ABSENT);
    book.tern_state.author = TERN_STATE_VALUE;
    CHECK(tern_upsert(c, Book, &book));
    CHECK_INT(book.tern_state.author, TERN_STATE_ABSENT);
    return tern_no_content(c);
}

LIBRARY_TEST(an_unfilled_field_for_related_rows_is_absent_after_a_write)
{
    Club club = {.name = "a"};
    CHECK(tern_insert(c, Club, &club));
    CHECK_INT(club.tern_state.members, TERN_STATE_ABSENT);
    CHECK_INT(club.tern_state.tags, TERN_STATE_ABSENT);
    return tern_no_content(c);
}

LIBRARY_TEST(a_related_row_that_was_read_stays_when_its_row_is_written)
{
    Author *author = add_author(c, "A");
    add_book(c, author, "t", 1);
    Book_list books = tern_select(c, Book);
    tern_preload(c, Book, books, author);
    CHECK(tern_update(c, Book, &books.items[0]));
    CHECK_INT(books.items[0].tern_state.author, TERN_STATE_VALUE);
    CHECK_TEXT(books.items[0].author.name, "A");
    return tern_no_content(c);
}

LIBRARY_TEST(an_empty_list_of_related_rows_that_was_read_stays_when_its_row_is_written)
{
    add_club(c, "empty", 0, NULL);
    Club_list clubs = tern_select(c, Club);
    tern_preload(c, Club, clubs, members);
    CHECK(tern_update(c, Club, &clubs.items[0]));
    CHECK_INT(clubs.items[0].tern_state.members, TERN_STATE_VALUE);
    return tern_no_content(c);
}
