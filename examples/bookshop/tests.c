/** Tests of the bookshop, each with an empty database in memory. */
#include "bookshop.h"

#include <tern/test.h>

#define STAFF .headers = TERN_HEADERS("X-Staff: yes")

static void add_books(tern_test *t)
{
    tern_check_status(tern_test_post(t, "/authors", .json = "{\"name\":\"Ursula K. Le Guin\"}", STAFF), 201);
    const char *const books[] = {"The Dispossessed", "The Lathe of Heaven", "Always Coming Home"};
    for (int i = 0; i < 3; i++) {
        const char *json = tern_test_sprintf(
            t, "{\"title\":\"%s\",\"author_id\":1,\"price\":\"%d.50\",\"stock\":%d}", books[i], 10 + i, i);
        tern_check_status(tern_test_post(t, "/books", .json = json, STAFF), 201);
    }
}

TERN_TEST(a_new_book_has_an_address_and_can_be_read_there)
{
    add_books(t);
    tern_answer *a = tern_test_get(t, "/books/1");
    tern_check_status(a, 200);
    tern_check_json(a, "/title", "\"The Dispossessed\"");
    tern_check_json(a, "/price", "10.5");
    tern_check_json(a, "/blurb", "null");
    tern_check_json(a, "/author", NULL);
    a = tern_test_post(t, "/books", .json = "{\"title\":\"  Malafrena \",\"author_id\":1,\"price\":\"8\"}",
                       STAFF);
    tern_check_status(a, 201);
    tern_check_header(a, "Location", "/books/4");
    tern_check_json(a, "/title", "\"Malafrena\"");
}

TERN_TEST(a_list_has_pages_filters_an_order_and_chosen_fields)
{
    add_books(t);
    tern_answer *a = tern_test_get(t, "/books?size=2&fields=title");
    tern_check_json(a, "/items", "[{\"title\":\"Always Coming Home\"},{\"title\":\"The Dispossessed\"}]");
    tern_check_json(a, "/total", "3");
    a = tern_test_get(t, "/books?size=2&page=2&fields=title");
    tern_check_json(a, "/items", "[{\"title\":\"The Lathe of Heaven\"}]");
    a = tern_test_get(t, "/books?stock=2&fields=id");
    tern_check_json(a, "", "{\"items\":[{\"id\":3}],\"total\":1}");
    a = tern_test_get(t, "/books?order=-price,id&fields=id");
    tern_check_json(a, "/items", "[{\"id\":3},{\"id\":2},{\"id\":1}]");
}

TERN_TEST(a_list_refuses_what_is_no_field_and_pages_too_large)
{
    tern_answer *a = tern_test_get(t, "/books?order=password");
    tern_check_status(a, 422);
    tern_check_json(a, "/errors/0/location", "[\"query\",\"order\"]");
    tern_check_status(tern_test_get(t, "/books?fields=id,nothing"), 422);
    a = tern_test_get(t, "/books?size=101");
    tern_check_status(a, 422);
    tern_check_json(a, "/errors/0/max", "100");
}

TERN_TEST(a_list_can_be_searched_by_words)
{
    add_books(t);
    tern_test_patch(t, "/books/3", .json = "{\"blurb\":\"Heaven is a valley, heaven a river.\"}", STAFF);
    tern_answer *a = tern_test_get(t, "/books?search=heaven&fields=id&order=-id");
    tern_check_json(a, "", "{\"items\":[{\"id\":3},{\"id\":2}],\"total\":2}");
    a = tern_test_get(t, "/books?search=the+dispos*&fields=id");
    tern_check_json(a, "", "{\"items\":[{\"id\":1}],\"total\":1}");
    a = tern_test_get(t, "/books?search=%22lathe+of%22&stock=1&fields=id");
    tern_check_json(a, "", "{\"items\":[{\"id\":2}],\"total\":1}");
    a = tern_test_get(t, "/books?search=heaven&size=1&page=2&order=id&fields=id");
    tern_check_json(a, "", "{\"items\":[{\"id\":3}],\"total\":2}");
    tern_check_json(tern_test_get(t, "/books?search=heaven&stock=0"), "/total", "0");
    tern_check_json(tern_test_get(t, "/books?search="), "/total", "3");
    tern_check_json(tern_test_get(t, "/books?search=%22%29+OR+NEAR%28*"), "/total", "0");
    tern_check_status(tern_test_get(t, "/authors?search=x"), 200);
}

TERN_TEST(the_search_is_described_where_there_is_one)
{
    tern_answer *a = tern_test_get(t, "/openapi.json");
    tern_check_json(a, "/paths/~1books/get/parameters/11/name", "\"search\"");
    tern_check_json(a, "/paths/~1authors/get/parameters/6/name", "\"after\"");
}

TERN_TEST(a_patch_changes_what_is_sent_and_nothing_else)
{
    add_books(t);
    tern_answer *a = tern_test_patch(t, "/books/2", .json = "{\"stock\":7,\"blurb\":\"Dreams.\"}", STAFF);
    tern_check_status(a, 200);
    tern_check_json(a, "/stock", "7");
    tern_check_json(a, "/title", "\"The Lathe of Heaven\"");
    a = tern_test_patch(t, "/books/2", .json = "{\"blurb\":null}", STAFF);
    tern_check_json(a, "/blurb", "null");
    tern_check_json(tern_test_get(t, "/books/2"), "/stock", "7");
    a = tern_test_patch(t, "/books/2", .json = "{\"title\":null}", STAFF);
    tern_check_status(a, 422);
    tern_check_json(a, "/errors/0/location", "[\"body\",\"title\"]");
    tern_check_status(tern_test_patch(t, "/books/2", .json = "{\"stock\":-1}", STAFF), 422);
    tern_check_status(tern_test_patch(t, "/books/99", .json = "{\"stock\":1}", STAFF), 404);
}

TERN_TEST(threat_099_a_client_cannot_set_what_is_not_its_to_set)
{
    add_books(t);
    tern_answer *before = tern_test_get(t, "/books/1");
    tern_answer *a =
        tern_test_patch(t, "/books/1", .json = "{\"id\":77,\"added\":\"2001-01-01T00:00:00Z\"}", STAFF);
    tern_check_status(a, 200);
    a = tern_test_get(t, "/books/1");
    tern_check_body(a, before->body);
    tern_check_status(tern_test_get(t, "/books/77"), 404);
}

TERN_TEST(a_put_replaces_every_field)
{
    add_books(t);
    tern_test_patch(t, "/books/1", .json = "{\"blurb\":\"x\"}", STAFF);
    tern_answer *a =
        tern_test_put(t, "/books/1", .json = "{\"title\":\"New\",\"author_id\":1,\"price\":\"1.00\"}", STAFF);
    tern_check_status(a, 200);
    a = tern_test_get(t, "/books/1");
    tern_check_json(a, "/title", "\"New\"");
    tern_check_json(a, "/blurb", "null");
    tern_check_json(a, "/stock", "0");
    tern_check_status(tern_test_put(t, "/books/1", .json = "{\"title\":\"New\"}", STAFF), 422);
}

TERN_TEST(a_deleted_book_is_gone)
{
    add_books(t);
    tern_check_status(tern_test_delete(t, "/books/1", STAFF), 204);
    tern_check_status(tern_test_get(t, "/books/1"), 404);
    tern_check_status(tern_test_delete(t, "/books/1", STAFF), 404);
}

TERN_TEST(only_the_staff_writes)
{
    add_books(t);
    tern_check_status(tern_test_post(t, "/authors", .json = "{\"name\":\"x\"}"), 403);
    tern_check_status(tern_test_patch(t, "/books/1", .json = "{\"stock\":1}"), 403);
    tern_check_status(tern_test_delete(t, "/books/1"), 403);
    tern_check_status(tern_test_get(t, "/books/1"), 200);
}

TERN_TEST(who_may_write_is_described)
{
    tern_answer *a = tern_test_get(t, "/openapi.json");
    tern_check_json(a, "/paths/~1authors/post/parameters/0/name", "\"X-Staff\"");
    tern_check_json(a, "/paths/~1authors/post/responses/403/description", "\"Forbidden\"");
    tern_check_json(a, "/paths/~1authors~1{id}/get/responses/403", NULL);
}

TERN_TEST(whoever_writes_is_staff_in_a_test_that_says_so)
{
    tern_test_provide_value(t, staff, NULL);
    tern_check_status(tern_test_post(t, "/authors", .json = "{\"name\":\"x\"}"), 201);
}

TERN_TEST(breaches_are_answered_by_field)
{
    add_books(t);
    tern_answer *a = tern_test_post(t, "/authors", .json = "{\"name\":\"Ursula K. Le Guin\"}", STAFF);
    tern_check_status(a, 409);
    tern_check_json(a, "/errors/0/location", "[\"body\",\"name\"]");
    tern_check_json(a, "/errors/0/code", "\"unique\"");
    a = tern_test_post(t, "/books", .json = "{\"title\":\"x\",\"author_id\":9,\"price\":\"1\"}", STAFF);
    tern_check_status(a, 409);
    tern_check_status(tern_test_delete(t, "/authors/1", STAFF), 409);
}

TERN_TEST(an_order_takes_all_or_nothing)
{
    add_books(t);
    tern_answer *a = tern_test_post(
        t, "/orders", .json = "{\"lines\":[{\"book_id\":3,\"copies\":1},{\"book_id\":2,\"copies\":1}]}");
    tern_check_status(a, 200);
    tern_check_json(a, "/copies", "2");
    a = tern_test_post(t, "/orders",
                       .json = "{\"lines\":[{\"book_id\":3,\"copies\":1},{\"book_id\":2,\"copies\":1}]}");
    tern_check_status(a, 409);
    tern_check_json(tern_test_get(t, "/books/3"), "/stock", "1");
}

TERN_TEST(the_shelf_has_what_is_there_with_its_authors)
{
    add_books(t);
    tern_answer *a = tern_test_get(t, "/shelf");
    tern_check_json(a, "/0/title", "\"Always Coming Home\"");
    tern_check_json(a, "/0/author", "{\"id\":1,\"name\":\"Ursula K. Le Guin\"}");
    tern_check_json(a, "/2", NULL);
}

TERN_FUZZ(every_route_keeps_its_promises, STAFF)
{
}

int main(int argc, char **argv)
{
    return tern_test_main(make_app, argc, argv);
}
