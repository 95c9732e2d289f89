/** JSON of unknown shape in handlers. */
#include "unit/app/fake.h"

#include <tern/log.h>
#include <tern/reply.h>
#include <tern/value.h>

#include <math.h>

static fake f;
static const char *given;

static void run(tern_reply (*handler)(tern_ctx *c))
{
    tern_log_set_level(TERN_LOG_SILENT);
    fake_open(&f, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    fake_run(&f, NULL, handler);
}

static tern_reply city_of(tern_ctx *c)
{
    tern_value *order = tern_value_parse(c, (tern_str){given, strlen(given)});
    const char *city = tern_value_text(tern_value_find(order, "/customer/addresses/0/city"), "unknown");
    tern_value *answer = tern_value_object(c), *list = tern_value_array(c);
    tern_value_set(c, answer, "city", tern_value_of_text(c, city));
    tern_value_set(c, answer, "list", list);
    tern_value_add(c, list, tern_value_of_int(c, -1));
    tern_value_add(c, list, tern_value_of_uint(c, UINT64_MAX));
    tern_value_add(c, list, tern_value_of_double(c, 0.5));
    tern_value_add(c, list, tern_value_of_bool(c, true));
    tern_value_add(c, list, tern_value_of_null(c));
    tern_value_add(c, list, tern_value_of_text(c, NULL));
    return tern_json_text(c, tern_value_print(c, answer, 0));
}

TEST(a_value_is_parsed_looked_into_built_and_printed)
{
    given = "{\"customer\":{\"addresses\":[{\"city\":\"Bergen\"}]}}";
    run(city_of);
    CHECK_REPLY(&f, 200, "{\"city\":\"Bergen\",\"list\":[-1,18446744073709551615,0.5,true,null,null]}");
    given = "[]";
    run(city_of);
    CHECK_REPLY(&f, 200, "{\"city\":\"unknown\",\"list\":[-1,18446744073709551615,0.5,true,null,null]}");
}

TEST(a_value_that_is_not_json_is_400_with_its_position)
{
    given = "{\n  \"a\": nul}";
    run(city_of);
    CHECK_INT(f.reply.status, 400);
    CHECK(strstr(f.reply.data, "line 2, column 8") != NULL);
}

static tern_reply try_it(tern_ctx *c)
{
    const char *problem = "no problem";
    tern_value *value = tern_value_parse_try(c, (tern_str){given, strlen(given)}, &problem);
    return tern_textf(c, "%lld %s", (long long)tern_value_int(value, -1), problem);
}

TEST(a_text_of_somebody_else_that_is_not_json_is_no_failure)
{
    given = "5";
    run(try_it);
    CHECK_REPLY(&f, 200, "5 no problem");
    given = "<html>";
    run(try_it);
    CHECK_REPLY(&f, 200, "-1 line 1, column 1: expected a value");
    given = "{\"a\":1,\"a\":2}";
    run(try_it);
    CHECK_REPLY(&f, 200, "-1 line 1, column 9: has a key twice");
}

static tern_reply set_in_array(tern_ctx *c)
{
    tern_value_set(c, tern_value_array(c), "a", NULL);
    return tern_no_content(c);
}

static tern_reply add_to_object(tern_ctx *c)
{
    tern_value_add(c, tern_value_object(c), NULL);
    return tern_no_content(c);
}

static tern_reply add_to_nothing(tern_ctx *c)
{
    tern_value_add(c, NULL, NULL);
    return tern_no_content(c);
}

static tern_reply not_a_number(tern_ctx *c)
{
    tern_value_of_double(c, NAN);
    return tern_no_content(c);
}

static tern_reply holds_itself(tern_ctx *c)
{
    tern_value *list = tern_value_array(c);
    tern_value_add(c, list, list);
    return tern_json_text(c, tern_value_print(c, list, 0));
}

TEST(a_value_that_is_misused_is_500)
{
    tern_reply (*const handlers[])(tern_ctx *) = {set_in_array, add_to_object, add_to_nothing, not_a_number,
                                                  holds_itself};
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++) {
        run(handlers[i]);
        CHECK_INT(f.reply.status, 500);
    }
}

static tern_reply grow_for_ever(tern_ctx *c)
{
    tern_value *list = tern_value_array(c);
    while (list != NULL)
        tern_value_add(c, list, tern_value_of_text(c, "more"));
    return tern_no_content(c);
}

TEST(a_value_without_memory_is_503)
{
    run(grow_for_ever);
    CHECK_INT(f.reply.status, 503);
}
