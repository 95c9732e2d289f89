/** An application in which every text of the documentation tries to inject markup or script;
 * test_docs_page.py reads its page. */
#include <tern.h>

#define HOSTILE "</script><script>hit()</script><img src=x onerror='hit()'>"

/* clang-format off */
TERN_MODEL(Note,
    (const char *, text, .help = HOSTILE, .example = HOSTILE, .fallback = HOSTILE,
     .json = "</td><img src=x onerror=hit()>"))
/* clang-format on */

TERN_HANDLER(echo, Note, in)
{
    return tern_json(c, Note, in);
}

int main(int argc, char **argv)
{
    tern_app *app =
        tern_app_new(.title = HOSTILE, .version = HOSTILE, .description = HOSTILE, .docs_path = "/manual");
    tern_post(app, "/notes", echo, .returns = TERN_TYPE(Note), .summary = HOSTILE, .description = HOSTILE,
              .tags = "<img src=x onerror=hit()>");
    return tern_run(app, argc, argv);
}
