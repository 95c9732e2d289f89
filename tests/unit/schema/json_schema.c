#include "schema/json/schema.h"

#include "check.h"

#include "base/mem.h"

TERN_ENUM(Color, red, green);

static const char *is_any(const void *value)
{
    (void)value;
    return NULL;
}

TERN_MODEL(Scalars,
    (bool, yes),
    (int8_t, tiny),
    (uint16_t, port),
    (int, count),
    (int64_t, id),
    (uint64_t, big),
    (float, share),
    (double, weight),
    (const char *, text),
    (tern_bytes, data),
    (tern_uuid, uuid),
    (tern_date, day),
    (tern_time, hour),
    (tern_datetime, moment),
    (tern_duration, span),
    (tern_decimal, price),
    (tern_any, extra),
    (Color, color),
    (tern_text_list, words),
    (tern_int32_map, sums))

TERN_MODEL(Rules,
    (int, size, .min = 0, .max = 100, .multiple_of = 5),
    (double, share, .min = 0.25, .max = 1e30),
    (const char *, title, .min_length = 1, .max_length = 9, .pattern = "^\"a"),
    (const char *, mail, .format = "email"),
    (const char *, level, .choices = TERN_CHOICES("low", "high")),
    (tern_bytes, key, .min_length = 2, .max_length = 4),
    (uint8_t, few, .max = 9),
    (tern_text_list, tags, .min_items = 1, .max_items = 3, .unique_items = true),
    (tern_text_map, notes, .max_items = 2))

TERN_MODEL(Limits,
    (int, size, .above = 0, .below = 10),
    (double, share, .above = 0.5),
    (tern_decimal, price, .min = 0.1, .below = 1000, .multiple_of = 0.05),
    (tern_decimal, total, .at_most = "123456789012345.67"),
    (tern_date, day, .at_least = "2020-01-01", .at_most = "today", .help = "When it began"),
    (tern_datetime, moment, .at_least = "now", .help = "When?"),
    (tern_duration, span, .at_most = "PT1H"))

TERN_MODEL(Insides,
    (tern_text_list, tags, .max_items = 3, .items = TERN_RULES(.max_length = 9, .pattern = "^[a-z]")),
    (tern_int32_map, sums, .items = TERN_RULES(.min = 1), .keys = TERN_RULES(.min_length = 2)),
    (Color_list, colors, .items = TERN_RULES(.check = is_any)),
    (tern_date_list, days, .items = TERN_RULES(.at_least = "2020-01-01")))

TERN_MODEL_WITH(Notes, (.help = "Said of it", .ignore_unknown = true),
    (const char *, old, .deprecated = true, .help = "Not \"any\" more"),
    (int, page, .fallback = "1", .example = "7"),
    (bool, on, .fallback = "yes"),
    (const char *, name, .fallback = "x"),
    (Color, color, .fallback = "green"),
    (tern_text_list, list, .fallback = "[]"),
    (tern_date, day, .example = "2026-11-23"))

TERN_MODEL(Optional,
    (int, count, .optional = true),
    (Color, color, .optional = true),
    (tern_any, any, .optional = true),
    (const char *, level, .optional = true, .choices = TERN_CHOICES("low")),
    (tern_text_list, list, .optional = true))

TERN_MODEL(Tree, (const char *, name), (Tree_list, children), (Tree_map, named))

TERN_MODEL(Account,
    (int64_t, id, .read_only = true),
    (const char *, name),
    (const char *, password, .write_only = true))
TERN_MODEL(Team, (Account_list, members))

typedef struct fixture {
    arena memory;
    schema_set set;
    buf out;
} fixture;

static fixture f;

static void prepare(tern_type *type)
{
    buf problems = {0};
    if (!schema_prepare(type, &problems))
        check_fail(__FILE__, __LINE__, "%s", problems.data);
    buf_free(&problems);
}

static void open_set(void)
{
    arena_init(&f.memory, NULL, 0, 1 << 20);
    schema_set_init(&f.set, &f.memory, NULL);
    f.out = (buf){0};
}

static void add(tern_type *type, schema_side side)
{
    prepare(type);
    schema_set_add(&f.set, type, side);
}

/** The components of the set as text. */
static const char *components(void)
{
    CHECK(schema_set_name(&f.set));
    buf_free(&f.out);
    f.out = (buf){0};
    schema_print_components(&f.set, &f.out);
    return f.out.data != NULL ? f.out.data : "";
}

static void close_set(void)
{
    buf_free(&f.out);
    schema_set_free(&f.set);
    arena_free(&f.memory);
    schema_forget();
}

/** The object of one model as a client sends or receives it. */
static void check_object(tern_type *type, schema_side side, const char *want)
{
    open_set();
    add(type, side);
    CHECK(schema_set_name(&f.set));
    schema_print_object(&f.set, type, side, &f.out);
    CHECK_TEXT(f.out.data, want);
    close_set();
}

#define INT32_RANGE ",\"minimum\":-2147483648,\"maximum\":2147483647"
#define INT64_RANGE ",\"minimum\":-9223372036854775808,\"maximum\":9223372036854775807"
#define FLOAT_RANGE ",\"minimum\":-3.4028234663852886e+38,\"maximum\":3.4028234663852886e+38"
#define SPAN_PATTERN                                                                                         \
    "\"minLength\":3,\"pattern\":\"^-?P([0-9]+W)?([0-9]+D)?(T([0-9]+H([0-9]+M)?([0-9]+([.][0-9]+)?S)?|"      \
    "[0-9]+M([0-9]+([.][0-9]+)?S)?|[0-9]+([.][0-9]+)?S))?$\""
#define BASE64_PATTERN                                                                                       \
    "\"pattern\":\"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$\""

TEST(json_schema_has_limits_or_describes_them)
{
    check_object(
        TERN_TYPE(Limits), SCHEMA_OUTPUT,
        "{\"type\":\"object\",\"properties\":{"
        "\"size\":{\"type\":\"integer\",\"format\":\"int32\",\"exclusiveMinimum\":0,\"exclusiveMaximum\":10},"
        "\"share\":{\"type\":\"number\",\"format\":\"double\",\"exclusiveMinimum\":0.5},"
        "\"price\":{\"type\":\"number\",\"format\":\"decimal\",\"minimum\":0.1,\"exclusiveMaximum\":1000,"
        "\"multipleOf\":0.05},"
        "\"total\":{\"type\":\"number\",\"format\":\"decimal\",\"maximum\":123456789012345.67,\"minimum\":-"
        "999999999999999999},"
        "\"day\":{\"type\":\"string\",\"format\":\"date\",\"x-minimum\":\"2020-01-01\",\"x-maximum\":"
        "\"today\","
        "\"description\":\"When it began. Must be from 2020-01-01 to today.\"},"
        "\"moment\":{\"type\":\"string\",\"format\":\"date-time\",\"x-minimum\":\"now\","
        "\"description\":\"When? Must be now or later.\"},"
        "\"span\":{\"type\":\"string\",\"format\":\"duration\"," SPAN_PATTERN ",\"x-maximum\":\"PT1H\","
        "\"description\":\"Must be at most PT1H.\"}},"
        "\"required\":[\"size\",\"share\",\"price\",\"total\",\"day\",\"moment\",\"span\"],"
        "\"additionalProperties\":false}");
}

#ifdef TERN_WITH_PCRE2
TEST(json_schema_has_the_rules_of_items_and_keys)
{
    check_object(
        TERN_TYPE(Insides), SCHEMA_INPUT,
        "{\"type\":\"object\",\"properties\":{"
        "\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"maxLength\":9,\"pattern\":\"^[a-z]\"},"
        "\"maxItems\":3},"
        "\"sums\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\",\"format\":\"int32\","
        "\"minimum\":1,\"maximum\":2147483647},\"propertyNames\":{\"type\":\"string\",\"minLength\":2}},"
        "\"colors\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Color\"}},"
        "\"days\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"format\":\"date\","
        "\"x-minimum\":\"2020-01-01\",\"description\":\"Must be 2020-01-01 or later.\"}}},"
        "\"required\":[\"tags\",\"sums\",\"colors\",\"days\"],\"additionalProperties\":false}");
}
#endif

TEST(json_schema_describes_every_kind)
{
    check_object(
        TERN_TYPE(Scalars), SCHEMA_INPUT,
        "{\"type\":\"object\",\"properties\":{"
        "\"yes\":{\"type\":\"boolean\"},"
        "\"tiny\":{\"type\":\"integer\",\"format\":\"int8\",\"minimum\":-128,\"maximum\":127},"
        "\"port\":{\"type\":\"integer\",\"format\":\"uint16\",\"minimum\":0,\"maximum\":65535},"
        "\"count\":{\"type\":\"integer\",\"format\":\"int32\"" INT32_RANGE "},"
        "\"id\":{\"type\":\"integer\",\"format\":\"int64\"" INT64_RANGE "},"
        "\"big\":{\"type\":\"integer\",\"format\":\"uint64\",\"minimum\":0,\"maximum\":18446744073709551615},"
        "\"share\":{\"type\":\"number\",\"format\":\"float\"" FLOAT_RANGE "},"
        "\"weight\":{\"type\":\"number\",\"format\":\"double\"},"
        "\"text\":{\"type\":\"string\"},"
        "\"data\":{\"type\":\"string\",\"format\":\"byte\",\"contentEncoding\":\"base64\"," BASE64_PATTERN
        "},"
        "\"uuid\":{\"type\":\"string\",\"format\":\"uuid\"},"
        "\"day\":{\"type\":\"string\",\"format\":\"date\"},"
        "\"hour\":{\"type\":\"string\",\"format\":\"time-local\","
        "\"pattern\":\"^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\\\.[0-9]+)?$\"},"
        "\"moment\":{\"type\":\"string\",\"format\":\"date-time\"},"
        "\"span\":{\"type\":\"string\",\"format\":\"duration\"," SPAN_PATTERN "},"
        "\"price\":{\"type\":[\"number\",\"string\"],\"format\":\"decimal\",\"maxLength\":19,"
        "\"pattern\":\"^-?[0-9]{1,18}([.][0-9]{1,18})?$\",\"minimum\":-999999999999999999,"
        "\"maximum\":999999999999999999},"
        "\"extra\":{},"
        "\"color\":{\"$ref\":\"#/components/schemas/Color\"},"
        "\"words\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
        "\"sums\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\",\"format\":"
        "\"int32\"" INT32_RANGE "}}}"
        ","
        "\"required\":[\"yes\",\"tiny\",\"port\",\"count\",\"id\",\"big\",\"share\",\"weight\",\"text\","
        "\"data\","
        "\"uuid\",\"day\",\"hour\",\"moment\",\"span\",\"price\",\"extra\",\"color\",\"words\",\"sums\"],"
        "\"additionalProperties\":false}");
}

TEST(json_schema_has_the_rules_as_written)
{
#ifndef TERN_WITH_PCRE2
    check_skip("this build has no PCRE2: a model with .pattern is refused at start");
#endif
    check_object(
        TERN_TYPE(Rules), SCHEMA_INPUT,
        "{\"type\":\"object\",\"properties\":{"
        "\"size\":{\"type\":\"integer\",\"format\":\"int32\",\"minimum\":0,\"maximum\":100,\"multipleOf\":5},"
        "\"share\":{\"type\":\"number\",\"format\":\"double\",\"minimum\":0.25,\"maximum\":1e30},"
        "\"title\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":9,\"pattern\":\"^\\\"a\"},"
        "\"mail\":{\"type\":\"string\",\"format\":\"email\"},"
        "\"level\":{\"type\":\"string\",\"enum\":[\"low\",\"high\"]},"
        "\"key\":{\"type\":\"string\",\"format\":\"byte\",\"contentEncoding\":\"base64\"," BASE64_PATTERN
        ",\"minLength\":4,"
        "\"maxLength\":8},"
        "\"few\":{\"type\":\"integer\",\"format\":\"uint8\",\"maximum\":9,\"minimum\":0},"
        "\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"minItems\":1,\"maxItems\":3,"
        "\"uniqueItems\":true},"
        "\"notes\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"},\"maxProperties\":2}},"
        "\"required\":[\"size\",\"share\",\"title\",\"mail\",\"level\",\"key\",\"few\",\"tags\",\"notes\"],"
        "\"additionalProperties\":false}");
}

TEST(json_schema_has_help_defaults_and_examples_of_the_right_type)
{
    check_object(TERN_TYPE(Notes), SCHEMA_INPUT,
                 "{\"type\":\"object\",\"description\":\"Said of it\",\"properties\":{"
                 "\"old\":{\"type\":\"string\",\"description\":\"Not \\\"any\\\" more\",\"deprecated\":true},"
                 "\"page\":{\"type\":\"integer\",\"format\":\"int32\"" INT32_RANGE
                 ",\"default\":1,\"examples\":[7]},"
                 "\"on\":{\"type\":\"boolean\",\"default\":true},"
                 "\"name\":{\"type\":\"string\",\"default\":\"x\"},"
                 "\"color\":{\"$ref\":\"#/components/schemas/Color\",\"default\":\"green\"},"
                 "\"list\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"default\":[]},"
                 "\"day\":{\"type\":\"string\",\"format\":\"date\",\"examples\":[\"2026-11-23\"]}},"
                 "\"required\":[\"old\",\"day\"]}");
}

TEST(json_schema_lets_optional_fields_be_null)
{
    check_object(TERN_TYPE(Optional), SCHEMA_INPUT,
                 "{\"type\":\"object\",\"properties\":{"
                 "\"count\":{\"type\":[\"integer\",\"null\"],\"format\":\"int32\"" INT32_RANGE "},"
                 "\"color\":{\"anyOf\":[{\"$ref\":\"#/components/schemas/Color\"},{\"type\":\"null\"}]},"
                 "\"any\":{},"
                 "\"level\":{\"type\":[\"string\",\"null\"],\"enum\":[\"low\",null]},"
                 "\"list\":{\"type\":[\"array\",\"null\"],\"items\":{\"type\":\"string\"}}},"
                 "\"additionalProperties\":false}");
}

TEST(json_schema_of_a_parameter_has_no_null_and_no_description)
{
    open_set();
    add(TERN_TYPE(Optional), SCHEMA_INPUT);
    add(TERN_TYPE(Notes), SCHEMA_INPUT);
    schema_print_field(&f.set, &plan_of(TERN_TYPE(Optional))->fields[0], SCHEMA_INPUT, true, &f.out);
    schema_print_field(&f.set, &plan_of(TERN_TYPE(Notes))->fields[0], SCHEMA_INPUT, true, &f.out);
    CHECK_TEXT(f.out.data,
               "{\"type\":\"integer\",\"format\":\"int32\"" INT32_RANGE "},{\"type\":\"string\"}");
    close_set();
}

TEST(json_schema_of_a_model_that_contains_itself_ends)
{
    open_set();
    add(TERN_TYPE(Tree), SCHEMA_INPUT);
    add(TERN_LIST(Tree), SCHEMA_OUTPUT);
    CHECK_TEXT(
        components(),
        "\"Tree\":{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},"
        "\"children\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Tree\"}},"
        "\"named\":{\"type\":\"object\",\"additionalProperties\":{\"$ref\":\"#/components/schemas/Tree\"}}},"
        "\"required\":[\"name\",\"children\",\"named\"],\"additionalProperties\":false}");
    close_set();
}

TEST(json_schema_of_an_enum_is_a_component_of_its_names)
{
    open_set();
    add(TERN_MAP(Account), SCHEMA_OUTPUT);
    schema_set_add(&f.set, TERN_TYPE(Color), SCHEMA_INPUT);
    CHECK(strstr(components(), "\"Color\":{\"type\":\"string\",\"enum\":[\"red\",\"green\"]}") != NULL);
    close_set();
}

#define ACCOUNT_SENT                                                                                         \
    "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},"                                   \
    "\"password\":{\"type\":\"string\",\"writeOnly\":true}},"                                                \
    "\"required\":[\"name\",\"password\"],\"additionalProperties\":false}"
#define ACCOUNT_RECEIVED                                                                                     \
    "{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"integer\",\"format\":\"int64\"" INT64_RANGE "," \
    "\"readOnly\":true},\"name\":{\"type\":\"string\"}},"                                                    \
    "\"required\":[\"id\",\"name\"],\"additionalProperties\":false}"

TEST(json_schema_distinguishes_sent_from_received_models)
{
    open_set();
    add(TERN_TYPE(Account), SCHEMA_INPUT);
    add(TERN_TYPE(Account), SCHEMA_OUTPUT);
    CHECK_TEXT(components(), "\"AccountInput\":" ACCOUNT_SENT ",\"Account\":" ACCOUNT_RECEIVED);
    close_set();
}

TEST(json_schema_distinguishes_sides_through_nested_models)
{
    open_set();
    add(TERN_TYPE(Team), SCHEMA_OUTPUT);
    add(TERN_TYPE(Team), SCHEMA_INPUT);
    const char *text = components();
    CHECK(strstr(text, "\"TeamInput\":{\"type\":\"object\",\"properties\":{\"members\":{\"type\":\"array\","
                       "\"items\":{\"$ref\":\"#/components/schemas/AccountInput\"}}}") != NULL);
    CHECK(strstr(text, "\"Team\":{\"type\":\"object\",\"properties\":{\"members\":{\"type\":\"array\","
                       "\"items\":{\"$ref\":\"#/components/schemas/Account\"}}}") != NULL);
    close_set();
}

TEST(json_schema_of_a_model_only_sent_has_the_plain_name)
{
    open_set();
    add(TERN_TYPE(Account), SCHEMA_INPUT);
    CHECK_TEXT(components(), "\"Account\":" ACCOUNT_SENT);
    close_set();
}

/* Declarations as in other source files: the same model with the same name, and another one. */
static tern_field twin_fields[] = {{.name = "red", .type = &tern_int32_type, .written = ""}};
static tern_field other_fields[] = {{.name = "red", .type = &tern_text_type, .written = ""}};
static tern_type first_twin = {
    .kind = TERN_KIND_MODEL, .name = "Twin", .size = 8, .fields = twin_fields, .field_count = 1};
static tern_type second_twin = {
    .kind = TERN_KIND_MODEL, .name = "Twin", .size = 8, .fields = twin_fields, .field_count = 1};
static tern_type other_twin = {
    .kind = TERN_KIND_MODEL, .name = "Twin", .size = 16, .fields = other_fields, .field_count = 1};

TEST(json_schema_makes_one_component_of_one_model_declared_twice)
{
    open_set();
    add(&first_twin, SCHEMA_OUTPUT);
    add(&second_twin, SCHEMA_OUTPUT);
    CHECK(schema_set_name(&f.set));
    CHECK(schema_component_of(&f.set, &first_twin, SCHEMA_OUTPUT) ==
          schema_component_of(&f.set, &second_twin, SCHEMA_OUTPUT));
    CHECK(f.set.first->next == NULL);
    close_set();
}

TEST(json_schema_gives_two_models_with_one_name_different_names)
{
    open_set();
    add(&first_twin, SCHEMA_OUTPUT);
    add(&other_twin, SCHEMA_OUTPUT);
    CHECK(schema_set_name(&f.set));
    CHECK_TEXT(schema_component_of(&f.set, &first_twin, SCHEMA_OUTPUT)->name, "Twin");
    CHECK_TEXT(schema_component_of(&f.set, &other_twin, SCHEMA_OUTPUT)->name, "Twin_2");
    close_set();
}

TEST(json_schema_leaves_reserved_names_alone)
{
    static const char *const reserved[] = {"Account", NULL};
    open_set();
    f.set.reserved = reserved;
    add(TERN_TYPE(Account), SCHEMA_OUTPUT);
    CHECK_TEXT(components(), "\"Account_2\":" ACCOUNT_RECEIVED);
    close_set();
}

TEST(json_schema_survives_every_failing_allocation)
{
    for (unsigned long n = 1;; n++) {
        open_set();
        prepare(TERN_TYPE(Team));
        mem_fail_at(n, 0);
        schema_set_add(&f.set, TERN_TYPE(Team), SCHEMA_INPUT);
        schema_set_add(&f.set, TERN_TYPE(Team), SCHEMA_OUTPUT);
        bool ok = schema_set_name(&f.set);
        if (ok) {
            schema_print_components(&f.set, &f.out);
            ok = !f.out.failed;
        }
        bool is_done = mem_tried() < n;
        mem_fail_at(0, 0);
        close_set();
        CHECK_INT(ok, is_done);
        if (is_done)
            break;
    }
}
