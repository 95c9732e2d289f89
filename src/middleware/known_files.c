/** Files that clients look for by themselves: favicon, robots.txt, security.txt. */
#include <tern/app.h>
#include <tern/log.h>
#include <tern/paths.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FILE_BYTES = 1024 * 1024, TEXT_BYTES = 64 * 1024 };

/** The reply of such a route; its bytes live as long as the process. */
typedef struct known_file {
    const char *type, *data; /* data NULL: 204 */
    size_t len;
    char cache_control[40];
} known_file;

static tern_reply serve(tern_ctx *c)
{
    const known_file *f = tern_route_arg(c);
    tern_set_header(c, "Cache-Control", f->cache_control);
    return f->data != NULL ? tern_bytes_reply(c, f->type, f->data, f->len) : tern_no_content(c);
}

static void add_route(tern_app *app, const char *path, const char *name, known_file file, unsigned max_age_s)
{
    snprintf(file.cache_control, sizeof file.cache_control, "public, max-age=%u", max_age_s);
    tern_handler handler = {
        .name = name, .run = serve, .file = __FILE__, .line = __LINE__, .arg = tern_keep(&file, sizeof file)};
    if (handler.arg == NULL)
        tern_mistake(app, "%s: out of memory", path);
    tern_route(tern_app_root(app), "GET", path, &handler,
               &(tern_route_options){.file = __FILE__, .line = __LINE__, .hidden = true});
}

/* -- favicon -- */

static const char *icon_type(const char *path)
{
    static const struct {
        const char *suffix, *type;
    } types[] = {{".ico", "image/x-icon"}, {".png", "image/png"}, {".svg", "image/svg+xml"}};
    const char *suffix = strrchr(path, '.');
    for (size_t i = 0; suffix != NULL && i < sizeof types / sizeof *types; i++)
        if (strcmp(suffix, types[i].suffix) == 0)
            return types[i].type;
    return NULL;
}

static void read_icon(tern_app *app, const char *path, known_file *out)
{
    FILE *file = fopen(path, "re");
    char *data = file != NULL ? malloc(FILE_BYTES + 1) : NULL;
    size_t len = data != NULL ? fread(data, 1, FILE_BYTES + 1, file) : 0;
    out->type = icon_type(path);
    if (file == NULL || ferror(file))
        tern_mistake(app, "favicon: cannot read .file \"%s\": %s", path, strerror(errno));
    else if (data == NULL || len > FILE_BYTES)
        tern_mistake(app, "favicon: .file \"%s\" is larger than 1 MiB, or than the memory", path);
    else if (out->type == NULL)
        tern_mistake(app, "favicon: .file \"%s\" must end with .ico, .png or .svg", path);
    else if ((out->data = tern_keep(data, len + 1)) == NULL)
        tern_mistake(app, "favicon: out of memory");
    out->len = len;
    free(data);
    if (file != NULL)
        fclose(file);
}

void tern_favicon_with(tern_app *app, const tern_favicon_options *options)
{
    known_file file = {0};
    if (options->file != NULL)
        read_icon(app, options->file, &file);
    add_route(app, "/favicon.ico", "favicon", file, options->max_age_s != 0 ? options->max_age_s : 86400);
}

/* -- texts -- */

/** Adds lines to a text; `is_short` when they do not fit. */
typedef struct text {
    size_t len;
    bool is_short;
    char data[TEXT_BYTES];
} text;

__attribute__((format(printf, 2, 3))) static void add(text *t, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    int len = vsnprintf(t->data + t->len, sizeof t->data - t->len, format, values);
    va_end(values);
    if (len < 0 || (size_t)len >= sizeof t->data - t->len)
        t->is_short = true;
    else
        t->len += (size_t)len;
}

static bool has_control(const char *value)
{
    for (; *value != '\0'; value++)
        if ((unsigned char)*value < ' ' || *value == 0x7f)
            return true;
    return false;
}

/** Takes the next item of a list with commas, without the spaces around it; false at the end. */
static bool next_item(const char **at, tern_str *item)
{
    *at += strspn(*at, ", \t");
    size_t len = strcspn(*at, ",");
    *item = (tern_str){*at, len};
    *at += len;
    while (item->len > 0 && (item->data[item->len - 1] == ' ' || item->data[item->len - 1] == '\t'))
        item->len--;
    return item->len != 0;
}

static void add_text_route(tern_app *app, const char *path, const char *name, const text *t)
{
    known_file file = {
        .type = "text/plain; charset=utf-8", .len = t->len, .data = tern_keep(t->data, t->len + 1)};
    if (file.data == NULL)
        tern_mistake(app, "%s: out of memory", path);
    if (t->is_short)
        tern_mistake(app, "%s: the text is longer than 64 KiB", path);
    add_route(app, path, name, file, 86400);
}

/* -- robots.txt -- */

static void add_disallowed(text *t, tern_app *app, const char *list)
{
    tern_str item;
    bool has_any = false;
    for (const char *at = list; next_item(&at, &item); has_any = true) {
        if (item.data[0] != '/')
            tern_mistake(app, "robots: .disallow has \"%.*s\": begin each path with '/'", (int)item.len,
                         item.data);
        add(t, "Disallow: %.*s\n", (int)item.len, item.data);
    }
    if (!has_any)
        add(t, "Disallow:\n");
}

void tern_robots_with(tern_app *app, const tern_robots_options *options)
{
    text *t = calloc(1, sizeof *t);
    if (t == NULL) {
        tern_mistake(app, "robots: out of memory");
        return;
    }
    if (options->text != NULL && (options->disallow != NULL || options->sitemap != NULL))
        tern_mistake(app, "robots: .text is the whole file: leave .disallow and .sitemap out");
    if ((options->disallow != NULL && has_control(options->disallow)) ||
        (options->sitemap != NULL && has_control(options->sitemap)))
        tern_mistake(app, "robots: .disallow and .sitemap must not have control characters");
    if (options->sitemap != NULL && strstr(options->sitemap, "://") == NULL)
        tern_mistake(app, "robots: .sitemap is \"%s\": write it like \"https://example.org/sitemap.xml\"",
                     options->sitemap);
    if (options->text != NULL) {
        add(t, "%s", options->text);
    } else {
        add(t, "User-agent: *\n");
        add_disallowed(t, app, options->disallow != NULL ? options->disallow : "");
        if (options->sitemap != NULL)
            add(t, "Sitemap: %s\n", options->sitemap);
    }
    add_text_route(app, "/robots.txt", "robots", t);
    free(t);
}

/* -- security.txt -- */

static void add_contacts(text *t, tern_app *app, const char *list)
{
    tern_str item;
    unsigned count = 0;
    for (const char *at = list; next_item(&at, &item); count++) {
        const char *colon = memchr(item.data, ':', item.len);
        if (colon == NULL)
            tern_mistake(app, "security_txt: .contact has \"%.*s\": write %s%.*s", (int)item.len, item.data,
                         memchr(item.data, '@', item.len) != NULL ? "mailto:" : "https://", (int)item.len,
                         item.data);
        else if (item.len > 7 && strncmp(item.data, "http://", 7) == 0)
            tern_mistake(app, "security_txt: .contact has \"%.*s\": use https (RFC 9116)", (int)item.len,
                         item.data);
        add(t, "Contact: %.*s\n", (int)item.len, item.data);
    }
    if (count == 0)
        tern_mistake(app,
                     "security_txt: .contact is missing: add .contact = \"mailto:security@example.org\"");
}

static void add_expires(text *t, tern_app *app, const char *expires)
{
    struct tm parts = {0};
    const char *end = expires != NULL ? strptime(expires, "%Y-%m-%dT%H:%M:%SZ", &parts) : NULL;
    if (end == NULL || *end != '\0')
        tern_mistake(app, "security_txt: .expires is \"%s\": write it like \"2027-06-30T00:00:00Z\"",
                     expires != NULL ? expires : "");
    else if (timegm(&parts) <= time(NULL))
        tern_log(TERN_LOG_WARN, "security.txt has expired (%s): check its contacts, and set a later .expires",
                 expires);
    if (end != NULL)
        add(t, "Expires: %s\n", expires);
}

void tern_security_txt_with(tern_app *app, const tern_security_txt_options *options)
{
    text *t = calloc(1, sizeof *t);
    if (t == NULL) {
        tern_mistake(app, "security_txt: out of memory");
        return;
    }
    const struct {
        const char *option, *field, *value;
    } addresses[] = {{"encryption", "Encryption", options->encryption},
                     {"acknowledgments", "Acknowledgments", options->acknowledgments},
                     {"canonical", "Canonical", options->canonical},
                     {"policy", "Policy", options->policy},
                     {"hiring", "Hiring", options->hiring}};
    if (options->contact != NULL && has_control(options->contact))
        tern_mistake(app, "security_txt: .contact must not have control characters");
    add_contacts(t, app, options->contact != NULL ? options->contact : "");
    add_expires(t, app, options->expires);
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        const char *value = addresses[i].value;
        if (value == NULL)
            continue;
        if (has_control(value) || strncmp(value, "http://", 7) == 0 || strchr(value, ':') == NULL)
            tern_mistake(app, "security_txt: .%s is \"%s\": use an https address", addresses[i].option,
                         value);
        add(t, "%s: %s\n", addresses[i].field, value);
    }
    if (options->preferred_languages != NULL && has_control(options->preferred_languages))
        tern_mistake(app, "security_txt: .preferred_languages must be like \"en, de\"");
    if (options->preferred_languages != NULL)
        add(t, "Preferred-Languages: %s\n", options->preferred_languages);
    add_text_route(app, "/.well-known/security.txt", "security_txt", t);
    free(t);
}
