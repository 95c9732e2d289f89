/** A message as bytes: RFC 5322 with the headers of RFC 2045, and the envelope that goes with it. */
#ifndef MAIL_MESSAGE_H
#define MAIL_MESSAGE_H

#include "base/arena.h"
#include "mail/address.h"

#include <tern/mail.h>

#include <stdint.h>

enum { MAIL_RECIPIENTS_MOST = 500 };

/** In the arena of its request. */
typedef struct mail_message {
    mail_addresses from, to, cc, bcc, reply_to; /* one in `from` */
    const char *data;                           /* the bytes, lines ending with CR LF */
    size_t len;
} mail_message;

/** What a message has of its own: given, so that tests know its bytes. */
typedef struct mail_marks {
    int64_t seconds; /* since 1970 */
    char random[33]; /* hexadecimal digits, for Message-ID and the boundary */
} mail_marks;

/** Fills the marks from the clock and the kernel; false without random bytes. */
bool mail_marks_make(mail_marks *marks);

/** Builds the message of `options` in `a`. False with `*problem`, in `a` or static, when something in them is wrong, or
 * (`*problem` is mail_no_memory) memory is short. */
bool mail_message_build(const tern_mail_options *options, const mail_marks *marks, arena *a,
                        mail_message *out, const char **problem);

extern const char mail_no_memory[];

#endif
