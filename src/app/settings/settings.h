/**
 * What an operator can set: one table of flags, environment variables, defaults and bounds.
 *
 * A value comes from, weakest first: the default, the options of tern_app_new in `main`, the environment, the
 * command line. docs/settings.md lists every setting (a test checks this).
 */
#ifndef APP_SETTINGS_H
#define APP_SETTINGS_H

#include "acme/acme.h"
#include "base/buf.h"
#include "http/network.h"
#include "runtime/listen_address.h"

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
    SETTING_SWITCH, /* on or off; the flag alone is on, and its value needs a '=' */
    SETTING_LIST,   /* any number of items, divided by commas or spaces; a repeated flag adds to it */
} setting_kind;

/** Where a value comes from, weakest first. */
typedef enum setting_source { SET_BY_DEFAULT, SET_BY_PROGRAM, SET_BY_VARIABLE, SET_BY_FLAG } setting_source;

enum { PATHS_MAX = 64 }; /* of a path_list */

typedef enum settings_log_format { LOG_FORMAT_AUTO, LOG_FORMAT_HUMAN, LOG_FORMAT_JSON } settings_log_format;

/** What every list begins with. */
typedef struct setting_list {
    setting_source source;
    unsigned count;
} setting_list;

/** Where to listen. */
typedef struct listen_list {
    setting_list list;
    listen_address items[LISTENERS_MAX];
} listen_list;

/** Whose connections begin with a PROXY header. */
typedef struct network_list {
    setting_list list;
    http_network items[HTTP_NETWORKS_MAX];
} network_list;

/** Which fields of trusted proxies count. */
typedef struct forwarded_list {
    setting_list list;
    unsigned fields; /* FORWARDED_... */
} forwarded_list;

/** Paths of files or folders; each is a part of the text that it came from. */
typedef struct path_list {
    setting_list list;
    tern_str items[PATHS_MAX];
} path_list;

/** Certificates to obtain: the names of each, with commas between them, as a part of the text that they came
 * from. */
typedef struct names_list {
    setting_list list;
    tern_str items[ACME_CERTIFICATES];
} names_list;

/** What the process that looks after certificates is to do (acme/acme.h). */
typedef struct acme_settings {
    names_list certificates;                       /* empty: no ACME */
    const char *email, *directory, *eab, *ca_file; /* NULL: not given */
    unsigned challenge;                            /* an acme_challenge */
} acme_settings;

/** The values; texts are owned by the command line, the environment or the table. */
typedef struct settings {
    listen_list listen; /* complete: --host and --port are one listener in it, when they decide */
    const char *host;
    unsigned port;
    setting_source host_source;    /* of `host` or `port` */
    network_list proxies, trusted; /* of --proxy-protocol, of --trusted-proxies */
    forwarded_list forwarded;
    unsigned socket_mode;                    /* 0: not given */
    const char *socket_owner, *socket_group; /* NULL: not given */
    unsigned workers;
    unsigned backlog;
    uint64_t drain_ms;
    uint64_t watchdog_ms;
    uint64_t memory_limit_bytes;
    unsigned http2, h2c;  /* 1: HTTP/2 is spoken over TLS, in clear text */
    unsigned early_hints; /* an http_hints */
    const char *alt_svc;  /* NULL: none */
    path_list tls_certificates, tls_keys;
    unsigned tls_dev;            /* 1: on */
    const char *tls_client_ca;   /* NULL: not given */
    const char *tls_client_auth; /* the choice; NULL: not given */
    uint64_t tls_handshake_ms;
    unsigned tls_handshakes;
    unsigned redirect_https;  /* 1: on */
    unsigned https_port;      /* 0: that of the first https listener */
    const char *hsts;         /* NULL: not given */
    const char *state_folder; /* NULL: not given */
    acme_settings acme;
    unsigned log_level;               /* a tern_log_level */
    unsigned log_format;              /* a settings_log_format */
    tern_limits limits;               /* complete: no member is 0 for "default" */
    const char *database_url;         /* NULL: not given */
    const char *database_prepare;     /* the choice; NULL: not given */
    const char *redis_url;            /* NULL: not given */
    const char *mail_url, *mail_from; /* NULL: not given */
    const char *secret_keys_file;     /* NULL: not given */
    unsigned development;             /* 1: on */
    const char *command;              /* the name of a settings_command, or of one of the application's */
    char **arguments;                 /* the words after the latter */
    int argument_count;
    bool with_middleware; /* of the command "routes" */
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
    /* of a list: adds an item of `len` bytes; false with a reason in `problem`, which begins with the
     * place */
    bool (*add)(settings *out, const char *item, size_t len, buf *problem);
    const char *word;         /* of a list: the item's name in --help ("URL") */
    const char *dividers;     /* of a list: what is between items; NULL: commas or spaces */
    bool is_null_until_given; /* a text, or the text of a choice; its reader uses `standard` if not given */
    bool is_header_value;     /* a text that the value of a header can have */
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

/** Add a path to settings.tls_certificates and settings.tls_keys (paths.c). */
bool settings_add_certificate(settings *out, const char *text, size_t len, buf *problem);
bool settings_add_key(settings *out, const char *text, size_t len, buf *problem);

/** Add an item to settings.listen, proxies, trusted and forwarded (listen.c). */
bool settings_add_listener(settings *out, const char *text, size_t len, buf *problem);
bool settings_add_proxy(settings *out, const char *text, size_t len, buf *problem);
bool settings_add_trusted(settings *out, const char *text, size_t len, buf *problem);
bool settings_add_forwarded(settings *out, const char *text, size_t len, buf *problem);
/** Adds the names of a certificate to settings.acme (acme.c). */
bool settings_add_names(settings *out, const char *text, size_t len, buf *problem);
/** The settings of ACME as it wants them; `*out` refers to `s`. */
void settings_of_acme(const settings *s, acme_config *out);
/** Whether the settings of ACME fit together. False with one line in `problem`. */
bool settings_check_acme(settings *out, buf *problem);
/** Decides between --listen and the pair of --host and --port: the stronger source counts. False with one line
 * in `problem`. */
bool settings_choose_listeners(settings *out, buf *problem);

/** The page that --help prints. `program` is the name that the user types. */
void settings_print_help(const tern_app_options *options, const struct app_command *more, const char *program,
                         buf *out);

#endif
