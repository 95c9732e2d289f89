#include "schema/plan_options.h"

#include "schema/pattern.h"
#include "schema/validate.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* -- which options there are, and for what -- */

#define FOR(kind) (1u << (kind))
enum {
    WHOLE = FOR(TERN_INT) | FOR(TERN_UINT),
    NUMBERS = WHOLE | FOR(TERN_FLOAT) | FOR(TERN_DECIMAL),
    KEYS = WHOLE | FOR(TERN_UUID) | FOR(TERN_TEXT),
    SIZED = FOR(TERN_TEXT) | FOR(TERN_BYTES) | FOR(TERN_UPLOAD),
    GROUPS = FOR(TERN_LIST_KIND) | FOR(TERN_MAP_KIND),
    ALL = (1 << (TERN_MAP_KIND + 1)) - 1,
    STORED = ALL & ~FOR(TERN_UPLOAD),
    SCALARS = ALL & ~(GROUPS | FOR(TERN_MODEL_KIND) | FOR(TERN_ANY) | FOR(TERN_UPLOAD)),
};

#define OPTION(member, kinds, whose)                                                                         \
    {                                                                                                        \
#member, offsetof(tern_field, member), sizeof(((tern_field *)0)->member), kinds, whose               \
    }
static const struct option {
    const char *name;
    size_t offset, size; /* in tern_field */
    unsigned kinds;
    const char *whose;
} options[] = {
    OPTION(json, ALL, ""),
    OPTION(in, ALL, ""),
    OPTION(optional, ALL, ""),
    OPTION(required, ALL, ""),
    OPTION(fallback, SCALARS | GROUPS, "single values, lists and maps"),
    OPTION(min, NUMBERS, "numbers"),
    OPTION(max, NUMBERS, "numbers"),
    OPTION(multiple_of, NUMBERS, "numbers"),
    OPTION(min_length, SIZED, "text, bytes and uploads"),
    OPTION(max_length, SIZED, "text, bytes and uploads"),
    OPTION(min_items, GROUPS, "lists and maps"),
    OPTION(max_items, GROUPS, "lists and maps"),
    OPTION(unique_items, FOR(TERN_LIST_KIND), "lists"),
    OPTION(pattern, FOR(TERN_TEXT), "text"),
    OPTION(format, FOR(TERN_TEXT), "text"),
    OPTION(choices, FOR(TERN_TEXT), "text"),
    OPTION(read_only, STORED, "what a reply can show"),
    OPTION(write_only, ALL, ""),
    OPTION(deprecated, ALL, ""),
    OPTION(key, SCALARS, "single values"),
    OPTION(help, ALL, ""),
    OPTION(example, ALL, ""),
    OPTION(check, ALL, ""),
    OPTION(column, STORED, "what a column can hold"),
    OPTION(unique, SCALARS, "single values"),
    OPTION(index, SCALARS, "single values"),
    OPTION(references, KEYS, "whole numbers, UUIDs and text"),
    OPTION(on_delete, KEYS, "whole numbers, UUIDs and text"),
    OPTION(created, FOR(TERN_DATETIME), "date-times"),
    OPTION(updated, FOR(TERN_DATETIME), "date-times"),
    OPTION(version, WHOLE, "whole numbers"),
    OPTION(renamed_from, STORED, "what a column can hold"),
    OPTION(not_stored, ALL, ""),
    OPTION(via, FOR(TERN_MODEL_KIND), "models"),
    OPTION(by, FOR(TERN_LIST_KIND), "lists"),
    OPTION(through, FOR(TERN_LIST_KIND), "lists"),
};
enum { OPTIONS = sizeof options / sizeof *options };
_Static_assert(OPTIONS <= 64, "one bit for each");

/** A type in words: "int64_t", "a list of Tag". */
static const char *type_words(const tern_type *type, char *out, size_t size)
{
    static const char *const articles[] = {[TERN_ENUM] = "the enum ",
                                           [TERN_MODEL_KIND] = "the model ",
                                           [TERN_LIST_KIND] = "a list of ",
                                           [TERN_MAP_KIND] = "a map of "};
    const char *article = articles[type->kind];
    snprintf(out, size, "%s%s", article != NULL ? article : "", type->name);
    return out;
}

static int find_option(const char *name, size_t len)
{
    for (int i = 0; i < OPTIONS; i++)
        if (strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0)
            return i;
    return -1;
}

/** One bit for each option of the table that the source gives, were it with the value 0. */
static uint64_t given_in_source(planner *p, const char *written)
{
    uint64_t given = 0;
    const char *name;
    size_t len;
    while ((written = written_next(written, &name, &len)) != NULL) {
        int option = len != 0 ? find_option(name, len) : -1;
        if (len == 0)
            planner_mistake(p, "after its type and name stand options, each as .name = value");
        else if (option < 0)
            planner_mistake(p, ".%.*s is filled in by TERN_MODEL; leave it out", (int)len, name);
        else if ((given >> option & 1) != 0)
            planner_mistake(p, ".%s is given twice", options[option].name);
        if (option >= 0)
            given |= UINT64_C(1) << option;
    }
    return given;
}

/** The same for a field that no macro made: what is not zero. */
static uint64_t given_by_value(const tern_field *field)
{
    static const char zeros[sizeof(long double)];
    uint64_t given = 0;
    for (int i = 0; i < OPTIONS; i++)
        if (memcmp((const char *)field + options[i].offset, zeros, options[i].size) != 0)
            given |= UINT64_C(1) << i;
    return given;
}

static bool is_given(uint64_t given, const char *name)
{
    return (given >> find_option(name, strlen(name)) & 1) != 0;
}

static void check_uses(planner *p, uint64_t given)
{
    const tern_type *type = p->field->type;
    char words[128];
    for (int i = 0; i < OPTIONS; i++)
        if ((given >> i & 1) != 0 && (options[i].kinds >> type->kind & 1) == 0)
            planner_mistake(p, ".%s is for %s; %s has no use for it", options[i].name, options[i].whose,
                            type_words(type, words, sizeof words));
}

/* -- numbers -- */

/** The least and most that a number's kind can hold. */
static void range_of(const tern_type *type, long double *least, long double *most)
{
    int bits = (int)(8 * type->size);
    switch (type->kind) {
    case TERN_INT:
        *most = ldexpl(1, bits - 1) - 1;
        *least = -*most - 1;
        break;
    case TERN_UINT:
        *most = ldexpl(1, bits) - 1;
        *least = 0;
        break;
    case TERN_DECIMAL:
        *most = 999999999999999999.0L;
        *least = -*most;
        break;
    default:
        *most = type->size == sizeof(float) ? (long double)FLT_MAX : (long double)DBL_MAX;
        *least = -*most;
        break;
    }
}

/** A limit as its author wrote it: whole numbers with all digits, others as a double has them. */
static const char *number_words(long double value, char *out, size_t size)
{
    snprintf(out, size, value == truncl(value) ? "%.20Lg" : "%.15Lg", value);
    return out;
}

/** Whether a limit can be held against values of this type; reports why not. */
static bool is_fit_limit(planner *p, const char *name, long double value)
{
    const tern_type *type = p->field->type;
    char shown[48], least_shown[48], most_shown[48];
    long double least, most;
    range_of(type, &least, &most);
    number_words(value, shown, sizeof shown);
    bool is_integer = type->kind == TERN_INT || type->kind == TERN_UINT;
    if (!(value >= least && value <= most)) {
        planner_mistake(p, ".%s = %s is outside of what %s holds (%s to %s)", name, shown, type->name,
                        number_words(least, least_shown, sizeof least_shown),
                        number_words(most, most_shown, sizeof most_shown));
        return false;
    }
    if (is_integer && value != truncl(value)) {
        planner_mistake(p, ".%s = %s is no whole number, as values of %s are", name, shown, type->name);
        return false;
    }
    if (is_integer && value > (long double)INT64_MAX && value != most) {
        planner_mistake(p, ".%s = %s is beyond 9223372036854775807, up to where there can be limits", name,
                        shown);
        return false;
    }
    return true;
}

/** `value` as values of the type are: 0.1 of a float is not 0.1 of a double. */
static double as_float(const tern_type *type, long double value)
{
    return type->kind == TERN_FLOAT && type->size == sizeof(float) ? (double)(float)value : (double)value;
}

static int64_t as_int(long double value)
{
    return value >= (long double)INT64_MAX   ? INT64_MAX
           : value <= (long double)INT64_MIN ? INT64_MIN
                                             : (int64_t)value;
}

static void plan_numbers(planner *p, field_plan *plan, uint64_t given)
{
    const tern_field *field = plan->field;
    const tern_type *type = field->type;
    plan->multiple_int = 1; /* so that a division by it is always defined */
    if ((NUMBERS >> type->kind & 1) == 0)
        return;
    long double least, most;
    range_of(type, &least, &most);
    bool has_min = is_given(given, "min") && is_fit_limit(p, "min", field->min);
    bool has_max = is_given(given, "max") && is_fit_limit(p, "max", field->max);
    char low[48], high[48];
    if (has_min && has_max && field->min > field->max)
        planner_mistake(p, ".min = %s is above .max = %s", number_words(field->min, low, sizeof low),
                        number_words(field->max, high, sizeof high));
    plan->has_min = has_min && field->min > least; /* the others are broken by no value */
    plan->has_max = has_max && field->max < most;
    plan->min_int = as_int(has_min ? field->min : least);
    plan->max_int = as_int(has_max ? field->max : most);
    plan->min_float = as_float(type, has_min ? field->min : least);
    plan->max_float = as_float(type, has_max ? field->max : most);
    if (!is_given(given, "multiple_of"))
        return;
    if (!(field->multiple_of > 0))
        planner_mistake(p, ".multiple_of must be above 0");
    else if (is_fit_limit(p, "multiple_of", field->multiple_of)) {
        plan->has_multiple = true;
        plan->multiple_int = as_int(field->multiple_of);
        plan->multiple_float = as_float(type, field->multiple_of);
    }
}

/* -- lengths -- */

/** One pair of .min_X and .max_X. */
static void plan_pair(planner *p, uint64_t given, const char *unit, size_t least, size_t most, bool *has_min,
                      bool *has_max)
{
    char min[24], max[24];
    snprintf(min, sizeof min, "min_%s", unit);
    snprintf(max, sizeof max, "max_%s", unit);
    *has_min = is_given(given, min) && least > 0;
    *has_max = is_given(given, max);
    if (*has_min && least > PTRDIFF_MAX)
        planner_mistake(p, ".%s is negative or larger than memory", min);
    else if (*has_max && most > PTRDIFF_MAX)
        planner_mistake(p, ".%s is negative or larger than memory", max);
    else if (*has_min && *has_max && least > most)
        planner_mistake(p, ".%s = %zu is above .%s = %zu", min, least, max, most);
}

/* -- text -- */

static void plan_text(planner *p, field_plan *plan)
{
    const tern_field *field = plan->field;
    if (field->type->kind != TERN_TEXT)
        return;
    if (field->format != NULL && (plan->format = format_of(field->format)) == NULL)
        planner_mistake(
            p,
            ".format = \"%s\" is none of email, uri, hostname, ipv4, ipv6, uuid, date, time, date-time "
            "and duration",
            field->format);
    char why[192];
    if (field->pattern != NULL && (plan->pattern = pattern_compile(field->pattern, why, sizeof why)) == NULL)
        planner_mistake(p, ".pattern = \"%s\" cannot be used: %s", field->pattern, why);
    if (field->choices == NULL)
        return;
    if (field->choices[0] == NULL)
        planner_mistake(p, ".choices are none; TERN_CHOICES takes one text or more");
    for (const char *const *choice = field->choices; *choice != NULL; choice++)
        for (const char *const *other = field->choices; other != choice; other++)
            if (strcmp(*choice, *other) == 0)
                planner_mistake(p, ".choices have \"%s\" twice", *choice);
}

/* -- what contradicts itself -- */

/** Whether an upload is in it, one level down: deeper ones are reported of the model they are in. */
static bool holds_upload(const tern_type *type)
{
    if (type->kind == TERN_UPLOAD)
        return true;
    if (type->item != NULL)
        return holds_upload(type->item);
    for (unsigned i = 0; i < type->field_count; i++) {
        const tern_type *part = type->fields[i].type;
        if (part->kind == TERN_UPLOAD || (part->kind == TERN_LIST_KIND && part->item->kind == TERN_UPLOAD))
            return true;
    }
    return false;
}

static void check_place(planner *p)
{
    const tern_field *field = p->field;
    const tern_type *type = field->type, *one = type->kind == TERN_LIST_KIND ? type->item : type;
    char words[128];
    type_words(type, words, sizeof words);
    if (one->kind != TERN_UPLOAD && holds_upload(type))
        planner_mistake(p,
                        "%s has a file inside; files are fields of the input model itself, as tern_upload or "
                        "tern_upload_list",
                        words);
    if (field->in == TERN_AUTO || field->in == TERN_BODY)
        return;
    if ((SCALARS >> one->kind & 1) == 0 || (one != type && field->in == TERN_PATH))
        planner_mistake(p, "%s cannot stand in a %s; leave out .in", words,
                        field->in == TERN_PATH     ? "path"
                        : field->in == TERN_QUERY  ? "query"
                        : field->in == TERN_HEADER ? "header"
                                                   : "cookie");
    if (field->in == TERN_PATH && (field->optional || field->fallback != NULL))
        planner_mistake(p, "a parameter of the path is always there; leave out .%s",
                        field->optional ? "optional" : "fallback");
}

static void check_pairs(planner *p)
{
    const tern_field *field = p->field;
    if (field->required && field->optional)
        planner_mistake(p, ".required and .optional contradict each other");
    if (field->required && field->fallback != NULL)
        planner_mistake(p, ".required and .fallback contradict each other");
    if (field->read_only && field->write_only)
        planner_mistake(p, ".read_only and .write_only leave nobody to see it");
}

/** What a table could make nothing of, whatever the table. */
static void check_stored(planner *p, uint64_t given)
{
    static const char *const of_columns[] = {"column",  "unique",  "index",   "references",  "on_delete",
                                             "created", "updated", "version", "renamed_from"};
    const tern_field *field = p->field;
    if (is_given(given, "on_delete") && field->references == NULL)
        planner_mistake(p, ".on_delete is for a field with .references");
    else if (field->on_delete == TERN_SET_NULL && !field->optional)
        planner_mistake(p, ".on_delete = TERN_SET_NULL makes it null, so it must be .optional");
    for (size_t i = 0; field->not_stored && i < sizeof of_columns / sizeof *of_columns; i++)
        if (is_given(given, of_columns[i]))
            planner_mistake(p, ".not_stored leaves no column for .%s", of_columns[i]);
}

void plan_options(planner *p, field_plan *plan)
{
    const tern_field *field = plan->field;
    uint64_t given = field->written != NULL ? given_in_source(p, field->written) : given_by_value(field);
    check_uses(p, given);
    check_place(p);
    check_pairs(p);
    check_stored(p, given);
    plan_numbers(p, plan, given);
    if ((SIZED >> field->type->kind & 1) != 0)
        plan_pair(p, given, "length", field->min_length, field->max_length, &plan->has_min_length,
                  &plan->has_max_length);
    if ((GROUPS >> field->type->kind & 1) != 0)
        plan_pair(p, given, "items", field->min_items, field->max_items, &plan->has_min_items,
                  &plan->has_max_items);
    plan_text(p, plan);
    plan->is_checked = plan->has_min || plan->has_max || plan->has_multiple || plan->has_min_length ||
                       plan->has_max_length || plan->has_min_items || plan->has_max_items ||
                       field->unique_items || plan->pattern != NULL || plan->format != NULL ||
                       field->choices != NULL || field->check != NULL;
}
