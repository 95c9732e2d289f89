/** Whether a password is little more than what is known of its user. */
#include "auth/password/rules.h"

#include <ctype.h>
#include <string.h>

enum { MOST_LETTERS = 64, LEAST_PART = 3, LEAST_REST = 5 };

/** The letters that have to change to make one text of the other, up to MOST_LETTERS (Levenshtein). */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t row[MOST_LETTERS + 1];
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            size_t removed = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replaced < removed ? replaced : removed;
        }
    }
    return row[b_len];
}

static void reverse(const char *text, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++)
        out[i] = text[len - 1 - i];
    out[len] = '\0';
}

/** `password` and `part` are folded. The part is in the password, which has little besides; or a quarter of its letters differ at most. */
static bool is_close(const char *password, size_t len, const char *part, size_t part_len)
{
    char backwards[MOST_LETTERS + 1];
    reverse(part, part_len, backwards);
    if (strstr(password, part) != NULL || strstr(password, backwards) != NULL)
        return len - part_len < LEAST_REST || part_len * 2 > len;
    while (len > 0 && isdigit((unsigned char)password[len - 1])) /* the others are letters by now */
        len--;
    return part_len * 2 > len && distance(password, len, part, part_len) * 4 <= len && len >= LEAST_PART;
}

static bool is_letter(char c)
{
    return isalnum((unsigned char)c) || (c & 0x80) != 0;
}

/** The letters and digits of a name, or of an address before its '@': "annlee" of "Ann Lee". */
static size_t join(const char *text, size_t len, char *out)
{
    size_t joined = 0;
    for (size_t i = 0; i < len && text[i] != '@'; i++)
        if (is_letter(text[i]))
            out[joined++] = text[i];
    return rules_fold(out, joined, out);
}

bool rules_is_similar(const char *password, const char *text)
{
    char folded[MOST_LETTERS + 1], whole[MOST_LETTERS + 1], part[MOST_LETTERS + 1];
    size_t len = strlen(password), text_len = strnlen(text, MOST_LETTERS);
    if (len > MOST_LETTERS || text_len < LEAST_PART)
        return false; /* so long a password is more than the text */
    rules_fold(password, len, folded);
    rules_fold(text, text_len, whole);
    if (is_close(folded, len, whole, text_len))
        return true;
    size_t joined = join(text, text_len, part);
    if (joined >= LEAST_PART && is_close(folded, len, part, joined))
        return true;
    for (size_t at = 0; at < text_len;) { /* "ann", "lee" and "example" of "ann.lee@example.org" */
        size_t part_len = 0;
        while (at + part_len < text_len && is_letter(text[at + part_len]))
            part_len++;
        if (part_len >= LEAST_PART) {
            rules_fold(text + at, part_len, part);
            if (is_close(folded, len, part, part_len))
                return true;
        }
        at += part_len + 1;
    }
    return false;
}
