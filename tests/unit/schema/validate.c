/* Every rule, from JSON to the sentence a client reads. */
#include "check.h"

#include "schema/json.h"
#include "schema/validate.h"

#include <stdlib.h>

static const char *must_be_even(const void *value)
{
    return *(const int *)value % 2 == 0 ? NULL : "must be even";
}

TERN_MODEL(Rules, (int, count, .min = 0, .max = 10, .multiple_of = 2, .optional = true),
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

TEST(every_rule_is_held_and_said)
{
    need_patterns();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        decodes(&Rules_type, cases[i].json, cases[i].faults);
}

TEST(all_faults_are_said_at_once)
{
    need_patterns();
    decodes(&Rules_type, "{\"count\":11,\"name\":\"\",\"mail\":\"x\"}",
            "body.count: must be at most 10\nbody.count: must be a multiple of 2\n"
            "body.name: must have at least 2 characters\nbody.mail: must be an e-mail address\n");
}

TEST(a_models_own_check_runs_when_its_fields_are_right)
{
    decodes(&Holder_type, "{\"spans\":[{\"first\":1,\"last\":2},{\"first\":5,\"last\":2}]}",
            "body.spans[1].last: must not be before first, which is 5\n");
    decodes(&Holder_type, "{\"spans\":[{\"first\":-5,\"last\":-9}]}",
            "body.spans[0].first: must be at least 0\n");
}

TEST(threat_062_a_costly_pattern_gives_up)
{
    need_patterns();
    static char json[200];
    memset(json, 'a', 60);
    memcpy(json, "{\"text\":\"", 9);
    memcpy(json + 50, "!\"}", 4);
    decodes(&Costly_type, json, "body.text: takes too long to compare with its pattern\n");
}
