/** Tables for a database that begins empty whenever it is opened. */
#ifndef DATA_CREATE_TABLES_H
#define DATA_CREATE_TABLES_H

#include <stdbool.h>

/** Makes the models' tables in this worker's database in memory; false with a line in the log. On the loop's
 * stack. */
bool data_create_tables(void);

#endif
