/*
 * Multipart forms: a body cut anywhere gives the same parts as the whole, and nothing that was not in it.
 */
#include "http/multipart.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/** Everything that was reported, as one text. */
typedef struct story {
    char *data;
    size_t len, room;
    bool is_whole;
} story;

static void tell(story *s, const char *data, size_t len)
{
    require(len <= s->room - s->len);
    if (len != 0)
        memcpy(s->data + s->len, data, len);
    s->len += len;
}

static void tell_text(story *s, const char *mark, tern_str text)
{
    tell(s, mark, 1);
    tell(s, text.data, text.len);
    if (text.data == NULL)
        return;
    require(text.data[text.len] == '\0' && strlen(text.data) == text.len && utf8_valid(text.data, text.len));
}

static void read_body(const char *body, size_t len, size_t step, story *s)
{
    static multipart m;
    require(multipart_open(&m, TERN_STR("multipart/form-data; boundary=B")) == NULL);
    bool in_part = false;
    for (size_t at = 0; at < len; at += step) {
        size_t n = len - at < step ? len - at : step;
        tern_str given = {body + at, n}, piece;
        multipart_event event;
        while ((event = multipart_next(&m, &given, &piece)) != MULTIPART_MORE) {
            require(given.data + given.len == body + at + n);
            switch (event) {
            case MULTIPART_PART:
                require(!in_part);
                in_part = true;
                tell_text(s, "[", m.part.name);
                tell_text(s, "|", m.part.filename);
                tell_text(s, "|", m.part.type);
                tell(s, "=", 1);
                break;
            case MULTIPART_DATA:
                require(in_part && piece.len > 0);
                tell(s, piece.data, piece.len);
                break;
            case MULTIPART_PART_END:
                require(in_part);
                in_part = false;
                tell(s, "]", 1);
                break;
            default:
                tell(s, m.reason, strlen(m.reason));
                return;
            }
        }
        require(given.len == 0);
    }
    s->is_whole = multipart_is_whole(&m);
    require(!s->is_whole || !in_part);
}

static story read_in(const char *body, size_t len, size_t step)
{
    story s = {.room = 2 * len + 1024};
    s.data = malloc(s.room);
    require(s.data != NULL);
    read_body(body, len, step, &s);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    if (size == 0)
        return 0;
    size_t step = 1 + input[0] % 64;
    const char *body = (const char *)input + 1;
    size--;
    story whole = read_in(body, size, size + 1), cut = read_in(body, size, step);
    require(whole.is_whole == cut.is_whole && whole.len == cut.len);
    require(whole.len == 0 || memcmp(whole.data, cut.data, whole.len) == 0);
    free(whole.data);
    free(cut.data);
    return 0;
}
