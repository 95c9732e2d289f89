/** Requests with an Idempotency-Key, through a whole application. */
#include "unit/app/ask.h"

#include "middleware/cache.h"

static unsigned ran; /* how often a handler ran */
static int status_now = 201;
static char said[64 * 1024];

/* Sends a request of these lines with a body; its status. */
static int send_body(const char *lines, const char *text)
{
    char request[8 * 1024];
    int len = snprintf(request, sizeof request, "%s\r\nHost: h\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
                       lines, strlen(text), text);
    wire_script script = {.request = request, .len = (size_t)len};
    CHECK(wire_talk(&script, said, sizeof said) > 12);
    return atoi(said + 9);
}

static const char *body(void)
{
    const char *end = strstr(said, "\r\n\r\n");
    return end != NULL ? end + 4 : "";
}

static bool says(const char *text)
{
    return strstr(said, text) != NULL;
}

TERN_HANDLER(pay)
{
    ran++;
    if (status_now >= 500)
        tern_fail(c, status_now, "down");
    tern_set_header(c, "Location", "/payments/7");
    return tern_with_status(tern_textf(c, "paid %u", ran), status_now);
}

static tern_app *app_with(const tern_handler *handler, tern_middleware piece)
{
    tern_app *app = tern_app_new();
    tern_use(app, piece);
    tern_post(app, "/pay", handler);
    tern_post(app, "/pay/{id}", handler);
    tern_put(app, "/pay", handler);
    tern_get(app, "/pay", handler);
    return app;
}

#define CHECK_RAN(times) CHECK_INT(ran, times)

TEST(a_repeated_request_gets_the_first_reply)
{
    ask_open(app_with(pay, tern_idempotency()));
    CHECK_INT(send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: k1", "{}"), 201);
    CHECK(!says("Idempotent-Replayed"));
    CHECK_INT(send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: k1", "{}"), 201);
    CHECK_TEXT(body(), "paid 1");
    CHECK(says("Location: /payments/7\r\n") && says("Idempotent-Replayed: true\r\n"));
    CHECK(says("Content-Type: text/plain; charset=utf-8\r\n"));
    CHECK_RAN(1);
}

TEST(a_quoted_key_is_the_same_key)
{
    ask_open(app_with(pay, tern_idempotency()));
    send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: \"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "{}");
    send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: 8e03978e-40d5-43dd-bc93-6894a57f9324", "{}");
    CHECK_RAN(1);
}

TEST(a_key_with_another_request_is_refused)
{
    ask_open(app_with(pay, tern_idempotency()));
    send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: k2", "{\"sum\":1}");
    CHECK_INT(send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: k2", "{\"sum\":2}"), 422);
    CHECK(says("this Idempotency-Key was used for another request: use a new key for each"));
    CHECK_INT(send_body("POST /pay/7 HTTP/1.1\r\nIdempotency-Key: k2", "{\"sum\":1}"), 422);
    CHECK_INT(send_body("POST /pay?x HTTP/1.1\r\nIdempotency-Key: k2", "{\"sum\":1}"), 422);
    CHECK_RAN(1);
}

TEST(another_users_key_is_another_key)
{
    ask_open(app_with(pay, tern_idempotency()));
    send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: k3\r\nAuthorization: ann", "{}");
    send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: k3\r\nAuthorization: bea", "{}");
    CHECK_TEXT(body(), "paid 2");
    send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: k3\r\nCookie: a=b", "{}");
    CHECK_TEXT(body(), "paid 3");
    send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: k3\r\nAuthorization: ann", "{}");
    CHECK_TEXT(body(), "paid 1");
}

static const char *by_tenant(tern_ctx *c)
{
    return tern_header(c, "X-Tenant");
}

TEST(an_own_scope_says_whose_key_it_is)
{
    ask_open(app_with(pay, tern_idempotency(.scope = by_tenant)));
    send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: k4\r\nX-Tenant: a\r\nAuthorization: old", "{}");
    send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: k4\r\nX-Tenant: a\r\nAuthorization: new", "{}");
    CHECK_RAN(1);
    send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: k4\r\nX-Tenant: b", "{}");
    CHECK_RAN(2);
}

TEST(a_scope_and_a_key_cannot_be_taken_for_each_other)
{
    ask_open(app_with(pay, tern_idempotency(.scope = by_tenant)));
    send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: c\r\nX-Tenant: ab", "{}");
    send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: bc\r\nX-Tenant: a", "{}");
    CHECK_RAN(2);
}

TEST(a_malformed_key_is_refused)
{
    static const char *const keys[] = {"", "\"\"", "\"", "a b", "a\"b", "a\tb", "\xc3\xa4"};
    char longest[512], lines[700];
    ask_open(app_with(pay, tern_idempotency()));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        snprintf(lines, sizeof lines, "POST /pay HTTP/1.1\r\nIdempotency-Key: %s", keys[i]);
        CHECK_INT(send_body(lines, "{}"), 400);
    }
    memset(longest, 'k', 256);
    longest[256] = '\0';
    snprintf(lines, sizeof lines, "POST /pay HTTP/1.1\r\nIdempotency-Key: %s", longest);
    CHECK_INT(send_body(lines, "{}"), 400);
    longest[255] = '\0';
    snprintf(lines, sizeof lines, "POST /pay HTTP/1.1\r\nIdempotency-Key: %s", longest);
    CHECK_INT(send_body(lines, "{}"), 201);
    CHECK_INT(send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: a\r\nIdempotency-Key: b", "{}"), 400);
    CHECK_RAN(1);
}

TEST(a_request_without_a_key_runs_unless_one_is_required)
{
    ask_open(app_with(pay, tern_idempotency()));
    send_body("POST /pay HTTP/1.1", "{}");
    send_body("POST /pay HTTP/1.1", "{}");
    CHECK_RAN(2);
}

TEST(a_required_key_that_is_missing_is_400)
{
    ask_open(app_with(pay, tern_idempotency(.required = true, .header = "X-Once")));
    CHECK_INT(send_body("POST /pay HTTP/1.1", "{}"), 400);
    CHECK(says("the header X-Once is missing: send a new UUID with each new request"));
    CHECK_INT(send_body("POST /pay HTTP/1.1\r\nX-Once: a", "{}"), 201);
    CHECK_INT(send_body("PUT /pay HTTP/1.1", "{}"), 201);
}

TEST(methods_that_are_not_listed_run_each_time)
{
    ask_open(app_with(pay, tern_idempotency(.methods = "PUT")));
    send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: k5", "{}");
    send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: k5", "{}");
    CHECK_RAN(2);
    send_body("PUT /pay HTTP/1.1\r\nIdempotency-Key: k5", "{}");
    send_body("PUT /pay HTTP/1.1\r\nIdempotency-Key: k5", "{}");
    CHECK_RAN(3);
}

TEST(failures_that_may_pass_are_not_repeated)
{
    static const int statuses[] = {500, 503, 401, 403, 408, 409, 425, 429};
    char lines[128];
    ask_open(app_with(pay, tern_idempotency()));
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        snprintf(lines, sizeof lines, "POST /pay HTTP/1.1\r\nIdempotency-Key: fail%zu", i);
        status_now = statuses[i];
        CHECK_INT(send_body(lines, "{}"), statuses[i]);
        status_now = 201;
        CHECK_INT(send_body(lines, "{}"), 201);
    }
}

TEST(refusals_of_the_handler_are_repeated_and_errors_if_said)
{
    ask_open(app_with(pay, tern_idempotency(.keep_errors = true)));
    status_now = 404;
    send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: k6", "{}");
    status_now = 500;
    CHECK_INT(send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: k6", "{}"), 404);
    CHECK_INT(send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: k7", "{}"), 500);
    status_now = 201;
    CHECK_INT(send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: k7", "{}"), 500);
}

TERN_HANDLER(large)
{
    ran++;
    char *text = tern_alloc(c, 2000);
    memset(text, 'x', 2000);
    return tern_bytes_reply(c, "text/x", text, 2000);
}

TEST(a_reply_too_long_to_repeat_is_not_made_twice)
{
    ask_open(app_with(large, tern_idempotency(.max_body = 1999)));
    CHECK_INT(send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: k8", "{}"), 200);
    CHECK_INT(send_body("POST /pay HTTP/1.1\r\nIdempotency-Key: k8", "{}"), 409);
    CHECK(says("this request was done before; its reply was not kept"));
    CHECK_RAN(1);
}

TEST(a_digest_is_that_of_sha_256)
{
    static char text[1000];
    static const struct {
        size_t len; /* of a text of this many 'x'; its length as eight bytes comes first */
        const char *digest;
    } cases[] = {
        {0, "af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc"},
        {1, "028f0df5b8596fbcd10c9720b7a4784f8e7e04f629bd5a62bfbdf139678b6624"},
        {47, "cf27577f758100b890443f410dd8f1328ab95aabb97f0c5b68dcc42da8287658"},
        {48, "6bf4f4620afb34f6867703c34185a5262f65f82df8d8ae7607a23fb7655d02c0"},
        {55, "86919c2aec9e7c79b3ffb1a271ce8b3e6aec36f008997bfc5314beea5677e443"},
        {56, "e9ab7bd2679f977c2c363c094f8cfdb6603c3f987fee35292e1ec249e8b35029"},
        {1000, "3668070a92f96267ac3d294efae4f46d7f01fb10284ca78fe04decdd253c5d34"}};
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char digest[CACHE_DIGEST_BYTES];
        char shown[2 * CACHE_DIGEST_BYTES + 1];
        const tern_str texts[] = {{text, cases[i].len}};
        cache_digest(texts, 1, digest);
        for (unsigned n = 0; n < CACHE_DIGEST_BYTES; n++)
            snprintf(shown + 2 * n, 3, "%02x", digest[n]);
        CHECK_TEXT(shown, cases[i].digest);
    }
}

static void check_refused(tern_middleware piece, const char *message)
{
    buf problems = {0};
    tern_app *app = app_with(pay, piece);
    CHECK(!app_compile(app, &problems));
    CHECK_TEXT(problems.data, message);
    buf_free(&problems);
    app_free(app);
}

TEST(options_that_make_no_sense_are_refused_at_start)
{
    check_refused(tern_idempotency(.header = "Idempotency Key"),
                  "tern_idempotency: .header is \"Idempotency Key\": give the name of a header\n");
    check_refused(tern_idempotency(.lifetime_s = 30),
                  "tern_idempotency: .lifetime_s = 30 is shorter than .running_s = 60\n");
}
