/**
 * A program with everything of tern/security.h. TEST_ORIGINS names the origins of CORS, TEST_HOSTS the hosts.
 *
 * GET /who says what the application knows of the client; POST /change counts, GET /changes tells; pages show what
 * browsers make of policies, frames and forms.
 */
#include <tern.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

TERN_MODEL(Change, (int, amount, .min = 1, .max = 10))

static int64_t changes;

TERN_HANDLER(who)
{
    return tern_textf(c, "%s %s %s", tern_remote_address(c), tern_scheme(c), tern_host(c));
}

TERN_HANDLER(json)
{
    tern_set_header(c, "X-Total", "3");
    return tern_json_text(c, "{\"a\":1}");
}

TERN_HANDLER(put_json, Change, in)
{
    return tern_json(c, Change, in);
}

TERN_HANDLER(failing)
{
    tern_fail(c, 500, "it does");
}

TERN_HANDLER(change)
{
    changes++;
    return tern_text(c, "changed");
}

TERN_HANDLER(show_changes)
{
    return tern_textf(c, "%" PRId64, changes);
}

/** Two inline scripts, of which one has the nonce, and a style. */
TERN_HANDLER(page)
{
    return tern_html(c, tern_sprintf(c,
                                     "<!doctype html><title>page</title><body>"
                                     "<script nonce=\"%s\">window.nonced = true</script>"
                                     "<script>window.inlined = true</script>"
                                     "<style>body { color: rgb(1, 2, 3) }</style><p>page",
                                     tern_csp_nonce(c)));
}

/** A form that posts to the address in the query. */
TERN_HANDLER(form)
{
    const char *to = tern_escape_html(c, tern_query(c, "to") != NULL ? tern_query(c, "to") : "/change");
    tern_set_header(c, "Content-Security-Policy", ""); /* whose form-action would refuse it */
    return tern_html(
        c, tern_sprintf(c,
                        "<!doctype html><title>form</title><form method=post action=\"%s\">"
                        "<input type=hidden name=csrf_token value=\"%s\"><button>Send</button></form>",
                        to, tern_csrf_token(c)));
}

/** A page that frames and embeds the address in the query. */
TERN_HANDLER(embedding)
{
    const char *other = tern_escape_html(c, tern_query(c, "other"));
    tern_set_header(c, "Content-Security-Policy", "");
    return tern_html(c,
                     tern_sprintf(c,
                                  "<!doctype html><title>embedding</title><iframe src=\"%s/plain\"></iframe>"
                                  "<img src=\"%s/image\" onload=\"window.image = 'shown'\" "
                                  "onerror=\"window.image = 'refused'\">",
                                  other, other));
}

TERN_HANDLER(plain)
{
    return tern_html(c, "<!doctype html><title>plain</title><p>plain");
}

TERN_HANDLER(image)
{
    static const char svg[] = "<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>";
    return tern_bytes_reply(c, "image/svg+xml", svg, sizeof svg - 1);
}

TERN_HANDLER(go)
{
    return tern_redirect_local(c, tern_query(c, "next"), "/plain");
}

/** Waits for longer than any test does. */
TERN_HANDLER(slow)
{
    tern_log(TERN_LOG_INFO, "it waits");
    tern_sleep(c, 60000);
    return tern_text(c, "slow");
}

static bool is_api(tern_ctx *c)
{
    return strncmp(tern_path(c), "/api/", 5) == 0;
}

/** Routes of a group with pieces that add headers; the application has none of these. */
static void add_api(tern_app *app)
{
    tern_group *api = tern_group_new(app, "/api");
    tern_use(api, tern_request_ids(), tern_deprecated(.since = "2026-01-01"),
             tern_cors(.origins = "https://api.example"));
    tern_put(api, "/json", put_json);
    tern_get(api, "/slow", slow, .timeout_ms = 50);
}

int main(int argc, char **argv)
{
    const char *hosts = getenv("TEST_HOSTS");
    tern_app *app = tern_app_new(.title = "guarded");
    tern_use(app, tern_problem_pages(.html_for_browsers = true));
    if (hosts != NULL)
        tern_use(app, tern_hosts(.allow = hosts));
    tern_use(app,
             tern_cors(.origins = getenv("TEST_ORIGINS"), .credentials = true, .expose = "X-Total",
                       .skip = is_api),
             tern_csrf(.tokens = getenv("TEST_TOKENS") != NULL));
    tern_get(app, "/who", who);
    tern_get(app, "/json", json);
    tern_put(app, "/json", put_json);
    tern_get(app, "/failing", failing);
    tern_post(app, "/change", change);
    tern_get(app, "/changes", show_changes);
    tern_get(app, "/page", page);
    tern_get(app, "/reported", page,
             .use = TERN_USE(tern_csp(.report_only = "default-src 'none'", .reports = "/csp")));
    tern_get(app, "/form", form);
    tern_get(app, "/embedding", embedding);
    tern_get(app, "/plain", plain);
    tern_get(app, "/image", image);
    tern_get(app, "/go", go);
    tern_get(app, "/slow", slow, .timeout_ms = 50);
    tern_get(app, "/held", slow);
    add_api(app);
    tern_get(app, "/secure", plain, .use = TERN_USE(tern_https_redirect()));
    tern_post(app, "/early", change, .use = TERN_USE(tern_early_data()));
    return tern_run(app, argc, argv);
}
