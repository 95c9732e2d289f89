/** Hot path for uploads: find_delimiter, which passes over content with memchr. */
#include "http/multipart.h"

#include "base/text.h"
#include "http/media.h"

#include <string.h>

enum { CONTENT_TYPE_MAX = 255, FILENAME_MAX_BYTES = 1024 };

static multipart_event refuse(multipart *m, const char *reason)
{
    m->reason = reason;
    return MULTIPART_ERROR;
}

/* -- the boundary -- */

/** RFC 2046's bchars, without the space that no client needs. */
static bool is_boundary(tern_str text)
{
    static const char others[] = "'()+_,-./:=?";
    if (text.len == 0 || text.len > MULTIPART_BOUNDARY_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char lower = text_lower((unsigned char)text.data[i]);
        bool is_plain = (lower >= '0' && lower <= '9') || (lower >= 'a' && lower <= 'z');
        if (!is_plain && (lower == '\0' || strchr(others, lower) == NULL))
            return false;
    }
    return true;
}

const char *multipart_open(multipart *m, tern_str content_type)
{
    char text[CONTENT_TYPE_MAX + 1];
    tern_str name, value, boundary = {NULL, 0}, type = media_type(content_type);
    if (type.data == NULL || content_type.len > CONTENT_TYPE_MAX)
        return "the Content-Type is too long or malformed";
    size_t rest = content_type.len - type.len;
    memcpy(text, type.data + type.len, rest);
    char *at = text;
    media_result result;
    while ((result = media_next_param(&at, text + rest, &name, &value)) == MEDIA_PARAM) {
        if (!media_is(name, "boundary"))
            continue;
        if (boundary.data != NULL)
            return "the Content-Type has two boundaries";
        boundary = value;
    }
    if (result == MEDIA_BROKEN)
        return "the Content-Type is malformed";
    if (boundary.data == NULL)
        return "the Content-Type has no boundary";
    if (!is_boundary(boundary))
        return "the boundary is not one of 1 to 70 permitted characters";
    /* Its head and its texts are set where they are used. */
    *m = (multipart){.delimiter_len = 4 + boundary.len};
    memcpy(m->delimiter, "\r\n--", 4);
    memcpy(m->delimiter + 4, boundary.data, boundary.len);
    return NULL;
}

/* -- the headers of a part -- */

/** Printable UTF-8: no control byte, no NUL. */
static bool is_clean_text(tern_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f)
            return false;
    return utf8_valid(text.data, text.len);
}

/** `form-data; name="title"; filename="a.txt"`: NULL, or what is wrong. */
static const char *take_disposition(multipart_part *part, char *at, char *end)
{
    static const char form_data[] = "form-data";
    enum { FORM_DATA_LEN = sizeof form_data - 1 };
    tern_str name, value;
    media_result result;
    if (part->name.data != NULL)
        return "a part has two Content-Disposition headers";
    if (end - at < FORM_DATA_LEN || !text_equal_nocase(at, form_data, FORM_DATA_LEN))
        return "a part is no form-data";
    at += FORM_DATA_LEN;
    while ((result = media_next_param(&at, end, &name, &value)) == MEDIA_PARAM) {
        bool is_name = media_is(name, "name"), is_filename = media_is(name, "filename");
        if (media_is(name, "filename*"))
            return "a part has filename*, which form-data does not allow";
        if (!is_name && !is_filename)
            continue;
        tern_str *taken = is_name ? &part->name : &part->filename;
        if (taken->data != NULL)
            return "a part has two names";
        *taken = value;
    }
    if (result == MEDIA_BROKEN)
        return "a Content-Disposition is malformed";
    if (part->name.data == NULL)
        return "a part has no name";
    if (part->filename.len > FILENAME_MAX_BYTES)
        return "a file name is too long";
    if (!is_clean_text(part->name) || !is_clean_text(part->filename))
        return "a name is not UTF-8, or has control characters";
    return NULL;
}

static bool is_plain_encoding(tern_str value)
{
    return media_is(value, "binary") || media_is(value, "8bit") || media_is(value, "7bit");
}

/** One header line, `at` to `end` without its CRLF: NULL, or what is wrong. */
static const char *take_header(multipart_part *part, char *at, char *end)
{
    char *colon = memchr(at, ':', (size_t)(end - at));
    for (const char *p = at; p < end; p++)
        if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f)
            return "a part's header has control characters";
    if (colon == NULL || colon == at)
        return "a part's header is malformed";
    for (const char *p = at; p < colon; p++)
        if (*p == ' ' || *p == '\t')
            return "a part's header is malformed";
    tern_str name = {at, (size_t)(colon - at)};
    char *value = colon + 1;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    tern_str text = {value, (size_t)(end - value)};
    if (media_is(name, "Content-Disposition"))
        return take_disposition(part, value, end);
    if (media_is(name, "Content-Transfer-Encoding"))
        return is_plain_encoding(text) ? NULL : "a part has a Content-Transfer-Encoding";
    if (!media_is(name, "Content-Type"))
        return NULL;
    if (part->type.data != NULL)
        return "a part has two Content-Type headers";
    if (text.len > CONTENT_TYPE_MAX || media_type(text).data == NULL || !utf8_valid(text.data, text.len))
        return "a part's Content-Type is malformed";
    part->type = text;
    return NULL;
}

/** Each text lies in m->head with a byte behind it that is not needed any more. */
static void end_text(tern_str text)
{
    if (text.data != NULL)
        ((char *)(uintptr_t)text.data)[text.len] = '\0';
}

static const char *take_headers(multipart *m)
{
    unsigned count = 0;
    m->part = (multipart_part){0};
    char *end = m->head + m->head_len - 2; /* before the empty line */
    for (char *at = m->head; at < end;) {
        char *line_end = memchr(at, '\n', (size_t)(end - at));
        if (line_end == NULL || line_end == at || line_end[-1] != '\r')
            return "a line of a part's headers does not end in CRLF";
        if (++count > MULTIPART_HEADERS_MAX)
            return "a part has too many headers";
        const char *wrong = take_header(&m->part, at, line_end - 1);
        if (wrong != NULL)
            return wrong;
        at = line_end + 1;
    }
    if (m->part.name.data == NULL)
        return "a part has no Content-Disposition";
    end_text(m->part.name);
    end_text(m->part.filename);
    end_text(m->part.type);
    return NULL;
}

/** Gathers header lines up to the empty one. */
static multipart_event read_head(multipart *m, tern_str *input)
{
    while (input->len > 0) {
        const char *newline = memchr(input->data, '\n', input->len);
        size_t n = newline != NULL ? (size_t)(newline - input->data) + 1 : input->len;
        if (n > MULTIPART_HEAD_BYTES - m->head_len)
            return refuse(m, "the headers of a part are too long");
        memcpy(m->head + m->head_len, input->data, n);
        m->head_len += n;
        *input = (tern_str){input->data + n, input->len - n};
        size_t len = m->head_len;
        bool is_empty_line =
            newline != NULL && len >= 2 && m->head[len - 2] == '\r' && (len == 2 || m->head[len - 3] == '\n');
        if (!is_empty_line)
            continue;
        const char *wrong = take_headers(m);
        if (wrong != NULL)
            return refuse(m, wrong);
        if (++m->parts > MULTIPART_PARTS_MAX)
            return refuse(m, "there are too many parts");
        m->state = MULTIPART_IN_DATA;
        m->is_part_open = true;
        return MULTIPART_PART;
    }
    return MULTIPART_MORE;
}

/* -- the content -- */

/** Where the delimiter, or what may become it, begins: `len` when nowhere. CR stands only at its beginning,
 * so that after a mismatch nothing has to be looked at again. */
static size_t find_delimiter(const multipart *m, const char *data, size_t len)
{
    for (size_t at = 0; at < len; at++) {
        const char *cr = memchr(data + at, '\r', len - at);
        if (cr == NULL)
            return len;
        at = (size_t)(cr - data);
        size_t seen = len - at < m->delimiter_len ? len - at : m->delimiter_len;
        if (memcmp(cr, m->delimiter, seen) == 0)
            return at;
    }
    return len;
}

/** Goes on with a delimiter that has begun. False when it is none after all. */
static bool match_on(multipart *m, tern_str *input)
{
    size_t n = m->delimiter_len - m->matched;
    if (n > input->len)
        n = input->len;
    for (size_t i = 0; i < n; i++)
        if (input->data[i] != m->delimiter[m->matched + i]) {
            m->matched += i; /* these bytes are content */
            *input = (tern_str){input->data + i, input->len - i};
            return false;
        }
    m->matched += n;
    *input = (tern_str){input->data + n, input->len - n};
    return true;
}

static void behind_boundary(multipart *m)
{
    m->matched = 0;
    m->line_end_len = 0;
    m->state = MULTIPART_IN_LINE_END;
}

static multipart_event read_data(multipart *m, tern_str *input, tern_str *piece)
{
    if (input->len == 0)
        return MULTIPART_MORE;
    if (m->matched == 0) {
        size_t n = find_delimiter(m, input->data, input->len);
        *piece = (tern_str){input->data, n};
        *input = (tern_str){input->data + n, input->len - n};
        if (n > 0)
            return MULTIPART_DATA;
    }
    if (!match_on(m, input)) {
        *piece = (tern_str){m->delimiter, m->matched};
        m->matched = 0;
        return MULTIPART_DATA;
    }
    if (m->matched < m->delimiter_len)
        return MULTIPART_MORE;
    behind_boundary(m);
    return MULTIPART_MORE; /* its end is told once what follows shows that it was one */
}

/* -- around the parts -- */

/** CRLF before a part, "--" after the last. */
static multipart_event read_line_end(multipart *m, tern_str *input)
{
    while (input->len > 0 && m->line_end_len < 2) {
        char byte = input->data[0];
        bool is_right =
            m->line_end_len == 0 ? byte == '\r' || byte == '-' : byte == (m->line_end == '\r' ? '\n' : '-');
        if (!is_right)
            return refuse(m, "a line begins with the boundary but is none");
        if (m->line_end_len++ == 0)
            m->line_end = byte;
        *input = (tern_str){input->data + 1, input->len - 1};
    }
    if (m->line_end_len < 2)
        return MULTIPART_MORE;
    m->head_len = 0;
    m->state = m->line_end == '-' ? MULTIPART_IN_EPILOGUE : MULTIPART_IN_HEAD;
    if (!m->is_part_open)
        return MULTIPART_MORE;
    m->is_part_open = false;
    return MULTIPART_PART_END;
}

/** The first boundary stands at the very beginning, as if behind a line end, or behind one that is there. */
static multipart_event read_start(multipart *m, tern_str *input)
{
    if (input->len == 0)
        return MULTIPART_MORE;
    if (m->state == MULTIPART_IN_START) {
        m->matched = input->data[0] == '\r' ? 0 : 2;
        m->state = MULTIPART_IN_BOUNDARY;
    }
    if (!match_on(m, input))
        return refuse(m, "the body does not begin with the boundary");
    if (m->matched == m->delimiter_len)
        behind_boundary(m);
    return MULTIPART_MORE;
}

static multipart_event read_epilogue(multipart *m, tern_str *input)
{
    static const char line_end[] = {'\r', '\n'};
    for (; input->len > 0; m->epilogue_len++) {
        if (m->epilogue_len == sizeof line_end || input->data[0] != line_end[m->epilogue_len])
            return refuse(m, "something follows the last boundary");
        *input = (tern_str){input->data + 1, input->len - 1};
    }
    return MULTIPART_MORE;
}

multipart_event multipart_next(multipart *m, tern_str *input, tern_str *piece)
{
    for (;;) {
        multipart_event event = MULTIPART_MORE;
        multipart_state before = m->state;
        switch (m->state) {
        case MULTIPART_IN_START:
        case MULTIPART_IN_BOUNDARY:
            event = read_start(m, input);
            break;
        case MULTIPART_IN_LINE_END:
            event = read_line_end(m, input);
            break;
        case MULTIPART_IN_HEAD:
            event = read_head(m, input);
            break;
        case MULTIPART_IN_DATA:
            event = read_data(m, input, piece);
            break;
        case MULTIPART_IN_EPILOGUE:
            event = read_epilogue(m, input);
            break;
        }
        if (event != MULTIPART_MORE || (input->len == 0 && m->state == before))
            return event;
    }
}

bool multipart_is_whole(const multipart *m)
{
    return m->state == MULTIPART_IN_EPILOGUE && m->epilogue_len != 1;
}
