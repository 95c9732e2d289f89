/** From requests to models and back: a whole application behind one connection. */
#include "check.h"
#include "wire.h"

#include "app/bind/bind.h"
#include "app/ctx.h"
#include "base/random.h"

#include <tern.h>

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* -- the models -- */

TERN_ENUM(Level, low, high)

TERN_MODEL(Todo,
    (int64_t, id, .key = true),
    (const char *, title, .min_length = 1, .max_length = 20, .help = "What there is to do"),
    (bool, done, .optional = true))

TERN_MODEL(Filter,
    (bool, done, .optional = true),
    (int, page, .fallback = "1", .min = 1),
    (int, size, .fallback = "20", .min = 1, .max = 100),
    (tern_int64_list, ids, .optional = true),
    (Level, level, .optional = true),
    (const char *, text, .optional = true))

TERN_MODEL(Everywhere,
    (int64_t, id),
    (const char *, user_agent, .in = TERN_FROM_HEADER, .max_length = 10),
    (tern_text_list, x_tag, .in = TERN_FROM_HEADER, .optional = true),
    (const char *, session, .in = TERN_FROM_COOKIE),
    (int, version, .in = TERN_FROM_QUERY),
    (const char *, title),
    (int, stars, .fallback = "3", .max = 5))

TERN_MODEL(Item, (const char *, name), (double, price, .min = 0))

TERN_MODEL(Order,
    (Item_list, items, .min_items = 1),
    (Item, gift, .optional = true),
    (tern_int64_list, numbers, .optional = true))

static void check_range(const void *model, tern_faults *faults);
TERN_MODEL_WITH(Range, (.check = check_range, .ignore_unknown = true), (int, least), (int, most))

static void check_range(const void *model, tern_faults *faults)
{
    const Range *range = model;
    if (range->least > range->most)
        tern_fault_add(faults, "most", "too_small", "must not be less than least");
}

TERN_MODEL(Letter,
    (const char *, subject, .max_length = 10),
    (tern_upload, scan, .optional = true),
    (tern_upload_list, pictures, .optional = true),
    (int, copies, .fallback = "1"))

TERN_MODEL(Labels,
    (tern_text_list, tags, .optional = true, .items = TERN_RULES(.min_length = 2)),
    (tern_int64_map, counts, .optional = true, .items = TERN_RULES(.above = 0)),
    (tern_date, day, .optional = true, .at_least = "2020-01-01"))
TERN_MODEL(LabelFiles, (tern_upload_list, files, .items = TERN_RULES(.max_length = 3)))
TERN_MODEL(LabelFilter,
    (tern_text_list, tags, .optional = true, .items = TERN_RULES(.min_length = 2)),
    (tern_int64_list, x_ids, .in = TERN_FROM_HEADER, .optional = true, .items = TERN_RULES(.max = 9)))

TERN_MODEL(Measure, (double, value), (const char *, unit, .max_length = 2))

TERN_MODEL(Tag, (const char *, name, .key = true))

TERN_MODEL(Presence, (int, leave, .optional = true, .nullable = false), (int, null, .nullable = true))

/* -- the application -- */

TERN_HANDLER(list_todos, Filter, in)
{
    return tern_textf(c, "%s %d %d %zu %s %s", tern_given(c, done) ? in->done ? "done" : "open" : "all",
                      in->page, in->size, in->ids.count,
                      tern_given(c, level) ? in->level == Level_high ? "high" : "low" : "-",
                      in->text != NULL ? in->text : "-");
}

TERN_HANDLER(create_todo, Todo, in)
{
    Todo todo = {.id = in->id + 7, .title = in->title, .done = in->done};
    return tern_created(c, Todo, &todo);
}

TERN_HANDLER(replace_todo, Todo, in)
{
    return tern_json(c, Todo, in);
}

TERN_HANDLER(get_todo, tern_by_id, in)
{
    Todo todo = {.id = in->id, .title = "a"};
    return tern_json(c, Todo, &todo);
}

TERN_HANDLER(null_title)
{
    return tern_json(c, Todo, &(Todo){.id = 1});
}

TERN_HANDLER(null_item)
{
    const char *tags[] = {"ab", NULL};
    return tern_json(c, Labels, (&(Labels){.tags = {tags, 2}}));
}

TERN_HANDLER(presence, Presence, in)
{
    return tern_json(c, Presence, in);
}

TERN_HANDLER(everywhere, Everywhere, in)
{
    return tern_textf(c, "%d %s %zu %s %d %s %d", (int)in->id, in->user_agent, in->x_tag.count, in->session,
                      in->version, in->title, in->stars);
}

TERN_HANDLER(order, Order, in)
{
    return tern_textf(c, "%zu %s %zu", in->items.count, tern_given(c, gift) ? in->gift.name : "-",
                      in->numbers.count);
}

TERN_HANDLER(range, Range, in)
{
    return tern_textf(c, "%d %d", in->least, in->most);
}

static const char *first_bytes(tern_ctx *c, const tern_upload *file)
{
    if (file->fd < 0)
        return file->data != NULL ? tern_sprintf(c, "%.3s", (const char *)file->data) : "-";
    char *text = tern_alloc(c, 5);
    CHECK_INT(pread(file->fd, text, 3, 0), 3);
    text[3] = '~'; /* from disk */
    return text;
}

TERN_HANDLER(letter, Letter, in)
{
    const char *text = tern_sprintf(c, "%s %d %s %s %zu %s", in->subject, in->copies,
                                    tern_given(c, scan) ? in->scan.name : "-",
                                    tern_given(c, scan) ? in->scan.content_type : "-", in->scan.size,
                                    tern_given(c, scan) ? first_bytes(c, &in->scan) : "-");
    for (size_t i = 0; i < in->pictures.count; i++)
        text = tern_sprintf(c, "%s, %s %zu %s", text, in->pictures.items[i].name, in->pictures.items[i].size,
                            first_bytes(c, &in->pictures.items[i]));
    return tern_text(c, text);
}

TERN_HANDLER(label, Labels, in)
{
    return tern_textf(c, "%zu %zu", in->tags.count, in->counts.count);
}

TERN_HANDLER(keep_files, LabelFiles, in)
{
    return tern_textf(c, "%zu", in->files.count);
}

TERN_HANDLER(list_labels, LabelFilter, in)
{
    return tern_textf(c, "%zu %zu", in->tags.count, in->x_ids.count);
}

TERN_HANDLER(by_hand)
{
    const Todo *todo = tern_json_read(c, Todo);
    return tern_text(c, todo->title);
}

TERN_HANDLER(page)
{
    Todo items[] = {{.id = 1, .title = "a"}, {.id = 2, .title = "b", .done = true}};
    return tern_page(c, Todo, ((Todo_list){items, 2}), 41);
}

TERN_HANDLER(all)
{
    Todo items[] = {{.id = 1, .title = "a"}};
    return tern_json_list(c, Todo, ((Todo_list){items, 1}));
}

TERN_HANDLER(wrong_type)
{
    Tag tag = {.name = "a"};
    return tern_json(c, Tag, &tag);
}

TERN_HANDLER(conflict)
{
    Tag tag = {.name = "a"};
    return tern_with_status(tern_json(c, Tag, &tag), 409);
}

TERN_HANDLER(breaks_rules)
{
    Todo todo = {.id = 1, .title = ""};
    return tern_json(c, Todo, &todo);
}

TERN_HANDLER(not_finite)
{
    Measure m = {.value = 1e308, .unit = "m"};
    m.value *= 10;
    return tern_json(c, Measure, &m);
}

TERN_HANDLER(make_tag, Tag, in)
{
    return tern_created(c, Tag, in);
}

static tern_app *build_app(void)
{
    tern_app *app = tern_app_new(.title = "t");
    tern_get(app, "/todos", list_todos);
    tern_post(app, "/todos", create_todo, .returns = TERN_TYPE(Todo), .status = 201, .tags = "todos");
    tern_get(app, "/todos/{id}", get_todo, .returns = TERN_TYPE(Todo));
    tern_put(app, "/todos/{id}", replace_todo, .returns = TERN_TYPE(Todo), .status = 202);
    tern_put(app, "/everywhere/{id}", everywhere);
    tern_post(app, "/orders", order);
    tern_post(app, "/ranges", range);
    tern_get(app, "/ranges/{least}", range);
    tern_post(app, "/letters", letter, .max_body = 4 * 1024 * 1024);
    tern_post(app, "/labels", label);
    tern_post(app, "/label-files", keep_files);
    tern_get(app, "/labels", list_labels);
    tern_post(app, "/by-hand", by_hand);
    tern_get(app, "/page", page, .returns = TERN_LIST(Todo), .paged = true);
    tern_get(app, "/all", all, .returns = TERN_LIST(Todo));
    tern_get(app, "/wrong-type", wrong_type, .returns = TERN_TYPE(Todo));
    tern_get(app, "/wrong-page", page, .returns = TERN_LIST(Todo));
    tern_get(app, "/conflict", conflict, .returns = TERN_TYPE(Todo));
    tern_get(app, "/breaks-rules", breaks_rules, .returns = TERN_TYPE(Todo));
    tern_get(app, "/not-finite", not_finite);
    tern_get(app, "/null-title", null_title);
    tern_get(app, "/null-item", null_item);
    tern_post(app, "/presence", presence);
    tern_post(app, "/tags/", make_tag, .returns = TERN_TYPE(Tag));
    return app;
}

/* -- sending requests -- */

static char reply[64 * 1024];

static tern_app *the_app;

static void close_app(void)
{
    wire_close();
    app_free(the_app);
    schema_forget();
    bind_forget();
}

static void open_app(void)
{
    static http_service service;
    http_limits limits = {.head = {.head_bytes = 16 * 1024, .target_bytes = 8 * 1024, .fields = 100},
                          .head_ms = 5000,
                          .idle_ms = 5000,
                          .body_bytes = 1024 * 1024,
                          .arena_bytes = 16 * 1024 * 1024};
    buf problems = {0};
    tern_app *app = the_app = build_app();
    if (!app_compile(app, &problems))
        check_fail(__FILE__, __LINE__, "%s", problems.data);
    app_service(app, &service);
    tern_log_set_level(TERN_LOG_SILENT);
    CHECK(wire_open(&service, &limits));
    atexit(close_app);
}

/** Sends `line` ("GET /path"), more header lines and a body; the reply is in `reply`. Returns its status. */
static int ask_bytes(const char *line, const char *headers, const char *body, size_t len, size_t piece)
{
    char *request = malloc(len + 16 * 1024);
    CHECK(request != NULL);
    int head = snprintf(request, 16 * 1024,
                        "%s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n", line,
                        headers, len);
    memcpy(request + head, body, len);
    wire_script script = {.request = request, .len = (size_t)head + len, .piece = piece};
    CHECK(wire_talk(&script, reply, sizeof reply) > 12);
    free(request);
    return atoi(reply + 9);
}

static int ask(const char *line, const char *headers, const char *body)
{
    return ask_bytes(line, headers, body, strlen(body), 0);
}

static const char *said(void)
{
    const char *end = strstr(reply, "\r\n\r\n");
    return end != NULL ? end + 4 : "";
}

#define JSON "Content-Type: application/json\r\n"
#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"
#define CHECK_SAID(status, seen_status, wanted)                                                              \
    do {                                                                                                     \
        int seen_status_ = (seen_status);                                                                    \
        CHECK_TEXT(said(), wanted);                                                                          \
        CHECK_INT(seen_status_, status);                                                                     \
    } while (0)
#define PROBLEM(status, title, detail)                                                                       \
    "{\"type\":\"about:blank\",\"title\":\"" title "\",\"status\":" #status ",\"detail\":\"" detail "\"}"
#define FAULTS(detail, errors)                                                                               \
    "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,\"detail\":\"" detail      \
    "\",\"errors\":[" errors "]}"
#define FAULT(location, code, message)                                                                       \
    "{\"location\":[" location "],\"code\":\"" code "\",\"message\":\"" message "\"}"

TEST(a_query_becomes_a_model)
{
    open_app();
    CHECK_SAID(200, ask("GET /todos", "", ""), "all 1 20 0 - -");
    CHECK_SAID(200,
               ask("GET /todos?done=true&page=3&size=5&ids=4&ids=-5&level=high&text=a%20%C3%A9+b", "", ""),
               "done 3 5 2 high a \xc3\xa9 b");
    CHECK_SAID(200, ask("GET /todos?unknown=1&done=&page=&ids=&level=&text=", "", ""), "all 1 20 0 - ");
}

TEST(all_faults_of_a_query_are_reported_at_once)
{
    open_app();
    CHECK_SAID(
        422, ask("GET /todos?done=perhaps&page=x&size=101&ids=1&ids=y&level=medium&text=1&text=2", "", ""),
        FAULTS("6 values are wrong",
               FAULT("\"query\",\"done\"", "not_bool", "must be true or false") "," FAULT(
                   "\"query\",\"page\"", "not_int",
                   "must be a whole number from -2147483648 "
                   "to 2147483647") ","
                                    "{\"location\":["
                                    "\"query\",\"size\"],"
                                    "\"code\":\"too_large\","
                                    "\"message\":\"must be "
                                    "at most "
                                    "100\",\"max\":100}"
                                    "," FAULT("\"query\",\"ids\","
                                              "1",
                                              "not_int",
                                              "must be a whole "
                                              "number from "
                                              "-922337203685477580"
                                              "8 to "
                                              "922337203685477580"
                                              "7") "," FAULT("\"qu"
                                                             "ery"
                                                             "\","
                                                             "\"le"
                                                             "vel"
                                                             "\"",
                                                             "not_"
                                                             "a_"
                                                             "choi"
                                                             "ce",
                                                             "must"
                                                             " be "
                                                             "one "
                                                             "of "
                                                             "low,"
                                                             " hig"
                                                             "h") "," FAULT("\"query\",\"text\"", "repeated",
                                                                            "must be given once")));
    CHECK_SAID(400, ask("GET /todos?text=%ff", "", ""),
               PROBLEM(400, "Bad Request", "query parameter \\\"text\\\" is wrongly encoded"));
}

TEST(threat_063_a_query_has_at_most_1000_parameters)
{
    open_app();
    char line[8 * 1024] = "GET /todos?";
    for (int i = 0; i < 1001; i++)
        strcat(line, "i=1&");
    CHECK_SAID(400, ask(line, "", ""),
               PROBLEM(400, "Bad Request", "the query has more than 1000 parameters"));
}

TEST(threat_063_a_form_has_at_most_1000_fields)
{
    open_app();
    char *body = calloc(1, 16 * 1024);
    CHECK(body != NULL);
    for (int i = 0; i < 1001; i++)
        strcat(body, "least=1&");
    CHECK_SAID(413, ask("POST /ranges", FORM, body),
               PROBLEM(413, "Content Too Large", "the form has more than 1000 fields"));
    free(body);
}

TEST(a_parameter_of_the_path_becomes_a_field)
{
    open_app();
    CHECK_SAID(200, ask("GET /todos/5", "", ""), "{\"id\":5,\"title\":\"a\",\"done\":false}");
    CHECK_SAID(422, ask("GET /todos/x", "", ""),
               FAULTS("1 value is wrong",
                      FAULT("\"path\",\"id\"", "not_int",
                            "must be a whole number from -9223372036854775808 to 9223372036854775807")));
}

TEST(a_json_body_becomes_a_model_and_the_reply_says_where_it_is)
{
    open_app();
    CHECK_SAID(201, ask("POST /todos", JSON, "{\"title\":\"milk\"}"),
               "{\"id\":7,\"title\":\"milk\",\"done\":false}");
    CHECK(strstr(reply, "\r\nLocation: /todos/7\r\n") != NULL);
    CHECK(strstr(reply, "\r\nContent-Type: application/json\r\n") != NULL);
    CHECK_SAID(201,
               ask("POST /tags/", "Content-Type: application/vnd.tag+json; charset=UTF-8\r\n",
                   "{\"name\":\"a/b c\"}"),
               "{\"name\":\"a/b c\"}");
    CHECK(strstr(reply, "\r\nLocation: ") == NULL); /* it would always be a 400 */
    ask("POST /tags/", JSON, "{\"name\":\"\xc3\xa4 b%?#;+\"}");
    CHECK(strstr(reply, "\r\nLocation: /tags/%C3%A4%20b%25%3F%23%3B%2B\r\n") != NULL);
}

TEST(a_route_with_a_status_replies_with_it)
{
    open_app();
    CHECK_SAID(202, ask("PUT /todos/9", JSON, "{\"title\":\"milk\",\"done\":true}"),
               "{\"id\":9,\"title\":\"milk\",\"done\":true}");
}

TEST(threat_099_a_key_of_the_path_or_of_the_server_is_not_taken_from_the_body)
{
    open_app();
    CHECK_SAID(422, ask("PUT /todos/9", JSON, "{\"id\":1,\"title\":\"milk\"}"),
               FAULTS("1 value is wrong", FAULT("\"body\",\"id\"", "unknown", "is not a known field")));
    CHECK_SAID(422, ask("PUT /todos/9", FORM, "id=1&title=milk"),
               FAULTS("1 value is wrong", FAULT("\"body\",\"id\"", "unknown", "is not a known field")));
    CHECK_SAID(201, ask("POST /todos", JSON, "{\"id\":1000,\"title\":\"milk\"}"),
               "{\"id\":7,\"title\":\"milk\",\"done\":false}");
    CHECK_SAID(201, ask("POST /todos", FORM, "id=1000&title=milk"),
               "{\"id\":7,\"title\":\"milk\",\"done\":false}");
}

TEST(threat_099_a_field_that_no_model_declares_is_refused)
{
    open_app();
    CHECK_SAID(422, ask("POST /todos", JSON, "{\"title\":\"milk\",\"is_admin\":true}"),
               FAULTS("1 value is wrong", FAULT("\"body\",\"is_admin\"", "unknown", "is not a known field")));
    CHECK_SAID(422, ask("POST /todos", FORM, "title=milk&is_admin=1"),
               FAULTS("1 value is wrong", FAULT("\"body\",\"is_admin\"", "unknown", "is not a known field")));
    CHECK_SAID(
        422, ask("POST /todos", FORM, "title=milk&tern_state=1"),
        FAULTS("1 value is wrong", FAULT("\"body\",\"tern_state\"", "unknown", "is not a known field")));
    CHECK_SAID(200, ask("POST /ranges", FORM, "least=1&most=2&is_admin=1"), "1 2");
    CHECK_SAID(200, ask("POST /ranges", JSON, "{\"least\":1,\"most\":2,\"is_admin\":1}"), "1 2");
}

TEST(one_model_has_fields_from_every_source)
{
    open_app();
    CHECK_SAID(200,
               ask("PUT /everywhere/5?version=2",
                   "User-Agent: curl\r\nX-Tag: a, b\r\nX-Tag: c\r\nCookie: session=abc\r\n" JSON,
                   "{\"title\":\"t\"}"),
               "5 curl 3 abc 2 t 3");
    CHECK_SAID(
        422, ask("PUT /everywhere/x", "User-Agent: a longer agent\r\n" FORM, "stars=9"),
        FAULTS(
            "6 values are wrong",
            FAULT(
                "\"body\",\"title\"", "missing",
                "must be given") ","
                                 "{\"location\":[\"body\",\"stars\"],\"code\":\"too_large\",\"message\":"
                                 "\"must be at most 5\",\"max\":5}," FAULT(
                                     "\"path\",\"id\"", "not_int",
                                     "must be a whole number from -9223372036854775808 to "
                                     "9223372036854775807") ","
                                                            "{\"location\":[\"header\",\"user-agent\"],"
                                                            "\"code\":\"too_long\",\"message\":\"must have "
                                                            "at most 10 "
                                                            "characters\",\"max_length\":10}," FAULT(
                                                                "\"cookie\",\"session\"", "missing",
                                                                "must be given") "," FAULT("\"query\","
                                                                                           "\"version\"",
                                                                                           "missing",
                                                                                           "must be given")));
}

TEST(broken_json_is_400_with_its_position)
{
    open_app();
    CHECK_SAID(400, ask("POST /todos", JSON, "{\"title\":\n  \"milk\",}"),
               PROBLEM(400, "Bad Request",
                       "the body is not JSON, line 2, column 10: expected a key in double quotes"));
}

TEST(faults_of_nested_values_name_their_place)
{
    open_app();
    CHECK_SAID(200, ask("POST /orders", JSON, "{\"items\":[{\"name\":\"a\",\"price\":1}],\"numbers\":[1,2]}"),
               "1 - 2");
    CHECK_SAID(
        422,
        ask("POST /orders", JSON,
            "{\"items\":[{\"name\":\"a\",\"price\":1},{\"name\":\"b\",\"price\":-1}],\"gift\":{\"name\":3}}"),
        FAULTS("3 values are wrong",
               "{\"location\":[\"body\",\"items\",1,\"price\"],\"code\":\"too_small\",\"message\":\"must be "
               "at least 0\",\"min\":0}," FAULT("\"body\",\"gift\",\"name\"", "not_text",
                                                "must be text") "," FAULT("\"body\",\"gift\",\"price\"",
                                                                          "missing", "must be given")));
}

TEST(a_form_accepts_lists_and_nested_values_as_json)
{
    open_app();
    CHECK_SAID(200,
               ask("POST /orders", FORM,
                   "numbers=1&numbers=2&numbers=3&items=[%7B%22name%22:%22a%22,%22price%22:1%7D]&gift=%7B%"
                   "22name%22:%22g%22,%22price%22:2%7D"),
               "1 g 3");
    CHECK_SAID(422, ask("POST /orders", FORM, "items=[]&numbers=x"),
               FAULTS("2 values are wrong",
                      "{\"location\":[\"body\",\"items\"],\"code\":\"too_few\",\"message\":\"must have at "
                      "least 1 item\",\"min_items\":1}," FAULT(
                          "\"body\",\"numbers\",0", "not_int",
                          "must be a whole number from -9223372036854775808 to 9223372036854775807")));
    CHECK_SAID(400, ask("POST /todos", FORM, "title=%zz"),
               PROBLEM(400, "Bad Request", "form field \\\"title\\\" is wrongly encoded"));
    CHECK_SAID(400, ask("POST /todos", FORM, "%zz=title"),
               PROBLEM(400, "Bad Request", "the form has a name that is too long or wrongly encoded"));
}

TEST(the_models_own_check_sees_all_its_fields)
{
    open_app();
    CHECK_SAID(
        422, ask("POST /ranges", JSON, "{\"least\":3,\"most\":2}"),
        FAULTS("1 value is wrong", FAULT("\"body\",\"most\"", "too_small", "must not be less than least")));
    CHECK_SAID(
        422, ask("GET /ranges/3?most=2", "", ""),
        FAULTS("1 value is wrong", FAULT("\"query\",\"most\"", "too_small", "must not be less than least")));
    CHECK_SAID(200, ask("GET /ranges/3?most=4", "", ""), "3 4");
}

TEST(a_body_of_another_type_is_415)
{
    static const char taken[] =
        PROBLEM(415, "Unsupported Media Type",
                "the body must be application/json, application/x-www-form-urlencoded or "
                "multipart/form-data, not text/plain");
    open_app();
    CHECK_SAID(415, ask("POST /todos", "Content-Type: text/plain\r\n", "x"), taken);
    CHECK_INT(ask("POST /todos", "", "{\"title\":\"milk\"}"), 415);
    CHECK_INT(ask("POST /todos", "Content-Type: json\r\n", "{\"title\":\"milk\"}"), 415);
    CHECK_INT(ask("POST /todos", "Content-Type: application/json charset\r\n", "{\"title\":\"milk\"}"), 415);
    CHECK_INT(
        ask("POST /todos", "Content-Type: application/x-www-form-urlencoded; charset=latin1\r\n", "title=a"),
        415);
    CHECK_INT(ask("POST /by-hand", FORM, "title=milk"), 415);
    CHECK_INT(ask("POST /letters", JSON, "{}"), 415);
}

TEST(a_body_that_breaks_off_is_reported_in_a_sentence)
{
    char deep[512] = "{\"title\":";
    memset(deep + strlen(deep), '[', 200);
    open_app();
    CHECK_SAID(400, ask("POST /todos", JSON, deep),
               PROBLEM(400, "Bad Request", "the body is nested too deeply, line 1, column 73"));
}

TEST(json_is_utf_8_regardless_of_the_charset)
{
    static const char *const types[] = {
        "application/json;",
        "application/json ; ",
        "application/json;;charset=utf-8;",
        "application/json; charset=utf8",
        "application/json; charset=ISO-8859-1",
        "application/json; utf-8",
        "APPLICATION/JSON;CHARSET=\"UTF-8\"",
    };
    open_app();
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char line[128];
        snprintf(line, sizeof line, "Content-Type: %s\r\n", types[i]);
        CHECK_INT(ask("POST /todos", line, "{\"title\":\"milk\"}"), 201);
    }
    CHECK_INT(
        ask("POST /todos", "Content-Type: application/json; charset=ISO-8859-1\r\n", "{\"title\":\"\xe9\"}"),
        400);
}

TEST(a_form_may_have_empty_parameters_and_any_name_of_utf_8)
{
    static const char *const types[] = {"application/x-www-form-urlencoded;",
                                        "application/x-www-form-urlencoded; charset=utf8",
                                        "application/x-www-form-urlencoded;charset=US-ASCII; "};
    open_app();
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char line[128];
        snprintf(line, sizeof line, "Content-Type: %s\r\n", types[i]);
        CHECK_INT(ask("POST /todos", line, "title=milk"), 201);
    }
}

TEST(a_form_without_files_may_be_urlencoded_where_files_are_optional)
{
    char *body = malloc(1200000);
    CHECK(body != NULL);
    open_app();
    CHECK_SAID(200, ask("POST /letters", FORM, "subject=Hi&copies=2"), "Hi 2 - - 0 -");
    CHECK_SAID(422, ask("POST /letters", FORM, "subject=Hi&scan=a.txt"),
               FAULTS("1 value is wrong", FAULT("\"body\",\"scan\"", "not_upload", "must be a file")));
    CHECK_SAID(422, ask("POST /letters", FORM, "copies=2"),
               FAULTS("1 value is wrong", FAULT("\"body\",\"subject\"", "missing", "must be given")));
    size_t len = (size_t)sprintf(body, "copies=3&subject=");
    memset(body + len, 'x', 100000);
    CHECK_INT(ask_bytes("POST /letters", FORM, body, len + 100000, 777), 422);
    memset(body + len, 'x', 1100000);
    CHECK_SAID(413, ask_bytes("POST /letters", FORM, body, len + 1100000, 0),
               PROBLEM(413, "Content Too Large", "the form has more than 1048576 bytes of text"));
    free(body);
}

TEST(an_empty_body_lacks_required_fields)
{
    open_app();
    CHECK_SAID(422, ask("POST /todos", "", ""),
               FAULTS("1 value is wrong", FAULT("\"body\",\"title\"", "missing", "must be given")));
}

TEST(a_handler_may_read_the_body_by_hand)
{
    open_app();
    CHECK_SAID(422, ask("POST /by-hand", JSON, "{\"title\":\"milk\"}"),
               FAULTS("1 value is wrong", FAULT("\"body\",\"id\"", "missing", "must be given")));
    CHECK_SAID(200, ask("POST /by-hand", JSON, "{\"id\":1,\"title\":\"milk\"}"), "milk");
    CHECK_INT(ask("POST /by-hand", JSON, "{"), 400);
}

/* -- replies -- */

TEST(lists_and_pages_are_json)
{
    open_app();
    CHECK_SAID(200, ask("GET /page", "", ""),
               "{\"items\":[{\"id\":1,\"title\":\"a\",\"done\":false},{\"id\":2,\"title\":\"b\",\"done\":"
               "true}],\"total\":41}");
    CHECK_SAID(200, ask("GET /all", "", ""), "[{\"id\":1,\"title\":\"a\",\"done\":false}]");
}

TEST(a_reply_that_the_route_does_not_say_is_500)
{
#ifdef NDEBUG
    check_skip("an application built with NDEBUG does not hold its replies against its routes");
#endif
    open_app();
    CHECK_INT(ask("GET /wrong-type", "", ""), 500);
    CHECK_INT(ask("GET /wrong-page", "", ""), 500);
    CHECK_INT(ask("GET /breaks-rules", "", ""), 500);
}

TEST(a_number_that_json_cannot_say_is_500_and_other_statuses_stay)
{
    open_app();
    CHECK_INT(ask("GET /not-finite", "", ""), 500);
    CHECK_SAID(409, ask("GET /conflict", "", ""), "{\"name\":\"a\"}");
}

TEST(a_null_where_the_document_has_a_value_is_500_in_every_build)
{
    open_app();
    CHECK_INT(ask("GET /null-title", "", ""), 500);
    CHECK_INT(ask("GET /null-item", "", ""), 500);
}

TEST(a_field_may_be_left_out_but_not_null_or_null_but_not_left_out)
{
    open_app();
    CHECK_SAID(200, ask("POST /presence", JSON, "{\"null\":null}"), "{\"null\":null}");
    CHECK_SAID(200, ask("POST /presence", JSON, "{\"leave\":1,\"null\":2}"), "{\"leave\":1,\"null\":2}");
    CHECK_INT(ask("POST /presence", JSON, "{\"leave\":null,\"null\":2}"), 422);
    CHECK_INT(ask("POST /presence", JSON, "{\"leave\":1}"), 422);
    CHECK_SAID(200, ask("POST /presence", FORM, "leave=&null="), "{\"null\":null}");
    CHECK_INT(ask("POST /presence", FORM, "leave=1"), 422);
}

TEST(a_long_key_of_a_client_is_not_handed_back_whole)
{
    static char body[20000];
    open_app();
    memset(body, 'k', sizeof body - 1);
    memcpy(body, "{\"", 2);
    memcpy(body + sizeof body - 5, "\":1}", 4);
    CHECK_INT(ask("POST /presence", JSON, body), 422);
    CHECK(strlen(said()) < 600 && strstr(said(), "kkk...\"") != NULL);
}

TEST(a_refused_content_type_is_shown_without_its_parameters)
{
    open_app();
    CHECK_INT(ask("POST /todos", "Content-Type: text/plain; token=s3cret\r\n", "x"), 415);
    CHECK(strstr(said(), "s3cret") == NULL && strstr(said(), "not text/plain\"") != NULL);
    CHECK_INT(ask("POST /todos", "Content-Type: \"s3cret\"\r\n", "x"), 415);
    CHECK(strstr(said(), "s3cret") == NULL);
}

/* -- multipart -- */

#define MULTI       "Content-Type: multipart/form-data; boundary=B\r\n"
#define FIELD(n, v) "--B\r\nContent-Disposition: form-data; name=\"" n "\"\r\n\r\n" v "\r\n"
#define FILE_PART(n, f, v)                                                                                   \
    "--B\r\nContent-Disposition: form-data; name=\"" n "\"; filename=\"" f                                   \
    "\"\r\nContent-Type: image/png\r\n\r\n" v "\r\n"
#define END "--B--\r\n"

/** Open files of this process. */
static int open_files(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    CHECK(folder != NULL);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

TEST(a_multipart_form_gives_text_and_files)
{
    open_app();
    CHECK_SAID(200,
               ask("POST /letters", MULTI,
                   FIELD("subject", "Hi") FILE_PART("scan", "s.png", "PNG data")
                       FILE_PART("pictures", "1", "one") FILE_PART("pictures", "2", "two") END),
               "Hi 1 s.png image/png 8 PNG, 1 3 one, 2 3 two");
    CHECK_SAID(
        200,
        ask("POST /letters", MULTI, FIELD("subject", "Hi") FIELD("copies", "") FILE_PART("scan", "", "") END),
        "Hi 1 - - 0 -");
    CHECK_SAID(
        422,
        ask("POST /letters", MULTI,
            FIELD("subject", "A longer subject") FIELD("scan", "text") FIELD("other", "x")
                FIELD("copies", "2") FIELD("copies", "3") END),
        FAULTS(
            "4 values are wrong",
            FAULT(
                "\"body\",\"other\"", "unknown",
                "is not a known field") ","
                                        "{\"location\":[\"body\",\"subject\"],\"code\":\"too_long\",\"message\":"
                                        "\"must have at most 10 characters\",\"max_length\":10}," FAULT(
                                            "\"body\",\"scan\"", "not_upload",
                                            "must be a file") "," FAULT("\"body\",\"copies\"", "repeated",
                                                                        "must be given once")));
    CHECK_SAID(422, ask("POST /todos", MULTI, FIELD("title", "") END),
               FAULTS("1 value is wrong",
                      "{\"location\":[\"body\",\"title\"],\"code\":\"too_short\",\"message\":"
                      "\"must have at least 1 character\",\"min_length\":1}"));
    CHECK_SAID(201, ask("POST /todos", MULTI, FIELD("title", "milk") FIELD("done", "on") END),
               "{\"id\":7,\"title\":\"milk\",\"done\":true}");
}

#define BROKEN(location, code, message, limit)                                                               \
    "{\"location\":[" location "],\"code\":\"" code "\",\"message\":\"" message "\"," limit "}"
#define SHORT_TAG(source, index)                                                                             \
    BROKEN("\"" source "\",\"tags\"," #index, "too_short", "must have at least 2 characters",                \
           "\"min_length\":2")
#define ZERO_COUNT BROKEN("\"body\",\"counts\",\"a\"", "too_small", "must be above 0", "\"above\":0")
#define LARGE_ID   BROKEN("\"header\",\"x-ids\",1", "too_large", "must be at most 9", "\"max\":9")
#define EARLY_DAY                                                                                            \
    BROKEN("\"body\",\"day\"", "too_early", "must be 2020-01-01 or later", "\"at_least\":\"2020-01-01\"")
#define LONG_FILE                   BROKEN("\"body\",\"files\",1", "too_long", "must have at most 3 bytes", "\"max_length\":3")
#define TWO(first, second)          FAULTS("2 values are wrong", first "," second)
#define THREE(first, second, third) FAULTS("3 values are wrong", first "," second "," third)

TEST(rules_of_items_apply_to_lists_from_every_source)
{
    open_app();
    CHECK_SAID(200, ask("GET /labels?tags=ab&tags=cd", "X-Ids: 1, 9\r\n", ""), "2 2");
    CHECK_SAID(422, ask("GET /labels?tags=ab&tags=c", "X-Ids: 1, 10\r\n", ""),
               TWO(LARGE_ID, SHORT_TAG("query", 1)));
    CHECK_SAID(200, ask("POST /labels", JSON, "{\"tags\":[\"ab\"],\"counts\":{\"a\":1}}"), "1 1");
    CHECK_SAID(422, ask("POST /labels", JSON, "{\"tags\":[\"ab\",\"\"],\"counts\":{\"a\":0}}"),
               TWO(SHORT_TAG("body", 1), ZERO_COUNT));
    CHECK_SAID(422, ask("POST /labels", FORM, "tags=a&tags=bc&counts=%7B%22a%22:0%7D&day=2019-12-31"),
               THREE(SHORT_TAG("body", 0), ZERO_COUNT, EARLY_DAY));
    CHECK_SAID(
        422,
        ask("POST /label-files", MULTI, FILE_PART("files", "1", "one") FILE_PART("files", "2", "four") END),
        FAULTS("1 value is wrong", LONG_FILE));
}

TEST(texts_of_a_form_in_latin_1_become_utf_8)
{
#define TYPED(n, type, v)                                                                                    \
    "--B\r\nContent-Disposition: form-data; name=\"" n "\"\r\nContent-Type: " type                           \
    "\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" v "\r\n"
    open_app();
    CHECK_SAID(200,
               ask("POST /letters", MULTI, TYPED("subject", "text/plain; charset=ISO-8859-1", "caf\xe9") END),
               "caf\xc3\xa9 1 - - 0 -");
    CHECK_SAID(200,
               ask("POST /letters", MULTI, TYPED("subject", "text/plain; charset=utf-8", "caf\xc3\xa9") END),
               "caf\xc3\xa9 1 - - 0 -");
    CHECK_SAID(200, ask("POST /letters", MULTI, TYPED("subject", "application/octet-stream", "a") END),
               "a 1 - - 0 -");
    CHECK_SAID(415, ask("POST /letters", MULTI, TYPED("subject", "text/plain; charset=utf-16", "a") END),
               PROBLEM(415, "Unsupported Media Type",
                       "form field \\\"subject\\\" is text/plain; charset=utf-16; text must be UTF-8"));
}

TEST(threat_129_an_empty_part_does_not_take_the_next_one)
{
    open_app();
    CHECK_SAID(200,
               ask("POST /letters", MULTI,
                   "--B\r\nContent-Disposition: form-data; name=\"subject\"\r\n\r\n" FIELD("copies", "3")
                       END),
               " 3 - - 0 -");
    CHECK_SAID(200,
               ask("POST /letters", MULTI,
                   "--B\r\nContent-Disposition: form-data; name=\"scan\"; filename=\"a\"\r\n\r\n" FIELD(
                       "subject", "Hi") END),
               "Hi 1 a application/octet-stream 0 ");
}

/** A form with a file of `size` bytes "abcabc..."; `end` follows it. */
static size_t big_form(char *body, size_t size, const char *end)
{
    size_t len =
        (size_t)sprintf(body, FIELD("subject", "Hi") "--B\r\nContent-Disposition: form-data; name=\"scan\"; "
                                                     "filename=\"f\"\r\n\r\n");
    for (size_t i = 0; i < size; i++)
        body[len++] = "abc"[i % 3];
    len += (size_t)sprintf(body + len, "%s", end);
    return len;
}

TEST(a_file_beyond_64_KiB_goes_to_disk_and_is_gone_after_the_reply)
{
    enum { SIZE = 1000000 };
    char *body = malloc(SIZE + 1024);
    CHECK(body != NULL);
    open_app();
    ask_bytes("POST /letters", MULTI, body, big_form(body, SIZE, ""),
              0); /* the pool's own files are open now */
    int before = open_files();
    CHECK_SAID(200, ask_bytes("POST /letters", MULTI, body, big_form(body, SIZE, "\r\n" END), 7000),
               "Hi 1 f application/octet-stream 1000000 abc~");
    CHECK_SAID(200, ask_bytes("POST /letters", MULTI, body, big_form(body, 65536, "\r\n" END), 0),
               "Hi 1 f application/octet-stream 65536 abc");
    CHECK_INT(open_files(), before);
    free(body);
}

TEST(threat_069_a_broken_upload_leaves_no_file)
{
    enum { SIZE = 200000 };
    char *body = malloc(SIZE + 1024);
    CHECK(body != NULL);
    open_app();
    ask_bytes("POST /letters", MULTI, body, big_form(body, SIZE, ""),
              0); /* the pool's own files are open now */
    int before = open_files();
    CHECK_SAID(400, ask_bytes("POST /letters", MULTI, body, big_form(body, SIZE, ""), 0),
               PROBLEM(400, "Bad Request", "the form is broken: it has no end"));
    CHECK_SAID(400, ask_bytes("POST /letters", MULTI, body, big_form(body, SIZE, "\r\n--Bx"), 0),
               PROBLEM(400, "Bad Request",
                       "the form is broken: a line begins with the boundary but does not end there"));
    CHECK_INT(
        ask_bytes("POST /letters", MULTI, body, big_form(body, SIZE, "\r\n" FIELD("other", "x") END), 0),
        422);
    CHECK_INT(open_files(), before);
    free(body);
}

TEST(threat_069_a_form_has_limits)
{
    enum { SIZE = 1100000 };
    char *body = malloc(SIZE + 1024);
    CHECK(body != NULL);
    open_app();
    size_t len = (size_t)sprintf(body, "--B\r\nContent-Disposition: form-data; name=\"subject\"\r\n\r\n");
    memset(body + len, 'x', SIZE);
    len += SIZE;
    CHECK_SAID(413, ask_bytes("POST /letters", MULTI, body, len, 0),
               PROBLEM(413, "Content Too Large", "the form has more than 1048576 bytes of text"));
    len = 0;
    for (int i = 0; i < 101; i++)
        len += (size_t)sprintf(body + len, FILE_PART("pictures", "a", "x"));
    CHECK_SAID(413, ask_bytes("POST /letters", MULTI, body, len, 0),
               PROBLEM(413, "Content Too Large", "the form has more than 100 files"));
    CHECK_INT(ask_bytes("POST /letters", "Content-Type: multipart/form-data\r\n", body, len, 0), 400);
    free(body);
}

TEST(threat_073_a_full_disk_is_507)
{
    enum { SIZE = 200000 };
    char *body = malloc(SIZE + 1024);
    CHECK(body != NULL);
    open_app();
    setenv("TMPDIR", "/nonexistent", 1);
    CHECK_INT(ask_bytes("POST /letters", MULTI, body, big_form(body, SIZE, "\r\n" END), 0), 503);
    struct rlimit none = {64 * 1024, RLIM_INFINITY};
    unsetenv("TMPDIR");
    signal(SIGXFSZ, SIG_IGN);
    CHECK(setrlimit(RLIMIT_FSIZE, &none) == 0);
    CHECK_SAID(507, ask_bytes("POST /letters", MULTI, body, big_form(body, SIZE, "\r\n" END), 0),
               PROBLEM(507, "Insufficient Storage", "the disk is full: the upload was not stored"));
    free(body);
}

/* -- mistakes at start -- */

TERN_MODEL(Uploads, (tern_upload, file))
TERN_MODEL(ListInPath, (tern_int64_list, id))
TERN_MODEL(WrongPath, (int, number, .in = TERN_FROM_PATH))
TERN_MODEL(NestedQuery, (Item, item))
TERN_MODEL(BodyOfGet, (int, number, .in = TERN_FROM_BODY))
TERN_MODEL(Cookies, (tern_text_list, crumbs, .in = TERN_FROM_COOKIE))

TERN_HANDLER(uploads, Uploads, in)
{
    return tern_no_content(c);
}
TERN_HANDLER(list_in_path, ListInPath, in)
{
    return tern_no_content(c);
}
TERN_HANDLER(wrong_path, WrongPath, in)
{
    return tern_no_content(c);
}
TERN_HANDLER(nested_query, NestedQuery, in)
{
    return tern_no_content(c);
}
TERN_HANDLER(body_of_get, BodyOfGet, in)
{
    return tern_no_content(c);
}
TERN_HANDLER(cookies, Cookies, in)
{
    return tern_no_content(c);
}

TEST(mistakes_of_inputs_are_reported_at_start)
{
    static const struct {
        const char *method, *pattern;
        const tern_handler *handler;
        tern_route_options options;
        const char *problem;
    } cases[] = {
        {"GET",
         "/a",
         uploads,
         {0},
         "a.c:1: GET /a: model Uploads, field file: a GET request cannot upload a file\n"},
        {"POST",
         "/{id}",
         list_in_path,
         {0},
         "a.c:1: POST /{id}: model ListInPath, field id: the path gives one value, but a list needs several\n"},
        {"POST",
         "/{other}",
         wrong_path,
         {0},
         "a.c:1: POST /{other}: model WrongPath, field number: the route has no {number}\n"},
        {"GET",
         "/a",
         nested_query,
         {0},
         "a.c:1: GET /a: model NestedQuery, field item: a query is text: it can be a single value or a list of "
         "them\n"},
        {"GET",
         "/a",
         body_of_get,
         {0},
         "a.c:1: GET /a: model BodyOfGet, field number: a GET request has no body\n"},
        {"GET",
         "/a",
         cookies,
         {0},
         "a.c:1: GET /a: model Cookies, field crumbs: the cookie gives one value, but a list needs several\n"},
        {"POST",
         "/a",
         create_todo,
         {.stream_body = true},
         "a.c:1: POST /a: model Todo: its fields are read from the body, so the route cannot have "
         ".stream_body\n"},
        {"POST",
         "/a",
         create_todo,
         {.returns = TERN_TYPE(Todo), .paged = true},
         "a.c:1: POST /a: .paged needs .returns = TERN_LIST(...)\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf problems = {0};
        tern_route_options options = cases[i].options;
        options.file = "a.c";
        options.line = 1;
        tern_app *app = tern_app_new(.title = "t");
        tern_route(tern_app_root(app), cases[i].method, cases[i].pattern, cases[i].handler, &options);
        CHECK(!app_compile(app, &problems));
        CHECK_TEXT(problems.data, cases[i].problem);
        buf_free(&problems);
        app_free(app);
        schema_forget();
        bind_forget();
    }
}
