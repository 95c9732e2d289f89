/* Fields that every reply has, in HTTP/1.1. */
#include "http/defaults.h"

#include "base/mem.h"
#include "check.h"
#include "wire.h"

#include <string.h>

static const http_default list[] = {{.name = "X-All", .value = "1"},
                                    {.name = "X-Page", .value = "2", .is_for_pages = true},
                                    {.name = "X-Other", .value = "3"}};

static const char *type, *own_name, *own_value;

static int status = 200;

static void handle(void *self, http_exchange *x)
{
    (void)self;
    if (own_name != NULL)
        http_field_put(x, own_name, own_value, true);
    http_reply(x, status, type, "body", 4);
}

static bool open_server(void)
{
    const http_service service = {.handle = handle};
    const http_limits limits = {.head = {.head_bytes = 8192, .target_bytes = 4096, .fields = 50},
                                .head_ms = 5000,
                                .idle_ms = 5000,
                                .arena_bytes = 100000,
                                .defaults = list,
                                .default_count = 3};
    return wire_open(&service, &limits);
}

/** The reply's head after Date, without Content-Length, to a request whose handler does the above. */
static const char *lines_of(const char *of_type, const char *name, const char *value)
{
    static char reply[4096], request[] = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    const wire_script script = {.request = request, .len = sizeof request - 1};
    type = of_type, own_name = name, own_value = value;
    CHECK(open_server());
    CHECK(wire_talk(&script, reply, sizeof reply) > 0);
    wire_close();
    char *date = strstr(reply, "Date: ");
    CHECK(date != NULL);
    char *begin = strstr(date, "\r\n") + 2, *end = strstr(begin, "\r\n\r\n");
    CHECK(end != NULL);
    end[2] = '\0';
    return begin;
}

#define REST "Content-Length: 4\r\nConnection: close\r\n"

TEST(defaults_are_in_every_reply_and_those_for_pages_in_pages)
{
    CHECK_TEXT(lines_of("application/json", NULL, NULL),
               "X-All: 1\r\nX-Other: 3\r\nContent-Type: application/json\r\n" REST);
    CHECK_TEXT(lines_of("text/html; charset=utf-8", NULL, NULL),
               "X-All: 1\r\nX-Page: 2\r\nX-Other: 3\r\nContent-Type: text/html; charset=utf-8\r\n" REST);
    CHECK_TEXT(lines_of(NULL, NULL, NULL), "X-All: 1\r\nX-Other: 3\r\n" REST);
}

TEST(defaults_for_pages_are_in_pages_whose_type_is_a_header)
{
    CHECK_TEXT(lines_of(NULL, "Content-Type", "image/svg+xml"),
               "X-All: 1\r\nX-Page: 2\r\nX-Other: 3\r\n" REST "Content-Type: image/svg+xml\r\n");
}

TEST(defaults_that_the_reply_sets_itself_are_sent_once)
{
    CHECK_TEXT(lines_of("text/html", "x-page", "own"),
               "X-All: 1\r\nX-Other: 3\r\nContent-Type: text/html\r\n" REST "x-page: own\r\n");
    CHECK_TEXT(lines_of("application/json", "X-Page", "own"),
               "X-All: 1\r\nX-Other: 3\r\nContent-Type: application/json\r\n" REST "X-Page: own\r\n");
}

TEST(defaults_that_the_reply_sets_to_nothing_are_left_out)
{
    CHECK_TEXT(lines_of("text/html", "X-Other", ""),
               "X-All: 1\r\nX-Page: 2\r\nContent-Type: text/html\r\n" REST);
}

TEST(defaults_leave_other_fields_of_the_same_length_alone)
{
    CHECK_TEXT(lines_of("text/plain", "X-Any", ""),
               "X-All: 1\r\nX-Other: 3\r\nContent-Type: text/plain\r\n" REST "X-Any: \r\n");
}

TEST(defaults_are_not_in_a_304_whose_reply_is_in_a_cache)
{
    status = 304;
    CHECK_TEXT(lines_of("text/html", NULL, NULL), "Content-Type: text/html\r\n" REST);
    CHECK_TEXT(lines_of(NULL, "X-Own", "1"), REST "X-Own: 1\r\n");
}

TEST(defaults_know_which_types_are_pages)
{
    static const char *const pages[] = {
        "text/html", "TEXT/HTML;charset=x", "text/html ; a", "application/xhtml+xml",
        "text/xml",  "application/xml",     "image/svg+xml"};
    static const char *const others[] = {"",         ";",          "text/plain", "application/json",
                                         "text/htm", "text/html2", "xtext/html"};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        CHECK(defaults_is_page(pages[i], strlen(pages[i])));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK(!defaults_is_page(others[i], strlen(others[i])));
}

TEST(a_server_without_memory_for_the_defaults_does_not_open)
{
    mem_fail_at(1, 1);
    bool is_open = open_server();
    mem_fail_at(0, 0);
    CHECK(!is_open);
}
