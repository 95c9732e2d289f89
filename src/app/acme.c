#include "app/acme.h"

#include "app/middleware.h"
#include "base/mem.h"

#include <string.h>

/**
 * GET /.well-known/acme-challenge/TOKEN, on any host. It is the outermost middleware, so that neither
 * authentication nor a redirect is in its way. What is not expected goes on: the application may have a route
 * of its own there.
 */
static tern_reply acme_challenges(tern_ctx *c, void *folder)
{
    static const char prefix[] = ACME_CHALLENGE_PATH;
    char answer[ACME_ANSWER_BYTES];
    tern_str path = c->x->request->path;
    if (path.len < sizeof prefix || memcmp(path.data, prefix, sizeof prefix - 1) != 0 ||
        c->x->request->method != HTTP_GET)
        return tern_next(c);
    tern_str token = {path.data + sizeof prefix - 1, path.len - (sizeof prefix - 1)};
    if (!acme_answer_http_01(folder, token, answer))
        return tern_next(c);
    tern_set_header(c, "Cache-Control", "no-store");
    return tern_text(c, tern_sprintf(c, "%s", answer));
}

static int run_companion(void *self)
{
    const app_acme *a = self;
    return acme_run(&a->config);
}

bool app_acme_prepare(app_acme *a, tern_app *app, const settings *s, buf *problem)
{
    *a = (app_acme){0};
    if (s->acme.certificates.list.count == 0)
        return true;
    if (s->state_folder != NULL)
        buf_add_text(&a->folder, s->state_folder);
    else if (!acme_default_folder(&a->folder)) {
        buf_add_text(
            problem,
            "--state-dir: this user has no home folder: give a folder for accounts and certificates");
        return false;
    }
    if (a->folder.failed) {
        buf_add_text(problem, "out of memory");
        return false;
    }
    settings_of_acme(s, &a->config);
    a->config.state_folder = a->folder.data;
    middleware_use_first(
        app,
        &(tern_middleware){.name = "acme_challenges", .run = acme_challenges, .options = a->folder.data});
    return true;
}

/** The folder of the certificate whose names are `text`: they have been read before. */
static char *certificate_folder(const app_acme *a, tern_str text)
{
    acme_names names;
    buf path = {0}, problem = {0};
    if (names_read(text, &names, &problem)) {
        buf_add_printf(&path, "%s/certificates/%s", a->folder.data, names.list[0]);
        names_free(&names);
    }
    buf_free(&problem);
    if (!path.failed)
        return path.data;
    buf_free(&path);
    return NULL;
}

bool app_acme_open(app_acme *a, buf *problem)
{
    const acme_config *config = &a->config;
    if (config->certificate_count == 0)
        return true;
    if (!acme_prepare(config, problem)) {
        buf_add_text(problem, "\n");
        return false;
    }
    buf_add_printf(&a->challenges, "%s/acme/alpn", a->folder.data);
    bool is_short = a->challenges.failed;
    for (unsigned i = 0; i < config->certificate_count; i++) {
        a->certificates[i] = certificate_folder(a, config->certificates[i]);
        is_short |= a->certificates[i] == NULL;
    }
    if (is_short)
        buf_add_text(problem, "out of memory\n");
    a->companion = (worker_companion){.name = "acme", .run = run_companion, .self = a};
    return !is_short;
}

const worker_companion *app_acme_companion(const app_acme *a)
{
    return a->companion.run != NULL ? &a->companion : NULL;
}

void app_acme_free(app_acme *a)
{
    for (unsigned i = 0; i < a->config.certificate_count; i++)
        mem_free(a->certificates[i]);
    buf_free(&a->challenges);
    buf_free(&a->folder);
}
