/** Tables that parts of an application add to its database: tern_tables. */
#ifndef DATA_TABLES_H
#define DATA_TABLES_H

#include "app/ctx.h"

/** The models of one tern_tables; in the application's memory. */
typedef struct data_tables_wanted {
    struct data_tables_wanted *next;
    const char *needed_by;
    tern_type **models; /* NULL-terminated */
} data_tables_wanted;

/** `models` (of tern_database) and those of each tern_tables in the order of the calls, each model once;
 * NULL-terminated, in the application's memory. NULL when out of memory. */
tern_type **data_tables_join(tern_app *app, tern_type *const *models);

#endif
