/* Valid values of every kind that obey the rules of their fields. */
#include "app/fuzz/internal.h"
#include "schema/number/decimal.h"
#include "schema/scalar.h"
#include "schema/time/calendar.h"
#include "schema/time/moment.h"

#include <stdio.h>
#include <string.h>

/* -- numbers -- */

void fuzz_int_range(const field_plan *f, const tern_type *type, int64_t *least, int64_t *most)
{
    unsigned bits = 8 * (unsigned)type->size;
    bool is_signed = type->kind == TERN_KIND_INT;
    *most = bits == 64 ? INT64_MAX : (INT64_C(1) << (bits - is_signed)) - 1;
    *least = is_signed ? -*most - 1 : 0;
    if (f != NULL && f->has_min)
        *least = f->min_int + f->is_min_excluded;
    if (f != NULL && f->has_max)
        *most = f->max_int - f->is_max_excluded;
}

/** A number from `least` to `most`; small ones are more frequent. */
static int64_t some_number(fuzz_maker *k, int64_t least, int64_t most)
{
    enum { USUAL = 1000 };
    int64_t from = least > 0 ? least : most < 1 ? least : 1;
    uint64_t room = (uint64_t)most - (uint64_t)from;
    return from + (int64_t)fuzz_below(&k->random, room < USUAL ? room + 1 : USUAL);
}

static const char *some_int(fuzz_maker *k, const field_plan *f, const tern_type *type)
{
    int64_t least, most;
    fuzz_int_range(f, type, &least, &most);
    int64_t value = some_number(k, least, most), step = f != NULL && f->has_multiple ? f->multiple_int : 1;
    value -= value % step;
    if (value < least)
        value += step;
    return test_need(arena_printf(k->arena, "%lld", (long long)value));
}

static const char *double_text(fuzz_maker *k, double value)
{
    char text[SCALAR_PRINT_BYTES];
    return test_need(arena_text(k->arena, text, number_print_double(value, text)));
}

static const char *some_float(fuzz_maker *k, const field_plan *f)
{
    double step = f != NULL && f->has_multiple ? f->multiple_float : 0.25;
    double least = f != NULL && f->has_min ? f->min_float : -1000;
    double most = f != NULL && f->has_max ? f->max_float : (least > 0 ? least : 0) + 1000;
    if (least > most)
        least = most - 1000;
    double value = __builtin_floor(least / step) * step;
    for (unsigned i = 0; i < 3 && (value <= least || value >= most); i++)
        value += step;
    double count = __builtin_floor((most - value) / step);
    if (count >= 1)
        value += step * (double)fuzz_below(&k->random, count < 1000 ? (uint64_t)count : 1000);
    if (value <= least || value >= most)
        value =
            f != NULL && f->has_multiple && f->has_min && !f->is_min_excluded ? least : least / 2 + most / 2;
    return double_text(k, value);
}

static bool decimal_fits(const field_plan *f, tern_decimal value)
{
    if (f == NULL)
        return true;
    return (!f->has_min || decimal_compare(value, f->min_decimal) >= !!f->is_min_excluded) &&
           (!f->has_max || decimal_compare(value, f->max_decimal) <= -!!f->is_max_excluded) &&
           (!f->has_multiple || decimal_is_multiple(value, f->multiple_decimal));
}

static const char *some_decimal(fuzz_maker *k, const field_plan *f)
{
    char text[SCALAR_PRINT_BYTES];
    tern_decimal tries[] = {{(int64_t)fuzz_below(&k->random, 100000), 2},
                            {(int64_t)fuzz_below(&k->random, 1000), 0},
                            {1, 0},
                            {0, 0},
                            {5, 1},
                            f != NULL ? f->min_decimal : (tern_decimal){0, 0},
                            f != NULL ? f->max_decimal : (tern_decimal){0, 0},
                            f != NULL ? f->multiple_decimal : (tern_decimal){0, 0},
                            f != NULL ? (tern_decimal){f->min_decimal.units + 1, f->min_decimal.scale}
                                      : (tern_decimal){0, 0}};
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
        if (decimal_fits(f, tries[i]))
            return test_need(arena_text(k->arena, text, scalar_print(&tern_decimal_type, &tries[i], text)));
    return NULL;
}

/* -- moments -- */

const char *fuzz_moment_text(fuzz_maker *k, const tern_type *type, int64_t number)
{
    static const int64_t SECOND_NS = 1000000000;
    char text[SCALAR_PRINT_BYTES];
    int year, month, day;
    union {
        tern_date date;
        tern_time time;
        int64_t microseconds;
    } value = {.microseconds = number};
    if (type->kind == TERN_KIND_DATE) {
        calendar_day(number, &year, &month, &day);
        value.date = (tern_date){(int16_t)year, (uint8_t)month, (uint8_t)day};
    } else if (type->kind == TERN_KIND_TIME) {
        int64_t seconds = number / SECOND_NS;
        value.time = (tern_time){(uint8_t)(seconds / 3600), (uint8_t)(seconds / 60 % 60),
                                 (uint8_t)(seconds % 60), (uint32_t)(number % SECOND_NS)};
    }
    return test_need(arena_text(k->arena, text, scalar_print(type, &value, text)));
}

void fuzz_moment_range(const field_plan *f, const tern_type *type, int64_t *least, int64_t *most)
{
    static const int64_t DAY_US = INT64_C(86400000000);
    switch (type->kind) {
    case TERN_KIND_DATE:
        *least = calendar_days(0, 1, 1);
        *most = calendar_days(CALENDAR_LAST_YEAR, 12, 31);
        break;
    case TERN_KIND_TIME:
        *least = 0;
        *most = INT64_C(86399999999999);
        break;
    case TERN_KIND_DATETIME:
        *least = CALENDAR_FIRST_US;
        *most = CALENDAR_LAST_US;
        break;
    default:
        *least = 0;
        *most = 3650 * DAY_US;
        break;
    }
    if (f != NULL && f->min_moment.text != NULL)
        *least = moment_limit_number(type, &f->min_moment);
    if (f != NULL && f->max_moment.text != NULL)
        *most = moment_limit_number(type, &f->max_moment);
}

/** A moment well inside limits that move with the clock, and near today if allowed. */
static const char *some_moment(fuzz_maker *k, const field_plan *f, const tern_type *type)
{
    static const int64_t HOUR_US = INT64_C(3600000000);
    int64_t least, most, now = 0,
                         unit = type->kind == TERN_KIND_DATE   ? 1
                                : type->kind == TERN_KIND_TIME ? 1000000000
                                                               : 1000000;
    const moment_limit zero = {.text = "now", .is_moving = true};
    fuzz_moment_range(f, type, &least, &most);
    bool is_moving = f != NULL && (f->min_moment.is_moving || f->max_moment.is_moving);
    int64_t margin = !is_moving ? 0 : type->kind == TERN_KIND_DATE ? 2 : HOUR_US;
    if (most - least > 4 * margin) {
        least += margin;
        most -= margin;
    }
    if (type->kind == TERN_KIND_DATE || type->kind == TERN_KIND_DATETIME)
        now = moment_limit_number(type, &zero);
    now -= now % unit;
    int64_t from = now < least ? least : now > most ? most : now;
    int64_t room = (most - from) / unit;
    int64_t value = from + unit * (int64_t)fuzz_below(&k->random, room < 1000 ? (uint64_t)room + 1 : 1000);
    return fuzz_moment_text(k, type, value);
}

/* -- the rest of single values -- */

static const char *some_uuid(fuzz_maker *k)
{
    uint64_t high = fuzz_next(&k->random), low = fuzz_next(&k->random);
    return test_need(arena_printf(k->arena, "%08x-%04x-4%03x-a%03x-%012llx", (unsigned)(high >> 32),
                                  (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xfff),
                                  (unsigned)(low >> 52), (unsigned long long)(low & 0xffffffffffff)));
}

static const char *some_bytes(fuzz_maker *k, const field_plan *f)
{
    enum { USUAL = 12 };
    size_t len =
        f != NULL && f->has_min_length && f->field->min_length > USUAL ? f->field->min_length : USUAL;
    if (f != NULL && f->has_max_length && f->field->max_length < len)
        len = f->field->max_length;
    uint8_t *data = test_need(arena_alloc(k->arena, len + 1));
    char *text = test_need(arena_alloc(k->arena, 4 * ((len + 2) / 3) + 1));
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)fuzz_next(&k->random);
    text[base64_print(data, len, text)] = '\0';
    return text;
}

static fuzz_node *some_file(fuzz_maker *k, const field_plan *f)
{
    size_t len = f != NULL && f->has_min_length ? f->field->min_length : 12;
    if (f != NULL && f->has_max_length && f->field->max_length < len)
        len = f->field->max_length;
    char *data = test_need(arena_alloc(k->arena, len + 1));
    memset(data, 'x', len);
    data[len] = '\0';
    fuzz_node *file = fuzz_node_new(k->arena, FUZZ_QUOTED, data, len);
    file->is_file = true;
    return file;
}

static void note_secret(fuzz_maker *k, const field_plan *f, const char *text)
{
    enum { TELLING = 8 };
    if (f == NULL || !f->field->write_only || f->field->choices != NULL || strlen(text) < TELLING)
        return;
    fuzz_known *secret = test_need(arena_alloc(k->arena, sizeof *secret));
    *secret = (fuzz_known){k->secrets, f->key, text};
    k->secrets = secret;
}

/** The key of a row that exists, for a field that refers to one: by its .references, otherwise by its name
 * ("book_id" may be a Book). */
static const char *referred(fuzz_maker *k, const field_plan *f)
{
    enum { NAME_BYTES = 64 };
    if (f == NULL || k->memory == NULL || fuzz_once_in(&k->random, 32))
        return NULL;
    if (f->field->references != NULL)
        return fuzz_recall(k->memory->keys, f->field->references->name, &k->random);
    size_t len = strlen(f->field->name);
    char name[NAME_BYTES];
    if (len < 4 || len >= sizeof name || strcmp(f->field->name + len - 3, "_id") != 0)
        return NULL;
    snprintf(name, sizeof name, "%c%.*s", f->field->name[0] - 'a' + 'A', (int)len - 4, f->field->name + 1);
    return fuzz_recall(k->memory->keys, name, &k->random);
}

static bool is_secret(const fuzz_maker *k, const char *text)
{
    for (const fuzz_known *secret = k->secrets; secret != NULL; secret = secret->next)
        if (strcmp(secret->value, text) == 0)
            return true;
    return false;
}

/** Text that was sent or received before for a field of that name. A secret is sent again only as a secret,
 * and a value seen in a reply does not become one. */
static const char *former_text(fuzz_maker *k, const field_plan *f)
{
    if (f == NULL || k->memory == NULL || f->field->unique || !fuzz_once_in(&k->random, 4))
        return NULL;
    const char *text = fuzz_recall(k->memory->fields, f->key, &k->random);
    return text != NULL && fuzz_text_fits(f, text) && is_secret(k, text) == f->field->write_only ? text
                                                                                                 : NULL;
}

static fuzz_node *some_text(fuzz_maker *k, const field_plan *f)
{
    const char *text = former_text(k, f);
    if (text != NULL)
        return fuzz_quoted(k->arena, text);
    text = fuzz_text(k, f, SIZE_MAX, 0);
    if (text == NULL)
        return NULL;
    note_secret(k, f, text);
    return fuzz_quoted(k->arena, text);
}

static fuzz_node *any_single(fuzz_maker *k, const field_plan *f, const tern_type *type)
{
    const char *text = referred(k, f);
    bool is_number = type->kind <= TERN_KIND_FLOAT || type->kind == TERN_KIND_DECIMAL;
    if (text == NULL) {
        switch (type->kind) {
        case TERN_KIND_BOOL:
            text = fuzz_once_in(&k->random, 2) ? "true" : "false";
            break;
        case TERN_KIND_INT:
        case TERN_KIND_UINT:
            text = some_int(k, f, type);
            break;
        case TERN_KIND_FLOAT:
            text = some_float(k, f);
            break;
        case TERN_KIND_TEXT:
            return some_text(k, f);
        case TERN_KIND_BYTES:
            text = some_bytes(k, f);
            break;
        case TERN_KIND_UUID:
            text = some_uuid(k);
            break;
        case TERN_KIND_DECIMAL:
            text = some_decimal(k, f);
            break;
        case TERN_KIND_ENUM:
            text = type->name_count != 0 ? type->names[fuzz_below(&k->random, type->name_count)].name : NULL;
            break;
        default:
            text = some_moment(k, f, type);
            break;
        }
    }
    if (text == NULL)
        return NULL;
    return is_number ? fuzz_bare(k->arena, text) : fuzz_quoted(k->arena, text);
}

/** Whether the field's own .check accepts the value. */
static bool passes_check(fuzz_maker *k, const field_plan *f, const tern_type *type, const fuzz_node *node)
{
    void *value = test_need(arena_alloc(k->arena, type->size));
    const char *text = test_need(arena_text(k->arena, node->text, node->len));
    return scalar_read(type, text, node->len, value, k->arena) == NULL && f->field->check(value) == NULL;
}

static fuzz_node *single(fuzz_maker *k, const field_plan *f, const tern_type *type)
{
    enum { TRIES = 60 };
    fuzz_node *node = any_single(k, f, type);
    bool is_checked = f != NULL && f->field->check != NULL;
    for (unsigned tries = 0; is_checked && node != NULL && tries < TRIES && !passes_check(k, f, type, node);
         tries++)
        node = any_single(k, f, type);
    return node;
}

/* -- values that contain others -- */

static bool holds(const fuzz_node *list, const fuzz_node *item)
{
    for (const fuzz_node *other = list->first; other != NULL; other = other->next)
        if (other->shape >= FUZZ_QUOTED && item->shape >= FUZZ_QUOTED && other->len == item->len &&
            memcmp(other->text, item->text, item->len) == 0)
            return true;
    return false;
}

static size_t some_count(fuzz_maker *k, const field_plan *f)
{
    size_t least = f != NULL && f->has_min_items ? f->field->min_items : 0;
    size_t most = f != NULL && f->has_max_items ? f->field->max_items : least + 3;
    size_t count = least + fuzz_below(&k->random, (most - least < 3 ? most - least : 3) + 1);
    return k->is_full && count == 0 && most > 0 ? 1 : count;
}

static fuzz_node *some_items(fuzz_maker *k, const field_plan *f, const tern_type *type)
{
    enum { TRIES = 20 };
    bool is_map = type->kind == TERN_KIND_MAP, is_unique = is_map || (f != NULL && f->field->unique_items);
    fuzz_node *list = fuzz_node_new(k->arena, is_map ? FUZZ_OBJECT : FUZZ_LIST, NULL, 0);
    size_t wanted = some_count(k, f), count = 0;
    for (unsigned tries = 0; count < wanted && tries < wanted + TRIES; tries++) {
        fuzz_node *item = fuzz_value(k, f != NULL ? f->items : NULL, type->item);
        const char *key = is_map ? fuzz_text(k, f != NULL ? f->keys : NULL, SIZE_MAX, 1) : NULL;
        if (item == NULL || (is_map && (key == NULL || fuzz_node_get(list, key) != NULL)) ||
            (is_unique && !is_map && holds(list, item)))
            continue;
        fuzz_node_add(list, key, item);
        count++;
    }
    return f != NULL && f->has_min_items && count < f->field->min_items ? NULL : list;
}

static fuzz_node *some_model(fuzz_maker *k, const tern_type *type)
{
    fuzz_node *object = fuzz_node_new(k->arena, FUZZ_OBJECT, NULL, 0);
    const type_plan *plan = plan_of(type);
    for (unsigned i = 0; i < type->field_count; i++) {
        const field_plan *f = &plan->fields[i];
        if (f->field->read_only || (!f->is_required && !k->is_full && fuzz_once_in(&k->random, 2)))
            continue;
        if (f->is_nullable && !k->is_full && !fuzz_is_plain(k) && fuzz_once_in(&k->random, 8)) {
            fuzz_node_add(object, f->key, fuzz_bare(k->arena, "null"));
            continue;
        }
        fuzz_node *value = fuzz_value(k, f, f->field->type);
        if (value != NULL)
            fuzz_node_add(object, f->key, value);
        else if (f->is_required)
            return NULL;
    }
    return object;
}

fuzz_node *fuzz_value(fuzz_maker *k, const field_plan *f, const tern_type *type)
{
    enum { DEEPEST = 6 };
    fuzz_node *value = NULL;
    if (k->depth > DEEPEST)
        return NULL; /* a model that contains itself */
    k->depth++;
    switch (type->kind) {
    case TERN_KIND_MODEL:
        value = some_model(k, type);
        break;
    case TERN_KIND_LIST:
    case TERN_KIND_MAP:
        value = some_items(k, f, type);
        break;
    case TERN_KIND_ANY:
        value = fuzz_bare(k->arena, "{\"a\":[1,\"x\",null]}");
        break;
    case TERN_KIND_UPLOAD:
        value = some_file(k, f);
        break;
    default:
        value = single(k, f, type);
        break;
    }
    k->depth--;
    return value;
}
