/** Lists and maps of lists and maps: all levels behave like one. */
#include "check.h"

#include "schema/equal.h"
#include "schema/json/json.h"
#include "schema/json/schema.h"
#include "schema/printable.h"
#include "schema/validate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TERN_ENUM(Level, low, high)
TERN_MODEL(Tag, (const char *, name, .max_length = 3), (Level, level, .optional = true))
TERN_MAP_OF(Tag_list)
TERN_LIST_OF(Tag_map)
TERN_MAP_OF(Level_list);
TERN_MAP_OF(tern_int64_list_map)

TERN_MODEL(Report,
    (tern_text_list_map,      errors, .fallback = "{}"),
    (Tag_list_map,            tags,   .optional = true),
    (tern_double_list_list,   matrix, .optional = true),
    (Tag_map_list,            rows,   .optional = true),
    (Level_list_map,          levels, .optional = true),
    (tern_int64_list_map_map, deep,   .optional = true))

TERN_MODEL(Ruled,
    (tern_text_list_map, errors, .max_items = 2, .keys = TERN_RULES(.pattern = "^[a-z]+$"),
     .items = TERN_RULES(.min_items = 1, .max_items = 2, .unique_items = true, .items = TERN_RULES(.min_length = 2, .choices = TERN_CHOICES("bb", "cc")))),
    (tern_int64_list_map_map, deep, .optional = true,
     .items = TERN_RULES(.keys = TERN_RULES(.max_length = 1), .items = TERN_RULES(.items = TERN_RULES(.min = 3)))))

static char said[8192];

static void need_patterns(void)
{
#ifndef TERN_WITH_PCRE2
    check_skip("this build has no PCRE2: a model with .pattern is refused at start");
#endif
}

static void prepare(tern_type *type)
{
    buf problems = {0};
    if (!schema_prepare(type, &problems))
        check_fail(__FILE__, __LINE__, "%s", problems.data);
    buf_free(&problems);
}

/** The faults of the text as a value of the type, and the value; both last until the next call. */
static const char *decode(tern_type *type, const char *text, void *out)
{
    static arena memory;
    const place body = {.name = "body"};
    tern_faults faults;
    buf lines = {0};
    prepare(type);
    arena_free(&memory);
    arena_init(&memory, NULL, 0, 1 << 24);
    faults_init(&faults, &memory);
    char *copy = arena_text(&memory, text, strlen(text));
    CHECK(copy != NULL);
    memset(out, 0xa5, type->size);
    bool is_right = json_decode(type, out, (tern_str){copy, strlen(copy)}, NULL, &body, &memory, &faults);
    CHECK(is_right == (faults.count == 0));
    CHECK(!is_right || validate_value(type, out, &body, &faults));
    faults_print(&faults, &lines);
    snprintf(said, sizeof said, "%s", lines.data != NULL ? lines.data : "");
    buf_free(&lines);
    return said;
}

static const char *encode(const tern_type *type, const void *value)
{
    arena memory;
    json_out out;
    arena_init(&memory, NULL, 0, 1 << 24);
    json_out_init(&out, &memory, 64);
    snprintf(said, sizeof said, "%s", "(refused)");
    if (json_encode(type, value, &out))
        snprintf(said, sizeof said, "%.*s", (int)out.len, out.data);
    arena_free(&memory);
    return said;
}

static const char full[] =
    "{\"errors\":{\"email\":[\"is taken\",\"is short\"],\"name\":[]},"
    "\"tags\":{\"a\":[{\"name\":\"x\",\"level\":\"low\"}],\"b\":[]},"
    "\"matrix\":[[1.5,2],[],[-3]],\"rows\":[{\"k\":{\"name\":\"y\",\"level\":\"high\"}},{}],"
    "\"levels\":{\"l\":[\"high\",\"low\"]},\"deep\":{\"o\":{\"i\":[1,2]},\"p\":{}}}";

TEST(a_map_of_lists_is_read_into_entries_of_lists)
{
    Report r;
    CHECK_TEXT(decode(TERN_TYPE(Report), full, &r), "");
    CHECK_INT(r.errors.count, 2);
    CHECK_TEXT(r.errors.entries[0].key, "email");
    CHECK_INT(r.errors.entries[0].value.count, 2);
    CHECK_TEXT(r.errors.entries[0].value.items[1], "is short");
    CHECK_TEXT(r.errors.entries[1].key, "name");
    CHECK_INT(r.errors.entries[1].value.count, 0);
    CHECK_TEXT(r.tags.entries[0].value.items[0].name, "x");
    CHECK_INT(r.tags.entries[0].value.items[0].level, Level_low);
    CHECK(r.matrix.items[2].items[0] == -3);
    CHECK_TEXT(r.rows.items[0].entries[0].value.name, "y");
    CHECK_INT(r.levels.entries[0].value.items[0], Level_high);
    CHECK_INT(r.deep.entries[0].value.entries[0].value.items[1], 2);
    schema_forget();
}

TEST(values_read_are_written_the_same)
{
    Report r;
    CHECK_TEXT(decode(TERN_TYPE(Report), full, &r), "");
    CHECK_TEXT(encode(TERN_TYPE(Report), &r), full);
    CHECK_TEXT(decode(TERN_TYPE(Report), "{}", &r), "");
    CHECK_TEXT(encode(TERN_TYPE(Report), &r), "{\"errors\":{}}");
    schema_forget();
}

TEST(a_program_fills_in_a_map_of_lists)
{
    const char *email[] = {"is taken"};
    tern_text_list_entry entries[] = {{"email", {email, 1}}, {"name", {0}}};
    Report r = {.errors = {entries, 2}};
    memset(&r.tern_state.tags, TERN_STATE_ABSENT, 5);
    prepare(TERN_TYPE(Report));
    CHECK_TEXT(encode(TERN_TYPE(Report), &r), "{\"errors\":{\"email\":[\"is taken\"],\"name\":[]}}");
    CHECK_TEXT(encode(TERN_TYPE(tern_text_list_map), &r.errors), "{\"email\":[\"is taken\"],\"name\":[]}");
    schema_forget();
}

TEST(faults_have_the_key_and_the_index)
{
    Report r;
    CHECK_TEXT(
        decode(
            TERN_TYPE(Report),
            "{\"errors\":{\"email\":[\"a\",3,null],\"name\":\"b\"},\"tags\":{\"a\":[{\"name\":\"long\"},4]},"
            "\"matrix\":[[1],2],\"levels\":{\"l\":[\"none\"]},\"deep\":{\"o\":{\"i\":[1.5]}}}",
            &r),
        "body.errors.email[1]: must be text\n"
        "body.errors.email[2]: must not be null\n"
        "body.errors.name: must be a list\n"
        "body.tags.a[0].name: must have at most 3 characters\n"
        "body.tags.a[1]: must be an object\n"
        "body.matrix[1]: must be a list\n"
        "body.levels.l[0]: must be one of low, high\n"
        "body.deep.o.i[0]: must be a whole number\n");
    CHECK_TEXT(decode(TERN_TYPE(Report), "{\"errors\":{\"a\":[],\"a\":[\"b\"]}}", &r),
               "body.errors.a: is given twice\n");
    schema_forget();
}

TEST(rules_apply_on_every_level)
{
    Ruled r;
    need_patterns();
    CHECK_TEXT(
        decode(TERN_TYPE(Ruled), "{\"errors\":{\"a\":[\"bb\",\"cc\"]},\"deep\":{\"long\":{\"k\":[3]}}}", &r),
        "");
    CHECK_TEXT(decode(TERN_TYPE(Ruled),
                      "{\"errors\":{\"A\":[],\"b\":[\"bb\",\"bb\",\"a\"],\"c\":[\"dd\"]},"
                      "\"deep\":{\"o\":{\"kk\":[2]}}}",
                      &r),
               "body.errors: must have at most 2 items\n"
               "body.errors.A: the key must match the pattern ^[a-z]+$\n"
               "body.errors.A: must have at least 1 item\n"
               "body.errors.b: must have at most 2 items\n"
               "body.errors.b: item 1 is the same as item 0\n"
               "body.errors.b[2]: must have at least 2 characters\n"
               "body.errors.b[2]: must be one of bb, cc\n"
               "body.errors.c[0]: must be one of bb, cc\n"
               "body.deep.o.kk: the key must have at most 1 character\n"
               "body.deep.o.kk[0]: must be at least 3\n");
    schema_forget();
}

TEST(the_schema_has_the_rules_of_every_level)
{
    const schema_set none = {0};
    buf text = {0};
    need_patterns();
    prepare(TERN_TYPE(Ruled));
    schema_print_field(&none, &plan_of(TERN_TYPE(Ruled))->fields[0], SCHEMA_INPUT, false, &text);
    CHECK_TEXT(
        text.data,
        "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"array\",\"items\":{\"type\":\"string\","
        "\"minLength\":2,\"enum\":[\"bb\",\"cc\"]},\"minItems\":1,\"maxItems\":2,\"uniqueItems\":true},"
        "\"propertyNames\":{\"type\":\"string\",\"pattern\":\"^[a-z]+$\"},\"maxProperties\":2}");
    text.len = 0;
    prepare(TERN_TYPE(Report));
    schema_print_field(&none, &plan_of(TERN_TYPE(Report))->fields[1], SCHEMA_OUTPUT, false, &text);
    CHECK_TEXT(text.data,
               "{\"type\":[\"object\",\"null\"],\"additionalProperties\":{\"type\":\"array\",\"items\":"
               "{\"$ref\":\"Tag\"}}}");
    buf_free(&text);
    schema_forget();
}

TEST(a_component_is_found_through_every_level)
{
    arena memory;
    schema_set set;
    arena_init(&memory, NULL, 0, 1 << 20);
    schema_set_init(&set, &memory, NULL);
    prepare(TERN_MAP(Tag_list));
    schema_set_add(&set, TERN_MAP(Tag_list), SCHEMA_OUTPUT);
    CHECK(schema_set_name(&set));
    CHECK(schema_component_of(&set, TERN_TYPE(Tag), SCHEMA_OUTPUT) != NULL);
    schema_set_free(&set);
    arena_free(&memory);
    schema_forget();
}

TEST(maps_of_lists_are_equal_in_any_order_of_keys_but_not_of_items)
{
    const char *ab[] = {"a", "b"}, *ba[] = {"b", "a"};
    tern_text_list_entry one[] = {{"k", {ab, 2}}, {"l", {ba, 1}}}, same[] = {{"l", {ba, 1}}, {"k", {ab, 2}}},
                         other[] = {{"l", {ba, 1}}, {"k", {ba, 2}}};
    tern_text_list_map x = {one, 2}, y = {same, 2}, z = {other, 2};
    CHECK(value_equal(TERN_TYPE(tern_text_list_map), &x, &y));
    CHECK(value_hash(TERN_TYPE(tern_text_list_map), &x) == value_hash(TERN_TYPE(tern_text_list_map), &y));
    CHECK(!value_equal(TERN_TYPE(tern_text_list_map), &x, &z));
}

TEST(a_null_in_a_list_of_a_map_cannot_be_printed_and_is_named)
{
    const char *email[] = {"a", NULL};
    tern_text_list_entry entries[] = {{"email", {email, 2}}};
    Report r = {.errors = {entries, 1}};
    const place body = {.name = "body"};
    buf where = {0};
    prepare(TERN_TYPE(Report));
    CHECK_TEXT(encode(TERN_TYPE(Report), &r), "(refused)");
    CHECK_TEXT(value_find_unprintable(TERN_TYPE(Report), &r, &body, &where),
               "it is NULL, and an item cannot be null");
    CHECK_TEXT(where.data, "body.errors.email[1]");
    buf_free(&where);
    schema_forget();
}

TEST(a_text_that_is_not_utf_8_in_a_list_of_a_map_is_a_fault)
{
    const char *email[] = {"\xff"};
    tern_text_list_entry entries[] = {{"email", {email, 1}}};
    tern_text_list_map map = {entries, 1};
    const place body = {.name = "body"};
    tern_faults faults;
    arena memory;
    buf lines = {0};
    arena_init(&memory, NULL, 0, 1 << 16);
    faults_init(&faults, &memory);
    prepare(TERN_TYPE(tern_text_list_map));
    CHECK(!value_is_printable(TERN_TYPE(tern_text_list_map), &map, false, &body, &faults));
    faults_print(&faults, &lines);
    CHECK_TEXT(lines.data, "body.email[0]: must be text in UTF-8\n");
    buf_free(&lines);
    arena_free(&memory);
    schema_forget();
}

TEST(threat_061_nesting_of_maps_of_lists_counts_as_depth)
{
    tern_type levels[70];
    char text[200] = "", *at = text;
    for (size_t i = 0; i < 70; i++)
        levels[i] = (tern_type){.kind = i % 2 ? TERN_KIND_LIST : TERN_KIND_MAP,
                                .name = "level",
                                .size = sizeof(tern_text_list),
                                .item = i < 69 ? &levels[i + 1] : &tern_text_type};
    for (size_t i = 0; i < 65; i++)
        at = stpcpy(at, i % 2 ? "[" : "{\"\":");
    tern_text_list_map value;
    decode(&levels[0], text, &value);
    CHECK(strstr(said, "is nested too deeply") != NULL);
    schema_forget();
}

TERN_MODEL(Costly,
    (tern_text_list_map, map, .items = TERN_RULES(.items = TERN_RULES(.pattern = "^(a+)+b|a"))))

TEST(threat_062_patterns_of_all_lists_of_a_map_take_200_ms_together)
{
    enum { LISTS = 200000 };
    static const char *text = "aaaaaaaaaaa!"; /* it matches, and takes long */
    static tern_text_list_entry entries[LISTS];
    const tern_text_list_map map = {entries, LISTS};
    need_patterns();
    arena memory;
    tern_faults faults;
    arena_init(&memory, NULL, 0, 1 << 24);
    faults_init(&faults, &memory);
    prepare(TERN_TYPE(Costly));
    for (size_t i = 0; i < LISTS; i++)
        entries[i] = (tern_text_list_entry){"k", {&text, 1}};
    validate_field(&plan_of(TERN_TYPE(Costly))->fields[0], &map, NULL, &faults);
    CHECK_INT(faults.count, FAULTS_MOST);
    CHECK_TEXT(faults.first->code, "pattern_too_costly");
    CHECK(faults.clock == NULL);
    arena_free(&memory);
    schema_forget();
}

/* -- mistakes -- */

static void check_mistake(tern_type *type, const char *want)
{
    buf problems = {0};
    CHECK(!schema_prepare(type, &problems));
    CHECK_TEXT(problems.data, want);
    buf_free(&problems);
    schema_forget();
}

TERN_MODEL(TooHigh, (tern_text_list_map, f, .min_length = 2))
TERN_MODEL(TooHighItems, (tern_text_list_map, f, .items = TERN_RULES(.min_length = 2)))
TERN_MODEL(TooDeep, (tern_text_list_map, f, .items = TERN_RULES(.items = TERN_RULES(.min = 2))))
TERN_MODEL(NoKeys, (tern_text_list_map, f, .items = TERN_RULES(.keys = TERN_RULES(.max_length = 2))))
TERN_MODEL(Files, (tern_upload_list, one))
TERN_MAP_OF(tern_upload_list)
TERN_MODEL(FilesByName, (tern_upload_list_map, files))
TERN_MODEL(Fallback, (tern_text_list_map, f, .fallback = "{\"a\":[]}"))
TERN_MODEL(InQuery, (tern_text_list_map, f, .in = TERN_FROM_QUERY))

TEST(rules_on_the_wrong_level_report_where_they_belong)
{
    check_mistake(
        TERN_TYPE(TooHigh),
        "model TooHigh, field f: .min_length is for text, bytes and uploads; for the values in a map of "
        "tern_text_list: .items = TERN_RULES(.items = TERN_RULES(.min_length = ...))\n");
    check_mistake(
        TERN_TYPE(TooHighItems),
        "model TooHighItems, field f: .items: .min_length is for text, bytes and uploads; for the values "
        "in a list of const char *: .items = TERN_RULES(.min_length = ...)\n");
    check_mistake(
        TERN_TYPE(TooDeep),
        "model TooDeep, field f: .items.items: .min is for numbers; it has no meaning for const char *\n");
    check_mistake(
        TERN_TYPE(NoKeys),
        "model NoKeys, field f: .items: .keys is for maps; it has no meaning for a list of const char *\n");
}

TEST(invalid_declarations_of_maps_of_lists_are_refused_at_start)
{
    check_mistake(
        TERN_TYPE(FilesByName),
        "model FilesByName, field files: a map of tern_upload_list contains a file; a file must be a field "
        "of the input model, as tern_upload or tern_upload_list\n");
    check_mistake(TERN_TYPE(Fallback),
                  "model Fallback, field f: .fallback \"{\"a\":[]}\" can only be \"{}\"\n");
    check_mistake(TERN_TYPE(InQuery),
                  "model InQuery, field f: a map of tern_text_list cannot be given in a query; "
                  "leave out .in\n");
}
