/** Declarations shared by the parts of PostgreSQL's dialect; dialect.h documents each. */
#ifndef POSTGRES_DIALECT_PARTS_H
#define POSTGRES_DIALECT_PARTS_H

#include "data/dialect.h"

/* search.c */
void postgres_add_search(struct sql_builder *b, const struct data_table *table);
void postgres_add_search_rank(struct sql_builder *b, const struct data_table *table);
bool postgres_add_search_part(buf *sql, const struct ddl_table *table, unsigned part);
void postgres_drop_search(buf *sql, const struct ddl_table *table);
/* conversions.c */
extern const char *const postgres_conversions[];
/* diff.c */
void postgres_add_diff(const struct schema_diff *diff, buf *sql);

#endif
