/** PATCH with a partial model and tern_copy: what a client sends, and how the row changes. */
#include "ask.h"

#include "app/openapi/openapi.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

TERN_MODEL(Settings,
    (int64_t,         id,      .key = true, .read_only = true),
    (const char *,    title,   .min_length = 1, .max_length = 20),
    (bool,            public,  .fallback = "true"),
    (bool,            wide,    .optional = true, .nullable = false),
    (int,             size,    .fallback = "5", .min = 1),
    (tern_text_list,  tags,    .fallback = "[]"),
    (const char *,    note,    .optional = true),
    (int,             secret,  .fallback = "9", .read_only = true))
TERN_PARTIAL(SettingsChange, Settings, id, title, public, wide, size, tags, note)
TERN_PARTIAL(AnyChange, Settings)
TERN_MODEL(Other, (const char *, titel), (int, note))

static const char *row_tags[] = {"x"};

static Settings row(void)
{
    return (Settings){.id = 3,
                      .title = "old",
                      .public = false,
                      .wide = true,
                      .size = 8,
                      .tags = {row_tags, 1},
                      .note = "old",
                      .secret = 7};
}

TERN_HANDLER(change, SettingsChange, in)
{
    Settings settings = row();
    unsigned copied = tern_copy(Settings, &settings, SettingsChange, in);
    tern_set_header(c, "X-Copied", tern_sprintf(c, "%u", copied));
    return tern_json(c, Settings, &settings);
}

TERN_HANDLER(change_any, AnyChange, in)
{
    Settings settings = row();
    tern_copy(Settings, &settings, AnyChange, in);
    return tern_json(c, Settings, &settings);
}

TERN_HANDLER(replace, Settings, in)
{
    Settings settings = row();
    tern_copy(Settings, &settings, Settings, in);
    return tern_json(c, Settings, &settings);
}

TERN_HANDLER(copy_other, Other, in)
{
    Settings settings = row();
    tern_copy(Settings, &settings, Other, in);
    return tern_json(c, Settings, &settings);
}

TERN_HANDLER(copy_nothing)
{
    Settings settings = row(), *none = NULL;
    tern_copy(Settings, &settings, Settings, none);
    return tern_json(c, Settings, &settings);
}

static tern_app *settings_app(void)
{
    tern_app *app = tern_app_new();
    tern_patch(app, "/settings/{id}", change);
    tern_patch(app, "/any/{id}", change_any);
    tern_put(app, "/settings/{id}", replace);
    tern_post(app, "/other", copy_other);
    tern_post(app, "/nothing", copy_nothing);
    return app;
}

#define ROW(title, public, wide, size, tags, note)                                                           \
    "{\"id\":3,\"title\":\"" title "\",\"public\":" public ",\"wide\":" wide ",\"size\":" size               \
                                                           ",\"tags\":" tags ",\"note\":" note               \
                                                           ",\"secret\":7}"

static bool has_copied(const char *count)
{
    const char *header = strstr(ask_reply, "\r\nX-Copied: ");
    return header != NULL && strncmp(header + 12, count, strlen(count)) == 0 &&
           header[12 + strlen(count)] == '\r';
}

TEST(a_change_affects_only_the_sent_fields)
{
    ask_open(settings_app());
    CHECK_SAID(200, ask("PATCH /settings/3", JSON, "{\"title\":\"new\"}"),
               ROW("new", "false", "true", "8", "[\"x\"]", "\"old\""));
    CHECK(has_copied("1")); /* the path's id is not copied: the row has one */
    CHECK_SAID(200, ask("PATCH /settings/3", JSON, "{\"public\":true,\"wide\":false,\"size\":1,\"tags\":[]}"),
               ROW("old", "true", "false", "1", "[]", "\"old\""));
    CHECK(has_copied("4"));
    CHECK_SAID(200, ask("PATCH /settings/3", JSON, "{}"),
               ROW("old", "false", "true", "8", "[\"x\"]", "\"old\""));
    CHECK(has_copied("0"));
}

TEST(null_removes_the_value_of_a_nullable_field)
{
    ask_open(settings_app());
    CHECK_SAID(200, ask("PATCH /settings/3", JSON, "{\"note\":null}"),
               ROW("old", "false", "true", "8", "[\"x\"]", "null"));
    CHECK_SAID(422, ask("PATCH /settings/3", JSON, "{\"title\":null}"),
               ONE_FAULT("\"body\",\"title\"", "null", "must not be null"));
}

TEST(a_form_changes_no_truth_value_that_it_does_not_send)
{
    ask_open(settings_app());
    CHECK_SAID(200, ask("PATCH /settings/3", FORM, "title=new"),
               ROW("new", "false", "true", "8", "[\"x\"]", "\"old\""));
    CHECK_SAID(200, ask("PATCH /settings/3", FORM, "size=&public=on"),
               ROW("old", "true", "true", "8", "[\"x\"]", "\"old\""));
}

TEST(threat_099_a_change_of_all_fields_keeps_those_of_the_service)
{
    ask_open(settings_app());
    CHECK_SAID(200, ask("PATCH /any/4", JSON, "{\"secret\":1,\"size\":2}"),
               ROW("old", "false", "true", "2", "[\"x\"]", "\"old\""));
    CHECK_SAID(422, ask("PATCH /any/4", JSON, "{\"id\":4}"),
               ONE_FAULT("\"body\",\"id\"", "unknown", "is not a known field"));
}

TEST(a_whole_model_replaces_all_fields_except_those_of_the_service)
{
    ask_open(settings_app());
    CHECK_SAID(200, ask("PUT /settings/3", JSON, "{\"title\":\"new\",\"note\":null}"),
               ROW("new", "true", "true", "5", "[]", "null"));
}

/* -- mistakes -- */

/** What is written to standard error from hear() to heard(). */
static int kept_stderr, log_file;

static void hear(void)
{
    log_file = memfd_create("log", 0);
    kept_stderr = dup(STDERR_FILENO);
    CHECK(log_file >= 0 && dup2(log_file, STDERR_FILENO) >= 0);
}

static const char *heard(void)
{
    static char text[4096];
    ssize_t len = pread(log_file, text, sizeof text - 1, 0);
    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
    close(log_file);
    text[len > 0 ? len : 0] = '\0';
    return text;
}

TEST(models_that_do_not_fit_fail_the_request_with_a_line_that_names_the_field_and_both)
{
    ask_open(settings_app());
    tern_log_set_level(TERN_LOG_ERROR);
    hear();
    int first = ask("POST /other", JSON, "{\"titel\":\"a\",\"note\":1}"),
        second = ask("POST /other", JSON, "{\"titel\":\"a\",\"note\":1}"),
        none = ask("POST /nothing", JSON, "");
    const char *said = heard();
    CHECK(first == 500 && second == 500 && none == 500);
    CHECK(
        strstr(said, "POST /other: Other cannot be copied into Settings: field titel does not exist there") !=
        NULL);
    CHECK(strstr(said, "POST /nothing: tern_copy was given NULL") != NULL);
}

TEST(models_that_do_not_fit_end_a_program_that_serves_no_request)
{
    pid_t child = fork();
    int status = 0;
    if (child == 0) {
        Settings settings = row();
        Other other = {.titel = "a"};
        tern_log_set_level(TERN_LOG_SILENT);
        tern_copy(Settings, &settings, Other, &other);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

TEST(the_document_of_a_change_has_no_default_and_requires_nothing)
{
    tern_app *app = tern_app_new();
    buf problems = {0}, text = {0};
    tern_patch(app, "/settings/{id}", change);
    CHECK(app_prepare(app, &problems));
    CHECK(openapi_write(app, &text));
    const char *want =
        "\"SettingsChange\":{\"type\":\"object\",\"properties\":{\"title\":{\"type\":\"string\","
        "\"minLength\":1,\"maxLength\":20},\"public\":{\"type\":\"boolean\"},\"wide\":{\"type\":"
        "\"boolean\"},\"size\":{\"type\":\"integer\",\"format\":\"int32\",\"minimum\":1,"
        "\"maximum\":2147483647},\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
        "\"note\":{\"type\":[\"string\",\"null\"]}},\"additionalProperties\":false}";
    if (strstr(text.data, want) == NULL)
        check_fail(__FILE__, __LINE__, "no %s\nin %s", want, text.data);
    CHECK(strstr(text.data, "\"name\":\"id\",\"in\":\"path\",\"required\":true") != NULL);
    CHECK(strstr(text.data, "readOnly") == NULL); /* which is for properties, not for parameters */
    buf_free(&text);
    buf_free(&problems);
    app_free(app);
    schema_forget();
    bind_forget();
}
