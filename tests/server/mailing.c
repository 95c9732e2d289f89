/** Sends what it is asked to send, for test_mail.py; with --tap it runs its own tests, whose mail is kept in memory. */
#include <tern.h>
#include <tern/mail_test.h>
#include <tern/test.h>

#include <stdlib.h>
#include <string.h>

TERN_MODEL(Note,
    (const char *, to),
    (const char *, name, .optional = true),
    (const char *, from, .optional = true),
    (const char *, subject, .fallback = "S"),
    (const char *, text, .fallback = "t"),
    (const char *, html, .optional = true))

TERN_MODEL(Outcome, (int, fault), (const char *, message))

/** Without an error of its own: a failure is the reply. */
TERN_HANDLER(send_note, Note, in)
{
    tern_mail(c, .to = tern_mail_address(c, in->name, in->to), .from = in->from, .subject = in->subject,
              .text = in->text, .html = in->html);
    return tern_no_content(c);
}

TERN_HANDLER(try_note, Note, in)
{
    tern_mail_error error;
    bool is_sent = tern_mail(c, .to = in->to, .subject = in->subject, .text = in->text, .timeout_ms = 1000,
                             .error = &error);
    Outcome outcome = {.fault = (int)error.fault, .message = error.message};
    return tern_with_status(tern_json(c, Outcome, &outcome), is_sent ? 200 : 422);
}

static tern_app *make_app(void)
{
    tern_app *app = tern_app_new(.title = "Mailing");
    if (getenv("SETUP") == NULL || strcmp(getenv("SETUP"), "no") != 0)
        tern_mail_setup(app, .ca_file = getenv("CA_FILE"));
    tern_post(app, "/notes", send_note);
    tern_post(app, "/tries", try_note, .returns = TERN_TYPE(Outcome));
    return app;
}

TERN_TEST(mail_of_a_test_is_kept_in_memory)
{
    tern_check(tern_test_mails(t).count == 0);
    tern_check_status(
        tern_test_post(t, "/notes", .json = "{\"to\":\"ada@example.org\",\"name\":\"Ada, \\\"A\\\"\"}"), 204);
    tern_check_status(tern_test_post(t, "/notes", .json = "{\"to\":\"b@example.org\",\"html\":\"<p>\"}"),
                      204);
    tern_sent_mails mails = tern_test_mails(t);
    tern_check(mails.count == 2);
    tern_check_text(mails.items[0].to, "\"Ada, \\\"A\\\"\" <ada@example.org>");
    tern_check_text(mails.items[0].subject, "S");
    tern_check_text(mails.items[0].text, "t");
    tern_check(mails.items[0].html == NULL);
    tern_check_text(mails.items[1].html, "<p>");
    tern_check(strstr(mails.items[1].message, "\r\nTo: b@example.org\r\n") != NULL);
}

TERN_TEST(a_wrong_address_is_a_mistake_of_the_program_that_sends_nothing)
{
    tern_check_status(tern_test_post(t, "/notes", .json = "{\"to\":\"ada@example.org>, <b@example.org\"}"),
                      500);
    tern_check_status(
        tern_test_post(t, "/notes",
                       .json = "{\"to\":\"ada@example.org\",\"subject\":\"a\\r\\nBcc: b@example.org\"}"),
        500);
    tern_check(tern_test_mails(t).count == 0);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--tap") == 0)
        return tern_test_main(make_app, argc, argv);
    return tern_run(make_app(), argc, argv);
}
