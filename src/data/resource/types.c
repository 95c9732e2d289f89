/* The input models of a resource, made from its model's description at start. */
#include "data/page/cursor.h"
#include "data/resource/resource.h"
#include "data/statement.h"
#include "data/table/table.h"

#include <stdio.h>
#include <string.h>

static const char *shown_name(const tern_field *field)
{
    return field->json != NULL ? field->json : field->name;
}

/** Whether a list's own parameters have this name: a filter would be a second meaning. */
static bool is_taken(const tern_field *field)
{
    static const char *const taken[] = {"page", "size", "order", "fields", "after", "include"};
    const char *name = shown_name(field);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (strcmp(taken[i], name) == 0)
            return true;
    return false;
}

static bool is_filter(const tern_field *field, const char *filters)
{
    bool is_plain = field->type->kind <= TERN_KIND_DECIMAL && field->type->kind != TERN_KIND_BYTES;
    size_t len = strlen(field->name);
    if (field->type->kind == TERN_KIND_ENUM)
        is_plain = true;
    if (!is_plain || field->not_stored || field->write_only || is_taken(field))
        return false;
    if (filters == NULL)
        return true;
    for (const char *at = filters; *at != '\0';) {
        at += strspn(at, ", ");
        size_t word = strcspn(at, ", ");
        if (word == len && memcmp(at, field->name, len) == 0)
            return true;
        at += word;
    }
    return false;
}

/** A copy of the model's description whose fields may be changed. */
static tern_type *copy_of(tern_app *app, const tern_type *model)
{
    tern_type *copy = app_keep(app, sizeof *copy);
    tern_field *fields = app_keep(app, model->field_count * sizeof *fields);
    if (copy == NULL || fields == NULL)
        return NULL;
    *copy = *model;
    copy->plan = NULL;
    copy->fields = fields;
    memcpy(fields, model->fields, model->field_count * sizeof *fields);
    return copy;
}

/** Ignored in the body, but allowed there, since clients may send what they read before. */
static void make_ours(tern_field *field)
{
    field->in = TERN_FROM_BODY;
    field->read_only = true;
    field->write_only = false;
    field->required = false;
    field->fallback = NULL;
}

/** May be omitted, and null only where declared: the row is checked against the model's own rules. */
static void make_optional(tern_field *field, bool may_be_null)
{
    field->never_null = !may_be_null;
    field->optional = true;
    field->required = false;
    field->fallback = NULL;
}

static bool is_number(const tern_field *field)
{
    return field->type->kind == TERN_KIND_INT || field->type->kind == TERN_KIND_UINT;
}

/** Whether the client gives the key of a new row: true unless the database numbers it, or .read_only leaves
 * it to .before_write. */
static bool is_given_by_client(const tern_field *field, unsigned key_count)
{
    bool is_automatic = key_count == 1 && is_number(field) && field->references == NULL;
    return field->key && !field->read_only && !is_automatic;
}

static unsigned count_keys(const tern_type *model)
{
    unsigned count = 0;
    for (unsigned i = 0; i < model->field_count; i++)
        count += model->fields[i].key;
    return count;
}

/** The input model of creation. A key that the client gives is an ordinary field here, because .key would
 * keep numbers and UUIDs from being read. */
static tern_type *creating_of(tern_app *app, const tern_type *model)
{
    tern_type *copy = copy_of(app, model);
    unsigned key_count = count_keys(model);
    for (unsigned i = 0; copy != NULL && i < model->field_count; i++) {
        tern_field *field = &copy->fields[i];
        if (is_given_by_client(field, key_count)) {
            field->in = TERN_FROM_BODY;
            field->key = false;
            if (field->type->kind == TERN_KIND_UUID && field->references == NULL)
                make_optional(field, true); /* generated when it is absent or null */
        } else if (field->key || field->created || field->updated || field->version) {
            make_ours(field);
        }
    }
    return copy;
}

/** The input model of replacement: the path has the key, and a given version must match the row's. */
static tern_type *replacing_of(tern_app *app, const tern_type *model)
{
    tern_type *copy = copy_of(app, model);
    for (unsigned i = 0; copy != NULL && i < model->field_count; i++) {
        tern_field *field = &copy->fields[i];
        if (field->key || field->created || field->updated)
            make_ours(field);
        if (field->key)
            field->optional = true;
        if (field->version)
            make_optional(field, true);
    }
    return copy;
}

static tern_type *changing_of(tern_app *app, const tern_type *model)
{
    tern_type *copy = replacing_of(app, model);
    if (copy == NULL)
        return NULL;
    copy->name = app_keep_text(app, arena_printf(&app->arena, "%sChange", model->name));
    copy->options.check = NULL; /* it checks the whole row, once that is complete */
    for (unsigned i = 0; i < copy->field_count; i++)
        if (!copy->fields[i].key)
            make_optional(&copy->fields[i], model->fields[i].optional || model->fields[i].nullable);
    return copy;
}

/* -- models of single fields -- */

/** Lays out fields one after another, each aligned for any type, with their states after them. */
static tern_type *model_of(tern_app *app, const char *name, tern_field *fields, unsigned count)
{
    tern_type *type = app_keep(app, sizeof *type);
    size_t at = 0;
    if (type == NULL)
        return NULL;
    for (unsigned i = 0; i < count; i++) {
        fields[i].offset = at;
        at += (fields[i].type->size + 15) & ~(size_t)15;
    }
    for (unsigned i = 0; i < count; i++)
        fields[i].state_offset = at + i;
    *type = (tern_type){.kind = TERN_KIND_MODEL,
                        .name = name,
                        .size = (at + count + 15) & ~(size_t)15,
                        .fields = fields,
                        .field_count = count};
    return name != NULL ? type : NULL;
}

static tern_type *key_of(tern_app *app, const tern_type *model)
{
    tern_field *fields = app_keep(app, RESOURCE_KEYS_MOST * sizeof *fields);
    unsigned count = 0;
    for (unsigned i = 0; fields != NULL && i < model->field_count && count < RESOURCE_KEYS_MOST; i++)
        if (model->fields[i].key)
            fields[count++] = (tern_field){.name = model->fields[i].name,
                                           .type = model->fields[i].type,
                                           .json = model->fields[i].json,
                                           .in = TERN_FROM_PATH};
    return fields != NULL ? model_of(app, app_keep_text(app, arena_printf(&app->arena, "%sKey", model->name)),
                                     fields, count)
                          : NULL;
}

static bool has_column(const tern_field *field)
{
    return !field->not_stored && field->via == NULL && field->by == NULL && field->through == NULL;
}

/** The names of the model's fields that clients see, for the document: NULL-ended, with each "-name" too
 * where a list is ordered by them. NULL when out of memory. */
static const char *const *words_of(tern_app *app, const tern_type *model, bool are_orders)
{
    const char **words = app_keep(app, (2 * model->field_count + 1) * sizeof *words);
    unsigned count = 0;
    for (unsigned i = 0; words != NULL && i < model->field_count; i++) {
        const tern_field *field = &model->fields[i];
        if (field->write_only || (are_orders && !has_column(field)))
            continue;
        words[count++] = shown_name(field);
        if (are_orders)
            words[count++] = app_keep_text(app, arena_printf(&app->arena, "-%s", shown_name(field)));
    }
    return words;
}

/** Space for all words, separated by commas. */
static size_t words_bytes(const char *const *words)
{
    size_t bytes = 0;
    for (; words != NULL && *words != NULL; words++)
        bytes += strlen(*words) + 1;
    return bytes;
}

static tern_field words_field(const char *name, const char *const *words, const char *help)
{
    return (tern_field){.name = name,
                        .type = &tern_text_type,
                        .in = TERN_FROM_QUERY,
                        .optional = true,
                        .max_length = words_bytes(words),
                        .help = help,
                        .words = words};
}

/** The words of ?include=. */
static tern_field include_field(tern_app *app, const resource *r)
{
    const char **words = app_keep(app, (r->include_count + 1) * sizeof *words);
    for (unsigned i = 0; words != NULL && i < r->include_count; i++)
        words[i] = shown_name(r->includes[i]);
    return words_field("include", (const char *const *)words, "With these related rows");
}

/** The input of a single row: its key, and ?include= if there are relations to include. */
static tern_type *reading_of(tern_app *app, resource *r)
{
    tern_field *fields = app_keep(app, (RESOURCE_KEYS_MOST + 1) * sizeof *fields);
    unsigned count = r->key != NULL ? r->key->field_count : 0;
    if (r->include_count == 0 || fields == NULL || r->key == NULL)
        return r->key;
    memcpy(fields, r->key->fields, count * sizeof *fields);
    fields[count] = include_field(app, r);
    r->read_include = &fields[count++];
    return model_of(app, app_keep_text(app, arena_printf(&app->arena, "%sRead", r->model->name)), fields,
                    count);
}

/** Whether the list has a word search: not if `search` is already the name of a filter. */
static bool has_search(const resource *r)
{
    bool has = false;
    for (unsigned i = 0; i < r->filter_count; i++)
        if (strcmp(shown_name(r->filters[i]), "search") == 0)
            return false;
    for (unsigned i = 0; i < r->model->field_count; i++)
        has |= r->model->fields[i].search;
    return has;
}

/** "\"title\" = ?", kept as if it were a literal; NULL when out of memory. */
static const char *filter_text(tern_app *app, const tern_field *field)
{
    const char *text =
        arena_printf(&app->arena, "\"%s\" = ?", field->column != NULL ? field->column : field->name);
    return text != NULL ? statement_keep_text(text) : NULL;
}

static tern_type *asking_of(tern_app *app, resource *r)
{
    const tern_type *model = r->model;
    tern_field *fields = app_keep(app, (model->field_count + 7) * sizeof *fields);
    char number[2][12];
    unsigned count = 0;
    r->filters = app_keep(app, (model->field_count + 1) * sizeof(tern_field *));
    r->filter_texts = app_keep(app, (model->field_count + 1) * sizeof(char *));
    if (fields == NULL || r->filters == NULL || r->filter_texts == NULL)
        return NULL;
    for (unsigned i = 0; i < model->field_count; i++) {
        const tern_field *field = &model->fields[i];
        if (!is_filter(field, r->options.filters))
            continue;
        r->filters[count] = field;
        r->filter_texts[count] = filter_text(app, field);
        if (r->filter_texts[count] == NULL)
            return NULL;
        fields[count++] = (tern_field){.name = field->name,
                                       .type = field->type,
                                       .json = field->json,
                                       .in = TERN_FROM_QUERY,
                                       .optional = true};
    }
    r->filter_count = count;
    snprintf(number[0], sizeof number[0], "%u", r->options.size);
    fields[count] = (tern_field){.name = "page",
                                 .type = &tern_int32_type,
                                 .in = TERN_FROM_QUERY,
                                 .fallback = "1",
                                 .min = 1,
                                 .max = 1000000};
    fields[count + 1] = (tern_field){.name = "size",
                                     .type = &tern_int32_type,
                                     .in = TERN_FROM_QUERY,
                                     .fallback = app_keep_text(app, number[0]),
                                     .min = 1,
                                     .max = r->options.most_size};
    fields[count + 2] =
        words_field("order", words_of(app, model, true), "By these fields, '-' before one for descending");
    fields[count + 3] = words_field("fields", words_of(app, model, false), "Only these fields of each item");
    r->page = &fields[count];
    r->size = &fields[count + 1];
    r->order = &fields[count + 2];
    r->fields = &fields[count + 3];
    count += 4;
    if (has_search(r)) {
        r->search = &fields[count];
        fields[count++] = (tern_field){.name = "search",
                                       .type = &tern_text_type,
                                       .in = TERN_FROM_QUERY,
                                       .optional = true,
                                       .max_length = 200,
                                       .help = "Only items with all these words, the best first; \"quotes\" "
                                               "make a phrase, word* finds what begins so"};
    }
    fields[count] = (tern_field){.name = "after",
                                 .type = &tern_text_type,
                                 .in = TERN_FROM_QUERY,
                                 .optional = true,
                                 .max_length = CURSOR_MOST_BYTES,
                                 .help = "The cursor that the page before has for its next one"};
    r->after = &fields[count++];
    if (r->include_count != 0) {
        fields[count] = include_field(app, r);
        r->list_include = &fields[count++];
    }
    return model_of(app, app_keep_text(app, arena_printf(&app->arena, "%sFilter", model->name)), fields,
                    count);
}

bool resource_make_types(tern_app *app, resource *r)
{
    r->list = app_keep(app, sizeof *r->list);
    if (r->list == NULL)
        return false;
    *r->list = (tern_type){
        .kind = TERN_KIND_LIST, .name = r->model->name, .size = sizeof(tern_bool_list), .item = r->model};
    r->key = key_of(app, r->model);
    if (!resource_find_includes(app, r))
        return false;
    r->creating = creating_of(app, r->model);
    r->replacing = replacing_of(app, r->model);
    r->changing = changing_of(app, r->model);
    r->asking = asking_of(app, r);
    r->reading = reading_of(app, r);
    return r->reading != NULL && r->key != NULL && r->creating != NULL && r->replacing != NULL &&
           r->changing != NULL && r->asking != NULL;
}

const char *resource_key_pattern(tern_app *app, const resource *r)
{
    const char *pattern = "";
    for (unsigned i = 0; i < r->key->field_count && pattern != NULL; i++) {
        const tern_field *field = &r->key->fields[i];
        const char *constraint = is_number(field)                      ? ":int"
                                 : field->type->kind == TERN_KIND_UUID ? ":uuid"
                                                                       : "";
        pattern = arena_printf(&app->arena, "%s/{%s%s}", pattern, field->name, constraint);
    }
    return pattern;
}
