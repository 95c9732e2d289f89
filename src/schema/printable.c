#include "schema/printable.h"

#include "base/text.h"
#include "schema/json/json.h"
#include "schema/scalar.h"
#include "schema/time/calendar.h"

#include <string.h>

/* -- lists and maps -- */

/** A list or map, and one of its items. */
typedef struct walk {
    const tern_type *type;
    tern_bool_list list; /* every list and map begins with its items and their count */
    size_t at;
    place here;
} walk;

static walk walk_of(const tern_type *type, const void *value, const place *above)
{
    walk w = {.type = type, .here = {.up = above}};
    memcpy(&w.list, value, sizeof w.list);
    return w;
}

/** The next item, or the next entry's value, with the place in `here`; NULL at the end. */
static const void *walk_next(walk *w)
{
    if (w->at == w->list.count)
        return NULL;
    const char *item = (const char *)w->list.items + w->at * list_step(w->type);
    w->here.index = w->at++;
    if (w->type->kind == TERN_KIND_LIST)
        return item;
    memcpy(&w->here.name, item, sizeof w->here.name);
    if (w->here.name == NULL)
        w->here.name = "";
    return item + sizeof w->here.name;
}

/* -- what is printed, but not as the schema says -- */

/** Whether json_encode writes the value as null. */
static bool is_nothing(const tern_type *type, const void *value)
{
    const char *text = "";
    if (type->kind == TERN_KIND_TEXT)
        memcpy(&text, value, sizeof text);
    return text == NULL || (type->kind == TERN_KIND_DATE && ((const tern_date *)value)->month == 0);
}

/** What the text should have been; NULL when it is valid. */
static const char *check_single(const tern_type *type, const void *value)
{
    const char *text;
    const tern_date *day;
    const tern_time *time;
    const tern_any *any;
    size_t offset;
    switch (type->kind) {
    case TERN_KIND_TEXT:
        memcpy(&text, value, sizeof text);
        return text == NULL || utf8_valid(text, strlen(text)) ? NULL : "text in UTF-8";
    case TERN_KIND_DATE:
        day = value;
        return day->year >= 0 && day->year <= 9999 && calendar_is_day(day->year, day->month, day->day)
                   ? NULL
                   : "a date in the years 0 to 9999";
    case TERN_KIND_TIME:
        time = value;
        return time->hour < 24 && time->minute < 60 && time->second < 60 && time->nanosecond < 1000000000
                   ? NULL
                   : "a time of day";
    case TERN_KIND_DATETIME:
        return calendar_has(*(const tern_datetime *)value) ? NULL : "a date-time in the years 0 to 9999";
    case TERN_KIND_ANY:
        any = value;
        return any->len == 0 || json_check((tern_str){any->data, any->len}, NULL, &offset) == NULL ? NULL
                                                                                                   : "JSON";
    default:
        return NULL;
    }
}

static void check(const tern_type *type, const void *value, bool is_part, const place *where,
                  tern_faults *faults);

static void check_fields(const tern_type *type, const void *model, bool is_part, const place *where,
                         tern_faults *faults)
{
    for (unsigned i = 0; i < type->field_count; i++) {
        const field_plan *f = &plan_of(type)->fields[i];
        const place here = {.up = where, .name = f->key};
        uint8_t state = *plan_state(f, model);
        bool may_be_absent = is_part || f->field->optional || f->fallback != NULL || f->is_write_only;
        if (state == TERN_STATE_ABSENT && !may_be_absent)
            fault_add(faults, &here, "missing", NULL, NULL,
                      "is missing, but every reply must have it (.partial = true on the route allows this)");
        bool is_there = state != TERN_STATE_ABSENT && state != TERN_STATE_NULL &&
                        !is_nothing(f->type, plan_value(f, model));
        if (is_there && !f->is_write_only)
            check(f->type, plan_value(f, model), false, &here, faults);
    }
}

static void check(const tern_type *type, const void *value, bool is_part, const place *where,
                  tern_faults *faults)
{
    if (type->kind == TERN_KIND_MODEL) {
        check_fields(type, value, is_part, where, faults);
    } else if (type->kind == TERN_KIND_LIST || type->kind == TERN_KIND_MAP) {
        walk w = walk_of(type, value, where);
        for (const void *item; (item = walk_next(&w)) != NULL && faults->count < FAULTS_MOST;)
            check(type->item, item, is_part, &w.here, faults);
    } else {
        const char *wanted = check_single(type, value);
        if (wanted != NULL)
            fault_add(faults, where, "not_printable", NULL, NULL, "must be %s", wanted);
    }
}

bool value_is_printable(const tern_type *type, const void *value, bool is_part, const place *where,
                        tern_faults *faults)
{
    unsigned before = faults->count;
    check(type, value, is_part, where, faults);
    return faults->count == before;
}

/* -- what cannot be printed -- */

static void print_place(const place *where, buf *out)
{
    if (where->up != NULL)
        print_place(where->up, out);
    if (where->name == NULL)
        buf_add_printf(out, "[%zu]", where->index);
    else
        buf_add_printf(out, "%s%s", where->up != NULL ? "." : "", where->name);
}

static const char *find_in_fields(const tern_type *type, const void *model, const place *above, buf *out)
{
    for (unsigned i = 0; i < type->field_count; i++) {
        const field_plan *f = &plan_of(type)->fields[i];
        const place here = {.up = above, .name = f->key};
        const void *value = plan_value(f, model);
        uint8_t state = *plan_state(f, model);
        if (state == TERN_STATE_ABSENT || f->is_write_only)
            continue;
        const char *wrong = NULL;
        if (state != TERN_STATE_NULL && !is_nothing(f->type, value))
            wrong = value_find_unprintable(f->type, value, &here, out);
        else if (!plan_may_lack(f) && f->type->kind != TERN_KIND_ANY)
            wrong = "it is null but must have a value (.nullable = true allows null)";
        if (wrong != NULL && out->len == 0)
            print_place(&here, out);
        if (wrong != NULL)
            return wrong;
    }
    return NULL;
}

/** What is wrong with a single value. */
static const char *find_in_single(const tern_type *type, const void *value)
{
    const char *text;
    bool is_finite = true;
    switch (type->kind) {
    case TERN_KIND_FLOAT:
        is_finite = type->size == sizeof(double) ? __builtin_isfinite(*(const double *)value)
                                                 : __builtin_isfinite(*(const float *)value);
        return is_finite ? NULL : "a number is infinite or not a number";
    case TERN_KIND_TEXT:
        memcpy(&text, value, sizeof text);
        return text != NULL ? NULL : "it is NULL, and an item cannot be null";
    case TERN_KIND_ENUM:
        return *scalar_enum_name(type, *(const int *)value) != '\0' ? NULL : "it is not a value of its enum";
    case TERN_KIND_DATETIME:
        return calendar_has(*(const tern_datetime *)value)
                   ? NULL
                   : "a date-time is outside the years 0 to 9999, the range of RFC 3339";
    default:
        return NULL;
    }
}

const char *value_find_unprintable(const tern_type *type, const void *value, const place *where, buf *out)
{
    if (type->kind == TERN_KIND_MODEL)
        return find_in_fields(type, value, where, out);
    if (type->kind == TERN_KIND_LIST || type->kind == TERN_KIND_MAP) {
        walk w = walk_of(type, value, where);
        for (const void *item; (item = walk_next(&w)) != NULL;) {
            const char *wrong = value_find_unprintable(type->item, item, &w.here, out);
            if (wrong != NULL)
                return wrong;
        }
        return NULL;
    }
    const char *wrong = find_in_single(type, value);
    if (wrong != NULL)
        print_place(where, out);
    return wrong;
}
