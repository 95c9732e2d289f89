/** A POST that is to be a PUT, PATCH or DELETE. */
#include <tern/app.h>
#include <tern/paths.h>

#include <string.h>
#include <strings.h>

typedef struct method_override {
    const char *header, *field; /* NULL: none */
} method_override;

static const char *const methods[] = {"PUT", "PATCH", "DELETE"};

static const char *method_of(const char *text, size_t len)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strlen(methods[i]) == len && strncasecmp(methods[i], text, len) == 0)
            return methods[i];
    return NULL;
}

static void prepare(tern_app *app, void *options)
{
    const method_override *m = options;
    if (m == NULL)
        tern_mistake(app, "method_override: out of memory");
    else if (m->header == NULL && m->field == NULL)
        tern_mistake(app, "method_override: .header is \"\" and .field is missing: name one of them");
    else if (m->field != NULL &&
             m->field[strspn(m->field,
                             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")] != '\0')
        tern_mistake(app, "method_override: .field is \"%s\": use letters, digits, '_', '-' and '.'",
                     m->field);
}

static bool is_form(tern_ctx *c)
{
    static const char form[] = "application/x-www-form-urlencoded";
    const char *type = tern_header(c, "Content-Type");
    return type != NULL && strncasecmp(type, form, sizeof form - 1) == 0 &&
           (type[sizeof form - 1] == '\0' || strchr("; \t", type[sizeof form - 1]) != NULL);
}

/** The method that a field of a form names. A name with %XX is another one: nobody has to encode it. */
static const char *method_of_form(const char *name, tern_str body)
{
    size_t name_len = strlen(name);
    for (const char *at = body.data, *end = body.data + body.len; at < end;) {
        const char *stop = memchr(at, '&', (size_t)(end - at));
        size_t len = (size_t)((stop != NULL ? stop : end) - at);
        if (len > name_len && memcmp(at, name, name_len) == 0 && at[name_len] == '=')
            return method_of(at + name_len + 1, len - name_len - 1);
        at += len + 1;
    }
    return NULL;
}

static void before(tern_ctx *c, void *options)
{
    const method_override *m = options;
    if (strcmp(tern_method(c), "POST") != 0)
        return;
    const char *text = m->header != NULL ? tern_header(c, m->header) : NULL, *method = NULL;
    if (text != NULL && strcasecmp(text, "POST") != 0) {
        method = method_of(text, strlen(text));
        if (method == NULL || tern_header_nth(c, m->header, 1) != NULL)
            tern_fail(c, 400, "%s must be PUT, PATCH or DELETE, once", m->header);
    } else if (text == NULL && m->field != NULL && is_form(c)) {
        method = method_of_form(m->field, tern_body(c));
    }
    if (method != NULL)
        tern_set_method(c, method);
}

static tern_reply run(tern_ctx *c, void *options)
{
    (void)options;
    return tern_next(c);
}

tern_middleware tern_method_override_with(const tern_method_override_options *options)
{
    method_override m = {.header = options->header == NULL      ? "X-HTTP-Method-Override"
                                   : options->header[0] != '\0' ? options->header
                                                                : NULL,
                         .field = options->field};
    return (tern_middleware){.name = "method_override",
                             .run = run,
                             .options = tern_keep(&m, sizeof m),
                             .skip = options->skip,
                             .prepare = prepare,
                             .before = before,
                             .stage = TERN_STAGE_REWRITE};
}
