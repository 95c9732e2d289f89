#include "schema/plan/plan.h"

#include "check.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

TERN_ENUM(Color, red, green, blue);

TERN_MODEL(Tag, (const char *, name), (Color, color, .optional = true))

TERN_MODEL(Todo,
    (int64_t, id, .read_only = true),
    (const char *, title, .json = "the \"title\""),
    (bool, done, .optional = true),
    (Tag_list, tags),
    (Tag, main_tag),
    (double, weight, .fallback = "1.5"))

static bool prepare(tern_type *type, const char *want)
{
    buf problems = {0};
    bool ok = schema_prepare(type, &problems);
    CHECK_TEXT(problems.data != NULL ? problems.data : "", want);
    buf_free(&problems);
    return ok;
}

TEST(plan_has_the_offset_of_each_field)
{
    CHECK(prepare(TERN_TYPE(Todo), ""));
    const type_plan *plan = plan_of(TERN_TYPE(Todo));
    Todo todo;
    CHECK(plan_value(&plan->fields[1], &todo) == &todo.title);
    CHECK(plan_state(&plan->fields[1], &todo) == &todo.tern_state.title);
    CHECK(plan_value(&plan->fields[5], &todo) == &todo.weight);
    CHECK(plan->fields[5].field == &Todo_fields[5]);
    schema_forget();
}

TEST(plan_keys_are_ready_to_be_copied)
{
    CHECK(prepare(TERN_TYPE(Todo), ""));
    const type_plan *plan = plan_of(TERN_TYPE(Todo));
    CHECK_BYTES(plan->fields[0].json_key, plan->fields[0].json_key_len, "\"id\":", 5);
    CHECK_BYTES(plan->fields[1].key, plan->fields[1].key_len, "the \"title\"", 11);
    CHECK_BYTES(plan->fields[1].json_key, plan->fields[1].json_key_len, "\"the \\\"title\\\"\":", 16);
    schema_forget();
}

TEST(plan_requires_fields_that_are_not_optional_or_read_only_and_have_no_fallback)
{
    CHECK(prepare(TERN_TYPE(Todo), ""));
    const type_plan *plan = plan_of(TERN_TYPE(Todo));
    const bool want[] = {false, true, false, true, true, false};
    for (unsigned i = 0; i < 6; i++)
        CHECK_INT(plan->fields[i].is_required, want[i]);
    CHECK_INT(plan->required_count, 3);
    schema_forget();
}

TEST(plan_reaches_every_type_that_a_model_refers_to)
{
    CHECK(prepare(TERN_LIST(Todo), ""));
    CHECK(plan_of(TERN_TYPE(Todo)) != NULL);
    CHECK(plan_of(TERN_TYPE(Tag)) != NULL);
    CHECK(plan_of(TERN_LIST(Tag)) != NULL);
    CHECK(plan_of(TERN_TYPE(Color)) != NULL);
    CHECK(plan_of(TERN_TYPE(tern_double)) != NULL);
    CHECK(!plan_of(TERN_TYPE(Todo))->is_flat);
    CHECK(plan_of(TERN_TYPE(Tag))->is_flat);
    schema_forget();
    CHECK(plan_of(TERN_TYPE(Todo)) == NULL);
    CHECK(plan_of(TERN_TYPE(tern_double)) == NULL);
}

TEST(plan_counts_the_fewest_bytes_of_a_value)
{
    CHECK(prepare(TERN_TYPE(Tag), ""));
    CHECK_INT(plan_of(TERN_TYPE(Tag))->least_bytes, strlen("{\"name\":\"\",\"color\":\"\"}") + 1);
    schema_forget();
}

TEST(plan_find_finds_every_key_and_no_other)
{
    CHECK(prepare(TERN_TYPE(Todo), ""));
    const type_plan *plan = plan_of(TERN_TYPE(Todo));
    static const struct {
        const char *key;
        int number;
    } cases[] = {{"id", 0},       {"the \"title\"", 1}, {"done", 2},   {"tags", 3},
                 {"main_tag", 4}, {"weight", 5},        {"title", -1}, {"", -1},
                 {"i", -1},       {"idx", -1},          {"Done", -1},  {"main_tagg", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_INT(plan_find(plan, cases[i].key, strlen(cases[i].key)), cases[i].number);
    schema_forget();
}

TEST(plan_find_reads_no_byte_past_the_key)
{
    CHECK(prepare(TERN_TYPE(Todo), ""));
    const type_plan *plan = plan_of(TERN_TYPE(Todo));
    for (size_t len = 0; len < 40; len++) {
        char *key = malloc(len != 0 ? len : 1); /* AddressSanitizer watches both ends */
        memset(key, 'x', len);
        CHECK_INT(plan_find(plan, key, len), -1);
        free(key);
    }
    schema_forget();
}

/* Models made by hand, which no macro could declare, with any number of fields. */
static tern_field made_fields[129];
static char made_names[129][40];
static tern_type made_type = {.kind = TERN_KIND_MODEL, .name = "Made", .size = 8, .fields = made_fields};

static void make_fields(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        /* Every key has the same first and last bytes as the others. */
        snprintf(made_names[i], sizeof made_names[i], "the_same_start_%03u_the_same_end", i * 7919 % 1000);
        made_fields[i] = (tern_field){.name = made_names[i], .type = TERN_TYPE(tern_bool), .written = ""};
    }
    made_type.field_count = count;
}

TEST(plan_find_distinguishes_128_keys_that_differ_in_the_middle)
{
    make_fields(128);
    CHECK(prepare(&made_type, ""));
    for (unsigned i = 0; i < 128; i++)
        CHECK_INT(plan_find(plan_of(&made_type), made_names[i], strlen(made_names[i])), i);
    CHECK_INT(plan_find(plan_of(&made_type), "the_same_start_999_the_same_enD", 31), -1);
    schema_forget();
}

TEST(plan_refuses_more_than_128_fields_and_no_fields)
{
    make_fields(129);
    CHECK(!prepare(&made_type, "model Made: has 129 fields; a model has 1 to 128\n"));
    schema_forget();
    make_fields(0);
    CHECK(!prepare(&made_type, "model Made: has 0 fields; a model has 1 to 128\n"));
    schema_forget();
}

TERN_MODEL(Twice, (int, a), (int, b, .json = "a"))

TEST(plan_refuses_two_fields_with_one_name)
{
    CHECK(!prepare(TERN_TYPE(Twice),
                   "model Twice, field b: is called \"a\" outside C, as field a; give one of "
                   "them another .json\n"));
    schema_forget();
}

TERN_MODEL(Named,
    (int, default_),
    (int, b, .json = ""),
    (int, c, .json = "\xff"),
    (int, class_, .json = "class"))

TEST(plan_refuses_names_that_no_client_should_see)
{
    CHECK(!prepare(
        TERN_TYPE(Named),
        "model Named, field default_: clients would see the '_' at its end; set their name for it: .json = "
        "\"default\"\n"
        "model Named, field b: .json must have 1 to 255 bytes\n"
        "model Named, field c: .json is not UTF-8\n"));
    schema_forget();
}

TERN_MODEL(Array, (int, numbers[3]))

TEST(plan_refuses_an_array_that_c_would_accept)
{
    CHECK(!prepare(TERN_TYPE(Array), "model Array, field numbers[3]: its name is not a plain name; declare "
                                     "an array as a list: (tern_int32_list, name)\n"));
    schema_forget();
}

#define solaris 1
TERN_ENUM(System, bsd, solaris, );
#undef solaris
TERN_MODEL(Machine, (System, system), (System_list, others))

TEST(plan_refuses_an_enum_in_which_a_macro_replaced_a_name)
{
    CHECK(!prepare(TERN_TYPE(Machine), "enum System: \"1\" is not a name; perhaps a macro replaced it\n"));
    CHECK_INT(System_type.name_count, 2);
    schema_forget();
}

TEST(plan_reports_a_mistake_once_and_always_refuses_the_type)
{
    CHECK(!prepare(TERN_TYPE(Twice),
                   "model Twice, field b: is called \"a\" outside C, as field a; give one of "
                   "them another .json\n"));
    CHECK(!prepare(TERN_TYPE(Twice), ""));
    CHECK(!prepare(TERN_LIST(Twice), ""));
    schema_forget();
}

TEST(plan_of_a_model_can_be_made_again)
{
    CHECK(prepare(TERN_TYPE(Todo), ""));
    const type_plan *first = plan_of(TERN_TYPE(Todo));
    CHECK(prepare(TERN_TYPE(Todo), ""));
    CHECK(plan_of(TERN_TYPE(Todo)) == first);
    schema_forget();
    CHECK(prepare(TERN_TYPE(Todo), ""));
    schema_forget();
}

/* A tree: a model may contain a list and a map of itself, whose names exist before its fields. */
TERN_MODEL(Node,
    (const char *, name),
    (Node_list, children, .optional = true),
    (Node_map, by_name, .optional = true))

TEST(plan_ends_where_a_model_contains_its_own_list_and_map)
{
    CHECK(prepare(TERN_TYPE(Node), ""));
    CHECK(plan_of(TERN_LIST(Node))->type->item == TERN_TYPE(Node));
    CHECK_INT(plan_find(plan_of(TERN_TYPE(Node)), "by_name", 7), 2);
    schema_forget();
}

TEST(plan_survives_every_failed_allocation)
{
    bool done = false;
    for (unsigned long n = 1; !done; n++) {
        buf problems = {0};
        mem_fail_at(n, 0);
        done = schema_prepare(TERN_TYPE(Todo), &problems);
        mem_fail_at(0, 0);
        if (!done)
            CHECK(plan_of(TERN_TYPE(Todo)) == NULL && plan_of(TERN_LIST(Tag)) == NULL);
        buf_free(&problems);
        schema_forget();
        CHECK(n < 100);
    }
}
