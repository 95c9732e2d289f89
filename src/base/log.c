#include "base/log.h"

#include "base/buf.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

/* A line is made in a block on the stack, so that a worker short of memory can still say so. */
enum {
    LINE_BYTES = 8192,
    END_BYTES = 64,                    /* reserved for the end of a line */
    MESSAGE_BYTES = LINE_BYTES - 2048, /* a long message leaves the fields this much */
    LEAST_FIELD_BYTES = 32             /* a field is left out when not even this much of it would fit */
};

static const struct {
    const char *name, *label, *colour;
} levels[] = {
    [TERN_LOG_DEBUG] = {"debug", "DEBUG", "\033[2m"}, [TERN_LOG_INFO] = {"info", "INFO ", "\033[32m"},
    [TERN_LOG_WARN] = {"warn", "WARN ", "\033[33m"},  [TERN_LOG_ERROR] = {"error", "ERROR", "\033[31m"},
    [TERN_LOG_SILENT] = {"silent", NULL, NULL},
};

/* The process's logger: settings read once, and the text of the current second. */
static struct {
    bool is_ready, is_human, has_colours;
    tern_log_level level;
    time_t second;
    char time_text[32];
} logger;

static void read_settings(void)
{
    const char *format = getenv("TERN_LOG_FORMAT");
    const char *level = getenv("TERN_LOG_LEVEL");
    const char *no_colour = getenv("NO_COLOR");
    bool is_terminal = isatty(STDERR_FILENO) == 1;
    bool level_known = level == NULL || level[0] == '\0';
    logger.is_ready = true;
    logger.level = TERN_LOG_INFO;
    logger.second = -1;
    for (unsigned i = 0; i < sizeof levels / sizeof *levels && !level_known; i++)
        if (strcasecmp(level, levels[i].name) == 0) {
            logger.level = (tern_log_level)i;
            level_known = true;
        }
    logger.is_human = is_terminal;
    if (format != NULL && strcasecmp(format, "json") == 0)
        logger.is_human = false;
    else if (format != NULL && strcasecmp(format, "human") == 0)
        logger.is_human = true;
    else if (format != NULL && format[0] != '\0' && strcasecmp(format, "auto") != 0)
        tern_log(TERN_LOG_WARN, "TERN_LOG_FORMAT must be auto, human or json, not \"%s\"", format);
    logger.has_colours = is_terminal && (no_colour == NULL || no_colour[0] == '\0');
    if (!level_known)
        tern_log(TERN_LOG_WARN, "TERN_LOG_LEVEL must be debug, info, warn, error or silent, not \"%s\"",
                 level);
}

int tern_log_enabled(tern_log_level level)
{
    if (!logger.is_ready)
        read_settings();
    return level >= logger.level && level < TERN_LOG_SILENT;
}

void tern_log_set_level(tern_log_level level)
{
    if (!logger.is_ready)
        read_settings();
    logger.level = level;
}

bool log_is_human(void)
{
    if (!logger.is_ready)
        read_settings();
    return logger.is_human;
}

void log_set_human(bool is_human)
{
    if (!logger.is_ready)
        read_settings();
    logger.is_human = is_human;
    logger.second = -1; /* the time looks different */
}

/* Refreshes logger.time_text; people read their own time, machines UTC. */
static void update_time(const struct timespec *now)
{
    struct tm parts;
    if (now->tv_sec == logger.second)
        return;
    logger.second = now->tv_sec;
    size_t len = 0;
    if (logger.is_human && localtime_r(&logger.second, &parts) != NULL)
        len = strftime(logger.time_text, sizeof logger.time_text, "%H:%M:%S", &parts);
    else if (!logger.is_human && gmtime_r(&logger.second, &parts) != NULL)
        len = strftime(logger.time_text, sizeof logger.time_text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (len == 0)
        logger.time_text[0] = '\0';
}

/* Appends `text` escaped, as far as it fits below `end` bytes; false when it was cut. */
static bool add_escaped(buf *line, const char *text, size_t len, size_t end)
{
    for (size_t i = 0; i < len;) {
        char escaped[TEXT_JSON_BYTES];
        size_t escaped_len;
        size_t used = text_json_escape(text + i, len - i, escaped, &escaped_len);
        if (line->len + escaped_len > end)
            return false;
        buf_add(line, escaped, escaped_len);
        i += used;
    }
    return true;
}

/* Whether people can read the value without quotes around it. */
static bool is_plain_value(const char *text)
{
    return text[0] != '\0' && strpbrk(text, " \"\\=") == NULL;
}

/* Appends one field; false when it was cut or left out. */
static bool add_field(buf *line, const tern_log_field *field)
{
    size_t end = LINE_BYTES - END_BYTES;
    size_t name_len = strlen(field->name);
    if (line->len + name_len * TEXT_JSON_BYTES + LEAST_FIELD_BYTES > end)
        return false;
    bool is_quoted = field->text != NULL && (!logger.is_human || !is_plain_value(field->text));
    buf_add_text(line, logger.is_human ? "  " : ",\"");
    add_escaped(line, field->name, name_len, end);
    buf_add_text(line, logger.is_human ? "=" : "\":");
    if (field->text == NULL)
        return buf_add_printf(line, "%lld", (long long)field->number);
    if (is_quoted)
        buf_add_text(line, "\"");
    bool is_whole = add_escaped(line, field->text, strlen(field->text), end);
    if (is_quoted)
        buf_add_text(line, "\"");
    return is_whole;
}

/* The format for people keeps backslashes and quotes: only what could break a line is escaped. */
static bool add_human_message(buf *line, const char *message, size_t end)
{
    while (*message != '\0') {
        size_t plain = strcspn(message, "\"\\");
        if (!add_escaped(line, message, plain, end) || line->len + 1 > end)
            return false;
        message += plain;
        if (*message != '\0')
            buf_add(line, message++, 1);
    }
    return true;
}

static void add_head(buf *line, tern_log_level level)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    update_time(&now);
    if (!logger.is_human)
        buf_add_printf(line, "{\"time\":\"%s.%03dZ\",\"level\":\"%s\",\"message\":\"", logger.time_text,
                       (int)(now.tv_nsec / 1000000), levels[level].name);
    else if (logger.has_colours)
        buf_add_printf(line, "%s %s%s\033[0m ", logger.time_text, levels[level].colour, levels[level].label);
    else
        buf_add_printf(line, "%s %s ", logger.time_text, levels[level].label);
}

/** One call, as a rule, so that the lines of several processes do not mix. A pipe that is nearly full may
 * take a part: the rest follows, or the next line would begin in the middle of this one. A log that takes
 * nothing (a full disk, a reader that is gone) loses the line: serving goes on. */
static void write_line(const char *line, size_t len)
{
    while (len > 0) {
        ssize_t n = write(STDERR_FILENO, line, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        line += n;
        len -= (size_t)n;
    }
}

static void write_event(tern_log_level level, const char *message, bool is_whole,
                        const tern_log_field *fields, unsigned count)
{
    char storage[LINE_BYTES];
    buf line = {.data = storage, .cap = sizeof storage, .limit = sizeof storage - 1};
    int saved_errno = errno;
    add_head(&line, level);
    if (logger.is_human)
        is_whole = add_human_message(&line, message, MESSAGE_BYTES) && is_whole;
    else
        is_whole = add_escaped(&line, message, strlen(message), MESSAGE_BYTES) && is_whole;
    if (!logger.is_human)
        buf_add_printf(&line, "\",\"pid\":%d", (int)getpid());
    for (unsigned i = 0; i < count; i++)
        is_whole = add_field(&line, &fields[i]) && is_whole;
    if (!is_whole)
        buf_add_text(&line, logger.is_human ? "  (cut)" : ",\"cut\":true");
    buf_add_text(&line, logger.is_human ? "\n" : "}\n");
    write_line(line.data, line.len);
    errno = saved_errno;
}

void tern_log_event(tern_log_level level, const char *message, const tern_log_field *fields, unsigned count)
{
    if (tern_log_enabled(level))
        write_event(level, message, true, fields, count);
}

void tern_log(tern_log_level level, const char *format, ...)
{
    char message[MESSAGE_BYTES];
    if (!tern_log_enabled(level))
        return;
    va_list args;
    va_start(args, format);
    int needed = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (needed < 0) /* an argument that cannot be formatted: the format still says where */
        write_event(level, format, true, NULL, 0);
    else
        write_event(level, message, (size_t)needed < sizeof message, NULL, 0);
}
