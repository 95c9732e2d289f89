/** What a reply may contain: values whose JSON matches their schema. */
#include "check.h"

#include "schema/json/json.h"
#include "schema/printable.h"

#include <math.h>
#include <string.h>

/* clang-format off */
TERN_ENUM(Tone, low, high)
TERN_MODEL(Part, (const char *, name))
TERN_MODEL(Reply,
    (const char *,   title),
    (const char *,   note,   .optional = true),
    (const char *,   tag,    .optional = true, .nullable = false),
    (const char *,   owner,  .nullable = true),
    (tern_date,      day),
    (tern_date,      due,    .optional = true),
    (tern_time,      hour),
    (tern_datetime,  at),
    (Tone,           tone),
    (double,         share),
    (tern_any,       extra),
    (Part,           part),
    (Part_list,      parts),
    (tern_text_list, words),
    (tern_text_map,  labels),
    (int,            count,  .nullable = true),
    (const char *,   secret, .write_only = true))
/* clang-format on */

static arena a;
static const place body = {.name = "body"};

static Reply right_reply(void)
{
    return (Reply){.title = "t", .owner = "o", .day = {2026, 11, 30}, .part = {.name = "p"}};
}

/** The JSON of a reply; NULL if none. */
static const char *printed(const Reply *reply, json_out *out)
{
    buf problems = {0};
    CHECK(schema_prepare(TERN_TYPE(Reply), &problems));
    arena_init(&a, NULL, 0, 1 << 20);
    json_out_init(out, &a, 16);
    if (!json_encode(TERN_TYPE(Reply), reply, out) || !json_out_reserve(out, 1))
        return NULL;
    out->data[out->len] = '\0';
    return out->data;
}

static void forget(void)
{
    arena_free(&a);
    schema_forget();
}

static void check_unprintable(const Reply *reply, const char *why, const char *where)
{
    json_out out;
    buf at = {0};
    CHECK(printed(reply, &out) == NULL);
    CHECK(out.failed && (out.refusal == JSON_NOT_NULLABLE || out.refusal == JSON_NAMELESS ||
                         out.refusal == JSON_NOT_FINITE));
    CHECK_TEXT(value_find_unprintable(TERN_TYPE(Reply), reply, &body, &at), why);
    CHECK_BYTES(at.data, at.len, where, strlen(where));
    buf_free(&at);
    forget();
}

#define IS_NULL "it is null but must have a value (.nullable = true allows null)"

TEST(a_reply_of_valid_values_is_printed)
{
    json_out out;
    const Reply reply = right_reply();
    CHECK_TEXT(
        printed(&reply, &out),
        "{\"title\":\"t\",\"note\":null,\"owner\":\"o\",\"day\":\"2026-11-30\",\"due\":null,"
        "\"hour\":\"00:00:00\",\"at\":\"1970-01-01T00:00:00Z\",\"tone\":\"low\",\"share\":0,\"extra\":null,"
        "\"part\":{\"name\":\"p\"},\"parts\":[],\"words\":[],\"labels\":{},\"count\":0}");
    forget();
}

TEST(null_is_printed_where_it_is_valid_and_left_out_where_absence_is)
{
    json_out out;
    Reply reply = right_reply();
    reply.owner = NULL;
    reply.tern_state.count = TERN_STATE_NULL;
    reply.tern_state.tag = TERN_STATE_NULL;
    const char *text = printed(&reply, &out);
    CHECK(text != NULL && strstr(text, "\"owner\":null") != NULL && strstr(text, "\"count\":null") != NULL);
    CHECK(text != NULL && strstr(text, "tag") == NULL);
    forget();
}

TEST(a_null_where_a_value_is_required_is_not_printed)
{
    const char *texts[] = {"a", NULL};
    tern_text_entry labels[] = {{"k", NULL}};
    Part parts[] = {{.name = "a"}, {.name = NULL}};
    Reply reply = right_reply();
    reply.title = NULL;
    check_unprintable(&reply, IS_NULL, "body.title");
    reply = right_reply();
    reply.part.name = NULL;
    check_unprintable(&reply, IS_NULL, "body.part.name");
    reply = right_reply();
    reply.parts = (Part_list){parts, 2};
    check_unprintable(&reply, IS_NULL, "body.parts[1].name");
    reply = right_reply();
    reply.words = (tern_text_list){texts, 2};
    check_unprintable(&reply, "it is NULL, and an item cannot be null", "body.words[1]");
    reply = right_reply();
    reply.labels = (tern_text_map){labels, 1};
    check_unprintable(&reply, "it is NULL, and an item cannot be null", "body.labels.k");
    reply = right_reply();
    reply.tern_state.share = TERN_STATE_NULL;
    check_unprintable(&reply, IS_NULL, "body.share");
    reply = right_reply();
    reply.day = (tern_date){0};
    check_unprintable(&reply, IS_NULL, "body.day");
}

TEST(a_value_without_a_name_or_a_number_is_not_printed)
{
    Reply reply = right_reply();
    reply.tone = (Tone)7;
    check_unprintable(&reply, "it is not a value of its enum", "body.tone");
    reply = right_reply();
    reply.share = NAN;
    check_unprintable(&reply, "a number is infinite or not a number", "body.share");
}

static void check_faults(const Reply *reply, bool is_part, const char *want)
{
    buf problems = {0}, said = {0};
    tern_faults faults;
    CHECK(schema_prepare(TERN_TYPE(Reply), &problems));
    arena_init(&a, NULL, 0, 1 << 20);
    faults_init(&faults, &a);
    CHECK(value_is_printable(TERN_TYPE(Reply), reply, is_part, &body, &faults) == (want[0] == '\0'));
    CHECK(faults_print(&faults, &said));
    CHECK_BYTES(said.data, said.len, want, strlen(want));
    buf_free(&said);
    forget();
}

TEST(printed_values_that_do_not_match_the_document_are_found)
{
    Reply reply = right_reply();
    check_faults(&reply, false, "");
    reply.title = "\xff";
    reply.note = "gr\xc3\xbc\xc3\x9f";
    reply.due = (tern_date){2026, 2, 30};
    reply.hour = (tern_time){.hour = 24};
    reply.extra = (tern_any){"{\"a\":}", 6};
    check_faults(&reply, false,
                 "body.title: must be text in UTF-8\n"
                 "body.due: must be a date in the years 0 to 9999\n"
                 "body.hour: must be a time of day\n"
                 "body.extra: must be JSON\n");
}

TEST(a_field_that_every_reply_must_have_is_a_fault_when_missing_except_in_a_part)
{
    Reply reply = right_reply();
    reply.tern_state.title = TERN_STATE_ABSENT;
    reply.tern_state.note = TERN_STATE_ABSENT;
    check_faults(
        &reply, false,
        "body.title: is missing, but every reply must have it (.partial = true on the route allows this)\n");
    check_faults(&reply, true, "");
}

TEST(fields_that_are_never_shown_are_not_checked)
{
    Reply reply = right_reply();
    reply.secret = "\xff";
    check_faults(&reply, false, "");
}
