/**
 * What an operator can set: one table of flags, environment variables, defaults and bounds.
 *
 * A value comes from, weakest first: the default, the options of tern_app_new in `main`, the environment, the
 * command line. docs/settings.md lists every setting (a test checks this).
 */
#ifndef APP_SETTINGS_H
#define APP_SETTINGS_H

#include "base/buf.h"

#include <tern/app.h>
#include <tern/log.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct app_command; /* command.h */

typedef enum setting_kind {
    SETTING_TEXT,   /* const char *, not empty */
    SETTING_PORT,   /* 0 to 65535 */
    SETTING_COUNT,  /* a decimal number */
    SETTING_BYTES,  /* "512", "16K", "1M", "2G": powers of 1024 */
    SETTING_TIME,   /* "500ms", "10s", "5m", "1h", or "10" seconds; kept in milliseconds */
    SETTING_MODE,   /* permission bits in octal: "660" */
    SETTING_CHOICE, /* one of some words, kept as its number */
} setting_kind;

typedef enum settings_log_format { LOG_FORMAT_AUTO, LOG_FORMAT_HUMAN, LOG_FORMAT_JSON } settings_log_format;

/** The values; texts are owned by the command line, the environment or the table. */
typedef struct settings {
    const char *host;
    unsigned port;
    unsigned socket_mode;                    /* 0: not given */
    const char *socket_owner, *socket_group; /* NULL: not given */
    unsigned workers;
    unsigned backlog;
    uint64_t drain_ms;
    uint64_t watchdog_ms;
    uint64_t memory_limit_bytes;
    unsigned h2c;                 /* whether HTTP/2 is spoken in clear text */
    unsigned log_level;           /* a tern_log_level */
    unsigned log_format;          /* a settings_log_format */
    tern_limits limits;           /* complete: no member is 0 for "default" */
    const char *database_url;     /* NULL: not given */
    const char *database_prepare; /* the choice; NULL: not given */
    const char *command;          /* the name of a settings_command, or of one of the application's */
    char **arguments;             /* the words after the latter */
    int argument_count;
} settings;

typedef struct setting {
    const char *heading;  /* of a group in --help that begins here; NULL inside a group */
    const char *flag;     /* "--port" */
    const char *variable; /* "TERN_PORT" */
    setting_kind kind;
    uint64_t min, max;           /* of numbers; sizes in bytes, times in milliseconds */
    const char *standard;        /* the default, as one would type it */
    unsigned (*automatic)(void); /* the value of the word "auto"; NULL: not allowed */
    const char *const *choices;  /* ended by NULL */
    bool is_null_until_given; /* a text, or the text of a choice; its reader uses `standard` if not given */
    const char *help;
    size_t offset, size; /* offset of the value in `settings` */
} setting;

extern const setting settings_table[];
extern const unsigned settings_count;

/** The commands of the command line. */
typedef struct settings_command {
    const char *name, *help;
} settings_command;

/** Ended by a NULL name. */
extern const settings_command settings_commands[];

/** Parses `text` for one setting into `*out`; false with the reason in `problem` ("\"x\" is not ..."). */
bool setting_parse(const setting *s, const char *text, settings *out, buf *problem);

/**
 * Reads everything from `options`, the environment and `argv` (argv[0] is skipped). `more` are the commands
 * of the application (command.h); after one of them, words that are not flags of the table are its arguments:
 * they are moved together in `argv`.
 *
 * @return false with one line in `problem`, without a line end: the place, the mistake and the fix. --help
 * and --version win over any mistake elsewhere.
 */
bool settings_read(settings *out, const tern_app_options *options, const struct app_command *more, int argc,
                   char **argv, buf *problem);

/** The page that --help prints. `program` is the name that the user types. */
void settings_print_help(const tern_app_options *options, const struct app_command *more, const char *program,
                         buf *out);

#endif
