#include "schema/json/schema.h"

#include "schema/json/append.h"
#include "schema/pattern/pattern.h"
#include "schema/scalar.h"

#include <math.h>
#include <stdio.h>

/* -- single values -- */

/** A kind as JSON Schema. Where the kind has sizes, the format is by size. It has a pattern if no format
 * describes exactly what is accepted. */
static const struct kind_schema {
    const char *type;   /* "string" */
    const char *format; /* from the registry of OpenAPI formats */
    const char *more;   /* further members, verbatim */
} kinds[] = {
    [TERN_KIND_BOOL] = {"boolean", NULL, NULL},
    [TERN_KIND_INT] = {"integer", NULL, NULL},
    [TERN_KIND_UINT] = {"integer", NULL, NULL},
    [TERN_KIND_FLOAT] = {"number", NULL, NULL},
    [TERN_KIND_TEXT] = {"string", NULL, NULL},
    [TERN_KIND_BYTES] = {"string", "byte",
                         "\"contentEncoding\":\"base64\",\"pattern\":\"^(?:[A-Za-z0-9+/]{4})*"
                         "(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$\""},
    [TERN_KIND_UUID] = {"string", "uuid", NULL},
    [TERN_KIND_DATE] = {"string", "date", NULL},
    /* JSON Schema's "time" has an offset, but a time of day does not: hence this format, and a pattern for
     * tools that do not know it */
    [TERN_KIND_TIME] = {"string", "time-local",
                        "\"pattern\":\"^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\\\.[0-9]+)?$\""},
    [TERN_KIND_DATETIME] = {"string", "date-time", NULL},
    /* the format allows months and years, which have no fixed length, but no sign or fractions */
    [TERN_KIND_DURATION] = {"string", "duration",
                            "\"minLength\":3,\"pattern\":\"^-?P([0-9]+W)?([0-9]+D)?"
                            "(T([0-9]+H([0-9]+M)?([0-9]+([.][0-9]+)?S)?|[0-9]+M([0-9]+([.][0-9]+)?S)?|"
                            "[0-9]+([.][0-9]+)?S))?$\""},
    [TERN_KIND_DECIMAL] = {"number", "decimal", NULL},
    [TERN_KIND_ANY] = {NULL, NULL, NULL},
    [TERN_KIND_UPLOAD] = {"string", "binary", "\"contentMediaType\":\"application/octet-stream\""},
    [TERN_KIND_LIST] = {"array", NULL, NULL},
    [TERN_KIND_MAP] = {"object", NULL, NULL},
};

static const char *format_of_size(const tern_type *type)
{
    static const char *const signed_formats[] = {[1] = "int8", [2] = "int16", [4] = "int32", [8] = "int64"};
    static const char *const unsigned_formats[] = {
        [1] = "uint8", [2] = "uint16", [4] = "uint32", [8] = "uint64"};
    switch (type->kind) {
    case TERN_KIND_INT:
        return signed_formats[type->size];
    case TERN_KIND_UINT:
        return unsigned_formats[type->size];
    case TERN_KIND_FLOAT:
        return type->size == sizeof(float) ? "float" : "double";
    default:
        return kinds[type->kind].format;
    }
}

static void print_type_member(const tern_type *type, schema_side side, bool is_nullable, buf *out)
{
    bool is_text_too = type->kind == TERN_KIND_DECIMAL && side == SCHEMA_INPUT;
    if (kinds[type->kind].type == NULL)
        return;
    append_key(out, "type");
    if (is_text_too || is_nullable)
        append_open(out, '[');
    append_text(out, kinds[type->kind].type);
    if (is_text_too)
        append_text(out, "string");
    if (is_nullable)
        append_text(out, "null");
    if (is_text_too || is_nullable)
        append_close(out, ']');
}

static void print_part(const schema_set *set, const tern_type *type, const field_plan *rules,
                       schema_side side, buf *out);

/** The members that describe a value of `type`, without a reference; `f` has the rules of its items, and may
 * be NULL. */
static void print_members(const schema_set *set, const tern_type *type, const field_plan *f, schema_side side,
                          bool is_nullable, buf *out)
{
    const struct kind_schema *kind = &kinds[type->kind];
    print_type_member(type, side, is_nullable, out);
    append_member(out, "format", format_of_size(type));
    if (kind->more != NULL)
        append_raw(out, kind->more);
    if (type->kind == TERN_KIND_DECIMAL && side == SCHEMA_INPUT) { /* of the kinds that are text */
        bool is_positive = f != NULL && f->has_min && f->min_decimal.units >= 0;
        append_raw(out, is_positive ? "\"maxLength\":19,\"pattern\":\"^[0-9]{1,18}([.][0-9]{1,18})?$\""
                                    : "\"maxLength\":19,\"pattern\":\"^-?[0-9]{1,18}([.][0-9]{1,18})?$\"");
    }
    if (type->item != NULL) {
        append_key(out, type->kind == TERN_KIND_LIST ? "items" : "additionalProperties");
        print_part(set, type->item, f != NULL ? f->items : NULL, side, out);
    }
    if (f != NULL && f->keys != NULL) {
        append_key(out, "propertyNames");
        print_part(set, f->keys->type, f->keys, side, out);
    }
}

static bool has_component(const tern_type *type)
{
    return type->kind == TERN_KIND_MODEL || type->kind == TERN_KIND_ENUM;
}

static void print_reference(const schema_set *set, const tern_type *type, schema_side side, buf *out)
{
    const schema_component *c = schema_component_of(set, type, side);
    append_key(out, "$ref");
    append_comma(out);
    if (c != NULL)
        buf_add_printf(out, "\"#/components/schemas/%s\"", c->name);
    else
        buf_add_printf(out, "\"%s\"", type->name);
}

static void print_bare(const char *key, const char *sign, const char *digits, buf *out)
{
    append_key(out, key);
    buf_add_text(out, sign);
    buf_add_text(out, digits);
}

/** The range of a number's kind, where no rule of the field is narrower. */
static void print_natural_limits(const tern_type *type, bool has_min, bool has_max, buf *out)
{
    bool is_signed = type->kind == TERN_KIND_INT;
    const char *most_text = type->kind == TERN_KIND_DECIMAL ? "999999999999999999"
                            : type->kind == TERN_KIND_FLOAT && type->size == sizeof(float)
                                ? "3.4028234663852886e+38"
                                : NULL;
    if (most_text != NULL && !has_min)
        print_bare("minimum", "-", most_text, out);
    if (most_text != NULL && !has_max)
        print_bare("maximum", "", most_text, out);
    if (type->kind != TERN_KIND_UINT && !is_signed)
        return;
    int bits = (int)(8 * type->size) - is_signed;
    uint64_t most = bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
    char digits[32];
    if (!has_min) {
        snprintf(digits, sizeof digits, "%lld", is_signed ? -(long long)most - 1 : 0LL);
        append_key(out, "minimum");
        append_raw(out, digits);
    }
    if (!has_max) {
        snprintf(digits, sizeof digits, "%llu", (unsigned long long)most);
        append_key(out, "maximum");
        append_raw(out, digits);
    }
}

void schema_print(const schema_set *set, const tern_type *type, schema_side side, buf *out)
{
    append_open(out, '{');
    if (has_component(type)) {
        print_reference(set, type, side, out);
    } else {
        print_members(set, type, NULL, side, false, out);
        print_natural_limits(type, false, false, out);
    }
    append_close(out, '}');
}

/* -- rules -- */

static void print_size(const char *key, bool is_set, size_t size, buf *out)
{
    if (!is_set)
        return;
    append_key(out, key);
    buf_add_printf(out, "%zu", size);
}

/** A limit as written: exact for whole numbers, otherwise the shortest text of its double (or float). */
static void print_limit(const char *key, bool is_set, long double limit, const tern_type *type, buf *out)
{
    char text[64];
    if (!is_set)
        return;
    size_t len;
    if (limit == truncl(limit) && fabsl(limit) < 0x1p64L)
        len = (size_t)snprintf(text, sizeof text, "%.0Lf", limit);
    else
        len = type->size == sizeof(float) && type->kind == TERN_KIND_FLOAT
                  ? number_print_float((float)limit, text)
                  : number_print_double((double)limit, text);
    append_key(out, key);
    buf_add(out, text, len);
}

static void print_decimal(const char *key, bool is_set, tern_decimal limit, buf *out)
{
    char text[SCALAR_PRINT_BYTES];
    if (!is_set)
        return;
    append_key(out, key);
    buf_add(out, text, scalar_print(&tern_decimal_type, &limit, text));
}

/** Limits of numbers, and of moments, for which JSON Schema has no keyword. */
static void print_limits(const field_plan *f, buf *out)
{
    const tern_field *field = f->field;
    const tern_type *type = field->type;
    const char *min = f->is_min_excluded ? "exclusiveMinimum" : "minimum",
               *max = f->is_max_excluded ? "exclusiveMaximum" : "maximum";
    if (type->kind == TERN_KIND_DECIMAL) {
        print_decimal(min, f->has_min, f->min_decimal, out);
        print_decimal(max, f->has_max, f->max_decimal, out);
        print_decimal("multipleOf", f->has_multiple, f->multiple_decimal, out);
        return;
    }
    if (f->min_moment.text != NULL || f->max_moment.text != NULL) {
        append_member(out, "x-minimum", f->min_moment.text);
        append_member(out, "x-maximum", f->max_moment.text);
        return;
    }
    print_limit(min, f->has_min, f->is_min_excluded ? field->above : field->min, type, out);
    print_limit(max, f->has_max, f->is_max_excluded ? field->below : field->max, type, out);
    print_limit("multipleOf", f->has_multiple, field->multiple_of, type, out);
}

static size_t base64_length(size_t bytes)
{
    return bytes / 3 * 4 + (bytes % 3 != 0 ? 4 : 0);
}

static void print_lengths(const field_plan *f, buf *out)
{
    const tern_field *field = f->field;
    if (field->type->kind == TERN_KIND_UPLOAD) /* its bytes: JSON Schema has no keyword that counts them */
        return;
    bool is_encoded = field->type->kind == TERN_KIND_BYTES;
    print_size("minLength", f->has_min_length,
               is_encoded ? base64_length(field->min_length) : field->min_length, out);
    print_size("maxLength", f->has_max_length,
               is_encoded ? base64_length(field->max_length) : field->max_length, out);
}

static void print_choices(const field_plan *f, bool is_nullable, buf *out)
{
    if (f->field->choices == NULL)
        return;
    append_key(out, "enum");
    append_open(out, '[');
    for (const char *const *choice = f->field->choices; *choice != NULL; choice++)
        append_text(out, *choice);
    if (is_nullable)
        append_raw(out, "null");
    append_close(out, ']');
}

static void print_rules(const field_plan *f, bool is_nullable, buf *out)
{
    const tern_field *field = f->field;
    const tern_type *type = field->type;
    bool is_list = type->kind == TERN_KIND_LIST;
    print_limits(f, out);
    print_natural_limits(type, f->has_min, f->has_max, out);
    print_lengths(f, out);
    print_size(is_list ? "minItems" : "minProperties", f->has_min_items, field->min_items, out);
    print_size(is_list ? "maxItems" : "maxProperties", f->has_max_items, field->max_items, out);
    append_flag(out, "uniqueItems", field->unique_items);
    if (field->pattern != NULL)
        append_member(out, pattern_is_portable(field->pattern) ? "pattern" : "x-pattern", field->pattern);
    append_member(out, "format", field->format);
    print_choices(f, is_nullable, out);
}

/** A value that is text in the declaration (.fallback, .example), as JSON of its kind. */
static void print_value(const tern_type *type, const char *text, buf *out)
{
    union {
        max_align_t align;
        unsigned char bytes[sizeof(tern_any) + sizeof(tern_uuid)];
    } value;
    char printed[SCALAR_PRINT_BYTES];
    bool is_bare = type->kind == TERN_KIND_BOOL || type->kind == TERN_KIND_INT ||
                   type->kind == TERN_KIND_UINT || type->kind == TERN_KIND_FLOAT ||
                   type->kind == TERN_KIND_DECIMAL;
    append_comma(out);
    if (is_bare && scalar_read(type, text, strlen(text), &value, NULL) == NULL)
        buf_add(out, printed, scalar_print(type, &value, printed));
    else if (type->item != NULL && (strcmp(text, "[]") == 0 || strcmp(text, "{}") == 0))
        buf_add_text(out, text);
    else
        append_text(out, text);
}

void schema_print_description(const field_plan *f, buf *out)
{
    const char *help = f->field->help, *low = f->min_moment.text, *high = f->max_moment.text;
    bool is_span = f->field->type->kind == TERN_KIND_DURATION;
    buf words = {0};
    if (help != NULL)
        buf_add_text(&words, help);
    if (low != NULL || high != NULL) {
        bool is_sentence = words.len == 0 || strchr(".!?", words.data[words.len - 1]) != NULL;
        buf_add_printf(&words, "%s%sMust be ", is_sentence ? "" : ".", words.len == 0 ? "" : " ");
    }
    if (low != NULL && high != NULL)
        buf_add_printf(&words, "from %s to %s.", low, high);
    else if (low != NULL)
        buf_add_printf(&words, is_span ? "at least %s." : "%s or later.", low);
    else if (high != NULL)
        buf_add_printf(&words, is_span ? "at most %s." : "%s or earlier.", high);
    if (words.len != 0) {
        append_key(out, "description");
        append_slice(out, words.data, words.len);
    }
    out->failed |= words.failed;
    buf_free(&words);
}

/** The annotations of a field besides its type and rules. */
static void print_notes(const field_plan *f, bool is_parameter, buf *out)
{
    const tern_field *field = f->field;
    if (!is_parameter)
        schema_print_description(f, out);
    if (field->fallback != NULL) {
        append_key(out, "default");
        print_value(field->type, field->fallback, out);
    }
    if (field->example != NULL) {
        append_key(out, "examples");
        append_open(out, '[');
        print_value(field->type, field->example, out);
        append_close(out, ']');
    }
    append_flag(out, "readOnly", field->read_only && !is_parameter); /* of properties alone */
    append_flag(out, "writeOnly", field->write_only && !is_parameter);
    append_flag(out, "deprecated", field->deprecated && !is_parameter);
}

/** The items of a list or map; `rules` may be NULL. */
static void print_part(const schema_set *set, const tern_type *type, const field_plan *rules,
                       schema_side side, buf *out)
{
    if (rules != NULL)
        schema_print_field(set, rules, side, false, out);
    else
        schema_print(set, type, side, out);
}

void schema_print_field(const schema_set *set, const field_plan *f, schema_side side, bool is_parameter,
                        buf *out)
{
    const tern_type *type = f->field->type;
    bool is_nullable = !is_parameter && f->is_nullable;
    append_open(out, '{');
    if (!has_component(type)) {
        print_members(set, type, f, side, is_nullable, out);
    } else if (is_nullable) {
        append_key(out, "anyOf");
        append_open(out, '[');
        schema_print(set, type, side, out);
        append_raw(out, "{\"type\":\"null\"}");
        append_close(out, ']');
    } else {
        print_reference(set, type, side, out);
    }
    print_rules(f, is_nullable, out);
    print_notes(f, is_parameter, out);
    append_close(out, '}');
}

/* -- models and enums -- */

static bool is_shown(const field_plan *f, schema_side side)
{
    return !(side == SCHEMA_INPUT ? f->field->read_only : f->field->write_only);
}

/** In input: fields that must be given; in output: fields that are always present. */
static bool is_required(const field_plan *f, schema_side side)
{
    if (side == SCHEMA_PART)
        return false;
    return side == SCHEMA_INPUT ? f->is_required : !f->field->optional && f->field->fallback == NULL;
}

static void print_enum(const tern_type *type, buf *out)
{
    append_open(out, '{');
    append_member(out, "type", "string");
    append_key(out, "enum");
    append_open(out, '[');
    for (unsigned i = 0; i < type->name_count; i++)
        append_text(out, type->names[i].name);
    append_close(out, ']');
    append_close(out, '}');
}

static void print_properties(const schema_set *set, const type_plan *plan, schema_side side, buf *out)
{
    unsigned count = plan->type->field_count, required = 0;
    append_key(out, "properties");
    append_open(out, '{');
    for (unsigned i = 0; i < count; i++) {
        const field_plan *f = &plan->fields[i];
        if (!is_shown(f, side))
            continue;
        required += is_required(f, side);
        append_slice(out, f->key, f->key_len);
        buf_add(out, ":", 1);
        schema_print_field(set, f, schema_side_inside(side), false, out);
    }
    append_close(out, '}');
    if (required == 0)
        return;
    append_key(out, "required");
    append_open(out, '[');
    for (unsigned i = 0; i < count; i++) {
        const field_plan *f = &plan->fields[i];
        if (is_shown(f, side) && is_required(f, side))
            append_slice(out, f->key, f->key_len);
    }
    append_close(out, ']');
}

void schema_print_object(const schema_set *set, const tern_type *type, schema_side side, buf *out)
{
    append_open(out, '{');
    append_member(out, "type", "object");
    append_member(out, "description", type->options.help);
    print_properties(set, plan_of(type), side, out);
    if (!type->options.ignore_unknown) {
        append_key(out, "additionalProperties");
        append_raw(out, "false");
    }
    append_close(out, '}');
}

void schema_print_components(const schema_set *set, buf *out)
{
    for (const schema_component *c = set->first; c != NULL; c = c->next) {
        append_key(out, c->name);
        if (c->type->kind == TERN_KIND_ENUM)
            print_enum(c->type, out);
        else
            schema_print_object(set, c->type, c->side, out);
    }
}
