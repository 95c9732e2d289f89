/** Declarations shared by the parts of SQLite's dialect; dialect.h documents each. */
#ifndef SQLITE_DIALECT_PARTS_H
#define SQLITE_DIALECT_PARTS_H

#include "data/dialect.h"

/* search.c */
void sqlite_add_search(struct sql_builder *b, const struct data_table *table);
void sqlite_add_search_rank(struct sql_builder *b, const struct data_table *table);
bool sqlite_add_search_part(buf *sql, const struct ddl_table *table, unsigned part);
void sqlite_fill_search(buf *sql, const struct ddl_table *table);
void sqlite_drop_search(buf *sql, const struct ddl_table *table);
/* conversions.c */
extern const char *const sqlite_conversions[];
/* diff.c */
void sqlite_add_diff(const struct schema_diff *diff, buf *sql);

#endif
