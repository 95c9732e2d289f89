/** Messages as bytes: RFC 5322, RFC 2045 to 2047. */
#include "mail/message.h"

#include "base/mem.h"
#include "mail/body.h"
#include "mail/header.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

static arena memory = {.limit_bytes = 1 << 20};

static const mail_marks marks = {.seconds = 1796077989, .random = "00112233445566778899aabbccddeeff"};

static const tern_mail_options plain = {
    .from = "shop@example.org", .to = "ada@example.org", .subject = "S", .text = "t"};
static tern_mail_options o;

/* The plain message with changes: MESSAGE(o.to = NULL). */
#define MESSAGE(...) (o = plain, __VA_ARGS__ __VA_OPT__(, ) & o)

/** Checks all bytes of a message. */
static void check_message(const tern_mail_options *options, const char *want)
{
    mail_message message = {0};
    const char *problem = NULL;
    CHECK(mail_message_build(options, &marks, &memory, &message, &problem));
    CHECK_TEXT(problem, NULL);
    CHECK_TEXT(message.data, want);
    CHECK_INT(message.len, strlen(want));
    arena_free(&memory);
}

static void check_refused(const tern_mail_options *options, const char *want)
{
    mail_message message = {0};
    const char *problem = NULL;
    CHECK(!mail_message_build(options, &marks, &memory, &message, &problem));
    CHECK_TEXT(problem, want);
    arena_free(&memory);
}

#define DATE  "Date: Mon, 30 Nov 2026 22:33:09 +0000\r\n"
#define FROM  "From: shop@example.org\r\n"
#define TO    "To: ada@example.org\r\n"
#define ID    "Message-ID: <00112233445566778899aabbccddeeff@example.org>\r\n"
#define MIME  "MIME-Version: 1.0\r\n"
#define PLAIN "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
#define HTML  "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
#define MARK  "=_00112233445566778899aabbccddeeff"

TEST(a_text_is_a_message_of_one_part)
{
    check_message(MESSAGE(), DATE FROM TO "Subject: S\r\n" ID MIME PLAIN "t\r\n");
}

TEST(a_text_with_html_is_a_message_of_alternatives_the_text_first)
{
    check_message(MESSAGE(o.text = "Hi\n", o.html = "<p>Hi</p>\n"), DATE FROM TO
                  "Subject: S\r\n" ID MIME "Content-Type: multipart/alternative;\r\n boundary=\"" MARK
                  "\"\r\n\r\n--" MARK "\r\n" PLAIN "Hi\r\n\r\n--" MARK "\r\n" HTML "<p>Hi</p>\r\n\r\n--" MARK
                  "--\r\n");
}

TEST(html_alone_is_a_message_of_one_part)
{
    check_message(MESSAGE(o.text = NULL, o.html = "<p>Hi</p>"),
                  DATE FROM TO "Subject: S\r\n" ID MIME HTML "<p>Hi</p>\r\n");
}

TEST(blind_copies_are_in_the_envelope_alone)
{
    mail_message message = {0};
    const char *problem = NULL;
    CHECK(mail_message_build(MESSAGE(o.to = NULL, o.bcc = "a@b.example, c@d.example"), &marks, &memory,
                             &message, &problem));
    CHECK(strstr(message.data, "a@b.example") == NULL && strstr(message.data, "Bcc") == NULL);
    CHECK(strstr(message.data, "\r\nTo: undisclosed-recipients:;\r\n") != NULL);
    CHECK_INT(message.bcc.count, 2);
    CHECK_TEXT(message.bcc.items[1].email, "c@d.example");
    arena_free(&memory);
}

TEST(further_headers_follow_the_message_id)
{
    check_message(MESSAGE(o.reply_to = "help@example.org", o.cc = "b@example.org",
                          o.headers = TERN_HEADERS("Auto-Submitted: auto-generated", "X-N:1")),
                  DATE FROM TO "Cc: b@example.org\r\nReply-To: help@example.org\r\nSubject: S\r\n" ID
                               "Auto-Submitted: auto-generated\r\nX-N: 1\r\n" MIME PLAIN "t\r\n");
}

/* -- header fields -- */

static void check_subject(const char *value, const char *want)
{
    buf out = {0};
    mail_header_text(&out, "Subject", value);
    CHECK_TEXT(out.data, want);
    buf_free(&out);
}

TEST(a_long_subject_is_folded_at_blanks)
{
    check_subject(
        "The quick brown fox jumps over the lazy dog and the quick brown fox jumps over the lazy dog again",
        "Subject: The quick brown fox jumps over the lazy dog and the quick brown fox\r\n jumps over the lazy dog "
        "again\r\n");
}

TEST(a_subject_outside_ascii_is_encoded_words)
{
    check_subject("Größe", "Subject: =?utf-8?B?R3LDtsOfZQ==?=\r\n");
}

TEST(encoded_words_end_between_characters)
{
    check_subject("日本語のとても長い件名はいくつかの語に分かれます",
                  "Subject: =?utf-8?B?5pel5pys6Kqe44Gu44Go44Gm44KC6ZW344GE5Lu25ZCN44Gv44GE?=\r\n "
                  "=?utf-8?B?44GP44Gk44GL44Gu6Kqe44Gr5YiG44GL44KM44G+44GZ?=\r\n");
}

TEST(what_looks_like_an_encoded_word_is_encoded_itself)
{
    check_subject("=?utf-8?q?=0aBcc=3a?=", "Subject: =?utf-8?B?PT91dGYtOD9xPz0wYUJjYz0zYT89?=\r\n");
}

TEST(a_word_too_long_for_a_line_is_encoded)
{
    char word[900];
    buf out = {0};
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    mail_header_text(&out, "Subject", word);
    for (const char *line = out.data; *line != '\0'; line = strchr(line, '\n') + 1)
        CHECK(strchr(line, '\n') - line <= 79);
    buf_free(&out);
}

TEST(blanks_at_the_ends_and_double_blanks_survive)
{
    check_subject(" a  b ", "Subject: =?utf-8?B?IGEgIGIg?=\r\n");
}

static void check_names(const char *list, const char *want)
{
    buf out = {0};
    mail_addresses read;
    const char *problem = NULL;
    CHECK(mail_addresses_read(list, 10, &memory, &read, &problem));
    mail_header_addresses(&out, "To", &read);
    CHECK_TEXT(out.data, want);
    buf_free(&out);
    arena_free(&memory);
}

TEST(names_are_plain_quoted_or_encoded_as_they_need_it)
{
    check_names("Ada Lovelace <ada@example.org>", "To: Ada Lovelace <ada@example.org>\r\n");
    check_names("\"Lovelace, Ada\" <ada@example.org>", "To: \"Lovelace, Ada\" <ada@example.org>\r\n");
    check_names("\"a \\\"b\\\" \\\\\" <ada@example.org>", "To: \"a \\\"b\\\" \\\\\" <ada@example.org>\r\n");
    check_names("Jörg <j@example.org>", "To: =?utf-8?B?SsO2cmc=?= <j@example.org>\r\n");
    check_names("<j@example.org>", "To: j@example.org\r\n");
}

TEST(many_addresses_are_folded)
{
    check_names(
        "a1234567890@example.org,b1234567890@example.org , c1234567890@example.org,d@example.org",
        "To: a1234567890@example.org, b1234567890@example.org,\r\n c1234567890@example.org, d@example.org\r\n");
}

/* -- what is refused -- */

TEST(a_line_end_in_a_header_is_refused)
{
    static const char why[] = "it contains a control character, such as a line end";
    static const char *const values[] = {
        "a\r\nBcc: x@y.example", "a\nb", "a\rb", "a\tb", "a\x7f", "\x1b[0m", NULL};
    for (const char *const *value = values; *value != NULL; value++) {
        char want[200];
        snprintf(want, sizeof want, ".subject: %s", why);
        check_refused(MESSAGE(o.subject = *value), want);
        snprintf(want, sizeof want, ".to: %s", why);
        check_refused(MESSAGE(o.to = *value), want);
        snprintf(want, sizeof want, ".from: %s", why);
        check_refused(MESSAGE(o.from = *value), want);
        snprintf(want, sizeof want, ".reply_to: %s", why);
        check_refused(MESSAGE(o.reply_to = *value), want);
    }
    check_refused(
        MESSAGE(o.headers = TERN_HEADERS("X-A: b\nBcc: x@y.example")),
        ".headers: \"X-A: b\nBcc: x@y.example\": it contains a control character, such as a line end");
}

TEST(headers_of_the_message_itself_are_refused)
{
    check_refused(MESSAGE(o.headers = TERN_HEADERS("bcc: a@b.example")),
                  ".headers: \"bcc: a@b.example\": Tern writes this header itself");
    check_refused(MESSAGE(o.headers = TERN_HEADERS("Content-Type: x")),
                  ".headers: \"Content-Type: x\": Tern writes this header itself");
    check_refused(MESSAGE(o.headers = TERN_HEADERS("no colon")),
                  ".headers: \"no colon\": its name must be letters, digits and '-'");
    check_refused(MESSAGE(o.headers = TERN_HEADERS("colon")),
                  ".headers: \"colon\": it is not \"Name: value\"");
}

TEST(what_is_not_an_address_is_refused)
{
    static const char *const wrong[] = {"ada",
                                        "@example.org",
                                        "ada@",
                                        "a b@example.org",
                                        "ada@example..org",
                                        "ada@-a.org",
                                        ".a@example.org",
                                        "a.@example.org",
                                        "a..b@example.org",
                                        "\"a b\"@example.org",
                                        "a@b@example.org",
                                        "ada@exämple.org",
                                        "Ada <ada@example.org",
                                        "Ada ada@example.org>",
                                        "a@example.org b@example.org",
                                        "a@example.org,",
                                        ",a@example.org",
                                        "Group: a@example.org;",
                                        "\"Ada <ada@example.org>",
                                        "<a@example.org> b",
                                        "ada@[127.0.0.1]",
                                        "-oQ/tmp @x",
                                        "",
                                        NULL};
    for (const char *const *text = wrong; *text != NULL; text++) {
        mail_addresses out;
        const char *problem = NULL;
        if (mail_addresses_read(*text, 10, &memory, &out, &problem))
            check_fail(__FILE__, __LINE__, "accepted: %s", *text);
        CHECK(problem != NULL);
        arena_free(&memory);
    }
}

TEST(addresses_have_their_limits)
{
    char text[400];
    snprintf(text, sizeof text, "%064d@example.org", 1);
    CHECK(mail_email_valid(text, strlen(text)));
    snprintf(text, sizeof text, "%065d@example.org", 1);
    CHECK(!mail_email_valid(text, strlen(text)));
    snprintf(text, sizeof text, "a@%063d.org", 1);
    CHECK(mail_email_valid(text, strlen(text)));
    snprintf(text, sizeof text, "a@%064d.org", 1);
    CHECK(!mail_email_valid(text, strlen(text)));
    snprintf(text, sizeof text, "a@%063d.%063d.%063d.%060d", 1, 1, 1, 1);
    CHECK_INT(strlen(text), 254);
    CHECK(mail_email_valid(text, strlen(text)));
    CHECK(!mail_email_valid(strcat(text, "1"), 255));
}

TEST(more_than_500_recipients_are_refused)
{
    buf list = {0};
    for (int i = 0; i < 500; i++)
        buf_add_printf(&list, "%sa%d@example.org", i != 0 ? "," : "", i);
    mail_message message = {0};
    const char *problem = NULL;
    CHECK(mail_message_build(MESSAGE(o.to = list.data), &marks, &memory, &message, &problem));
    arena_free(&memory);
    check_refused(MESSAGE(o.to = list.data, o.bcc = "b@example.org"),
                  ".to: with .cc and .bcc there are more than 500 recipients");
    buf_add_text(&list, ",b@example.org");
    check_refused(MESSAGE(o.to = list.data), ".to: it has more than 500 addresses");
    buf_free(&list);
}

TEST(a_message_without_its_parts_names_what_is_missing)
{
    check_refused(MESSAGE(o.to = NULL), ".to: there is no recipient");
    check_refused(MESSAGE(o.from = NULL),
                  ".from: there is no sender; give it by --mail-from, TERN_MAIL_FROM or tern_mail_setup");
    check_refused(MESSAGE(o.subject = NULL), ".subject: there is none");
    check_refused(MESSAGE(o.text = NULL), ".text: there is neither .text nor .html");
    check_refused(MESSAGE(o.text = "\xff"), ".text: it is not UTF-8");
    check_refused(MESSAGE(o.html = "\xff"), ".html: it is not UTF-8");
    check_refused(MESSAGE(o.subject = "\xff"), ".subject: it is not UTF-8");
    check_refused(MESSAGE(o.from = "a@b.example, c@d.example"), ".from: it has more than 1 addresses");
}

/* -- bodies -- */

static void check_body(const char *text, const char *want)
{
    buf out = {0};
    mail_body_quoted(&out, text);
    CHECK_TEXT(out.data, want);
    buf_free(&out);
}

TEST(bodies_are_quoted_printable)
{
    check_body("a\nb\r\nc\rd", "a\r\nb\r\nc\r\nd\r\n");
    check_body("1=2", "1=3D2\r\n");
    check_body("é", "=C3=A9\r\n");
    check_body("end \nx\t", "end=20\r\nx=09\r\n");
    check_body(".\nFrom me\nx.From ", "=2E\r\n=46rom me\r\nx.From=20\r\n");
    check_body("\x01", "=01\r\n");
}

TEST(lines_of_a_body_have_76_characters_at_most)
{
    check_body("1234567890123456789012345678901234567890123456789012345678901234567890123456",
               "1234567890123456789012345678901234567890123456789012345678901234567890123456\r\n");
    check_body("12345678901234567890123456789012345678901234567890123456789012345678901234567",
               "123456789012345678901234567890123456789012345678901234567890123456789012345=\r\n67\r\n");
    check_body("1234567890123456789012345678901234567890123456789012345678901234567890123é",
               "1234567890123456789012345678901234567890123456789012345678901234567890123=\r\n=C3=A9\r\n");
    check_body("123456789012345678901234567890123456789012345678901234567890123456789012345.x",
               "123456789012345678901234567890123456789012345678901234567890123456789012345=\r\n=2Ex\r\n");
}

TEST(a_message_survives_every_failing_allocation)
{
    bool is_built = false;
    for (unsigned long at = 1; !is_built && at < 1000; at++) {
        mail_message message = {0};
        const char *problem = NULL;
        mem_fail_at(at, 0);
        bool ok = mail_message_build(MESSAGE(o.to = "Jörg <j@example.org>", o.html = "<p>"), &marks, &memory,
                                     &message, &problem);
        is_built = mem_tried() < at;
        mem_fail_at(0, 0);
        CHECK(ok || problem != NULL);
        arena_free(&memory);
    }
    CHECK(is_built);
}
