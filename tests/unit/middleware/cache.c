/** Kept replies, through a whole application. */
#include "unit/app/ask.h"

#include "base/mem.h"

#include <tern/cache.h>

static unsigned made; /* how often a handler ran */
static char said[64 * 1024];

/* Sends a request of these lines (without the empty one); its status. */
static int get(const char *lines)
{
    char request[8 * 1024];
    int len = snprintf(request, sizeof request, "%s\r\n%sConnection: close\r\n\r\n%s", lines,
                       strstr(lines, "\r\nHost:") != NULL ? "" : "Host: h\r\n",
                       strstr(lines, "Content-Length: 1") != NULL ? "x" : "");
    wire_script script = {.request = request, .len = (size_t)len};
    CHECK((size_t)len < sizeof request);
    CHECK(wire_talk(&script, said, sizeof said) > 12);
    return atoi(said + 9);
}

static const char *body(void)
{
    const char *end = strstr(said, "\r\n\r\n");
    return end != NULL ? end + 4 : "";
}

/* The value of a header of the last reply; "" without it. */
static const char *header(const char *name)
{
    static char value[512];
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\r\n%s: ", name);
    const char *at = strcasestr(said, wanted);
    size_t len = at != NULL ? strcspn(at + strlen(wanted), "\r") : 0;
    memcpy(value, at != NULL ? at + strlen(wanted) : "", len);
    value[len] = '\0';
    return value;
}

/* The reply was made by the handler's nth run, counted from 1. */
#define CHECK_MADE(nth)                                                                                      \
    do {                                                                                                     \
        char wanted_[16];                                                                                    \
        snprintf(wanted_, sizeof wanted_, "%d", nth);                                                        \
        CHECK_TEXT(body(), wanted_);                                                                         \
    } while (0)

TERN_HANDLER(count)
{
    return tern_textf(c, "%u", ++made);
}

static const char *control; /* the Cache-Control of `told` */

TERN_HANDLER(told)
{
    if (control != NULL)
        tern_set_header(c, "Cache-Control", control);
    return tern_textf(c, "%u", ++made);
}

static tern_app *app_with(const tern_handler *handler, tern_middleware piece)
{
    tern_app *app = tern_app_new();
    tern_use(app, piece);
    tern_get(app, "/", handler);
    tern_get(app, "/books", handler);
    tern_get(app, "/books/{id}", handler);
    tern_get(app, "/{rest...}", handler);
    return app;
}

TEST(a_second_request_gets_the_kept_reply)
{
    ask_open(app_with(count, tern_cache(.max_age_s = 60)));
    CHECK_INT(get("GET /a HTTP/1.1"), 200);
    CHECK_TEXT(header("Cache-Status"), "tern; fwd=miss; stored");
    CHECK_INT(get("GET /a HTTP/1.1"), 200);
    CHECK_MADE(1);
    CHECK(strncmp(header("Cache-Status"), "tern; hit; ttl=", 15) == 0);
    CHECK_TEXT(header("Age"), "0");
    CHECK_TEXT(header("Content-Type"), "text/plain; charset=utf-8");
}

TEST(another_path_query_host_or_route_is_another_reply)
{
    static const char *const requests[] = {"GET /a HTTP/1.1",
                                           "GET /b HTTP/1.1",
                                           "GET /a? HTTP/1.1",
                                           "GET /a?x=1 HTTP/1.1",
                                           "GET /a?x=2 HTTP/1.1",
                                           "GET /A HTTP/1.1",
                                           "GET /a/ HTTP/1.1",
                                           "GET /a%2fb HTTP/1.1",
                                           "GET /a HTTP/1.1\r\nHost: other",
                                           "GET http://third/a HTTP/1.1"};
    tern_app *app = tern_app_new(.allow_encoded_slashes = true);
    tern_use(app, tern_cache());
    tern_get(app, "/{rest...}", count);
    ask_open(app);
    for (unsigned i = 0; i < sizeof requests / sizeof *requests; i++) {
        CHECK_INT(get(requests[i]), 200);
        CHECK_MADE((int)i + 1);
    }
    CHECK_INT(get("GET /a/b HTTP/1.1"), 200); /* decoded, /a%2fb is the same path */
    CHECK_MADE(11);
    CHECK_INT(get("GET /a HTTP/1.1\r\nHost: OTHER"), 200);
    CHECK_MADE(9);
}

TEST(what_cache_control_forbids_is_not_kept)
{
    static const char *const controls[] = {"no-store",
                                           "private",
                                           "no-cache",
                                           "max-age=0",
                                           "public, max-age=60, s-maxage=0",
                                           "max-age=60, NO-STORE",
                                           "private=\"x-id\", max-age=60",
                                           "max-age=60, max-age=0",
                                           "max-age=soon",
                                           "max-age",
                                           "max-age=-1",
                                           "max-age= ,x=\"a,b\",no-cache=\"set-cookie\""};
    ask_open(app_with(told, tern_cache()));
    for (unsigned i = 0; i < sizeof controls / sizeof *controls; i++) {
        char request[64];
        control = controls[i];
        snprintf(request, sizeof request, "GET /%u HTTP/1.1", i);
        get(request);
        made = 100;
        get(request);
        CHECK_MADE(101);
    }
}

TEST(what_cache_control_allows_is_kept)
{
    static const char *const controls[] = {
        "max-age=60", "s-maxage=60, max-age=0",       "Max-Age=\"60\"",
        "public",     "max-age=99999999999999999999", "max-age=60, x=\"no-store, private\""};
    ask_open(app_with(told, tern_cache()));
    for (unsigned i = 0; i < sizeof controls / sizeof *controls; i++) {
        char request[64];
        control = controls[i];
        snprintf(request, sizeof request, "GET /%u HTTP/1.1", i);
        made = 0;
        get(request);
        get(request);
        CHECK_MADE(1);
    }
}

TEST(only_if_told_keeps_nothing_without_a_directive)
{
    ask_open(app_with(told, tern_cache(.only_if_told = true)));
    get("GET /a HTTP/1.1");
    get("GET /a HTTP/1.1");
    CHECK_MADE(2);
    control = "max-age=9";
    get("GET /b HTTP/1.1");
    get("GET /b HTTP/1.1");
    CHECK_MADE(3);
}

/* -- credentials -- */

TEST(threat_098_requests_with_credentials_neither_get_nor_make_kept_replies)
{
    ask_open(app_with(count, tern_cache()));
    get("GET /x.css HTTP/1.1\r\nCookie: session=ann");
    CHECK_TEXT(header("Cache-Status"), "tern; fwd=bypass; detail=credentials");
    get("GET /x.css HTTP/1.1");
    CHECK_MADE(2);
    get("GET /x.css HTTP/1.1\r\nAuthorization: Basic YTpi");
    CHECK_MADE(3);
    get("GET /x.css HTTP/1.1\r\nCookie: session=bea");
    CHECK_MADE(4);
    get("GET /x.css HTTP/1.1");
    CHECK_MADE(2);
}

TEST(a_reply_that_is_said_to_be_public_is_for_requests_with_credentials_too)
{
    control = "public, max-age=60";
    ask_open(app_with(told, tern_cache()));
    get("GET /a HTTP/1.1\r\nAuthorization: Basic YTpi");
    get("GET /a HTTP/1.1\r\nCookie: a=b");
    CHECK_MADE(1);
    get("GET /a HTTP/1.1");
    CHECK_MADE(1);
}

TERN_HANDLER(greet)
{
    const char *name = tern_cookie(c, "name");
    return tern_textf(c, "%s %u", name != NULL ? name : "you", ++made);
}

TEST(with_cookies_a_handler_that_reads_them_has_a_reply_for_each)
{
    ask_open(app_with(greet, tern_cache(.with_cookies = true)));
    get("GET /a HTTP/1.1\r\nCookie: name=ann");
    CHECK_TEXT(body(), "ann 1");
    CHECK_TEXT(header("Vary"), "cookie");
    get("GET /a HTTP/1.1\r\nCookie: name=bea");
    CHECK_TEXT(body(), "bea 2");
    get("GET /a HTTP/1.1\r\nCookie: name=ann");
    CHECK_TEXT(body(), "ann 1");
    get("GET /a HTTP/1.1");
    CHECK_TEXT(body(), "you 3");
    get("GET /a HTTP/1.1\r\nAuthorization: x");
    CHECK_TEXT(body(), "you 4"); /* only cookies were allowed */
}

TERN_HANDLER(set_cookie)
{
    tern_set_cookie(c, "id", "7");
    tern_set_header(c, "Cache-Control", "public, max-age=60");
    return tern_textf(c, "%u", ++made);
}

TEST(a_reply_that_sets_a_cookie_is_never_kept)
{
    ask_open(app_with(set_cookie, tern_cache(.with_cookies = true)));
    get("GET /a HTTP/1.1");
    get("GET /a HTTP/1.1");
    CHECK_MADE(2);
    CHECK(*header("Set-Cookie") != '\0');
}

/* -- headers that replies differ by -- */

TERN_HANDLER(link)
{
    const char *host = tern_header(c, "X-Forwarded-Host");
    return tern_textf(c, "//%s/ %u", host != NULL ? host : tern_host(c), ++made);
}

TEST(threat_098_a_header_that_the_handler_reads_is_a_part_of_the_key)
{
    ask_open(app_with(link, tern_cache()));
    get("GET /a HTTP/1.1\r\nX-Forwarded-Host: evil");
    CHECK_TEXT(body(), "//evil/ 1");
    CHECK_TEXT(header("Vary"), "x-forwarded-host");
    get("GET /a HTTP/1.1");
    CHECK_TEXT(body(), "//h/ 2");
    get("GET /a HTTP/1.1\r\nX-Forwarded-Host: evil");
    CHECK_TEXT(body(), "//evil/ 1");
    get("GET /a HTTP/1.1\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Host: b");
    CHECK_TEXT(body(), "//evil/ 3");
}

TEST(an_unkeyed_header_does_not_count)
{
    ask_open(app_with(link, tern_cache(.unkeyed = "X-Forwarded-Host, X-Other")));
    get("GET /a HTTP/1.1\r\nX-Forwarded-Host: b");
    get("GET /a HTTP/1.1");
    CHECK_TEXT(body(), "//b/ 1");
    CHECK_TEXT(header("Vary"), "");
}

TERN_MODEL(Langs,
    (const char *, accept_language, .in = TERN_FROM_HEADER, .optional = true))

TERN_HANDLER(speak, Langs, in)
{
    return tern_textf(c, "%s %u", in->accept_language != NULL ? in->accept_language : "-", ++made);
}

TEST(a_header_of_the_input_is_a_part_of_the_key)
{
    tern_app *app = tern_app_new();
    tern_use(app, tern_cache());
    tern_get(app, "/", speak);
    ask_open(app);
    get("GET / HTTP/1.1\r\nAccept-Language: de");
    get("GET / HTTP/1.1\r\nAccept-Language: fr");
    CHECK_TEXT(body(), "fr 2");
    get("GET / HTTP/1.1\r\nAccept-Language: de");
    CHECK_TEXT(body(), "de 1");
}

static const char *vary;

TERN_HANDLER(varied)
{
    tern_set_header(c, "Vary", vary);
    return tern_textf(c, "%u", ++made);
}

TEST(the_handlers_vary_counts_and_a_star_is_not_kept)
{
    vary = "Accept, X-A";
    ask_open(app_with(varied, tern_cache()));
    get("GET /a HTTP/1.1\r\nX-A: 1");
    get("GET /a HTTP/1.1\r\nX-A: 2");
    CHECK_MADE(2);
    get("GET /a HTTP/1.1\r\nX-A: 1");
    CHECK_MADE(1);
    vary = "*";
    get("GET /b HTTP/1.1");
    get("GET /b HTTP/1.1");
    CHECK_MADE(4);
}

TEST(codings_that_mean_the_same_share_a_reply)
{
    vary = "Accept-Encoding";
    ask_open(app_with(varied, tern_cache()));
    get("GET /a HTTP/1.1\r\nAccept-Encoding: gzip, deflate, br");
    get("GET /a HTTP/1.1\r\nAccept-Encoding: br;q=1.0,GZIP, deflate;q=0.5,x");
    CHECK_MADE(1);
    get("GET /a HTTP/1.1\r\nAccept-Encoding: br;q=0, gzip");
    CHECK_MADE(2);
}

TERN_HANDLER(curious)
{
    for (int i = 0; i < 40; i++)
        tern_header(c, tern_sprintf(c, "X-%d", i));
    return tern_textf(c, "%u", ++made);
}

TEST(a_handler_that_reads_more_headers_than_can_be_kept_is_not_kept)
{
    ask_open(app_with(curious, tern_cache()));
    get("GET /a HTTP/1.1");
    get("GET /a HTTP/1.1");
    CHECK_MADE(2);
}

/* -- conditions and methods -- */

TEST(a_kept_reply_answers_conditions_and_the_first_one_too)
{
    char request[256];
    ask_open(app_with(count, tern_cache()));
    CHECK_INT(get("GET /a HTTP/1.1\r\nIf-None-Match: \"x\""), 200);
    snprintf(request, sizeof request, "GET /a HTTP/1.1\r\nIf-None-Match: %s", header("ETag"));
    CHECK_INT(get(request), 304);
    CHECK_TEXT(body(), "");
    CHECK_INT(get("GET /a HTTP/1.1\r\nIf-None-Match: \"x\""), 200);
    CHECK_MADE(1);
    CHECK_INT(get("GET /a HTTP/1.1\r\nIf-Match: \"x\""), 412);
}

TERN_HANDLER(tagged)
{
    made++;
    tern_set_etag(c, "v1");
    return tern_conditional(c, tern_text(c, "whole"));
}

TEST(a_client_that_has_the_reply_does_not_keep_it_from_being_kept)
{
    ask_open(app_with(tagged, tern_cache()));
    CHECK_INT(get("GET /a HTTP/1.1\r\nIf-None-Match: \"v1\""), 304);
    CHECK_INT(get("GET /a HTTP/1.1"), 200);
    CHECK_TEXT(body(), "whole");
    CHECK_INT(made, 1);
}

TEST(head_gets_a_kept_reply_but_makes_none)
{
    ask_open(app_with(count, tern_cache()));
    CHECK_INT(get("HEAD /a HTTP/1.1"), 200);
    CHECK_INT(get("GET /a HTTP/1.1"), 200);
    CHECK_MADE(2);
    CHECK_INT(get("HEAD /a HTTP/1.1"), 200);
    CHECK_TEXT(header("Content-Length"), "1");
    CHECK(strncmp(header("Cache-Status"), "tern; hit; ttl=", 15) == 0);
    CHECK_TEXT(body(), "");
}

TEST(a_get_with_a_body_is_not_kept)
{
    ask_open(app_with(count, tern_cache()));
    get("GET /a HTTP/1.1\r\nContent-Length: 1");
    get("GET /a HTTP/1.1");
    CHECK_MADE(2);
}

/* -- failures -- */

static int status_now;

TERN_HANDLER(moody)
{
    made++;
    if (status_now >= 500)
        tern_fail(c, status_now, "down");
    return tern_with_status(tern_textf(c, "%u", made), status_now);
}

TEST(errors_are_not_kept_but_404_if_said)
{
    static const int statuses[] = {404, 400, 403, 500, 503, 302, 206, 201};
    ask_open(app_with(moody, tern_cache()));
    for (unsigned i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        char request[64];
        status_now = statuses[i];
        snprintf(request, sizeof request, "GET /%u HTTP/1.1", i);
        CHECK_INT(get(request), statuses[i]);
        status_now = 200;
        CHECK_INT(get(request), 200);
    }
}

TEST(a_404_is_kept_for_as_long_as_is_said)
{
    ask_open(app_with(moody, tern_cache(.not_found_age_s = 10)));
    status_now = 404;
    get("GET /a HTTP/1.1");
    status_now = 200;
    CHECK_INT(get("GET /a HTTP/1.1"), 404);
    CHECK(strncmp(header("Cache-Status"), "tern; hit; ttl=", 15) == 0);
}

/* -- purges -- */

TERN_HANDLER(shelf)
{
    tern_cache_tag(c, "books");
    tern_cache_tag(c, "books");
    return tern_textf(c, "%u", ++made);
}

TERN_HANDLER(purge)
{
    const char *tag = tern_query(c, "tag"), *path = tern_query(c, "path");
    return tern_textf(c, "%d", tag != NULL ? tern_cache_purge(c, tag) : tern_cache_purge_path(c, path));
}

static void open_shelves(void)
{
    tern_app *app = app_with(shelf, tern_cache());
    tern_post(app, "/purge", purge);
    tern_post(app, "/books/{id}", count);
    ask_open(app);
}

TEST(a_purge_of_a_tag_has_its_replies_made_again)
{
    open_shelves();
    get("GET /a HTTP/1.1");
    get("POST /purge?tag=films HTTP/1.1\r\nContent-Length: 0");
    get("GET /a HTTP/1.1");
    CHECK_MADE(1);
    get("POST /purge?tag=books HTTP/1.1\r\nContent-Length: 0");
    CHECK_TEXT(body(), "1");
    get("GET /a HTTP/1.1");
    CHECK_MADE(2);
    get("GET /a HTTP/1.1");
    CHECK_MADE(2);
}

TEST(a_purge_of_a_path_means_it_and_what_is_below)
{
    static const struct {
        const char *path, *kept;
        bool goes;
    } cases[] = {
        {"/books", "/books", true},     {"/books", "/books?page=2", true}, {"/books", "/books/7", true},
        {"/books", "/books/7/x", true}, {"/books", "/books-old", false},   {"/books", "/", false},
        {"/books/", "/books", false},   {"/books/", "/books/7", true},     {"/", "/books/7", true},
        {"/books/7", "/books/7", true}, {"/books/7", "/books/77", false},  {"/b", "/books", false}};
    open_shelves();
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        char request[128], purging[128];
        snprintf(request, sizeof request, "GET %s HTTP/1.1", cases[i].kept);
        snprintf(purging, sizeof purging, "POST /purge?path=%s HTTP/1.1\r\nContent-Length: 0", cases[i].path);
        get("POST /purge?path=/ HTTP/1.1\r\nContent-Length: 0");
        made = 0;
        get(request);
        get(purging);
        get(request);
        CHECK_MADE(cases[i].goes ? 2 : 1);
    }
}

TEST(a_path_of_many_segments_is_purged_with_what_is_around_it)
{
    open_shelves();
    get("GET /1/2/3/4/5/6/7/8/9/a/b/c/d/e/f/g/h/i HTTP/1.1");
    get("POST /purge?path=/1/2/3/4/5/6/7/8/9/a/b/c/d/e/f/g/h/i HTTP/1.1\r\nContent-Length: 0");
    get("GET /1/2/3/4/5/6/7/8/9/a/b/c/d/e/f/g/h/i HTTP/1.1");
    CHECK_MADE(2);
}

TEST(a_successful_change_of_a_path_purges_it)
{
    open_shelves();
    get("GET /books/7?x=1 HTTP/1.1");
    get("POST /books/7 HTTP/1.1\r\nContent-Length: 0");
    get("GET /books/7?x=1 HTTP/1.1");
    CHECK_MADE(3);
}

/* -- headers of other pieces -- */

static tern_reply outer(tern_ctx *c, void *options)
{
    static unsigned requests;
    (void)options;
    tern_set_header(c, "X-Outer", tern_sprintf(c, "%u", ++requests));
    tern_set_header(c, "X-Policy", "default");
    return tern_next(c);
}

TERN_HANDLER(with_headers)
{
    tern_set_header(c, "X-Policy", "own");
    tern_add_header(c, "Link", "</a>");
    tern_add_header(c, "Link", "</b>");
    return tern_textf(c, "%u", ++made);
}

TEST(headers_of_pieces_outside_are_of_each_request_and_those_inside_are_kept)
{
    tern_app *app = tern_app_new();
    tern_use(app, TERN_MIDDLEWARE(outer), tern_cache());
    tern_get(app, "/", with_headers);
    ask_open(app);
    get("GET / HTTP/1.1");
    CHECK_TEXT(header("X-Outer"), "1");
    get("GET / HTTP/1.1");
    CHECK_MADE(1);
    CHECK_TEXT(header("X-Outer"), "2");
    CHECK_TEXT(header("X-Policy"), "own");
    CHECK(strstr(said, "default") == NULL);
    CHECK(strstr(said, "Link: </a>\r\nLink: </b>\r\n") != NULL);
}

static tern_reply by_origin(tern_ctx *c, void *options)
{
    (void)options;
    tern_add_header(c, "Vary", "Origin");
    return tern_next(c);
}

TERN_HANDLER(by_accept)
{
    tern_vary(c, "Accept");
    return tern_textf(c, "%u", ++made);
}

TEST(vary_of_several_pieces_adds_up)
{
    tern_app *app = tern_app_new();
    tern_use(app, TERN_MIDDLEWARE(by_origin), tern_cache(.vary = "X-Plan"));
    tern_get(app, "/", by_accept);
    ask_open(app);
    get("GET / HTTP/1.1\r\nOrigin: a");
    get("GET / HTTP/1.1\r\nOrigin: b");
    get("GET / HTTP/1.1\r\nX-Plan: gold");
    get("GET / HTTP/1.1\r\nAccept: a/b");
    CHECK_MADE(4);
    get("GET / HTTP/1.1\r\nX-Plan: gold");
    CHECK_MADE(3);
    CHECK(strcasestr(said, "x-plan") != NULL && strcasestr(said, "accept") != NULL);
}

/* -- clients' wishes, own keys, sizes -- */

TEST(clients_count_only_where_they_are_obeyed)
{
    ask_open(app_with(count, tern_cache()));
    get("GET /a HTTP/1.1");
    get("GET /a HTTP/1.1\r\nCache-Control: no-cache");
    CHECK_MADE(1);
    CHECK_INT(get("GET /b HTTP/1.1\r\nCache-Control: only-if-cached"), 200);
}

TEST(clients_that_are_obeyed_get_what_they_ask_for)
{
    ask_open(app_with(count, tern_cache(.obey_clients = true)));
    CHECK_INT(get("GET /a HTTP/1.1\r\nCache-Control: only-if-cached"), 504);
    get("GET /a HTTP/1.1\r\nCache-Control: no-store");
    get("GET /a HTTP/1.1");
    CHECK_MADE(2);
    get("GET /a HTTP/1.1\r\nCache-Control: no-cache");
    CHECK_MADE(3);
    get("GET /a HTTP/1.1\r\nPragma: no-cache");
    CHECK_MADE(4);
    get("GET /a HTTP/1.1\r\nCache-Control: min-fresh=1000");
    CHECK_MADE(5);
    get("GET /a HTTP/1.1\r\nCache-Control: max-age=9, min-fresh=9, only-if-cached");
    CHECK_MADE(5);
}

static const char *by_page(tern_ctx *c)
{
    const char *page = tern_query(c, "page");
    return strcmp(page != NULL ? page : "", "never") == 0 ? NULL : page != NULL ? page : "1";
}

TEST(an_own_key_is_what_replies_differ_by_within_a_route)
{
    ask_open(app_with(count, tern_cache(.key = by_page)));
    get("GET /books?page=1&utm=x HTTP/1.1");
    get("GET /books HTTP/1.1\r\nHost: other");
    CHECK_MADE(1);
    get("GET /books/7 HTTP/1.1");
    CHECK_MADE(2);
    get("GET /books?page=never HTTP/1.1");
    get("GET /books?page=never HTTP/1.1");
    CHECK_MADE(4);
    CHECK_TEXT(header("Cache-Status"), "tern; fwd=bypass; detail=key");
}

TERN_HANDLER(large)
{
    size_t len = (size_t)tern_query_int(c, "len", 0);
    made++;
    char *text = tern_alloc(c, len);
    memset(text, 'x', len);
    return tern_bytes_reply(c, "text/x", text, len);
}

TEST(a_body_up_to_the_limit_is_kept_whole)
{
    ask_open(app_with(large, tern_cache(.max_body = 30000)));
    get("GET /a?len=30000 HTTP/1.1");
    get("GET /a?len=30000 HTTP/1.1");
    CHECK_INT(made, 1);
    CHECK_INT(strspn(body(), "x"), 30000);
    get("GET /a?len=30001 HTTP/1.1");
    get("GET /a?len=30001 HTTP/1.1");
    CHECK_INT(made, 3);
}

TEST(x_cache_has_one_word_and_no_header_none)
{
    ask_open(app_with(count, tern_cache(.header = "X-Cache")));
    get("GET /a HTTP/1.1");
    CHECK_TEXT(header("X-Cache"), "miss");
    get("GET /a HTTP/1.1");
    CHECK_TEXT(header("X-Cache"), "hit");
}

TEST(without_a_header_nothing_tells_of_the_cache_but_the_age)
{
    ask_open(app_with(count, tern_cache(.header = "")));
    get("GET /a HTTP/1.1");
    get("GET /a HTTP/1.1");
    CHECK(strcasestr(said, "cache") == NULL);
    CHECK_TEXT(header("Age"), "0");
}

static bool is_admin(tern_ctx *c)
{
    return strcmp(tern_path(c), "/admin") == 0;
}

TEST(skipped_requests_go_past_the_cache)
{
    ask_open(app_with(count, tern_cache(.skip = is_admin)));
    get("GET /admin HTTP/1.1");
    get("GET /admin HTTP/1.1");
    CHECK_MADE(2);
}

/* -- short of memory -- */

#ifdef TERN_FAULTS
TERN_HANDLER(roomy)
{
    char *room = tern_alloc(c, 40000); /* from the heap */
    room[0] = '\0';
    tern_cache_tag(c, "roomy");
    tern_header(c, "X-A");
    return tern_textf(c, "%u", ++made);
}

TEST(a_request_that_runs_out_of_memory_leaves_nothing_claimed)
{
    ask_open(app_with(roomy, tern_cache()));
    for (unsigned long n = 1; n <= 40; n++) {
        char request[128];
        int len =
            snprintf(request, sizeof request, "GET /%lu HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", n);
        wire_script script = {.request = request, .len = (size_t)len};
        mem_fail_at(n, 0);
        wire_talk(&script, said, sizeof said); /* 200, 503, or not even a connection */
        mem_fail_at(0, 0);
        snprintf(request, sizeof request, "GET /%lu HTTP/1.1", n);
        CHECK_INT(get(request), 200);
        CHECK(strstr(header("Cache-Status"), "detail") == NULL); /* it has not waited for a claim */
    }
}
#endif

/* -- values -- */

TERN_HANDLER(values)
{
    CHECK(tern_cache_get(c, "k").data == NULL);
    CHECK(tern_cache_put(c, "k", TERN_STR("a\0b"), 60));
    tern_str value = tern_cache_get(c, "k");
    CHECK_BYTES(value.data, value.len + 1, "a\0b", 4);
    CHECK(tern_cache_delete(c, "k"));
    CHECK(!tern_cache_delete(c, "k"));
    CHECK(tern_cache_get(c, "k").data == NULL);
    return tern_no_content(c);
}

TEST(values_are_put_got_and_deleted)
{
    tern_app *app = tern_app_new();
    tern_cache_in(app, tern_memory_store(.name = "values", .bytes = 1 << 20));
    tern_get(app, "/", values);
    ask_open(app);
    CHECK_INT(get("GET / HTTP/1.1"), 204);
}

/* -- mistakes -- */

static void check_refused(tern_middleware piece, const char *message)
{
    buf problems = {0};
    tern_app *app = app_with(count, piece);
    CHECK(!app_compile(app, &problems));
    CHECK_TEXT(problems.data, message);
    buf_free(&problems);
    app_free(app);
}

TEST(options_that_make_no_sense_are_refused_at_start)
{
    check_refused(tern_cache(.vary = "*"),
                  "tern_cache: .vary is \"*\": name the headers that replies differ by, or "
                  "leave the cache out\n");
    check_refused(tern_cache(.only_if_told = true, .max_age_s = 9),
                  "tern_cache: .max_age_s = 9 has no meaning with .only_if_told: leave one of them out\n");
    check_refused(tern_cache(.store = tern_memory_store(.name = "small", .bytes = 1000)),
                  "tern_memory_store: the shared memory of \"small\" (.bytes = 1000) cannot be made: Invalid "
                  "argument\n");
}
