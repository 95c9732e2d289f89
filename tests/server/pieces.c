/** The application of test_pieces.py: authentication, addresses, paths, logs in files. Environment: USERS, a file of
 * htpasswd; LOG, the path of a log; ORDER=wrong. */
#include <tern.h>

#include <stdlib.h>
#include <string.h>

TERN_HANDLER(who)
{
    return tern_textf(c, "%s %s %s", tern_method(c), tern_path(c), tern_user(c) != NULL ? tern_user(c) : "-");
}

TERN_HANDLER(version)
{
    return tern_text(c, tern_version(c));
}

int main(int argc, char **argv)
{
    const char *users = getenv("USERS"), *log = getenv("LOG"), *combined = getenv("COMBINED"),
               *order = getenv("ORDER");
    tern_app *app = tern_app_new();
    tern_use(app, tern_request_ids());
    if (log != NULL)
        tern_use(app, tern_logger(.file = log, .fields = "target, status, user"));
    if (combined != NULL)
        tern_use(app, tern_logger(.file = combined, .format = TERN_LOGGER_COMBINED));
    tern_use(app, tern_redirects(.paths = TERN_PATHS({"/old/{name}", "/new/{name}"})),
             tern_method_override(.field = "_method"),
             tern_versions(.versions = "1, 2", .header = "API-Version", .fallback = "1"));
    if (order != NULL)
        tern_use(app, tern_problem_pages(), tern_basic_auth(.users = "a:b"), tern_basic_auth(.users = "a:b"));
    tern_favicon(app);
    tern_robots(app);
    tern_get(app, "/new/{name}", who);
    tern_delete(app, "/new/{name}", who);
    tern_get(app, "/api/v1/x", version);
    tern_get(app, "/api/v2/x", version);
    if (users != NULL)
        tern_get(app, "/staff", who, .use = TERN_USE(tern_basic_auth(.file = users)));
    tern_get(app, "/keys", who, .use = TERN_USE(tern_key_auth(.keys = "0123456789abcdef0123456789abcdef")));
    tern_get(app, "/here", who, .use = TERN_USE(tern_ip_filter(.allow = "127.0.0.0/8, ::1")));
    tern_get(app, "/elsewhere", who,
             .use = TERN_USE(tern_ip_filter(.allow = "10.0.0.0/8", .deny = "10.1.0.0/16")));
    tern_get(app, "/not-here", who, .use = TERN_USE(tern_ip_filter(.deny = "127.0.0.1")));
    return tern_run(app, argc, argv);
}
