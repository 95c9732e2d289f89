/** Compresses replies. Hot path: a reply that is too small or of another type leaves `run` at once. */
#include <tern/accept.h>
#include <tern/compress.h>
#include <tern/log.h>

#include <string.h>
#include <strings.h>

TERN_LOCAL(const char, compress_left_out)

enum { TYPES_MOST = 64, MIN_BYTES = 1000 };

/** A media type: whole, or the beginning ("text/") or end ("+json") of one. */
typedef struct type_rule {
    const char *text;
    size_t len;
    enum { IS_WHOLE, IS_BEGIN, IS_END } part;
} type_rule;

typedef struct compressor {
    tern_compress_options options;
    const char *offers[TERN_CODINGS + 2]; /* names of codings in order, "identity", NULL */
    type_rule types[TYPES_MOST];
    unsigned type_count;
} compressor;

static const char usual_codings[] = "zstd, br, gzip";
static const char usual_types[] =
    "application/json, text/*, *+json, *+xml, application/javascript, application/xml, application/wasm, "
    "application/x-ndjson, application/jsonl, application/json-seq, application/x-javascript, application/ecmascript, "
    "application/msgpack, application/vnd.msgpack, application/cbor, *+cbor, application/graphql, application/sql, "
    "application/x-www-form-urlencoded, application/yaml, application/toml, application/rtf, application/x-httpd-php, "
    "application/vnd.ms-fontobject, font/ttf, font/otf, image/bmp, image/x-icon, image/vnd.microsoft.icon";

/* -- at start -- */

/** The next name of a list; false at the end. */
static bool next_name(const char **rest, const char **name, size_t *len)
{
    *rest += strspn(*rest, ", \t");
    *name = *rest;
    *len = strcspn(*rest, ", \t");
    *rest += *len;
    return *len != 0;
}

static void add_type(tern_app *app, compressor *self, const char *name, size_t len)
{
    type_rule rule = {name, len, IS_WHOLE};
    if (self->type_count == TYPES_MOST) {
        tern_mistake(app, "compress: .types has more than %d types", TYPES_MOST);
        return;
    }
    if (len > 1 && name[len - 1] == '*')
        rule = (type_rule){name, len - 1, IS_BEGIN};
    else if (name[0] == '*')
        rule = (type_rule){name + 1, len - 1, IS_END};
    if (rule.len == 0 || memchr(rule.text, '*', rule.len) != NULL ||
        (rule.part == IS_WHOLE && memchr(name, '/', len) == NULL))
        tern_mistake(
            app,
            "compress: .types has \"%.*s\"; write types like \"application/json\", \"text/*\" or \"*+json\"",
            (int)len, name);
    self->types[self->type_count++] = rule;
}

/** The coding of that name; -1 when there is none. */
static int coding_of(const char *name, size_t len)
{
    for (int i = 0; i < TERN_CODINGS; i++)
        if (strlen(tern_coding_name((tern_coding)i)) == len &&
            strncasecmp(name, tern_coding_name((tern_coding)i), len) == 0)
            return i;
    return -1;
}

static void add_codings(tern_app *app, compressor *self)
{
    const char *rest = self->options.codings, *name, *problem;
    size_t len;
    unsigned count = 0, seen = 0;
    while (next_name(&rest, &name, &len)) {
        const int coding = coding_of(name, len);
        if (coding < 0 || (seen >> coding & 1) != 0) {
            tern_mistake(app, "compress: .codings has \"%.*s\"%s; it may have zstd, br and gzip", (int)len,
                         name, coding >= 0 ? " twice" : "");
            continue;
        }
        seen |= 1u << coding;
        if (tern_need_coding(app, (tern_coding)coding, &problem))
            self->offers[count++] = tern_coding_name((tern_coding)coding);
        else
            tern_log(TERN_LOG_WARN, "compress: %s is left out: %s", tern_coding_name((tern_coding)coding),
                     problem);
    }
    self->offers[count] = "identity";
}

static void check_level(tern_app *app, const char *name, int level, int most)
{
    if (level < 0 || level > most)
        tern_mistake(app, "compress: .%s is %d; it may be 1 to %d", name, level, most);
}

static void prepare(tern_app *app, void *options)
{
    compressor *self = options;
    const char *name;
    size_t len;
    if (self == NULL) {
        tern_mistake(app, "compress: out of memory");
        return;
    }
    const char *rest = self->options.types;
    self->type_count = 0;
    while (next_name(&rest, &name, &len))
        add_type(app, self, name, len);
    check_level(app, "gzip_level", self->options.gzip_level, 12);
    check_level(app, "brotli_level", self->options.brotli_level, 11);
    check_level(app, "zstd_level", self->options.zstd_level, 19);
    add_codings(app, self);
}

/* -- for each reply -- */

static bool is_type(const compressor *self, const char *type)
{
    if (type == NULL)
        return false;
    const size_t len = strcspn(type, "; \t");
    for (unsigned i = 0; i < self->type_count; i++) {
        const type_rule *rule = &self->types[i];
        const char *at = rule->part == IS_END ? type + len - rule->len : type;
        if (rule->part == IS_WHOLE ? rule->len == len : rule->len <= len)
            if (strncasecmp(at, rule->text, rule->len) == 0)
                return true;
    }
    return false;
}

static bool forbids_change(const char *cache_control)
{
    return cache_control != NULL && strcasestr(cache_control, "no-transform") != NULL;
}

/** Whether the reply would be compressed for a client that accepts it. */
static bool is_worth_it(tern_ctx *c, const compressor *self, const tern_reply *reply)
{
    if (reply->kind == TERN_REPLY_BYTES && reply->len < self->options.min_bytes)
        return false;
    if (reply->status == 204 || reply->status == 205 || reply->status == 206)
        return false;
    const char *type = tern_reply_header(c, "Content-Type");
    return is_type(self, type != NULL ? type : reply->type) &&
           tern_reply_header(c, "Content-Encoding") == NULL &&
           tern_reply_header(c, "Content-Range") == NULL &&
           !forbids_change(tern_reply_header(c, "Cache-Control")) && tern_local(c, compress_left_out) == NULL;
}

static int level_of(const compressor *self, int coding)
{
    const int levels[] = {[TERN_GZIP] = self->options.gzip_level,
                          [TERN_BROTLI] = self->options.brotli_level,
                          [TERN_ZSTD] = self->options.zstd_level};
    return levels[coding];
}

/** A 304 names the form that the client has. */
static tern_reply name_known_form(tern_ctx *c, const compressor *self, tern_reply reply)
{
    const char *tag = tern_reply_header(c, "ETag"), *list = tern_header(c, "If-None-Match");
    if (tag == NULL || list == NULL || tag[0] != '"')
        return reply;
    for (const char *const *offer = self->offers; strcmp(*offer, "identity") != 0; offer++) {
        const char *form = tern_sprintf(c, "%.*s+%s\"", (int)strlen(tag) - 1, tag, *offer);
        if (strstr(list, form) == NULL)
            continue;
        tern_set_header(c, "ETag", form);
        tern_vary(c, "Accept-Encoding");
        break;
    }
    return reply;
}

static tern_reply run(tern_ctx *c, void *options)
{
    const compressor *self = options;
    tern_reply reply = tern_next(c);
    if (reply.status == 304)
        return name_known_form(c, self, reply);
    if (!is_worth_it(c, self, &reply))
        return reply;
    tern_vary(c, "Accept-Encoding");
    const char *chosen = tern_accepts_of(c, TERN_ACCEPT_ENCODINGS, self->offers);
    const int coding = chosen != NULL ? coding_of(chosen, strlen(chosen)) : -1;
    if (coding < 0)
        return reply;
    if (reply.kind == TERN_REPLY_FILE) {
        if (tern_header(c, "Range") != NULL)
            return reply;
        reply = tern_read_file(c, reply);
        if (reply.status == 304)
            return name_known_form(c, self, reply);
        if (reply.kind == TERN_REPLY_BYTES && reply.len < self->options.min_bytes)
            return reply;
    }
    return tern_encoded(c, reply, (tern_coding)coding, level_of(self, coding));
}

void tern_no_compress(tern_ctx *c)
{
    tern_set_local(c, compress_left_out, "");
}

tern_middleware tern_compress_with(const tern_compress_options *options)
{
    compressor made = {.options = *options};
    if (made.options.codings == NULL)
        made.options.codings = usual_codings;
    if (made.options.types == NULL)
        made.options.types = usual_types;
    if (made.options.min_bytes == 0)
        made.options.min_bytes = MIN_BYTES;
    return (tern_middleware){.name = "compress",
                             .run = run,
                             .options = tern_keep(&made, sizeof made),
                             .skip = options->skip,
                             .prepare = prepare,
                             .headers = "Vary, Content-Encoding",
                             .stage = TERN_STAGE_COMPRESS};
}
