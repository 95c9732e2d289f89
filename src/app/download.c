/** Replies for the client to save: Content-Disposition (RFC 6266). */
#include "app/ctx.h"
#include "app/open_file.h"
#include "app/static/names.h"
#include "base/text.h"
#include "http/url.h"

#include <tern/static.h>

#include <string.h>

enum { NAME_BYTES = 200, SUFFIX_BYTES = 16 };

/** Copies the name, with '_' in place of what it may not have, up to `most` bytes; returns its length. */
static size_t clean_into(char *out, const char *name, size_t most)
{
    size_t len = 0;
    while (*name != '\0') {
        size_t width = utf8_sequence(name, strlen(name));
        const bool is_bad = width == 0 || name_is_misleading(name, width);
        const size_t step = width == 0 ? 1 : width, added = is_bad ? 1 : width;
        if (len + added > most)
            break;
        memcpy(out + len, is_bad ? "_" : name, added);
        len += added;
        name += step;
    }
    out[len] = '\0';
    return len;
}

/** The name that a client may have: never empty, nor one that means a folder. */
static const char *clean_name(tern_ctx *c, const char *name)
{
    char *clean = tern_alloc(c, NAME_BYTES + 1);
    const char *suffix = strrchr(name, '.');
    size_t suffix_len = suffix != NULL ? strlen(suffix) : 0;
    if (suffix_len >= SUFFIX_BYTES || strlen(name) <= NAME_BYTES)
        suffix_len = 0;
    size_t len = clean_into(clean, name, NAME_BYTES - suffix_len);
    if (suffix_len != 0)
        clean_into(clean + len, suffix, suffix_len);
    if (clean[0] == '\0' || strspn(clean, ".") == strlen(clean))
        memcpy(clean, "download", sizeof "download");
    return clean;
}

/** The name in ASCII, in quotes, without what readers of quoted strings disagree about. */
static void put_plain(char *out, const char *name)
{
    while (*name != '\0') {
        size_t width = utf8_sequence(name, strlen(name));
        *out++ = width > 1 || strchr("\"\\%", *name) != NULL ? '_' : *name;
        name += width > 1 ? width : 1;
    }
    *out = '\0';
}

static void put_disposition(tern_ctx *c, const char *name)
{
    char plain[NAME_BYTES + 1], encoded[3 * NAME_BYTES + 1];
    put_plain(plain, name);
    url_encode((tern_str){name, strlen(name)}, false, encoded); /* a subset of RFC 8187's attr-char */
    if (strcmp(plain, name) == 0)
        tern_set_header(c, "Content-Disposition", tern_sprintf(c, "attachment; filename=\"%s\"", plain));
    else
        tern_set_header(c, "Content-Disposition",
                        tern_sprintf(c, "attachment; filename=\"%s\"; filename*=UTF-8''%s", plain, encoded));
    tern_set_header(c, "X-Content-Type-Options", "nosniff");
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

tern_reply tern_download_with(tern_ctx *c, const char *path, const tern_download_options *options)
{
    const char *name = clean_name(c, options->name != NULL ? options->name : last_part(path));
    tern_reply reply = tern_file(c, path);
    if (reply.kind != TERN_REPLY_FILE)
        return reply;
    reply.type = options->type != NULL ? options->type : mime_of_path(name);
    put_disposition(c, name);
    return reply;
}

tern_reply tern_download_bytes_with(tern_ctx *c, const void *data, size_t len,
                                    const tern_download_options *options)
{
    const char *name = clean_name(c, options->name != NULL ? options->name : "download");
    open_file *file = tern_alloc(c, sizeof *file);
    *file = (open_file){.bytes = data != NULL ? data : "", .fd = -1, .size = len};
    put_disposition(c, name);
    if (http_field_get(c->x, "ETag") != NULL)
        tern_set_header(c, "Accept-Ranges", "bytes"); /* without one, parts of two versions could be joined */
    return (tern_reply){.status = 200,
                        .kind = TERN_REPLY_FILE,
                        .type = options->type != NULL ? options->type : mime_of_path(name),
                        .data = (const char *)file,
                        .arg = (void *)(uintptr_t)name};
}
