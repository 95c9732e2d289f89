#include "app/conditions.h"

#include "app/ctx.h"
#include "base/clock.h"
#include "base/siphash.h"
#include "http/date.h"
#include "http/entity_tag.h"

#include <tern/log.h>

#include <inttypes.h>
#include <string.h>

static tern_str str_of(const char *text)
{
    return (tern_str){text, strlen(text)};
}

/* -- what the reply says of its content -- */

/** The reply's entity tag; without a valid one, a tag that no list can name. */
static entity_tag own_tag(const tern_ctx *c)
{
    static const char unnamed[] = "\"\1\"";
    entity_tag tag;
    const http_field *field = http_field_get(c->x, "ETag");
    if (field == NULL || !entity_tag_read((tern_str){field->value, field->value_len}, &tag))
        tag = (entity_tag){.opaque = {unnamed, sizeof unnamed - 1}, .is_weak = true};
    return tag;
}

static bool own_date(const tern_ctx *c, int64_t *seconds)
{
    const http_field *field = http_field_get(c->x, "Last-Modified");
    return field != NULL &&
           http_date_read((tern_str){field->value, field->value_len}, clock_wall_s(), seconds);
}

/* -- what the request asks -- */

static bool is_read(const tern_ctx *c)
{
    const http_method method = c->x->request->method;
    return method == HTTP_GET || method == HTTP_HEAD || method == HTTP_QUERY;
}

/** The date in a header, if it has exactly one line and that is a date. */
static bool date_in(tern_ctx *c, const char *name, int64_t *seconds)
{
    const char *value = tern_header(c, name);
    return value != NULL && tern_header_nth(c, name, 1) == NULL &&
           http_date_read(str_of(value), clock_wall_s(), seconds);
}

/** How the lists of If-Match (`is_strong`) or If-None-Match name the reply's tag. `*list` is NULL when out of
 * memory. */
static bool names_own_tag(tern_ctx *c, const char *header, bool is_strong, const char **list)
{
    const entity_tag own = own_tag(c);
    *list = ctx_header_list_or_null(c, header);
    return *list != NULL && entity_tag_is_in(&own, str_of(*list), is_strong ? ENTITY_TAG_STRONG : ENTITY_TAG_WEAK, 0) == ENTITY_TAG_MATCHES;
}

/** Steps 1 and 2: whether the content is what the client wants to work with. */
static int match_status(tern_ctx *c, bool has_date, int64_t date)
{
    int64_t latest;
    const char *list;
    if (tern_header(c, "If-Match") == NULL)
        return has_date && date_in(c, "If-Unmodified-Since", &latest) && date > latest ? 412 : 200;
    bool is_named = names_own_tag(c, "If-Match", true, &list);
    return list == NULL ? 503 : is_named ? 200 : 412;
}

/** Steps 3 and 4: whether the client has the content. */
static int none_match_status(tern_ctx *c, bool has_date, int64_t date)
{
    int64_t known;
    const char *list;
    if (tern_header(c, "If-None-Match") == NULL)
        return is_read(c) && has_date && date_in(c, "If-Modified-Since", &known) && date <= known ? 304 : 200;
    bool is_named = names_own_tag(c, "If-None-Match", false, &list);
    return list == NULL ? 503 : !is_named ? 200 : is_read(c) ? 304 : 412;
}

int conditions_status(tern_ctx *c)
{
    int64_t date = 0;
    const bool has_date = own_date(c, &date);
    const int status = match_status(c, has_date, date);
    return status != 200 ? status : none_match_status(c, has_date, date);
}

bool conditions_allow_range(tern_ctx *c)
{
    const char *value = tern_header(c, "If-Range");
    if (value == NULL)
        return true;
    entity_tag theirs;
    int64_t their_date, date;
    if (tern_header_nth(c, "If-Range", 1) != NULL)
        return false;
    if (entity_tag_read(str_of(value), &theirs)) {
        const entity_tag own = own_tag(c);
        return entity_tag_is_in(&own, str_of(value), ENTITY_TAG_BYTES, 0) == ENTITY_TAG_MATCHES;
    }
    return http_date_read(str_of(value), clock_wall_s(), &their_date) && own_date(c, &date) &&
           their_date == date && clock_wall_s() - date >= CONDITIONS_FRESH_S;
}

void conditions_drop_content_headers(tern_ctx *c)
{
    static const char *const names[] = {"Content-Type", "Content-Encoding", "Content-Language",
                                        "Content-Range"};
    for (size_t i = 0; i < sizeof names / sizeof *names && c->x->field_count != 0; i++)
        http_field_remove(c->x, names[i]);
}

void conditions_name_form(tern_ctx *c, const char *form)
{
    const http_field *field = http_field_get(c->x, "ETag");
    if (field == NULL || field->value_len < 2 || field->value[0] != '"')
        return;
    const char *tag = arena_printf(ctx_arena(c), "%.*s+%s\"", (int)field->value_len - 1, field->value, form);
    if (tag == NULL || !http_field_put(c->x, "ETag", tag, true))
        http_field_remove(c->x, "ETag");
}

/* -- for handlers -- */

bool tern_set_etag(tern_ctx *c, const char *version)
{
    entity_tag tag;
    const char *text = tern_sprintf(c, "\"%s\"", version);
    if (entity_tag_read(str_of(text), &tag))
        return tern_set_header(c, "ETag", text);
    char label[160];
    tern_log(TERN_LOG_WARN, "%s: the ETag \"%s\" is not set: it has a space, a quote or a control character",
             ctx_route_label(c, label, sizeof label), version);
    return false;
}

const char *tern_version_of(tern_ctx *c, const void *data, size_t len)
{
    static const siphash_key key = {{0x7465726e20766572, 0x696f6e206f66}}; /* not a secret */
    return tern_sprintf(c, "%016" PRIx64, siphash_2_4(&key, data, len));
}

bool tern_is_not_modified(tern_ctx *c)
{
    const int status = conditions_status(c);
    if (status == 412 || status == 503)
        ctx_fail(c, status, status == 412 ? "this is not the version that the request asks for" : NULL);
    return status == 304;
}

void tern_need_match(tern_ctx *c)
{
    (void)tern_is_not_modified(c);
}

void tern_check_etag(tern_ctx *c, const char *version)
{
    const route *r = c->match.route;
    if (r != NULL && r->options.need_if_match && tern_header(c, "If-Match") == NULL)
        ctx_fail(c, 428, "this needs If-Match with the ETag of what was read");
    const http_field *field = http_field_get(c->x, "ETag");
    const http_field before = field != NULL ? *field : (http_field){0};
    if (!tern_set_etag(c, version))
        ctx_fail(c, 500, NULL);
    tern_need_match(c);
    http_field_remove(c->x, "ETag");
    if (before.name != NULL && !http_field_put(c->x, before.name, before.value, true))
        ctx_need(c, NULL);
}

tern_reply tern_conditional(tern_ctx *c, tern_reply reply)
{
    if (reply.status != 200 || reply.kind == TERN_REPLY_FILE || !is_read(c) || !tern_is_not_modified(c))
        return reply;
    conditions_drop_content_headers(c);
    return tern_status(c, 304);
}
