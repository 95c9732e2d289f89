/**
 * The mail that an application under test has sent.
 *
 *     #include <tern/mail_test.h>
 *
 *     TERN_TEST(welcome)
 *     {
 *         tern_test_post(t, "/users", .json = "{\"email\":\"ada@example.org\"}");
 *         tern_sent_mails mails = tern_test_mails(t);
 *         tern_check(mails.count == 1);
 *         tern_check_text(mails.items[0].subject, "Welcome");
 *     }
 */
#ifndef TERN_MAIL_TEST_H
#define TERN_MAIL_TEST_H

#include <tern/mail.h>
#include <tern/test.h>

/** A message as the handler gave it; what it did not give is NULL. */
typedef struct tern_sent_mail {
    const char *from, *to, *cc, *bcc, *reply_to, *subject, *text, *html;
    const char *message; /* as it would be sent */
} tern_sent_mail;

typedef struct tern_sent_mails {
    const tern_sent_mail *items; /* in the order of sending */
    size_t count;
} tern_sent_mails;

/** All mail that this test has sent until now. */
tern_sent_mails tern_test_mails(tern_test *t);

#endif
