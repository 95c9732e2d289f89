/**
 * The heads of replies in HPACK (RFC 7541).
 *
 * What most replies of a connection have in common (Server, Date, the fields of every reply and a few content types) goes into the table that
 * the client keeps, and is one byte from then on. All else is a literal, so the state is a few numbers for each
 * connection, and no reply searches a table. Texts are not Huffman-coded: it saves a fifth of a few bytes.
 */
#ifndef HTTP_H2_ENCODER_H
#define HTTP_H2_ENCODER_H

#include "http/defaults.h"

#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    H2_TABLE_BYTES = 4096, /* of the client's table that are used, at most */
    ENCODER_TYPES = 3,
    ENCODER_TYPE_BYTES = 48
};

/** An entry of the client's table. */
typedef struct encoder_entry {
    uint32_t number; /* the how manieth that was added; 0: it was not */
    uint32_t before; /* the bytes of all that were added before it */
} encoder_entry;

typedef struct h2_encoder {
    uint32_t table_bytes; /* of the client's table in use */
    bool has_resized;     /* the next head announces table_bytes */
    uint8_t next_type;    /* which of `types` is replaced next */
    uint32_t added, added_bytes;
    unsigned second; /* of `date`: http_common_lines' count */
    encoder_entry server, date, defaults[HTTP_DEFAULTS_MAX];
    struct {
        encoder_entry entry;
        uint32_t len;
        char text[ENCODER_TYPE_BYTES];
    } types[ENCODER_TYPES];
} h2_encoder;

/** `e` is zeroed. */
void encoder_init(h2_encoder *e);
/** The client keeps a table of at most `bytes` (SETTINGS_HEADER_TABLE_SIZE). */
void encoder_resize(h2_encoder *e, uint32_t bytes);

/* Each writes at `at` and returns its end. */

/** Room for encoder_begin. */
enum { ENCODER_BEGIN_BYTES = 512 };
/** The status, Server and Date; `server_name` NULL: no Server. */
char *encoder_begin(h2_encoder *e, char *at, int status, const char *server_name);
/** What must be at the beginning of a head: a new size of the table. The others here that begin a head call it. */
char *encoder_announce(h2_encoder *e, char *at);
/** Only the status: of interim replies. */
char *encoder_status(h2_encoder *e, char *at, int status);
/** The fields of every reply but those in `replaced`, those for pages if `is_page`: needs d->bytes and 16 bytes for
 * each. */
char *encoder_defaults(h2_encoder *e, char *at, const http_defaults *d, unsigned replaced, bool is_page);
/** Needs `len` + 16 bytes. */
char *encoder_type(h2_encoder *e, char *at, const char *type, size_t len);
char *encoder_length(char *at, uint64_t length);
/** Any other field; needs both lengths + 16 bytes. The name is sent in lower case. */
char *encoder_field(char *at, tern_str name, tern_str value);

#endif
