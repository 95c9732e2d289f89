/** What a client would like to read: its Accept headers (RFC 9110 section 12.5). */
#ifndef TERN_ACCEPT_H
#define TERN_ACCEPT_H

#include <tern/context.h>
#include <tern/reply.h>

/**
 * The one of these media types that the client likes best: `tern_accepts(c, "text/html", "application/json")`; the
 * first of those that it likes equally, so name them in your own order. NULL: the client takes none of them.
 *
 * Without the header all are equal. A type may have parameters, and a range of the client with parameters other than
 * `q` and `charset` means only types that have the same: "text/html;level=1". A malformed range is passed over, and a malformed
 * weight is 0.
 *
 * A reply that depends on the result says so: `tern_vary(c, "Accept")`. tern_format does it by itself.
 */
#define tern_accepts(c, ...) tern_accepts_of(c, TERN_ACCEPT_TYPES, TERN_OFFERS_(__VA_ARGS__))
/** The same for Accept-Language: "de" of the client takes "de-AT" of yours, and "de-AT" takes "de" for want of
 * better. */
#define tern_accepts_language(c, ...) tern_accepts_of(c, TERN_ACCEPT_LANGUAGES, TERN_OFFERS_(__VA_ARGS__))
/** The same for Accept-Charset, which browsers no longer send. */
#define tern_accepts_charset(c, ...) tern_accepts_of(c, TERN_ACCEPT_CHARSETS, TERN_OFFERS_(__VA_ARGS__))
/** The same for Accept-Encoding: tern_accepts_encoding(c, "br", "gzip", "identity"). Without the header only
 * "identity" is taken; it is also taken, after all others, when the header does not name it. */
#define tern_accepts_encoding(c, ...) tern_accepts_of(c, TERN_ACCEPT_ENCODINGS, TERN_OFFERS_(__VA_ARGS__))

/** One form of a reply: its media type and the function that makes it. */
typedef struct tern_representation {
    const char *type;
    tern_reply (*make)(tern_ctx *c);
} tern_representation;

/**
 * One handler for several forms of a reply: the client's Accept chooses.
 *
 *     return tern_format(c, {"application/json", as_json}, {"text/html", as_page}, {"text/csv", as_table});
 *
 * Calls the function of the chosen form. The first is also for clients that state no preference. Adds `Vary: Accept`.
 * Fails with 406, and the types that there are, when the client takes none of them.
 */
#define tern_format(c, ...) tern_format_of(c, (const tern_representation[]){__VA_ARGS__, {NULL, NULL}})
tern_reply tern_format_of(tern_ctx *c, const tern_representation *forms) TERN_TO_RETURN_;

/* What the macros call. */
typedef enum tern_accept_kind {
    TERN_ACCEPT_TYPES,
    TERN_ACCEPT_LANGUAGES,
    TERN_ACCEPT_CHARSETS,
    TERN_ACCEPT_ENCODINGS
} tern_accept_kind;
const char *tern_accepts_of(tern_ctx *c, tern_accept_kind kind, const char *const *offers);
#define TERN_OFFERS_(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
