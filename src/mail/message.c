#include "mail/message.h"

#include "base/buf.h"
#include "base/random.h"
#include "base/text.h"
#include "mail/body.h"
#include "mail/header.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

const char mail_no_memory[] = "out of memory, or past the memory that one request may take";

bool mail_marks_make(mail_marks *marks)
{
    unsigned char bytes[16];
    marks->seconds = (int64_t)time(NULL);
    if (!random_bytes(bytes, sizeof bytes))
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(marks->random + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

/* -- checks -- */

static bool refuse(arena *a, const char *option, const char *why, const char **problem)
{
    const char *line = arena_printf(a, "%s: %s", option, why);
    *problem = line != NULL ? line : mail_no_memory;
    return false;
}

static bool read_list(const char *option, const char *text, unsigned most, arena *a, mail_addresses *out,
                      const char **problem)
{
    return mail_addresses_read(text, most, a, out, problem) || refuse(a, option, *problem, problem);
}

static bool read_addresses(const tern_mail_options *o, arena *a, mail_message *m, const char **problem)
{
    if (o->from == NULL)
        return refuse(a, ".from",
                      "there is no sender; give it by --mail-from, TERN_MAIL_FROM or tern_mail_setup",
                      problem);
    if (!read_list(".from", o->from, 1, a, &m->from, problem) ||
        !read_list(".to", o->to, MAIL_RECIPIENTS_MOST, a, &m->to, problem) ||
        !read_list(".cc", o->cc, MAIL_RECIPIENTS_MOST, a, &m->cc, problem) ||
        !read_list(".bcc", o->bcc, MAIL_RECIPIENTS_MOST, a, &m->bcc, problem) ||
        !read_list(".reply_to", o->reply_to, 1, a, &m->reply_to, problem))
        return false;
    unsigned count = m->to.count + m->cc.count + m->bcc.count;
    if (count == 0)
        return refuse(a, ".to", "there is no recipient", problem);
    return count <= MAIL_RECIPIENTS_MOST ||
           refuse(a, ".to", "with .cc and .bcc there are more than 500 recipients", problem);
}

/** Headers that the message has by itself, or that are not for a message that is sent. */
static bool is_taken(const char *line, size_t len)
{
    static const char *const taken[] = {"from",        "sender",       "to",   "cc",         "bcc",
                                        "reply-to",    "subject",      "date", "message-id", "received",
                                        "return-path", "mime-version", NULL};
    for (const char *const *name = taken; *name != NULL; name++)
        if (strlen(*name) == len && text_equal_nocase(line, *name, len))
            return true;
    return len >= 8 && text_equal_nocase(line, "content-", 8);
}

static bool check_header(const char *line, arena *a, const char **problem)
{
    size_t len = strcspn(line, ":");
    const char *why = mail_header_problem(line);
    for (size_t i = 0; i < len && why == NULL; i++)
        if (line[i] <= ' ' || line[i] >= 0x7f)
            why = "its name must be letters, digits and '-'";
    if (why == NULL && (len == 0 || len > 60 || line[len] != ':'))
        why = "it is not \"Name: value\"";
    if (why == NULL && is_taken(line, len))
        why = "Tern writes this header itself";
    if (why == NULL)
        return true;
    const char *text = arena_printf(a, ".headers: \"%.60s\": %s", line, why);
    *problem = text != NULL ? text : mail_no_memory;
    return false;
}

static bool check_texts(const tern_mail_options *o, arena *a, const char **problem)
{
    const char *why = o->subject != NULL ? mail_header_problem(o->subject) : "there is none";
    if (why != NULL)
        return refuse(a, ".subject", why, problem);
    if (o->text == NULL && o->html == NULL)
        return refuse(a, ".text", "there is neither .text nor .html", problem);
    if (o->text != NULL && !utf8_valid(o->text, strlen(o->text)))
        return refuse(a, ".text", "it is not UTF-8", problem);
    if (o->html != NULL && !utf8_valid(o->html, strlen(o->html)))
        return refuse(a, ".html", "it is not UTF-8", problem);
    for (const char *const *line = o->headers; line != NULL && *line != NULL; line++)
        if (!check_header(*line, a, problem))
            return false;
    return true;
}

/* -- writing -- */

static void add_date(buf *out, int64_t seconds)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t at = (time_t)seconds;
    struct tm t;
    gmtime_r(&at, &t); /* strftime would follow the locale */
    buf_add_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[t.tm_wday], t.tm_mday,
                   months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

static void add_extra(buf *out, const char *line)
{
    char name[64];
    size_t len = strcspn(line, ":");
    memcpy(name, line, len);
    name[len] = '\0';
    mail_header_text(out, name, line + len + 1 + strspn(line + len + 1, " "));
}

static void add_headers(buf *out, const tern_mail_options *o, const mail_message *m, const mail_marks *marks)
{
    add_date(out, marks->seconds);
    mail_header_addresses(out, "From", &m->from);
    if (m->to.count != 0)
        mail_header_addresses(out, "To", &m->to);
    if (m->cc.count != 0)
        mail_header_addresses(out, "Cc", &m->cc);
    if (m->to.count + m->cc.count == 0)
        buf_add_text(out, "To: undisclosed-recipients:;\r\n");
    if (m->reply_to.count != 0)
        mail_header_addresses(out, "Reply-To", &m->reply_to);
    mail_header_text(out, "Subject", o->subject);
    buf_add_printf(out, "Message-ID: <%s@%s>\r\n", marks->random, strchr(m->from.items[0].email, '@') + 1);
    for (const char *const *line = o->headers; line != NULL && *line != NULL; line++)
        add_extra(out, *line);
    buf_add_text(out, "MIME-Version: 1.0\r\n");
}

static void add_part(buf *out, const char *subtype, const char *text)
{
    buf_add_printf(
        out, "Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
        subtype);
    mail_body_quoted(out, text);
}

static void add_content(buf *out, const tern_mail_options *o, const mail_marks *marks)
{
    if (o->text == NULL || o->html == NULL) {
        add_part(out, o->text != NULL ? "plain" : "html", o->text != NULL ? o->text : o->html);
        return;
    }
    const char *mark = marks->random; /* "=_" is in no quoted-printable text */
    buf_add_printf(out, "Content-Type: multipart/alternative;\r\n boundary=\"=_%s\"\r\n\r\n--=_%s\r\n", mark,
                   mark);
    add_part(out, "plain", o->text);
    buf_add_printf(out, "\r\n--=_%s\r\n", mark); /* the first line end is the boundary's */
    add_part(out, "html", o->html);
    buf_add_printf(out, "\r\n--=_%s--\r\n", mark);
}

bool mail_message_build(const tern_mail_options *options, const mail_marks *marks, arena *a,
                        mail_message *out, const char **problem)
{
    buf data = {0};
    if (!read_addresses(options, a, out, problem) || !check_texts(options, a, problem))
        return false;
    add_headers(&data, options, out, marks);
    add_content(&data, options, marks);
    out->data = data.failed ? NULL : arena_text(a, data.data, data.len);
    out->len = data.len;
    buf_free(&data);
    if (out->data == NULL)
        *problem = mail_no_memory;
    return out->data != NULL;
}
