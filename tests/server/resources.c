/* Resources whose rows are not visible to every client: test_resources.py runs these tests. */
#include <tern.h>
#include <tern/test.h>

#include <stdlib.h>
#include <string.h>

/* clang-format off */
TERN_MODEL(Box,
    (int64_t,      id,    .key = true, .read_only = true),
    (const char *, owner, .max_length = 20),
    (int,          size,  .fallback = "1"),
    (const char *, label, .optional = true, .json = "onTop", .column = "top_label"))
TERN_MODEL(Seat,
    (int,          row,    .key = true),
    (int64_t,      number, .key = true),
    (const char *, guest,  .optional = true, .max_length = 20))
TERN_MODEL(Ticket,
    (tern_uuid, id,    .key = true),
    (int,       price, .min = 0))
TERN_MODEL(Letter,
    (int64_t,       id,      .key = true),
    (const char *,  text,    .optional = true, .max_length = 20),
    (int,           weight,  .fallback = "1"),
    (int,           version, .version = true),
    (tern_datetime, sent,    .created = true),
    (tern_datetime, changed, .updated = true))
TERN_MODEL(Label,
    (const char *, name,  .key = true),
    (tern_decimal, price, .optional = true),
    (tern_any,     extra, .optional = true))
TERN_MODEL(Branch,
    (const char *, repository, .key = true),
    (const char *, name,       .key = true),
    (const char *, head,       .optional = true))
/* clang-format on */

static tern_selection own_boxes(tern_ctx *c)
{
    return tern_where(c, "owner = ?", tern_header(c, "X-Owner"));
}

static tern_selection printed_boxes(tern_ctx *c)
{
    return (tern_selection){.where = tern_sprintf(c, "owner = '%s'", tern_header(c, "X-Owner"))};
}

TERN_HANDLER(no_labels)
{
    return tern_text(c, "none");
}

TERN_HANDLER(make_label, Label, in)
{
    tern_insert(c, Label, in);
    return tern_created(c, Label, in);
}

static tern_app *make_app(void)
{
    tern_app *app = tern_app_new(.title = "Boxes", .version = "1.0");
    tern_database(app, TERN_TYPE(Box), TERN_TYPE(Seat), TERN_TYPE(Ticket), TERN_TYPE(Letter),
                  TERN_TYPE(Label), TERN_TYPE(Branch));
    tern_resource(app, "/boxes", TERN_TYPE(Box), .visible = own_boxes);
    tern_resource(app, "/printed", TERN_TYPE(Box), .visible = printed_boxes);
    tern_resource(app, "/seats", TERN_TYPE(Seat));
    tern_resource(app, "/tickets", TERN_TYPE(Ticket));
    tern_resource(app, "/letters", TERN_TYPE(Letter));
    tern_resource(app, "/labels", TERN_TYPE(Label));
    tern_get(app, "/labels/none", no_labels);
    tern_post(app, "/made-labels", make_label, .returns = TERN_TYPE(Label), .status = 201);
    tern_resource(app, "/branches", TERN_TYPE(Branch), .allow_encoded_slashes = true);
    return app;
}

#define ANN .headers = TERN_HEADERS("X-Owner: ann")
#define BOB .headers = TERN_HEADERS("X-Owner: bob")

static void add_boxes(tern_test *t)
{
    tern_check_status(tern_test_post(t, "/boxes", .json = "{\"owner\":\"ann\",\"size\":2}", ANN), 201);
    tern_check_status(tern_test_post(t, "/boxes", .json = "{\"owner\":\"bob\",\"size\":3}", BOB), 201);
}

TERN_TEST(rows_of_others_are_not_there)
{
    add_boxes(t);
    tern_check_json(tern_test_get(t, "/boxes?fields=id", ANN), "", "{\"items\":[{\"id\":1}],\"total\":1}");
    tern_check_json(tern_test_get(t, "/boxes?fields=id&owner=bob", ANN), "", "{\"items\":[],\"total\":0}");
    tern_check_json(tern_test_get(t, "/boxes?fields=id&owner=ann&onTop=x", ANN), "/total", "0");
    tern_check_status(tern_test_get(t, "/boxes/1", ANN), 200);
    tern_check_status(tern_test_get(t, "/boxes/1", BOB), 404);
    tern_check_status(tern_test_patch(t, "/boxes/1", .json = "{\"size\":9}", BOB), 404);
    tern_check_status(tern_test_put(t, "/boxes/1", .json = "{\"owner\":\"bob\"}", BOB), 404);
    tern_check_status(tern_test_delete(t, "/boxes/1", BOB), 404);
    tern_check_status(tern_test_delete(t, "/boxes/1", ANN), 204);
}

TERN_TEST(threat_100_a_formatted_visibility_condition_is_refused)
{
    add_boxes(t);
    const char *const all = "X-Owner: x' or '1'='1";
    tern_check_status(tern_test_get(t, "/printed", .headers = TERN_HEADERS(all)), 500);
    tern_check_status(tern_test_get(t, "/printed?owner=ann", .headers = TERN_HEADERS(all)), 500);
    tern_check_status(tern_test_get(t, "/printed/1", .headers = TERN_HEADERS(all)), 500);
}

TERN_TEST(size_is_the_pages_even_where_a_field_has_that_name)
{
    add_boxes(t);
    tern_check_status(tern_test_post(t, "/boxes", .json = "{\"owner\":\"ann\",\"size\":5}", ANN), 201);
    tern_answer *a = tern_test_get(t, "/boxes?size=1&fields=id", ANN);
    tern_check_json(a, "/items", "[{\"id\":1}]");
    tern_check_json(a, "/total", "2");
}

TERN_TEST(an_order_is_by_the_names_that_clients_know)
{
    add_boxes(t);
    tern_check_status(tern_test_get(t, "/boxes?order=-onTop,id", ANN), 200);
    tern_check_status(tern_test_get(t, "/boxes?order=top_label", ANN), 422);
}

static void add_seat(tern_test *t)
{
    tern_answer *a = tern_test_post(t, "/seats", .json = "{\"row\":3,\"number\":14,\"guest\":\"ann\"}");
    tern_check_status(a, 201);
    tern_check_header(a, "Location", "/seats/3/14");
    tern_check_json(a, "", "{\"row\":3,\"number\":14,\"guest\":\"ann\"}");
}

TERN_TEST(a_row_with_a_key_of_two_numbers_lives_by_both)
{
    add_seat(t);
    tern_check_json(tern_test_get(t, "/seats/3/14"), "/guest", "\"ann\"");
    tern_check_status(tern_test_get(t, "/seats/14/3"), 404);
    tern_check_json(tern_test_patch(t, "/seats/3/14", .json = "{\"guest\":\"bob\",\"row\":9}"), "",
                    "{\"row\":3,\"number\":14,\"guest\":\"bob\"}");
    tern_check_json(tern_test_put(t, "/seats/3/14", .json = "{\"guest\":\"eve\",\"number\":9}"), "",
                    "{\"row\":3,\"number\":14,\"guest\":\"eve\"}");
    tern_check_status(tern_test_delete(t, "/seats/3/14"), 204);
    tern_check_status(tern_test_get(t, "/seats/3/14"), 404);
}

TERN_TEST(a_key_without_another_source_must_be_sent)
{
    tern_answer *a = tern_test_post(t, "/seats", .json = "{\"row\":3}");
    tern_check_status(a, 422);
    tern_check_json(a, "/errors/0/location", "[\"body\",\"number\"]");
    add_seat(t);
    tern_check_status(tern_test_post(t, "/seats", .json = "{\"row\":3,\"number\":14}"), 409);
}

TERN_TEST(the_document_asks_for_the_key_only_where_a_row_is_created)
{
    tern_answer *a = tern_test_get(t, "/openapi.json");
    const char *const post = "/paths/~1seats/post/requestBody/content/application~1json/schema/$ref";
    const char *const put =
        "/paths/~1seats~1{row}~1{number}/put/requestBody/content/application~1json/schema/$ref";
    tern_check_json(a, post, "\"#/components/schemas/Seat\"");
    tern_check_json(a, "/components/schemas/Seat/required", "[\"row\",\"number\"]");
    tern_check_json(a, put, "\"#/components/schemas/SeatInput\"");
    tern_check_json(a, "/components/schemas/SeatInput/properties/row", NULL);
    tern_check_json(a, "/components/schemas/SeatInput/properties/number", NULL);
}

TERN_TEST(a_limit_of_0_applies_to_every_kind_of_write)
{
    const char *const id = "/tickets/0190a8f0-1111-7000-8000-000000000001";
    tern_check_status(tern_test_post(t, "/tickets", .json = "{\"price\":-1}"), 422);
    tern_check_status(tern_test_post(t, "/tickets",
                                     .json = "{\"id\":\"0190a8f0-1111-7000-8000-000000000001\",\"price\":0}"),
                      201);
    tern_check_status(tern_test_put(t, id, .json = "{\"price\":-1}"), 422);
    tern_check_status(tern_test_patch(t, id, .json = "{\"price\":-1}"), 422);
}

TERN_TEST(a_uuid_key_is_drawn_unless_it_is_sent)
{
    tern_answer *a = tern_test_post(t, "/tickets", .json = "{\"price\":5}");
    tern_check_status(a, 201);
    tern_check_status(tern_test_get(t, "/tickets/00000000-0000-0000-0000-000000000000"), 404);
    a = tern_test_post(t, "/tickets",
                       .json = "{\"id\":\"0190a8f0-1111-7000-8000-000000000001\",\"price\":5}");
    tern_check_header(a, "Location", "/tickets/0190a8f0-1111-7000-8000-000000000001");
}

TERN_TEST(times_and_a_first_version_are_neither_demanded_nor_taken)
{
    const char *const old = "2001-01-01T00:00:00Z";
    tern_answer *a = tern_test_post(
        t, "/letters",
        .json = tern_test_sprintf(t, "{\"text\":\"hi\",\"version\":7,\"sent\":\"%s\",\"changed\":\"%s\"}",
                                  old, old));
    tern_check_status(a, 201);
    tern_check_json(a, "/version", "1");
    tern_check_status(tern_test_post(t, "/letters", .json = "{\"text\":\"ho\"}"), 201);
    a = tern_test_patch(t, "/letters/1", .json = "{\"sent\":\"2001-01-01T00:00:00Z\"}");
    tern_check_status(a, 200);
    tern_check_json(tern_test_get(t, "/letters?sent=2001-01-01T00:00:00Z"), "/total", "0");
    tern_check(strstr(a->body, old) == NULL);
}

TERN_TEST(a_version_that_was_sent_must_be_the_rows)
{
    tern_check_status(tern_test_post(t, "/letters", .json = "{\"text\":\"hi\"}"), 201);
    tern_answer *a = tern_test_patch(t, "/letters/1", .json = "{\"weight\":2,\"version\":1}");
    tern_check_json(a, "/version", "2");
    tern_check_status(tern_test_patch(t, "/letters/1", .json = "{\"weight\":3,\"version\":1}"), 409);
    tern_check_status(tern_test_put(t, "/letters/1", .json = "{\"weight\":3,\"version\":1}"), 409);
    tern_check_json(tern_test_put(t, "/letters/1", .json = "{\"weight\":3,\"version\":2}"), "/version", "3");
    tern_check_json(tern_test_put(t, "/letters/1", .json = "{\"weight\":4}"), "/version", "4");
    tern_check_json(tern_test_get(t, "/letters/1"), "/weight", "4");
}

TERN_TEST(a_replaced_row_shows_missing_fields_as_null)
{
    tern_check_status(tern_test_post(t, "/seats", .json = "{\"row\":1,\"number\":2,\"guest\":\"ann\"}"), 201);
    tern_check_json(tern_test_put(t, "/seats/1/2", .json = "{}"), "",
                    "{\"row\":1,\"number\":2,\"guest\":null}");
}

/* -- keys in paths -- */

static const char *const addressable[] = {"a b",
                                          "100%",
                                          "what?",
                                          "#1",
                                          "a;b",
                                          "a+b",
                                          "\xc3\xa4",
                                          "\xe2\x82\xac/",
                                          ".a",
                                          "...",
                                          "a.",
                                          "\xf0\x9f\xa6\x86",
                                          "'\"<>|^`{}[]",
                                          "~-_.!",
                                          "a&b=c",
                                          "http://www.example.org/a?b",
                                          "subject:hiv/aids",
                                          "%2F",
                                          "caf\x65\xcc\x81",
                                          "a:b@c,d*e(f)$",
                                          NULL};

/** The text as a JSON string. */
static const char *quoted(tern_test *t, const char *text)
{
    const char *json = "";
    for (; *text != '\0'; text++)
        json = (unsigned char)*text < 0x20 || *text == '"' || *text == '\\'
                   ? tern_test_sprintf(t, "%s\\u%04x", json, (unsigned char)*text)
                   : tern_test_sprintf(t, "%s%c", json, *text);
    return tern_test_sprintf(t, "\"%s\"", json);
}

TERN_TEST(the_location_of_a_new_row_leads_to_it)
{
    for (size_t i = 0; addressable[i] != NULL; i++) {
        if (strchr(addressable[i], '/') != NULL)
            continue;
        const char *name = quoted(t, addressable[i]);
        tern_answer *a = tern_test_post(t, "/labels", .json = tern_test_sprintf(t, "{\"name\":%s}", name));
        tern_check_status(a, 201);
        tern_check_json(tern_test_get(t, tern_answer_header_of(a, "Location")), "/name", name);
        a = tern_test_delete(t, tern_answer_header_of(a, "Location"));
        tern_check_status(a, 204);
    }
}

TERN_TEST(a_slash_in_a_key_is_encoded_where_the_resource_accepts_it)
{
    for (size_t i = 0; addressable[i] != NULL; i++) {
        const char *name = quoted(t, addressable[i]);
        tern_answer *a = tern_test_post(
            t, "/branches", .json = tern_test_sprintf(t, "{\"repository\":\"a/b\",\"name\":%s}", name));
        tern_check_status(a, 201);
        const char *location = tern_answer_header_of(a, "Location");
        tern_check(strncmp(location, "/branches/a%2Fb/", 16) == 0);
        tern_check_json(tern_test_get(t, location), "/name", name);
        tern_check_json(tern_test_patch(t, location, .json = "{\"head\":\"x\"}"), "/head", "\"x\"");
        tern_check_status(tern_test_delete(t, location), 204);
        tern_check_status(tern_test_get(t, location), 404);
    }
}

static void check_refused(tern_test *t, const char *key, const char *message)
{
    const char *json = tern_test_sprintf(t, "{\"name\":%s,\"repository\":\"a\"}", quoted(t, key));
    tern_answer *a = tern_test_post(t, "/branches", .json = json);
    tern_check_status(a, 422);
    tern_check_json(a, "/errors/0/location", "[\"body\",\"name\"]");
    tern_check_json(a, "/errors/0/code", "\"not_addressable\"");
    tern_check(strstr(a->body, message) != NULL);
    tern_check_json(tern_test_get(t, "/branches"), "/total", "0");
}

TERN_TEST(a_key_that_no_path_can_contain_is_refused)
{
    static const char *const keys[] = {"",     ".",    "..",   "a/..", "../a", "a/./b", "\\",
                                       "a\\b", "a\tb", "\x7f", "\x1f", "a\nb", "./",    NULL};
    for (size_t i = 0; keys[i] != NULL; i++)
        check_refused(t, keys[i], "must fit into an address: not empty");
    char *longest = tern_test_sprintf(t, "%09000d", 7);
    check_refused(t, longest, "it is too long");
}

TERN_TEST(a_slash_in_a_key_is_refused_where_the_resource_does_not_take_it)
{
    tern_answer *a = tern_test_post(t, "/labels", .json = "{\"name\":\"a/b\"}");
    tern_check_status(a, 422);
    tern_check_json(a, "/errors/0/message",
                    "\"must fit into an address: not empty, \\\".\\\" or \\\"..\\\", without slashes, "
                    "backslashes and control characters\"");
}

TERN_TEST(a_key_whose_path_is_that_of_another_route_is_refused)
{
    tern_answer *a = tern_test_post(t, "/labels", .json = "{\"name\":\"none\"}");
    tern_check_status(a, 422);
    tern_check(strstr(a->body, "another row has this one") != NULL);
}

TERN_TEST(a_handler_of_ones_own_promises_no_location_that_is_always_refused)
{
    tern_answer *a = tern_test_post(t, "/made-labels", .json = "{\"name\":\"a/b\"}");
    tern_check_status(a, 201);
    tern_check_header(a, "Location", NULL);
    tern_check_header(tern_test_post(t, "/made-labels", .json = "{\"name\":\"..\"}"), "Location", NULL);
    a = tern_test_post(t, "/made-labels", .json = "{\"name\":\"a b\"}");
    tern_check_header(a, "Location", "/made-labels/a%20b");
}

/* -- what is stored -- */

TERN_TEST(replies_to_writes_show_the_stored_row)
{
    const char *const sent = "{\"name\":\"x\",\"price\":\"1.500\",\"extra\":{\"b\":1,  \"a\":2}}";
    tern_answer *a = tern_test_post(t, "/labels", .json = sent);
    tern_check_status(a, 201);
    tern_check_text(tern_test_get(t, "/labels/x")->body, a->body);
    a = tern_test_patch(t, "/labels/x", .json = "{\"price\":\"2.500\"}");
    tern_check_text(tern_test_get(t, "/labels/x")->body, a->body);
    a = tern_test_put(t, "/labels/x", .json = "{\"price\":\"3.500\"}");
    tern_check_text(tern_test_get(t, "/labels/x")->body, a->body);
    a = tern_test_post(t, "/made-labels", .json = "{\"name\":\"y\",\"price\":\"4.500\"}");
    tern_check_text(tern_test_get(t, "/labels/y")->body, a->body);
}

/* -- lists without parameters -- */

TERN_TEST(fields_and_an_order_that_are_empty_count_as_not_given)
{
    tern_check_status(tern_test_post(t, "/letters", .json = "{\"text\":\"hi\"}"), 201);
    const char *whole = tern_test_get(t, "/letters")->body;
    tern_check_text(tern_test_get(t, "/letters?fields=")->body, whole);
    tern_check_text(tern_test_get(t, "/letters?order=")->body, whole);
    tern_check_text(tern_test_get(t, "/letters?fields=&order=")->body, whole);
    tern_check_status(tern_test_get(t, "/letters?fields=,"), 422);
    tern_check_status(tern_test_get(t, "/letters?order=,"), 422);
    tern_check_status(tern_test_get(t, "/letters?order=-"), 422);
}

TERN_TEST(an_empty_filter_is_the_empty_text_and_of_other_kinds_not_given)
{
    tern_check_status(tern_test_post(t, "/letters", .json = "{\"text\":\"\"}"), 201);
    tern_check_status(tern_test_post(t, "/letters", .json = "{\"text\":\"hi\"}"), 201);
    tern_check_json(tern_test_get(t, "/letters?text="), "/total", "1");
    tern_check_json(tern_test_get(t, "/letters?weight="), "/total", "2");
}

TERN_TEST(threat_127_pages_of_a_list_in_an_order_with_ties_show_every_row_once)
{
    int seen[25] = {0};
    for (int i = 0; i < 24; i++)
        tern_check_status(
            tern_test_post(t, "/letters", .json = tern_test_sprintf(t, "{\"weight\":%d}", i % 2)), 201);
    for (int page = 1; page <= 8; page++)
        for (int i = 0; i < 3; i++) {
            const tern_answer *a = tern_test_get(
                t, tern_test_sprintf(t, "/letters?order=-weight&fields=id&size=3&page=%d", page));
            const char *id = a->body;
            for (int k = 0; k <= i && id != NULL; k++)
                id = strstr(id + 1, "\"id\":");
            tern_check(id != NULL);
            seen[atoi(id + 5)]++;
        }
    for (int i = 1; i <= 24; i++)
        tern_check(seen[i] == 1);
}

int main(int argc, char **argv)
{
    setenv("TERN_DATABASE_URL", "sqlite::memory:", 1);
    if (argc > 1 && strcmp(argv[1], "run") == 0)
        return tern_run(make_app(), argc, argv);
    return tern_test_main(make_app, argc, argv);
}
