/* A schema as JSON: each migration stores one, and the next migration is compared with it. */
#include "data/migrate/folder.h"
#include "schema/json/indent.h"
#include "schema/json/json.h"

/** Marks members that equal their default, so that the file has only explicit choices. */
static void leave_out_of_column(ddl_column *c)
{
    const struct {
        bool is_plain;
        uint8_t *state;
    } parts[] = {
        {!c->nullable, &c->tern_state.nullable},
        {!c->automatic, &c->tern_state.automatic},
        {c->role == ddl_role_plain, &c->tern_state.role},
        {c->fallback == NULL, &c->tern_state.fallback},
        {c->min == NULL, &c->tern_state.min},
        {c->max == NULL, &c->tern_state.max},
        {!c->min_excluded, &c->tern_state.min_excluded},
        {!c->max_excluded, &c->tern_state.max_excluded},
        {c->multiple_of == NULL, &c->tern_state.multiple_of},
        {c->min_length == NULL, &c->tern_state.min_length},
        {c->max_length == NULL, &c->tern_state.max_length},
        {c->choices.count == 0, &c->tern_state.choices},
        {c->pattern == NULL, &c->tern_state.pattern},
        {c->references == NULL, &c->tern_state.references},
        {c->references == NULL, &c->tern_state.references_column},
        {c->on_delete == ddl_on_delete_restricted, &c->tern_state.on_delete},
        {true, &c->tern_state.renamed_from},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        *parts[i].state = parts[i].is_plain ? TERN_STATE_ABSENT : TERN_STATE_VALUE;
}

static void leave_out(const ddl_schema *schema)
{
    for (size_t i = 0; i < schema->tables.count; i++) {
        ddl_table *table = &schema->tables.items[i];
        table->tern_state.renamed_from = TERN_STATE_ABSENT;
        table->tern_state.search = table->search.count == 0 ? TERN_STATE_ABSENT : TERN_STATE_VALUE;
        for (size_t k = 0; k < table->columns.count; k++)
            leave_out_of_column(&table->columns.items[k]);
        for (size_t k = 0; k < table->indexes.count; k++) {
            ddl_index *index = &table->indexes.items[k];
            index->tern_state.where = index->where == NULL ? TERN_STATE_ABSENT : TERN_STATE_VALUE;
            index->tern_state.unique = index->unique ? TERN_STATE_VALUE : TERN_STATE_ABSENT;
        }
    }
}

bool schema_to_json(const ddl_schema *schema, arena *memory, buf *out)
{
    buf problems = {0};
    json_out json;
    leave_out(schema);
    bool is_ready = schema_prepare(TERN_TYPE(ddl_schema), &problems);
    buf_free(&problems);
    json_out_init(&json, memory, 4096);
    return is_ready && json_encode(TERN_TYPE(ddl_schema), schema, &json) &&
           json_indent((tern_str){json.data, json.len}, out) && buf_add_text(out, "\n");
}

const ddl_schema *schema_from_json(const char *what, const char *text, size_t len, arena *memory,
                                   buf *problems)
{
    const place where = {.name = what};
    tern_faults faults;
    ddl_schema *schema = arena_alloc(memory, sizeof *schema);
    char *copy = arena_text(memory, text, len); /* decoded in place */
    if (schema == NULL || copy == NULL || !schema_prepare(TERN_TYPE(ddl_schema), problems)) {
        buf_add_printf(problems, "%s: out of memory\n", what);
        return NULL;
    }
    faults_init(&faults, memory);
    if (json_decode(TERN_TYPE(ddl_schema), schema, (tern_str){copy, len}, NULL, &where, memory, &faults))
        return schema;
    buf_add_printf(problems, "%s: is not a schema as `migrate make` writes it:\n", what);
    faults_print(&faults, problems);
    return NULL;
}
