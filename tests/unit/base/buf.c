#include "base/buf.h"

#include "base/mem.h"
#include "check.h"

TEST(appended_bytes_follow_each_other_with_a_nul)
{
    buf b = {0};
    CHECK(buf_add_text(&b, "abc"));
    CHECK(buf_add(&b, "\0x", 2));
    CHECK(buf_add(&b, NULL, 0));
    CHECK(buf_add_printf(&b, "%d", 42));
    CHECK_BYTES(b.data, b.len + 1, "abc\0x42", 8);
    buf_free(&b);
    CHECK(b.data == NULL && b.len == 0);
}

TEST(printf_of_any_length_is_whole)
{
    for (int len = 0; len < 1200; len += 7) {
        buf b = {0};
        CHECK(buf_add_text(&b, "x"));
        CHECK(buf_add_printf(&b, "%*d", len, 7));
        CHECK_INT(b.len, 1 + (len > 1 ? len : 1));
        CHECK_INT(b.data[b.len - 1], '7');
        buf_free(&b);
    }
}

TEST(the_limit_applies_from_the_first_byte)
{
    buf b = {.limit = 10};
    CHECK(buf_add_text(&b, "12345"));
    CHECK(buf_add_printf(&b, "%d", 678));
    CHECK(!b.failed);
    CHECK(!buf_add_text(&b, "abc"));
    CHECK(b.failed);
    CHECK(!buf_add_text(&b, "a"));
    CHECK_TEXT(b.data, "12345678");
    buf_free(&b);
}

TEST(a_limit_is_reached_exactly)
{
    buf b = {.limit = 300};
    for (unsigned i = 0; i < 300; i++)
        CHECK(buf_add(&b, "x", 1));
    CHECK(!buf_add(&b, "x", 1));
    buf_free(&b);
}

TEST(a_length_that_overflows_is_refused)
{
    buf b = {0};
    CHECK(buf_add_text(&b, "abc"));
    CHECK(!buf_reserve(&b, SIZE_MAX));
    CHECK(b.failed);
    buf_free(&b);
}

TEST(lent_storage_is_never_replaced)
{
    char storage[16];
    buf b = {.data = storage, .cap = sizeof storage, .limit = sizeof storage - 1};
    CHECK(buf_add_text(&b, "123456789012345"));
    CHECK(!buf_add_printf(&b, "%d", 6));
    CHECK(b.data == storage);
    CHECK_TEXT(storage, "123456789012345");
}

static const struct {
    const char *text;
    size_t len;
    const char *want;
} json_cases[] = {
    {"plain", 5, "plain"},
    {"\"\\/", 3, "\\\"\\\\/"},
    {"\b\f\n\r\t", 5, "\\b\\f\\n\\r\\t"},
    {"\0\x1f\x7f", 3, "\\u0000\\u001f\\u007f"},
    {"caf\xc3\xa9", 5, "caf\xc3\xa9"},
    {"\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80"},
    {"\xff", 1, "\\ufffd"},
    {"a\xc3", 2, "a\\ufffd"},
    {"\xed\xa0\x80", 3, "\\ufffd\\ufffd\\ufffd"},
    {"\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa", 9, "\\u2028\\u2029\xe2\x80\xaa"},
    {"\xc2\x85\xc2\xa0", 4, "\\u0085\xc2\xa0"},
    {"", 0, NULL},
};

TEST(threat_084_json_text_is_escaped)
{
    for (size_t i = 0; i < sizeof json_cases / sizeof *json_cases; i++) {
        buf b = {0};
        CHECK(buf_add_json(&b, json_cases[i].text, json_cases[i].len));
        CHECK_TEXT(b.data, json_cases[i].want);
        buf_free(&b);
    }
}

#ifdef TERN_FAULTS
TEST(a_failed_allocation_keeps_the_content)
{
    buf b = {0};
    CHECK(buf_add_text(&b, "kept"));
    mem_fail_at(1, 1);
    CHECK(!buf_add_printf(&b, "%*d", 1000, 1));
    CHECK(!buf_add_json(&b, "x", 1));
    mem_fail_at(0, 0);
    CHECK_TEXT(b.data, "kept");
    CHECK(b.failed);
    buf_free(&b);
    CHECK(!b.failed);
}

TEST(a_failed_first_allocation_leaves_an_empty_buffer)
{
    buf b = {0};
    mem_fail_at(1, 0);
    CHECK(!buf_add_printf(&b, "%d", 1));
    mem_fail_at(0, 0);
    CHECK(b.data == NULL && b.len == 0 && b.failed);
}
#endif
