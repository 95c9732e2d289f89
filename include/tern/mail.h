/**
 * Mail: one line in a handler, which waits while the worker serves others.
 *
 *     tern_mail(c, .to = user->email, .subject = "Your order",
 *               .text = tern_sprintf(c, "Hello %s, your order is on its way.\n", user->name));
 *
 * No error has to be handled there: when the mail server cannot be reached or refuses the message, the handler ends with
 * 502, 503 or 504, and the log says why. With `.error` the call returns false instead.
 *
 * The server is that of --mail-url or TERN_MAIL_URL: `smtp://user:password@host:587`, `smtps://user:password@host`, or
 * `file:folder`, which writes each message to a file of its own (docs/mail.md). In tests of the application messages are
 * kept in memory: tern_test_mails of <tern/mail_test.h>.
 *
 * Nothing that a client sent can add a header or a recipient: control characters in any header, and whatever is not an
 * address, are refused before anything is sent. Messages are as RFC 5322 and RFC 2045 to 2047 want them: text is UTF-8.
 */
#ifndef TERN_MAIL_H
#define TERN_MAIL_H

#include <tern/context.h>

#include <stdbool.h>

typedef struct tern_app tern_app; /* tern/app.h */

typedef enum tern_mail_fault {
    TERN_MAIL_OK,
    TERN_MAIL_WRONG,       /* the call, or the settings; a mistake of the program: 500 */
    TERN_MAIL_UNREACHABLE, /* no connection to the server, or no TLS: 503 */
    TERN_MAIL_REFUSED,     /* the server refuses the login, a recipient or the message: 502 */
    TERN_MAIL_TIMEOUT,     /* it did not take the message in time; it may have it: 504 */
    TERN_MAIL_BROKEN, /* the connection broke, or the folder cannot be written: 503. The server may have it */
    TERN_MAIL_NO_MEMORY /* 503 */
} tern_mail_fault;

/** Receives the outcome of a call that is given `.error = &error`. */
typedef struct tern_mail_error {
    tern_mail_fault fault;
    char message[300]; /* for the log: may contain addresses */
} tern_mail_error;

/** A message. Texts are UTF-8, and must last until the call returns. */
typedef struct tern_mail_options {
    /* Addresses with commas between them, each "ada@example.org" or "Ada Lovelace <ada@example.org>". One of .to, .cc
     * and .bcc is needed; at most 500 in all. A name that may contain anything is quoted by tern_mail_address. */
    const char *to, *cc, *bcc;
    const char *from;     /* default: that of --mail-from, TERN_MAIL_FROM or tern_mail_setup */
    const char *reply_to; /* NULL: the sender */
    const char *subject;
    const char *text; /* one of .text and .html is needed; of both the reader's program shows one */
    const char *html;
    const char *const *headers; /* further ones: TERN_HEADERS("Auto-Submitted: auto-generated") */
    unsigned timeout_ms;        /* of the whole call; default 30 s, or that of tern_mail_setup */
    tern_mail_error *error;
} tern_mail_options;

/** Sends a message, and waits until the server has taken it. True; without `.error` a failure ends the handler. */
#define tern_mail(c, ...) tern_mail_with(c, &(tern_mail_options){__VA_ARGS__})
bool tern_mail_with(tern_ctx *c, const tern_mail_options *options);

/** `"name" <email>` for .to and the like, in the request's memory: whatever `name` is, it stays a name. NULL or "": the
 * address alone. */
const char *tern_mail_address(tern_ctx *c, const char *name, const char *email);

typedef struct tern_mail_settings {
    const char *url;  /* --mail-url and TERN_MAIL_URL win over it */
    const char *from; /* --mail-from and TERN_MAIL_FROM win over it */
    unsigned timeout_ms;
    const char *ca_file; /* PEM; trusted instead of the system's authorities */
} tern_mail_settings;

/** Says in main that the application sends mail: what is wrong with the settings is then reported at start. Of two calls
 * the later one wins where it gives something. */
#define tern_mail_setup(app, ...) tern_mail_setup_with(app, &(tern_mail_settings){__VA_ARGS__})
void tern_mail_setup_with(tern_app *app, const tern_mail_settings *settings);

#endif
