#include "schema/plan/options.h"

#include "schema/pattern/pattern.h"
#include "schema/validate.h"

#include <stdio.h>
#include <string.h>

/* -- the options, and what they are for -- */

#define FOR(kind) (1u << (kind))
enum {
    WHOLE = FOR(TERN_KIND_INT) | FOR(TERN_KIND_UINT),
    NUMBERS = WHOLE | FOR(TERN_KIND_FLOAT) | FOR(TERN_KIND_DECIMAL),
    KEYS = WHOLE | FOR(TERN_KIND_UUID) | FOR(TERN_KIND_TEXT),
    MOMENTS = FOR(TERN_KIND_DATE) | FOR(TERN_KIND_TIME) | FOR(TERN_KIND_DATETIME) | FOR(TERN_KIND_DURATION),
    SIZED = FOR(TERN_KIND_TEXT) | FOR(TERN_KIND_BYTES) | FOR(TERN_KIND_UPLOAD),
    GROUPS = FOR(TERN_KIND_LIST) | FOR(TERN_KIND_MAP),
    ALL = (1 << (TERN_KIND_MAP + 1)) - 1,
    STORED = ALL & ~FOR(TERN_KIND_UPLOAD),
    SCALARS = ALL & ~(GROUPS | FOR(TERN_KIND_MODEL) | FOR(TERN_KIND_ANY) | FOR(TERN_KIND_UPLOAD)),
};

#define OPTION(member, kinds, whose) OPTION_(member, kinds, whose, false)
#define RULE(member, kinds, whose)   OPTION_(member, kinds, whose, true)
#define OPTION_(member, kinds, whose, is_rule)                                                               \
    {                                                                                                        \
#member, offsetof(tern_field, member), sizeof(((tern_field *)0)->member), kinds, whose, is_rule      \
    }
static const struct option {
    const char *name;
    size_t offset, size; /* in tern_field */
    unsigned kinds;
    const char *whose;
    bool is_rule; /* also allowed in TERN_RULES */
} options[] = {
    OPTION(json, ALL, ""),
    OPTION(in, ALL, ""),
    OPTION(optional, ALL, ""),
    OPTION(nullable, ALL, ""),
    OPTION(required, ALL, ""),
    OPTION(fallback, SCALARS | GROUPS, "single values, lists and maps"),
    RULE(min, NUMBERS, "numbers"),
    RULE(max, NUMBERS, "numbers"),
    RULE(above, NUMBERS, "numbers"),
    RULE(below, NUMBERS, "numbers"),
    RULE(at_least, MOMENTS | FOR(TERN_KIND_DECIMAL), "dates, times, date-times, spans and decimals"),
    RULE(at_most, MOMENTS | FOR(TERN_KIND_DECIMAL), "dates, times, date-times, spans and decimals"),
    RULE(multiple_of, NUMBERS, "numbers"),
    RULE(min_length, SIZED, "text, bytes and uploads"),
    RULE(max_length, SIZED, "text, bytes and uploads"),
    RULE(min_items, GROUPS, "lists and maps"),
    RULE(max_items, GROUPS, "lists and maps"),
    RULE(unique_items, FOR(TERN_KIND_LIST), "lists"),
    RULE(items, GROUPS, "lists and maps"),
    RULE(keys, FOR(TERN_KIND_MAP), "maps"),
    RULE(pattern, FOR(TERN_KIND_TEXT), "text"),
    RULE(format, FOR(TERN_KIND_TEXT), "text"),
    RULE(choices, FOR(TERN_KIND_TEXT), "text"),
    OPTION(read_only, STORED, "values that a reply can show"),
    OPTION(write_only, ALL, ""),
    OPTION(secret, STORED, "values that a column can store"),
    OPTION(deprecated, ALL, ""),
    OPTION(key, SCALARS, "single values"),
    OPTION(help, ALL, ""),
    OPTION(example, ALL, ""),
    RULE(check, ALL, ""),
    RULE(message, ALL, ""),
    OPTION(column, STORED, "values that a column can store"),
    OPTION(unique, SCALARS, "single values"),
    OPTION(index, SCALARS, "single values"),
    OPTION(search, FOR(TERN_KIND_TEXT), "text"),
    OPTION(references, KEYS, "whole numbers, UUIDs and text"),
    OPTION(on_delete, KEYS, "whole numbers, UUIDs and text"),
    OPTION(created, FOR(TERN_KIND_DATETIME), "date-times"),
    OPTION(updated, FOR(TERN_KIND_DATETIME), "date-times"),
    OPTION(version, WHOLE, "whole numbers"),
    OPTION(renamed_from, STORED, "values that a column can store"),
    OPTION(not_stored, ALL, ""),
    OPTION(via, FOR(TERN_KIND_MODEL), "models"),
    OPTION(by, FOR(TERN_KIND_LIST), "lists"),
    OPTION(through, FOR(TERN_KIND_LIST), "lists"),
};
enum { OPTIONS = sizeof options / sizeof *options };
_Static_assert(OPTIONS <= 64, "one bit for each");

/** A type in words: "int64_t", "a list of Tag". */
static const char *type_words(const tern_type *type, char *out, size_t size)
{
    static const char *const articles[] = {[TERN_KIND_ENUM] = "the enum ",
                                           [TERN_KIND_MODEL] = "the model ",
                                           [TERN_KIND_LIST] = "a list of ",
                                           [TERN_KIND_MAP] = "a map of "};
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

/** One bit for each option that the source gives, even with the value 0. */
static uint64_t given_in_source(planner *p, const char *written)
{
    uint64_t given = 0;
    const char *name;
    size_t len;
    while ((written = written_next(written, &name, &len)) != NULL) {
        int option = len != 0 ? find_option(name, len) : -1;
        if (len == 0)
            planner_mistake(p, "options must follow its type and name, each as .name = value");
        else if (option < 0)
            planner_mistake(p, ".%.*s is filled in by TERN_MODEL; leave it out", (int)len, name);
        else if ((given >> option & 1) != 0)
            planner_mistake(p, ".%s is given twice", options[option].name);
        if (option >= 0)
            given |= UINT64_C(1) << option;
    }
    return given;
}

/** One bit for each option that is not zero, for a field that was not made by a macro. */
static uint64_t given_by_value(const tern_field *field)
{
    static const char zeros[sizeof(long double)];
    uint64_t given = 0;
    for (int i = 0; i < OPTIONS; i++)
        if (memcmp((const char *)field + options[i].offset, zeros, options[i].size) != 0)
            given |= UINT64_C(1) << i;
    return given;
}

bool option_is_given(uint64_t given, const char *name)
{
    return (given >> find_option(name, strlen(name)) & 1) != 0;
}

/** How many lists or maps below a type the kind is that the option is for; 0 if none. */
static unsigned levels_below(const struct option *o, const tern_type *type)
{
    enum { SHOWN_LEVELS = 2 };
    for (unsigned level = 1; level <= SHOWN_LEVELS && (type = type->item) != NULL; level++)
        if ((o->kinds >> type->kind & 1) != 0)
            return level;
    return 0;
}

static void check_uses(planner *p, uint64_t given)
{
    const tern_type *type = p->field->type;
    char words[128];
    for (int i = 0; i < OPTIONS; i++) {
        const struct option *o = &options[i];
        if ((given >> i & 1) == 0)
            continue;
        unsigned deeper = o->is_rule ? levels_below(o, type) : 0;
        if (p->part != NULL && !o->is_rule)
            planner_mistake(p, ".%s is not a rule; it is for fields", o->name);
        else if ((o->kinds >> type->kind & 1) == 0 && deeper != 0)
            planner_mistake(p, ".%s is for %s; for the values in %s: %s.%s = ...%s", o->name, o->whose,
                            type_words(type, words, sizeof words),
                            deeper == 1 ? ".items = TERN_RULES(" : ".items = TERN_RULES(.items = TERN_RULES(",
                            o->name, deeper == 1 ? ")" : "))");
        else if ((o->kinds >> type->kind & 1) == 0)
            planner_mistake(p, ".%s is for %s; it has no meaning for %s", o->name, o->whose,
                            type_words(type, words, sizeof words));
    }
}

/* -- lengths -- */

/** A pair of .min_X and .max_X. */
static void plan_pair(planner *p, uint64_t given, const char *unit, size_t least, size_t most, bool *has_min,
                      bool *has_max)
{
    char min[24], max[24];
    snprintf(min, sizeof min, "min_%s", unit);
    snprintf(max, sizeof max, "max_%s", unit);
    *has_min = option_is_given(given, min) && least > 0;
    *has_max = option_is_given(given, max);
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
    if (field->type->kind != TERN_KIND_TEXT)
        return;
    if (field->format != NULL && (plan->format = format_of(field->format)) == NULL)
        planner_mistake(
            p,
            ".format = \"%s\" is not one of email, uri, hostname, ipv4, ipv6, uuid, date, time, date-time "
            "and duration",
            field->format);
    char why[192];
    if (field->pattern != NULL && (plan->pattern = pattern_compile(field->pattern, why, sizeof why)) == NULL)
        planner_mistake(p, ".pattern = \"%s\" cannot be used: %s", field->pattern, why);
    if (field->choices == NULL)
        return;
    if (field->choices[0] == NULL)
        planner_mistake(p, ".choices is empty; TERN_CHOICES needs at least one text");
    for (const char *const *choice = field->choices; *choice != NULL; choice++)
        for (const char *const *other = field->choices; other != choice; other++)
            if (strcmp(*choice, *other) == 0)
                planner_mistake(p, ".choices contains \"%s\" twice", *choice);
}

/* -- messages of broken rules -- */

/** Whether the field has a rule whose message .message replaces. */
static bool has_spoken_rule(uint64_t given)
{
    static const char *const others[] = {"items", "keys", "check", "message"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        given &= ~(UINT64_C(1) << find_option(others[i], strlen(others[i])));
    for (int i = 0; i < OPTIONS; i++)
        if (options[i].is_rule && (given >> i & 1) != 0)
            return true;
    return false;
}

static void check_message(planner *p, uint64_t given)
{
    if (!option_is_given(given, "message"))
        return;
    const char *message = p->field->message;
    if (message == NULL || *message == '\0')
        planner_mistake(p, ".message is empty; describe what the value must be, or leave it out");
    else if (has_spoken_rule(given))
        return;
    else if (p->field->check != NULL)
        planner_mistake(p, ".message replaces the messages of rules like .pattern; .check adds its own");
    else
        planner_mistake(
            p, ".message replaces the messages of rules, but there is no rule; give .pattern or .min");
}

/* -- what contradicts itself -- */

/** Whether the type contains an upload, one level down: a deeper one is reported for the model it is in. */
static bool holds_upload(const tern_type *type)
{
    if (type->kind == TERN_KIND_UPLOAD)
        return true;
    if (type->item != NULL)
        return holds_upload(type->item);
    for (unsigned i = 0; i < type->field_count; i++) {
        const tern_type *part = type->fields[i].type;
        if (part->kind == TERN_KIND_UPLOAD ||
            (part->kind == TERN_KIND_LIST && part->item->kind == TERN_KIND_UPLOAD))
            return true;
    }
    return false;
}

static void check_place(planner *p)
{
    const tern_field *field = p->field;
    const tern_type *type = field->type, *one = type->kind == TERN_KIND_LIST ? type->item : type;
    char words[128];
    type_words(type, words, sizeof words);
    if (one->kind != TERN_KIND_UPLOAD && holds_upload(type))
        planner_mistake(p,
                        "%s contains a file; a file must be a field of the input model, as tern_upload or "
                        "tern_upload_list",
                        words);
    if (field->in == TERN_FROM_AUTO || field->in == TERN_FROM_BODY)
        return;
    if ((SCALARS >> one->kind & 1) == 0 || (one != type && field->in == TERN_FROM_PATH))
        planner_mistake(p, "%s cannot be given in a %s; leave out .in", words,
                        field->in == TERN_FROM_PATH     ? "path"
                        : field->in == TERN_FROM_QUERY  ? "query"
                        : field->in == TERN_FROM_HEADER ? "header"
                                                        : "cookie");
    if (field->in == TERN_FROM_PATH && (field->optional || field->fallback != NULL))
        planner_mistake(p, "a path parameter is always given; leave out .%s",
                        field->optional ? "optional" : "fallback");
}

static void check_pairs(planner *p)
{
    const tern_field *field = p->field;
    bool is_text = field->in == TERN_FROM_PATH || field->in == TERN_FROM_QUERY ||
                   field->in == TERN_FROM_HEADER || field->in == TERN_FROM_COOKIE;
    if (field->required && field->optional)
        planner_mistake(p, ".required and .optional contradict each other");
    if (field->required && field->fallback != NULL)
        planner_mistake(p, ".required and .fallback contradict each other");
    if (field->nullable && is_text)
        planner_mistake(p, "a path, query, header or cookie cannot be null; leave out .nullable");
    if (field->nullable && field->key)
        planner_mistake(p, ".key is never null; leave out .nullable");
    if (field->nullable && field->type->kind == TERN_KIND_UPLOAD)
        planner_mistake(p, "a form cannot send null for a file; leave out .nullable");
    if (field->read_only && field->write_only && !field->secret)
        planner_mistake(p, ".read_only and .write_only contradict each other");
}

/** Options that make no sense in any table. */
static void check_stored(planner *p, const field_plan *plan, uint64_t given)
{
    static const char *const of_columns[] = {"column",    "unique",  "index",   "search",  "references",
                                             "on_delete", "created", "updated", "version", "renamed_from"};
    const tern_field *field = p->field;
    if (option_is_given(given, "on_delete") && field->references == NULL)
        planner_mistake(p, ".on_delete is for a field with .references");
    else if (field->on_delete == TERN_SET_NULL && !plan_may_lack(plan))
        planner_mistake(p, ".on_delete = TERN_SET_NULL makes it null, so it must be .optional or .nullable");
    if (field->search && field->write_only)
        planner_mistake(p, ".search would reveal it, but .%s is never shown",
                        field->secret ? "secret" : "write_only");
    for (size_t i = 0; field->not_stored && i < sizeof of_columns / sizeof *of_columns; i++)
        if (option_is_given(given, of_columns[i]))
            planner_mistake(p, ".not_stored leaves no column for .%s", of_columns[i]);
}

/* -- items of lists and maps -- */

/** The rules of a part of the field, planned like a field. NULL when no value can break them. */
static const field_plan *plan_part(planner *p, const field_plan *whole, const char *name,
                                   const tern_field *rules, tern_type *type)
{
    tern_field *field = rules != NULL ? planner_zero(p, sizeof *field) : NULL;
    field_plan *part = field != NULL ? planner_zero(p, sizeof *part) : NULL;
    if (part == NULL)
        return NULL;
    const tern_field *outer_field = p->field;
    const char *outer_part = p->part;
    *field = *rules;
    field->name = whole->field->name;
    field->type = type;
    part->field = field;
    part->key = whole->key;
    part->key_len = whole->key_len;
    part->type = type;
    p->field = field;
    p->part = outer_part == NULL ? name : arena_printf(p->memory, "%s%s", outer_part, name);
    p->is_memory_short |= p->part == NULL;
    plan_options(p, part);
    if (!p->has_mistakes)
        plan_values(p, part);
    p->field = outer_field;
    p->part = outer_part;
    return part->is_checked ? part : NULL;
}

static void plan_parts(planner *p, field_plan *plan)
{
    const tern_field *field = plan->field;
    if (field->type->item == NULL)
        return;
    plan->items = plan_part(p, plan, ".items", field->items, field->type->item);
    if (field->type->kind == TERN_KIND_MAP)
        plan->keys = plan_part(p, plan, ".keys", field->keys, &tern_text_type);
}

void plan_options(planner *p, field_plan *plan)
{
    const tern_field *field = plan->field;
    uint64_t given = field->written != NULL ? given_in_source(p, field->written) : given_by_value(field);
    check_uses(p, given);
    check_place(p);
    plan->is_nullable =
        option_is_given(given, "nullable") ? field->nullable : field->optional && !field->never_null;
    check_pairs(p);
    check_stored(p, plan, given);
    plan_limits(p, plan, given);
    if ((SIZED >> field->type->kind & 1) != 0)
        plan_pair(p, given, "length", field->min_length, field->max_length, &plan->has_min_length,
                  &plan->has_max_length);
    if ((GROUPS >> field->type->kind & 1) != 0)
        plan_pair(p, given, "items", field->min_items, field->max_items, &plan->has_min_items,
                  &plan->has_max_items);
    plan_text(p, plan);
    check_message(p, given);
    plan_parts(p, plan);
    plan->has_words = field->check != NULL || field->message != NULL;
    plan->is_checked = plan->has_min || plan->has_max || plan->has_multiple || plan->has_min_length ||
                       plan->has_max_length || plan->has_min_items || plan->has_max_items ||
                       field->unique_items || plan->pattern != NULL || plan->format != NULL ||
                       field->choices != NULL || field->check != NULL || plan->items != NULL ||
                       plan->keys != NULL || plan->min_moment.text != NULL || plan->max_moment.text != NULL;
}
