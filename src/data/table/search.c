/* The search fields of a table, and the names of the engines' search indexes. */
#include "data/table/maker.h"

#include <string.h>

/** FTS5 has its own columns with these names. */
static bool is_taken_by_sqlite(const data_table *table, const char *name)
{
    return data_name_equal(name, "rank") || data_name_equal(name, "rowid") ||
           data_name_equal(name, table->search);
}

static void take_column(table_maker *m, data_table *table, const data_column *column)
{
    m->field = column->plan->field;
    if (is_taken_by_sqlite(table, column->name))
        table_mistake(m,
                      ".search: SQLite's full text index has a column %s of its own; give it another .column",
                      column->name);
    if (table->is_view)
        table_mistake(m, ".search: a .view has no table to search in");
    table->searched[table->searched_count++] = column->name;
    m->field = NULL;
}

/**
 * SQLite's index refers to the table's rows by number: the automatic key, or SQLite's rowid, unless a column
 * hides that.
 */
static void name_row(table_maker *m, data_table *table)
{
    const data_column *key = &table->columns[table->keys[0]];
    table->search_row = table->key_count == 1 && key->is_automatic ? key->name : "rowid";
    for (unsigned i = 0; i < table->column_count && !key->is_automatic; i++)
        if (data_name_equal(table->columns[i].name, "rowid"))
            table_mistake(m, ".search: its column rowid hides SQLite's own number of the row; give "
                             "it another .column");
}

void table_make_search(table_maker *m, data_table *table)
{
    unsigned count = 0;
    for (unsigned i = 0; i < table->column_count; i++)
        count += table->columns[i].plan->field->search;
    if (count == 0 || table->name == NULL)
        return;
    table->search = data_name_join(m->memory, table->name, NULL, "search");
    table->searched = table_zero(m, count * sizeof *table->searched);
    if (table->search == NULL)
        m->is_memory_short = true;
    if (m->is_memory_short)
        return;
    for (unsigned i = 0; i < table->column_count; i++)
        if (table->columns[i].plan->field->search)
            take_column(m, table, &table->columns[i]);
    name_row(m, table);
}
