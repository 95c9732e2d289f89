#include "app/formats.h"

#include "app/conditions.h"
#include "http/media.h"

#include <tern/accept.h>
#include <tern/formats.h>

#include <string.h>

enum { TYPES_MOST = 8 };

/** The first type of each format is its usual one. */
static const struct {
    const char *type;
    unsigned flag;
    pack_format format;
} known[] = {
    {"application/msgpack", TERN_MSGPACK, PACK_MSGPACK},
    {"application/vnd.msgpack", TERN_MSGPACK, PACK_MSGPACK},
    {"application/x-msgpack", TERN_MSGPACK, PACK_MSGPACK},
    {"application/cbor", TERN_CBOR, PACK_CBOR},
};
enum { KNOWN = sizeof known / sizeof *known };

void tern_formats(tern_app *app, unsigned formats)
{
    if ((formats & ~(unsigned)(TERN_MSGPACK | TERN_CBOR)) != 0)
        tern_mistake(app, "tern_formats: %u is not a set of formats: use TERN_MSGPACK | TERN_CBOR", formats);
    app->formats = formats & (TERN_MSGPACK | TERN_CBOR);
}

bool format_of_media(const tern_app *app, tern_str type, pack_format *format)
{
    for (size_t i = 0; app->formats != 0 && i < KNOWN; i++)
        if ((app->formats & known[i].flag) != 0 && media_is(type, known[i].type)) {
            *format = known[i].format;
            return true;
        }
    return false;
}

unsigned formats_on(const tern_app *app, const char *types[FORMATS])
{
    unsigned count = 0, seen = 0;
    for (size_t i = 0; i < KNOWN; i++) {
        if ((app->formats & known[i].flag & ~seen) == 0)
            continue;
        seen |= known[i].flag;
        types[count++] = known[i].type;
    }
    return count;
}

/* -- requests -- */

static const char *const format_names[] = {[PACK_MSGPACK] = "MessagePack", [PACK_CBOR] = "CBOR"};

_Noreturn static void refuse(tern_ctx *c, pack_format format, const pack_error *error)
{
    if (error->code == NULL) {
        ctx_need(c, NULL);
        __builtin_unreachable();
    }
    if (strcmp(error->code, "not_packed") == 0)
        tern_fail(c, 400, "the body is not %s as Tern reads it, byte %zu: %s", format_names[format],
                  error->offset, error->message);
    tern_fail(c, strcmp(error->code, "too_deep") == 0 ? 400 : 413, "the body %s, byte %zu", error->message,
              error->offset);
}

tern_str format_body(tern_ctx *c, pack_format format, const tern_type *type, tern_str body)
{
    const json_limits limits = {.items = c->app->options.limits.json_values};
    json_out out;
    pack_error error;
    json_out_init(&out, ctx_arena(c), body.len + body.len / 2 + 16);
    if (!pack_to_json(format, type, body, &limits, &out, &error))
        refuse(c, format, &error);
    return (tern_str){out.data, out.len};
}

/* -- replies -- */

/** The format that the client prefers to JSON; NULL when there is none. */
static const char *preferred(tern_ctx *c)
{
    const char *offers[TYPES_MOST] = {"application/json"};
    unsigned count = 1;
    for (size_t i = 0; i < KNOWN; i++)
        if ((c->app->formats & known[i].flag) != 0)
            offers[count++] = known[i].type;
    const char *best = tern_accepts_of(c, TERN_ACCEPT_TYPES, offers);
    return best != offers[0] ? best : NULL;
}

static bool is_json(tern_ctx *c, const tern_reply *reply)
{
    return reply->kind == TERN_REPLY_BYTES && reply->len != 0 && reply->type != NULL &&
           strcmp(reply->type, "application/json") == 0 && http_field_get(c->x, "Content-Type") == NULL;
}

tern_reply format_reply(tern_ctx *c, tern_reply reply)
{
    pack_format format;
    if (reply.status == 304)
        tern_vary(c, "Accept");
    if (!is_json(c, &reply))
        return reply;
    tern_vary(c, "Accept");
    const char *type = preferred(c);
    if (type == NULL || !format_of_media(c->app, (tern_str){type, strlen(type)}, &format))
        return reply;
    const bool is_typed = c->packed.data == reply.data;
    const pack_shape shape = {.type = is_typed ? c->packed.type : NULL,
                              .is_member = is_typed && c->packed.is_member};
    json_out out;
    json_out_init(&out, ctx_arena(c), reply.len + 16);
    if (!pack_from_json(format, shape, (tern_str){reply.data, reply.len}, &out)) {
        if (out.failed)
            ctx_need(c, NULL);
        return reply; /* the handler's own text, which is not JSON */
    }
    conditions_name_form(c, format == PACK_CBOR ? "cbor" : "msgpack");
    return (tern_reply){.status = reply.status, .type = type, .data = out.data, .len = out.len};
}
