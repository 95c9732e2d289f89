/** Sessions, through a whole application, as a browser with a jar of one cookie sees them. */
#include "unit/app/ask.h"

#include "app/secret/keys.h"
#include "base/mem.h"
#include "crypto/sodium.h"

static char jar[8192], said[256 * 1024];
static const char *agent = "test";

/* Sends a request with the cookie of the jar; the jar takes the cookie of the reply. Its status. */
static int send_as(const char *line, char *cookies)
{
    char request[16 * 1024];
    int len =
        snprintf(request, sizeof request,
                 "%s HTTP/1.1\r\nHost: h\r\nConnection: close\r\nUser-Agent: %s\r\n%s%s%s\r\n", line, agent,
                 cookies[0] != '\0' ? "Cookie: " : "", cookies, cookies[0] != '\0' ? "\r\n" : "");
    wire_script script = {.request = request, .len = (size_t)len};
    CHECK(wire_talk(&script, said, sizeof said) > 12);
    const char *set = strstr(said, "Set-Cookie: ");
    if (set != NULL && strncmp(set + 12, "session=;", 9) == 0)
        cookies[0] = '\0';
    else if (set != NULL)
        snprintf(cookies, sizeof jar, "%.*s", (int)strcspn(set + 12, ";"), set + 12);
    return atoi(said + 9);
}

static int send_line(const char *line)
{
    return send_as(line, jar);
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

#define CHECK_SENDS(line, wanted)                                                                            \
    do {                                                                                                     \
        CHECK_INT(send_line(line), 200);                                                                     \
        CHECK_TEXT(body(), wanted);                                                                          \
    } while (0)

/* -- an application -- */

TERN_MODEL(Cart,
    (int,          items),
    (const char *, note, .optional = true))

static const char *or_none(const char *text)
{
    return text != NULL ? text : "none";
}

TERN_HANDLER(plain)
{
    return tern_text(c, "plain");
}

TERN_HANDLER(get)
{
    return tern_text(c, or_none(tern_session_get(c, tern_query(c, "key"))));
}

TERN_HANDLER(set)
{
    tern_session_set(c, tern_query(c, "key"), tern_query(c, "value"));
    return tern_text(c, "set");
}

TERN_HANDLER(drop)
{
    tern_session_remove(c, tern_query(c, "key"));
    return tern_text(c, "removed");
}

TERN_HANDLER(set_and_fail)
{
    tern_session_set(c, "a", "failed");
    tern_fail(c, 500, "down");
}

TERN_HANDLER(set_and_refuse)
{
    tern_session_set(c, "tries", "1");
    tern_fail(c, 403, "no");
}

TERN_HANDLER(add_item)
{
    Cart *cart = tern_session(c, Cart);
    cart->items++;
    return tern_textf(c, "%d", cart->items);
}

TERN_HANDLER(show_cart)
{
    return tern_textf(c, "%d", tern_session(c, Cart)->items);
}

TERN_HANDLER(sign_in)
{
    tern_session_sign_in(c, tern_query(c, "user"), .remember = tern_query(c, "remember") != NULL);
    return tern_text(c, "in");
}

TERN_HANDLER(sign_out)
{
    tern_session_sign_out(c);
    return tern_text(c, "out");
}

TERN_HANDLER(sign_out_and_fail)
{
    tern_session_sign_out(c);
    tern_fail(c, 500, "down");
}

TERN_HANDLER(who)
{
    return tern_text(c, or_none(tern_session_user(c)));
}

TERN_HANDLER(renew)
{
    tern_session_renew(c);
    return tern_text(c, "renewed");
}

TERN_HANDLER(flash)
{
    tern_flash(c, tern_query(c, "text"));
    return tern_text(c, "left");
}

TERN_HANDLER(flashes)
{
    const char *all = "", *one;
    while ((one = tern_flash_next(c)) != NULL)
        all = tern_sprintf(c, "%s[%s]", all, one);
    return tern_text(c, all);
}

TERN_HANDLER(sessions)
{
    size_t count;
    const char *all = "";
    const tern_user_session *list = tern_sessions_of_user(c, tern_query(c, "user"), &count);
    for (size_t i = 0; i < count; i++)
        all = tern_sprintf(c, "%s%s%s ", all, list[i].device, list[i].is_this ? "*" : "");
    return tern_text(c, all);
}

TERN_HANDLER(end_others)
{
    return tern_textf(c, "%zu", tern_sessions_end(c, tern_session_user(c), true));
}

TERN_HANDLER(end_all)
{
    return tern_textf(c, "%zu", tern_sessions_end(c, tern_query(c, "user"), false));
}

TERN_HANDLER(end_first)
{
    size_t count;
    const tern_user_session *list = tern_sessions_of_user(c, tern_session_user(c), &count);
    return tern_text(c, tern_session_end(c, tern_query(c, "user"), list[count - 1].id) ? "ended" : "not");
}

TERN_HANDLER(huge)
{
    char *text = tern_alloc(c, 100001);
    memset(text, 'x', 100000);
    tern_session_set(c, "huge", text);
    return tern_text(c, "set");
}

static void write_late(tern_ctx *c, tern_stream *out, void *arg)
{
    (void)arg;
    tern_stream_printf(out, "a piece;");
    tern_stream_flush(out);
    tern_session_set(c, "late", "yes");
    tern_stream_printf(out, "the end");
}

TERN_HANDLER(stream)
{
    return tern_stream_reply(c, "text/plain", write_late, NULL);
}

static void open_with(const tern_sessions_options *options)
{
    const char *missing;
    if (!sodium_load(&missing))
        check_skip(missing);
    tern_app *app = tern_app_new();
    tern_sessions_with(app, __FILE__, __LINE__, options);
    TERN_SESSION(app, Cart);
    static const struct {
        const char *path;
        const tern_handler *handler;
    } routes[] = {{"/plain", plain},
                  {"/get", get},
                  {"/set", set},
                  {"/drop", drop},
                  {"/fail", set_and_fail},
                  {"/refuse", set_and_refuse},
                  {"/cart/add", add_item},
                  {"/cart", show_cart},
                  {"/in", sign_in},
                  {"/out", sign_out},
                  {"/out-fail", sign_out_and_fail},
                  {"/who", who},
                  {"/renew", renew},
                  {"/flash", flash},
                  {"/flashes", flashes},
                  {"/sessions", sessions},
                  {"/end-others", end_others},
                  {"/end-all", end_all},
                  {"/end-first", end_first},
                  {"/huge", huge},
                  {"/stream", stream}};
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        tern_get(app, routes[i].path, routes[i].handler);
    if (options->in_cookie) {
        buf problems = {0};
        CHECK(secret_keys_parse(app->secrets, "test", TERN_STR("XCbdcpIC0kM3yAFYCYg6Lsb4k1PcVlF3EmXxWYn4p4w"),
                                &problems));
    }
    ask_open(app);
}
#define OPEN(...) open_with(&(tern_sessions_options){__VA_ARGS__})

/* -- values -- */

TEST(a_value_is_there_in_the_next_request_of_the_same_browser_alone)
{
    char other[sizeof jar] = "";
    OPEN(.store = NULL);
    CHECK_SENDS("GET /set?key=a&value=1", "set");
    CHECK(says("; HttpOnly") && says("; SameSite=Lax") && !says("; Secure"));
    CHECK_SENDS("GET /get?key=a", "1");
    CHECK(!says("Set-Cookie"));
    CHECK_INT(send_as("GET /get?key=a", other), 200);
    CHECK_TEXT(body(), "none");
    CHECK(!says("Set-Cookie")); /* reading begins no session */
    CHECK_SENDS("GET /drop?key=a", "removed");
    CHECK_SENDS("GET /get?key=a", "none");
}

TEST(threat_098_a_reply_that_depends_on_a_session_is_not_for_caches)
{
    OPEN(.store = NULL);
    CHECK_SENDS("GET /get?key=a", "none");
    CHECK(says("Cache-Control: private, no-store\r\n") && says("Vary: Cookie\r\n"));
    CHECK_SENDS("GET /set?key=a&value=1", "set");
    CHECK(says("Cache-Control: private, no-store\r\n") && says("Vary: Cookie\r\n"));
    CHECK_INT(send_line("GET /refuse"), 403);
    CHECK(says("Cache-Control: private, no-store\r\n") && says("Vary: Cookie\r\n"));
    CHECK_SENDS("GET /plain", "plain"); /* which does not ask for it */
    CHECK(!says("Cache-Control") && !says("Vary"));
}

TEST(what_a_handler_that_fails_has_set_is_not_kept_and_what_a_refusal_has_set_is)
{
    OPEN(.store = NULL);
    CHECK_SENDS("GET /set?key=a&value=1", "set");
    CHECK_INT(send_line("GET /fail"), 500);
    CHECK_SENDS("GET /get?key=a", "1");
    CHECK_INT(send_line("GET /refuse"), 403);
    CHECK_SENDS("GET /get?key=tries", "1");
}

TEST(keys_that_are_not_for_handlers_are_refused)
{
    OPEN(.store = NULL);
    CHECK_INT(send_line("GET /set?key=@Cart&value=1"), 500);
    CHECK_INT(send_line("GET /set?key=&value=1"), 500);
}

TEST(a_session_that_is_too_long_is_refused)
{
    OPEN(.store = NULL);
    CHECK_INT(send_line("GET /huge"), 500);
    CHECK(!says("Set-Cookie"));
}

TEST(a_part_by_a_model_keeps_what_the_handler_changes_in_it)
{
    OPEN(.store = NULL);
    CHECK_SENDS("GET /cart", "0");
    CHECK(!says("Set-Cookie"));
    CHECK_SENDS("GET /cart/add", "1");
    CHECK_SENDS("GET /cart/add", "2");
    CHECK_SENDS("GET /cart", "2");
}

TEST(a_message_is_shown_once)
{
    OPEN(.store = NULL);
    CHECK_SENDS("GET /flash?text=saved", "left");
    CHECK_SENDS("GET /flash?text=sent", "left");
    CHECK_SENDS("GET /flashes", "[saved][sent]");
    CHECK_SENDS("GET /flashes", "");
}

TEST(a_stream_changes_a_stored_session_until_its_end)
{
    OPEN(.store = NULL);
    CHECK_SENDS("GET /set?key=a&value=1", "set");
    CHECK_INT(send_line("GET /stream"), 200);
    CHECK(says("the end"));
    CHECK_SENDS("GET /get?key=late", "yes");
}

TEST(a_stream_cannot_begin_a_session_nor_change_one_in_a_cookie)
{
    OPEN(.store = NULL);
    send_line("GET /stream");
    CHECK(says("a piece;") && !says("the end"));
}

TEST(a_stream_cannot_change_a_session_in_a_cookie)
{
    OPEN(.in_cookie = true);
    CHECK_SENDS("GET /set?key=a&value=1", "set");
    send_line("GET /stream");
    CHECK(says("a piece;") && !says("the end"));
}

/* -- signing in -- */

TEST(threat_085_signing_in_gives_a_new_id_and_ends_the_old_one)
{
    char before[sizeof jar], forged[sizeof jar] = "session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    OPEN(.store = NULL);
    CHECK_INT(send_as("GET /set?key=a&value=1", forged),
              200); /* an id that was given to the browser is not taken */
    CHECK(strcmp(forged, "session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA") != 0);
    CHECK_SENDS("GET /set?key=a&value=1", "set");
    snprintf(before, sizeof before, "%s", jar);
    CHECK_SENDS("GET /in?user=42", "in");
    CHECK(strcmp(before, jar) != 0);
    CHECK_SENDS("GET /who", "42");
    CHECK_SENDS("GET /get?key=a", "1"); /* the cart of a visitor stays */
    CHECK_INT(send_as("GET /who", before), 200);
    CHECK_TEXT(body(), "none");
}

TEST(threat_085_a_renewed_session_has_a_new_id_and_the_old_one_ends)
{
    char before[sizeof jar];
    OPEN(.store = NULL);
    CHECK_SENDS("GET /in?user=42", "in");
    snprintf(before, sizeof before, "%s", jar);
    CHECK_SENDS("GET /renew", "renewed");
    CHECK(strcmp(before, jar) != 0);
    CHECK_SENDS("GET /who", "42");
    CHECK_INT(send_as("GET /who", before), 200);
    CHECK_TEXT(body(), "none");
}

TEST(threat_085_signing_out_ends_the_session_on_the_server)
{
    char stolen[sizeof jar];
    OPEN(.store = NULL);
    CHECK_SENDS("GET /in?user=42", "in");
    snprintf(stolen, sizeof stolen, "%s", jar);
    CHECK_SENDS("GET /out", "out");
    CHECK_TEXT(jar, "");
    CHECK_INT(send_as("GET /who", stolen), 200);
    CHECK_TEXT(body(), "none");
}

TEST(signing_out_counts_also_when_the_handler_fails_after_it)
{
    char stolen[sizeof jar];
    OPEN(.store = NULL);
    CHECK_SENDS("GET /in?user=42", "in");
    snprintf(stolen, sizeof stolen, "%s", jar);
    CHECK_INT(send_line("GET /out-fail"), 500);
    CHECK_TEXT(jar, "");
    CHECK_INT(send_as("GET /who", stolen), 200);
    CHECK_TEXT(body(), "none");
}

TEST(another_user_gets_nothing_of_the_one_before)
{
    OPEN(.store = NULL);
    CHECK_SENDS("GET /in?user=42", "in");
    CHECK_SENDS("GET /set?key=a&value=secret", "set");
    CHECK_SENDS("GET /in?user=43", "in");
    CHECK_SENDS("GET /who", "43");
    CHECK_SENDS("GET /get?key=a", "none");
}

TEST(a_remembered_user_has_a_cookie_that_outlives_the_browser)
{
    OPEN(.store = NULL);
    CHECK_SENDS("GET /in?user=42&remember=1", "in");
    CHECK(says("; Max-Age=604800"));
    CHECK_SENDS("GET /in?user=43", "in");
    CHECK(!says("Max-Age"));
}

TEST(a_users_sessions_are_listed_and_ended)
{
    char other[sizeof jar] = "", stranger[sizeof jar] = "";
    OPEN(.store = NULL);
    agent = "phone";
    CHECK_INT(send_as("GET /in?user=42", other), 200);
    CHECK_INT(send_as("GET /in?user=7", stranger), 200);
    agent = "laptop";
    CHECK_SENDS("GET /in?user=42", "in");
    CHECK_SENDS("GET /sessions?user=42", "laptop* phone ");
    CHECK_SENDS("GET /end-first?user=7", "not"); /* not one of that user's */
    CHECK_SENDS("GET /end-others", "1");
    CHECK_SENDS("GET /sessions?user=42", "laptop* ");
    CHECK_INT(send_as("GET /who", other), 200);
    CHECK_TEXT(body(), "none");
    CHECK_SENDS("GET /end-all?user=42", "1");
    CHECK_SENDS("GET /who", "none");
    CHECK_INT(send_as("GET /who", stranger), 200);
    CHECK_TEXT(body(), "7");
}

TEST(a_user_has_no_more_sessions_than_allowed)
{
    char jars[3][sizeof jar] = {"", "", ""};
    OPEN(.max_of_user = 2);
    for (int i = 0; i < 3; i++)
        CHECK_INT(send_as("GET /in?user=42", jars[i]), 200);
    CHECK_INT(send_as("GET /who", jars[0]), 200);
    CHECK_TEXT(body(), "none");
    CHECK_INT(send_as("GET /who", jars[1]), 200);
    CHECK_TEXT(body(), "42");
}

/* -- in a cookie -- */

TEST(a_session_in_a_cookie_is_sealed)
{
    OPEN(.in_cookie = true);
    CHECK_SENDS("GET /set?key=a&value=secret-text", "set");
    CHECK(!says("secret-text"));
    CHECK_SENDS("GET /in?user=42", "in");
    CHECK_SENDS("GET /get?key=a", "secret-text");
    CHECK_SENDS("GET /who", "42");
    CHECK_SENDS("GET /out", "out");
    CHECK_TEXT(jar, "");
    CHECK_INT(send_line("GET /huge"), 500); /* no browser would keep it */
}

TEST(threat_086_a_session_cookie_that_changed_is_no_session)
{
    char changed[sizeof jar];
    OPEN(.in_cookie = true);
    CHECK_SENDS("GET /in?user=42", "in");
    for (size_t at = 8; jar[at] != '\0'; at++) {
        snprintf(changed, sizeof changed, "%s", jar);
        changed[at] = changed[at] == 'A' ? 'B' : 'A';
        CHECK_INT(send_as("GET /who", changed), 200);
        CHECK_TEXT(body(), "none");
    }
    snprintf(changed, sizeof changed, "%.*s", (int)strlen(jar) - 1, jar);
    CHECK_INT(send_as("GET /who", changed), 200);
    CHECK_TEXT(body(), "none");
    CHECK_SENDS("GET /who", "42");
}

TEST(ids_that_are_not_ids_are_no_session)
{
    static const char *const forged[] = {"session=", "session=a", "session=********************************",
                                         "session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    OPEN(.store = NULL);
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        snprintf(jar, sizeof jar, "%s", forged[i]);
        CHECK_SENDS("GET /who", "none");
    }
}

/* -- what fails -- */

/* Sends the request with each allocation failing in turn, until none does; its last status. */
static int send_short(const char *line)
{
    for (unsigned long n = 1;; n++) {
        char request[16 * 1024];
        int len = snprintf(request, sizeof request,
                           "%s HTTP/1.1\r\nHost: h\r\nConnection: close\r\nCookie: %s\r\n\r\n", line, jar);
        const wire_script script = {.request = request, .len = (size_t)len};
        mem_fail_at(n, 0);
        long heard = wire_talk(&script, said, sizeof said);
        bool is_done = mem_tried() < n;
        mem_fail_at(0, 0);
        CHECK(heard == 0 || (heard > 12 && strncmp(said, "HTTP/1.1 ", 9) == 0));
        if (is_done)
            return atoi(said + 9);
        if (heard != 0 && atoi(said + 9) < 500 && atoi(said + 9) != 200)
            check_fail(__FILE__, __LINE__, "%s, allocation %lu: %s", line, n, said);
    }
}

TEST(requests_with_a_session_are_answered_whichever_allocation_fails)
{
    OPEN(.store = NULL);
    CHECK_SENDS("GET /in?user=42", "in");
    CHECK_INT(send_short("GET /set?key=a&value=1"), 200);
    CHECK_INT(send_short("GET /cart/add"), 200);
    CHECK_INT(send_short("GET /flash?text=a"), 200);
    CHECK_INT(send_short("GET /sessions?user=42"), 200);
    CHECK_SENDS("GET /who", "42");
    CHECK_SENDS("GET /get?key=a", "1");
}

static tern_stored outcome_now;

static tern_stored get_now(tern_ctx *c, const tern_store *store, tern_str key, tern_str *value)
{
    (void)c, (void)store, (void)key, (void)value;
    return outcome_now;
}

static tern_stored add_now(tern_ctx *c, const tern_store *store, tern_str key, tern_str value, tern_stay stay)
{
    (void)c, (void)store, (void)key, (void)value, (void)stay;
    return outcome_now;
}

TEST(a_store_without_room_or_away_is_503_and_sets_no_cookie)
{
    static tern_store store = {.name = "test", .get = get_now, .add = add_now, .put = add_now};
    OPEN(.store = &store);
    outcome_now = TERN_STORED_NO_ROOM;
    CHECK_INT(send_line("GET /set?key=a&value=1"), 503);
    CHECK(!says("Set-Cookie"));
    outcome_now = TERN_STORED_AWAY;
    CHECK_INT(send_line("GET /set?key=a&value=1"), 503);
    CHECK(!says("Set-Cookie"));
    snprintf(jar, sizeof jar, "session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    CHECK_INT(send_line("GET /get?key=a"), 503);
    outcome_now = TERN_STORED_NOT;
    CHECK_SENDS("GET /get?key=a", "none");
}
