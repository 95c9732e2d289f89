/** What handlers read from a request. */
#include "unit/app/fake.h"

#include <tern/app.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

static fake f;

/** Runs `handler` for a GET request to `target`. */
static void get(const char *target, tern_reply (*handler)(tern_ctx *c))
{
    char head[12 * 1024];
    snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: example.org\r\n\r\n", target);
    fake_open(&f, head);
    fake_run(&f, NULL, handler);
}

static tern_reply show_head(tern_ctx *c)
{
    return tern_textf(c, "%s %s [%s] %s", tern_method(c), tern_path(c), tern_query_string(c), tern_host(c));
}

TEST(the_parts_of_the_head_are_read)
{
    get("/a/b?x=1&y", show_head);
    CHECK_REPLY(&f, 200, "GET /a/b [x=1&y] example.org");
    get("/", show_head);
    CHECK_REPLY(&f, 200, "GET / [] example.org");
}

static tern_reply show_headers(tern_ctx *c)
{
    return tern_textf(c, "%s|%s|%s|%s", tern_header(c, "x-one"), tern_header_nth(c, "X-Two", 1),
                      tern_header_nth(c, "x-two", 2) == NULL ? "no third" : "a third",
                      tern_header(c, "absent") == NULL ? "none" : "some");
}

TEST(headers_are_found_in_any_case_and_end_with_a_nul)
{
    fake_open(&f, "GET / HTTP/1.1\r\nHost: h\r\nX-One: first  \r\nX-Two: a\r\nx-tWO: b c\r\n\r\n");
    fake_run(&f, NULL, show_headers);
    CHECK_REPLY(&f, 200, "first|b c|no third|none");
}

static tern_reply show_cookies(tern_ctx *c)
{
    return tern_textf(c, "%s|%s|%s|%s", tern_cookie(c, "a"), tern_cookie(c, "b"), tern_cookie(c, "a"),
                      tern_cookie(c, "d") == NULL ? "none" : "some");
}

TEST(cookies_are_found_in_every_cookie_header_again_and_again)
{
    fake_open(&f, "GET / HTTP/1.1\r\nHost: h\r\nCookie: a=1; c=3\r\nCookie: b=2\r\n\r\n");
    fake_run(&f, NULL, show_cookies);
    CHECK_REPLY(&f, 200, "1|2|1|none");
}

static tern_reply show_query(tern_ctx *c)
{
    const char *third = tern_query_nth(c, "t", 2);
    return tern_textf(c, "%s|%s|%s|%s", tern_query(c, "q"), tern_query_nth(c, "t", 1),
                      third != NULL ? third : "-", tern_query(c, "empty"));
}

TEST(query_values_are_decoded_once)
{
    get("/?q=a%20b%2525+c&t=1&t=2&empty", show_query);
    CHECK_REPLY(&f, 200, "a b%25 c|2|-|");
}

static tern_reply show_q(tern_ctx *c)
{
    const char *q = tern_query(c, "q");
    return tern_text(c, q != NULL ? q : "(none)");
}

TEST(threat_066_a_wrongly_encoded_query_value_is_400)
{
    static const char *const targets[] = {"/?q=%", "/?q=%zz", "/?q=%00", "/?q=%c0%ae", "/?q=%ff"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        get(targets[i], show_q);
        CHECK_REPLY(&f, 400,
                    "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
                    "\"detail\":\"query parameter \\\"q\\\" is wrongly encoded\"}");
    }
}

TEST(threat_063_more_than_a_thousand_query_parameters_are_400)
{
    char target[4096] = "/?q=1";
    for (int i = 1; i < 1000; i++)
        strcat(target, "&a");
    get(target, show_q);
    CHECK_REPLY(&f, 200, "1");
    strcat(target, "&a");
    get(target, show_q);
    CHECK_INT(f.reply.status, 400);
}

static tern_reply show_int(tern_ctx *c)
{
    return tern_textf(c, "%lld", (long long)tern_query_int(c, "n", 7));
}

TEST(whole_numbers_of_the_query_are_read_or_refused)
{
    static const struct {
        const char *target, *text;
    } cases[] = {{"/", "7"},
                 {"/?n=0", "0"},
                 {"/?n=-12", "-12"},
                 {"/?n=9223372036854775807", "9223372036854775807"},
                 {"/?n=-9223372036854775808", "-9223372036854775808"},
                 {"/?n=9223372036854775808", NULL},
                 {"/?n=", NULL},
                 {"/?n=1x", NULL},
                 {"/?n=0x10", NULL},
                 {"/?n=+1", NULL},
                 {"/?n=1.0", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        get(cases[i].target, show_int);
        CHECK_INT(f.reply.status, cases[i].text != NULL ? 200 : 422);
        if (cases[i].text != NULL)
            CHECK_TEXT(f.reply.data, cases[i].text);
    }
}

TEST(a_refused_value_is_never_handed_back)
{
    get("/?n=s3cret", show_int);
    CHECK_REPLY(&f, 422,
                "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,"
                "\"detail\":\"query parameter \\\"n\\\" must be a whole number\"}");
}

static tern_reply show_double(tern_ctx *c)
{
    double d = tern_query_double(c, "d", 0.5);
    return tern_textf(c, "%d", (int)(d * 1000));
}

TEST(numbers_of_the_query_are_plain_decimals)
{
    static const struct {
        const char *target, *text;
    } cases[] = {{"/", "500"},          {"/?d=1.25", "1250"}, {"/?d=-2", "-2000"}, {"/?d=1e2", "100000"},
                 {"/?d=1.5E-1", "150"}, {"/?d=.5", "500"},    {"/?d=nan", NULL},   {"/?d=inf", NULL},
                 {"/?d=0x1p3", NULL},   {"/?d=1e999", NULL},  {"/?d=1,5", NULL},   {"/?d=%201", NULL},
                 {"/?d=1%20", NULL},    {"/?d=.", NULL},      {"/?d=1e", NULL},    {"/?d=", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        get(cases[i].target, show_double);
        CHECK_INT(f.reply.status, cases[i].text != NULL ? 200 : 422);
        if (cases[i].text != NULL)
            CHECK_TEXT(f.reply.data, cases[i].text);
    }
}

static tern_reply show_bool(tern_ctx *c)
{
    return tern_text(c, tern_query_bool(c, "b", true) ? "true" : "false");
}

TEST(truth_is_spelled_in_four_ways)
{
    static const struct {
        const char *target, *text;
    } cases[] = {{"/", "true"},        {"/?b=TRUE", "true"}, {"/?b=1", "true"},   {"/?b=Yes", "true"},
                 {"/?b=on", "true"},   {"/?b=0", "false"},   {"/?b=No", "false"}, {"/?b=false", "false"},
                 {"/?b=OFF", "false"}, {"/?b=2", NULL},      {"/?b=", NULL},      {"/?b=tru", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        get(cases[i].target, show_bool);
        CHECK_INT(f.reply.status, cases[i].text != NULL ? 200 : 422);
        if (cases[i].text != NULL)
            CHECK_TEXT(f.reply.data, cases[i].text);
    }
}

static tern_reply show_params(tern_ctx *c)
{
    return tern_textf(c, "%s %lld %s", tern_param(c, "name"), (long long)tern_param_int(c, "id"),
                      tern_param(c, "other") == NULL ? "none" : "some");
}

TEST(path_parameters_are_read_by_name)
{
    fake_open(&f, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    fake_param(&f, "name", "ann");
    fake_param(&f, "id", "42");
    fake_run(&f, NULL, show_params);
    CHECK_REPLY(&f, 200, "ann 42 none");
}

TEST(a_path_parameter_that_is_not_a_number_is_404)
{
    fake_open(&f, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    fake_param(&f, "name", "ann");
    fake_param(&f, "id", "4x");
    fake_run(&f, NULL, show_params);
    CHECK_REPLY(&f, 404, "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404}");
}

static tern_reply ask_missing_param(tern_ctx *c)
{
    return tern_textf(c, "%lld", (long long)tern_param_int(c, "missing"));
}

TEST(a_path_parameter_that_the_route_lacks_is_the_programs_mistake)
{
    get("/", ask_missing_param);
    CHECK_INT(f.reply.status, 500);
}

static tern_reply show_body(tern_ctx *c)
{
    char piece[4];
    size_t first = tern_body_read(c, piece, sizeof piece);
    size_t second = tern_body_read(c, piece, sizeof piece);
    size_t third = tern_body_read(c, piece, sizeof piece);
    return tern_textf(c, "%s %zu %zu %zu %.*s", tern_body(c).data, first, second, third, (int)second, piece);
}

TEST(a_buffered_body_can_also_be_read_in_pieces)
{
    fake_open(&f, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n");
    f.x.body = TERN_STR("abcdef");
    fake_run(&f, NULL, show_body);
    CHECK_REPLY(&f, 200, "abcdef 4 2 0 ef");
}

TERN_LOCAL(const char, user);
TERN_LOCAL(int, count);
TERN_LOCAL(int, never_set);

static tern_reply show_locals(tern_ctx *c)
{
    int three = 3;
    if (tern_local(c, user) != NULL)
        return tern_text(c, "set before");
    tern_set_local(c, user, "first");
    tern_set_local(c, count, &three);
    tern_set_local(c, user, "second");
    return tern_textf(c, "%s %d %d", tern_local(c, user), *tern_local(c, count),
                      tern_local(c, never_set) == NULL);
}

TEST(a_local_has_its_last_value)
{
    get("/", show_locals);
    CHECK_REPLY(&f, 200, "second 3 1");
}

TEST(a_local_is_not_set_in_the_next_request)
{
    get("/", show_locals);
    get("/", show_locals);
    CHECK_REPLY(&f, 200, "second 3 1");
}

/* Like the declaration of a library that is loaded while requests are served. */
static tern_reply show_late_local(tern_ctx *c)
{
    static tern_local_slot late;
    tern_set_local(c, user, "ann");
    tern_local_number_(&late);
    const bool was_set = tern_local_of_(c, &late) != NULL;
    tern_set_local_(c, &late, "late");
    return tern_textf(c, "%d %s %s", was_set, (const char *)tern_local_of_(c, &late), tern_local(c, user));
}

TEST(a_slot_that_is_numbered_within_a_request_has_room)
{
    get("/", show_late_local);
    CHECK_REPLY(&f, 200, "0 late ann");
}

TEST(a_slot_keeps_its_number_when_it_is_declared_again)
{
    unsigned number = user_local.number;
    CHECK(number > 0);
    tern_local_number_(&user_local);
    CHECK_INT(user_local.number, number);
    CHECK(count_local.number != number);
}

static tern_reply show_ids(tern_ctx *c)
{
    const char *id = tern_request_id(c);
    CHECK(id == tern_request_id(c));
    return tern_text(c, id);
}

TEST(request_ids_are_32_hex_digits_and_differ)
{
    char first[33];
    get("/", show_ids);
    CHECK_INT(f.reply.len, 32);
    CHECK_INT(strspn(f.reply.data, "0123456789abcdef"), 32);
    memcpy(first, f.reply.data, 33);
    get("/", show_ids);
    CHECK_INT(f.reply.len, 32);
    CHECK(strcmp(first, f.reply.data) != 0);
    CHECK(memcmp(first, f.reply.data, 16) == 0); /* the same process */
}

static tern_reply crash_report(tern_ctx *c)
{
    static char report[512];
    size_t len = app_describe(NULL, report, sizeof report);
    return tern_bytes_reply(c, NULL, report, len);
}

TEST(threat_084_a_crash_report_escapes_the_path)
{
    fake_open(&f, "GET /a%0A\\ HTTP/1.1\r\nHost: h\r\n\r\n");
    f.parsed.request.path = TERN_STR("/a\n\x1b[1m\\");
    strcpy(f.c.request_id, "abc");
    fake_run(&f, NULL, crash_report);
    CHECK_REPLY(&f, 200, "GET /a\\x0a\\x1b[1m\\x5c route=/fake request=abc");
}

static tern_reply take_much(tern_ctx *c)
{
    tern_alloc(c, 2 * 1024 * 1024);
    return tern_text(c, "got it");
}

TEST(memory_beyond_the_requests_limit_is_503)
{
    get("/", take_much);
    CHECK_INT(f.reply.status, 503);
}

static tern_reply take_memory(tern_ctx *c)
{
    const unsigned char *zeroed = tern_alloc(c, 100);
    for (int i = 0; i < 100; i++)
        CHECK_INT(zeroed[i], 0);
    return tern_text(c, tern_sprintf(c, "%s-%d", tern_strdup(c, "copy"), 5));
}

TEST(the_requests_memory_is_zeroed_and_formats_text)
{
    get("/", take_memory);
    CHECK_REPLY(&f, 200, "copy-5");
}
