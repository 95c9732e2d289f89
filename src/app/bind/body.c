/** Reads the body of a request into its fields of the input model: its format, JSON and forms. */
#include "app/bind/bind.h"

#include "app/formats.h"
#include "http/form.h"
#include "http/media.h"
#include "schema/json/json.h"

#include <string.h>

static const place body_place = {.name = "body"};

/* -- the type of the body -- */

typedef enum body_format { BODY_JSON, BODY_FORM, BODY_MULTIPART, BODY_UNKNOWN } body_format;

static body_format format_of_type(tern_str type)
{
    static const char suffix[] = "+json";
    enum { SUFFIX_LEN = sizeof suffix - 1 };
    if (media_is(type, "application/json"))
        return BODY_JSON;
    if (media_is(type, "application/x-www-form-urlencoded"))
        return BODY_FORM;
    if (media_is(type, "multipart/form-data"))
        return BODY_MULTIPART;
    bool has_suffix =
        type.len > SUFFIX_LEN && media_is((tern_str){type.data + type.len - SUFFIX_LEN, SUFFIX_LEN}, suffix);
    return has_suffix ? BODY_JSON : BODY_UNKNOWN;
}

static _Noreturn void refuse_type(tern_ctx *c, tern_str content_type, const char *taken)
{
    enum { SHOWN_BYTES = 100 };
    tern_str type = media_type(content_type); /* without its parameters */
    const char *accepted = c->match.route->accept_query;
    const char *detail =
        content_type.len == 0
            ? tern_sprintf(c, "the body must be %s, but the request has no Content-Type", taken)
        : type.data == NULL || type.len > SHOWN_BYTES
            ? tern_sprintf(c, "the body must be %s, but the Content-Type is not a media type", taken)
        : media_charset_of(content_type) != MEDIA_UTF_8
            ? tern_sprintf(c, "the body must be %s in UTF-8", taken)
            : tern_sprintf(c, "the body must be %s, not %.*s", taken, (int)type.len, type.data);
    if (accepted == NULL)
        ctx_fail(c, 415, detail);
    ctx_fail_field(c, 415, detail,
                   &(http_field){.name = "Accept-Query",
                                 .value = accepted,
                                 .name_len = sizeof "Accept-Query" - 1,
                                 .value_len = (uint32_t)strlen(accepted)});
}

/** Fails for a compressed body: it cannot be decoded here. */
static void need_plain(tern_ctx *c)
{
    if (!c->x->request->is_encoded)
        return;
    const char *codings = ctx_header_list(c, "Content-Encoding");
    tern_str rest = {codings, strlen(codings)}, coding;
    while (ctx_list_next(&rest, &coding))
        if (!media_is(coding, "identity"))
            ctx_fail_field(c, 415, "the body must not be compressed (no Content-Encoding)",
                           &(http_field){"Accept-Encoding", "identity", 15, 8});
}

/** What a route takes, for the client: `plain`, and the binary formats. */
static const char *with_formats(tern_ctx *c, const char *plain)
{
    const char *types[FORMATS];
    const unsigned count = formats_on(c->app, types);
    for (unsigned i = 0; i < count; i++)
        plain = tern_sprintf(c, "%s, %s", types[i], plain);
    return plain;
}

static tern_str content_type_of(tern_ctx *c)
{
    const char *value = tern_header(c, "Content-Type");
    return (tern_str){value != NULL ? value : "", value != NULL ? strlen(value) : 0};
}

static bool has_body(const http_exchange *x)
{
    if (x->policy.is_streamed)
        return x->request->has_body;
    return x->body.len != 0;
}

/* -- JSON -- */

/** The faults that end the reading of a text, so that its fields cannot be checked. */
static const struct {
    const char *code;
    int status;
} ends[] = {{"not_json", 400}, {"too_deep", 400}, {"too_many_values", 413}, {"too_costly", 413}};

/** Fails for a body that could not be read to its end; this is then the only fault. */
static void fail_broken(tern_ctx *c, const tern_faults *faults)
{
    const fault *f = faults->first;
    if (f == NULL || f->depth != 1)
        return;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (strcmp(f->code, ends[i].code) == 0)
            tern_fail(c, ends[i].status, "the body %s", f->message);
}

/** False with faults of meaning; broken syntax ends the request. */
static bool read_json(tern_ctx *c, const tern_type *type, void *out, tern_str text, tern_faults *faults)
{
    if (c->is_json_read)
        ctx_fail(c, 500, "the body was already read");
    const json_limits limits = {.items = c->app->options.limits.json_values};
    c->is_json_read = true;
    if (json_decode(type, out, text, &limits, &body_place, ctx_arena(c), faults))
        return true;
    fail_broken(c, faults);
    return false;
}

void *bind_json_body(tern_ctx *c, const tern_type *type)
{
    tern_str content_type = content_type_of(c), kind = media_type(content_type), text = tern_body(c);
    pack_format packed;
    const bool is_packed = kind.data != NULL && format_of_media(c->app, kind, &packed);
    if (!is_packed && (kind.data == NULL || format_of_type(kind) != BODY_JSON))
        refuse_type(c, content_type, with_formats(c, "application/json"));
    need_plain(c);
    void *out = tern_alloc(c, type->size);
    tern_faults faults;
    faults_init(&faults, ctx_arena(c));
    bind_need_plan(c, type);
    if (is_packed)
        text = format_body(c, packed, type, text);
    read_json(c, type, out, text, &faults);
    bind_fail_faults(c, &faults);
    return out;
}

/* -- forms -- */

void bind_form_fields(binding *b, const bind_texts *given)
{
    const tern_type *type = b->plan->body;
    for (unsigned i = 0; i < type->field_count; i++) {
        const field_plan *f = &plan_of(type)->fields[i];
        bind_field_texts(b, f, &given[i], &body_place, f->key);
    }
}

static void add_unknown(binding *b, tern_str name)
{
    enum { SHOWN_BYTES = 100 };
    if (b->plan->type->options.ignore_unknown)
        return;
    const char *shown = name.len <= SHOWN_BYTES ? ctx_text(b->c, name) : "(a long name)";
    const place here = {.up = &body_place, .name = shown};
    fault_add(&b->faults, &here, "unknown", NULL, NULL, "is not a known field");
}

int bind_form_field(binding *b, tern_str name)
{
    const type_plan *plan = plan_of(b->plan->body);
    int number = plan_find(plan, name.data, name.len);
    if (number < 0)
        add_unknown(b, name);
    return number >= 0 && plan->fields[number].field->read_only ? -1 : number;
}

/** The text of a form. The body of a route with files arrives in pieces; this form cannot contain files, so a
 * required file is a fault. */
static tern_str form_text(tern_ctx *c)
{
    enum { PIECE_BYTES = 4096, TEXT_MAX_BYTES = 1024 * 1024 };
    char *text = NULL;
    size_t room = 0, len = 0, n;
    if (!c->x->policy.is_streamed)
        return c->x->body;
    do {
        if (room - len < PIECE_BYTES) {
            size_t more = 2 * room + PIECE_BYTES;
            text = ctx_need(c, arena_resize(ctx_arena(c), text, more));
            room = more;
        }
        n = tern_body_read(c, text + len, PIECE_BYTES);
        len += n;
        if (len > TEXT_MAX_BYTES)
            tern_fail(c, 413, "the form has more than %d bytes of text", TEXT_MAX_BYTES);
    } while (n > 0);
    return (tern_str){text, len};
}

static void bind_form(binding *b)
{
    tern_ctx *c = b->c;
    bind_texts given[BIND_FIELDS_MAX];
    memset(given, 0, b->plan->body->field_count * sizeof *given);
    form_walk walk;
    form_begin(&walk, form_text(c));
    tern_str name, raw, value;
    form_result result;
    while ((result = form_next(&walk, &name, &raw)) != FORM_END) {
        if (result == FORM_TOO_MANY)
            tern_fail(c, 413, "the form has more than %d fields", FORM_PAIRS_MAX);
        if (result == FORM_BAD_NAME)
            ctx_fail(c, 400, "the form has a name that is too long or wrongly encoded");
        int number = bind_form_field(b, name);
        if (number < 0)
            continue;
        bool is_memory_short;
        char *text = form_decode(ctx_arena(c), raw, &value.len, &is_memory_short);
        if (is_memory_short)
            ctx_need(c, NULL);
        if (text == NULL)
            tern_fail(c, 400, "form field \"%s\" is wrongly encoded",
                      plan_of(b->plan->body)->fields[number].key);
        value.data = text;
        bind_texts_add(c, &given[number], value, NULL);
    }
    bind_form_fields(b, given);
}

/* -- all formats -- */

static void bind_nothing(binding *b)
{
    bind_texts given[BIND_FIELDS_MAX];
    if (b->plan->wrapper != NULL && b->plan->is_body_required) {
        const place here = {.up = &body_place, .name = b->plan->wrapper};
        fault_add(&b->faults, &here, "missing", NULL, NULL, "must be given");
        return;
    }
    memset(given, 0, b->plan->body->field_count * sizeof *given);
    bind_form_fields(b, given);
}

void bind_body(binding *b)
{
    tern_ctx *c = b->c;
    if (!has_body(c->x)) {
        bind_nothing(b);
        return;
    }
    need_plain(c);
    bool has_uploads = b->plan->has_uploads;
    tern_str content_type = content_type_of(c), type = media_type(content_type);
    body_format format = type.data != NULL ? format_of_type(type) : BODY_UNKNOWN;
    if (format == BODY_MULTIPART) {
        bind_multipart(b, content_type);
        return;
    }
    pack_format packed;
    if (format == BODY_UNKNOWN && type.data != NULL && !has_uploads && format_of_media(c->app, type, &packed)) {
        const tern_str json = format_body(c, packed, b->plan->json, c->x->body);
        read_json(c, b->plan->json, b->model, json, &b->faults);
        return;
    }
    /* JSON is UTF-8 whatever a charset says: RFC 8259 section 11. */
    bool is_taken = format == BODY_FORM ? media_charset_of(content_type) == MEDIA_UTF_8
                                        : format == BODY_JSON && !has_uploads;
    if (!is_taken)
        refuse_type(c, content_type,
                    has_uploads ? "multipart/form-data or application/x-www-form-urlencoded"
                                : with_formats(c, "application/json, application/x-www-form-urlencoded or "
                                                  "multipart/form-data"));
    if (format == BODY_JSON)
        read_json(c, b->plan->json, b->model, c->x->body, &b->faults);
    else
        bind_form(b);
}
