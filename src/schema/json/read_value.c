/**
 * Reads single values directly into structs: the rarer kinds, and the faults of the usual ones (read_fast.h).
 */
#include "schema/json/read_fast.h"
#include "schema/number/whole.h"

/** What a value of each kind must be; no message where scalar_read has it. */
static const struct {
    const char *code, *message;
} kinds[] = {
    [TERN_KIND_BOOL] = {"not_bool", "must be true or false"},
    [TERN_KIND_INT] = {"not_int", "must be a whole number"},
    [TERN_KIND_UINT] = {"not_int", "must be a whole number"},
    [TERN_KIND_FLOAT] = {"not_number", "must be a number"},
    [TERN_KIND_TEXT] = {"not_text", "must be text"},
    [TERN_KIND_BYTES] = {"not_bytes", "must be bytes in base64"},
    [TERN_KIND_UUID] = {"not_uuid", NULL},
    [TERN_KIND_DATE] = {"not_date", NULL},
    [TERN_KIND_TIME] = {"not_time", NULL},
    [TERN_KIND_DATETIME] = {"not_datetime", NULL},
    [TERN_KIND_DURATION] = {"not_duration", NULL},
    [TERN_KIND_DECIMAL] = {"not_decimal", NULL},
    [TERN_KIND_ANY] = {"not_json", "must be JSON"},
    [TERN_KIND_UPLOAD] = {"not_upload", "must be a file, sent as multipart/form-data"},
    [TERN_KIND_ENUM] = {"not_a_choice", NULL},
    [TERN_KIND_MODEL] = {"not_object", "must be an object"},
    [TERN_KIND_LIST] = {"not_list", "must be a list"},
    [TERN_KIND_MAP] = {"not_object", "must be an object"},
};

__attribute__((cold)) bool json_wrong_kind(json_reader *r, const tern_type *type, const place *where)
{
    const char *begin = r->at;
    if (!json_skip(r))
        return false;
    const char *message = kinds[type->kind].message;
    tern_datetime unused[2]; /* room for any of the kinds without a message */
    if (*begin == 'n')
        fault_add(r->faults, where, "null", NULL, NULL, "must not be null");
    else if (message != NULL)
        fault_add(r->faults, where, kinds[type->kind].code, NULL, NULL, "%s", message);
    else
        fault_add(r->faults, where, kinds[type->kind].code, NULL, NULL, "must be %s",
                  scalar_read(type, "", 0, unused, r->arena));
    return false;
}

/* -- numbers -- */

__attribute__((cold)) static bool out_of_range(json_reader *r, const char *range, const place *where)
{
    fault_add(r->faults, where, "out_of_range", NULL, NULL, "must be %s", range);
    return false;
}

__attribute__((cold)) bool json_read_odd_int(json_reader *r, const tern_type *type, void *out,
                                             const place *where)
{
    const char *begin = r->at;
    if (*begin != '-' && (unsigned)(*begin - '0') >= 10)
        return json_wrong_kind(r, type, where);
    if (!json_skip_number(r))
        return false;
    number_exact number;
    uint64_t value = 0;
    number_take_apart(begin, (size_t)(r->at - begin), &number);
    number_whole whole = number_to_whole(&number, &value);
    if (whole == NUMBER_WHOLE && json_fits_int(type, number.is_negative, value, out))
        return true;
    if (whole != NUMBER_FRACTION)
        return out_of_range(r, scalar_int_range(type), where);
    fault_add(r->faults, where, "not_int", NULL, NULL, "must be a whole number");
    return false;
}

bool json_read_odd_double(json_reader *r, const tern_type *type, void *out, const place *where)
{
    size_t len = number_take_double(r->at, (size_t)(r->end - r->at), out);
    r->at += len;
    if (len != 0)
        return true;
    if (*r->at != '-' && (unsigned)(*r->at - '0') >= 10)
        return json_wrong_kind(r, type, where);
    if (!json_skip_number(r))
        return false;
    return out_of_range(r, "a number that fits into a double", where);
}

static bool read_float(json_reader *r, const tern_type *type, void *out, const place *where)
{
    double value;
    if (!json_read_double(r, type, &value, where))
        return false;
    float narrow = (float)value;
    if (__builtin_isinf(narrow))
        return out_of_range(r, "a number that fits into a float", where);
    *(float *)out = narrow;
    return true;
}

/* -- kinds that are written as text -- */

__attribute__((cold)) bool json_refuse_nul(json_reader *r, const place *where)
{
    fault_add(r->faults, where, "nul_in_text", NULL, NULL, "must not contain the character U+0000");
    return false;
}

const char *json_shown_key(json_reader *r, const char *key)
{
    static const char replacement[] = "\xef\xbf\xbd";
    enum { SHOWN_BYTES = 200, REPLACEMENT_BYTES = sizeof replacement - 1 };
    if (!r->has_nul)
        return key;
    size_t len = r->text_len < SHOWN_BYTES ? r->text_len : SHOWN_BYTES;
    char *shown = arena_alloc(r->arena, len * REPLACEMENT_BYTES + 1), *at = shown;
    if (shown == NULL)
        return key;
    while (len > 0 && len < r->text_len && ((unsigned char)key[len] & 0xc0) == 0x80)
        len--;
    for (size_t i = 0; i < len; i++) {
        if (key[i] != '\0')
            *at++ = key[i];
        else
            at = (char *)memcpy(at, replacement, REPLACEMENT_BYTES) + REPLACEMENT_BYTES;
    }
    *at = '\0';
    return shown;
}

/** Kinds that scalar_read reads: bytes are decoded in place, the others are small. */
static bool read_scalar(json_reader *r, const tern_type *type, const char *text, size_t len, void *out,
                        const place *where)
{
    const char *wanted = scalar_read(type, text, len, out, type->kind == TERN_KIND_BYTES ? NULL : r->arena);
    if (wanted == NULL)
        return true;
    fault_add(r->faults, where, kinds[type->kind].code, NULL, NULL, "must be %s", wanted);
    return false;
}

static bool read_quoted(json_reader *r, const tern_type *type, void *out, const place *where)
{
    if (*r->at != '"')
        return json_wrong_kind(r, type, where);
    const char *text = json_read_text(r);
    return text != NULL && read_scalar(r, type, text, r->text_len, out, where);
}

static bool read_decimal(json_reader *r, const tern_type *type, void *out, const place *where)
{
    const char *begin = r->at;
    if (*begin != '-' && (unsigned)(*begin - '0') >= 10)
        return read_quoted(r, type, out, where);
    return json_skip_number(r) && read_scalar(r, type, begin, (size_t)(r->at - begin), out, where);
}

static bool read_any(json_reader *r, void *out, const place *where)
{
    const char *begin = r->at;
    if (!json_skip(r))
        return false;
    *(tern_any *)out = (tern_any){begin, (size_t)(r->at - begin)};
    return json_keys_differ(r, begin, where);
}

bool json_read_value(json_reader *r, const tern_type *type, void *out, const place *where)
{
    switch (type->kind) {
    case TERN_KIND_FLOAT:
        return type->size == sizeof(double) ? json_read_double(r, type, out, where)
                                            : read_float(r, type, out, where);
    case TERN_KIND_UUID:
    case TERN_KIND_DATE:
    case TERN_KIND_TIME:
    case TERN_KIND_DATETIME:
    case TERN_KIND_DURATION:
    case TERN_KIND_BYTES:
    case TERN_KIND_ENUM:
        return read_quoted(r, type, out, where);
    case TERN_KIND_DECIMAL:
        return read_decimal(r, type, out, where);
    case TERN_KIND_ANY:
        return read_any(r, out, where);
    case TERN_KIND_UPLOAD:
        return json_wrong_kind(r, type, where);
    default:
        return json_read_usual(r, type, out, where);
    }
}
