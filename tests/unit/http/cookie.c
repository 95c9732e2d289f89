#include "http/cookie.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>

/** The value of `name` in `header`, or NULL; valid until the next call. */
static const char *find(const char *header, const char *name)
{
    static char text[256];
    tern_str value;
    if (!cookie_find((tern_str){header, strlen(header)}, name, &value))
        return NULL;
    snprintf(text, sizeof text, "%.*s", (int)value.len, value.data);
    return text;
}

TEST(cookies_are_found_by_the_steps_of_browsers)
{
    static const struct {
        const char *header, *name, *value;
    } rows[] = {
        {"a=1", "a", "1"},
        {"a=1; b=2", "b", "2"},
        {"a=1;b=2", "b", "2"},
        {"a=1;  b=2", "b", "2"},
        {"\ta=1\t;\t b = 2 ", "b", "2"}, /* spaces and tabs around names and values are ignored */
        {"\ta=1\t;b=2", "a", "1"},
        {"a = = ", "a", "="},
        {"a= ; b=2", "a", ""},
        {"\xc2\xa0__Host-a=1", "__Host-a", NULL}, /* other white space is part of the name */
        {"=__Host-a=1", "__Host-a", NULL},        /* a cookie without a name */
        {"a=1; b=2; a=3", "a", "1"},
        {"A=1", "a", NULL},
        {"ab=1", "a", NULL},
        {"a", "a", NULL},
        {"a=", "a", ""},
        {"=1; a=2", "a", "2"},
        {"a=\"x y\"", "a", "\"x y\""},
        {"a=\"x; b=2\"", "b", "2\""}, /* quotes have no special meaning */
        {"a=x=y", "a", "x=y"},
        {"a=%41+", "a", "%41+"},
        {"$Version=1; a=2", "$Version", "1"},
        {"a=x\x01; a=2", "a", "2"},
        {"a=x\ty; a=2", "a", "2"},
        {"a =1", "a", "1"},
        {"a b=1", "a", NULL},
        {";; ;a=1;", "a", "1"},
        {"a=caf\xc3\xa9", "a", "caf\xc3\xa9"},
        {"", "a", NULL},
        {"a=1", "", NULL},
        {"a b=1", "a b", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_TEXT(find(rows[i].header, rows[i].name), rows[i].value);
    tern_str value;
    CHECK(!cookie_find((tern_str){NULL, 0}, "a", &value));
}

TEST(threat_063_a_hundred_thousand_cookies_take_linear_time)
{
    size_t count = 100000;
    char *text = malloc(count * 5 + 8);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * 5, "a=b; ", 5);
    memcpy(text + count * 5, "last=yes", 8);
    tern_str value;
    CHECK(cookie_find((tern_str){text, count * 5 + 8}, "last", &value));
    CHECK_BYTES(value.data, value.len, "yes", 3);
    free(text);
}

TEST(set_cookie_has_safe_defaults)
{
    char out[256];
    long len = cookie_write("id", "abc", NULL, out, sizeof out, NULL);
    CHECK_TEXT(out, "id=abc; Path=/; SameSite=Lax; HttpOnly");
    CHECK_INT(len, strlen(out));
    const cookie_attributes all = {.path = "/x",
                                   .domain = "example.org",
                                   .max_age_s = 60,
                                   .same_site = "None",
                                   .secure = true,
                                   .script_readable = true};
    CHECK(cookie_write("id", "", &all, out, sizeof out, NULL) > 0);
    CHECK_TEXT(out, "id=; Path=/x; Domain=example.org; Max-Age=60; SameSite=None; Secure");
    const cookie_attributes gone = {.max_age_s = -1};
    CHECK(cookie_write("id", "", &gone, out, sizeof out, NULL) > 0);
    CHECK_TEXT(out, "id=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; SameSite=Lax; HttpOnly");
    const cookie_attributes host = {.secure = true};
    CHECK(cookie_write("__Host-id", "1", &host, out, sizeof out, NULL) > 0);
    CHECK_TEXT(out, "__Host-id=1; Path=/; SameSite=Lax; Secure; HttpOnly");
}

TEST(threat_030_cookies_that_would_break_the_header_are_refused)
{
    static const struct {
        const char *name, *value;
        cookie_attributes attributes;
    } rows[] = {
        {"", "x", {0}},
        {"a b", "x", {0}},
        {"a=b", "x", {0}},
        {"a;b", "x", {0}},
        {"a\r\nX: y", "x", {0}},
        {"caf\xc3\xa9", "x", {0}},
        {"a", "x y", {0}},
        {"a", "x;y", {0}},
        {"a", "x,y", {0}},
        {"a", "x\"y", {0}},
        {"a", "x\\y", {0}},
        {"a", "x\r\nSet-Cookie: b=c", {0}},
        {"a", "x\x7f", {0}},
        {"a", "caf\xc3\xa9", {0}},
        {"a", "x", {.path = "/;Secure"}},
        {"a", "x", {.path = "/\r\n"}},
        {"a", "x", {.domain = "a;b"}},
        {"a", "x", {.domain = "a\n"}},
        {"a", "x", {.same_site = "None"}},
        {"a", "x", {.same_site = "lax; Secure"}},
        {"__Secure-a", "x", {0}},
        {"__secure-a", "x", {0}},
        {"__Host-a", "x", {0}},
        {"__Host-a", "x", {.secure = true, .path = "/x"}},
        {"__HOST-a", "x", {.secure = true, .domain = "example.org"}},
    };
    char out[256];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *reason = NULL;
        if (cookie_write(rows[i].name, rows[i].value, &rows[i].attributes, out, sizeof out, &reason) != -1)
            check_fail(__FILE__, __LINE__, "row %zu is not refused", i);
        CHECK(reason != NULL);
    }
}

TEST(a_cookie_that_does_not_fit_is_refused)
{
    const char want[] = "id=abc; Path=/; SameSite=Lax; HttpOnly";
    const char *reason = NULL;
    for (size_t size = 0; size < sizeof want; size++) {
        char *out = malloc(size + 1);
        CHECK_INT(cookie_write("id", "abc", NULL, out, size, &reason), -1);
        CHECK(reason != NULL);
        free(out);
    }
    char out[sizeof want];
    CHECK_INT(cookie_write("id", "abc", NULL, out, sizeof out, &reason), sizeof want - 1);
}

TEST(threat_089_cookies_whose_prefix_promises_more_than_they_have_are_not_set)
{
    static const struct {
        const char *name;
        cookie_attributes attributes;
        bool is_set;
    } cases[] = {
        {"__Host-a", {.secure = true}, true},
        {"__Host-a", {.secure = false}, false},
        {"__Host-a", {.secure = true, .domain = "example.org"}, false},
        {"__Host-a", {.secure = true, .path = "/a"}, false},
        {"__HOST-a", {.secure = false}, false},
        {"__Secure-a", {.secure = true, .domain = "example.org", .path = "/a"}, true},
        {"__Secure-a", {.secure = false}, false},
        {"__secure-a", {.secure = false}, false},
        {"__Http-a", {.secure = true, .path = "/a"}, true},
        {"__Http-a", {.secure = true, .script_readable = true}, false},
        {"__Http-a", {.secure = false}, false},
        {"__Host-Http-a", {.secure = true}, true},
        {"__Host-Http-a", {.secure = true, .script_readable = true}, false},
        {"__Host-Http-a", {.secure = true, .path = "/a"}, false},
        {"a", {.path = "a"}, false},
        {"a", {.path = ""}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char written[256];
        const char *reason = NULL;
        bool is_set =
            cookie_write(cases[i].name, "v", &cases[i].attributes, written, sizeof written, &reason) > 0;
        if (is_set != cases[i].is_set)
            check_fail(__FILE__, __LINE__, "case %zu, %s: %s", i, cases[i].name, is_set ? written : reason);
    }
}

TEST(threat_089_cookies_of_the_host_that_come_twice_are_none)
{
    tern_str value;
    CHECK(cookie_find(TERN_STR("a=1; __Host-a=2"), "__Host-a", &value) && value.data[0] == '2');
    CHECK(cookie_find(TERN_STR("__Host-a=2; __Host-a=2"), "__Host-a", &value));
    CHECK(!cookie_find(TERN_STR("__Host-a=evil; __Host-a=2"), "__Host-a", &value));
    CHECK(!cookie_find(TERN_STR("__Host-a=2;__Host-a =evil"), "__Host-a", &value));
    CHECK(cookie_find(TERN_STR("a=1; a=2"), "a", &value) && value.data[0] == '1');
}

TEST(threat_089_cookies_are_parsed_strictly)
{
    tern_str value;
    CHECK(!cookie_find(TERN_STR("$Version=1; \xc2\xa0__Host-a=evil"), "__Host-a",
                       &value)); /* a no-break space */
    CHECK(!cookie_find(TERN_STR("\xe2\x80\x80__Host-a=evil"), "__Host-a", &value));
    CHECK(!cookie_find(TERN_STR("\"__Host-a\"=evil"), "__Host-a", &value));
    CHECK(!cookie_find(TERN_STR("x=\"; __Host-b=1\"; y"), "__Host-a", &value));
    CHECK(cookie_find(TERN_STR("x=\"a; __Host-a=2; b\""), "__Host-a", &value) &&
          value.len == 1); /* quotes mean nothing */
    CHECK(cookie_find(TERN_STR("$Version=1; a=2; $Path=/"), "a", &value) && value.data[0] == '2');
}
