#include "base/text.h"

#include "check.h"

static const struct {
    const char *bytes;
    size_t len, want;
} sequences[] = {
    {"", 0, 0},
    {"a", 1, 1},
    {"\0", 1, 1},
    {"\xc3\xa9", 2, 2},
    {"\xc3", 1, 0},
    {"\xc3(", 2, 0},
    {"\xc0\xaf", 2, 0},         /* overlong '/' */
    {"\xc1\xbf", 2, 0},         /* overlong */
    {"\x80", 1, 0},             /* a continuation alone */
    {"\xe0\xa0\x80", 3, 3},     /* U+0800, the first of three bytes */
    {"\xe0\x9f\xbf", 3, 0},     /* overlong */
    {"\xed\x9f\xbf", 3, 3},     /* U+D7FF */
    {"\xed\xa0\x80", 3, 0},     /* surrogate U+D800 */
    {"\xee\x80\x80", 3, 3},     /* U+E000 */
    {"\xe2\x82", 2, 0},         /* cut */
    {"\xf0\x90\x80\x80", 4, 4}, /* U+10000 */
    {"\xf0\x8f\xbf\xbf", 4, 0}, /* overlong */
    {"\xf4\x8f\xbf\xbf", 4, 4}, /* U+10FFFF */
    {"\xf4\x90\x80\x80", 4, 0}, /* past the last */
    {"\xf5\x80\x80\x80", 4, 0},
    {"\xff\xff\xff\xff", 4, 0},
};

TEST(utf8_sequences_are_checked_by_rfc_3629)
{
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++)
        CHECK_INT(utf8_sequence(sequences[i].bytes, sequences[i].len), sequences[i].want);
}

TEST(a_bad_byte_is_found_at_every_place_of_a_long_text)
{
    char text[40];
    for (size_t len = 1; len <= sizeof text; len++)
        for (size_t at = 0; at < len; at++) {
            memset(text, 'a', sizeof text);
            CHECK(utf8_valid(text, len));
            text[at] = (char)0x80;
            CHECK(!utf8_valid(text, len));
        }
    CHECK(utf8_valid("", 0));
    CHECK(utf8_valid("aaaaaaa\xc3\xa9", 9));
    CHECK(!utf8_valid("aaaaaaa\xc3", 8));
}

TEST(case_is_ignored_for_ascii_letters_only)
{
    CHECK(text_equal_nocase("Content-LENGTH", "content-length", 14));
    CHECK(!text_equal_nocase("[", "{", 1));
    CHECK(!text_equal_nocase("@", "`", 1));
    CHECK(!text_equal_nocase("\xc3\x89", "\xc3\xa9", 2));
    CHECK(text_equal_nocase("a", "b", 0));
    for (int byte = 0; byte < 256; byte++) {
        int want = byte >= 'A' && byte <= 'Z' ? byte + 32 : byte;
        CHECK_INT(text_lower((unsigned char)byte), want);
    }
}

TEST(hexadecimal_digits_have_their_value_and_nothing_else_has)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    for (int byte = 0; byte < 256; byte++) {
        const char *at = byte != 0 ? strchr(digits, byte) : NULL;
        long want = at == NULL ? -1 : at - digits < 16 ? at - digits : at - digits - 6;
        CHECK_INT(text_hex_value((char)byte), want);
    }
}

TEST(numbers_are_written_in_decimal)
{
    static const struct {
        uint64_t value;
        const char *want;
    } cases[] = {{0, "0"}, {9, "9"}, {10, "10"}, {12345, "12345"}, {UINT64_MAX, "18446744073709551615"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[20];
        CHECK_BYTES(out, text_put_u64(out, cases[i].value), cases[i].want, strlen(cases[i].want));
    }
}

static const struct {
    const char *text;
    bool is_unsigned, is_signed;
    uint64_t magnitude;
} numbers[] = {
    {"0", true, true, 0},
    {"42", true, true, 42},
    {"007", true, true, 7},
    {"9223372036854775807", true, true, INT64_MAX},
    {"9223372036854775808", true, false, (uint64_t)INT64_MAX + 1},
    {"18446744073709551615", true, false, UINT64_MAX},
    {"18446744073709551616", false, false, 0},
    {"99999999999999999999", false, false, 0},
    {"000000000000000000001", false, false, 0}, /* 21 digits */
    {"", false, false, 0},
    {"+1", false, false, 0},
    {" 1", false, false, 0},
    {"1 ", false, false, 0},
    {"1a", false, false, 0},
    {"/", false, false, 0},
    {":", false, false, 0},
};

TEST(numbers_are_read_whole_or_not_at_all)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        size_t len = strlen(numbers[i].text);
        uint64_t u = 77;
        int64_t s = 77;
        CHECK(text_get_u64(numbers[i].text, len, &u) == numbers[i].is_unsigned);
        CHECK(text_get_i64(numbers[i].text, len, &s) == numbers[i].is_signed);
        CHECK(u == (numbers[i].is_unsigned ? numbers[i].magnitude : 77));
        CHECK(s == (numbers[i].is_signed ? (int64_t)numbers[i].magnitude : 77));
    }
}

TEST(negative_numbers_go_down_to_the_least)
{
    int64_t value;
    CHECK(text_get_i64("-9223372036854775808", 20, &value) && value == INT64_MIN);
    CHECK(text_get_i64("-0", 2, &value) && value == 0);
    CHECK(text_get_i64("-15", 3, &value) && value == -15);
    CHECK(!text_get_i64("-9223372036854775809", 20, &value));
    CHECK(!text_get_i64("-", 1, &value));
    CHECK(!text_get_i64("--1", 3, &value));
    CHECK(!text_get_u64("-1", 2, &(uint64_t){0}));
}

TEST(text_words_are_counted_between_dividers)
{
    CHECK_INT(text_count_words("", ", "), 0);
    CHECK_INT(text_count_words(" ,, ", ", "), 0);
    CHECK_INT(text_count_words("one", ", "), 1);
    CHECK_INT(text_count_words(",one, two  three,", ", "), 3);
}
