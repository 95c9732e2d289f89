/** Models made of another's fields (TERN_PART, TERN_PARTIAL). */
#include "check.h"

#include "schema/json/json.h"
#include "schema/json/schema.h"

#include <tern/part.h>

#include <stdio.h>
#include <string.h>

TERN_ENUM(Level, low, high)
TERN_MODEL(Tag, (const char *, name, .max_length = 3))
TERN_MODEL_WITH(Todo, (.ignore_unknown = true, .help = "A to-do"),
    (int64_t,       id,      .key = true, .read_only = true),
    (const char *,  title,   .json = "Title", .min_length = 1, .max_length = 8, .help = "What there is to do"),
    (const char *,  note,    .optional = true),
    (const char *,  owner,   .optional = true, .nullable = false),
    (tern_date,     due,     .nullable = true),
    (int,           stars,   .fallback = "3", .min = 1, .max = 5),
    (Level,         level,   .required = true),
    (Tag_list,      tags,    .fallback = "[]", .max_items = 2),
    (tern_datetime, created, .created = true, .read_only = true))

TERN_PARTIAL(TodoChange, Todo, title, note, owner, due, stars, level, tags, created)
TERN_PARTIAL(AnyChange, Todo)
TERN_PART(TodoNew, Todo, title, stars)
TERN_PART(TodoCopy, Todo)
TERN_PARTIAL(TitleChange, TodoNew, title)
TERN_PART(SignUp, Todo, owner, (const char *, password, .min_length = 8), title,)
TERN_MODEL(Batch, (AnyChange_list, changes), (TodoChange, first, .optional = true))

static bool prepare(tern_type *type, const char *want)
{
    buf problems = {0};
    bool ok = schema_prepare(type, &problems);
    CHECK_TEXT(problems.data != NULL ? problems.data : "", want);
    buf_free(&problems);
    return ok;
}

/** The faults of the text as a value of the type; "" and the value when there are none. */
static const char *decode(tern_type *type, const char *text, void *out)
{
    static arena memory;
    static char copy[1024], faults_text[2048];
    const place body = {.name = "body"};
    tern_faults faults;
    buf line = {0};
    arena_free(&memory);
    arena_init(&memory, NULL, 0, 1 << 20);
    CHECK(prepare(type, ""));
    faults_init(&faults, &memory);
    snprintf(copy, sizeof copy, "%s", text);
    memset(out, 0xa5, type->size);
    json_decode(type, out, (tern_str){copy, strlen(copy)}, NULL, &body, &memory, &faults);
    faults_print(&faults, &line);
    snprintf(faults_text, sizeof faults_text, "%s", line.data != NULL ? line.data : "");
    buf_free(&line);
    return faults_text;
}

static const char *encode(const tern_type *type, const void *value)
{
    static char text[1024];
    static char lent[4096];
    arena memory;
    json_out out;
    arena_init(&memory, lent, sizeof lent, 1 << 20);
    json_out_init(&out, &memory, 64);
    CHECK(json_encode(type, value, &out));
    snprintf(text, sizeof text, "%.*s", (int)out.len, out.data);
    arena_free(&memory);
    return text;
}

TEST(a_partial_has_the_fields_it_names_and_all_are_optional)
{
    TodoChange change;
    CHECK_TEXT(decode(TERN_TYPE(TodoChange), "{}", &change), "");
    CHECK(!tern_has(&change, title) && !tern_has(&change, tags) && change.title == NULL);
    CHECK_TEXT(decode(TERN_TYPE(TodoChange), "{\"Title\":\"Milk\",\"level\":\"high\"}", &change), "");
    CHECK(tern_has(&change, title) && tern_has(&change, level) && !tern_has(&change, note));
    CHECK_TEXT(change.title, "Milk");
    CHECK_INT(change.level, Level_high);
    schema_forget();
}

TEST(a_partial_keeps_names_and_rules)
{
    TodoChange change;
    CHECK_TEXT(decode(TERN_TYPE(TodoChange),
                      "{\"Title\":\"\",\"stars\":9,\"level\":\"none\",\"tags\":[{\"name\":\"long\"}]}",
                      &change),
               "body.Title: must have at least 1 character\n"
               "body.stars: must be at most 5\n"
               "body.level: must be one of low, high\n"
               "body.tags[0].name: must have at most 3 characters\n");
    schema_forget();
}

TEST(a_partial_accepts_null_where_the_whole_does)
{
    TodoChange change;
    CHECK_TEXT(decode(TERN_TYPE(TodoChange), "{\"note\":null,\"due\":null}", &change), "");
    CHECK(tern_is_null(&change, note) && tern_is_null(&change, due));
    CHECK_TEXT(decode(TERN_TYPE(TodoChange), "{\"Title\":null,\"owner\":null,\"stars\":null,\"level\":null}",
                      &change),
               "body.Title: must not be null\nbody.owner: must not be null\nbody.stars: must not be null\n"
               "body.level: must not be null\n");
    schema_forget();
}

TEST(a_partial_has_no_fallback_that_would_overwrite_a_kept_value)
{
    TodoChange change;
    CHECK_TEXT(decode(TERN_TYPE(TodoChange), "{\"note\":\"a\"}", &change), "");
    CHECK_INT(change.tern_state.stars, TERN_STATE_ABSENT);
    CHECK_INT(change.tern_state.tags, TERN_STATE_ABSENT);
    CHECK_TEXT(encode(TERN_TYPE(TodoChange), &change),
               "{\"note\":\"a\",\"created\":\"1970-01-01T00:00:00Z\"}");
    schema_forget();
}

TEST(read_only_fields_are_skipped_in_a_partial_too)
{
    TodoChange change;
    CHECK_TEXT(decode(TERN_TYPE(TodoChange), "{\"created\":\"2026-01-01T00:00:00Z\"}", &change), "");
    CHECK(!tern_has(&change, created));
    CHECK_INT(change.created.microseconds, 0);
    schema_forget();
}

TEST(a_part_without_names_has_all_fields_in_the_same_struct)
{
    AnyChange change;
    Todo *same = &change;
    CHECK_TEXT(decode(TERN_TYPE(AnyChange), "{\"Title\":\"Milk\",\"id\":9}", &change), "");
    CHECK_TEXT(same->title, "Milk");
    CHECK(tern_has(same, title) && !tern_has(&change, level));
    CHECK_INT(same->id, 0);
    CHECK_INT(TERN_TYPE(AnyChange)->field_count, TERN_TYPE(Todo)->field_count);
    schema_forget();
}

TEST(a_part_that_is_not_partial_keeps_required_fields_and_fallbacks)
{
    TodoNew made;
    Todo copy;
    CHECK_TEXT(decode(TERN_TYPE(TodoNew), "{}", &made), "body.Title: must be given\n");
    CHECK_TEXT(decode(TERN_TYPE(TodoNew), "{\"Title\":\"Milk\"}", &made), "");
    CHECK_INT(made.stars, 3);
    CHECK_TEXT(decode(TERN_TYPE(TodoCopy), "{}", &copy),
               "body.Title: must be given\nbody.due: must be given\nbody.level: must be given\n");
    schema_forget();
}

TEST(a_part_may_be_made_of_a_part)
{
    TitleChange change;
    CHECK_TEXT(decode(TERN_TYPE(TitleChange), "{}", &change), "");
    CHECK_TEXT(decode(TERN_TYPE(TitleChange), "{\"Title\":\"much too long\"}", &change),
               "body.Title: must have at most 8 characters\n");
    schema_forget();
}

TEST(a_part_may_add_fields)
{
    SignUp in;
    CHECK_TEXT(decode(TERN_TYPE(SignUp), "{\"Title\":\"a\",\"password\":\"short\"}", &in),
               "body.password: must have at least 8 characters\n");
    CHECK_TEXT(decode(TERN_TYPE(SignUp), "{\"Title\":\"a\"}", &in), "body.password: must be given\n");
    schema_forget();
}

TEST(unknown_keys_are_treated_as_in_the_whole)
{
    TodoChange change;
    CHECK_TEXT(decode(TERN_TYPE(TodoChange), "{\"more\":1}", &change), "");
    schema_forget();
}

TEST(parts_are_types_of_fields_and_lists)
{
    Batch batch;
    CHECK_TEXT(decode(TERN_TYPE(Batch),
                      "{\"changes\":[{},{\"stars\":2},{\"note\":null}],\"first\":{\"stars\":0}}", &batch),
               "body.first.stars: must be at least 1\n");
    CHECK_TEXT(decode(TERN_TYPE(Batch), "{\"changes\":[{},{\"stars\":2},{\"note\":null}]}", &batch), "");
    CHECK_INT(batch.changes.count, 3);
    CHECK(!tern_has(&batch.changes.items[0], stars) && tern_has(&batch.changes.items[1], stars));
    CHECK_INT(batch.changes.items[1].stars, 2);
    CHECK(tern_is_null(&batch.changes.items[2], note));
    schema_forget();
}

/** A model's object, with references by the models' names. */
static void check_schema(tern_type *type, schema_side side, const char *want)
{
    const schema_set none = {0};
    buf text = {0};
    CHECK(prepare(type, ""));
    schema_print_object(&none, type, side, &text);
    CHECK_TEXT(text.data, want);
    buf_free(&text);
    schema_forget();
}

TEST(the_schema_of_a_partial_requires_nothing_and_has_no_default)
{
    check_schema(TERN_TYPE(TitleChange), SCHEMA_INPUT,
                 "{\"type\":\"object\",\"properties\":{\"Title\":{\"type\":\"string\",\"minLength\":1,"
                 "\"maxLength\":8,\"description\":\"What there is to do\"}}}");
    check_schema(
        TERN_TYPE(TodoNew), SCHEMA_INPUT,
        "{\"type\":\"object\",\"properties\":{\"Title\":{\"type\":\"string\",\"minLength\":1,"
        "\"maxLength\":8,\"description\":\"What there is to do\"},\"stars\":{\"type\":\"integer\","
        "\"format\":\"int32\",\"minimum\":1,\"maximum\":5,\"default\":3}},\"required\":[\"Title\"]}");
}

TEST(preparing_again_reuses_the_plan)
{
    CHECK(prepare(TERN_TYPE(TodoChange), ""));
    CHECK(prepare(TERN_TYPE(TodoChange), ""));
    schema_forget();
    CHECK(prepare(TERN_LIST(TodoChange), ""));
    schema_forget();
}

/* -- mistakes -- */

TERN_MODEL(Wrong, (int, size, .min = 3, .max = 2), (const char *, text, .min = 1))
TERN_PARTIAL(WrongChange, Wrong, size, text)
TERN_PART(WrongOwn, Todo, title, (int, odd, .pattern = "a"))
TERN_PART(Letter, Tag, name[0])
TERN_MODEL(Holder, (Letter_list, letters))

TEST(mistakes_of_the_whole_are_reported_once_and_for_the_whole)
{
    CHECK(!prepare(TERN_TYPE(WrongChange),
                   "model Wrong, field size: .min = 3 is above .max = 2\n"
                   "model Wrong, field text: .min is for numbers; it has no meaning for const char *\n"));
    CHECK(!prepare(TERN_TYPE(WrongChange), ""));
    CHECK(!prepare(TERN_TYPE(Wrong), ""));
    schema_forget();
}

TEST(mistakes_of_added_fields_are_reported_for_the_part)
{
    CHECK(!prepare(TERN_TYPE(WrongOwn),
                   "model WrongOwn, field odd: .pattern is for text; it has no meaning for int32_t\n"));
    schema_forget();
}

TEST(a_piece_of_a_field_is_not_a_field)
{
    CHECK(!prepare(TERN_TYPE(Holder),
                   "model Letter: takes name[0] from model Tag, which does not have that field\n"));
    schema_forget();
}
