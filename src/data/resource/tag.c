/* Entity tags of a resource's rows and lists, and the conditions in which clients use them. */
#include "app/bind/bind.h"
#include "base/siphash.h"
#include "data/resource/resource.h"
#include "data/table/table.h"
#include "http/entity_tag.h"
#include "schema/json/json.h"
#include "schema/scalar.h"

#include <string.h>

enum { VARIANT_MARK = '+', HASH_DIGITS = 16 };

/** Puts a hash before the closing quote: the same in all workers, on all machines and after any restart,
 * because a tag is not secret. */
static void add_hash(resource_tag *tag, const char *data, size_t len)
{
    static const siphash_key key = {{0x7465726e20746167, 0x6f66206120726f77}};
    static const char digits[] = "0123456789abcdef";
    uint64_t hash = siphash_1_3(&key, data, len);
    for (unsigned i = 0; i < HASH_DIGITS; i++, hash <<= 4)
        tag->text[tag->len++] = digits[hash >> 60];
    tag->text[tag->len++] = '"';
}

resource_tag resource_tag_of(const resource *r, const void *row, const char *json, size_t len)
{
    resource_tag tag = {.text = "\"", .len = 1};
    for (unsigned i = 0; i < r->model->field_count; i++) {
        const tern_field *field = &r->model->fields[i];
        if (!field->version)
            continue;
        tag.len += number_print_i64(scalar_int(field->type, (const char *)row + field->offset), tag.text + 1);
        tag.text[tag.len++] = '-';
    }
    add_hash(&tag, json, len);
    return tag;
}

resource_tag resource_tag_of_list(const char *json, size_t len)
{
    resource_tag tag = {.text = "\"", .len = 1};
    add_hash(&tag, json, len);
    return tag;
}

void resource_tag_add_variant(resource_tag *tag, const char *json, size_t len)
{
    tag->text[tag->len - 1] = VARIANT_MARK;
    add_hash(tag, json, len);
}

/** The tag of a stored row. */
static resource_tag tag_of_row(tern_ctx *c, const resource *r, const void *row)
{
    json_out out;
    bind_need_plan(c, r->model);
    json_out_init(&out, ctx_arena(c), plan_of(r->model)->least_bytes + 128);
    if (!json_encode(r->model, row, &out) && out.refusal == JSON_NOT_REFUSED)
        ctx_need(c, NULL);
    return resource_tag_of(r, row, out.data,
                           out.len); /* of nothing when it has no JSON: the reply will fail */
}

static void put_tag(tern_ctx *c, const resource_tag *tag)
{
    if (!http_field_put(c->x, "ETag", ctx_text(c, (tern_str){tag->text, tag->len}), true))
        ctx_need(c, NULL);
}

void resource_put_tag(tern_ctx *c, const resource *r, const void *row)
{
    const resource_tag tag = tag_of_row(c, r, row);
    put_tag(c, &tag);
}

/** The result of matching a tag with a header. */
static entity_tag_match look(tern_ctx *c, const char *header, const resource_tag *tag, bool is_strong,
                             char mark)
{
    const char *list = ctx_header_list(c, header);
    const entity_tag own = {.opaque = {tag->text, tag->len}};
    return entity_tag_is_in(&own, (tern_str){list, strlen(list)},
                            is_strong ? ENTITY_TAG_STRONG : ENTITY_TAG_WEAK, mark);
}

/** Whether the client already has this reply; ends the request with 412 when the client wants another. A
 * malformed condition matches nothing. */
static bool is_known(tern_ctx *c, const resource_tag *tag)
{
    if (tern_header(c, "If-Match") != NULL && look(c, "If-Match", tag, true, 0) != ENTITY_TAG_MATCHES)
        tern_fail(c, 412, "this is not what If-Match names");
    return tern_header(c, "If-None-Match") != NULL &&
           look(c, "If-None-Match", tag, false, 0) == ENTITY_TAG_MATCHES;
}

tern_reply resource_reply_tagged(tern_ctx *c, const resource_tag *tag, tern_reply reply)
{
    bool is_not_modified = is_known(c, tag);
    put_tag(c, tag);
    return is_not_modified ? tern_status(c, 304) : reply;
}

/** Like look, but for a write, where a malformed condition is an error: the client relies on it. */
static bool matches(tern_ctx *c, const char *header, const resource_tag *tag, bool is_strong)
{
    entity_tag_match match = look(c, header, tag, is_strong, VARIANT_MARK);
    if (match == ENTITY_TAG_MALFORMED)
        tern_fail(c, 400, "%s must be * or entity tags in quotes, as ETag has them", header);
    return match == ENTITY_TAG_MATCHES;
}

void resource_need_match(tern_ctx *c, const resource *r, const void *row)
{
    bool has_match = tern_header(c, "If-Match") != NULL,
         has_none_match = tern_header(c, "If-None-Match") != NULL;
    if (!has_match && r->options.need_if_match)
        tern_fail(c, 428, "this needs If-Match with the ETag of the %s that was read", r->model->name);
    if (!has_match && !has_none_match)
        return;
    const resource_tag tag = tag_of_row(c, r, row);
    if (has_match && !matches(c, "If-Match", &tag, true) && matches(c, "If-Match", &tag, false))
        tern_fail(
            c, 412,
            "If-Match needs a strong tag, and W/%.*s is a weak one: a proxy that compresses may have made "
            "it so",
            (int)tag.len, tag.text);
    if (has_match && !matches(c, "If-Match", &tag, true))
        tern_fail(c, 412, "the %s was changed since it was read: it has another ETag by now", r->model->name);
    if (has_none_match && matches(c, "If-None-Match", &tag, false))
        tern_fail(c, 412, "there is a %s that If-None-Match names", r->model->name);
}
