/** Prints dates, times, instants and spans; scalar.h reads them. `out` has room for SCALAR_PRINT_BYTES. */
#ifndef SCHEMA_TIME_MOMENT_H
#define SCHEMA_TIME_MOMENT_H

#include <tern/model.h>

size_t date_print(tern_date date, char *out);
size_t time_print(tern_time time, char *out);
/** In UTC. Instants outside the years 0 to 9999 print as the nearest one inside, for error messages only: a
 * value that is shown or stored must be inside (calendar_has). */
size_t datetime_print(tern_datetime moment, char *out);
size_t duration_print(tern_duration span, char *out);

#endif
