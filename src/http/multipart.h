/**
 * multipart/form-data, piece by piece and strictly (RFC 7578, RFC 2046 section 5.1).
 *
 * The reader takes the body in pieces of any size and reports one event at a time. It copies only the headers
 * of a part, and looks at each byte a bounded number of times.
 *
 * It accepts what a receiver has to accept: text before the first boundary and after the last one, which it
 * ignores, blanks after a boundary, a part without content whose empty line is the line break of the next
 * boundary, no line break after the last boundary. `filename*` and `name*` (RFC 8187) are decoded and take
 * precedence over the plain ones: .NET sends both. It refuses what readers disagree about: a line that begins
 * with the boundary but does not end there, CR or LF alone around boundaries and in headers, folded headers,
 * a second disposition or name.
 */
#ifndef HTTP_MULTIPART_H
#define HTTP_MULTIPART_H

#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>

enum {
    MULTIPART_BOUNDARY_MAX = 70, /* RFC 2046 */
    MULTIPART_HEAD_BYTES = 4096, /* all headers of one part */
    MULTIPART_HEADERS_MAX = 16,
    MULTIPART_PARTS_MAX = 1000
};

typedef struct multipart_part {
    tern_str name;
    tern_str filename; /* as the client says it, "%22" and all; data NULL: a plain field */
    tern_str type;     /* Content-Type; data NULL without one */
} multipart_part;

typedef enum multipart_event {
    MULTIPART_MORE, /* the input is used up */
    MULTIPART_PART, /* a part begins: m->part, whose texts end in a NUL and are valid until the next part */
    MULTIPART_DATA, /* some of its content */
    MULTIPART_PART_END, /* it is whole */
    MULTIPART_ERROR     /* m->reason; the reader must not be used further */
} multipart_event;

typedef enum multipart_state {
    MULTIPART_IN_DATA, /* or in the text before the first boundary */
    MULTIPART_AFTER_BOUNDARY,
    MULTIPART_IN_PADDING,  /* blanks after a boundary */
    MULTIPART_IN_LINE_END, /* after its CR */
    MULTIPART_IN_DASHES,   /* after the first of the two dashes that make it the last one */
    MULTIPART_AFTER_LAST,  /* after both, and blanks */
    MULTIPART_IN_LAST_LINE_END,
    MULTIPART_IN_EPILOGUE,
    MULTIPART_IN_HEAD
} multipart_state;

typedef struct multipart {
    multipart_state state;
    bool is_part_open; /* its end must be reported when its boundary is complete */
    bool is_after_cr;  /* the ignored text before the first boundary ends in CR */
    unsigned parts;
    size_t matched;  /* bytes of the delimiter seen last */
    size_t borrowed; /* how many of these belong to what came before: not content */
    size_t delimiter_len;
    size_t head_len;
    const char *reason;
    multipart_part part;
    char delimiter[4 + MULTIPART_BOUNDARY_MAX];
    char head[MULTIPART_HEAD_BYTES];
} multipart;

/** Prepares to read parts separated by the boundary in a Content-Type value; NULL, or why it can't. */
const char *multipart_open(multipart *m, tern_str content_type);
/** The next event of `*input`, which is advanced; `*piece` is set with MULTIPART_DATA: never empty, and valid
 * until the next call. */
multipart_event multipart_next(multipart *m, tern_str *input, tern_str *piece);
/** At the end of the body: whether the closing boundary was there. */
bool multipart_is_whole(const multipart *m);

#endif
