/**
 * Tests of the to-do list, as requests: `todo_tests`, or `todo_tests pages` for those with "pages" in their
 * name. Each begins with an empty list: in memory, or, with `--database-url postgres://...`, because tests
 * are rolled back. PostgreSQL does not reuse ids then, so no test expects a certain id.
 */
#include "todo.h"

#include <tern/test.h>

#include <string.h>

/** Adds a todo and returns its address. */
static const char *add(tern_test *t, const char *title)
{
    tern_answer *a = tern_test_post(t, "/todos", .json = tern_test_sprintf(t, "{\"title\":\"%s\"}", title));
    tern_check_status(a, 201);
    return tern_answer_header_of(a, "Location");
}

TERN_TEST(the_list_is_empty_at_first)
{
    tern_answer *a = tern_test_get(t, "/todos");
    tern_check_status(a, 200);
    tern_check_header(a, "Content-Type", "application/json");
    tern_check_json(a, "", "{\"items\": [], \"total\": 0}");
}

TERN_TEST(a_new_todo_has_an_address_and_can_be_read_there)
{
    tern_answer *a = tern_test_post(t, "/todos", .json = "{\"title\":\"Water the plants\"}");
    tern_check_status(a, 201);
    tern_check_json(a, "/title", "\"Water the plants\"");
    tern_check_json(a, "/done", "false");

    a = tern_test_get(t, tern_answer_header_of(a, "Location"));
    tern_check_status(a, 200);
    tern_check_json(a, "/title", "\"Water the plants\"");
}

TERN_TEST(a_title_needs_a_character_and_has_at_most_120)
{
    tern_answer *a = tern_test_post(t, "/todos", .json = "{\"title\":\"\"}");
    tern_check_status(a, 422);
    tern_check_header(a, "Content-Type", "application/problem+json");
    tern_check_json(a, "/errors/0/location", "[\"body\", \"title\"]");
    tern_check_json(a, "/errors/0/code", "\"too_short\"");

    a = tern_test_post(t, "/todos", .json = tern_test_sprintf(t, "{\"title\":\"%0121d\"}", 0));
    tern_check_status(a, 422);
    tern_check_json(a, "/errors/0/code", "\"too_long\"");
}

TERN_TEST(a_client_cannot_choose_the_id)
{
    tern_answer *a = tern_test_post(t, "/todos", .json = "{\"id\":777777,\"title\":\"Milk\"}");
    tern_check_status(a, 201);
    tern_check(strcmp(tern_answer_header_of(a, "Location"), "/todos/777777") != 0);
    tern_check_status(tern_test_get(t, "/todos/777777"), 404);
}

TERN_TEST(only_the_fields_that_are_sent_are_changed)
{
    const char *milk = add(t, "Milk");
    tern_answer *a = tern_test_patch(t, milk, .json = "{\"done\":true}");
    tern_check_status(a, 200);
    tern_check_json(a, "/title", "\"Milk\"");
    tern_check_json(a, "/done", "true");

    a = tern_test_patch(t, milk, .json = "{\"title\":\"Oat milk\"}");
    tern_check_json(a, "/title", "\"Oat milk\"");
    tern_check_json(a, "/done", "true");
}

TERN_TEST(a_title_cannot_be_changed_to_null)
{
    const char *milk = add(t, "Milk");
    tern_check_status(tern_test_patch(t, milk, .json = "{\"title\":null}"), 422);
    tern_check_json(tern_test_get(t, milk), "/title", "\"Milk\"");
}

TERN_TEST(the_list_can_be_asked_for_what_is_done_or_not)
{
    add(t, "Milk");
    tern_test_patch(t, add(t, "Bread"), .json = "{\"done\":true}");

    tern_answer *a = tern_test_get(t, "/todos?done=true");
    tern_check_json(a, "/total", "1");
    tern_check_json(a, "/items/0/title", "\"Bread\"");
    a = tern_test_get(t, "/todos?done=false");
    tern_check_json(a, "/total", "1");
    tern_check_json(a, "/items/0/title", "\"Milk\"");
}

TERN_TEST(the_list_comes_in_pages)
{
    for (int i = 1; i <= 5; i++)
        add(t, tern_test_sprintf(t, "Number %d", i));
    tern_answer *a = tern_test_get(t, "/todos?page=2&size=2");
    tern_check_json(a, "/total", "5");
    tern_check_json(a, "/items/0/title", "\"Number 3\"");
    tern_check_json(a, "/items/1/title", "\"Number 4\"");
    tern_check_json(a, "/items/2", NULL);
    tern_check_json(tern_test_get(t, "/todos?page=2000000000"), "/items", "[]");
    tern_check_status(tern_test_get(t, "/todos?size=101"), 422);
    tern_check_status(tern_test_get(t, "/todos?page=0"), 422);
}

TERN_TEST(a_deleted_todo_is_gone_and_its_id_is_not_used_again)
{
    const char *milk = add(t, "Milk"), *bread = add(t, "Bread");
    tern_answer *a = tern_test_delete(t, milk);
    tern_check_status(a, 204);
    tern_check_body(a, "");
    tern_check_status(tern_test_get(t, milk), 404);
    tern_check_status(tern_test_delete(t, milk), 404);
    tern_check_status(tern_test_patch(t, milk, .json = "{\"done\":true}"), 404);
    tern_check_json(tern_test_get(t, "/todos"), "/items/0/title", "\"Bread\"");
    const char *eggs = add(t, "Eggs");
    tern_check(strcmp(eggs, milk) != 0 && strcmp(eggs, bread) != 0);
}

TERN_FUZZ(every_route_keeps_its_promises)
{
}

int main(int argc, char **argv)
{
    return tern_test_main(make_app, argc, argv);
}
