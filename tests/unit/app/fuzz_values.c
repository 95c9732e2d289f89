/** Checks which values the fuzzer considers valid and invalid against the decoder and its rules. */
#include "app/fuzz/internal.h"
#include "check.h"
#include "http/url.h"
#include "schema/json/json.h"
#include "schema/pattern/pattern.h"
#include "schema/validate.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
TERN_ENUM(Shade, light, dark)

TERN_MODEL(Part,
    (const char *, name, .min_length = 2, .max_length = 6),
    (Shade,        shade))

TERN_MODEL(Ruled,
    (int8_t,         tiny, .min = -3, .below = 9),
    (int64_t,        large),
    (uint64_t,       most),
    (int32_t,        fives, .multiple_of = 5, .min = 3, .max = 23),
    (float,          narrow, .above = -1),
    (double,         wide, .min = 0.1, .max = 0.4),
    (tern_decimal,   amount, .above = 0, .max = 12.5),
    (const char *,   name, .min_length = 2, .max_length = 5),
    (const char *,   mail, .format = "email", .max_length = 40),
    (const char *,   code, .pattern = "^[A-Z]{3}(-[0-9]+)?$"),
    (tern_date,      day, .at_least = "today-P10D", .at_most = "today+P10D"),
    (tern_duration,  span, .at_least = "PT1M"),
    (Part_list,      parts, .min_items = 1, .max_items = 3),
    (tern_text_list, tags, .unique_items = true, .min_items = 2, .items = TERN_RULES(.pattern = "^[a-z]+$")),
    (tern_int32_map, counts, .max_items = 2, .items = TERN_RULES(.min = 0),
     .keys = TERN_RULES(.max_length = 8)),
    (Part,           part, .nullable = true))
/* clang-format on */

static arena memory;
static fuzz_maker k;
static route ruled;
static bind_plan bind;
static tern_test test;
static const tern_test_case self = {.name = "unit", .file = "unit"};

static void begin(void)
{
    buf problems = {0};
    test = (tern_test){.test = &self, .report_fd = 2};
    test_current = &test;
    arena_init(&memory, NULL, 0, SIZE_MAX / 2);
    CHECK(schema_prepare(TERN_TYPE(Ruled), &problems));
    buf_free(&problems);
    bind = (bind_plan){.type = TERN_TYPE(Ruled), .body = TERN_TYPE(Ruled), .is_body_required = true};
    static pattern_piece piece = {.begins_segment = true, .text = {"ruled", 5}};
    ruled = (route){
        .method_name = "POST", .pattern = "/ruled", .pieces = &piece, .piece_count = 1, .bind = &bind};
    k = (fuzz_maker){.arena = &memory, .random = fuzz_split(1, 1), .is_full = true};
}

static void end(void)
{
    arena_free(&memory);
    schema_forget();
}

/** The first fault of a request's body as "body.name: too_short"; "" without one, "not_json" when it is not
 * JSON. */
static const char *fault_of(const fuzz_request *request)
{
    static const place body = {.name = "body"};
    fuzz_step step = fuzz_render(&memory, request, NULL);
    tern_faults faults;
    Ruled out;
    const json_limits limits = {0};
    faults_init(&faults, &memory);
    tern_str text = {arena_text(&memory, step.body.data, step.body.len), step.body.len};
    if (json_decode(TERN_TYPE(Ruled), &out, text, &limits, &body, &memory, &faults))
        return "";
    buf words = {0};
    for (unsigned i = 0; i < faults.first->depth; i++)
        buf_add_printf(&words, "%s%s", i > 0 && faults.first->names[i] != NULL ? "." : "",
                       faults.first->names[i] != NULL ? faults.first->names[i] : "[]");
    const char *kept = arena_text(&memory, words.data, words.len);
    buf_free(&words);
    return kept;
}

TEST(a_valid_request_keeps_every_rule)
{
    begin();
    for (unsigned i = 0; i < 500; i++) {
        k.is_full = i % 2 == 0;
        fuzz_request request = fuzz_make(&k, &ruled);
        CHECK(!k.is_stuck);
        CHECK_TEXT(fault_of(&request), "");
    }
    end();
}

TEST(each_edge_is_valid_and_each_step_beyond_is_a_fault_of_its_field)
{
    unsigned number = 0, valid = 0, invalid = 0;
    fuzz_expect expected;
    begin();
    for (;; number++) {
        fuzz_request request = fuzz_make(&k, &ruled);
        CHECK(!k.is_stuck);
        if (!fuzz_mutate(&k, &request, number, &expected))
            break;
        const char *seen = fault_of(&request);
        if (expected.verdict == FUZZ_VALID && *seen != '\0')
            check_fail(__FILE__, __LINE__, "%s, %s: is refused at %s", expected.field, expected.what, seen);
        if (expected.verdict == FUZZ_INVALID && strcmp(seen, expected.field) != 0 &&
            (strcmp(expected.field, "an unknown field") != 0 || *seen == '\0'))
            check_fail(__FILE__, __LINE__, "%s, %s: the fault is at \"%s\"", expected.field, expected.what,
                       seen);
        if (expected.verdict == FUZZ_BROKEN && *seen == '\0')
            check_fail(__FILE__, __LINE__, "%s: is taken", expected.what);
        valid += expected.verdict == FUZZ_VALID;
        invalid += expected.verdict == FUZZ_INVALID;
    }
    CHECK(valid > 45);
    CHECK(invalid > 120);
    end();
}

/** Whether the sweep has a change of that field and name, with that verdict. */
static bool has_change(const char *field, const char *what, fuzz_verdict verdict)
{
    fuzz_expect expected;
    for (unsigned number = 0;; number++) {
        fuzz_request request = fuzz_make(&k, &ruled);
        if (!fuzz_mutate(&k, &request, number, &expected))
            return false;
        if (strcmp(expected.field, field) == 0 && strcmp(expected.what, what) == 0)
            return expected.verdict == verdict;
    }
}

TEST(every_rule_has_its_edge_and_one_step_beyond)
{
    static const struct {
        const char *field, *edge, *beyond;
    } rules[] = {{"body.tiny", "the minimum", "the minimum - 1"},
                 {"body.large", "the maximum", "the maximum + 1"},
                 {"body.wide", "the limit", "just past the limit"},
                 {"body.amount", "just within the limit", "just past the limit"},
                 {"body.name", "max_length", "max_length + 1"},
                 {"body.name", "max_length in characters of four bytes", "min_length - 1"},
                 {"body.span", "the limit", "past the limit"},
                 {"body.parts", "max_items", "max_items + 1"},
                 {"body.parts[].name", "min_length", "min_length - 1"},
                 {"body.part", "null", "7"},
                 {"body.mail", "max_length", "against its rule"},
                 {"body.counts", "no items", "max_items + 1"}};
    begin();
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (!has_change(rules[i].field, rules[i].edge, FUZZ_VALID))
            check_fail(__FILE__, __LINE__, "%s has no edge \"%s\"", rules[i].field, rules[i].edge);
        if (!has_change(rules[i].field, rules[i].beyond, FUZZ_INVALID))
            check_fail(__FILE__, __LINE__, "%s has no \"%s\"", rules[i].field, rules[i].beyond);
    }
    end();
}

TEST(text_is_made_for_common_patterns)
{
    static const char *const patterns[] = {"^[a-z0-9]+(-[a-z0-9]+)*$",
                                           "^\\d{3}-\\d{2,4}$",
                                           "^(red|green|blue)$",
                                           "^#[0-9a-fA-F]{6}$",
                                           "^[A-Z][a-z]*( [A-Z][a-z]*)?$",
                                           "^\\+?[1-9][0-9]{7,14}$",
                                           "^[^\\s@]+@[^\\s@]+\\.[a-z]{2,}$",
                                           "[0-9]",
                                           "^(?:a|b)+c?$",
                                           "^v[0-9]+\\.[0-9]+\\.[0-9]+(-[\\w.]+)?$"};
    bool gave_up;
    char why[128];
    begin();
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        void *compiled = pattern_compile(patterns[i], why, sizeof why);
        CHECK(compiled != NULL);
        for (unsigned tries = 0; tries < 50; tries++) {
            const char *text = fuzz_regex(&memory, &k.random, patterns[i]);
            CHECK(text != NULL);
            if (!pattern_matches(compiled, text, strlen(text), &gave_up))
                check_fail(__FILE__, __LINE__, "%s: \"%s\" does not match", patterns[i], text);
        }
        pattern_free(compiled);
    }
    end();
}

TEST(patterns_that_are_not_known_are_given_up)
{
    static const char *const patterns[] = {"^(?=a)b$", "^(?<year>[0-9]+)$", "\\p{L}+", "[[:alpha:]]+",
                                           "(a)\\1"};
    begin();
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        CHECK(fuzz_regex(&memory, &k.random, patterns[i]) == NULL);
    end();
}

TEST(a_form_and_a_query_are_encoded)
{
    begin();
    fuzz_node *form = fuzz_node_new(&memory, FUZZ_OBJECT, NULL, 0),
              *list = fuzz_node_new(&memory, FUZZ_LIST, NULL, 0);
    fuzz_node_add(form, "a b", fuzz_quoted(&memory, "1&2=3"));
    fuzz_node_add(list, NULL, fuzz_bare(&memory, "4"));
    fuzz_node_add(list, NULL, fuzz_bare(&memory, "5"));
    fuzz_node_add(form, "n", list);
    const fuzz_request request = {.route = &ruled,
                                  .method = "POST",
                                  .format = FUZZ_FORM,
                                  .parts = {[TERN_FROM_QUERY] = form, [TERN_FROM_BODY] = form}};
    fuzz_step step = fuzz_render(&memory, &request, NULL);
    CHECK_TEXT(step.path, "/ruled?a%20b=1%262%3D3&n=4&n=5");
    CHECK_TEXT(step.body.data, "a%20b=1%262%3D3&n=4&n=5");
    end();
}
