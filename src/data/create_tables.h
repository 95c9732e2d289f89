/** Creates tables for a database that is empty whenever it is opened. */
#ifndef DATA_CREATE_TABLES_H
#define DATA_CREATE_TABLES_H

#include <stdbool.h>

/** Creates the models' tables in this worker's database in memory; false with a line in the log. Runs on the
 * loop's stack. */
bool data_create_tables(void);

#endif
