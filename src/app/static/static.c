/**
 * Answers requests for files of a folder.
 *
 * Hot path: serve, static_send. A file that is open costs an fstat and its headers, which were written when it
 * was opened.
 */
#include "app/static/static.h"

#include "app/open_file.h"
#include "app/static/embedded.h"
#include "app/static/encoding.h"
#include "app/static/names.h"
#include "http/url.h"

#include <tern/log.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* -- files -- */

/** What a reply needs until it is sent; in the request's memory. */
typedef struct sending {
    open_file file;
    char tag[FILE_TAG_BYTES];
    char date[HTTP_DATE_LEN + 1];
    static_entry *entry;
    ctx_after after;
} sending;

static void release(tern_ctx *c, void *arg)
{
    (void)c;
    static_entry_release(arg);
}

static void put(tern_ctx *c, const char *name, const char *value)
{
    if (http_field_get(c->x, name) == NULL && !http_field_put(c->x, name, value, false))
        ctx_need(c, NULL);
}

static const char *cache_control_of(const static_mount *mount, const char *path, const char *type)
{
    const tern_static_options *o = &mount->options;
    const bool is_fixed = o->immutable == NULL ? static_name_is_hashed(path, mount->is_frontend)
                                               : o->immutable[0] != '\0' &&
                                                     strncmp(path, o->immutable, strlen(o->immutable)) == 0;
    if (is_fixed)
        return "public, max-age=31536000, immutable";
    if (o->cache_control == NULL || (mount->is_frontend && strncmp(type, "text/html", 9) == 0))
        return "no-cache";
    return o->cache_control;
}

static tern_static_form choose(tern_ctx *c, unsigned forms)
{
    if (forms == 1u << TERN_STATIC_PLAIN)
        return TERN_STATIC_PLAIN;
    const char *accept = ctx_header_list(c, "Accept-Encoding");
    return static_form_choose((tern_str){accept, strlen(accept)}, forms);
}

static void put_headers(tern_ctx *c, const static_mount *mount, int status, const char *path,
                        const char *type, unsigned forms, tern_static_form form)
{
    const char *cache_control = status == 200 ? cache_control_of(mount, path, type) : "no-cache";
    if (cache_control[0] != '\0')
        put(c, "Cache-Control", cache_control);
    if (forms == 1u << TERN_STATIC_PLAIN)
        return;
    if (form != TERN_STATIC_PLAIN)
        put(c, "Content-Encoding", static_form_encoding[form]);
    ctx_vary(c, TERN_STR("Accept-Encoding"));
}

static tern_reply reply_of(tern_ctx *c, const sending *s, const char *path, const char *type, int status)
{
    return (tern_reply){.status = status,
                        .kind = TERN_REPLY_FILE,
                        .type = type,
                        .data = (const char *)&s->file,
                        .arg = (void *)(uintptr_t)ctx_text(c, (tern_str){path, strlen(path)})};
}

static bool send_embedded(tern_ctx *c, static_mount *mount, const char *path, int status, tern_reply *reply)
{
    const tern_embedded_file *file = embedded_find(mount->embedded, path);
    unsigned forms = 0;
    if (file == NULL)
        return false;
    for (int form = 0; form < TERN_STATIC_FORMS; form++)
        forms |= file->forms[form].data != NULL ? 1u << form : 0;
    const tern_static_form form = choose(c, forms);
    sending *s = ctx_need(c, arena_alloc(ctx_arena(c), sizeof *s));
    s->file = (open_file){.bytes = file->forms[form].data, .fd = -1, .size = file->forms[form].len};
    const char *type = mime_of_path(path);
    put_headers(c, mount, status, path, type, forms, form);
    if (status == 200) {
        put(c, "ETag", file->forms[form].tag);
        put(c, "Accept-Ranges", "bytes");
    }
    *reply = reply_of(c, s, path, type, status);
    return true;
}

/** Keeps the entry until the reply was sent. */
static void hold(tern_ctx *c, sending *s, static_entry *entry)
{
    s->entry = entry;
    s->after = (ctx_after){.next = c->after, .run = release, .arg = entry};
    c->after = &s->after;
}

static bool send_stored(tern_ctx *c, static_mount *mount, const char *path, int status, tern_reply *reply,
                        int *error)
{
    enum { TRIES = 3 };
    tern_static_form form = TERN_STATIC_PLAIN;
    static_entry *entry = NULL;
    for (int tries = 0; tries < TRIES; tries++) { /* the file may be replaced at any time */
        sending *s = ctx_need(c, arena_alloc(ctx_arena(c), sizeof *s));
        entry = static_folder_find(&mount->folder, path, error);
        if (entry == NULL)
            return false;
        hold(c, s, entry);
        form = choose(c, entry->forms);
        if (form == TERN_STATIC_PLAIN || entry->is_fresh ||
            static_entry_is_current(&mount->folder, entry, form))
            break;
        form = TERN_STATIC_PLAIN;
    }
    sending *s = (sending *)((char *)c->after - offsetof(sending, after));
    const static_stored *stored = &entry->stored[form];
    s->file = (open_file){.fd = stored->fd, .size = stored->size};
    memcpy(s->tag, stored->tag, sizeof s->tag);
    memcpy(s->date, stored->date, sizeof s->date);
    put_headers(c, mount, status, path, entry->type, entry->forms, form);
    if (status == 200) {
        put(c, "Last-Modified", s->date);
        put(c, "ETag", s->tag);
        put(c, "Accept-Ranges", "bytes");
    }
    *reply = reply_of(c, s, path, entry->type, status);
    return true;
}

bool static_send(tern_ctx *c, static_mount *mount, const char *path, int status, tern_reply *reply,
                 int *error)
{
    if (mount->embedded == NULL)
        return send_stored(c, mount, path, status, reply, error);
    *error = embedded_has_folder(mount->embedded, path) ? EISDIR : ENOENT;
    return send_embedded(c, mount, path, status, reply);
}

/* -- paths -- */

static static_mount *mount_of(tern_ctx *c)
{
    return (static_mount *)(uintptr_t)c->match.route->handler.arg;
}

/** The reply without a file. */
static tern_reply missing(tern_ctx *c, static_mount *mount, int error)
{
    const int status = ctx_file_status(error);
    tern_reply reply;
    int unused;
    if (status != 404 || error == EACCES) {
        char label[160];
        tern_log(TERN_LOG_WARN, "%s: cannot open %s in %s: %s", ctx_route_label(c, label, sizeof label),
                 tern_path(c), mount->shown, strerror(error));
    }
    if (status == 404 && mount->options.not_found != NULL &&
        static_send(c, mount, mount->options.not_found, 404, &reply, &unused))
        return reply;
    return ctx_problem(c, status, NULL);
}

static tern_reply missing_page(tern_ctx *c, static_mount *mount, int error)
{
    tern_reply reply;
    if (mount->is_frontend && ctx_file_status(error) == 404 && frontend_send(c, mount, &reply))
        return reply;
    return missing(c, mount, error);
}

/** Joins two texts into `out`, of STATIC_PATH_BYTES; false when they are too long. */
static bool join(char *out, const char *path, const char *slash, const char *name)
{
    return snprintf(out, STATIC_PATH_BYTES, "%s%s%s", path, slash, name) < STATIC_PATH_BYTES;
}

/** The query if a redirect can have it. */
static const char *clean_query(tern_ctx *c)
{
    const char *query = tern_query_string(c);
    for (const char *at = query; *at != '\0'; at++)
        if (*at <= 0x20 || *at >= 0x7f || *at == '\\')
            return "";
    return query;
}

/** The same path with a '/' at its end, so that relative links in the page lead into the folder. */
static tern_reply redirect_into(tern_ctx *c)
{
    const char *path = tern_path(c), *query = clean_query(c);
    const size_t len = strlen(path);
    if (path[0] == '\0' || path[1] == '/' || path[1] == '\\')
        return ctx_problem(c, 404, NULL); /* "//host/" would be another site */
    char *encoded = tern_alloc(c, 3 * len + 1);
    url_encode((tern_str){path, len}, true, encoded);
    return tern_redirect_with(c, 308,
                              tern_sprintf(c, "%s/%s%s", encoded, query[0] != '\0' ? "?" : "", query));
}

/** For a folder without a '/': a redirect, where there is something to see. */
static tern_reply serve_bare_folder(tern_ctx *c, static_mount *mount, const char *path)
{
    char index[STATIC_PATH_BYTES];
    int error = EISDIR;
    static_entry *entry = NULL;
    bool is_there = mount->options.listing;
    if (!is_there && mount->options.index[0] != '\0' &&
        join(index, path, path[0] != '\0' ? "/" : "", mount->options.index)) {
        if (mount->embedded != NULL)
            is_there = embedded_find(mount->embedded, index) != NULL;
        else if ((entry = static_folder_find(&mount->folder, index, &error)) != NULL)
            is_there = true;
    }
    if (entry != NULL)
        static_entry_release(entry);
    return is_there ? redirect_into(c) : missing_page(c, mount, ENOENT);
}

/** For a path that is empty or ends in '/'. */
static tern_reply serve_folder(tern_ctx *c, static_mount *mount, const char *path)
{
    char index[STATIC_PATH_BYTES];
    tern_reply reply;
    int error = ENOENT;
    if (mount->options.index[0] != '\0' && join(index, path, "", mount->options.index) &&
        static_send(c, mount, index, 200, &reply, &error))
        return reply;
    if (mount->options.listing && static_list(c, mount, path, &reply, &error))
        return reply;
    return missing_page(c, mount, error);
}

static tern_reply serve(tern_ctx *c, static_mount *mount, const char *path)
{
    tern_reply reply;
    int error;
    const size_t len = strlen(path);
    if (!static_name_is_served(path, mount->options.dot_files))
        return missing(c, mount, ENOENT);
    if (len == 0 || path[len - 1] == '/')
        return serve_folder(c, mount, path);
    if (static_send(c, mount, path, 200, &reply, &error))
        return reply;
    return error == EISDIR ? serve_bare_folder(c, mount, path) : missing_page(c, mount, error);
}

TERN_HANDLER(static_path)
{
    char path[STATIC_PATH_BYTES];
    const tern_str *rest = &c->match.params[c->match.route->param_count - 1];
    if (rest->len >= sizeof path)
        return missing(c, mount_of(c), ENAMETOOLONG);
    memcpy(path, rest->data, rest->len);
    path[rest->len] = '\0';
    return serve(c, mount_of(c), path);
}

TERN_HANDLER(static_folder_itself)
{
    return serve(c, mount_of(c), "");
}

TERN_HANDLER(static_bare_folder)
{
    return serve_bare_folder(c, mount_of(c), "");
}

/* -- registration -- */

tern_files_ tern_files_of_path_(const char *folder)
{
    return (tern_files_){.folder = folder};
}

tern_files_ tern_files_embedded_(const tern_embedded *embedded)
{
    return (tern_files_){.embedded = embedded};
}

static void complain(const static_mount *mount, buf *problems, const char *what, const char *path,
                     const char *why)
{
    buf_add_printf(problems, "%s:%d: %s \"%s\": %s%s%s\n", mount->options.file, mount->options.line,
                   mount->is_frontend ? "tern_frontend" : "tern_static", mount->prefix, what, path, why);
}

static bool is_page_there(static_mount *mount, const char *name)
{
    int error;
    if (mount->embedded != NULL)
        return embedded_find(mount->embedded, name) != NULL;
    static_entry *entry = static_folder_find(&mount->folder, name, &error);
    if (entry == NULL)
        return false;
    static_entry_release(entry);
    return true;
}

/** Whether the folder has what the options name. A front-end that is not built yet is not a mistake: its developer may be
 * about to. */
static bool check_folder(static_mount *mount, buf *problems)
{
    const tern_static_options *o = &mount->options;
    if (mount->embedded == NULL &&
        !static_folder_open(&mount->folder, mount->folder.path, o->recheck_ms, o->symlinks)) {
        const int error = errno;
        if (!mount->is_frontend) {
            complain(mount, problems, "the folder cannot be opened: ", mount->folder.path,
                     error == ENOENT    ? " does not exist"
                     : error == ENOTDIR ? " is not a folder"
                                        : " may not be read");
            return false;
        }
        tern_log(TERN_LOG_WARN,
                 "%s:%d: tern_frontend \"%s\": the folder %s cannot be opened (%s): build the front-end",
                 o->file, o->line, mount->prefix, mount->folder.path, strerror(error));
        return true;
    }
    if (o->not_found != NULL && !is_page_there(mount, o->not_found)) {
        complain(mount, problems, "the folder has no file for .not_found: ", o->not_found, "");
        return false;
    }
    if (mount->is_frontend && !is_page_there(mount, o->index))
        tern_log(TERN_LOG_WARN, "%s:%d: tern_frontend \"%s\": %s has no %s", o->file, o->line, mount->prefix,
                 mount->shown, o->index);
    return true;
}

static bool prepare(void *arg, buf *problems)
{
    static_mount *mount = arg;
    if (mount->wrong != NULL) {
        complain(mount, problems, mount->wrong, "", "");
        return false;
    }
    const bool is_right = check_folder(mount, problems);
    static_folder_forget(&mount->folder); /* each worker opens its own */
    return is_right;
}

static void stop(void *arg)
{
    static_mount *mount = arg;
    if (mount->embedded == NULL)
        static_folder_close(&mount->folder);
}

static void tidy(void *arg)
{
    static_mount *mount = arg;
    static_folder_tidy(&mount->folder);
}

/** The path of the folder that does not depend on the working directory any more; NULL when that is unknown. */
static const char *absolute(tern_app *app, const char *folder)
{
    char here[4096];
    if (folder[0] == '/')
        return app_keep_text(app, folder);
    if (getcwd(here, sizeof here) == NULL)
        return NULL;
    const char *path = arena_printf(&app->arena, "%s/%s", strcmp(here, "/") == 0 ? "" : here, folder);
    app->memory_short |= path == NULL;
    return path;
}

static void fill(tern_app *app, static_mount *mount, tern_files_ files, const tern_static_options *options)
{
    enum { RECHECK_MS = 1000 };
    tern_static_options *o = &mount->options;
    *o = *options;
    o->file = app_keep_text(app, options->file);
    o->cache_control = app_keep_text(app, options->cache_control);
    const char *immutable = options->immutable;
    o->immutable = app_keep_text(app, immutable != NULL && immutable[0] == '/' ? immutable + 1 : immutable);
    o->index = app_keep_text(app, options->index != NULL ? options->index : "index.html");
    const char *not_found = options->not_found;
    o->not_found = app_keep_text(app, not_found != NULL && not_found[0] == '/' ? not_found + 1 : not_found);
    if (o->recheck_ms == 0)
        o->recheck_ms = RECHECK_MS;
    mount->embedded = files.embedded;
    mount->folder.fd = -1;
    if (files.embedded != NULL)
        mount->shown = files.embedded->name;
    else if (files.folder == NULL || files.folder[0] == '\0')
        mount->wrong = "no folder is given";
    else if ((mount->folder.path = absolute(app, files.folder)) == NULL)
        mount->wrong = "the working directory is unknown";
    else
        mount->shown = app_keep_text(app, files.folder);
}

static void add_route(tern_group *group, const static_mount *mount, const char *pattern,
                      const tern_handler *handler)
{
    tern_handler own = *handler;
    own.arg = mount;
    tern_route(group, "GET", pattern, &own,
               &(tern_route_options){.file = mount->options.file,
                                     .line = mount->options.line,
                                     .use = mount->options.use,
                                     .needs = mount->options.needs,
                                     .hidden = true,
                                     .yields = true,
                                     .not_fuzzed = true});
}

static void add(tern_group *group, const char *prefix, tern_files_ files, const tern_static_options *options,
                bool is_frontend)
{
    tern_app *app = group->app;
    static_mount *mount = app_keep(app, sizeof *mount);
    if (mount == NULL)
        return;
    mount->is_frontend = is_frontend;
    mount->prefix = app_keep_text(app, prefix != NULL ? prefix : "");
    fill(app, mount, files, options);
    size_t len = mount->prefix != NULL ? strlen(mount->prefix) : 0;
    while (len > 0 && mount->prefix[len - 1] == '/')
        len--;
    const char *bare = arena_text(&app->arena, mount->prefix != NULL ? mount->prefix : "", len);
    const char *folder = bare != NULL ? arena_printf(&app->arena, "%s/", bare) : NULL;
    const char *paths = bare != NULL ? arena_printf(&app->arena, "%s/{path...}", bare) : NULL;
    if (paths == NULL || folder == NULL) {
        app->memory_short = true;
        return;
    }
    app_add_hook(app, &(app_hook){.prepare = prepare, .stop = stop, .tidy = tidy, .arg = mount});
    add_route(group, mount, paths, static_path);
    add_route(group, mount, folder, static_folder_itself);
    if (len != 0)
        add_route(group, mount, bare, static_bare_folder);
    mount->options.use = NULL; /* the caller's: the routes have copies */
    mount->options.needs = NULL;
}

void tern_static_with(tern_group *group, const char *prefix, tern_files_ files,
                      const tern_static_options *options)
{
    add(group, prefix, files, options, false);
}

void tern_frontend_with(tern_group *group, const char *prefix, tern_files_ files,
                        const tern_static_options *options)
{
    add(group, prefix, files, options, true);
}
