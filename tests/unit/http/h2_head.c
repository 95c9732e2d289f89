/** Heads of HTTP/2 as fields, the encoder of replies, and budgets. */
#include "check.h"

#include "base/mem.h"
#include "http/h2/h2.h"

static const http_head_limits limits = {.head_bytes = 1000, .target_bytes = 100, .fields = 10};

static h2_head *begin(void)
{
    h2_head *head = mem_alloc(h2_head_bytes(&limits));
    CHECK(head != NULL);
    h2_head_begin(head, &limits);
    return head;
}

static void add(h2_head *head, const char *name, const char *value)
{
    h2_head_add(head, &limits, (tern_str){name, strlen(name)}, (tern_str){value, strlen(value)});
}

static h2_head *get(void)
{
    h2_head *head = begin();
    add(head, ":method", "GET");
    add(head, ":scheme", "https");
    add(head, ":path", "/a//b?c=d");
    add(head, ":authority", "h.org:8000");
    return head;
}

static void check_slice(tern_str seen, const char *want)
{
    CHECK_BYTES(seen.data, seen.len, want, strlen(want));
}

TEST(a_head_of_http_2_becomes_a_request)
{
    h2_head *head = get();
    add(head, "x", "y");
    h2_head_conclude(head, true);
    CHECK(!head->is_malformed && head->status == 0);
    CHECK_INT(head->request.method, HTTP_GET);
    CHECK_INT(head->request.version, HTTP_2);
    check_slice(head->request.path, "/a//b");
    check_slice(head->request.query, "c=d");
    check_slice(head->request.host, "h.org:8000");
    CHECK(!head->request.path_is_plain && !head->request.has_body && !head->request.has_length);
    CHECK_INT(head->request.header_count, 1);
    mem_free(head);
}

TEST(crumbs_of_cookies_are_joined_where_the_first_one_was)
{
    h2_head *head = get();
    add(head, "cookie", "a=1");
    add(head, "x", "y");
    add(head, "cookie", "b=2");
    add(head, "cookie", "c=3");
    h2_head_conclude(head, true);
    CHECK_INT(head->request.header_count, 2);
    check_slice((tern_str){head->headers[0].value, head->headers[0].value_len}, "a=1; b=2; c=3");
    CHECK_INT(head->headers[0].value[head->headers[0].value_len], 0);
    mem_free(head);
}

TEST(host_takes_the_place_of_authority_and_must_agree_with_it)
{
    h2_head *head = begin();
    add(head, ":method", "GET");
    add(head, ":scheme", "http");
    add(head, ":path", "/");
    add(head, "host", "h.org");
    h2_head_conclude(head, true);
    check_slice(head->request.host, "h.org");
    mem_free(head);
    head = get();
    add(head, "host", "H.ORG:8000");
    h2_head_conclude(head, true);
    CHECK(!head->is_malformed);
    mem_free(head);
    head = get();
    add(head, "host", "h.org");
    h2_head_conclude(head, true);
    CHECK(head->is_malformed);
    mem_free(head);
    head = begin();
    add(head, ":method", "GET");
    add(head, ":scheme", "http");
    add(head, ":path", "/");
    h2_head_conclude(head, true);
    CHECK_INT(head->status, 400);
    mem_free(head);
}

TEST(a_head_at_its_limits_fits_and_one_beyond_them_is_refused)
{
    char value[1200];
    memset(value, 'v', sizeof value);
    for (size_t len = 700; len < 1000; len++) {
        h2_head *head = get();
        size_t before = head->decoded_bytes;
        value[len] = '\0';
        add(head, "cookie", value);
        add(head, "cookie", "");
        h2_head_conclude(head, true);
        CHECK_INT(head->status, before + len + 20 <= limits.head_bytes ? 0 : 431);
        CHECK(head->text_len <= head->text_cap);
        value[len] = 'v';
        mem_free(head);
    }
}

TEST(priorities_are_read_from_their_field)
{
    static const struct {
        const char *text;
        int urgency;
        bool is_incremental;
    } cases[] = {{"", 3, false},
                 {"u=0", 0, false},
                 {"u=7, i", 7, true},
                 {"i, u=5", 5, true},
                 {"i=?0", 3, false},
                 {"i=?1,u=1", 1, true},
                 {"u=8", 3, false},
                 {"u=-1", 3, false},
                 {"u", 3, false},
                 {"U=1", 3, false},
                 {"u=1;x, a=\"b\"", 3, false},
                 {"u=2,u=4", 4, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t urgency = 3;
        bool is_incremental = false;
        h2_priority_read((tern_str){cases[i].text, strlen(cases[i].text)}, &urgency, &is_incremental);
        CHECK_INT(urgency, cases[i].urgency);
        CHECK_INT(is_incremental, cases[i].is_incremental);
    }
}

/* -- the encoder -- */

TEST(what_replies_have_in_common_is_one_byte_each_after_the_first)
{
    h2_encoder e = {0};
    char first[1024], second[1024];
    encoder_init(&e);
    size_t first_len =
        (size_t)(encoder_type(&e, encoder_begin(&e, first, 200, "tern"), "text/html", 9) - first);
    size_t second_len =
        (size_t)(encoder_type(&e, encoder_begin(&e, second, 200, "tern"), "text/html", 9) - second);
    CHECK(first_len > 45);
    CHECK_BYTES(second, second_len, "\x88\xc0\xbf\xbe", 4);
}

TEST(a_table_of_no_bytes_is_announced_and_not_used)
{
    h2_encoder e = {0};
    char head[1024];
    encoder_init(&e);
    encoder_begin(&e, head, 200, "tern");
    encoder_resize(&e, 0);
    char *end = encoder_begin(&e, head, 404, "tern");
    CHECK_BYTES(head, 3, "\x20\x20\x8d", 3);
    CHECK_BYTES(head + 3, 7, "\x0f\x27\x04tern", 7);
    CHECK(memchr(head, '\x7e', (size_t)(end - head)) == NULL);
}

TEST(names_are_sent_in_lower_case_and_cookies_are_never_indexed)
{
    char field[100];
    char *end = encoder_field(field, TERN_STR("X-Test"), TERN_STR("Value"));
    CHECK_BYTES(field, (size_t)(end - field), "\0\x06x-test\x05Value", 14);
    end = encoder_field(field, TERN_STR("Set-Cookie"), TERN_STR("a=b"));
    CHECK_BYTES(field, (size_t)(end - field),
                "\x1f\x28\x03"
                "a=b",
                6);
}

/* -- budgets -- */

TEST(a_budget_is_used_up_and_fills_with_time_and_with_work)
{
    loop_self.now_ms = 1000000;
    h2_budget budget = {.left = 10, .filled_ms = loop_self.now_ms};
    CHECK(budget_take(&budget, 10, 10));
    CHECK(!budget_take(&budget, 10, 1));
    loop_self.now_ms += H2_BUDGET_MS / 10;
    CHECK(budget_take(&budget, 10, 1));
    CHECK(!budget_take(&budget, 10, 1));
    budget_earn(&budget, 10, 100);
    CHECK_INT(budget.left, 10);
}

TEST(fields_of_every_reply_are_one_byte_each_after_the_first)
{
    static const http_default list[] = {{"X-All", "1", false}, {"X-Page", "2", true}};
    h2_encoder e = {0};
    http_defaults d;
    char head[1024];
    CHECK(defaults_join(&d, list, 2));
    encoder_init(&e);
    char *end = encoder_defaults(&e, head, &d, 0, true);
    CHECK_BYTES(head, (size_t)(end - head),
                "\x40\x05x-all\x01"
                "1\x40\x06x-page\x01"
                "2",
                19);
    end = encoder_defaults(&e, head, &d, 0, true);
    CHECK_BYTES(head, (size_t)(end - head), "\xbf\xbe", 2);
    end = encoder_defaults(&e, head, &d, 0, false);
    CHECK_BYTES(head, (size_t)(end - head), "\xbf", 1);
    end = encoder_defaults(&e, head, &d, 1, true);
    CHECK_BYTES(head, (size_t)(end - head), "\xbe", 1);
    encoder_resize(&e, 0);
    end = encoder_defaults(&e, head, &d, 2, true);
    CHECK_BYTES(head, (size_t)(end - head),
                "\0\x05x-all\x01"
                "1",
                9);
    defaults_free(&d);
}
