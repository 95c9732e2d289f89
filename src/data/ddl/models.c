/* From the models' tables to a schema. */
#include "base/name_table.h"
#include "data/ddl/ddl.h"
#include "data/table/maker.h"
#include "schema/scalar.h"

#include <stdio.h>
#include <string.h>

typedef struct ddl_maker {
    arena *memory;
    buf *problems;
    bool is_memory_short, has_mistakes;
} ddl_maker;

static void *zero(ddl_maker *m, size_t count, size_t size)
{
    void *block = arena_alloc(m->memory, (count + 1) * size);
    if (block == NULL)
        m->is_memory_short = true;
    else
        memset(block, 0, (count + 1) * size);
    return block;
}

static const char *copy(ddl_maker *m, const char *text, size_t len)
{
    const char *kept = arena_text(m->memory, text, len);
    if (kept == NULL)
        m->is_memory_short = true;
    return kept;
}

static ddl_kind kind_of(const tern_type *type)
{
    static const ddl_kind kinds[] = {
        [TERN_KIND_BOOL] = ddl_kind_boolean,      [TERN_KIND_TEXT] = ddl_kind_text,
        [TERN_KIND_BYTES] = ddl_kind_bytes,       [TERN_KIND_UUID] = ddl_kind_uuid,
        [TERN_KIND_DATE] = ddl_kind_date,         [TERN_KIND_TIME] = ddl_kind_time,
        [TERN_KIND_DATETIME] = ddl_kind_datetime, [TERN_KIND_DURATION] = ddl_kind_duration,
        [TERN_KIND_DECIMAL] = ddl_kind_decimal,   [TERN_KIND_ANY] = ddl_kind_json,
        [TERN_KIND_ENUM] = ddl_kind_text,         [TERN_KIND_MODEL] = ddl_kind_json,
        [TERN_KIND_LIST] = ddl_kind_json,         [TERN_KIND_MAP] = ddl_kind_json,
    };
    static const ddl_kind ints[] = {
        [1] = ddl_kind_int8, [2] = ddl_kind_int16, [4] = ddl_kind_int32, [8] = ddl_kind_int64};
    static const ddl_kind uints[] = {
        [1] = ddl_kind_uint8, [2] = ddl_kind_uint16, [4] = ddl_kind_uint32, [8] = ddl_kind_uint64};
    switch (type->kind) {
    case TERN_KIND_INT:
        return ints[type->size];
    case TERN_KIND_UINT:
        return uints[type->size];
    case TERN_KIND_FLOAT:
        return type->size == sizeof(float) ? ddl_kind_float32 : ddl_kind_float64;
    default:
        return kinds[type->kind];
    }
}

static const char *value_text(ddl_maker *m, const tern_type *type, const void *value)
{
    const char *text = ddl_value_text(m->memory, type, value);
    if (text == NULL)
        m->is_memory_short = true;
    return text;
}

/* -- fallbacks -- */

static const char *fallback_of(ddl_maker *m, const data_column *column)
{
    const tern_type *type = column->plan->type;
    const void *value = column->plan->fallback;
    if (value == NULL)
        return NULL;
    if (type->kind == TERN_KIND_TEXT || type->kind == TERN_KIND_LIST || type->kind == TERN_KIND_MAP)
        return column->plan->field->fallback;
    return value_text(m, type, value);
}

/* -- rules -- */

static const char *number_text(ddl_maker *m, bool is_given, bool is_whole, int64_t whole, double real)
{
    char printed[SCALAR_PRINT_BYTES];
    if (!is_given)
        return NULL;
    return copy(m, printed, is_whole ? number_print_i64(whole, printed) : number_print_double(real, printed));
}

static const char *size_text(ddl_maker *m, bool is_given, size_t value)
{
    return number_text(m, is_given, true, (int64_t)value, 0);
}

/** A limit of dates, times, date-times and durations; NULL for one relative to the current time, since stored
 * rows do not follow it. */
static const char *moment_text(ddl_maker *m, const tern_type *type, const moment_limit *limit)
{
    union {
        tern_date date;
        tern_time time;
        tern_datetime datetime;
        tern_duration duration;
    } value;
    if (limit->text == NULL || limit->is_moving)
        return NULL;
    scalar_read(type, limit->text, strlen(limit->text), &value, NULL); /* was parsed before, so it is valid */
    return value_text(m, type, &value);
}

static void take_bounds(ddl_maker *m, const field_plan *plan, ddl_column *out)
{
    const tern_type *type = plan->type;
    bool is_whole = type->kind == TERN_KIND_INT || type->kind == TERN_KIND_UINT;
    switch (type->kind) {
    case TERN_KIND_DATE:
    case TERN_KIND_TIME:
    case TERN_KIND_DATETIME:
    case TERN_KIND_DURATION:
        out->min = moment_text(m, type, &plan->min_moment);
        out->max = moment_text(m, type, &plan->max_moment);
        break;
    case TERN_KIND_DECIMAL:
        out->min = plan->has_min ? value_text(m, type, &plan->min_decimal) : NULL;
        out->max = plan->has_max ? value_text(m, type, &plan->max_decimal) : NULL;
        break;
    default:
        out->min = number_text(m, plan->has_min, is_whole, plan->min_int, plan->min_float);
        out->max = number_text(m, plan->has_max, is_whole, plan->max_int, plan->max_float);
        break;
    }
    out->min_excluded = out->min != NULL && plan->is_min_excluded;
    out->max_excluded = out->max != NULL && plan->is_max_excluded;
}

static void take_choices(ddl_maker *m, const field_plan *plan, tern_text_list *out)
{
    const tern_type *type = plan->type;
    const char *const *choices = plan->field->choices;
    size_t count = type->kind == TERN_KIND_ENUM ? type->name_count : 0;
    while (choices != NULL && choices[count] != NULL)
        count++;
    out->items = count != 0 ? zero(m, count, sizeof *out->items) : NULL;
    for (size_t i = 0; i < count && out->items != NULL; i++)
        out->items[out->count++] = type->kind == TERN_KIND_ENUM ? type->names[i].name : choices[i];
}

static void take_rules(ddl_maker *m, const field_plan *plan, ddl_column *out)
{
    const tern_field *field = plan->field;
    bool is_whole = plan->type->kind == TERN_KIND_INT || plan->type->kind == TERN_KIND_UINT;
    bool is_sized = plan->type->kind == TERN_KIND_TEXT || plan->type->kind == TERN_KIND_BYTES;
    take_bounds(m, plan, out);
    out->multiple_of = number_text(m, plan->has_multiple && is_whole, true, plan->multiple_int, 0);
    out->min_length = size_text(m, is_sized && plan->has_min_length, field->min_length);
    out->max_length = size_text(m, is_sized && plan->has_max_length, field->max_length);
    out->pattern = field->pattern;
    take_choices(m, plan, &out->choices);
}

/* -- columns, indexes, tables -- */

static void take_column(ddl_maker *m, const data_column *column, ddl_column *out)
{
    *out = (ddl_column){
        .name = column->name,
        .kind = kind_of(column->plan->type),
        .nullable = column->is_nullable,
        .automatic = column->is_automatic,
        .role = column->is_created   ? ddl_role_created
                : column->is_updated ? ddl_role_updated
                : column->is_version ? ddl_role_version
                                     : ddl_role_plain,
        .fallback = fallback_of(m, column),
        .renamed_from = column->plan->field->renamed_from,
    };
    take_rules(m, column->plan, out);
    if (column->references != NULL) {
        const data_table *other = column->references;
        out->references = other->name;
        out->references_column = other->columns[other->keys[0]].name;
        out->on_delete = (ddl_on_delete)column->on_delete;
    }
}

static void add_index(ddl_maker *m, ddl_table *out, const char *name, const char *columns, const char *where,
                      bool is_unique)
{
    if (name == NULL || columns == NULL)
        m->is_memory_short = true;
    else
        out->indexes.items[out->indexes.count++] =
            (ddl_index){.name = name, .columns = columns, .where = where, .unique = is_unique};
}

/** Unique indexes come first: they are rules, while the others only affect speed. A single key column is
 * unique anyway. */
static void take_indexes(ddl_maker *m, const data_table *table, ddl_table *out)
{
    out->indexes.items = zero(m, table->column_count + table->index_count, sizeof *out->indexes.items);
    for (int pass = 0; pass < 2 && out->indexes.items != NULL; pass++) {
        for (unsigned i = 0; i < table->column_count; i++) {
            const data_column *column = &table->columns[i];
            buf name = {0};
            bool is_sole_key = column->is_key && table->key_count == 1;
            if (is_sole_key || !(pass == 0 ? column->is_unique : column->is_indexed && !column->is_unique))
                continue;
            data_name_add(&name, column->name);
            add_index(m, out, data_name_join(m->memory, table->name, column->name, pass == 0 ? "key" : "idx"),
                      name.failed ? NULL : arena_text(m->memory, name.data, name.len), NULL, pass == 0);
            buf_free(&name);
        }
        for (unsigned i = 0; i < table->index_count; i++) {
            const data_index *index = &table->indexes[i];
            if (index->is_unique == (pass == 0))
                add_index(m, out, index->name, index->columns, index->where, index->is_unique);
        }
    }
}

static void take_search(ddl_maker *m, const data_table *table, ddl_table *out)
{
    if (table->searched_count == 0)
        return;
    out->search.items = zero(m, table->searched_count, sizeof *out->search.items);
    for (unsigned i = 0; i < table->searched_count && out->search.items != NULL; i++)
        out->search.items[out->search.count++] = table->searched[i];
}

static void take_table(ddl_maker *m, const data_table *table, ddl_table *out)
{
    *out = (ddl_table){.name = table->name, .renamed_from = table->renamed_from};
    out->columns.items = zero(m, table->column_count, sizeof *out->columns.items);
    out->key.items = zero(m, table->key_count, sizeof *out->key.items);
    if (m->is_memory_short)
        return;
    for (unsigned i = 0; i < table->column_count; i++)
        take_column(m, &table->columns[i], &out->columns.items[out->columns.count++]);
    for (unsigned i = 0; i < table->key_count; i++)
        out->key.items[out->key.count++] = table->columns[table->keys[i]].name;
    take_indexes(m, table, out);
    take_search(m, table, out);
}

static void put_name(ddl_maker *m, name_table *names, const char *name)
{
    if (!name_table_put(names, 0, name, strlen(name), 1))
        m->is_memory_short = true;
}

/** Reports an index of the table whose name is taken by a table, or by an index of an earlier table. */
static void check_index_names(ddl_maker *m, name_table *names, const ddl_table *table)
{
    for (size_t k = 0; k < table->indexes.count; k++) {
        const char *name = table->indexes.items[k].name;
        if (name_table_find(names, 0, name, strlen(name)) == 0)
            continue;
        m->has_mistakes = true;
        buf_add_printf(m->problems,
                       "table %s: its index would be called \"%s\", as a table or index of another "
                       "model is; give one of them another .table or .column\n",
                       table->name, name);
    }
    for (size_t k = 0; k < table->indexes.count; k++)
        put_name(m, names, table->indexes.items[k].name);
}

/** Tables and indexes of a database share a namespace. */
static void check_names(ddl_maker *m, const ddl_schema *schema)
{
    name_table names = {0};
    for (size_t i = 0; i < schema->tables.count; i++)
        put_name(m, &names, schema->tables.items[i].name);
    for (size_t i = 0; i < schema->tables.count; i++)
        check_index_names(m, &names, &schema->tables.items[i]);
    name_table_free(&names);
}

/** Whether `name` is the search table's, or one of those that SQLite creates for it (_data, _idx, ...). */
static bool is_of_search(const char *search, const char *name)
{
    size_t len = strlen(search);
    return strncmp(name, search, len) == 0 && (name[len] == '\0' || name[len] == '_');
}

static void check_search_name(ddl_maker *m, const ddl_schema *schema, const ddl_table *table)
{
    const char *search = data_name_join(m->memory, table->name, NULL, "search"), *taken = NULL;
    if (search == NULL) {
        m->is_memory_short = true;
        return;
    }
    for (size_t i = 0; i < schema->tables.count; i++) {
        const ddl_table *other = &schema->tables.items[i];
        if (is_of_search(search, other->name))
            taken = other->name;
        for (size_t k = 0; k < other->indexes.count; k++)
            if (is_of_search(search, other->indexes.items[k].name))
                taken = other->indexes.items[k].name;
    }
    if (taken == NULL)
        return;
    m->has_mistakes = true;
    buf_add_printf(m->problems,
                   "table %s: the words that .search finds would be kept as \"%s\", but there is a table or "
                   "index \"%s\"; give one of them another .table or .column\n",
                   table->name, search, taken);
}

ddl_schema *ddl_of_models(arena *a, buf *problems)
{
    ddl_maker m = {.memory = a, .problems = problems};
    unsigned count;
    const data_table *const *tables = data_tables(&count);
    ddl_schema *schema = zero(&m, 1, sizeof *schema);
    ddl_table *items = zero(&m, count, sizeof *items);
    if (!m.is_memory_short) {
        schema->tables.items = items;
        for (unsigned i = 0; i < count; i++)
            if (!tables[i]->is_view)
                take_table(&m, tables[i], &items[schema->tables.count++]);
    }
    if (!m.is_memory_short)
        check_names(&m, schema);
    for (size_t i = 0; !m.is_memory_short && i < schema->tables.count; i++)
        if (schema->tables.items[i].search.count != 0)
            check_search_name(&m, schema, &schema->tables.items[i]);
    if (m.is_memory_short)
        buf_add_text(problems, "the schema of the models: out of memory\n");
    return m.is_memory_short || m.has_mistakes ? NULL : schema;
}

/* Callers walk schemas in order, and two schemas that are compared have most tables in the same order. So the
 * search begins where the previous one ended, and usually succeeds at once. */
const ddl_table *ddl_find_table(const ddl_schema *schema, const char *name)
{
    static size_t last;
    size_t count = schema->tables.count, at = last < count ? last : 0;
    for (size_t i = 0; i < count; i++, at = at + 1 < count ? at + 1 : 0)
        if (strcmp(schema->tables.items[at].name, name) == 0) {
            last = at;
            return &schema->tables.items[at];
        }
    return NULL;
}

const ddl_column *ddl_find_column(const ddl_table *table, const char *name)
{
    for (size_t i = 0; i < table->columns.count; i++)
        if (strcmp(table->columns.items[i].name, name) == 0)
            return &table->columns.items[i];
    return NULL;
}

const ddl_index *ddl_find_index(const ddl_table *table, const char *name)
{
    for (size_t i = 0; i < table->indexes.count; i++)
        if (strcmp(table->indexes.items[i].name, name) == 0)
            return &table->indexes.items[i];
    return NULL;
}

bool ddl_has_automatic_key(const ddl_table *table)
{
    for (size_t i = 0; i < table->columns.count; i++)
        if (table->columns.items[i].automatic)
            return true;
    return false;
}

bool ddl_is_sole_key(const ddl_table *table, const ddl_column *column)
{
    return table->key.count == 1 && strcmp(table->key.items[0], column->name) == 0;
}
