/** An application with its own format of errors, for the tests over sockets. Only the public interface is
 * used. */
#include <tern.h>

#include <inttypes.h>
#include <string.h>

static tern_shared_counter *calls; /* calls of the application's function, over all workers */

TERN_MODEL(Account,
    (const char *, email, .pattern = "@", .max_length = 20, .message = "is not an e-mail address"),
    (int,          age,   .min = 18, .optional = true))
TERN_MODEL(ApiError,
    (tern_text_list_map, errors))
TERN_MODEL(AdminError,
    (int,          code),
    (const char *, message))
TERN_MODEL(Page, (int, page, .max = 9, .fallback = "1"))

/* -- the shapes -- */

static tern_reply api_error(tern_ctx *c, const tern_problem *problem)
{
    tern_shared_add(calls, 1);
    ApiError body = {.errors = tern_problem_by_field(c, problem)};
    tern_set_header(c, "X-Path", tern_path(c));
    return tern_json(c, ApiError, &body);
}

static tern_reply typed_error(tern_ctx *c, const tern_problem *problem)
{
    tern_set_header(c, "Content-Type", "application/vnd.api+json");
    return tern_json_text(c, tern_sprintf(c, "{\"status\":%d}", problem->status));
}

static tern_reply admin_error(tern_ctx *c, const tern_problem *problem)
{
    const char *message = problem->detail != NULL ? problem->detail : problem->title;
    return tern_json(c, AdminError, (&(AdminError){.code = problem->status, .message = message}));
}

static tern_reply teapot(tern_ctx *c, const tern_problem *problem)
{
    tern_add_header(c, "Vary", "Accept");
    if (!tern_prefers_html(c))
        return tern_problem_details(c, problem);
    return tern_html(c, "<h1>a teapot</h1>");
}

static tern_reply conflict(tern_ctx *c, const tern_problem *problem)
{
    return tern_with_status(tern_textf(c, "moved on: %s", problem->detail), 410);
}

/* -- shapes that fail -- */

static tern_reply fails(tern_ctx *c, const tern_problem *problem)
{
    (void)problem;
    tern_set_header(c, "X-Half-Done", "yes");
    tern_fail(c, 503, "the shape is broken");
}

static tern_reply cannot_be_sent(tern_ctx *c, const tern_problem *problem)
{
    (void)c;
    (void)problem;
    return (tern_reply){.status = 1000};
}

static tern_reply missing_page(tern_ctx *c, const tern_problem *problem)
{
    (void)problem;
    return tern_file(c, "/nowhere/500.html");
}

static tern_reply waits(tern_ctx *c, const tern_problem *problem)
{
    tern_sleep(c, 5);
    return tern_textf(c, "waited for %d", problem->status);
}

static void write_slowly(tern_ctx *c, tern_stream *out, void *arg)
{
    tern_sleep(c, 1);
    tern_stream_printf(out, "streamed %s", (const char *)arg);
}

static tern_reply streams(tern_ctx *c, const tern_problem *problem)
{
    return tern_stream_reply(c, "text/plain", write_slowly, tern_strdup(c, problem->title));
}

/* -- handlers -- */

TERN_HANDLER(make_account, Account, in)
{
    if (strcmp(in->email, "ann@here") == 0)
        tern_fail_field(c, 422, "email", "taken", "is taken");
    return tern_created(c, Account, in);
}

TERN_HANDLER(list_accounts, Page, in)
{
    if (in->page == 9)
        tern_fail_field(c, 422, "page", "last", "is beyond the end");
    return tern_textf(c, "page %d", in->page);
}

TERN_HANDLER(fail)
{
    tern_fail(c, (int)tern_query_int(c, "status", 500), "%s", "as asked <for>");
}

TERN_HANDLER(unauthorized)
{
    tern_set_header(c, "WWW-Authenticate", "Bearer");
    return tern_problem_reply(c, &(tern_problem){.status = 401, .detail = "no token"});
}

TERN_HANDLER(bare)
{
    return tern_status(c, 410);
}

TERN_HANDLER(own)
{
    return tern_with_status(tern_json_text(c, "{\"mine\":1}"), 409);
}

TERN_HANDLER(redirects_badly)
{
    return tern_redirect(c, "not visible");
}

TERN_HANDLER(vanished)
{
    return (tern_reply){.status = 200, .kind = TERN_REPLY_FILE, .arg = "/nowhere/vanished"};
}

static void count_up(tern_ctx *c, void *arg)
{
    for (int *n = arg; *n < 5; ++*n)
        tern_sleep(c, 1);
}

TERN_HANDLER(looks_for_a_file)
{
    int n = 0;
    tern_task *counting = tern_go(c, count_up, &n);
    tern_reply missing = tern_file(c, "/nowhere/to/be/found");
    tern_wait(c, counting);
    return tern_textf(c, "%d, counted to %d", missing.status, n);
}

TERN_HANDLER(late)
{
    tern_sleep(c, 10000);
    return tern_no_content(c);
}

static void break_off(tern_ctx *c, tern_stream *out, void *arg)
{
    (void)arg;
    tern_stream_printf(out, "begun");
    tern_stream_flush(out);
    tern_fail(c, 500, "half-way");
}

TERN_HANDLER(half)
{
    return tern_stream_reply(c, "text/plain", break_off, NULL);
}

TERN_HANDLER(count_calls)
{
    return tern_textf(c, "%" PRId64, tern_shared_get(calls));
}

/* -- after the reply -- */

static void log_after(tern_ctx *c, void *arg)
{
    tern_sent_reply sent = tern_sent(c);
    tern_sleep(c, 1);
    tern_log(TERN_LOG_INFO, "%s %s: %d, %" PRIu64 " bytes, %s", (const char *)arg, tern_path(c), sent.status,
             sent.bytes, sent.is_cut_off ? "cut off" : "whole");
}

static void fail_after(tern_ctx *c, void *arg)
{
    (void)arg;
    tern_fail(c, 500, "too late to matter");
}

static tern_reply after(tern_ctx *c, void *options)
{
    (void)options;
    tern_after(c, log_after, "first");
    tern_after(c, fail_after, NULL);
    tern_after(c, log_after, "last");
    return tern_next(c);
}

static tern_reply page(tern_ctx *c, const tern_problem *problem)
{
    if (problem->status == 410)
        return tern_file(c, "/nowhere/410.html");
    return tern_html(c, tern_sprintf(c, "<h1>%d</h1><p>%s", problem->status,
                                     tern_escape_html(c, problem->detail != NULL ? problem->detail : "")));
}

int main(int argc, char **argv)
{
    tern_app *app =
        tern_app_new(.title = "Problems", .version = "1.0",
                     .limits = {
                         .head_timeout_ms = 300, .body_bytes = 100, .url_bytes = 200, .head_bytes = 2000});
    calls = tern_shared_counter_new("calls");
    tern_on_problem(app, api_error, .returns = TERN_TYPE(ApiError));
    tern_on_status(app, 418, teapot);
    tern_post(app, "/accounts", make_account, .returns = TERN_TYPE(Account), .status = 201);
    tern_get(app, "/accounts", list_accounts);
    tern_get(app, "/fail", fail);
    tern_get(app, "/unauthorized", unauthorized);
    tern_get(app, "/own", own);
    tern_get(app, "/bare", bare);
    tern_get(app, "/redirect", redirects_badly);
    tern_get(app, "/vanished", vanished);
    tern_get(app, "/looks", looks_for_a_file);
    tern_post(app, "/users", make_account, .name = "users", .takes_in = "user");
    tern_group *plain = tern_group_new(app, "/plain");
    tern_on_problem(plain, tern_problem_details);
    tern_post(plain, "/users", make_account, .name = "plain_users", .takes_in = "user");
    tern_get(app, "/late", late, .timeout_ms = 20);
    tern_get(app, "/calls", count_calls);

    tern_group *admin = tern_group_new(app, "/admin/{site}");
    tern_on_problem(admin, admin_error, .returns = TERN_TYPE(AdminError),
                    .media_type = "application/vnd.admin+json");
    tern_on_status(admin, 409, conflict);
    tern_get(admin, "/fail", fail, .name = "admin_fail");
    tern_post(admin, "/accounts", make_account, .name = "admin_account");
    tern_group *inner = tern_group_new(admin, "/inner");
    tern_get(inner, "/fail", fail, .name = "inner_fail");

    tern_group *hosted = tern_group_new(app, "", .host = "*.admin.example");
    tern_on_problem(hosted, admin_error);
    tern_group *exact = tern_group_new(app, "/v1", .host = "api.example");
    tern_on_problem(exact, admin_error);

    tern_group *pages = tern_group_new(app, "/pages", .use = TERN_USE(tern_problem_pages(.page = page)));
    tern_get(pages, "/fail", fail, .name = "pages_fail");
    tern_get(pages, "/bare", bare, .name = "pages_bare");

    tern_group *typed =
        tern_group_new(app, "/typed", .use = TERN_USE(tern_problem_pages(.html_for_browsers = true)));
    tern_on_problem(typed, typed_error);
    tern_get(typed, "/fail", fail, .name = "typed_fail");

    const struct {
        const char *prefix;
        tern_problem_function *function;
    } odd[] = {{"/fails", fails},
               {"/unsound", cannot_be_sent},
               {"/missing", missing_page},
               {"/waits", waits},
               {"/streams", streams}};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        tern_group *group = tern_group_new(app, odd[i].prefix);
        tern_on_problem(group, odd[i].function);
        tern_get(group, "/fail", fail, .name = odd[i].prefix);
        tern_get(group, "/late", late, .name = odd[i].prefix + 1, .timeout_ms = 20);
        tern_get(group, "/vanished", vanished, .name = odd[i].prefix + 2);
        tern_post(group, "/accounts", make_account, .name = odd[i].prefix + 3);
    }
    tern_group *followed = tern_group_new(app, "/after", .use = TERN_USE(TERN_MIDDLEWARE(after)));
    tern_get(followed, "/own", own, .name = "after_own");
    tern_get(followed, "/half", half, .name = "after_half");
    tern_get(followed, "/fail", fail, .name = "after_fail");
    return tern_run(app, argc, argv);
}
