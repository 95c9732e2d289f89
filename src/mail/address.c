#include "mail/address.h"

#include "base/text.h"

#include <string.h>

static const char no_memory[] = "out of memory";

/** atext of RFC 5322 section 3.2.3. */
static bool is_atext(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
           (ch != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", ch) != NULL);
}

static bool is_label_byte(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '-';
}

static bool domain_valid(const char *text, size_t len)
{
    size_t label = 0;
    for (size_t i = 0; i < len; i++) {
        bool is_first = label == 0, is_last = i + 1 == len || text[i + 1] == '.';
        if (text[i] == '.') {
            if (label == 0)
                return false;
            label = 0;
            continue;
        }
        if (!is_label_byte(text[i]) || (text[i] == '-' && (is_first || is_last)) || ++label > 63)
            return false;
    }
    return label != 0;
}

bool mail_email_valid(const char *text, size_t len)
{
    const char *at = memchr(text, '@', len);
    if (at == NULL || at == text || len > MAIL_ADDRESS_BYTES || at - text > MAIL_LOCAL_BYTES)
        return false;
    for (const char *p = text; p < at; p++) {
        bool is_inner_dot = *p == '.' && p != text && p + 1 != at && p[1] != '.';
        if (!is_atext(*p) && !is_inner_dot)
            return false;
    }
    return domain_valid(at + 1, len - (size_t)(at + 1 - text));
}

/* -- reading -- */

typedef struct reader {
    const char *at;
    arena *memory;
    const char *problem;
} reader;

static bool refuse(reader *r, const char *problem)
{
    if (r->problem == NULL)
        r->problem = problem != NULL ? problem : no_memory;
    return false;
}

static void skip_blanks(reader *r)
{
    while (*r->at == ' ' || *r->at == '\t')
        r->at++;
}

/** A copy without the blanks at both ends. */
static const char *trimmed(reader *r, const char *text, size_t len)
{
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    const char *copy = arena_text(r->memory, text, len);
    if (copy == NULL)
        refuse(r, NULL);
    return copy;
}

/** The inside of "a \"quoted\" name"; r->at is after its first quote. */
static const char *read_quoted(reader *r)
{
    size_t room = strlen(r->at) + 1, len = 0;
    char *out = arena_alloc(r->memory, room);
    if (out == NULL) {
        refuse(r, NULL);
        return NULL;
    }
    while (*r->at != '\0' && *r->at != '"') {
        if (*r->at == '\\' && r->at[1] != '\0')
            r->at++;
        out[len++] = *r->at++;
    }
    out[len] = '\0';
    if (*r->at != '"') {
        refuse(r, "a quoted name does not end");
        return NULL;
    }
    r->at++;
    return out;
}

/** "email>" after the '<'. */
static bool read_angle(reader *r, mail_address *out)
{
    size_t len = strcspn(r->at, "<>,");
    if (r->at[len] != '>')
        return refuse(r, "a '<' has no '>'");
    out->email = trimmed(r, r->at, len);
    r->at += len + 1;
    return out->email != NULL;
}

static bool read_one(reader *r, mail_address *out)
{
    *out = (mail_address){0};
    skip_blanks(r);
    if (*r->at == '"') {
        r->at++;
        out->name = read_quoted(r);
        if (out->name == NULL)
            return false;
        skip_blanks(r);
        if (*r->at != '<')
            return refuse(r, "a name in quotes needs <an address> after it");
    }
    const char *begin = r->at;
    size_t len = strcspn(begin, "<>,\"");
    r->at += len;
    if (*r->at == '<') {
        if (out->name == NULL && len > 0)
            out->name = trimmed(r, begin, len);
        r->at++;
        if (!read_angle(r, out))
            return false;
    } else {
        out->email = trimmed(r, begin, len);
    }
    skip_blanks(r);
    if (*r->at != ',' && *r->at != '\0')
        return refuse(r, arena_printf(r->memory, "\"%.80s\" after an address", r->at));
    return r->problem == NULL;
}

static bool check(reader *r, const mail_address *address)
{
    size_t len = strlen(address->email);
    bool is_ascii = true;
    for (size_t i = 0; i < len; i++)
        is_ascii &= (unsigned char)address->email[i] < 0x80;
    if (!mail_email_valid(address->email, len))
        return refuse(r, arena_printf(r->memory, "\"%.120s\" is not an address like ada@example.org%s",
                                      address->email, is_ascii ? "" : " (its characters must be ASCII)"));
    if (address->name != NULL && strlen(address->name) > MAIL_NAME_BYTES)
        return refuse(r, "a name has more than 320 bytes");
    return true;
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    return false;
}

bool mail_addresses_read(const char *text, unsigned most, arena *a, mail_addresses *out, const char **problem)
{
    reader r = {.at = text, .memory = a};
    unsigned count = 1;
    *out = (mail_addresses){0};
    if (text == NULL)
        return true;
    *problem = has_control(text)                 ? "it contains a control character, such as a line end"
               : !utf8_valid(text, strlen(text)) ? "it is not UTF-8"
                                                 : NULL;
    for (const char *p = text; *p != '\0'; p++)
        count += *p == ',';
    mail_address *items = *problem == NULL ? arena_alloc(a, count * sizeof *items) : NULL;
    if (items == NULL) {
        if (*problem == NULL)
            *problem = no_memory;
        return false;
    }
    for (count = 0;; count++, r.at++) {
        if (count == most)
            refuse(&r, arena_printf(a, "it has more than %u addresses", most));
        if (r.problem != NULL || !read_one(&r, &items[count]) || !check(&r, &items[count]))
            break;
        if (*r.at == '\0')
            break;
    }
    *out = (mail_addresses){items, count + 1};
    *problem = r.problem;
    return r.problem == NULL;
}
