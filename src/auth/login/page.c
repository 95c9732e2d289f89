/** Pages of a login. */
#include "auth/login/page.h"

#include <tern/problem.h>

#define PAGE                                                                                                     \
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"                                            \
    "<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n"                               \
    "<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem}"          \
    "a{color:#0b5fb0}@media(prefers-color-scheme:dark){body{background:#111;color:#eee}a{color:#8cf}}</style>\n" \
    "<main>\n<h1>%s</h1>\n%s</main>\n</html>\n"

static tern_reply page(tern_ctx *c, const char *title, const char *content)
{
    return tern_html(c, tern_sprintf(c, PAGE, title, title, content));
}

static tern_reply run(tern_ctx *c, void *unused)
{
    (void)unused;
    const login_provider *p = tern_route_arg(c);
    tern_reply reply = tern_next(c);
    const tern_problem *problem = tern_problem_of(c, &reply);
    if (problem == NULL)
        return reply;
    tern_vary(c, "Accept");
    tern_set_header(c, "Cache-Control", "no-store");
    if (!tern_prefers_html(c))
        return reply;
    const char *detail = problem->detail != NULL ? problem->detail : problem->title;
    const char *title = tern_sprintf(c, "Login with %s did not work", tern_escape_html(c, p->o.title));
    const char *content = tern_sprintf(c, "<p>%s.</p>\n<p><a href=\"%s\">Begin again</a></p>\n",
                                       tern_escape_html(c, detail), tern_escape_html(c, p->path));
    return tern_with_status(page(c, title, content), problem->status);
}

tern_middleware login_pages(void)
{
    return (tern_middleware){.name = "login pages", .run = run, .repeats = true};
}
