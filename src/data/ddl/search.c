/* The search index of a table's search columns: each dialect has its own. */
#include "data/ddl/ddl.h"

bool ddl_add_search_part(buf *sql, data_dialect dialect, const ddl_table *table, unsigned part)
{
    return table->search.count != 0 && dialect->add_search_part(sql, table, part);
}

void ddl_add_search(buf *sql, data_dialect dialect, const ddl_table *table)
{
    for (unsigned part = 0; ddl_add_search_part(sql, dialect, table, part);)
        part++;
}

void ddl_add_search_rows(buf *sql, data_dialect dialect, const ddl_table *table)
{
    if (table->search.count != 0 && dialect->fill_search != NULL)
        dialect->fill_search(sql, table);
}

void ddl_drop_search(buf *sql, data_dialect dialect, const ddl_table *table)
{
    if (table->search.count != 0)
        dialect->drop_search(sql, table);
}
