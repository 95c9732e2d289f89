/** What only the library itself needs of the log, in addition to tern/log.h. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <tern/log.h>

#include <stdbool.h>

/** Whether events are written for people (a terminal, TERN_LOG_FORMAT=human) rather than as JSON. */
bool log_is_human(void);
void log_set_human(bool is_human);

#endif
