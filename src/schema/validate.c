/** Each rule is a few lines: the comparison, and the fault when it fails. */
#include "schema/validate.h"

#include "schema/equal.h"
#include "schema/number/decimal.h"
#include "schema/pattern/pattern.h"
#include "schema/scalar.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/** The arguments of a check. */
typedef struct subject {
    const field_plan *f;
    const void *value;
    const place *where;
    tern_faults *faults;
    bool is_new; /* input: limits that move with the clock apply too */
} subject;

/* -- limits as JSON text, in the faults' arena -- */

static const char *keep(tern_faults *faults, const char *text, size_t len)
{
    const char *kept = arena_text(faults->arena, text, len);
    faults->is_memory_short |= kept == NULL;
    return kept != NULL ? kept : "0";
}

static const char *int_text(tern_faults *faults, int64_t value)
{
    char text[SCALAR_PRINT_BYTES];
    return keep(faults, text, number_print_i64(value, text));
}

static const char *float_text(tern_faults *faults, double value)
{
    char text[SCALAR_PRINT_BYTES];
    return keep(faults, text, number_print_double(value, text));
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

/* -- numbers -- */

static void too_small(const subject *s, const char *limit)
{
    bool is_excluded = s->f->is_min_excluded;
    fault_add(s->faults, s->where, "too_small", is_excluded ? "above" : "min", limit, "must be %s %s",
              is_excluded ? "above" : "at least", limit);
}

static void too_large(const subject *s, const char *limit)
{
    bool is_excluded = s->f->is_max_excluded;
    fault_add(s->faults, s->where, "too_large", is_excluded ? "below" : "max", limit, "must be %s %s",
              is_excluded ? "below" : "at most", limit);
}

static void not_multiple(const subject *s, const char *limit)
{
    fault_add(s->faults, s->where, "not_a_multiple", "multiple_of", limit, "must be a multiple of %s", limit);
}

static void check_int(const subject *s)
{
    const field_plan *f = s->f;
    int64_t value = scalar_int(f->field->type, s->value);
    /* An unsigned 64-bit value above INT64_MAX is larger than any limit that can be written. */
    bool is_huge = f->field->type->kind == TERN_KIND_UINT && value < 0;
    if (f->has_min && !is_huge && (value < f->min_int || (f->is_min_excluded && value == f->min_int)))
        too_small(s, int_text(s->faults, f->min_int));
    if (f->has_max && (is_huge || value > f->max_int || (f->is_max_excluded && value == f->max_int)))
        too_large(s, int_text(s->faults, f->max_int));
    bool divides = is_huge ? (uint64_t)value % (uint64_t)f->multiple_int == 0 : value % f->multiple_int == 0;
    if (f->has_multiple && !divides)
        not_multiple(s, int_text(s->faults, f->multiple_int));
}

/** Whether `value` is `count * step` as closely as doubles can tell: 0.3 is a multiple of 0.1. */
static bool is_multiple(double value, double step)
{
    double count = __builtin_round(value / step);
    double difference = __builtin_fabs(count * step - value);
    return difference <= __builtin_fabs(value) * 1e-12;
}

static void check_float(const subject *s, double value)
{
    const field_plan *f = s->f;
    if (f->has_min && !(f->is_min_excluded ? value > f->min_float : value >= f->min_float))
        too_small(s, float_text(s->faults, f->min_float));
    if (f->has_max && !(f->is_max_excluded ? value < f->max_float : value <= f->max_float))
        too_large(s, float_text(s->faults, f->max_float));
    if (f->has_multiple && !is_multiple(value, f->multiple_float))
        not_multiple(s, float_text(s->faults, f->multiple_float));
}

static const char *decimal_text(tern_faults *faults, tern_decimal value)
{
    char text[SCALAR_PRINT_BYTES];
    return keep(faults, text, scalar_print(&tern_decimal_type, &value, text));
}

static void check_decimal(const subject *s, tern_decimal value)
{
    const field_plan *f = s->f;
    if (f->has_min && decimal_compare(value, f->min_decimal) < !!f->is_min_excluded)
        too_small(s, decimal_text(s->faults, f->min_decimal));
    if (f->has_max && decimal_compare(value, f->max_decimal) > -!!f->is_max_excluded)
        too_large(s, decimal_text(s->faults, f->max_decimal));
    if (f->has_multiple && !decimal_is_multiple(value, f->multiple_decimal))
        not_multiple(s, decimal_text(s->faults, f->multiple_decimal));
}

/* -- dates, times, date-times, spans -- */

static void beyond_moment(const subject *s, bool is_low, const moment_limit *limit, int64_t number)
{
    char printed[SCALAR_PRINT_BYTES + 1], quoted[SCALAR_PRINT_BYTES + 3];
    const tern_type *type = s->f->field->type;
    const char *words = moment_limit_print(type, limit, number, printed),
               *option = is_low ? "at_least" : "at_most";
    int len = snprintf(quoted, sizeof quoted, "\"%s\"", words);
    const char *json = keep(s->faults, quoted, (size_t)len < sizeof quoted ? (size_t)len : sizeof quoted - 1);
    if (type->kind == TERN_KIND_DURATION)
        fault_add(s->faults, s->where, is_low ? "too_small" : "too_large", option, json, "must be %s %s",
                  is_low ? "at least" : "at most", words);
    else
        fault_add(s->faults, s->where, is_low ? "too_early" : "too_late", option, json, "must be %s or %s",
                  words, is_low ? "later" : "earlier");
}

static void check_moment(const subject *s)
{
    const field_plan *f = s->f;
    const tern_type *type = f->field->type;
    if (f->min_moment.text == NULL && f->max_moment.text == NULL)
        return;
    int64_t value = moment_number(type, s->value), number;
    if (f->min_moment.text != NULL && (s->is_new || !f->min_moment.is_moving) &&
        value < (number = moment_limit_number(type, &f->min_moment)))
        beyond_moment(s, true, &f->min_moment, number);
    if (f->max_moment.text != NULL && (s->is_new || !f->max_moment.is_moving) &&
        value > (number = moment_limit_number(type, &f->max_moment)))
        beyond_moment(s, false, &f->max_moment, number);
}

/* -- text and bytes -- */

/** Characters (code points) of valid UTF-8: all bytes except continuation bytes. */
static size_t count_characters(const char *text, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

static void check_length(const subject *s, size_t length, const char *unit)
{
    const field_plan *f = s->f;
    size_t least = f->field->min_length, most = f->field->max_length;
    if (f->has_min_length && length < least)
        fault_add(s->faults, s->where, "too_short", "min_length", int_text(s->faults, (int64_t)least),
                  "must have at least %zu %s%s", least, unit, plural(least));
    if (f->has_max_length && length > most)
        fault_add(s->faults, s->where, "too_long", "max_length", int_text(s->faults, (int64_t)most),
                  "must have at most %zu %s%s", most, unit, plural(most));
}

static const char *choices_text(const subject *s)
{
    buf list = {0};
    for (const char *const *choice = s->f->field->choices; *choice != NULL; choice++)
        buf_add_printf(&list, "%s%s", choice != s->f->field->choices ? ", " : "", *choice);
    const char *text =
        list.failed || list.data == NULL ? "its choices" : keep(s->faults, list.data, list.len);
    buf_free(&list);
    return text;
}

static void check_choices(const subject *s, const char *text)
{
    for (const char *const *choice = s->f->field->choices; *choice != NULL; choice++)
        if (strcmp(*choice, text) == 0)
            return;
    fault_add(s->faults, s->where, "not_a_choice", NULL, NULL, "must be one of %s", choices_text(s));
}

static void check_pattern(const subject *s, const char *text, size_t len)
{
    bool gave_up = false;
    if (pattern_matches(s->f->pattern, text, len, &gave_up))
        return;
    if (gave_up)
        fault_add(s->faults, s->where, "pattern_too_costly", NULL, NULL,
                  "takes too long to match against its pattern");
    else
        fault_add(s->faults, s->where, "no_match", NULL, NULL, "must match the pattern %s",
                  s->f->field->pattern);
}

static void check_text(const subject *s)
{
    const field_plan *f = s->f;
    const char *text = *(const char *const *)s->value;
    if (text == NULL) /* null, which the decoder has allowed */
        return;
    size_t len = strlen(text);
    /* Characters are counted only when the bytes do not decide: a character has at most four. */
    if ((f->has_min_length && len / 4 < f->field->min_length) ||
        (f->has_max_length && len > f->field->max_length))
        check_length(s, count_characters(text, len), "character");
    if (f->field->choices != NULL)
        check_choices(s, text);
    if (f->format != NULL && !f->format->is_valid(text, len))
        fault_add(s->faults, s->where, "bad_format", NULL, NULL, "must be %s", f->format->wants);
    if (f->pattern != NULL)
        check_pattern(s, text, len);
}

/* -- lists and maps -- */

/** Lists and maps are laid out alike: a pointer and a count. */
static tern_any list_of(const void *value)
{
    tern_any list;
    memcpy(&list, value, sizeof list);
    return list;
}

/** The item of a list, or the value of a map's entry, with the place. */
static const void *item_at(const tern_type *type, const tern_any *list, size_t i, place *here)
{
    const char *item = list->data + i * list_step(type);
    here->index = i;
    if (type->kind == TERN_KIND_LIST)
        return item;
    memcpy(&here->name, item, sizeof here->name);
    return item + sizeof here->name;
}

static void check_items(const subject *s)
{
    const field_plan *f = s->f;
    const tern_any list = list_of(s->value);
    size_t least = f->field->min_items, most = f->field->max_items, first, second;
    bool memory_short = false;
    if (f->has_min_items && list.len < least)
        fault_add(s->faults, s->where, "too_few", "min_items", int_text(s->faults, (int64_t)least),
                  "must have at least %zu item%s", least, plural(least));
    if (f->has_max_items && list.len > most)
        fault_add(s->faults, s->where, "too_many", "max_items", int_text(s->faults, (int64_t)most),
                  "must have at most %zu item%s", most, plural(most));
    if (f->field->unique_items && f->field->type->kind == TERN_KIND_LIST &&
        list_find_double(f->field->type->item, list.data, list.len, s->faults->arena, &first, &second,
                         &memory_short))
        fault_add(s->faults, s->where, "not_unique", NULL, NULL, "item %zu is the same as item %zu", second,
                  first);
    s->faults->is_memory_short |= memory_short;
}

/* -- one field -- */

static void check_field(const field_plan *f, const void *value, const place *where, tern_faults *faults,
                        bool is_new);

static void check_key(const subject *s, const place *here)
{
    assert(s->f->keys->field->type->kind == TERN_KIND_TEXT); /* `name` is no more than that */
    const char *outer = s->faults->whose;
    s->faults->whose = "the key ";
    check_field(s->f->keys, &here->name, here, s->faults, s->is_new);
    s->faults->whose = outer;
}

/** The rules of a list's or map's items. Once the faults are full, or the patterns have taken too long in
 * all, the rest is not checked: the list is rejected anyway. */
static void check_parts(const subject *s)
{
    const field_plan *f = s->f;
    const tern_type *type = f->field->type;
    const tern_any list = list_of(s->value);
    bool has_pattern =
        (f->items != NULL && f->items->pattern != NULL) || (f->keys != NULL && f->keys->pattern != NULL);
    const char *said = s->faults->said;
    s->faults->said = NULL; /* it describes the list */
    pattern_clock own = {0}, *outer = s->faults->clock;
    s->faults->clock = outer != NULL ? outer : &own;
    for (size_t i = 0; i < list.len && s->faults->count < FAULTS_MOST; i++) {
        place here = {.up = s->where};
        const void *item = item_at(type, &list, i, &here);
        if (has_pattern && pattern_clock_is_up(s->faults->clock)) {
            fault_add(s->faults, s->where, "pattern_too_costly", NULL, NULL,
                      "takes too long to match against its pattern");
            break;
        }
        if (f->keys != NULL)
            check_key(s, &here);
        if (f->items != NULL)
            check_field(f->items, item, &here, s->faults, s->is_new);
    }
    s->faults->said = said;
    s->faults->clock = outer;
}

static void check_kind(const subject *s)
{
    const tern_type *type = s->f->field->type;
    switch (type->kind) {
    case TERN_KIND_INT:
    case TERN_KIND_UINT:
        check_int(s);
        break;
    case TERN_KIND_FLOAT:
        check_float(s, type->size == sizeof(double) ? *(const double *)s->value
                                                    : (double)*(const float *)s->value);
        break;
    case TERN_KIND_DECIMAL:
        check_decimal(s, *(const tern_decimal *)s->value);
        break;
    case TERN_KIND_DATE:
    case TERN_KIND_TIME:
    case TERN_KIND_DATETIME:
    case TERN_KIND_DURATION:
        check_moment(s);
        break;
    case TERN_KIND_TEXT:
        check_text(s);
        break;
    case TERN_KIND_BYTES:
        check_length(s, ((const tern_bytes *)s->value)->len, "byte");
        break;
    case TERN_KIND_UPLOAD:
        check_length(s, ((const tern_upload *)s->value)->size, "byte");
        break;
    case TERN_KIND_LIST:
    case TERN_KIND_MAP:
        check_items(s);
        if (s->f->items != NULL || s->f->keys != NULL)
            check_parts(s);
        break;
    default:
        break;
    }
}

static void check_field(const field_plan *f, const void *value, const place *where, tern_faults *faults,
                        bool is_new)
{
    const subject s = {f, value, where, faults, is_new};
    bool has_words = f->has_words;
    unsigned before = faults->count;
    if (has_words) { /* NULL without a .message; with one, all rules are one fault */
        faults->said = f->field->message;
        faults->said_from = before;
    }
    check_kind(&s); /* called only here, so that it is inlined */
    if (!has_words)
        return;
    faults->said = NULL;
    if (f->field->check == NULL || faults->count != before)
        return;
    const char *wrong = f->field->check(value);
    if (wrong != NULL)
        fault_add(faults, where, "wrong", NULL, NULL, "%s", wrong);
}

void validate_field(const field_plan *f, const void *value, const place *where, tern_faults *faults)
{
    check_field(f, value, where, faults, true);
}

void validate_kept(const field_plan *f, const void *value, const place *where, tern_faults *faults)
{
    check_field(f, value, where, faults, false);
}

void validate_model(const tern_type *type, const void *model, const place *where, tern_faults *faults)
{
    if (type->options.check == NULL)
        return;
    const place *outer = faults->here;
    faults->here = where;
    type->options.check(model, faults);
    faults->here = outer;
}

/* -- whole values -- */

static void validate_deep(const tern_type *type, const void *value, const place *where, tern_faults *faults);

static void validate_fields(const tern_type *type, const void *model, const place *where, tern_faults *faults)
{
    const type_plan *plan = plan_of(type);
    unsigned before = faults->count;
    for (unsigned i = 0; i < type->field_count; i++) {
        const field_plan *f = &plan->fields[i];
        const place here = {.up = where, .name = f->key};
        uint8_t state = *plan_state(f, model);
        if (state == TERN_STATE_NULL || state == TERN_STATE_ABSENT)
            continue;
        if (f->is_checked)
            validate_kept(f, plan_value(f, model), &here, faults);
        validate_deep(f->field->type, plan_value(f, model), &here, faults);
    }
    if (faults->count == before)
        validate_model(type, model, where, faults);
}

static void validate_deep(const tern_type *type, const void *value, const place *where, tern_faults *faults)
{
    if (type->kind == TERN_KIND_MODEL) {
        validate_fields(type, value, where, faults);
        return;
    }
    if (type->kind != TERN_KIND_LIST && type->kind != TERN_KIND_MAP)
        return;
    const tern_any list = list_of(value);
    for (size_t i = 0; i < list.len; i++) {
        place here = {.up = where};
        const void *item = item_at(type, &list, i, &here);
        validate_deep(type->item, item, &here, faults);
    }
}

bool validate_value(const tern_type *type, const void *value, const place *where, tern_faults *faults)
{
    unsigned before = faults->count;
    validate_deep(type, value, where, faults);
    return faults->count == before;
}
