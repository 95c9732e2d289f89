/* Mistakes in a declaration are reported at start, in one line with the place and the fix. */
#include "schema/plan/options.h"

#include "check.h"

#include "base/mem.h"
#include "schema/pattern/pattern.h"
#include "schema/validate.h"

static bool prepare(tern_type *type, const char *want)
{
    buf problems = {0};
    bool ok = schema_prepare(type, &problems);
    CHECK_TEXT(problems.data != NULL ? problems.data : "", want);
    CHECK(ok == (*want == '\0'));
    buf_free(&problems);
    return ok;
}

/** A test: the model of one field `(field)` is refused with `line`. */
#define REFUSED(sentence, line, ...)                                                                         \
    TERN_MODEL(sentence##_model, (__VA_ARGS__))                                                              \
    TEST(sentence)                                                                                           \
    {                                                                                                        \
        sentence##_model_type.name = "M";                                                                    \
        CHECK(!prepare(TERN_TYPE(sentence##_model), "model M, field f: " line "\n"));                        \
        schema_forget();                                                                                     \
    }

static const char *is_even(const void *value)
{
    return *(const int *)value % 2 == 0 ? NULL : "must be even";
}

TERN_ENUM(Level, low, high);
TERN_MODEL(Part, (int, number))
TERN_MODEL(Attachment, (const char *, title), (tern_upload, file))

/* -- options without a meaning -- */

REFUSED(options_min_on_text_is_refused, ".min is for numbers; it has no meaning for const char *",
        const char *, f, .min = 0)
REFUSED(options_max_length_on_an_integer_is_refused,
        ".max_length is for text, bytes and uploads; it has no meaning for int32_t", int, f, .max_length = 3)
REFUSED(options_pattern_on_bool_is_refused, ".pattern is for text; it has no meaning for bool", bool, f,
        .pattern = "x")
REFUSED(options_choices_on_an_integer_are_refused, ".choices is for text; it has no meaning for int32_t", int,
        f, .choices = TERN_CHOICES("1", "2"))
REFUSED(options_min_length_on_a_list_is_refused,
        ".min_length is for text, bytes and uploads; for the values in a list of const char *: .items = "
        "TERN_RULES(.min_length = ...)",
        tern_text_list, f, .min_length = 1)
REFUSED(options_unique_items_on_a_map_is_refused,
        ".unique_items is for lists; it has no meaning for a map of int64_t", tern_int64_map, f,
        .unique_items = true)
REFUSED(options_min_on_an_enum_is_refused, ".min is for numbers; it has no meaning for the enum Level", Level,
        f, .min = 1)
REFUSED(options_fallback_on_a_model_is_refused,
        ".fallback is for single values, lists and maps; it has no meaning for the model Part", Part, f,
        .fallback = "{}")
REFUSED(options_key_on_a_list_is_refused, ".key is for single values; it has no meaning for a list of Part",
        Part_list, f, .key = true)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
REFUSED(options_given_twice_are_refused, ".help is given twice", int, f, .help = "a", .help = "b")
REFUSED(options_that_the_macro_fills_in_are_refused, ".state_offset is filled in by TERN_MODEL; leave it out",
        int, f, .state_offset = 0)
#pragma GCC diagnostic pop

/* -- messages -- */

REFUSED(messages_that_are_empty_are_refused,
        ".message is empty; describe what the value must be, or leave it out", const char *, f,
        .pattern = "x", .message = "")
REFUSED(messages_that_are_null_are_refused,
        ".message is empty; describe what the value must be, or leave it out", const char *, f,
        .pattern = "x", .message = NULL)
REFUSED(messages_without_a_rule_are_refused,
        ".message replaces the messages of rules, but there is no rule; give .pattern or .min", const char *,
        f, .message = "is not a name")
REFUSED(messages_with_only_a_check_are_refused,
        ".message replaces the messages of rules like .pattern; .check adds its own", int, f,
        .check = is_even, .message = "is odd")
REFUSED(messages_of_a_list_do_not_replace_those_of_its_items,
        ".message replaces the messages of rules, but there is no rule; give .pattern or .min",
        tern_text_list, f, .items = TERN_RULES(.max_length = 3), .message = "has a long one")
REFUSED(messages_of_items_need_a_rule_of_items,
        ".items: .message replaces the messages of rules, but there is no rule; give .pattern or .min",
        tern_text_list, f, .items = TERN_RULES(.message = "is long"))

/* -- numbers -- */

REFUSED(options_min_above_max_is_refused, ".min = 5 is above .max = 3", int, f, .min = 5, .max = 3)
REFUSED(options_min_above_the_kinds_range_is_refused, ".min = 300 does not fit uint8_t (0 to 255)", uint8_t,
        f, .min = 300)
REFUSED(options_min_below_an_unsigned_kind_is_refused,
        ".min = -1 does not fit uint64_t (0 to 18446744073709551615)", uint64_t, f, .min = -1)
REFUSED(options_fractional_max_of_an_integer_is_refused,
        ".max = 2.5 is not a whole number, but values of int32_t are", int, f, .max = 2.5)
REFUSED(options_max_between_the_64_bit_kinds_is_refused,
        ".max = 10000000000000000000 is above 9223372036854775807, the largest limit", uint64_t, f,
        .max = 10000000000000000000.0L)
REFUSED(options_min_that_is_not_a_number_is_refused, ".min = nan does not fit int16_t (-32768 to 32767)",
        int16_t, f, .min = __builtin_nan(""))
REFUSED(options_multiple_of_zero_is_refused, ".multiple_of must be above 0", double, f, .multiple_of = 0)
REFUSED(options_negative_multiple_is_refused, ".multiple_of must be above 0", int, f, .multiple_of = -2)

REFUSED(options_two_limits_of_one_end_are_refused, ".min and .above limit the same end; leave one out", int,
        f, .min = 0, .above = 0)
REFUSED(options_limits_that_leave_no_value_are_refused, "no value satisfies both .above = 3 and .max = 3",
        double, f, .above = 3, .max = 3)
REFUSED(options_above_on_a_date_is_refused, ".above is for numbers; it has no meaning for tern_date",
        tern_date, f, .above = 1)
REFUSED(options_decimal_limit_that_a_double_cannot_tell_is_refused,
        ".max = 123456789012345.67 has more digits than C keeps; write it as text, in .at_least or "
        ".at_most",
        tern_decimal, f, .max = 123456789012345.67)
REFUSED(options_decimal_limits_reversed_are_refused, ".min = 0.2 is above .max = 0.1", tern_decimal, f,
        .min = 0.2, .max = 0.1)
REFUSED(options_decimal_limit_that_does_not_read_is_refused,
        ".at_least \"1,50\" is not a decimal number of at most 18 digits", tern_decimal, f,
        .at_least = "1,50")

/* -- moments -- */

REFUSED(options_min_on_a_date_is_refused, ".min is for numbers; it has no meaning for tern_date", tern_date,
        f, .min = 2020)
REFUSED(options_at_least_on_an_integer_is_refused,
        ".at_least is for dates, times, date-times, spans and decimals; it has no meaning for int32_t", int,
        f, .at_least = "3")
REFUSED(options_limit_that_does_not_read_is_refused, ".at_least \"2020-02-30\" is not a date like 2026-11-23",
        tern_date, f, .at_least = "2020-02-30")
REFUSED(options_limit_of_a_span_in_words_is_refused,
        ".at_most \"5 minutes\" is not a span of time like P1DT2H30M", tern_duration, f,
        .at_most = "5 minutes")
REFUSED(options_moments_reversed_are_refused, ".at_least \"17:00:00\" is more than .at_most \"09:00:00\"",
        tern_time, f, .at_least = "17:00:00", .at_most = "09:00:00")
REFUSED(options_days_reversed_are_refused, ".at_least \"today+P2D\" is more than .at_most \"today+P1D\"",
        tern_date, f, .at_least = "today+P2D", .at_most = "today+P1D")
REFUSED(options_today_and_hours_are_refused, ".at_least \"today+PT1H\" is not a day like today+P30D",
        tern_date, f, .at_least = "today+PT1H")
REFUSED(options_today_of_a_date_time_is_refused,
        ".at_most \"today\" is not a date and time with its offset, like 2026-11-23T17:30:00Z", tern_datetime,
        f, .at_most = "today")
REFUSED(options_now_without_a_span_is_refused, ".at_most \"nowadays\" is not an instant like now-PT5M",
        tern_datetime, f, .at_most = "nowadays")
REFUSED(options_fallback_before_its_limit_is_refused,
        ".fallback \"2019-12-31\" breaks its own rule: it must be 2020-01-01 or later", tern_date, f,
        .at_least = "2020-01-01", .fallback = "2019-12-31")

/* -- items of lists and maps -- */

REFUSED(options_items_on_text_is_refused, ".items is for lists and maps; it has no meaning for const char *",
        const char *, f, .items = TERN_RULES(.min_length = 1))
REFUSED(options_keys_on_a_list_is_refused, ".keys is for maps; it has no meaning for a list of const char *",
        tern_text_list, f, .keys = TERN_RULES(.min_length = 1))
REFUSED(options_min_of_items_that_are_text_is_refused,
        ".items: .min is for numbers; it has no meaning for const char *", tern_text_list, f,
        .items = TERN_RULES(.min = 1))
REFUSED(options_min_items_of_items_is_refused,
        ".items: .min_items is for lists and maps; it has no meaning for const char *", tern_text_list, f,
        .items = TERN_RULES(.min_items = 1))
REFUSED(options_that_are_not_rules_are_refused_in_rules, ".items: .optional is not a rule; it is for fields",
        tern_text_list, f, .items = TERN_RULES(.optional = true))
REFUSED(options_limits_of_items_reversed_are_refused, ".items: .min = 5 is above .max = 3", tern_int64_list,
        f, .items = TERN_RULES(.min = 5, .max = 3))
REFUSED(options_choice_of_items_against_another_rule_is_refused,
        ".items: .choices \"a\" breaks its own rule: it must have at least 2 characters", tern_text_map, f,
        .items = TERN_RULES(.min_length = 2, .choices = TERN_CHOICES("a", "bb")))
REFUSED(options_limits_of_keys_reversed_are_refused, ".keys: .min_length = 5 is above .max_length = 3",
        tern_int64_map, f, .keys = TERN_RULES(.min_length = 5, .max_length = 3))
REFUSED(options_rules_without_a_name_are_refused,
        ".items: options must follow its type and name, each as .name = value", tern_int64_list, f,
        .items = &(const tern_field){.written = "5"})

/* -- lengths -- */

REFUSED(options_lengths_reversed_are_refused, ".min_length = 9 is above .max_length = 3", const char *, f,
        .min_length = 9, .max_length = 3)
REFUSED(options_negative_length_is_refused, ".max_length is negative or larger than memory", const char *, f,
        .max_length = (size_t)-1)
REFUSED(options_items_reversed_are_refused, ".min_items = 2 is above .max_items = 1", tern_int64_list, f,
        .min_items = 2, .max_items = 1)

/* -- text -- */

REFUSED(options_unknown_format_is_refused,
        ".format = \"emial\" is not one of email, uri, hostname, ipv4, ipv6, uuid, date, time, date-time and "
        "duration",
        const char *, f, .format = "emial")
#ifdef TERN_WITH_PCRE2
REFUSED(options_broken_pattern_is_refused_with_its_place,
        ".pattern = \"a(b\" cannot be used: missing closing parenthesis, at byte 3", const char *, f,
        .pattern = "a(b")
#endif
REFUSED(options_empty_choices_are_refused, ".choices is empty; TERN_CHOICES needs at least one text",
        const char *, f, .choices = (const char *const[]){NULL})
REFUSED(options_duplicate_choice_is_refused, ".choices contains \"a\" twice", const char *, f,
        .choices = TERN_CHOICES("a", "b", "a"))
REFUSED(options_choice_against_another_rule_is_refused,
        ".choices \"a\" breaks its own rule: it must have at least 2 characters", const char *, f,
        .min_length = 2, .choices = TERN_CHOICES("a", "bb"))

/* -- values -- */

REFUSED(options_fallback_that_does_not_read_is_refused,
        ".fallback \"x\" is not a whole number from -2147483648 to 2147483647", int, f, .fallback = "x")
REFUSED(options_fallback_that_is_not_a_name_is_refused, ".fallback \"middle\" is not one of low, high", Level,
        f, .fallback = "middle")
REFUSED(options_fallback_that_breaks_its_own_rule_is_refused,
        ".fallback \"ab\" breaks its own rule: it must have at least 3 characters", const char *, f,
        .fallback = "ab", .min_length = 3)
REFUSED(options_fallback_that_breaks_its_own_check_is_refused,
        ".fallback \"7\" breaks its own rule: it must be even", int, f, .fallback = "7", .check = is_even)
REFUSED(options_fallback_of_a_list_is_empty, ".fallback \"[1]\" can only be \"[]\"", tern_int64_list, f,
        .fallback = "[1]")
REFUSED(options_empty_fallback_against_min_items_is_refused,
        ".fallback \"[]\" breaks its own rule: it must have at least 1 item", tern_int64_list, f,
        .fallback = "[]", .min_items = 1)
REFUSED(options_example_that_does_not_read_is_refused, ".example \"soon\" is not a date like 2026-11-23",
        tern_date, f, .example = "soon")

/* -- contradictions -- */

REFUSED(options_required_and_optional_are_refused, ".required and .optional contradict each other", int, f,
        .required = true, .optional = true)
REFUSED(options_required_and_fallback_are_refused, ".required and .fallback contradict each other", int, f,
        .required = true, .fallback = "1")
REFUSED(options_read_only_and_write_only_are_refused, ".read_only and .write_only contradict each other", int,
        f, .read_only = true, .write_only = true)
REFUSED(options_upload_in_a_nested_model_is_refused,
        "the model Attachment contains a file; a file must be a field of the input model, as tern_upload or "
        "tern_upload_list",
        Attachment, f)
REFUSED(options_upload_in_a_list_of_models_is_refused,
        "a list of Attachment contains a file; a file must be a field of the input model, as tern_upload or "
        "tern_upload_list",
        Attachment_list, f)
REFUSED(options_map_of_uploads_is_refused,
        "a map of tern_upload contains a file; a file must be a field of the input model, as tern_upload or "
        "tern_upload_list",
        tern_upload_map, f)
REFUSED(options_model_in_the_query_is_refused, "the model Part cannot be given in a query; leave out .in",
        Part, f, .in = TERN_FROM_QUERY)
REFUSED(options_list_in_the_path_is_refused, "a list of int64_t cannot be given in a path; leave out .in",
        tern_int64_list, f, .in = TERN_FROM_PATH)
REFUSED(options_optional_in_the_path_is_refused, "a path parameter is always given; leave out .optional", int,
        f, .in = TERN_FROM_PATH, .optional = true)

REFUSED(options_nullable_in_the_query_is_refused,
        "a path, query, header or cookie cannot be null; leave out .nullable", int, f, .in = TERN_FROM_QUERY,
        .nullable = true)
REFUSED(options_nullable_key_is_refused, ".key is never null; leave out .nullable", int, f, .key = true,
        .nullable = true)
REFUSED(options_nullable_upload_is_refused, "a form cannot send null for a file; leave out .nullable",
        tern_upload, f, .nullable = true)

/* -- tables -- */

REFUSED(options_unique_on_a_list_is_refused,
        ".unique is for single values; it has no meaning for a list of const char *", tern_text_list, f,
        .unique = true)
REFUSED(options_created_on_a_date_is_refused, ".created is for date-times; it has no meaning for tern_date",
        tern_date, f, .created = true)
REFUSED(options_references_on_a_float_is_refused,
        ".references is for whole numbers, UUIDs and text; it has no meaning for double", double, f,
        .references = TERN_TYPE(Part))
REFUSED(options_on_delete_without_references_is_refused, ".on_delete is for a field with .references",
        int64_t, f, .on_delete = TERN_CASCADE)
REFUSED(options_set_null_on_a_field_that_is_never_null_is_refused,
        ".on_delete = TERN_SET_NULL makes it null, so it must be .optional or .nullable", int64_t, f,
        .references = TERN_TYPE(Part), .on_delete = TERN_SET_NULL)
REFUSED(options_column_of_a_field_that_is_not_stored_is_refused, ".not_stored leaves no column for .index",
        int, f, .not_stored = true, .index = true)
REFUSED(options_search_on_a_number_is_refused, ".search is for text; it has no meaning for int32_t", int, f,
        .search = true)
REFUSED(options_search_of_a_write_only_field_is_refused,
        ".search would reveal it, but .write_only is never shown", const char *, f, .search = true,
        .write_only = true)

TERN_MODEL_WITH(Row,
    (.table = "rows",
     .unique_together = TERN_COLUMNS("owner, title"),
     .indexes = TERN_COLUMNS("owner, created desc", "title where done = false"),
     .renamed_from = "lines",
     .view = false),
    (int64_t, id, .key = true),
    (const char *, title, .column = "name", .unique = true),
    (int64_t, owner, .references = TERN_TYPE(Part), .on_delete = TERN_SET_NULL, .optional = true),
    (int64_t, parent, .references = TERN_TYPE(Row), .on_delete = TERN_CASCADE, .index = true),
    (tern_datetime, created, .created = true),
    (tern_datetime, changed, .updated = true),
    (int, version, .version = true),
    (bool, done, .renamed_from = "finished"),
    (Part_list, parts, .not_stored = true),
    (tern_text_map, labels, .column = "tags"))

TEST(options_of_tables_are_accepted_where_they_make_sense)
{
    prepare(TERN_TYPE(Row), "");
    CHECK(TERN_TYPE(Row)->fields[3].references == TERN_TYPE(Row));
    CHECK_TEXT(TERN_TYPE(Row)->options.indexes[1], "title where done = false");
    CHECK(TERN_TYPE(Row)->options.indexes[2] == NULL);
    schema_forget();
}

/* -- valid declarations -- */

TERN_MODEL(Right,
    (int, a, .min = 0, .max = 10),
    (uint8_t, b, .min = 0, .max = 255),
    (float, c, .max = 0.1),
    (const char *, d, .help = ".min = 1, .max = \"2\", '", .min_length = 0, .max_length = 5, .fallback = "x"),
    (tern_int64_list, e, .fallback = "[]", .max_items = 0),
    (tern_datetime, f, .fallback = "1970-01-01T00:00:01Z"),
    (Level, g, .fallback = "high"),
    (uint64_t, h, .max = UINT64_MAX),
    (tern_upload_list, i, .optional = true),
    (tern_text_list, j, .in = TERN_FROM_QUERY, .optional = true),
    (int, k, .multiple_of = 5, .example = "10"),
    (tern_text_list, m, .optional = true, .items = TERN_RULES(.max_length = 9, .choices = TERN_CHOICES("a"))),
    (const char *, l, .format = "email", .example = "a@example.org"))

static const field_plan *right(unsigned number)
{
    if (plan_of(TERN_TYPE(Right)) == NULL)
        prepare(TERN_TYPE(Right), "");
    return &plan_of(TERN_TYPE(Right))->fields[number];
}

TEST(options_distinguish_a_limit_of_0_from_no_limit)
{
    CHECK(right(0)->has_min && right(0)->has_max);
    CHECK_INT(right(0)->min_int, 0);
    CHECK_INT(right(0)->max_int, 10);
    CHECK(right(4)->has_max_items && right(4)->is_checked);
    CHECK(!right(10)->has_min && !right(10)->has_max);
    schema_forget();
}

TEST(options_drop_limits_that_no_value_can_break)
{
    CHECK(!right(1)->has_min && !right(1)->has_max && !right(1)->is_checked);
    CHECK(!right(7)->has_max);
    CHECK(!right(3)->has_min_length && right(3)->has_max_length);
    schema_forget();
}

TEST(options_round_the_limit_of_a_float_like_its_values)
{
    CHECK(right(2)->has_max && right(2)->max_float == (double)0.1f);
    schema_forget();
}

TEST(options_read_fallbacks_once)
{
    CHECK_TEXT(*(const char *const *)right(3)->fallback, "x");
    CHECK_INT(((const tern_datetime *)right(5)->fallback)->microseconds, 1000000);
    CHECK_INT(*(const Level *)right(6)->fallback, Level_high);
    CHECK_INT(((const tern_int64_list *)right(4)->fallback)->count, 0);
    CHECK(right(0)->fallback == NULL);
    schema_forget();
}

TEST(options_make_multiples_that_can_always_be_divided_by)
{
    CHECK_INT(right(10)->multiple_int, 5);
    CHECK(right(10)->has_multiple && !right(0)->has_multiple);
    CHECK_INT(right(0)->multiple_int, 1);
    schema_forget();
}

TEST(options_of_a_field_made_by_hand_count_when_they_are_not_0)
{
    static tern_field fields[] = {{.name = "f", .type = &tern_text_type, .min = 1, .max_length = 3}};
    static tern_type type = {
        .kind = TERN_KIND_MODEL, .name = "M", .size = 8, .fields = fields, .field_count = 1};
    prepare(&type, "model M, field f: .min is for numbers; it has no meaning for const char *\n");
    schema_forget();
}

TEST(options_report_every_mistake_of_a_model_in_one_run)
{
    static tern_field fields[] = {
        {.name = "f", .type = &tern_text_type, .written = ".min = 1, .pattern = \"(\" ", .min = 1},
        {.name = "g", .type = &Attachment_list_type, .written = ""},
        {.name = "h", .type = &tern_int8_type, .written = "\"help\""}};
    static tern_type type = {
        .kind = TERN_KIND_MODEL, .name = "M", .size = 8, .fields = fields, .field_count = 3};
    prepare(
        &type,
        "model M, field f: .min is for numbers; it has no meaning for const char *\n"
        "model M, field g: a list of Attachment contains a file; a file must be a field of the input model, "
        "as tern_upload or tern_upload_list\n"
        "model M, field h: options must follow its type and name, each as .name = value\n");
    schema_forget();
}

TEST(options_with_patterns_survive_every_failed_allocation)
{
    bool done = false;
    for (unsigned long n = 1; !done; n++) {
        buf problems = {0};
        mem_fail_at(n, 0);
        done = schema_prepare(TERN_TYPE(Right), &problems);
        mem_fail_at(0, 0);
        buf_free(&problems);
        schema_forget();
        CHECK(n < 200);
    }
}

TERN_MODEL(Inside,
    (tern_text_list, a, .items = TERN_RULES(.min_length = 0)),
    (tern_uint8_list, b, .items = TERN_RULES(.max = 255)),
    (tern_text_list, c, .items = TERN_RULES(.max_length = 9)),
    (tern_text_list, d))

TEST(options_of_items_that_no_value_can_break_are_dropped)
{
    prepare(TERN_TYPE(Inside), "");
    const field_plan *plans = plan_of(TERN_TYPE(Inside))->fields;
    CHECK(plans[0].items == NULL && plans[1].items == NULL && plans[3].items == NULL);
    CHECK(!plans[0].is_checked && !plans[3].is_checked);
    CHECK(plans[2].items != NULL && plans[2].is_checked);
    schema_forget();
}

/* -- the source text of options -- */

TEST(options_in_the_source_are_split_only_at_their_own_commas)
{
    static const struct {
        const char *written, *names;
    } cases[] = {
        {"", ""},
        {"  ", ""},
        {".min = 0", "min|"},
        {".min = 0,", "min|"},
        {".min=0,.max=1", "min|max|"},
        {".help = \".min = 1, .max = 2\", .key = true", "help|key|"},
        {".help = \"a \\\" , .min\", .key = true", "help|key|"},
        {".help = \"\\\\\", .key = true", "help|key|"},
        {".min = ',', .max = '\\'', .key = 1", "min|max|key|"},
        {".choices = ((const char *const[]){\"a\", \"b\", ((void *)0)}), .in = TERN_FROM_QUERY",
         "choices|in|"},
        {".check = f(1, 2), .json = a[1, 2]", "check|json|"},
        {"5, .min = 1", "|min|"},
        {".help = \"not closed, .min = 1", "help|"},
        {".help = \"ends in \\", "help|"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf names = {0};
        const char *at = cases[i].written, *name;
        size_t len;
        buf_add(&names, "", 0);
        while ((at = written_next(at, &name, &len)) != NULL) {
            buf_add(&names, name, len);
            buf_add_text(&names, "|");
        }
        CHECK_TEXT(names.data, cases[i].names);
        buf_free(&names);
    }
}

/* clang-format off */
TERN_MODEL(Presence,
    (int, plain),
    (int, optional, .optional = true),
    (int, never_null, .optional = true, .nullable = false),
    (int, null_alone, .nullable = true),
    (int, fallback, .fallback = "1"),
    (int, both, .fallback = "1", .nullable = true))
/* clang-format on */

TEST(options_distinguish_optional_from_nullable_fields)
{
    static const struct {
        bool is_required, is_nullable, may_lack;
        uint8_t lacking;
    } wants[] = {{true, false, false, TERN_STATE_NULL},   {false, true, true, TERN_STATE_NULL},
                 {false, false, true, TERN_STATE_ABSENT}, {true, true, true, TERN_STATE_NULL},
                 {false, false, false, TERN_STATE_NULL},  {false, true, true, TERN_STATE_NULL}};
    CHECK(prepare(TERN_TYPE(Presence), ""));
    for (size_t i = 0; i < sizeof wants / sizeof *wants; i++) {
        const field_plan *f = &plan_of(TERN_TYPE(Presence))->fields[i];
        CHECK_INT(f->is_required, wants[i].is_required);
        CHECK_INT(f->is_nullable, wants[i].is_nullable);
        CHECK_INT(plan_may_lack(f), wants[i].may_lack);
        CHECK_INT(plan_lacking_state(f), wants[i].lacking);
    }
    schema_forget();
}
