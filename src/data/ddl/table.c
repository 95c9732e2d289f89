/* Tables and indexes in SQL, formatted for people: the SQL goes into migrations. */
#include "data/ddl/ddl.h"
#include "data/table/maker.h"

#include <stdio.h>
#include <string.h>

static void add_constraint(buf *sql, const ddl_table *table, const ddl_column *column, const char *ending)
{
    buf_add_text(sql, "constraint ");
    ddl_add_name(sql, table->name, column != NULL ? column->name : NULL, ending);
    buf_add_text(sql, " ");
}

void ddl_add_reference(buf *sql, const ddl_column *column)
{
    static const char *const rules[] = {[ddl_on_delete_restricted] = "",
                                        [ddl_on_delete_cascade] = " on delete cascade",
                                        [ddl_on_delete_set_null] = " on delete set null"};
    buf_add_text(sql, "references ");
    data_name_add(sql, column->references);
    buf_add_text(sql, " (");
    data_name_add(sql, column->references_column);
    buf_add_printf(sql, ")%s", rules[column->on_delete]);
}

void ddl_add_column(buf *sql, data_dialect dialect, const ddl_table *table, const ddl_column *column,
                    bool with_reference)
{
    data_name_add(sql, column->name);
    buf_add_printf(sql, " %s", ddl_type_name(dialect, column->kind));
    if (column->automatic)
        buf_add_printf(sql, "%s primary key", dialect->automatic);
    else if (!column->nullable)
        buf_add_text(sql, " not null");
    if (column->fallback != NULL) {
        buf_add_text(sql, " default ");
        ddl_add_literal(sql, dialect, column->kind, column->fallback);
    }
    buf check = {0};
    if (ddl_add_check(&check, dialect, column)) {
        buf_add_text(sql, " ");
        add_constraint(sql, table, column, "check");
        buf_add_printf(sql, "check (%s)", check.failed ? "" : check.data);
    }
    sql->failed |= check.failed;
    buf_free(&check);
    if (column->references != NULL && with_reference) {
        buf_add_text(sql, " ");
        add_constraint(sql, table, column, "fkey");
        ddl_add_reference(sql, column);
    }
}

void ddl_add_key_name(buf *sql, const char *table, bool is_automatic)
{
    size_t len = strlen(table);
    if (!is_automatic || len <= DATA_NAME_MOST - strlen("_pkey")) {
        ddl_add_name(sql, table, NULL, "pkey");
        return;
    }
    len = DATA_NAME_MOST - strlen("_pkey"); /* PostgreSQL truncates where Tern would put a hash */
    while (len > 0 && ((unsigned char)table[len] & 0xc0) == 0x80)
        len--;
    char name[DATA_NAME_MOST + 1];
    snprintf(name, sizeof name, "%.*s_pkey", (int)len, table);
    data_name_add(sql, name);
}

void ddl_add_key(buf *sql, const ddl_table *table)
{
    buf_add_text(sql, "constraint ");
    ddl_add_key_name(sql, table->name, ddl_has_automatic_key(table));
    buf_add_text(sql, " ");
    for (size_t i = 0; i < table->key.count; i++) {
        buf_add_text(sql, i == 0 ? "primary key (" : ", ");
        data_name_add(sql, table->key.items[i]);
    }
    buf_add_text(sql, ")");
}

void ddl_add_table(buf *sql, data_dialect dialect, const ddl_table *table, const char *name,
                   bool (*is_later)(const void *arg, const ddl_table *table, const ddl_column *column),
                   const void *arg)
{
    buf_add_text(sql, "create table ");
    data_name_add(sql, name != NULL ? name : table->name);
    for (size_t i = 0; i < table->columns.count; i++) {
        const ddl_column *column = &table->columns.items[i];
        buf_add_text(sql, i == 0 ? " (\n    " : ",\n    ");
        ddl_add_column(sql, dialect, table, column, is_later == NULL || !is_later(arg, table, column));
    }
    if (!ddl_has_automatic_key(table)) {
        buf_add_text(sql, ",\n    ");
        ddl_add_key(sql, table);
    }
    buf_add_text(sql, dialect->table_end);
}

void ddl_add_index(buf *sql, const ddl_table *table, const ddl_index *index)
{
    buf_add_text(sql, index->unique ? "create unique index " : "create index ");
    data_name_add(sql, index->name);
    buf_add_text(sql, " on ");
    data_name_add(sql, table->name);
    buf_add_printf(sql, " (%s)", index->columns);
    if (index->where != NULL)
        buf_add_printf(sql, " where %s", index->where);
    buf_add_text(sql, ";\n");
}

/** A foreign key to a table that is created later. */
static bool is_ahead(const void *arg, const ddl_table *table, const ddl_column *column)
{
    const ddl_schema *schema = arg;
    return column->references != NULL && ddl_find_table(schema, column->references) > table;
}

static void add_later_references(buf *sql, const ddl_schema *schema)
{
    for (size_t i = 0; i < schema->tables.count; i++)
        for (size_t k = 0; k < schema->tables.items[i].columns.count; k++) {
            const ddl_table *table = &schema->tables.items[i];
            const ddl_column *column = &table->columns.items[k];
            if (!is_ahead(schema, table, column))
                continue;
            buf_add_text(sql, "alter table ");
            data_name_add(sql, table->name);
            buf_add_text(sql, " add ");
            add_constraint(sql, table, column, "fkey");
            buf_add_text(sql, "foreign key (");
            data_name_add(sql, column->name);
            buf_add_text(sql, ") ");
            ddl_add_reference(sql, column);
            buf_add_text(sql, ";\n");
        }
}

void ddl_add_schema(buf *sql, data_dialect dialect, const ddl_schema *schema)
{
    for (size_t i = 0; i < schema->tables.count; i++) {
        const ddl_table *table = &schema->tables.items[i];
        ddl_add_table(sql, dialect, table, NULL, dialect->refers_later ? is_ahead : NULL, schema);
        for (size_t k = 0; k < table->indexes.count; k++)
            ddl_add_index(sql, table, &table->indexes.items[k]);
        ddl_add_search(sql, dialect, table);
    }
    if (dialect->refers_later)
        add_later_references(sql, schema);
}
