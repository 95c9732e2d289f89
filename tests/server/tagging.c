/* Entity tags and related rows of resources: test_tagging.py runs these tests on both engines, and also runs
 * the program as a server. */
#include <tern.h>
#include <tern/test.h>

#include <stdlib.h>
#include <string.h>

/* clang-format off */
TERN_MODEL(Note,
    (int64_t,      id,      .key = true),
    (const char *, text,    .optional = true),
    (int,          stars,   .fallback = "0"),
    (int,          version, .version = true))
TERN_MODEL(Label,
    (const char *, name,  .key = true, .max_length = 5000),
    (int,          price, .fallback = "1"))
TERN_FORWARD(Novel);
TERN_MODEL(Writer,
    (int64_t,      id,   .key = true),
    (const char *, name))
TERN_MODEL(Theme,
    (int64_t,      id,   .key = true),
    (const char *, name))
TERN_MODEL(NovelTheme,
    (int64_t, novel_id, .key = true, .references = TERN_TYPE(Novel)),
    (int64_t, theme_id, .key = true, .references = TERN_TYPE(Theme)))
TERN_MODEL(Novel,
    (int64_t,      id,        .key = true),
    (const char *, title),
    (int64_t,      writer_id, .references = TERN_TYPE(Writer)),
    (Writer,       writer,    .optional = true, .via = "writer_id", .json = "by"),
    (Theme_list,   themes,    .optional = true, .through = TERN_TYPE(NovelTheme)))
/* clang-format on */

static tern_app *make_app(void)
{
    tern_app *app = tern_app_new(.title = "Tags", .version = "1.0");
    tern_database(app, TERN_TYPE(Note), TERN_TYPE(Label), TERN_TYPE(Writer), TERN_TYPE(Theme),
                  TERN_TYPE(Novel), TERN_TYPE(NovelTheme));
    tern_resource(app, "/notes", TERN_TYPE(Note));
    tern_resource(app, "/strict", TERN_TYPE(Note), .need_if_match = true);
    tern_resource(app, "/labels", TERN_TYPE(Label));
    tern_resource(app, "/writers", TERN_TYPE(Writer));
    tern_resource(app, "/themes", TERN_TYPE(Theme));
    tern_resource(app, "/novels", TERN_TYPE(Novel), .includes = "writer, themes");
    tern_resource(app, "/novel-themes", TERN_TYPE(NovelTheme));
    return app;
}

/* -- entity tags -- */

static const char *tag_of(tern_test *t, const char *path)
{
    tern_answer *a = tern_test_get(t, path);
    tern_check_status(a, 200);
    tern_check(tern_answer_header_of(a, "ETag") != NULL);
    return tern_answer_header_of(a, "ETag");
}

#define IF_MATCH(tag)      .headers = TERN_HEADERS(tern_test_sprintf(t, "If-Match: %s", tag))
#define IF_NONE_MATCH(tag) .headers = TERN_HEADERS(tern_test_sprintf(t, "If-None-Match: %s", tag))

/** A new row's address. */
static const char *new_row(tern_test *t, const char *path, const char *json)
{
    tern_answer *a = tern_test_post(t, path, .json = json);
    tern_check_status(a, 201);
    const char *location = tern_answer_header_of(a, "Location");
    tern_check_text(tern_answer_header_of(a, "ETag"), tag_of(t, location));
    return location;
}

static const struct {
    const char *path, *first, *second;
} tagged[] = {{"/notes", "{\"text\":\"a\"}", "{\"text\":\"b\"}"},
              {"/labels", "{\"name\":\"x\"}", "{\"price\":2}"}};
enum { TAGGED = sizeof tagged / sizeof *tagged };

TERN_TEST(a_row_that_is_known_is_304)
{
    for (size_t i = 0; i < TAGGED; i++) {
        const char *at = new_row(t, tagged[i].path, tagged[i].first), *tag = tag_of(t, at);
        tern_answer *a = tern_test_get(t, at, IF_NONE_MATCH(tag));
        tern_check_status(a, 304);
        tern_check_header(a, "ETag", tag);
        tern_check_text(a->body, "");
        tern_check_status(tern_test_get(t, at, IF_NONE_MATCH("*")), 304);
        tern_check_status(tern_test_get(t, at, IF_NONE_MATCH(tern_test_sprintf(t, "W/%s", tag))), 304);
        tern_check_status(tern_test_get(t, at, IF_NONE_MATCH(tern_test_sprintf(t, "\"a,b\", ,%s", tag))),
                          304);
        tern_check_status(tern_test_get(t, at, IF_NONE_MATCH("\"other\"")), 200);
        tern_check_status(tern_test_get(t, at, IF_NONE_MATCH("nonsense")), 200);
        tern_check_status(tern_test_send(t, "HEAD", at, IF_NONE_MATCH(tag)), 304);
        tern_check_status(tern_test_get(t, at, IF_MATCH("\"other\"")), 412);
        tern_check_status(tern_test_get(t, at, IF_MATCH(tag)), 200);
        tern_check_status(tern_test_patch(t, at, .json = tagged[i].second), 200);
        tern_check_status(tern_test_get(t, at, IF_NONE_MATCH(tag)), 200);
    }
}

TERN_TEST(a_write_of_a_row_that_was_changed_since_is_412)
{
    for (size_t i = 0; i < TAGGED; i++) {
        const char *at = new_row(t, tagged[i].path, tagged[i].first), *old = tag_of(t, at);
        tern_answer *a = tern_test_patch(t, at, .json = tagged[i].second, IF_MATCH(old));
        tern_check_status(a, 200);
        tern_check_text(tern_answer_header_of(a, "ETag"), tag_of(t, at));
        tern_check_status(tern_test_patch(t, at, .json = tagged[i].second, IF_MATCH(old)), 412);
        tern_check_status(tern_test_put(t, at, .json = "{}", IF_MATCH(old)), 412);
        tern_check_status(tern_test_delete(t, at, IF_MATCH(old)), 412);
        const char *tag = tag_of(t, at);
        tern_check_status(tern_test_delete(t, at, IF_MATCH(tern_test_sprintf(t, "W/%s", tag))), 412);
        a = tern_test_delete(t, at, IF_MATCH(tern_test_sprintf(t, "W/%s", tag)));
        tern_check(strstr(a->body, "needs a strong tag") != NULL);
        tern_check_status(tern_test_delete(t, at, IF_NONE_MATCH("*")), 412);
        tern_check_status(tern_test_put(t, at, .json = "{}", IF_NONE_MATCH(tag)), 412);
        tern_check_status(tern_test_put(t, at, .json = "{}", IF_MATCH("nonsense")), 400);
        tern_check_status(tern_test_put(t, at, .json = "{}", IF_NONE_MATCH("*, \"a\"")), 400);
        a = tern_test_put(t, at, .json = "{}", IF_MATCH(tern_test_sprintf(t, "\"other\", %s", tag)));
        tern_check_status(a, 200);
        tern_check_header(a, "ETag", NULL); /* RFC 9110 section 9.3.4 */
        tern_check_status(tern_test_put(t, at, .json = "{}", IF_MATCH("*")), 200);
        tern_check_status(tern_test_delete(t, at, IF_MATCH(tag_of(t, at))), 204);
        tern_check_status(tern_test_delete(t, at, IF_MATCH("*")),
                          404); /* without a row, no condition is checked */
        tern_check_status(tern_test_put(t, at, .json = "{}", IF_NONE_MATCH("*")), 404);
    }
}

TERN_TEST(a_row_made_again_has_another_tag_than_the_one_before)
{
    const char *at = new_row(t, "/notes", "{\"text\":\"a\"}"), *old = tag_of(t, at);
    tern_check_status(tern_test_patch(t, at, .json = "{\"text\":\"b\"}"), 200);
    tern_check_status(tern_test_patch(t, at, .json = "{\"text\":\"a\"}"), 200);
    tern_check(strcmp(tag_of(t, at), old) != 0); /* its version */
    at = new_row(t, "/labels", "{\"name\":\"y\",\"price\":1}");
    old = tag_of(t, at);
    tern_check_status(tern_test_delete(t, at), 204);
    tern_check(strcmp(tag_of(t, new_row(t, "/labels", "{\"name\":\"y\",\"price\":2}")), old) != 0);
}

TERN_TEST(a_resource_may_need_if_match)
{
    const char *at = new_row(t, "/strict", "{\"text\":\"a\"}");
    tern_check_status(tern_test_patch(t, at, .json = "{}"), 428);
    tern_check_status(tern_test_put(t, at, .json = "{}"), 428);
    tern_check_status(tern_test_delete(t, at), 428);
    tern_check_status(tern_test_delete(t, "/strict/999999"), 404);
    tern_check_status(tern_test_patch(t, at, .json = "{\"text\":\"c\"}", IF_MATCH("\"x\"")), 412);
    tern_check_status(tern_test_patch(t, at, .json = "{\"text\":\"b\"}", IF_MATCH(tag_of(t, at))), 200);
    tern_check_status(tern_test_delete(t, at, IF_MATCH("*")), 204);
}

TERN_TEST(a_list_that_is_known_is_304)
{
    for (int i = 0; i < 3; i++)
        new_row(t, "/notes", "{}");
    const char *tag = tag_of(t, "/notes?size=2");
    tern_check_status(tern_test_get(t, "/notes?size=2", IF_NONE_MATCH(tag)), 304);
    tern_check_status(tern_test_get(t, "/notes?size=3", IF_NONE_MATCH(tag)), 200);
    new_row(t, "/notes", "{}");
    tern_check_status(tern_test_get(t, "/notes?size=2", IF_NONE_MATCH(tag)), 200); /* its total */
}

TERN_TEST(the_document_has_tags_and_conditions)
{
    tern_answer *a = tern_test_get(t, "/openapi.json");
    tern_check_json(a, "/paths/~1notes~1{id}/get/responses/304/headers/ETag/schema/type", "\"string\"");
    tern_check_json(a, "/paths/~1notes~1{id}/get/responses/200/headers/ETag/schema/type", "\"string\"");
    tern_check_json(a, "/paths/~1notes/post/responses/201/headers/ETag/schema/type", "\"string\"");
    tern_check_json(a, "/paths/~1notes~1{id}/put/responses/200/headers", NULL);
    tern_check_json(a, "/paths/~1notes~1{id}/delete/responses/412/description", "\"Precondition Failed\"");
    tern_check_json(a, "/paths/~1notes~1{id}/delete/responses/428", NULL);
    tern_check_json(a, "/paths/~1strict~1{id}/delete/responses/428/description", "\"Precondition Required\"");
    tern_check_json(
        a, "/paths/~1strict~1{id}/delete/parameters/1",
        "{\"name\":\"If-Match\",\"in\":\"header\",\"required\":true,\"schema\":{\"type\":\"string\"}}");
}

/* -- related rows -- */

static void check_refused(tern_test *t, const char *path, const char *name, const char *code)
{
    tern_answer *a = tern_test_get(t, path);
    tern_check_status(a, 422);
    tern_check_json(a, "/errors/0/location", tern_test_sprintf(t, "[\"query\",\"%s\"]", name));
    tern_check_json(a, "/errors/0/code", tern_test_sprintf(t, "\"%s\"", code));
}

/** Two novels of one writer, the second with two themes. */
static const char *add_novels(tern_test *t)
{
    const char *writer = new_row(t, "/writers", "{\"name\":\"Le Guin\"}") + strlen("/writers/");
    const char *first = tern_test_sprintf(t, "{\"title\":\"Malafrena\",\"writer_id\":%s}", writer),
               *second = tern_test_sprintf(t, "{\"title\":\"The Dispossessed\",\"writer_id\":%s}", writer);
    new_row(t, "/novels", first);
    const char *at = new_row(t, "/novels", second);
    for (int i = 0; i < 2; i++) {
        const char *theme =
            new_row(t, "/themes", i == 0 ? "{\"name\":\"anarchy\"}" : "{\"name\":\"moons\"}") +
            strlen("/themes/");
        new_row(t, "/novel-themes",
                tern_test_sprintf(t, "{\"novel_id\":%s,\"theme_id\":%s}", at + strlen("/novels/"), theme));
    }
    return at;
}

TERN_TEST(related_rows_are_included_on_request)
{
    const char *at = add_novels(t);
    tern_answer *a = tern_test_get(t, at);
    tern_check(tern_value_find(tern_answer_json(a), "/by/name") == NULL);
    a = tern_test_get(t, tern_test_sprintf(t, "%s?include=by,themes", at));
    tern_check_json(a, "/by/name", "\"Le Guin\"");
    tern_check_json(a, "/themes/1/name", "\"moons\"");
    a = tern_test_get(t, "/novels?include=themes&order=title");
    tern_check_json(a, "/items/0/themes", "[]");
    tern_check_json(a, "/items/1/themes/0/name", "\"anarchy\"");
    tern_check(tern_value_find(tern_answer_json(a), "/items/0/by/name") == NULL);
    a = tern_test_get(t, "/novels?include=by&fields=title&order=title&size=1");
    tern_check_json(a, "/items/0/by/name", "\"Le Guin\"");
    tern_check_json(a, "/items/0/id", NULL);
    tern_check_text(tern_test_get(t, "/novels?include=")->body, tern_test_get(t, "/novels")->body);
}

TERN_TEST(a_name_that_is_not_to_be_included_is_422_with_those_that_are)
{
    const char *at = add_novels(t);
    static const char *const names[] = {"author", "title", "by,x", ",", "by,,themes", "writer", "BY", NULL};
    for (size_t i = 0; names[i] != NULL; i++) {
        check_refused(t, tern_test_sprintf(t, "/novels?include=%s", names[i]), "include", "not_a_relation");
        check_refused(t, tern_test_sprintf(t, "%s?include=%s", at, names[i]), "include", "not_a_relation");
    }
    tern_check_json(tern_test_get(t, "/novels?include=x"), "/errors/0/message", "\"must be of: by, themes\"");
    tern_check_status(tern_test_get(t, "/notes?include=x"),
                      200); /* an unknown name in the query, as in any other route */
}

TERN_TEST(the_document_lists_the_relations_that_may_be_included)
{
    tern_answer *a = tern_test_get(t, "/openapi.json");
    tern_check_json(a, "/paths/~1novels~1{id}/get/parameters/1/schema/items/enum", "[\"by\",\"themes\"]");
    tern_check(strstr(a->body, "\"name\":\"include\"") != NULL);
    tern_check_json(a, "/paths/~1novels~1{id}/get/parameters/1/name", "\"include\"");
    tern_check_json(a, "/paths/~1notes~1{id}/get/parameters/1/name", "\"If-None-Match\"");
}

TERN_TEST(a_row_with_related_ones_has_another_tag_that_is_valid_for_writing)
{
    const char *at = add_novels(t), *with = tern_test_sprintf(t, "%s?include=themes", at);
    const char *tag = tag_of(t, with);
    tern_check(strcmp(tag, tag_of(t, at)) != 0);
    tern_check_status(tern_test_get(t, with, IF_NONE_MATCH(tag)), 304);
    tern_check_status(tern_test_get(t, at, IF_NONE_MATCH(tag)), 200);
    tern_check_status(tern_test_patch(t, at, .json = "{\"title\":\"An Ambiguous Utopia\"}", IF_MATCH(tag)),
                      200);
    tern_check_status(tern_test_patch(t, at, .json = "{\"title\":\"x\"}", IF_MATCH(tag)), 412);
}

/** Runs the tests with --tap, as test_tagging.py calls them; otherwise a server. */
int main(int argc, char **argv)
{
    setenv("TERN_DATABASE_URL", "sqlite::memory:", 0);
    if (argc > 1 && strcmp(argv[1], "--tap") == 0)
        return tern_test_main(make_app, argc, argv);
    return tern_run(make_app(), argc, argv);
}
