/** Bodies and replies under a key (.takes_in, .wrapped). */
#include "ask.h"

#include "app/openapi/openapi.h"

static void check_range(const void *model, tern_faults *faults);

TERN_MODEL(User,
    (int64_t,      id,    .key = true, .read_only = true),
    (const char *, email, .min_length = 3),
    (const char *, bio,   .optional = true))
TERN_PARTIAL(UserChange, User, id, email, bio)
TERN_MODEL_WITH(Loose, (.ignore_unknown = true), (int, number))
TERN_MODEL_WITH(Range, (.check = check_range), (int, least), (int, most), (int, from, .in = TERN_FROM_QUERY))
TERN_MODEL(Photo, (tern_upload, file))
TERN_MODEL(Refusal, (const char *, why))

static void check_range(const void *model, tern_faults *faults)
{
    const Range *range = model;
    if (range->least > range->most)
        tern_fault_add(faults, "most", "too_small", "must not be less than least");
    if (range->from > range->least)
        tern_fault_add(faults, "from", "too_large", "must not be more than least");
}

TERN_HANDLER(create_user, User, in)
{
    User user = {.id = 5};
    tern_copy(User, &user, User, in);
    return tern_created(c, User, &user);
}

TERN_HANDLER(change_user, UserChange, in)
{
    User user = {.id = in->id, .email = "old@x", .bio = "old"};
    return tern_copy(User, &user, UserChange, in) != 0 ? tern_json(c, User, &user) : tern_no_content(c);
}

TERN_HANDLER(list_users)
{
    User users[] = {{.id = 1, .email = "a@b", .bio = "A"}, {.id = 2, .email = "c@d"}};
    return tern_json_list(c, User, ((User_list){users, 2}));
}

TERN_HANDLER(no_users)
{
    return tern_json_list(c, User, (User_list){0});
}

TERN_HANDLER(refuse_user)
{
    return tern_with_status(tern_json(c, Refusal, &(Refusal){.why = "full"}), 409);
}

TERN_HANDLER(null_user)
{
    return tern_json(c, User, &(User){.id = 1});
}

TERN_HANDLER(take_loose, Loose, in)
{
    return tern_textf(c, "%d", in->number);
}

TERN_HANDLER(take_range, Range, in)
{
    return tern_textf(c, "%d %d", in->least, in->most);
}

TERN_HANDLER(count)
{
    int64_t number = 41;
    return tern_json_of(c, TERN_TYPE(tern_int64), &number, true);
}

TERN_HANDLER(take_photo, Photo, in)
{
    return tern_textf(c, "%zu", in->file.size);
}

TERN_HANDLER(taken_user, User, in)
{
    tern_fail_field(c, 409, "email", "taken", "is taken");
}

TERN_MODEL(Problems, (tern_text_list_map, errors))

static tern_reply by_field(tern_ctx *c, const tern_problem *problem)
{
    return tern_json(c, Problems, &(Problems){.errors = tern_problem_by_field(c, problem)});
}

static tern_app *users_app(void)
{
    tern_app *app = tern_app_new();
    tern_post(app, "/users", create_user, .takes_in = "user", .returns = TERN_TYPE(User), .wrapped = "user",
              .status = 201);
    tern_patch(app, "/users/{id}", change_user, .takes_in = "user", .returns = TERN_TYPE(User),
               .wrapped = "user");
    tern_get(app, "/users", list_users, .returns = TERN_LIST(User), .wrapped = "users");
    tern_get(app, "/none", no_users, .returns = TERN_LIST(User), .wrapped = "a \"quoted\" \xc3\xa4");
    tern_get(app, "/refused", refuse_user, .returns = TERN_TYPE(User), .wrapped = "user");
    tern_get(app, "/null", null_user, .returns = TERN_TYPE(User), .wrapped = "user");
    tern_get(app, "/count", count, .returns = TERN_TYPE(tern_int64), .wrapped = "count");
    tern_post(app, "/loose", take_loose, .takes_in = "loose");
    tern_post(app, "/ranges", take_range, .takes_in = "range");
    tern_post(app, "/taken", taken_user, .takes_in = "user");
    return app;
}

TEST(a_body_is_taken_from_under_its_key_and_replied_under_it)
{
    ask_open(users_app());
    CHECK_SAID(201, ask("POST /users", JSON, " { \"user\" : {\"email\":\"a@b\",\"bio\":\"\\u00e4\"} } "),
               "{\"user\":{\"id\":5,\"email\":\"a@b\",\"bio\":\"\xc3\xa4\"}}");
    CHECK(strstr(ask_reply, "\r\nLocation: /users/5\r\n") != NULL);
}

TEST(faults_have_the_key_in_their_location)
{
    ask_open(users_app());
    CHECK_SAID(422, ask("POST /users", JSON, "{\"user\":{\"email\":\"a\",\"admin\":true}}"),
               FAULTS("2 values are wrong",
                      "{\"location\":[\"body\",\"user\",\"email\"],\"code\":\"too_short\",\"message\":"
                      "\"must have at least 3 characters\",\"min_length\":3}," FAULT(
                          "\"body\",\"user\",\"admin\"", "unknown", "is not a known field")));
    CHECK_SAID(422, ask("POST /users", JSON, "{\"user\":{}}"),
               ONE_FAULT("\"body\",\"user\",\"email\"", "missing", "must be given"));
}

TEST(a_body_without_its_key_is_reported)
{
    ask_open(users_app());
    CHECK_SAID(422, ask("POST /users", JSON, "{}"),
               ONE_FAULT("\"body\",\"user\"", "missing", "must be given"));
    CHECK_SAID(
        422, ask("POST /users", JSON, "{\"email\":\"a@b\"}"),
        FAULTS("2 values are wrong", FAULT("\"body\",\"email\"", "unknown", "is not a known field") "," FAULT(
                                         "\"body\",\"user\"", "missing", "must be given")));
    CHECK_SAID(422, ask("POST /users", JSON, "{\"user\":null}"),
               ONE_FAULT("\"body\",\"user\"", "null", "must not be null"));
    CHECK_SAID(422, ask("POST /users", JSON, "{\"user\":[]}"),
               ONE_FAULT("\"body\",\"user\"", "not_object", "must be an object"));
    CHECK_SAID(422, ask("POST /users", JSON, "[]"), ONE_FAULT("\"body\"", "not_object", "must be an object"));
}

TEST(a_body_beside_its_key_is_refused)
{
    ask_open(users_app());
    CHECK_SAID(422, ask("POST /users", JSON, "{\"user\":{\"email\":\"a@b\"},\"email\":\"c@d\"}"),
               ONE_FAULT("\"body\",\"email\"", "unknown", "is not a known field"));
    CHECK_SAID(422, ask("POST /users", JSON, "{\"user\":{\"email\":\"a@b\"},\"user\":{\"email\":\"c@d\"}}"),
               ONE_FAULT("\"body\",\"user\"", "duplicate", "is given twice"));
    CHECK_SAID(200, ask("POST /loose", JSON, "{\"more\":1,\"loose\":{\"number\":3,\"more\":2}}"), "3");
}

TEST(no_body_lacks_the_key_where_something_must_be_given)
{
    ask_open(users_app());
    CHECK_SAID(422, ask("POST /users", JSON, ""), ONE_FAULT("\"body\",\"user\"", "missing", "must be given"));
    CHECK_INT(ask("PATCH /users/3", JSON, ""), 204);
}

TEST(broken_json_in_a_key_is_a_400)
{
    ask_open(users_app());
    CHECK_INT(ask("POST /users", JSON, "{\"user\":{\"email\":\"a@b\"}"), 400);
    CHECK_INT(ask("POST /users", JSON, "{\"user\":{\"email\":\"a@b\"}}}"), 400);
}

TEST(fields_of_the_path_stay_outside_of_the_key)
{
    ask_open(users_app());
    CHECK_SAID(200, ask("PATCH /users/3", JSON, "{\"user\":{\"bio\":null}}"),
               "{\"user\":{\"id\":3,\"email\":\"old@x\",\"bio\":null}}");
    CHECK_INT(ask("PATCH /users/3", JSON, "{\"user\":{}}"), 204);
    CHECK_SAID(422, ask("PATCH /users/3", JSON, "{\"user\":{\"email\":null}}"),
               ONE_FAULT("\"body\",\"user\",\"email\"", "null", "must not be null"));
}

TEST(forms_have_no_key)
{
    ask_open(users_app());
    CHECK_SAID(201, ask("POST /users", FORM, "email=a%40b"),
               "{\"user\":{\"id\":5,\"email\":\"a@b\",\"bio\":null}}");
    CHECK_SAID(
        422, ask("POST /users", FORM, "user=a"),
        FAULTS("2 values are wrong", FAULT("\"body\",\"user\"", "unknown", "is not a known field") "," FAULT(
                                         "\"body\",\"email\"", "missing", "must be given")));
}

TEST(faults_of_a_models_check_are_placed_under_the_key_or_where_the_field_comes_from)
{
    ask_open(users_app());
    CHECK_SAID(
        422, ask("POST /ranges?from=9", JSON, "{\"range\":{\"least\":3,\"most\":2}}"),
        FAULTS("2 values are wrong",
               FAULT("\"body\",\"range\",\"most\"", "too_small", "must not be less than least") "," FAULT(
                   "\"query\",\"from\"", "too_large", "must not be more than least")));
    CHECK_SAID(422, ask("POST /ranges?from=9", FORM, "least=3&most=2"),
               FAULTS("2 values are wrong",
                      FAULT("\"body\",\"most\"", "too_small", "must not be less than least") "," FAULT(
                          "\"query\",\"from\"", "too_large", "must not be more than least")));
}

TEST(lists_and_single_values_are_replied_under_a_key)
{
    ask_open(users_app());
    CHECK_SAID(
        200, ask("GET /users", JSON, ""),
        "{\"users\":[{\"id\":1,\"email\":\"a@b\",\"bio\":\"A\"},{\"id\":2,\"email\":\"c@d\",\"bio\":null}]}");
    CHECK_SAID(200, ask("GET /none", JSON, ""), "{\"a \\\"quoted\\\" \xc3\xa4\":[]}");
    CHECK_SAID(200, ask("GET /count", JSON, ""), "{\"count\":41}");
}

TEST(replies_of_other_types_and_problems_have_no_key)
{
    ask_open(users_app());
    CHECK_SAID(409, ask("GET /refused", JSON, ""), "{\"why\":\"full\"}");
    CHECK_SAID(500, ask("GET /null", JSON, ""), HANDLER_FAILED);
}

TEST(a_fault_of_a_field_that_a_handler_reports_has_the_key_too)
{
    ask_open(users_app());
    CHECK_INT(ask("POST /taken", JSON, "{\"user\":{\"email\":\"a@b\"}}"), 409);
    CHECK(strstr(ask_said(), "\"location\":[\"body\",\"user\",\"email\"],\"code\":\"taken\"") != NULL);
    CHECK_INT(ask("POST /taken", FORM, "email=a%40b"), 409);
    CHECK(strstr(ask_said(), "\"location\":[\"body\",\"email\"],\"code\":\"taken\"") != NULL);
}

TEST(messages_by_field_leave_the_key_out)
{
    tern_app *app = users_app();
    tern_on_problem(app, by_field, .returns = TERN_TYPE(Problems));
    ask_open(app);
    CHECK_SAID(422, ask("POST /users", JSON, "{\"user\":{\"email\":\"a\"}}"),
               "{\"errors\":{\"email\":[\"must have at least 3 characters\"]}}");
    CHECK_SAID(422, ask("POST /users", JSON, "{}"), "{\"errors\":{\"user\":[\"must be given\"]}}");
    CHECK_SAID(409, ask("POST /taken", JSON, "{\"user\":{\"email\":\"a@b\"}}"),
               "{\"errors\":{\"email\":[\"is taken\"]}}");
}

/* -- the document -- */

TEST(the_document_shows_the_key_around_bodies_and_replies)
{
    tern_app *app = tern_app_new();
    buf problems = {0}, text = {0};
    tern_post(app, "/users", create_user, .takes_in = "user", .returns = TERN_TYPE(User), .wrapped = "user",
              .forms = true);
    tern_get(app, "/users", list_users, .returns = TERN_LIST(User), .wrapped = "users", .partial = true);
    CHECK(app_prepare(app, &problems));
    CHECK(openapi_write(app, &text));
    const char *const parts[] = {
        "\"application/json\":{\"schema\":{\"type\":\"object\",\"properties\":{\"user\":{\"$ref\":"
        "\"#/components/schemas/UserInput\"}},\"required\":[\"user\"],\"additionalProperties\":false}},"
        "\"application/x-www-form-urlencoded\":{\"schema\":{\"$ref\":\"#/components/schemas/UserInput\"}}",
        "\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\",\"properties\":{\"user\":"
        "{\"$ref\":\"#/components/schemas/User\"}},\"required\":[\"user\"]}}}",
        "{\"type\":\"object\",\"properties\":{\"users\":{\"type\":\"array\",\"items\":{\"anyOf\":[",
        "]}}},\"required\":[\"users\"]}}}",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strstr(text.data, parts[i]) == NULL)
            check_fail(__FILE__, __LINE__, "no %s\nin %s", parts[i], text.data);
    buf_free(&text);
    buf_free(&problems);
    app_free(app);
    schema_forget();
    bind_forget();
}

/* -- mistakes -- */

#define REFUSED(registration, want)                                                                          \
    do {                                                                                                     \
        tern_app *app = tern_app_new();                                                                      \
        buf problems = {0};                                                                                  \
        registration;                                                                                        \
        CHECK(!app_compile(app, &problems));                                                                 \
        CHECK(problems.data != NULL);                                                                        \
        const char *line = problems.data != NULL ? strchr(problems.data, ' ') : NULL;                        \
        CHECK_TEXT(line != NULL ? line + 1 : "", want "\n");                                                 \
        buf_free(&problems);                                                                                 \
        app_free(app);                                                                                       \
        schema_forget();                                                                                     \
        bind_forget();                                                                                       \
    } while (0)

TEST(a_key_around_no_body_is_refused_at_start)
{
    REFUSED(
        tern_get(app, "/users", take_loose, .takes_in = "user"),
        "GET /users: model Loose: .takes_in = \"user\" is for fields of the body, but no field comes from it");
    REFUSED(tern_post(app, "/users", list_users, .takes_in = "user"),
            "POST /users: .takes_in = \"user\" is for a handler with an input: "
            "TERN_HANDLER(list_users, Model, in)");
    REFUSED(tern_post(app, "/photos", take_photo, .takes_in = "photo"),
            "POST /photos: model Photo: .takes_in = \"photo\" is for JSON, but a body with files is a form; "
            "leave it out");
    REFUSED(tern_post(app, "/users", create_user, .takes_in = ""),
            "POST /users: model User: .takes_in must have 1 to 255 bytes");
    REFUSED(tern_post(app, "/users", create_user, .takes_in = "\xff"),
            "POST /users: model User: .takes_in is not UTF-8");
}

TEST(a_key_around_no_reply_is_refused_at_start)
{
    REFUSED(tern_get(app, "/users", list_users, .wrapped = "users"),
            "GET /users: .wrapped = \"users\" is for JSON; give its type too: .returns = TERN_TYPE(...)");
    REFUSED(
        tern_get(app, "/users", list_users, .wrapped = "users", .returns = TERN_LIST(User), .status = 204),
        "GET /users: .wrapped = \"users\" is for JSON; give its type too: .returns = TERN_TYPE(...)");
    REFUSED(
        tern_get(app, "/users", list_users, .wrapped = "users", .returns = TERN_LIST(User), .paged = true),
        "GET /users: .wrapped = \"users\" is not for pages; name their fields: .page_names = {.items = \"users\"}");
    REFUSED(tern_get(app, "/users", list_users, .wrapped = "", .returns = TERN_LIST(User)),
            "GET /users: .wrapped must have 1 to 255 bytes");
}
