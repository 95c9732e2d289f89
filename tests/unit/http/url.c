#include "http/url.h"

#include "check.h"

#include <stdlib.h>

typedef struct row {
    const char *text, *want; /* want NULL: refused */
} row;

static tern_str str(const char *text)
{
    return (tern_str){text, strlen(text)};
}

static void check_decoding(long (*decode)(tern_str, char *), const row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t room = strlen(rows[i].text) + 1;
        char *out = malloc(room);
        long len = decode(str(rows[i].text), out);
        if ((len < 0) != (rows[i].want == NULL))
            check_fail(__FILE__, __LINE__, "%ld for \"%s\"", len, rows[i].text);
        if (len >= 0) {
            CHECK_TEXT(out, rows[i].want);
            CHECK_INT(len, strlen(rows[i].want));
        }
        free(out);
    }
}

#define CHECK_DECODING(decode, rows) check_decoding(decode, rows, sizeof(rows) / sizeof *(rows))

TEST(paths_are_decoded_once)
{
    static const row rows[] = {
        {"/", "/"},
        {"", ""},
        {"*", "*"},
        {"/a%20b+c", "/a b+c"},
        {"/%41%7e%7E", "/A~~"},
        {"/%252e%252e", "/%2e%2e"},
        {"//a//", "//a//"},
        {"/caf%C3%A9/\xc3\xa9", "/caf\xc3\xa9/\xc3\xa9"},
        {"/...", "/..."},
        {"/.a/a./..a/a..", "/.a/a./..a/a.."},
        {"/a;x=1,2", "/a;x=1,2"},
        {"/%25", "/%"},
    };
    CHECK_DECODING(url_decode_path, rows);
}

TEST(threat_065_paths_that_climb_are_refused)
{
    static const row rows[] = {
        {"/..", NULL},     {"/../", NULL},    {"/a/../b", NULL},   {"/%2e%2e/x", NULL}, {"/.%2e/x", NULL},
        {"/%2E./x", NULL}, {"/./a", NULL},    {"/a/.", NULL},      {"/%2e", NULL},      {"..", NULL},
        {".", NULL},       {"../a", NULL},    {"/..%2fetc", NULL}, {"/a%2Fb", NULL},    {"/..\\a", NULL},
        {"/a%5cb", NULL},  {"/a%5C..", NULL}, {"/;x/..", NULL},
    };
    CHECK_DECODING(url_decode_path, rows);
}

TEST(an_encoded_slash_is_marked_on_request)
{
    char out[20];
    bool has_marks;
    CHECK_INT(url_decode_path_marked((tern_str){"/a%2Fb/%2f", 10}, out, &has_marks), 6);
    CHECK_TEXT(out, "/a\x1f"
                    "b/\x1f");
    CHECK(has_marks);
    CHECK_INT(url_decode_path_marked((tern_str){"/a%252Fb", 8}, out, &has_marks), 6);
    CHECK(!has_marks);
    CHECK_INT(url_decode_path_marked((tern_str){"/a%2F..", 7}, out, &has_marks), -1);
    CHECK_INT(url_decode_path_marked((tern_str){"/..%2Fa", 7}, out, &has_marks), -1);
    CHECK_INT(url_decode_path_marked((tern_str){"/a%1f", 5}, out, &has_marks), -1);
}

TEST(threat_066_bad_escapes_bad_utf_8_and_nul_are_refused)
{
    static const row paths[] = {
        {"/%", NULL},         {"/%4", NULL},     {"/%zz", NULL},    {"/%4z", NULL},
        {"/% 41", NULL},      {"/%00", NULL},    {"/%0a", NULL},    {"/%7f", NULL},
        {"/a\x01", NULL},     {"/%c0%ae", NULL}, {"/%c0%af", NULL}, {"/%e0%80%af", NULL},
        {"/%ed%a0%80", NULL}, {"/%ff", NULL},    {"/\x80", NULL},   {"/%f5%80%80%80", NULL},
        {"/%c3", NULL},       {"/%u0041", NULL}, {"/%+1", NULL},    {"/%-1", NULL},
    };
    CHECK_DECODING(url_decode_path, paths);
    static const row components[] = {
        {"%", NULL},      {"%4", NULL},  {"a%zz", NULL}, {"%00", NULL},
        {"%c0%ae", NULL}, {"%ff", NULL}, {"\x80", NULL}, {"%ed%a0%80", NULL},
    };
    CHECK_DECODING(url_decode_component, components);
    char out[4];
    CHECK_INT(url_decode_component((tern_str){"a\0b", 3}, out), -1);
    CHECK_INT(url_decode_path((tern_str){"/\0b", 3}, out), -1);
}

TEST(components_are_decoded_with_plus_as_space)
{
    static const row rows[] = {
        {"", ""},           {"a+b%20c", "a b c"},   {"%2B%26%3d", "+&="}, {"..%2f%5c", "../\\"},
        {"%0d%0a", "\r\n"}, {"%C3%A9", "\xc3\xa9"},
    };
    CHECK_DECODING(url_decode_component, rows);
    char out[1];
    CHECK_INT(url_decode_component((tern_str){NULL, 0}, out), 0);
    CHECK_TEXT(out, "");
}

TEST(encoding_leaves_only_unreserved_bytes)
{
    char out[64];
    CHECK_INT(url_encode(str("a/b c~%\xc3\xa9&=+"), false, out), strlen("a%2Fb%20c~%25%C3%A9%26%3D%2B"));
    CHECK_TEXT(out, "a%2Fb%20c~%25%C3%A9%26%3D%2B");
    CHECK_INT(url_encode(str("/a-b_c.d/"), true, out), 9);
    CHECK_TEXT(out, "/a-b_c.d/");
    CHECK_INT(url_encode((tern_str){NULL, 0}, true, out), 0);
    CHECK_TEXT(out, "");
}

TEST(query_pairs_are_walked_in_order)
{
    static const struct {
        const char *name, *value;
    } rows[] = {{"a", "1"}, {"b", ""}, {"c", NULL}, {"", "x=y"}, {"%61", "+%20"}, {"?", NULL}};
    tern_str rest = str("&a=1&&b=&c&=x=y&%61=+%20&?&"), name, value;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK(query_next(&rest, &name, &value));
        CHECK_BYTES(name.data, name.len, rows[i].name, strlen(rows[i].name));
        CHECK((value.data == NULL) == (rows[i].value == NULL));
        if (rows[i].value != NULL)
            CHECK_BYTES(value.data, value.len, rows[i].value, strlen(rows[i].value));
    }
    CHECK(!query_next(&rest, &name, &value));
    CHECK(!query_next(&rest, &name, &value));
    rest = (tern_str){NULL, 0};
    CHECK(!query_next(&rest, &name, &value));
}

TEST(query_names_are_compared_decoded)
{
    tern_str value, query = str("%61+b=1&a%20b=2&a%2=3&a+bc=4&a=5&%61%00=6&a+b");
    CHECK(query_find(query, "a b", 0, &value));
    CHECK_BYTES(value.data, value.len, "1", 1);
    CHECK(query_find(query, "a b", 1, &value));
    CHECK_BYTES(value.data, value.len, "2", 1);
    CHECK(query_find(query, "a b", 2, &value));
    CHECK(value.data == NULL && value.len == 0);
    CHECK(!query_find(query, "a b", 3, &value));
    CHECK(query_find(query, "a", 0, &value));
    CHECK_BYTES(value.data, value.len, "5", 1);
    CHECK(!query_find(query, "a", 1, &value));
    CHECK(!query_find(query, "a%2", 0, &value));
}

TEST(threat_063_a_million_query_pairs_take_linear_time)
{
    size_t len = 2000000;
    char *text = malloc(len);
    for (size_t i = 0; i < len; i++)
        text[i] = i % 2 == 0 ? 'a' : '&';
    tern_str rest = {text, len}, name, value;
    size_t pairs = 0;
    while (query_next(&rest, &name, &value))
        pairs++;
    CHECK_INT(pairs, 1000000);
    CHECK(query_find((tern_str){text, len}, "a", 999999, &value));
    CHECK(!query_find((tern_str){text, len}, "a", 1000000, &value));
    free(text);
}
