/* Safe headers, policies, CORS, CSRF, hosts, https and redirects, through a whole application. */
#include "app/security/safe_headers.h"
#include "base/mem.h"
#include "http/forwarded.h"
#include "unit/app/ask.h"

#include <sys/socket.h>

static const http_network proxy = {.family = AF_UNIX}; /* the peer of every request here */

/** Serves `app` with its safe headers, and believes its peer. */
static void open_app(tern_app *app)
{
    static http_service service;
    http_limits limits = {.head = {.head_bytes = 16 * 1024, .target_bytes = 8 * 1024, .fields = 100},
                          .head_ms = 5000,
                          .idle_ms = 5000,
                          .body_bytes = 1024 * 1024,
                          .arena_bytes = 16 * 1024 * 1024,
                          .trusted = &proxy,
                          .trusted_count = 1,
                          .forwarded = FORWARDED_FOR | FORWARDED_PROTO};
    buf problems = {0};
    ask_app = app;
    if (!app_compile(app, &problems))
        check_fail(__FILE__, __LINE__, "%s", problems.data);
    limits.defaults = safe_headers_of(app, &limits.default_count);
    app_service(app, &service);
    tern_log_set_level(TERN_LOG_SILENT);
    CHECK(wire_open(&service, &limits));
    atexit(ask_close);
}

/** Sends a request with these header lines and a form; the status of its reply, which is in ask_reply. */
static int send_form(const char *line, const char *headers, const char *form)
{
    char request[16 * 1024];
    int len = snprintf(request, sizeof request,
                       "%s HTTP/1.1\r\nConnection: close\r\n%s%s%s"
                       "Content-Length: %zu\r\n\r\n%s",
                       line, strstr(headers, "Host:") != NULL ? "" : "Host: example.org\r\n", headers,
                       strstr(headers, "Content-Type:") != NULL ? "" : "Content-Type: " FORM "\r\n",
                       strlen(form), form);
    wire_script script = {.request = request, .len = (size_t)len};
    CHECK((size_t)len < sizeof request);
    CHECK(wire_talk(&script, ask_reply, sizeof ask_reply) > 12);
    return atoi(ask_reply + 9);
}

static int send_request(const char *line, const char *headers)
{
    return send_form(line, headers, "");
}

/** The value of a header of the last reply; "" when it is absent, and a failed check when it is there twice. */
static const char *header(const char *name)
{
    static char value[2048];
    char wanted[128];
    snprintf(wanted, sizeof wanted, "\r\n%s: ", name);
    const char *at = strstr(ask_reply, wanted), *end = strstr(ask_reply, "\r\n\r\n");
    if (at == NULL || at > end)
        return "";
    CHECK(strstr(at + 2, wanted) == NULL);
    at += strlen(wanted);
    snprintf(value, sizeof value, "%.*s", (int)(strstr(at, "\r\n") - at), at);
    return value;
}

static void check_mistake(tern_app *app, const char *line)
{
    buf problems = {0};
    CHECK(!app_compile(app, &problems));
    CHECK_TEXT(problems.data, line);
    buf_free(&problems);
    app_free(app);
}

TERN_HANDLER(json)
{
    return tern_json_text(c, "{}");
}

TERN_HANDLER(page)
{
    return tern_html(c, "<p>page");
}

/* -- safe headers -- */

#define CSP_DEFAULT                                                                                           \
    "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'; img-src 'self' data:; " \
    "object-src 'none'; script-src 'self'; script-src-attr 'none'; style-src 'self' 'unsafe-inline'"

TEST(threat_096_pages_have_all_safe_headers)
{
    tern_app *app = tern_app_new();
    tern_get(app, "/", page);
    open_app(app);
    CHECK_INT(send_request("GET /", ""), 200);
    CHECK_TEXT(header("X-Content-Type-Options"), "nosniff");
    CHECK_TEXT(header("Cross-Origin-Resource-Policy"), "same-origin");
    CHECK_TEXT(header("X-Frame-Options"), "SAMEORIGIN");
    CHECK_TEXT(header("Referrer-Policy"), "same-origin");
    CHECK_TEXT(header("Cross-Origin-Opener-Policy"), "same-origin");
    CHECK_TEXT(header("Permissions-Policy"), "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
    CHECK_TEXT(header("Content-Security-Policy"), CSP_DEFAULT);
    CHECK_TEXT(header("Strict-Transport-Security"), "");
}

TEST(threat_096_json_and_problems_have_the_safe_headers_that_matter_to_them)
{
    static const char *const lines[] = {"GET /json", "GET /none", "POST /json"};
    tern_app *app = tern_app_new();
    tern_get(app, "/json", json);
    open_app(app);
    for (size_t i = 0; i < 3; i++) {
        send_request(lines[i], "");
        CHECK_TEXT(header("X-Content-Type-Options"), "nosniff");
        CHECK_TEXT(header("Cross-Origin-Resource-Policy"), "same-origin");
        CHECK_TEXT(header("Content-Security-Policy"), "");
        CHECK_TEXT(header("X-Frame-Options"), "");
    }
}

TERN_HANDLER(framed)
{
    tern_set_header(c, "x-frame-options", "DENY");
    tern_set_header(c, "Content-Security-Policy", "");
    return tern_html(c, "<p>page");
}

TEST(safe_headers_that_a_handler_sets_are_sent_once_and_its_empty_ones_not_at_all)
{
    tern_app *app = tern_app_new();
    tern_get(app, "/", framed);
    open_app(app);
    CHECK_INT(send_request("GET /", ""), 200);
    CHECK_TEXT(header("X-Frame-Options"), "");
    CHECK_TEXT(header("x-frame-options"), "DENY");
    CHECK_TEXT(header("Content-Security-Policy"), "");
    CHECK(strstr(ask_reply, "Content-Security-Policy") == NULL);
    CHECK_TEXT(header("Referrer-Policy"), "same-origin");
}

TEST(safe_headers_are_set_and_left_out_by_name)
{
    tern_app *app = tern_app_new();
    tern_safe_headers(app, .frame_options = "DENY", .permissions_policy = "",
                      .embedder_policy = "require-corp", .resource_policy = "", .csp = "default-src 'none'");
    tern_get(app, "/", page);
    open_app(app);
    CHECK_INT(send_request("GET /", ""), 200);
    CHECK_TEXT(header("X-Frame-Options"), "DENY");
    CHECK_TEXT(header("Permissions-Policy"), "");
    CHECK_TEXT(header("Cross-Origin-Embedder-Policy"), "require-corp");
    CHECK_TEXT(header("Cross-Origin-Resource-Policy"), "");
    CHECK_TEXT(header("Content-Security-Policy"), "default-src 'none'");
    CHECK_TEXT(header("X-Content-Type-Options"), "nosniff");
}

TEST(safe_headers_that_are_off_are_in_no_reply)
{
    tern_app *app = tern_app_new();
    tern_safe_headers(app, .off = true);
    tern_get(app, "/", page);
    open_app(app);
    CHECK_INT(send_request("GET /", ""), 200);
    CHECK_TEXT(header("X-Content-Type-Options"), "");
    CHECK_TEXT(header("Content-Security-Policy"), "");
}

TEST(safe_headers_with_a_line_break_are_a_mistake)
{
    tern_app *app = tern_app_new();
    tern_safe_headers(app, .csp = "default-src\r\nX: y");
    check_mistake(app,
                  "safe headers: the value of Content-Security-Policy has a line break or another control "
                  "character\n");
}

TEST(safe_headers_leave_the_documentation_page_its_own_policy)
{
    tern_app *app = tern_app_new();
    buf problems = {0};
    tern_get(app, "/", page);
    CHECK(app_prepare(app, &problems));
    open_app(app);
    CHECK_INT(send_request("GET /docs", ""), 200);
    CHECK(strncmp(header("Content-Security-Policy"), "default-src 'none'; script-src 'self'", 37) == 0);
    CHECK_TEXT(header("X-Content-Type-Options"), "nosniff");
}

/* -- nonces -- */

TERN_HANDLER(nonced)
{
    return tern_html(c, tern_sprintf(c, "%s %s", tern_csp_nonce(c), tern_csp_nonce(c)));
}

/** The nonce that the last reply's page has, which must be 22 digits and twice the same. */
static const char *nonce_of_page(void)
{
    static char nonce[23];
    const char *body = ask_said();
    CHECK_INT(strlen(body), 45);
    CHECK(memcmp(body, body + 23, 22) == 0);
    memcpy(nonce, body, 22);
    return nonce;
}

TEST(nonces_are_in_the_policy_of_the_page_that_asks_for_one_and_differ_each_time)
{
    char wanted[64], first[23];
    tern_app *app = tern_app_new();
    tern_get(app, "/", nonced);
    open_app(app);
    CHECK_INT(send_request("GET /", ""), 200);
    strcpy(first, nonce_of_page());
    snprintf(wanted, sizeof wanted, "; script-src 'self' 'nonce-%s'; ", first);
    CHECK(strstr(header("Content-Security-Policy"), wanted) != NULL);
    CHECK_INT(send_request("GET /", ""), 200);
    CHECK(strcmp(nonce_of_page(), first) != 0);
}

TEST(policies_of_a_route_take_precedence_over_those_of_a_group_and_the_application)
{
    tern_app *app = tern_app_new();
    tern_group *inner = tern_group_new(app, "/inner", .use = TERN_USE(tern_csp(.policy = "default-src a")));
    tern_get(app, "/", page, .use = TERN_USE(tern_csp(.policy = "script-src {nonce}  'self' {nonce}")));
    tern_get(app, "/none", page, .use = TERN_USE(tern_csp(.policy = "")));
    tern_get(app, "/json", json, .use = TERN_USE(tern_csp(.policy = "default-src a")));
    tern_get(app, "/own", framed, .use = TERN_USE(tern_csp(.policy = "default-src a")));
    tern_get(inner, "/group", page);
    tern_get(inner, "/route", nonced, .use = TERN_USE(tern_csp(.policy = "default-src 'self' {nonce}")));
    open_app(app);
    CHECK_INT(send_request("GET /", ""), 200);
    CHECK_TEXT(header("Content-Security-Policy"), "script-src  'self'");
    CHECK_INT(send_request("GET /none", ""), 200);
    CHECK(strstr(ask_reply, "Content-Security-Policy") == NULL);
    CHECK_INT(send_request("GET /json", ""), 200);
    CHECK(strstr(ask_reply, "Content-Security-Policy") == NULL);
    CHECK_INT(send_request("GET /own", ""), 200);
    CHECK(strstr(ask_reply, "Content-Security-Policy: default-src a") == NULL);
    CHECK_INT(send_request("GET /inner/group", ""), 200);
    CHECK_TEXT(header("Content-Security-Policy"), "default-src a");
    CHECK_INT(send_request("GET /inner/route", ""), 200);
    char wanted[64];
    snprintf(wanted, sizeof wanted, "default-src 'self' 'nonce-%s'", nonce_of_page());
    CHECK_TEXT(header("Content-Security-Policy"), wanted);
}

TEST(policies_that_only_report_go_beside_the_applications_own)
{
    tern_app *app = tern_app_new();
    tern_use(app, tern_csp(.report_only = "default-src 'none'; script-src {nonce}", .reports = "/csp"));
    tern_get(app, "/", page);
    tern_get(app, "/nonced", nonced);
    open_app(app);
    CHECK_INT(send_request("GET /", ""), 200);
    CHECK_TEXT(header("Content-Security-Policy"), CSP_DEFAULT);
    CHECK_TEXT(header("Content-Security-Policy-Report-Only"),
               "default-src 'none'; script-src; report-uri /csp; report-to csp");
    CHECK_TEXT(header("Reporting-Endpoints"), "csp=\"/csp\"");
    CHECK_INT(send_request("GET /nonced", ""), 200);
    CHECK(strstr(header("Content-Security-Policy"), "'nonce-") != NULL);
    CHECK(strstr(header("Content-Security-Policy-Report-Only"), "script-src 'nonce-") != NULL);
}

TEST(policies_with_mistakes_are_refused_at_start)
{
    tern_app *app = tern_app_new();
    tern_use(app, tern_csp(.policy = "a\nb"));
    check_mistake(app, "csp: .policy has a line break or another control character\n");
    app = tern_app_new();
    tern_use(app, tern_csp(.policy = "a", .reports = "http://example.org/csp"));
    check_mistake(app,
                  "csp: .reports is \"http://example.org/csp\", which is not a path or an https address\n");
    app = tern_app_new();
    tern_use(app, tern_csp());
    check_mistake(app, "csp: .policy and .report_only are missing: give one of them\n");
}

/* -- CORS -- */

TERN_HANDLER(varying)
{
    tern_set_header(c, "Vary", "Accept");
    return tern_json_text(c, "{}");
}

TERN_HANDLER(failing)
{
    tern_fail(c, 500, "no");
}

TERN_HANDLER(own_options)
{
    return tern_text(c, "own");
}

static bool is_dotted(tern_ctx *c, const char *origin)
{
    (void)c;
    return strcmp(origin, "https://function.example") == 0 || strcmp(origin, "null") == 0;
}

static tern_app *cors_app(tern_middleware cors)
{
    tern_app *app = tern_app_new();
    tern_use(app, cors);
    tern_get(app, "/", json);
    tern_put(app, "/", json);
    tern_get(app, "/varying", varying);
    tern_get(app, "/failing", failing);
    tern_get(app, "/number/{id:int}", json);
    tern_get(app, "/bound/{id}", json);
    tern_options(app, "/options", own_options);
    tern_get(app, "/options", json);
    return app;
}

#define ORIGIN    "Origin: https://app.example\r\n"
#define PREFLIGHT ORIGIN "Access-Control-Request-Method: PUT\r\n"

TEST(cors_lets_listed_origins_read_and_no_other)
{
    open_app(
        cors_app(tern_cors(.origins = "https://app.example, https://.sub.example", .expose = "X-Total")));
    CHECK_INT(send_request("GET /", ORIGIN), 200);
    CHECK_TEXT(header("Access-Control-Allow-Origin"), "https://app.example");
    CHECK_TEXT(header("Access-Control-Expose-Headers"), "X-Total");
    CHECK_TEXT(header("Access-Control-Allow-Credentials"), "");
    CHECK_TEXT(header("Vary"), "Origin");
    CHECK_TEXT(header("Cross-Origin-Resource-Policy"), "same-origin");
    CHECK_INT(send_request("GET /", "Origin: https://a.sub.example\r\n"), 200);
    CHECK_TEXT(header("Access-Control-Allow-Origin"), "https://a.sub.example");
    CHECK_INT(send_request("GET /", ""), 200);
    CHECK_TEXT(header("Access-Control-Allow-Origin"), "");
    CHECK_TEXT(header("Vary"), "Origin");
}

TEST(threat_097_cors_reflects_no_origin_by_accident)
{
    static const char *const origins[] = {
        "null",
        "https://evil.example",
        "https://app.example.evil",
        "https://evilapp.example",
        "http://app.example",
        "https://app.example:8443",
        "https://APP.example",
        "https://app.example/",
        "https://app.example evil",
        "*",
        "https://.sub.example",
        "https://xsub.example",
        "https://sub.example",
        "https://app.example\r\nOrigin: https://app.example",
    };
    open_app(
        cors_app(tern_cors(.origins = "https://app.example, https://.sub.example", .credentials = true)));
    for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
        char line[256];
        snprintf(line, sizeof line, "Origin: %s\r\n", origins[i]);
        CHECK_INT(send_request("GET /", line), 200);
        CHECK_TEXT(header("Access-Control-Allow-Origin"), "");
        CHECK_TEXT(header("Access-Control-Allow-Credentials"), "");
        CHECK_TEXT(header("Vary"), "Origin");
    }
}

TEST(cors_allows_no_origin_unless_it_is_told_to)
{
    open_app(cors_app(tern_cors()));
    CHECK_INT(send_request("GET /", ORIGIN), 200);
    CHECK_TEXT(header("Access-Control-Allow-Origin"), "");
    CHECK_INT(send_request("OPTIONS /", PREFLIGHT), 403);
}

TEST(cors_asks_the_function_about_origins_that_are_not_listed)
{
    open_app(cors_app(tern_cors(.allow = is_dotted)));
    CHECK_INT(send_request("GET /", "Origin: https://function.example\r\n"), 200);
    CHECK_TEXT(header("Access-Control-Allow-Origin"), "https://function.example");
    CHECK_INT(send_request("GET /", ORIGIN), 200);
    CHECK_TEXT(header("Access-Control-Allow-Origin"), "");
    CHECK_INT(send_request("GET /", "Origin: null\r\n"), 200); /* it is not asked about this one */
    CHECK_TEXT(header("Access-Control-Allow-Origin"), "");
}

TEST(cors_for_any_origin_needs_no_vary_and_lets_pages_embed_the_reply)
{
    open_app(cors_app(tern_cors(.origins = "*")));
    CHECK_INT(send_request("GET /", ORIGIN), 200);
    CHECK_TEXT(header("Access-Control-Allow-Origin"), "*");
    CHECK_TEXT(header("Vary"), "");
    CHECK_TEXT(header("Cross-Origin-Resource-Policy"), "cross-origin");
    CHECK_INT(send_request("GET /", ""), 200);
    CHECK_TEXT(header("Access-Control-Allow-Origin"), "*");
}

TEST(cors_answers_a_preflight_with_the_methods_that_have_a_route)
{
    open_app(cors_app(tern_cors(.origins = "https://app.example", .credentials = true)));
    CHECK_INT(send_request("OPTIONS /", PREFLIGHT "Access-Control-Request-Headers: x-a,content-type\r\n"),
              204);
    CHECK_TEXT(header("Access-Control-Allow-Origin"), "https://app.example");
    CHECK_TEXT(header("Access-Control-Allow-Credentials"), "true");
    CHECK_TEXT(header("Access-Control-Allow-Methods"), "GET, HEAD, PUT, OPTIONS");
    CHECK_TEXT(header("Access-Control-Allow-Headers"), "x-a,content-type");
    CHECK_TEXT(header("Access-Control-Max-Age"), "600");
    CHECK_TEXT(header("Access-Control-Allow-Private-Network"), "");
    CHECK(strstr(ask_reply, "Vary: Origin, Access-Control-Request-Headers\r\n") != NULL);
}

TEST(cors_preflights_have_what_the_options_say)
{
    open_app(cors_app(tern_cors(.origins = "https://app.example", .methods = "PUT", .headers = "X-A",
                                .max_age_s = -1, .private_network = true)));
    CHECK_INT(send_request("OPTIONS /", PREFLIGHT "Access-Control-Request-Headers: x-b\r\n"
                                                  "Access-Control-Request-Private-Network: true\r\n"),
              204);
    CHECK_TEXT(header("Access-Control-Allow-Methods"), "PUT");
    CHECK_TEXT(header("Access-Control-Allow-Headers"), "X-A");
    CHECK_TEXT(header("Access-Control-Max-Age"), "0");
    CHECK_TEXT(header("Access-Control-Allow-Private-Network"), "true");
    CHECK_TEXT(header("Vary"), "Origin");
}

TEST(cors_preflights_that_ask_for_malformed_headers_are_allowed_none)
{
    open_app(cors_app(tern_cors(.origins = "https://app.example")));
    CHECK_INT(send_request("OPTIONS /", PREFLIGHT "Access-Control-Request-Headers: a\"b\r\n"), 204);
    CHECK_TEXT(header("Access-Control-Allow-Headers"), "");
}

TEST(cors_preflights_of_unknown_paths_are_allowed_so_that_the_404_can_be_read)
{
    open_app(cors_app(tern_cors(.origins = "https://app.example")));
    CHECK_INT(send_request("OPTIONS /none", PREFLIGHT), 204);
    CHECK_TEXT(header("Access-Control-Allow-Methods"), "PUT");
    CHECK_INT(send_request("PUT /none", ORIGIN), 404);
    CHECK_TEXT(header("Access-Control-Allow-Origin"), "https://app.example");
}

TEST(cors_headers_are_on_errors_and_beside_what_the_handler_varies_by)
{
    open_app(cors_app(tern_cors(.origins = "https://app.example")));
    CHECK_INT(send_request("GET /failing", ORIGIN), 500);
    CHECK_TEXT(header("Access-Control-Allow-Origin"), "https://app.example");
    CHECK_TEXT(header("Vary"), "Origin");
    CHECK_INT(send_request("POST /", ORIGIN), 405);
    CHECK_TEXT(header("Access-Control-Allow-Origin"), "https://app.example");
    CHECK_INT(send_request("GET /none", ORIGIN), 404);
    CHECK_TEXT(header("Access-Control-Allow-Origin"), "https://app.example");
    CHECK_INT(send_request("GET /varying", ORIGIN), 200);
    CHECK(strstr(ask_reply, "Vary: Accept, Origin\r\n") != NULL);
}

TEST(cors_leaves_other_options_requests_to_the_application)
{
    open_app(cors_app(tern_cors(.origins = "https://app.example")));
    CHECK_INT(send_request("OPTIONS /options", ORIGIN), 200);
    CHECK_TEXT(ask_said(), "own");
    CHECK_TEXT(header("Access-Control-Allow-Origin"), "https://app.example");
    CHECK_INT(send_request("OPTIONS /options", PREFLIGHT), 204);
    CHECK_TEXT(header("Access-Control-Allow-Methods"), "GET, HEAD, OPTIONS");
    CHECK_INT(send_request("OPTIONS /", ORIGIN), 204);
    CHECK_TEXT(header("Allow"), "GET, HEAD, PUT, OPTIONS");
}

TEST(cors_of_a_group_or_route_answers_its_preflights_alone)
{
    tern_app *app = tern_app_new();
    tern_group *api =
        tern_group_new(app, "/api", .use = TERN_USE(tern_cors(.origins = "https://app.example")));
    tern_put(api, "/{id}", json);
    tern_put(app, "/closed", json);
    tern_put(app, "/route", json, .use = TERN_USE(tern_cors(.origins = "https://app.example")));
    open_app(app);
    CHECK_INT(send_request("OPTIONS /api/7", PREFLIGHT), 204);
    CHECK_TEXT(header("Access-Control-Allow-Methods"), "PUT, OPTIONS");
    CHECK_INT(send_request("OPTIONS /api/7", ORIGIN "Access-Control-Request-Method: DELETE\r\n"), 204);
    CHECK_TEXT(header("Access-Control-Allow-Methods"), "PUT, OPTIONS");
    CHECK_INT(send_request("OPTIONS /route", PREFLIGHT), 204);
    CHECK_TEXT(header("Access-Control-Allow-Origin"), "https://app.example");
    CHECK_INT(send_request("OPTIONS /closed", PREFLIGHT), 204);
    CHECK_TEXT(header("Access-Control-Allow-Origin"), "");
    CHECK_TEXT(header("Allow"), "PUT, OPTIONS");
}

TEST(threat_097_cors_with_mistakes_is_refused_at_start)
{
    tern_app *app = tern_app_new();
    tern_use(app, tern_cors(.origins = "*", .credentials = true));
    check_mistake(app,
                  "cors: .origins is \"*\" with .credentials: every site could act for your users; name the "
                  "origins\n");
    app = tern_app_new();
    tern_use(app, tern_cors(.origins = "https://a.example, null b.example"));
    check_mistake(
        app, "cors: .origins has \"null\", which is not an origin: every sandboxed page and file has this "
             "origin; name the pages' own\n"
             "cors: .origins has \"b.example\", which is not an origin: write its scheme, like "
             "https://example.org\n");
}

/* -- CSRF -- */

TERN_HANDLER(form)
{
    return tern_html(c, tern_csrf_token(c));
}

static tern_app *csrf_app(tern_middleware csrf)
{
    tern_app *app = tern_app_new();
    tern_use(app, csrf);
    tern_get(app, "/", form);
    tern_post(app, "/", json);
    tern_delete(app, "/", json);
    return app;
}

TEST(threat_088_requests_of_other_sites_are_refused_and_those_of_this_one_pass)
{
    static const struct {
        const char *headers;
        int status;
    } cases[] = {
        {"Sec-Fetch-Site: same-origin\r\n", 200},
        {"Sec-Fetch-Site: none\r\n", 200},
        {"Sec-Fetch-Site: cross-site\r\n", 403},
        {"Sec-Fetch-Site: same-site\r\n", 403},
        {"Sec-Fetch-Site: \r\n", 403},
        {"Sec-Fetch-Site: cross-site\r\nSec-Fetch-Site: same-origin\r\n", 403},
        {"Sec-Fetch-Site: cross-site\r\nOrigin: https://example.org\r\n", 403},
        {"Sec-Fetch-Site: same-origin\r\nOrigin: null\r\n", 200},
        {"Origin: https://example.org\r\n", 200},
        {"Origin: http://example.org\r\n", 200},
        {"Origin: https://example.org:443\r\n", 403},
        {"Origin: https://example.org:8443\r\n", 403},
        {"Origin: https://evil.example\r\n", 403},
        {"Origin: https://example.org.evil\r\n", 403},
        {"Origin: https://a.example.org\r\n", 403},
        {"Origin: null\r\n", 403},
        {"Origin: \r\n", 403},
        {"Origin: https://example.org\r\nOrigin: https://evil.example\r\n", 403},
        {"Origin: https://evil.example\r\nHost: evil.example\r\n", 200}, /* its own host: see tern_hosts */
        {"", 200},
    };
    open_app(csrf_app(tern_csrf()));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = send_request("POST /", cases[i].headers);
        if (status != cases[i].status)
            check_fail(__FILE__, __LINE__, "%s: %d", cases[i].headers, status);
        CHECK_INT(send_request("DELETE /", cases[i].headers), cases[i].status);
        CHECK_INT(send_request("GET /", cases[i].headers), 200);
    }
}

TEST(threat_088_json_that_calls_itself_text_is_refused_too)
{
    open_app(csrf_app(tern_csrf()));
    CHECK_INT(send_form("POST /", "Sec-Fetch-Site: cross-site\r\nContent-Type: text/plain\r\n", "{\"a\":1}"),
              403);
}

TEST(csrf_lets_trusted_origins_through)
{
    open_app(csrf_app(tern_csrf(.trusted_origins = "https://login.example, https://.app.example")));
    CHECK_INT(send_request("POST /", "Sec-Fetch-Site: cross-site\r\nOrigin: https://login.example\r\n"), 200);
    CHECK_INT(send_request("POST /", "Sec-Fetch-Site: same-site\r\nOrigin: https://a.app.example\r\n"), 200);
    CHECK_INT(send_request("POST /", "Origin: https://login.example\r\n"), 200);
    CHECK_INT(send_request("POST /", "Sec-Fetch-Site: cross-site\r\nOrigin: https://login.example.evil\r\n"),
              403);
    CHECK_INT(send_request("POST /", "Sec-Fetch-Site: cross-site\r\nOrigin: null\r\n"), 403);
}

TEST(csrf_with_a_malformed_origin_is_refused_at_start)
{
    tern_app *app = tern_app_new();
    tern_use(app, tern_csrf(.trusted_origins = "https://login.example/"));
    check_mistake(
        app,
        "csrf: .trusted_origins has \"https://login.example/\", which is not an origin: browsers send it "
        "as https://login.example\n");
}

/** The token of the page and the cookie that goes with it, as a Cookie line. */
static void take_token(const char *headers, char token[128], char cookie[128])
{
    CHECK_INT(send_request("GET /", headers), 200);
    snprintf(token, 128, "%s", ask_said());
    const char *set = header("Set-Cookie");
    if (set[0] != '\0')
        snprintf(cookie, 128, "Cookie: %.*s\r\n", (int)strcspn(set, ";"), set);
}

static int post_token(const char *cookie, const char *token)
{
    char body[256];
    snprintf(body, sizeof body, "a=b&csrf_token=%s", token);
    return send_form("POST /", cookie, body);
}

TEST(threat_088_old_browsers_need_the_token_of_their_own_cookie)
{
    char token[128], cookie[128], other_token[128], other_cookie[128], line[512];
    open_app(csrf_app(tern_csrf(.tokens = true)));
    take_token("", token, cookie);
    take_token("", other_token, other_cookie);
    CHECK_INT(strlen(token), 86);
    CHECK_INT(post_token(cookie, token), 200);
    CHECK_INT(post_token(other_cookie, other_token), 200);
    CHECK_INT(post_token(cookie, other_token), 403); /* another user's */
    CHECK_INT(post_token("", token), 403);
    CHECK_INT(post_token(cookie, ""), 403);
    CHECK_INT(send_request("POST /", cookie), 403);
    token[0] = token[0] == 'A' ? 'B' : 'A';
    CHECK_INT(post_token(cookie, token), 403);
    token[85] = '!';
    CHECK_INT(post_token(cookie, token), 403);
    snprintf(line, sizeof line, "%sX-CSRF-Token: %s\r\n", other_cookie, other_token);
    CHECK_INT(send_request("POST /", line), 200);
    CHECK_INT(send_request("POST /", "Sec-Fetch-Site: same-origin\r\n"), 200); /* a browser of today */
    CHECK_INT(post_token("Sec-Fetch-Site: cross-site\r\n", other_token), 403);
}

TEST(csrf_tokens_are_read_from_multipart_forms)
{
    char token[128], cookie[128], headers[512], body[1024];
    open_app(csrf_app(tern_csrf(.tokens = true)));
    take_token("", token, cookie);
    snprintf(headers, sizeof headers, "%sContent-Type: multipart/form-data; boundary=b\r\n", cookie);
    snprintf(body, sizeof body,
             "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n"
             "--b\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\n%s\r\n--b--\r\n",
             token);
    CHECK_INT(send_form("POST /", headers, body), 200);
    body[200] = '\0';
    CHECK_INT(send_form("POST /", headers, body), 403);
}

TEST(threat_106_csrf_tokens_differ_in_every_reply_and_all_are_valid)
{
    char token[128], cookie[128], again[128], none[128] = "";
    open_app(csrf_app(tern_csrf(.tokens = true)));
    take_token("", token, cookie);
    take_token(cookie, again, none);
    CHECK_TEXT(none, ""); /* the client has the cookie */
    CHECK(strcmp(token, again) != 0);
    unsigned same = 0;
    for (unsigned i = 0; i < 86; i++)
        same += token[i] == again[i];
    CHECK(same < 20); /* of 86 random digits, one or two */
    CHECK(strstr(token, cookie + strlen("Cookie: csrf=")) == NULL);
    CHECK_INT(post_token(cookie, token), 200);
    CHECK_INT(post_token(cookie, again), 200);
}

TEST(threat_088_with_tls_the_cookie_of_the_token_is_one_that_no_sub_domain_can_set)
{
    char token[128], cookie[128], line[512], plain[128];
    open_app(csrf_app(tern_csrf(.tokens = true)));
    take_token("X-Forwarded-Proto: https\r\n", token, cookie);
    CHECK(strstr(header("Set-Cookie"), "__Host-csrf=") != NULL);
    CHECK(strstr(header("Set-Cookie"), "; Path=/; SameSite=Lax; Secure; HttpOnly") != NULL);
    snprintf(line, sizeof line, "%sX-Forwarded-Proto: https\r\n", cookie);
    CHECK_INT(post_token(line, token), 200);
    snprintf(plain, sizeof plain, "Cookie: %s",
             cookie + strlen("Cookie: __Host-")); /* as a sub-domain could */
    snprintf(line, sizeof line, "%sX-Forwarded-Proto: https\r\n", plain);
    CHECK_INT(post_token(line, token), 403);
}

TERN_HANDLER(public_nonce)
{
    tern_set_header(c, "Cache-Control", "max-age=1");
    return tern_html(c, tern_csp_nonce(c));
}

TEST(threat_098_pages_with_a_token_or_a_nonce_are_kept_by_no_shared_cache)
{
    tern_app *app = csrf_app(tern_csrf());
    tern_get(app, "/nonced", nonced);
    tern_get(app, "/public", public_nonce);
    open_app(app);
    CHECK_INT(send_request("GET /", ""), 200);
    CHECK_TEXT(header("Cache-Control"), "private, no-cache");
    CHECK_TEXT(header("Vary"), "Cookie");
    CHECK_INT(send_request("GET /nonced", ""), 200);
    CHECK_TEXT(header("Cache-Control"), "private, no-cache");
    CHECK_INT(send_request("GET /public", ""), 200);
    CHECK_TEXT(header("Cache-Control"), "max-age=1"); /* the handler's own */
}

/* -- hosts, https, early data -- */

TEST(threat_090_hosts_that_are_not_listed_are_refused)
{
    static const struct {
        const char *host;
        int status;
    } cases[] = {
        {"example.org", 200},      {"EXAMPLE.org", 200},      {"example.org.", 200},
        {"example.org:8000", 200}, {"a.example.com", 200},    {"a.b.example.com", 200},
        {"example.com", 200},      {"a.only.example", 200},   {"only.example", 400},
        {"evilexample.com", 400},  {"example.com.evil", 400}, {"evil.org", 400},
        {"a.example.org", 400},    {"port.example", 400},     {"port.example:8443", 200},
        {"port.example:844", 400}, {"[::1]:8000", 200},       {"[::2]", 400},
        {"127.0.0.1", 400},        {".example.com", 400},     {"example.org..", 400},
    };
    tern_app *app = tern_app_new(.health = true);
    tern_use(app, tern_hosts(.allow = "example.org, .example.com *.only.example port.example:8443 [::1]"));
    tern_get(app, "/", json);
    open_app(app);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[128];
        snprintf(line, sizeof line, "Host: %s\r\n", cases[i].host);
        int status = send_request("GET /", line);
        if (status != cases[i].status)
            check_fail(__FILE__, __LINE__, "%s: %d", cases[i].host, status);
        CHECK_INT(send_request("GET /healthz", line), 200);
        CHECK_INT(send_request("GET /none", line), cases[i].status == 200 ? 404 : 400);
    }
    CHECK_INT(send_request("GET /", "Host: evil.org\r\n"), 400);
    CHECK(strstr(ask_said(), "this service is not at the host evil.org") != NULL);
}

TEST(hosts_with_mistakes_are_refused_at_start)
{
    tern_app *app = tern_app_new();
    tern_use(app, tern_hosts());
    check_mistake(app, "hosts: .allow is missing: name the hosts, like .allow = \"example.org\"\n");
    app = tern_app_new();
    tern_use(app, tern_hosts(.allow = "https://a.org, *, a.*.b, ::1, :80"));
    check_mistake(
        app,
        "hosts: .allow has \"https://a.org\", which is not a host: write the host alone, without a scheme "
        "and a path\n"
        "hosts: .allow has \"*\", which is not a host: it is every host; leave the piece out\n"
        "hosts: .allow has \"a.*.b\", which is not a host: a * is the first label and nothing else\n"
        "hosts: .allow has \"::1\", which is not a host: write an IPv6 address in brackets\n"
        "hosts: .allow has \":80\", which is not a host: write a host, like example.org\n");
}

TEST(clients_without_tls_are_redirected_to_the_same_address_with_https)
{
    tern_app *app = tern_app_new();
    tern_use(app, tern_https_redirect());
    tern_get(app, "/{rest...}", json);
    open_app(app);
    CHECK_INT(send_request("GET /a%2fb?c=d%20e", "Host: example.org:8000\r\n"), 308);
    CHECK_TEXT(header("Location"), "https://example.org/a%2fb?c=d%20e");
    CHECK_INT(send_request("POST //evil.org", "X-Forwarded-Proto: http\r\n"), 308);
    CHECK_TEXT(header("Location"), "https://example.org//evil.org");
    CHECK_INT(send_request("GET /a", "X-Forwarded-Proto: https\r\n"), 200);
    CHECK_INT(send_request("GET /.well-known/acme-challenge/x", ""), 200);
}

TEST(https_redirects_have_the_status_and_port_of_their_options)
{
    tern_app *app = tern_app_new();
    tern_get(app, "/", json, .use = TERN_USE(tern_https_redirect(.status = 302, .port = 8443)));
    open_app(app);
    CHECK_INT(send_request("GET /", "Host: [::1]:80\r\n"), 302);
    CHECK_TEXT(header("Location"), "https://[::1]:8443/");
    app = tern_app_new();
    tern_use(app, tern_https_redirect(.status = 200, .port = 70000));
    check_mistake(app, "https_redirect: .status is 200; take 301, 302, 307 or 308\n"
                       "https_redirect: .port is 70000, which is not a port from 1 to 65535\n");
}

TEST(early_data_that_changes_something_is_too_early)
{
    tern_app *app = tern_app_new();
    tern_use(app, tern_early_data());
    tern_get(app, "/", json);
    tern_post(app, "/", json);
    open_app(app);
    CHECK_INT(send_request("POST /", "Early-Data: 1\r\n"), 425);
    CHECK_INT(send_request("GET /", "Early-Data: 1\r\n"), 200);
    CHECK_INT(send_request("POST /", ""), 200);
}

/* -- peers' mistakes -- */

TEST(csrf_believes_the_browser_when_a_proxy_has_rewritten_the_host)
{
    open_app(csrf_app(tern_csrf()));
    CHECK_INT(send_request(
                  "POST /",
                  "Host: 10.0.0.7:8000\r\nOrigin: https://shop.example\r\nSec-Fetch-Site: same-origin\r\n"),
              200);
}

static bool is_hook(tern_ctx *c)
{
    return strcmp(tern_path(c), "/hook") == 0;
}

TEST(csrf_skips_what_other_services_call)
{
    tern_app *app = csrf_app(tern_csrf(.tokens = true, .skip = is_hook));
    tern_post(app, "/hook", json);
    open_app(app);
    CHECK_INT(send_request("POST /hook", ""), 200);
    CHECK_INT(send_request("POST /", ""), 403);
}

/* -- short memory -- */

TEST(threat_111_guarded_requests_are_answered_when_memory_is_short)
{
    static const struct {
        const char *line, *headers;
    } cases[] = {
        {"GET /form", ORIGIN}, {"GET /nonced", ORIGIN}, {"OPTIONS /", PREFLIGHT}, {"GET /none", ORIGIN}};
    tern_app *app = cors_app(tern_cors(.origins = "https://app.example"));
    tern_use(app, tern_csrf(.tokens = true), tern_hosts(.allow = "example.org"),
             tern_csp(.policy = "script-src {nonce}"));
    tern_get(app, "/form", form);
    tern_get(app, "/nonced", nonced);
    open_app(app);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (unsigned long nth = 1; nth < 40; nth++) {
            char request[1024];
            int len = snprintf(request, sizeof request,
                               "%s HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n%s\r\n",
                               cases[i].line, cases[i].headers);
            const wire_script script = {.request = request, .len = (size_t)len};
            mem_fail_at(nth, 0);
            long heard = wire_talk(&script, ask_reply, sizeof ask_reply);
            mem_fail_at(0, 0);
            CHECK(heard >= 0);
            if (heard > 12 && atoi(ask_reply + 9) < 400) /* never without its protection */
                CHECK(strstr(ask_reply, "X-Content-Type-Options: nosniff") != NULL &&
                      strstr(ask_reply, "Access-Control-Allow-Origin: https://app.example") != NULL);
        }
}

TEST(mistakes_are_reported_when_memory_is_short_at_start)
{
    for (unsigned long nth = 1; nth < 60; nth++) {
        buf problems = {0};
        mem_fail_at(nth, 0);
        tern_middleware pieces[] = {tern_cors(.origins = "https://app.example"), tern_csrf(),
                                    tern_hosts(.allow = "a.b"), tern_https_redirect(),
                                    tern_csp(.policy = "a", .reports = "/r")};
        mem_fail_at(0, 0);
        tern_app *app = tern_app_new();
        for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
            tern_use(app, pieces[i]);
        mem_fail_at(nth, 0);
        app_compile(app, &problems); /* right, or false with what is wrong */
        mem_fail_at(0, 0);
        buf_free(&problems);
        app_free(app);
        bind_forget();
    }
}

/* -- redirects -- */

TERN_HANDLER(go)
{
    return tern_redirect_local(c, tern_header(c, "X-Next"), "/fallback");
}

TEST(threat_091_redirects_to_where_a_client_says_stay_on_this_service)
{
    static const char *const local[] = {"/",
                                        "/a?b=//c",
                                        "/a//b",
                                        "/a:b@c",
                                        "/%2f/evil.org",
                                        "http://example.org/a",
                                        "http://example.org",
                                        "http://example.org?a"};
    static const char *const other[] = {"//evil.org",
                                        "/\\evil.org",
                                        "\\\\evil.org",
                                        "\\/evil.org",
                                        "https:evil.org",
                                        "http:evil.org",
                                        "http:/evil.org",
                                        "https://evil.org",
                                        "http://example.org.evil",
                                        "http://example.org@evil.org",
                                        "http://example.org:80@evil.org",
                                        "https://example.org/",
                                        "http://example.org:8000/",
                                        "javascript:alert(1)",
                                        "data:text/html,x",
                                        "/\t/evil.org",
                                        "/a\tb",
                                        "evil.org",
                                        "?a",
                                        "#a",
                                        "/\xc3\xa9",
                                        "///evil.org",
                                        "http://example.org\\@evil.org",
                                        "http://EXAMPLE.org/a",
                                        "/a b",
                                        "ftp://example.org/",
                                        "http:///evil.org"};
    tern_app *app = tern_app_new();
    tern_get(app, "/", go);
    open_app(app);
    for (size_t i = 0; i < sizeof local / sizeof *local; i++) {
        char line[256];
        snprintf(line, sizeof line, "X-Next: %s\r\n", local[i]);
        CHECK_INT(send_request("GET /", line), 302);
        CHECK_TEXT(header("Location"), local[i]);
    }
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        char line[256];
        snprintf(line, sizeof line, "X-Next: %s\r\n", other[i]);
        CHECK_INT(send_request("GET /", line), 302);
        CHECK_TEXT(header("Location"), "/fallback");
    }
    CHECK_INT(send_request("GET /", ""), 302);
    CHECK_TEXT(header("Location"), "/fallback");
}

TEST(threat_090_links_follow_a_host_only_once_it_is_allowed)
{
    tern_app *app = tern_app_new();
    tern_use(app, tern_hosts(.allow = "example.org"));
    tern_get(app, "/", go);
    open_app(app);
    CHECK_INT(send_request("GET /", "Host: evil.org\r\nX-Next: http://evil.org/\r\n"), 400);
}
