#include "check.h"

#include "schema/faults.h"

#include <stdio.h>
#include <string.h>

static arena memory;
static tern_faults faults;

static void begin(size_t limit)
{
    arena_init(&memory, NULL, 0, limit);
    faults_init(&faults, &memory);
}

static void say(const char *want, bool (*print)(const tern_faults *f, buf *out))
{
    buf text = {0};
    CHECK(print(&faults, &text));
    CHECK_TEXT(text.data, want);
    buf_free(&text);
}

static bool print_list(const tern_faults *f, buf *out)
{
    size_t count;
    const tern_fault *list = faults_list(f, &memory, &count);
    return list != NULL && faults_print_json(list, count, out);
}

TEST(faults_give_their_place_in_the_users_terms)
{
    begin(1 << 16);
    const place body = {.name = "body"}, items = {&body, "items", 0}, third = {&items, NULL, 3},
                price = {&third, "price", 0};
    fault_add(&faults, &price, "too_small", "min", "0", "must be at least %d", 0);
    fault_add(&faults, &body, "missing", NULL, NULL, "is missing");
    say("body.items[3].price: must be at least 0\nbody: is missing\n", faults_print);
    say("[{\"location\":[\"body\",\"items\",3,\"price\"],\"code\":\"too_small\",\"message\":\"must be at "
        "least 0\",\"min\":0},"
        "{\"location\":[\"body\"],\"code\":\"missing\",\"message\":\"is missing\"}]",
        print_list);
    arena_free(&memory);
}

TEST(faults_of_a_models_own_check_have_its_place)
{
    begin(1 << 16);
    const place body = {.name = "body"};
    faults.here = &body;
    tern_fault_add(&faults, "end", "too_early", "must come after %s", "start");
    tern_fault_add(&faults, NULL, "empty", "must not be empty");
    say("body.end: must come after start\nbody: must not be empty\n", faults_print);
    arena_free(&memory);
}

TEST(threat_084_hostile_names_are_escaped)
{
    begin(1 << 16);
    const place evil = {.name = "a\"\r\n\x1b"};
    fault_add(&faults, &evil, "unknown", NULL, NULL, "is no field");
    say("[{\"location\":[\"a\\\"\\r\\n\\u001b\"],\"code\":\"unknown\",\"message\":\"is no field\"}]",
        print_list);
    arena_free(&memory);
}

TEST(threat_079_faults_past_a_hundred_are_only_counted)
{
    begin(1 << 20);
    for (int i = 0; i < 100000; i++)
        fault_add(&faults, NULL, "wrong", NULL, NULL, "is wrong");
    CHECK_INT(faults.count, 100000);
    int kept = 0;
    for (const fault *f = faults.first; f != NULL; f = f->next)
        kept++;
    CHECK_INT(kept, FAULTS_MOST);
    arena_free(&memory);
}

TEST(faults_without_memory_still_count)
{
    begin(64);
    const place body = {.name = "body"};
    fault_add(&faults, &body, "wrong", NULL, NULL,
              "is wrong in a way that takes more text than there is memory for");
    CHECK_INT(faults.count, 1);
    CHECK(faults.is_memory_short);
    arena_free(&memory);
}

TEST(threat_063_a_long_name_of_a_client_is_cut_at_a_character)
{
    static char long_name[5000], want[200];
    memset(long_name, 'x', sizeof long_name - 1);
    memcpy(long_name + 99, "\xc3\xa4", 2); /* its second byte is the 101st */
    begin(1 << 20);
    const place body = {.name = "body"}, here = {.up = &body, .name = long_name};
    fault_add(&faults, &here, "unknown", NULL, NULL, "is not a known field");
    snprintf(want, sizeof want, "body.%.99s...: is not a known field\n", long_name);
    say(want, faults_print);
    arena_free(&memory);
}

TEST(faults_of_stored_json_name_their_place)
{
    begin(1 << 20);
    const place column = {.name = "column"}, tags = {.up = &column, .name = "tags"},
                item = {.up = &tags, .index = 1};
    fault_add(&faults, &item, "null", NULL, NULL, "must not be null");
    CHECK_TEXT(faults_wanted(&faults, &memory), "JSON of its type (tags[1] must not be null)");
    arena_free(&memory);
    begin(1 << 20);
    fault_add(&faults, &column, "null", NULL, NULL, "must not be null");
    CHECK_TEXT(faults_wanted(&faults, &memory), "JSON of its type (must not be null)");
    arena_free(&memory);
}

TEST(faults_are_reported_with_their_source_and_field)
{
    size_t count;
    begin(1 << 16);
    const place body = {.name = "body"}, items = {&body, "items", 0}, third = {&items, NULL, 3},
                price = {&third, "price", 0};
    fault_add(&faults, &price, "too_small", "min", "0", "must be at least %d", 0);
    fault_add(&faults, &body, "missing", NULL, NULL, "must be given");
    const tern_fault *list = faults_list(&faults, &memory, &count);
    CHECK_INT(count, 2);
    CHECK_TEXT(list[0].source, "body");
    CHECK_TEXT(list[0].field, "items[3].price");
    CHECK_TEXT(list[0].location, "[\"body\",\"items\",3,\"price\"]");
    CHECK_TEXT(list[0].limit_name, "min");
    CHECK_TEXT(list[0].limit, "0");
    CHECK_TEXT(list[1].source, "body");
    CHECK_TEXT(list[1].field, "");
    arena_free(&memory);
}

TEST(faults_that_an_application_adds_are_reported_with_their_message)
{
    const tern_fault list[] = {{.field = "e\"mail", .code = "taken", .message = "is taken"},
                               {.source = "query", .message = "is wrong"},
                               {0}};
    buf text = {0};
    CHECK(faults_print_json(list, 3, &text));
    CHECK_TEXT(text.data,
               "[{\"location\":[\"body\",\"e\\\"mail\"],\"code\":\"taken\",\"message\":\"is taken\"},"
               "{\"location\":[\"query\"],\"code\":\"wrong\",\"message\":\"is wrong\"},"
               "{\"location\":[\"body\"],\"code\":\"wrong\",\"message\":\"\"}]");
    buf_free(&text);
}
