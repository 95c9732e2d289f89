/* Every rule, from JSON to the message that a client reads. */
#include "check.h"

#include "schema/json/json.h"
#include "schema/validate.h"

#include <stdlib.h>

static const char *must_be_even(const void *value)
{
    return *(const int *)value % 2 == 0 ? NULL : "must be even";
}

TERN_MODEL(Rules,
    (int, count, .min = 0, .max = 10, .multiple_of = 2, .optional = true),
    (uint64_t, huge, .max = 5, .optional = true),
    (double, ratio, .min = 0.5, .multiple_of = 0.1, .optional = true),
    (tern_decimal, price, .min = 0, .optional = true),
    (const char *, name, .min_length = 2, .max_length = 4, .optional = true),
    (const char *, code, .pattern = "^[a-z]+$", .optional = true),
    (const char *, mail, .format = "email", .optional = true),
    (const char *, level, .choices = TERN_CHOICES("low", "high"), .optional = true),
    (tern_bytes, blob, .max_length = 3, .optional = true),
    (tern_int32_list, list, .min_items = 1, .max_items = 3, .unique_items = true, .optional = true),
    (tern_text_map, map, .max_items = 1, .optional = true),
    (int, even, .check = must_be_even, .optional = true))

TERN_MODEL(Limits,
    (int, count, .above = 0, .below = 10, .optional = true),
    (double, ratio, .above = 0, .below = 1, .optional = true),
    (tern_decimal, price, .min = 0.1, .below = 19.99, .multiple_of = 0.05, .optional = true),
    (tern_decimal, total, .at_least = "0.000000000000000001", .at_most = "123456789012345.67",
     .optional = true),
    (tern_date, day, .at_least = "2020-01-01", .at_most = "2030-12-31", .optional = true),
    (tern_time, hour, .at_least = "09:00:00", .at_most = "17:30:00", .optional = true),
    (tern_datetime, moment, .at_least = "2020-01-01T00:00:00+02:00", .optional = true),
    (tern_duration, span, .at_least = "PT5M", .at_most = "PT1H", .optional = true),
    (tern_date, future, .at_least = "today", .at_most = "today+P90000000D", .optional = true),
    (tern_datetime, past, .at_most = "now", .optional = true))

TERN_MODEL(Said,
    (const char *, name, .min_length = 2, .message = "is 100% not a name", .optional = true, .nullable = false),
    (const char *, mail, .format = "email", .min_length = 3, .message = "is not an address", .optional = true),
    (int, even, .max = 10, .check = must_be_even, .message = "is too much", .optional = true),
    (tern_text_list, tags, .max_items = 3, .message = "has too much in it",
     .items = TERN_RULES(.max_length = 1), .optional = true),
    (tern_text_list, codes, .items = TERN_RULES(.max_length = 1, .message = "is no code"), .optional = true),
    (tern_text_map, notes, .keys = TERN_RULES(.max_length = 1, .message = "must be short"), .optional = true))

TERN_ENUM(Shade, light, dark);
TERN_MODEL(Point, (int, x, .min = 0), (int, y))

static const char *must_be_diagonal(const void *value)
{
    const Point *point = value;
    return point->x == point->y ? NULL : "must lie on the diagonal";
}

TERN_MODEL(Lists,
    (tern_text_list, tags, .max_items = 3, .optional = true,
     .items = TERN_RULES(.min_length = 1, .max_length = 4)),
    (tern_int32_list, ports, .items = TERN_RULES(.above = 0, .max = 65535, .multiple_of = 2), .optional = true),
    (tern_text_list, levels, .items = TERN_RULES(.choices = TERN_CHOICES("low", "high")), .optional = true),
    (tern_text_list, mails, .items = TERN_RULES(.format = "email"), .optional = true),
    (tern_date_list, days, .items = TERN_RULES(.at_least = "2020-01-01"), .optional = true),
    (tern_decimal_map, prices, .items = TERN_RULES(.min = 0.01), .keys = TERN_RULES(.max_length = 3),
     .optional = true),
    (Shade_map, shades, .keys = TERN_RULES(.choices = TERN_CHOICES("a", "b")), .optional = true),
    (Point_list, points, .items = TERN_RULES(.check = must_be_diagonal), .optional = true))

TERN_MODEL(Patterns,
    (tern_text_list, codes, .items = TERN_RULES(.pattern = "^[a-z]+$"), .optional = true),
    (tern_text_map, notes, .keys = TERN_RULES(.pattern = "^[a-z]+$"), .optional = true))

static void check_order(const void *model, tern_faults *faults);

TERN_MODEL_WITH(Span, (.check = check_order), (int, first, .min = 0), (int, last))
TERN_MODEL(Holder, (Span_list, spans))
TERN_MODEL(Costly, (const char *, text, .pattern = "^(a+)+$"))

static void check_order(const void *model, tern_faults *faults)
{
    const Span *span = model;
    if (span->last < span->first)
        tern_fault_add(faults, "last", "out_of_order", "must not be before first, which is %d", span->first);
}

static void need_patterns(void)
{
#ifndef TERN_WITH_PCRE2
    check_skip("this build has no PCRE2: a model with .pattern is refused at start");
#endif
}

static void decodes(tern_type *type, const char *json, const char *faults_wanted)
{
    char text[512], memory[8192];
    _Alignas(16) char value[1024];
    buf problems = {0}, said = {0};
    arena a;
    tern_faults faults;
    const json_limits limits = {.depth = 64, .items = 1000};
    const place body = {.name = "body"};
    if (!schema_prepare(type, &problems))
        check_fail(__FILE__, __LINE__, "%s", problems.data);
    size_t len = strlen(json);
    memcpy(text, json, len + 1);
    arena_init(&a, memory, sizeof memory, 1 << 16);
    faults_init(&faults, &a);
    CHECK(type->size <= sizeof value);
    bool is_right = json_decode(type, value, (tern_str){text, len}, &limits, &body, &a, &faults);
    faults_print(&faults, &said);
    CHECK_TEXT(said.data != NULL ? said.data : "", faults_wanted);
    CHECK(is_right == (faults_wanted[0] == '\0'));
    buf_free(&said);
    buf_free(&problems);
    arena_free(&a);
    schema_forget();
}

typedef struct rule_case {
    const char *json, *faults;
} rule_case;

static const rule_case cases[] = {
    {"{}", ""},
    {"{\"count\":10}", ""},
    {"{\"count\":-2}", "body.count: must be at least 0\n"},
    {"{\"count\":12}", "body.count: must be at most 10\n"},
    {"{\"count\":13}", "body.count: must be at most 10\nbody.count: must be a multiple of 2\n"},
    {"{\"huge\":18446744073709551615}", "body.huge: must be at most 5\n"},
    {"{\"ratio\":0.7}", ""},
    {"{\"ratio\":0.25}", "body.ratio: must be at least 0.5\nbody.ratio: must be a multiple of 0.1\n"},
    {"{\"price\":\"-0.01\"}", "body.price: must be at least 0\n"},
    {"{\"name\":\"\\u00fc\\u00fc\\u00fc\\u00fc\"}", ""},
    {"{\"name\":\"x\"}", "body.name: must have at least 2 characters\n"},
    {"{\"name\":\"abcde\"}", "body.name: must have at most 4 characters\n"},
    {"{\"code\":\"abc\"}", ""},
    {"{\"code\":\"aBc\"}", "body.code: must match the pattern ^[a-z]+$\n"},
    {"{\"mail\":\"nobody\"}", "body.mail: must be an e-mail address\n"},
    {"{\"level\":\"high\"}", ""},
    {"{\"level\":\"medium\"}", "body.level: must be one of low, high\n"},
    {"{\"blob\":\"Zm9vYg==\"}", "body.blob: must have at most 3 bytes\n"},
    {"{\"list\":[1,2,3]}", ""},
    {"{\"list\":[]}", "body.list: must have at least 1 item\n"},
    {"{\"list\":[1,2,3,4]}", "body.list: must have at most 3 items\n"},
    {"{\"list\":[7,8,7]}", "body.list: item 2 is the same as item 0\n"},
    {"{\"map\":{\"a\":\"1\",\"b\":\"2\"}}", "body.map: must have at most 1 item\n"},
    {"{\"even\":3}", "body.even: must be even\n"},
};

TEST(every_rule_is_enforced_and_reported)
{
    need_patterns();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        decodes(&Rules_type, cases[i].json, cases[i].faults);
}

static const rule_case limit_cases[] = {
    {"{\"count\":1}", ""},
    {"{\"count\":0}", "body.count: must be above 0\n"},
    {"{\"count\":10}", "body.count: must be below 10\n"},
    {"{\"ratio\":5e-324}", ""},
    {"{\"ratio\":0.0}", "body.ratio: must be above 0\n"},
    {"{\"ratio\":1}", "body.ratio: must be below 1\n"},
    {"{\"price\":0.1}", ""},
    {"{\"price\":\"0.100\"}", ""},
    {"{\"price\":19.95}", ""},
    {"{\"price\":0.05}", "body.price: must be at least 0.1\n"},
    {"{\"price\":20.00}", "body.price: must be below 19.99\n"},
    {"{\"price\":19.99}", "body.price: must be below 19.99\nbody.price: must be a multiple of 0.05\n"},
    {"{\"price\":10.000000000000001}", "body.price: must be a multiple of 0.05\n"},
    {"{\"total\":123456789012345.67}", ""},
    {"{\"total\":123456789012345.671}", "body.total: must be at most 123456789012345.67\n"},
    {"{\"total\":0}", "body.total: must be at least 0.000000000000000001\n"},
    {"{\"day\":\"2020-01-01\"}", ""},
    {"{\"day\":\"2030-12-31\"}", ""},
    {"{\"day\":\"2019-12-31\"}", "body.day: must be 2020-01-01 or later\n"},
    {"{\"day\":\"2031-01-01\"}", "body.day: must be 2030-12-31 or earlier\n"},
    {"{\"hour\":\"17:30:00\"}", ""},
    {"{\"hour\":\"08:59:59.999999999\"}", "body.hour: must be 09:00:00 or later\n"},
    {"{\"hour\":\"17:30:00.000000001\"}", "body.hour: must be 17:30:00 or earlier\n"},
    {"{\"moment\":\"2019-12-31T22:00:00Z\"}", ""},
    {"{\"moment\":\"2019-12-31T21:59:59.999999Z\"}",
     "body.moment: must be 2020-01-01T00:00:00+02:00 or later\n"},
    {"{\"span\":\"PT300S\"}", ""},
    {"{\"span\":\"PT4M59S\"}", "body.span: must be at least PT5M\n"},
    {"{\"span\":\"P1D\"}", "body.span: must be at most PT1H\n"},
    {"{\"future\":\"9999-12-31\",\"past\":\"2020-01-01T00:00:00Z\"}", ""},
};

TEST(every_limit_is_enforced_and_reported)
{
    for (size_t i = 0; i < sizeof limit_cases / sizeof *limit_cases; i++)
        decodes(&Limits_type, limit_cases[i].json, limit_cases[i].faults);
}

static const rule_case said_cases[] = {
    {"{\"name\":\"ab\"}", ""},
    {"{\"name\":\"a\"}", "body.name: is 100% not a name\n"},
    {"{\"mail\":\"x\"}", "body.mail: is not an address\n"}, /* breaks two rules */
    {"{\"even\":11}", "body.even: is too much\n"},
    {"{\"even\":1}", "body.even: must be even\n"},
    {"{\"even\":\"1\"}", "body.even: must be a whole number\n"},
    {"{\"name\":null}", "body.name: must not be null\n"},
    {"{\"tags\":[\"a\",\"b\",\"c\",\"dd\"]}",
     "body.tags: has too much in it\nbody.tags[3]: must have at most 1 "
     "character\n"},
    {"{\"codes\":[\"a\",\"bb\",\"cc\"]}", "body.codes[1]: is no code\nbody.codes[2]: is no code\n"},
    {"{\"notes\":{\"bb\":\"\"}}", "body.notes.bb: the key must be short\n"},
    {"{\"name\":\"a\",\"mail\":\"x\"}", "body.name: is 100% not a name\nbody.mail: is not an address\n"},
};

static const rule_case item_cases[] = {
    {"{\"tags\":[\"a\",\"abcd\"]}", ""},
    {"{\"tags\":[]}", ""},
    {"{\"tags\":[\"a\",\"\",\"abcde\"]}",
     "body.tags[1]: must have at least 1 character\nbody.tags[2]: must have at most 4 characters\n"},
    {"{\"tags\":[\"a\",\"b\",\"c\",\"\"]}",
     "body.tags: must have at most 3 items\nbody.tags[3]: must have at least 1 character\n"},
    {"{\"ports\":[2,0,3]}", "body.ports[1]: must be above 0\nbody.ports[2]: must be a multiple of 2\n"},
    {"{\"levels\":[\"high\",\"medium\"]}", "body.levels[1]: must be one of low, high\n"},
    {"{\"mails\":[\"x\"]}", "body.mails[0]: must be an e-mail address\n"},
    {"{\"days\":[\"2020-01-01\",\"2019-01-01\"]}", "body.days[1]: must be 2020-01-01 or later\n"},
    {"{\"prices\":{\"a\":0.01,\"b\":0}}", "body.prices.b: must be at least 0.01\n"},
    {"{\"prices\":{\"long\":1}}", "body.prices.long: the key must have at most 3 characters\n"},
    {"{\"prices\":{\"long\":0}}",
     "body.prices.long: the key must have at most 3 characters\nbody.prices.long: must be at least 0.01\n"},
    {"{\"shades\":{\"a\":\"dark\",\"c\":\"light\"}}", "body.shades.c: the key must be one of a, b\n"},
    {"{\"points\":[{\"x\":1,\"y\":1},{\"x\":1,\"y\":2}]}", "body.points[1]: must lie on the diagonal\n"},
    {"{\"points\":[{\"x\":-1,\"y\":2}]}", "body.points[0].x: must be at least 0\n"},
};

TEST(rules_of_items_and_keys_are_enforced_with_their_place)
{
    for (size_t i = 0; i < sizeof item_cases / sizeof *item_cases; i++)
        decodes(&Lists_type, item_cases[i].json, item_cases[i].faults);
}

TEST(patterns_of_items_and_keys_are_enforced_with_their_place)
{
    need_patterns();
    decodes(&Patterns_type, "{\"codes\":[\"a\",\"A\"],\"notes\":{\"b\":\"\",\"B\":\"\"}}",
            "body.codes[1]: must match the pattern ^[a-z]+$\n"
            "body.notes.B: the key must match the pattern ^[a-z]+$\n");
}

TEST(a_fields_message_replaces_the_messages_of_its_rules)
{
    for (size_t i = 0; i < sizeof said_cases / sizeof *said_cases; i++)
        decodes(&Said_type, said_cases[i].json, said_cases[i].faults);
}

TEST(all_faults_are_reported_at_once)
{
    need_patterns();
    decodes(&Rules_type, "{\"count\":11,\"name\":\"\",\"mail\":\"x\"}",
            "body.count: must be at most 10\nbody.count: must be a multiple of 2\n"
            "body.name: must have at least 2 characters\nbody.mail: must be an e-mail address\n");
}

TEST(a_models_own_check_runs_when_its_fields_are_valid)
{
    decodes(&Holder_type, "{\"spans\":[{\"first\":1,\"last\":2},{\"first\":5,\"last\":2}]}",
            "body.spans[1].last: must not be before first, which is 5\n");
    decodes(&Holder_type, "{\"spans\":[{\"first\":-5,\"last\":-9}]}",
            "body.spans[0].first: must be at least 0\n");
}

/** Prepares `type` and the list of faults, for values that a test fills in. */
static void begin(tern_type *type, arena *a, tern_faults *faults)
{
    buf problems = {0};
    if (!schema_prepare(type, &problems))
        check_fail(__FILE__, __LINE__, "%s", problems.data);
    buf_free(&problems);
    arena_init(a, NULL, 0, 1 << 20);
    faults_init(faults, a);
}

static void end(arena *a)
{
    arena_free(a);
    schema_forget();
}

TEST(faults_of_limits_have_a_code_and_the_limit)
{
    arena a;
    tern_faults faults;
    begin(&Limits_type, &a, &faults);
    const field_plan *plans = plan_of(&Limits_type)->fields;
    validate_field(&plans[0], &(int){0}, NULL, &faults);
    validate_field(&plans[2], &(tern_decimal){0, 0}, NULL, &faults);
    validate_field(&plans[4], &(tern_date){2019, 1, 1}, NULL, &faults);
    validate_field(&plans[5], &(tern_time){.hour = 20}, NULL, &faults);
    validate_field(&plans[7], &(tern_duration){0}, NULL, &faults);
    buf said = {0};
    size_t count;
    const tern_fault *list = faults_list(&faults, &a, &count);
    CHECK(faults_print_json(list, count, &said));
    CHECK_TEXT(said.data,
               "[{\"location\":[],\"code\":\"too_small\",\"message\":\"must be above 0\",\"above\":0},"
               "{\"location\":[],\"code\":\"too_small\",\"message\":\"must be at least 0.1\",\"min\":0.1},"
               "{\"location\":[],\"code\":\"too_early\",\"message\":\"must be 2020-01-01 or later\","
               "\"at_least\":\"2020-01-01\"},"
               "{\"location\":[],\"code\":\"too_late\",\"message\":\"must be 17:30:00 or earlier\","
               "\"at_most\":\"17:30:00\"},"
               "{\"location\":[],\"code\":\"too_small\",\"message\":\"must be at least PT5M\","
               "\"at_least\":\"PT5M\"}]");
    buf_free(&said);
    end(&a);
}

TEST(limits_that_move_with_the_clock_apply_to_input_only)
{
    arena a;
    tern_faults faults;
    begin(&Limits_type, &a, &faults);
    const field_plan *future = &plan_of(&Limits_type)->fields[8], *past = future + 1;
    const tern_date old = {2020, 1, 1};
    const tern_datetime late = {INT64_MAX};
    validate_field(future, &old, NULL, &faults);
    CHECK_INT(faults.count, 1);
    CHECK_TEXT(faults.first->code, "too_early");
    validate_field(past, &late, NULL, &faults);
    CHECK_INT(faults.count, 2);
    CHECK_TEXT(faults.first->next->code, "too_late");
    validate_kept(future, &old, NULL, &faults);
    validate_kept(past, &late, NULL, &faults);
    CHECK_INT(faults.count, 2);
    end(&a);
}

TEST(threat_079_a_list_of_invalid_items_is_not_checked_past_a_hundred)
{
    arena a;
    tern_faults faults;
    begin(&Lists_type, &a, &faults);
    static int32_t zeros[5000];
    validate_field(&plan_of(&Lists_type)->fields[1], &(tern_int32_list){zeros, 5000}, NULL, &faults);
    CHECK_INT(faults.count, FAULTS_MOST);
    end(&a);
}

TERN_MODEL(CostlyItems, (tern_text_list, texts, .items = TERN_RULES(.pattern = "^(a+)+b|a")))

TEST(threat_062_a_list_of_costly_texts_gives_up)
{
    need_patterns();
    arena a;
    tern_faults faults;
    begin(&CostlyItems_type, &a, &faults);
    static const char *texts[200000]; /* each of them nearly too costly */
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        texts[i] = "aaaaaaaaaaa!";
    validate_field(&plan_of(&CostlyItems_type)->fields[0],
                   &(tern_text_list){texts, sizeof texts / sizeof *texts}, NULL, &faults);
    CHECK_INT(faults.count, 1);
    CHECK_TEXT(faults.first->code, "pattern_too_costly");
    CHECK_INT(faults.first->depth, 0);
    end(&a);
}

TEST(threat_062_a_costly_pattern_gives_up)
{
    need_patterns();
    static char json[200];
    memset(json, 'a', 60);
    memcpy(json, "{\"text\":\"", 9);
    memcpy(json + 50, "!\"}", 4);
    decodes(&Costly_type, json, "body.text: takes too long to match against its pattern\n");
}
