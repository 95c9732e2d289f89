/** Log lines: one event, one line, on standard error. */
#ifndef TERN_LOG_H
#define TERN_LOG_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tern_log_level {
    TERN_LOG_DEBUG,
    TERN_LOG_INFO,
    TERN_LOG_WARN,
    TERN_LOG_ERROR,
    TERN_LOG_SILENT
} tern_log_level;

/** One extra member of a log event. `text` is used when not NULL, `number` otherwise. */
typedef struct tern_log_field {
    const char *name;
    const char *text;
    int64_t number;
} tern_log_field;

/**
 * Writes one event. On a terminal a human reads `12:00:01 INFO  message  name=value`; elsewhere it is one
 * JSON object with `time` (RFC 3339, UTC), `level`, `message`, `pid` and the fields.
 *
 * Control bytes, line separators and bytes that are not UTF-8 are escaped: no value can forge a second line.
 * An event is one write(2) of at most 8 KiB (longer messages are cut and say so). A failing write is ignored:
 * a full disk or a closed pipe never stops the service.
 */
void tern_log(tern_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tern_log_event(tern_log_level level, const char *message, const tern_log_field *fields, unsigned count);

/** Events below `level` are dropped. Default TERN_LOG_INFO. */
void tern_log_set_level(tern_log_level level);
/** Whether an event of this level would be written: ask before doing work only for a log line. */
int tern_log_enabled(tern_log_level level);

#ifdef __cplusplus
}
#endif

#endif
