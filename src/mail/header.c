#include "mail/header.h"

#include "base/text.h"
#include "schema/scalar.h"

#include <string.h>

enum {
    LINE = 76,         /* characters of a line, where that is possible (RFC 2047 section 2) */
    LONG_WORD = 60,    /* plain words of more are encoded, which can be folded */
    ENCODED_BYTES = 39 /* of text in an encoded word: 52 characters of base64, 64 in all */
};

/** A field being written. Errors are buf's. */
typedef struct field {
    buf *out;
    size_t column;
    bool is_begun; /* a word is on this line after the name */
} field;

const char *mail_header_problem(const char *value)
{
    for (const char *p = value; *p != '\0'; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return "it contains a control character, such as a line end";
    return utf8_valid(value, strlen(value)) ? NULL : "it is not UTF-8";
}

static field begin(buf *out, const char *name)
{
    buf_add_text(out, name);
    buf_add_text(out, ":");
    return (field){.out = out, .column = strlen(name) + 1};
}

/** Appends a blank, or a line end and a blank, and the word. */
static void add_word(field *f, const char *word, size_t len)
{
    bool folds = f->is_begun && f->column + 1 + len > LINE;
    buf_add_text(f->out, folds ? "\r\n " : " ");
    buf_add(f->out, word, len);
    f->column = (folds ? 0 : f->column) + 1 + len;
    f->is_begun = true;
}

static void add_encoded(field *f, const char *text)
{
    char word[100];
    size_t left = strlen(text);
    while (left > 0) {
        size_t len = 0;
        for (size_t step; len < left && (step = utf8_sequence(text + len, left - len)) != 0 &&
                          len + step <= ENCODED_BYTES;)
            len += step;
        if (len == 0)
            return; /* not UTF-8: the caller has checked it */
        memcpy(word, "=?utf-8?B?", 10);
        size_t at = 10 + base64_print((const uint8_t *)text, len, word + 10);
        memcpy(word + at, "?=", 2);
        add_word(f, word, at + 2);
        text += len;
        left -= len;
    }
}

/** Whether text can stand as it is: printable ASCII in words, with nothing that looks like an encoded word. */
static bool is_plain(const char *text)
{
    size_t word = 0;
    for (const char *p = text; *p != '\0'; p++) {
        word = *p == ' ' ? 0 : word + 1;
        bool is_lonely_blank = *p != ' ' || (p != text && p[1] != ' ' && p[1] != '\0');
        if ((unsigned char)*p >= 0x7f || word > LONG_WORD || !is_lonely_blank)
            return false;
    }
    return strstr(text, "=?") == NULL;
}

static void add_words(field *f, const char *text)
{
    for (size_t len; *text != '\0'; text += len + (text[len] == ' ')) {
        len = strcspn(text, " ");
        add_word(f, text, len);
    }
}

static void add_text(field *f, const char *text)
{
    if (is_plain(text))
        add_words(f, text);
    else
        add_encoded(f, text);
}

void mail_header_text(buf *out, const char *name, const char *value)
{
    field f = begin(out, name);
    add_text(&f, value);
    buf_add_text(out, "\r\n");
}

/* -- names -- */

/** Whether a name needs no quotes: words of atext (RFC 5322 section 3.2.5). */
static bool is_phrase(const char *name)
{
    for (const char *p = name; *p != '\0'; p++)
        if (strchr("()<>[]:;@\\,.\"", *p) != NULL)
            return false;
    return true;
}

static void add_quoted(field *f, const char *name)
{
    char quoted[2 * LINE];
    size_t len = 0;
    quoted[len++] = '"';
    for (; *name != '\0'; name++) {
        if (*name == '"' || *name == '\\')
            quoted[len++] = '\\';
        quoted[len++] = *name;
    }
    quoted[len++] = '"';
    add_word(f, quoted, len);
}

static void add_name(field *f, const char *name)
{
    if (!is_plain(name) || strlen(name) > LONG_WORD)
        add_encoded(f, name);
    else if (is_phrase(name))
        add_words(f, name);
    else
        add_quoted(f, name);
}

void mail_header_addresses(buf *out, const char *name, const mail_addresses *list)
{
    field f = begin(out, name);
    for (unsigned i = 0; i < list->count; i++) {
        const mail_address *address = &list->items[i];
        bool has_name = address->name != NULL && *address->name != '\0';
        char word[MAIL_ADDRESS_BYTES + 4];
        size_t len = strlen(address->email), at = 0;
        if (has_name)
            add_name(&f, address->name);
        if (has_name)
            word[at++] = '<';
        memcpy(word + at, address->email, len);
        at += len;
        if (has_name)
            word[at++] = '>';
        if (i + 1 < list->count)
            word[at++] = ',';
        add_word(&f, word, at);
    }
    buf_add_text(out, "\r\n");
}
