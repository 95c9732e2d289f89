/**
 * The page that shows what is in a folder.
 *
 * Names are a stranger's, perhaps: they are escaped, isolated from the text around them whatever their direction, and
 * linked so that none is read as a scheme or a host. Names that no request can have are left out.
 */
#include "app/static/static.h"

#include "app/static/beneath.h"
#include "app/static/names.h"
#include "base/mem.h"
#include "base/text.h"
#include "http/url.h"

#include <tern/task.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LISTED_MAX = 10000, LISTED_NAME_BYTES = 256, NOT_DATED = -1 };

typedef struct listed {
    char name[LISTED_NAME_BYTES];
    bool is_folder;
    uint64_t size;
    int64_t modified_s; /* NOT_DATED: of an embedded file, which has no date */
} listed;

/** The work of reading the folder, done on a thread if it is on disk. */
typedef struct reading {
    int root;         /* -1: it is embedded */
    const char *path; /* "" or "docs/" */
    bool dot_files, symlinks;
    listed *items; /* owned */
    unsigned count, room;
    bool is_cut;
    int error;
} reading;

/* -- reading -- */

static bool can_be_requested(const char *name, bool dot_files)
{
    for (const char *at = name; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f || *at == '\\')
            return false;
    return utf8_valid(name, strlen(name)) &&
           (name[0] == '.' ? dot_files && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 : true);
}

static int open_inside(const reading *r, const char *path, int flags)
{
    return r->symlinks ? beneath_open_links(r->root, path, flags) : beneath_open(r->root, path, flags);
}

/** What the name leads to, if that may be served. */
static bool look_at(const reading *r, int folder, const char *name, struct stat *facts)
{
    char path[STATIC_PATH_BYTES + LISTED_NAME_BYTES];
    if (fstatat(folder, name, facts, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    if (!S_ISLNK(facts->st_mode))
        return true;
    snprintf(path, sizeof path, "%s%s", r->path, name);
    int fd = open_inside(r, path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool is_known = fstat(fd, facts) == 0;
    close(fd);
    return is_known;
}

/** Adds an item whose name is shorter than LISTED_NAME_BYTES; false when out of memory. */
static bool add_item(reading *r, const char *name, const listed *facts)
{
    if (r->count == r->room) {
        unsigned room = r->room != 0 ? r->room * 2 : 64;
        listed *items = mem_realloc(r->items, room * sizeof *items);
        if (items == NULL)
            return false;
        r->items = items;
        r->room = room;
    }
    listed *item = &r->items[r->count++];
    *item = *facts;
    memcpy(item->name, name, strlen(name) + 1);
    return true;
}

static int by_name(const void *a, const void *b)
{
    const listed *one = a, *other = b;
    if (one->is_folder != other->is_folder)
        return one->is_folder ? -1 : 1;
    return strcmp(one->name, other->name);
}

static void read_folder(void *arg)
{
    reading *r = arg;
    struct stat facts;
    int fd = open_inside(r, r->path[0] != '\0' ? r->path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    r->error = folder == NULL ? errno : 0;
    if (folder == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (const struct dirent *entry; r->error == 0 && (entry = readdir(folder)) != NULL;) {
        if (!can_be_requested(entry->d_name, r->dot_files) || !look_at(r, fd, entry->d_name, &facts) ||
            !(S_ISREG(facts.st_mode) || S_ISDIR(facts.st_mode)))
            continue;
        r->is_cut = r->count == LISTED_MAX;
        if (r->is_cut)
            break;
        const listed item = {.is_folder = S_ISDIR(facts.st_mode),
                             .size = (uint64_t)facts.st_size,
                             .modified_s = facts.st_mtim.tv_sec};
        if (!add_item(r, entry->d_name, &item))
            r->error = ENOMEM;
    }
    closedir(folder);
}

/** The files whose path begins with the folder's, and the folders among them, each once: the files are in order. */
static void read_embedded(reading *r, const tern_embedded *folder)
{
    const size_t len = strlen(r->path);
    char name[LISTED_NAME_BYTES], last[LISTED_NAME_BYTES] = "";
    r->error = len == 0 ? 0 : ENOENT;
    for (size_t i = 0; i < folder->count && (r->error == 0 || r->error == ENOENT); i++) {
        const tern_embedded_file *file = &folder->files[i];
        if (strncmp(file->path, r->path, len) != 0)
            continue;
        r->error = 0;
        const char *rest = file->path + len;
        const size_t own = strcspn(rest, "/");
        const bool is_folder = rest[own] == '/';
        if (own >= sizeof name)
            continue;
        memcpy(name, rest, own);
        name[own] = '\0';
        if (!can_be_requested(name, r->dot_files) || (is_folder && strcmp(name, last) == 0))
            continue;
        if (is_folder)
            memcpy(last, name, own + 1);
        r->is_cut = r->count == LISTED_MAX;
        if (r->is_cut)
            break;
        const listed item = {
            .is_folder = is_folder, .size = file->forms[TERN_STATIC_PLAIN].len, .modified_s = NOT_DATED};
        if (!add_item(r, name, &item))
            r->error = ENOMEM;
    }
}

/* -- the page -- */

static const char head[] =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n"
    "<style>\n"
    "body{margin:2rem auto;max-width:56rem;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.25rem;font-weight:600;overflow-wrap:anywhere}\n"
    "table{width:100%;border-collapse:collapse}\n"
    "th,td{text-align:start;padding:.375rem .5rem;border-bottom:1px solid #8884;vertical-align:top}\n"
    "th{font-weight:600}\n"
    "td:first-child{overflow-wrap:anywhere}\n"
    "td:nth-child(n+2),th:nth-child(n+2){text-align:end;white-space:nowrap;font-variant-numeric:tabular-nums}\n"
    "td:nth-child(n+2){opacity:.75}\n"
    "a{text-decoration:none}a:hover{text-decoration:underline}\n"
    "@media(max-width:36rem){th:nth-child(3),td:nth-child(3){display:none}}\n"
    "</style>\n<title>";

static void put_size(buf *page, uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    if (bytes < 1024) {
        buf_add_printf(page, "%" PRIu64 " B", bytes);
        return;
    }
    double amount = (double)bytes / 1024;
    size_t unit = 0;
    while (amount >= 999.95 && unit + 1 < sizeof units / sizeof *units) {
        amount /= 1024;
        unit++;
    }
    buf_add_printf(page, "%.1f %s", amount, units[unit]);
}

static void put_time(buf *page, int64_t seconds)
{
    char text[32];
    struct tm parts;
    const time_t at = (time_t)seconds;
    if (seconds != NOT_DATED && gmtime_r(&at, &parts) != NULL &&
        strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts) != 0)
        buf_add_text(page, text);
}

/** The name as it is shown: a character that changes the direction of text is U+FFFD, so that no name looks like
 * another ("invoice<U+202E>fdp.exe"). */
static void show_name(char *out, const char *name)
{
    while (*name != '\0') {
        const size_t width = utf8_sequence(name, strlen(name));
        if (name_is_misleading(name, width))
            out = stpcpy(out, "\xef\xbf\xbd");
        else
            out = mempcpy(out, name, width);
        name += width;
    }
    *out = '\0';
}

static void put_item(tern_ctx *c, buf *page, const listed *item)
{
    char link[3 * LISTED_NAME_BYTES], shown[3 * LISTED_NAME_BYTES];
    const char *slash = item->is_folder ? "/" : "";
    url_encode((tern_str){item->name, strlen(item->name)}, false, link);
    show_name(shown, item->name);
    buf_add_printf(page, "<tr><td><a href=\"./%s%s\"><bdi dir=\"ltr\">%s</bdi>%s</a></td><td>", link, slash,
                   tern_escape_html(c, shown), slash);
    if (!item->is_folder)
        put_size(page, item->size);
    buf_add_text(page, "</td><td>");
    put_time(page, item->modified_s);
    buf_add_text(page, "</td></tr>\n");
}

static void write_page(tern_ctx *c, buf *page, const reading *r)
{
    const char *shown = tern_escape_html(c, tern_path(c));
    buf_add_text(page, head);
    buf_add_printf(page, "%s</title>\n</head>\n<body>\n<h1><bdi>%s</bdi></h1>\n", shown, shown);
    if (r->is_cut)
        buf_add_printf(page, "<p>The folder has more than %d entries; these are some of them.</p>\n",
                       LISTED_MAX);
    buf_add_text(
        page,
        "<table>\n<thead><tr><th>Name</th><th>Size</th><th>Modified (UTC)</th></tr></thead>\n<tbody>\n");
    if (r->path[0] != '\0')
        buf_add_text(page, "<tr><td><a href=\"../\">..</a></td><td></td><td></td></tr>\n");
    for (unsigned i = 0; i < r->count; i++)
        put_item(c, page, &r->items[i]);
    buf_add_text(page, "</tbody>\n</table>\n</body>\n</html>\n");
}

static void free_page(void *arg)
{
    buf_free(arg);
}

static void free_reading(void *arg)
{
    reading *r = arg;
    if (r->root >= 0)
        close(r->root);
    mem_free(r->items);
}

/** Reads the folder; false with `*error`. */
static bool read_items(tern_ctx *c, static_mount *mount, reading *r, int *error)
{
    *error = ENOENT;
    if (mount->embedded != NULL) {
        tern_defer(c, free_reading, r);
        read_embedded(r, mount->embedded);
    } else {
        const int root = static_folder_fd(&mount->folder);
        if (root < 0 || (r->root = fcntl(root, F_DUPFD_CLOEXEC, 0)) < 0) /* it may be closed meanwhile */
            return false;
        tern_defer(c, free_reading, r);
        tern_offload(c, read_folder, r);
    }
    if (r->count != 0)
        qsort(r->items, r->count, sizeof *r->items, by_name);
    *error = r->error;
    return r->error == 0;
}

bool static_list(tern_ctx *c, static_mount *mount, const char *path, tern_reply *reply, int *error)
{
    buf *page = tern_alloc(c, sizeof *page);
    reading *r = tern_alloc(c, sizeof *r);
    *r = (reading){
        .root = -1, .path = path, .dot_files = mount->options.dot_files, .symlinks = mount->options.symlinks};
    if (!read_items(c, mount, r, error))
        return false;
    tern_defer(c, free_page, page);
    write_page(c, page, r);
    const char *text = page->failed ? NULL : arena_text(ctx_arena(c), page->data, page->len);
    ctx_need(c, (void *)(uintptr_t)text);
    *reply = tern_bytes_reply(c, "text/html; charset=utf-8", text, page->len);
    tern_set_header(c, "Cache-Control", "no-cache");
    tern_set_header(c, "X-Content-Type-Options", "nosniff");
    tern_set_header(c, "Content-Security-Policy",
                    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
                    "frame-ancestors 'none'");
    return true;
}
