/* Entity tags of a resource's rows and lists, and the conditions that clients make of them. */
#include "app/bind/bind.h"
#include "base/siphash.h"
#include "data/resource/resource.h"
#include "data/table/table.h"
#include "http/entity_tag.h"
#include "schema/json/json.h"
#include "schema/scalar.h"

#include <inttypes.h>
#include <string.h>

enum { VARIANT_MARK = '+' };

/** The same in all workers, on all machines and after any restart: a tag is no secret. */
static uint64_t hash_of(const char *data, size_t len)
{
    static const siphash_key key = {{0x7465726e20746167, 0x6f66206120726f77}};
    return siphash_2_4(&key, data, len);
}

const char *resource_tag_of(tern_ctx *c, const resource *r, const void *row, const char *json, size_t len)
{
    uint64_t hash = hash_of(json, len);
    for (unsigned i = 0; i < r->model->field_count; i++) {
        const tern_field *field = &r->model->fields[i];
        if (field->version)
            return tern_sprintf(c, "%" PRId64 "-%016" PRIx64,
                                scalar_int(field->type, (const char *)row + field->offset), hash);
    }
    return tern_sprintf(c, "%016" PRIx64, hash);
}

const char *resource_tag(tern_ctx *c, const resource *r, const void *row)
{
    json_out out;
    bind_need_plan(c, r->model);
    json_out_init(&out, &c->x->arena, plan_of(r->model)->least_bytes + 128);
    if (!json_encode(r->model, row, &out) && out.refusal == JSON_NOT_REFUSED)
        ctx_need(c, NULL);
    return resource_tag_of(c, r, row, out.data,
                           out.len); /* of nothing when it has no JSON: the reply will say so */
}

/** What a header that is there says of a tag without quotes. */
static entity_tag_match look(tern_ctx *c, const char *header, const char *tag, bool is_strong, char mark)
{
    const char *list = ctx_header_list(c, header), *quoted = tern_sprintf(c, "\"%s\"", tag);
    const entity_tag own = {.opaque = {quoted, strlen(quoted)}};
    return entity_tag_is_in(&own, (tern_str){list, strlen(list)}, is_strong, mark);
}

/** Whether the reply would say what the client has already; leaves with 412 when the client wants another. A
 * malformed condition names nothing. */
static bool is_known(tern_ctx *c, const char *tag)
{
    if (tern_header(c, "If-Match") != NULL && look(c, "If-Match", tag, true, 0) != ENTITY_TAG_MATCHES)
        tern_fail(c, 412, "this is not what If-Match names");
    return tern_header(c, "If-None-Match") != NULL &&
           look(c, "If-None-Match", tag, false, 0) == ENTITY_TAG_MATCHES;
}

tern_reply resource_reply_tagged(tern_ctx *c, const char *tag, bool is_variant, tern_reply reply)
{
    if (reply.status != 200)
        return reply; /* it could not be made */
    uint64_t hash = tag == NULL || is_variant ? hash_of(reply.data, reply.len) : 0;
    if (tag == NULL)
        tag = tern_sprintf(c, "%016" PRIx64, hash);
    else if (is_variant)
        tag = tern_sprintf(c, "%s%c%016" PRIx64, tag, VARIANT_MARK, hash);
    bool is_not_modified = is_known(c, tag);
    tern_set_header(c, "ETag", tern_sprintf(c, "\"%s\"", tag));
    return is_not_modified ? tern_status(c, 304) : reply;
}

/** As look, but a condition on a write must be one: who sent it wants to be safe. */
static bool matches(tern_ctx *c, const char *header, const char *tag, bool is_strong)
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
    const char *tag = resource_tag(c, r, row);
    if (has_match && !matches(c, "If-Match", tag, true))
        tern_fail(c, 412, "the %s was changed since it was read: it has another ETag by now", r->model->name);
    if (has_none_match && matches(c, "If-None-Match", tag, false))
        tern_fail(c, 412, "there is a %s that If-None-Match names", r->model->name);
}
