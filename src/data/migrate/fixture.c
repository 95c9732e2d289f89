#include "data/migrate/fixture.h"

#include "base/text.h"
#include "data/ddl/ddl.h"
#include "data/table/maker.h"
#include "schema/json/json.h"
#include "schema/scalar.h"

#include <string.h>

/* -- the twin: the same struct, described for copying -- */

/* Descriptions live as long as their plans: until the process ends. */
static arena twins = {.limit_bytes = SIZE_MAX};

static tern_type *describe(const data_table *table)
{
    tern_type *twin = arena_alloc(&twins, sizeof *twin);
    tern_field *fields = arena_alloc(&twins, table->column_count * sizeof *fields);
    if (twin == NULL || fields == NULL)
        return NULL;
    for (unsigned i = 0; i < table->column_count; i++) {
        const tern_field *field = table->columns[i].plan->field;
        fields[i] = (tern_field){.name = field->name,
                                 .type = field->type,
                                 .offset = field->offset,
                                 .state_offset = field->state_offset,
                                 .json = table->columns[i].name,
                                 .optional = table->columns[i].is_nullable};
    }
    *twin = (tern_type){.kind = TERN_KIND_MODEL,
                        .name = table->type->name,
                        .size = table->type->size,
                        .fields = fields,
                        .field_count = table->column_count};
    return twin;
}

/* -- SQL -- */

/** A column as text that reads back as the same value. */
static void add_source(buf *sql, data_dialect dialect, const data_column *column)
{
    tern_kind kind = column->plan->type->kind;
    const dialect_around *around = &dialect->sources[kind];
    bool keeps_null = kind == TERN_KIND_BYTES || kind == TERN_KIND_BOOL; /* which the function would change */
    if (keeps_null) {
        buf_add_text(sql, "case when ");
        data_name_add(sql, column->name);
        buf_add_text(sql, " is null then null else ");
    }
    buf_add_text(sql, around->before != NULL ? around->before : "");
    data_name_add(sql, column->name);
    buf_add_text(sql, around->before != NULL ? around->after : "");
    if (keeps_null)
        buf_add_text(sql, " end");
}

static void write_select(fixture *f)
{
    const data_table *table = f->table;
    for (unsigned i = 0; i < table->column_count; i++) {
        buf_add_text(&f->select, i == 0 ? "select " : ", ");
        add_source(&f->select, f->dialect, &table->columns[i]);
    }
    buf_add_text(&f->select, " from ");
    data_name_add(&f->select, table->name);
    for (unsigned i = 0; i < table->key_count; i++) {
        buf_add_text(&f->select, i == 0 ? " order by " : ", ");
        data_name_add(&f->select, table->columns[table->keys[i]].name);
    }
}

static void write_insert(fixture *f)
{
    const data_table *table = f->table;
    buf_add_text(&f->insert, "insert into ");
    data_name_add(&f->insert, table->name);
    for (unsigned i = 0; i < table->column_count; i++) {
        buf_add_text(&f->insert, i == 0 ? " (" : ", ");
        data_name_add(&f->insert, table->columns[i].name);
    }
    for (unsigned i = 0; i < table->column_count; i++)
        buf_add_printf(&f->insert, "%s%c%u", i == 0 ? ") values (" : ", ", f->dialect->placeholder, i + 1);
    buf_add_text(&f->insert, ")");
}

bool fixture_make(fixture *f, const data_table *table, data_dialect dialect, buf *problems)
{
    *f = (fixture){.table = table, .dialect = dialect, .twin = describe(table)};
    write_select(f);
    write_insert(f);
    return f->twin != NULL && schema_prepare(f->twin, problems) && !f->select.failed && !f->insert.failed;
}

void fixture_free(fixture *f)
{
    buf_free(&f->select);
    buf_free(&f->insert);
}

/* -- from the database to JSON -- */

static bool read_bytes(const char *text, size_t len, arena *a, tern_bytes *out)
{
    uint8_t *data = arena_alloc(a, len / 2 + 1);
    for (size_t i = 0; i + 1 < len && data != NULL; i += 2)
        data[i / 2] = (uint8_t)(text_hex_value(text[i]) << 4 | text_hex_value(text[i + 1]));
    *out = (tern_bytes){data, len / 2};
    return data != NULL;
}

static bool read_json(const tern_type *type, const char *text, size_t len, void *out, arena *a)
{
    const place where = {.name = "value"};
    tern_faults faults;
    char *copy = arena_text(a, text, len);
    if (copy == NULL)
        return false;
    if (type->kind == TERN_KIND_ANY) {
        *(tern_any *)out = (tern_any){copy, len};
        return true;
    }
    faults_init(&faults, a);
    return json_decode(type, out, (tern_str){copy, len}, NULL, &where, a, &faults);
}

/** Reads the value that `select` gave for a column. */
static bool read_text(const tern_type *type, const char *text, void *out, arena *a)
{
    size_t len = strlen(text);
    switch (type->kind) {
    case TERN_KIND_BYTES:
        return read_bytes(text, len, a, out);
    case TERN_KIND_DURATION:
        return text_get_i64(text, len, &((tern_duration *)out)->microseconds);
    case TERN_KIND_ANY:
    case TERN_KIND_MODEL:
    case TERN_KIND_LIST:
    case TERN_KIND_MAP:
        return read_json(type, text, len, out, a);
    default:
        return scalar_read(type, text, len, out, a) == NULL;
    }
}

bool fixture_print(const fixture *f, const char *const *values, arena *row_memory, buf *out, buf *problem)
{
    json_out json;
    char *row = arena_alloc(row_memory, f->twin->size);
    if (row == NULL)
        return false;
    memset(row, 0, f->twin->size);
    for (unsigned i = 0; i < f->table->column_count; i++) {
        const data_column *column = &f->table->columns[i];
        if (values[i] == NULL) {
            *plan_state(column->plan, row) = TERN_STATE_NULL;
        } else if (!read_text(column->plan->type, values[i], plan_value(column->plan, row), row_memory)) {
            buf_add_printf(problem, "table %s, column %s: \"%.80s\" is not a value of its field",
                           f->table->name, column->name, values[i]);
            return false;
        }
    }
    json_out_init(&json, row_memory, 256);
    if (!json_encode(f->twin, row, &json))
        return false;
    buf_add_text(out, "{\"");
    buf_add_json(out, f->table->name, strlen(f->table->name));
    buf_add_text(out, "\":");
    buf_add(out, json.data, json.len);
    return buf_add_text(out, "}\n");
}

/* -- from JSON to the database -- */

/** The value that data_column_arg binds as a special kind, as text that both engines read. */
static bool as_text(const fixture *f, const data_column *column, const void *row, arena *a, tern_arg *arg)
{
    const void *value = plan_value(column->plan, row);
    switch (arg->is_null ? TERN_ARG_NULL : arg->kind) {
    case TERN_ARG_DURATION:
        if (!f->dialect->has_intervals) {
            *arg = tern_arg_int(arg->duration.microseconds);
            return true;
        }
        *arg = tern_arg_text(arena_printf(a, "%lld microseconds", (long long)arg->duration.microseconds));
        return !arg->is_null;
    case TERN_ARG_UUID:
    case TERN_ARG_DATE:
    case TERN_ARG_TIME:
    case TERN_ARG_DATETIME:
    case TERN_ARG_DECIMAL:
        *arg = tern_arg_text(ddl_value_text(a, column->plan->type, value));
        return !arg->is_null;
    default:
        return true;
    }
}

/** Appends the value on one line. */
static void add_faults(const tern_faults *faults, buf *problem)
{
    size_t begin = problem->len;
    faults_print(faults, problem);
    if (problem->len > begin && problem->data[problem->len - 1] == '\n')
        problem->data[--problem->len] = '\0';
    for (size_t i = begin; i < problem->len; i++)
        if (problem->data[i] == '\n')
            problem->data[i] = ';';
}

bool fixture_read(const fixture *f, tern_str json, arena *row_memory, tern_arg *args, buf *problem)
{
    const place where = {.name = f->table->name};
    tern_faults faults;
    void *row = arena_alloc(row_memory, f->twin->size);
    char *copy = arena_text(row_memory, json.data, json.len);
    if (row == NULL || copy == NULL)
        return false;
    faults_init(&faults, row_memory);
    if (!json_decode(f->twin, row, (tern_str){copy, json.len}, NULL, &where, row_memory, &faults)) {
        add_faults(&faults, problem);
        return false;
    }
    for (unsigned i = 0; i < f->table->column_count; i++) {
        data_error error;
        if (!data_column_arg(&f->table->columns[i], row, row_memory, &args[i], &error)) {
            buf_add_printf(problem, "table %s: %s", f->table->name, error.message);
            return false;
        }
        if (!as_text(f, &f->table->columns[i], row, row_memory, &args[i]))
            return false;
    }
    return true;
}
