/*
 * Word search: an FTS5 table with the table itself as its content (https://www.sqlite.org/fts5.html, section
 * 4.4.3), so that no text is stored twice; triggers pass each change on to it.
 */
#include "data/ddl/ddl.h"
#include "data/sqlite/dialect/parts.h"
#include "data/statement.h"
#include "data/table/maker.h"

/* -- queries -- */

/* Reads the row numbers from the index, then the rows. The index is in brackets, so that its column names do
 * not conflict with those of .where; `cross join` keeps SQLite from scanning the rows first. */
void sqlite_add_search(sql_builder *b, const data_table *table)
{
    sql_add(b, " from (select rowid as tern_search_row, rank as tern_search_rank from ");
    sql_name(b, table->search);
    sql_add(b, " where ");
    sql_name(b, table->search);
    sql_add(b, " match ");
    sql_arg(b, TERN_ARG_TEXT);
    sql_add(b, ") cross join ");
    sql_name(b, table->name);
    sql_add(b, " where ");
    sql_name(b, table->name);
    sql_add(b, ".");
    sql_name(b, table->search_row);
    sql_add(b, " = tern_search_row");
}

void sqlite_add_search_rank(sql_builder *b, const data_table *table)
{
    (void)table;
    sql_add(b, "tern_search_rank");
}

/* -- schemas -- */

static void add_search_name(buf *sql, const ddl_table *table)
{
    ddl_add_name(sql, table->name, NULL, "search");
}

/** The column by which SQLite identifies a row. */
static const char *row_of(const ddl_table *table)
{
    for (size_t i = 0; i < table->columns.count; i++)
        if (table->columns.items[i].automatic)
            return table->columns.items[i].name;
    return "rowid";
}

/** "title, blurb", each after `before`. */
static void add_columns(buf *sql, const ddl_table *table, const char *before)
{
    for (size_t i = 0; i < table->search.count; i++) {
        buf_add_printf(sql, i == 0 ? "%s" : ", %s", before);
        data_name_add(sql, table->search.items[i]);
    }
}

static void add_words(buf *sql, const ddl_table *table)
{
    buf_add_text(sql, "create virtual table ");
    add_search_name(sql, table);
    buf_add_text(sql, " using fts5 (");
    add_columns(sql, table, "");
    buf_add_text(sql, ",\n    content = ");
    ddl_add_text(sql, table->name);
    buf_add_text(sql, ", content_rowid = ");
    ddl_add_text(sql, row_of(table));
    buf_add_text(sql, ", tokenize = 'unicode61 remove_diacritics 0');\n");
}

/** The statement of a trigger that adds the words of the new row, or removes those of the old one. */
static void add_change(buf *sql, const ddl_table *table, bool is_removal)
{
    const char *row = is_removal ? "old." : "new.";
    buf_add_text(sql, "    insert into ");
    add_search_name(sql, table);
    buf_add_text(sql, " (");
    if (is_removal) { /* a command to FTS5: into the column of the table's own name */
        add_search_name(sql, table);
        buf_add_text(sql, ", ");
    }
    buf_add_text(sql, "rowid, ");
    add_columns(sql, table, "");
    buf_add_printf(sql, ")\n        values (%s%s", is_removal ? "'delete', " : "", row);
    data_name_add(sql, row_of(table));
    buf_add_text(sql, ", ");
    add_columns(sql, table, row);
    buf_add_text(sql, ");\n");
}

static void begin_trigger(buf *sql, const ddl_table *table, const char *event)
{
    buf_add_text(sql, "create trigger ");
    ddl_add_name(sql, table->name, "search", event);
    buf_add_printf(sql, " after %s", event);
}

static void begin_body(buf *sql, const ddl_table *table)
{
    buf_add_text(sql, " on ");
    data_name_add(sql, table->name);
    buf_add_text(sql, " begin\n");
}

static void add_on_insert(buf *sql, const ddl_table *table)
{
    begin_trigger(sql, table, "insert");
    begin_body(sql, table);
    add_change(sql, table, false);
    buf_add_text(sql, "end;\n");
}

static void add_on_delete(buf *sql, const ddl_table *table)
{
    begin_trigger(sql, table, "delete");
    begin_body(sql, table);
    add_change(sql, table, true);
    buf_add_text(sql, "end;\n");
}

/** Only for searched columns: changes of other columns do not fire the trigger. */
static void add_on_update(buf *sql, const ddl_table *table)
{
    const char *row = row_of(table);
    begin_trigger(sql, table, "update");
    buf_add_text(sql, " of ");
    if (ddl_find_column(table, row) != NULL) {
        data_name_add(sql, row);
        buf_add_text(sql, ", ");
    }
    add_columns(sql, table, "");
    begin_body(sql, table);
    add_change(sql, table, true);
    add_change(sql, table, false);
    buf_add_text(sql, "end;\n");
}

bool sqlite_add_search_part(buf *sql, const ddl_table *table, unsigned part)
{
    static void (*const parts[])(buf * sql, const ddl_table *table) = {add_words, add_on_insert,
                                                                       add_on_delete, add_on_update};
    if (part == sizeof parts / sizeof *parts)
        return false;
    parts[part](sql, table);
    return true;
}

void sqlite_fill_search(buf *sql, const ddl_table *table)
{
    buf_add_text(sql, "insert into ");
    add_search_name(sql, table);
    buf_add_text(sql, " (");
    add_search_name(sql, table);
    buf_add_text(sql, ") values ('rebuild');\n");
}

void sqlite_drop_search(buf *sql, const ddl_table *table)
{
    static const char *const events[] = {"insert", "delete", "update"};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        buf_add_text(sql, "drop trigger ");
        ddl_add_name(sql, table->name, "search", events[i]);
        buf_add_text(sql, ";\n");
    }
    buf_add_text(sql, "drop table ");
    add_search_name(sql, table);
    buf_add_text(sql, ";\n");
}
