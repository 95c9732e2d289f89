/**
 * Folders that tests/server/test_static.py writes, below $SERVED: served as assets, as pages of links, as front-ends;
 * and downloads. Only the public interface is used.
 */
#include <tern.h>

#include <stdlib.h>
#include <string.h>

TERN_EMBEDDED(served_web); /* tests/server/served_web */

static const char *below(const char *name)
{
    static char paths[16][512];
    static unsigned count;
    char *path = paths[count++ % 16];
    const char *folder = getenv("SERVED");
    strncpy(path, folder != NULL ? folder : "/nowhere", 400);
    strcat(path, name);
    return path;
}

static tern_reply closed(tern_ctx *c, void *options)
{
    (void)options;
    if (tern_header(c, "X-Key") == NULL)
        tern_fail(c, 401, "a key is needed");
    tern_set_header(c, "X-Checked", "yes");
    return tern_next(c);
}

TERN_HANDLER(todos)
{
    return tern_json_text(c, "[]");
}

TERN_HANDLER(own_page)
{
    return tern_textf(c, "the page %s", tern_param(c, "name"));
}

TERN_HANDLER(own_home)
{
    return tern_text(c, "the application's own page");
}

TERN_HANDLER(download)
{
    const char *path = tern_query(c, "path"), *name = tern_query(c, "name"), *type = tern_query(c, "type");
    if (path != NULL)
        return tern_download(c, below(path), .name = name, .type = type);
    tern_set_etag(c, "v1");
    return tern_download_bytes(c, "0123456789", 10, .name = name, .type = type);
}

/** Tells of every part, and stores files in $SERVED/stored if the query says so. */
TERN_HANDLER(parts)
{
    const tern_part *part;
    const char *told = "";
    const uint64_t most = (uint64_t)tern_query_int(c, "max", 0);
    const unsigned count = (unsigned)tern_query_int(c, "parts", 0);
    const bool stores = tern_query_bool(c, "store", false), skips = tern_query_bool(c, "skip", false);
    while ((part = tern_part_next(c, .max_bytes = most, .max_parts = count)) != NULL) {
        const char *name = tern_strdup(c, part->name);
        if (skips) {
            told = tern_sprintf(c, "%s%s;", told, name);
        } else if (part->filename == NULL) {
            told = tern_sprintf(c, "%s%s=%s;", told, name, tern_part_text(c, 1000));
        } else if (stores) {
            tern_stored_part stored = tern_part_store(c, below("/stored"));
            told = tern_sprintf(c, "%s%s:%llu:%s;", told, name, (unsigned long long)stored.size, stored.name);
        } else {
            unsigned long long bytes = 0;
            const char *filename = tern_strdup(c, part->filename);
            for (tern_str piece; (piece = tern_part_read(c)).len != 0;)
                bytes += piece.len;
            told = tern_sprintf(c, "%s%s(%s)=%llu;", told, name, filename, bytes);
        }
    }
    return tern_textf(c, "%s", told);
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Served");
    tern_use(app, tern_logger());
    tern_static(app, "/assets", below("/assets"));
    tern_static(app, "/browse/", below("/assets"), .listing = true, .index = "");
    tern_static(app, "/dots", below("/assets"), .dot_files = true, .cache_control = "public, max-age=60",
                .not_found = "/missing.html", .immutable = "/fixed/");
    tern_static(app, "/closed", below("/assets"), .use = TERN_USE(TERN_MIDDLEWARE(closed)));
    tern_static(app, "/linked", below("/assets"), .symlinks = true, .listing = true, .index = "");
    tern_static(app, "/embedded", served_web);
    tern_static(app, "/embedded-list", served_web, .listing = true, .index = "");
    tern_get(app, "/download", download);
    tern_post(app, "/parts", parts, .stream_body = true, .max_body = (size_t)1 << 30);
    tern_post(app, "/whole-parts", parts);
    tern_get(app, "/both", own_home);
    tern_static(app, "/both", below("/assets"));

    tern_group *spa =
        tern_group_new(app, "", .host = getenv("SERVED_HOST") != NULL ? getenv("SERVED_HOST") : "spa.test");
    tern_get(spa, "/api/todos", todos);
    tern_post(spa, "/api/orders", todos);
    tern_get(spa, "/pages/{name}", own_page);
    tern_frontend(spa, "/", below("/dist"));

    tern_group *embedded = tern_group_new(app, "", .host = "embedded.test");
    tern_frontend(embedded, "/", served_web);

    tern_group *many = tern_group_new(app, "", .host = "many.test");
    tern_frontend(many, "/", below("/site"));

    tern_group *unbuilt = tern_group_new(app, "", .host = "unbuilt.test");
    tern_get(unbuilt, "/", own_home);
    tern_frontend(unbuilt, "/", below("/unbuilt"));
    return tern_run(app, argc, argv);
}
