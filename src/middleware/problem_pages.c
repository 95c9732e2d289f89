/** Turns errors without a body into problems, and problems into pages for people. */
#include <tern/log.h>
#include <tern/middleware.h>

/** The page for a problem for which the application has none. */
static tern_reply built_in_page(tern_ctx *c, const tern_problem *problem)
{
    const char *title = tern_escape_html(c, problem->title);
    const char *detail = problem->detail != NULL ? tern_escape_html(c, problem->detail) : "";
    return tern_html(c, tern_sprintf(c,
                                     "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
                                     "<title>%d %s</title>\n<h1>%s</h1>\n<p>%s</p>\n</html>\n",
                                     problem->status, title, title, detail));
}

/** The application's page, unless it could not be made: a missing file is itself a problem. */
static tern_reply page(tern_ctx *c, const tern_problem *problem, tern_problem_function *own)
{
    tern_reply reply = own != NULL ? own(c, problem) : built_in_page(c, problem);
    if (own != NULL && tern_problem_of(c, &reply) != NULL)
        reply = built_in_page(c, problem);
    return reply.status < 300 ? tern_with_status(reply, problem->status) : reply;
}

static void log_failure(tern_ctx *c, const tern_problem *problem)
{
    const tern_log_field fields[] = {{.name = "method", .text = tern_method(c)},
                                     {.name = "path", .text = tern_path(c)},
                                     {.name = "route", .text = tern_route_pattern(c)},
                                     {.name = "status", .number = problem->status},
                                     {.name = "request_id", .text = tern_request_id(c)}};
    tern_log_event(TERN_LOG_ERROR,
                   problem->detail != NULL ? problem->detail : tern_status_text(problem->status), fields,
                   sizeof fields / sizeof *fields);
}

static tern_reply run(tern_ctx *c, bool has_pages, tern_problem_function *own_page)
{
    tern_reply reply = tern_next(c);
    if (reply.status < 400)
        return reply;
    const tern_problem *told = tern_problem_of(c, &reply);
    /* The text comes from the problem only if the problem still belongs to this reply. */
    const tern_problem problem =
        told != NULL && told->status == reply.status
            ? *told
            : (tern_problem){.status = reply.status, .title = tern_status_text(reply.status)};
    if (reply.status >= 500)
        log_failure(c, &problem);
    if (told == NULL && !tern_is_bare(&reply))
        return reply;
    if (has_pages) {
        tern_vary(c, "Accept");
        if (tern_prefers_html(c))
            return page(c, &problem, own_page);
    }
    return told != NULL ? reply : tern_problem_reply(c, &problem);
}

static tern_reply run_without_pages(tern_ctx *c, void *unused)
{
    (void)unused;
    return run(c, false, NULL);
}

/** `own_page`: a tern_problem_function, or NULL for the built-in page. */
static tern_reply run_with_pages(tern_ctx *c, void *own_page)
{
    return run(c, true, (tern_problem_function *)(uintptr_t)own_page);
}

tern_middleware tern_problem_pages_with(const tern_problem_pages_options *options)
{
    bool has_pages = options->html_for_browsers || options->page != NULL;
    return (tern_middleware){.name = "problem_pages",
                             .run = has_pages ? run_with_pages : run_without_pages,
                             .options = (void *)(uintptr_t)options->page,
                             .skip = options->skip,
                             .stage = TERN_STAGE_PAGES,
                             .repeats = true};
}
