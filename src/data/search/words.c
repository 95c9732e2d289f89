/* Converts any text of a user to a query that the engine accepts. */
#include "data/search/search.h"

#include <string.h>

/** Words that must be adjacent: within quotes, or typed without blanks between them ("don't", "foo-bar"). */
typedef struct word_group {
    const char *begin, *end;
    bool is_prefix;
} word_group;

typedef struct query_text {
    buf *out;
    data_dialect dialect;
    unsigned words;
    size_t used;      /* of SEARCH_QUERY_MOST_BYTES, counted the same way for both engines */
    bool is_full;     /* the rest of the text is ignored */
    bool is_hopeless; /* the text has a word that matches nothing */
} query_text;

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/** Non-ASCII bytes are left to the engine, which distinguishes letters from punctuation. */
static bool is_word_byte(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte >= 0x80 || (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

/** Reads the next group; returns where it ends, or NULL without one. */
static const char *next_group(const char *at, word_group *group)
{
    while (is_blank(*at))
        at++;
    if (*at == '\0')
        return NULL;
    if (*at == '"') {
        group->begin = ++at;
        at += strcspn(at, "\"");
        group->end = at;
        at += *at == '"';
        group->is_prefix = *at == '*';
        return at;
    }
    group->begin = at;
    while (*at != '\0' && *at != '"' && !is_blank(*at))
        at++;
    group->end = at;
    group->is_prefix = at[-1] == '*';
    return at;
}

/** Where the next word of a group begins, and its bytes in `*len`; NULL without one. */
static const char *next_word(const char *at, const char *end, size_t *len)
{
    while (at < end && !is_word_byte(*at))
        at++;
    for (*len = 0; at + *len < end && is_word_byte(at[*len]);)
        ++*len;
    return at < end ? at : NULL;
}

/** Whether there is room for a word: its bytes, a blank, quotes and a star. */
static bool take_room(query_text *q, size_t len)
{
    enum { AROUND = 4 };
    q->is_hopeless = len + AROUND > SEARCH_QUERY_MOST_BYTES;
    q->used += len + AROUND;
    q->is_full = q->is_hopeless || ++q->words > SEARCH_WORDS_MOST || q->used > SEARCH_QUERY_MOST_BYTES;
    return !q->is_full;
}

static void add_group(query_text *q, const word_group *group)
{
    const dialect_words *d = q->dialect->words;
    bool is_first = true;
    size_t len = 0;
    const char *word = group->begin;
    while ((word = next_word(word, group->end, &len)) != NULL && take_room(q, len)) {
        if (is_first && q->words > 1)
            buf_add_text(q->out, d->between);
        buf_add_text(q->out, is_first ? d->group.before : d->within);
        buf_add_text(q->out, d->word.before);
        buf_add(q->out, word, len);
        buf_add_text(q->out, d->word.after);
        word += len;
        is_first = false;
    }
    if (is_first)
        return;
    buf_add_text(q->out, d->group.after);
    if (group->is_prefix && !q->is_full) /* otherwise its last word is not the one with the star */
        buf_add_text(q->out, d->star);
}

bool search_add_query(buf *query, data_dialect dialect, const char *words)
{
    query_text q = {.out = query, .dialect = dialect};
    word_group group;
    while (words != NULL && !q.is_full && (words = next_group(words, &group)) != NULL)
        add_group(&q, &group);
    return q.words != 0 && !q.is_hopeless;
}
