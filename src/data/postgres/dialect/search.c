/* Word search: an index on an expression that queries repeat. */
#include "data/ddl/ddl.h"
#include "data/postgres/dialect/parts.h"
#include "data/statement.h"
#include "data/table/maker.h"

/** The words of a row. The expression must be the same in the index and in queries; otherwise the index is
 * not used. */
static void add_vector(buf *sql, const char *const *columns, size_t count)
{
    /* Punctuation becomes blanks first: PostgreSQL would parse "and/or" as a path and "a.b" as a host, and
     * find neither by its words. Truncation keeps a row below the 1 MiB limit of an index entry. */
    buf_add_text(sql, "to_tsvector('simple', translate(left(");
    for (size_t i = 0; i < count; i++) {
        buf_add_text(sql, i == 0 ? "coalesce(" : " || ' ' || coalesce(");
        data_name_add(sql, columns[i]);
        buf_add_text(sql, ", '')");
    }
    buf_add_text(sql, ", 200000), '!\"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~', repeat(' ', 32)))");
}

/* -- queries -- */

void postgres_add_search(sql_builder *b, const data_table *table)
{
    sql_add(b, " from ");
    sql_name(b, table->name);
    sql_add(b, " where ");
    add_vector(&b->sql, table->searched, table->searched_count);
    sql_add(b, " @@ to_tsquery('simple', ");
    sql_arg(b, TERN_ARG_TEXT);
    sql_add(b, ")");
}

void postgres_add_search_rank(sql_builder *b, const data_table *table)
{
    sql_add(b, "ts_rank(");
    add_vector(&b->sql, table->searched, table->searched_count);
    sql_add(b, ", to_tsquery('simple', $1)) desc");
}

/* -- schemas -- */

static void add_search_name(buf *sql, const ddl_table *table)
{
    ddl_add_name(sql, table->name, NULL, "search");
}

bool postgres_add_search_part(buf *sql, const ddl_table *table, unsigned part)
{
    if (part != 0)
        return false;
    buf_add_text(sql, "create index ");
    add_search_name(sql, table);
    buf_add_text(sql, " on ");
    data_name_add(sql, table->name);
    buf_add_text(sql, " using gin (");
    add_vector(sql, table->search.items, table->search.count);
    buf_add_text(sql, ");\n");
    return true;
}

void postgres_drop_search(buf *sql, const ddl_table *table)
{
    buf_add_text(sql, "drop index ");
    add_search_name(sql, table);
    buf_add_text(sql, ";\n");
}
