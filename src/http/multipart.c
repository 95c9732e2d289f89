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

/** Any visible ASCII, and spaces but at the end: more than RFC 2046's bchars, since clients put "$" there. */
static bool is_boundary(tern_str text)
{
    if (text.len == 0 || text.len > MULTIPART_BOUNDARY_MAX || text.data[text.len - 1] == ' ')
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < ' ' || text.data[i] > '~')
            return false;
    return true;
}

/** After this the next bytes may be the rest of a delimiter whose line break has been read already: at the
 * start of the body, and after the empty line of a part's headers. */
static void borrow_line_break(multipart *m)
{
    m->state = MULTIPART_IN_DATA;
    m->matched = m->borrowed = sizeof "\r\n" - 1;
    m->is_after_cr = true;
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
    borrow_line_break(m);
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

/** The parameters of a Content-Disposition; data NULL for those it does not have. */
typedef struct disposition {
    tern_str name, filename, extended_name, extended_filename;
} disposition;

/** Where a parameter of that name is kept; NULL: it is of no interest. */
static tern_str *place_for(disposition *d, tern_str name)
{
    if (media_is(name, "name"))
        return &d->name;
    if (media_is(name, "filename"))
        return &d->filename;
    if (media_is(name, "name*"))
        return &d->extended_name;
    return media_is(name, "filename*") ? &d->extended_filename : NULL;
}

/** "filename*0", "name*1*": a value in pieces (RFC 2231). */
static bool is_in_pieces(tern_str name)
{
    const char *star = memchr(name.data, '*', name.len);
    tern_str base = {name.data, star != NULL ? (size_t)(star - name.data) : 0};
    return star != NULL && base.len + 1 < name.len && (media_is(base, "name") || media_is(base, "filename"));
}

/** `form-data; name="title"; filename="a.txt"`: NULL, or what is wrong. */
static const char *read_disposition(disposition *d, char *at, char *end)
{
    static const char form_data[] = "form-data";
    enum { FORM_DATA_LEN = sizeof form_data - 1 };
    tern_str name, value;
    media_result result;
    if (end - at < FORM_DATA_LEN || !text_equal_nocase(at, form_data, FORM_DATA_LEN))
        return "a part is not form-data";
    at += FORM_DATA_LEN;
    while ((result = media_next_param(&at, end, &name, &value)) == MEDIA_PARAM) {
        tern_str *place = place_for(d, name);
        if (is_in_pieces(name))
            return "a part has a name in pieces (filename*0)";
        if (place == NULL)
            continue;
        if (place->data != NULL)
            return "a part has two names";
        *place = value;
    }
    return result == MEDIA_BROKEN ? "a Content-Disposition is malformed" : NULL;
}

/** The decoded one if there is one. One that cannot be decoded is ignored beside a plain one. */
static bool choose(tern_str *chosen, tern_str plain, tern_str extended)
{
    *chosen = plain;
    if (extended.data == NULL || media_decode_extended(extended, chosen))
        return true;
    *chosen = plain;
    return plain.data != NULL;
}

static const char *take_disposition(multipart_part *part, char *at, char *end)
{
    disposition d = {0};
    if (part->name.data != NULL)
        return "a part has two Content-Disposition headers";
    const char *wrong = read_disposition(&d, at, end);
    if (wrong != NULL)
        return wrong;
    if (!choose(&part->name, d.name, d.extended_name) ||
        !choose(&part->filename, d.filename, d.extended_filename))
        return "a name* or filename* is not like UTF-8''a%20b.txt";
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
        return is_plain_encoding(text)
                   ? NULL
                   : "a part has a Content-Transfer-Encoding other than binary, 8bit and 7bit";
    if (!media_is(name, "Content-Type"))
        return NULL;
    if (part->type.data != NULL)
        return "a part has two Content-Type headers";
    if (text.len > CONTENT_TYPE_MAX || media_type(text).data == NULL || !utf8_valid(text.data, text.len))
        return "a part's Content-Type is malformed";
    part->type = text;
    return NULL;
}

/** Each text is in m->head and followed by a byte that is no longer needed. */
static void end_text(tern_str text)
{
    if (text.data != NULL)
        ((char *)(uintptr_t)text.data)[text.len] = '\0';
}

/** A boundary among the headers: taken for a header where it has a colon, it would swallow the next
 * part's. */
static bool is_boundary_line(const multipart *m, const char *at, const char *end)
{
    const char *dashes = m->delimiter + sizeof "\r\n" - 1;
    size_t len = m->delimiter_len - (sizeof "\r\n" - 1);
    return (size_t)(end - at) >= len && memcmp(at, dashes, len) == 0;
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
        if (is_boundary_line(m, at, line_end))
            return "the headers of a part have no empty line after them";
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
        m->head_len = 0;
        if (wrong != NULL)
            return refuse(m, wrong);
        if (++m->parts > MULTIPART_PARTS_MAX)
            return refuse(m, "there are too many parts");
        borrow_line_break(m);
        m->is_part_open = true;
        return MULTIPART_PART;
    }
    return MULTIPART_MORE;
}

/* -- the content -- */

/** Where a delimiter begins to be looked for: before the first part at its LF, since one after LF alone would
 * be the first to some readers and text to others. */
static size_t delimiter_start(const multipart *m)
{
    return m->parts == 0 ? 1 : 0;
}

/** Where the delimiter, or a possible beginning of it, starts; `len` without one. Its first byte occurs only
 * at its start, so that after a mismatch no byte has to be looked at again. */
static size_t find_delimiter(const multipart *m, const char *data, size_t len)
{
    const char *delimiter = m->delimiter + delimiter_start(m);
    size_t delimiter_len = m->delimiter_len - delimiter_start(m);
    for (size_t at = 0; at < len; at++) {
        const char *found = memchr(data + at, *delimiter, len - at);
        if (found == NULL)
            return len;
        at = (size_t)(found - data);
        size_t seen = len - at < delimiter_len ? len - at : delimiter_len;
        if (memcmp(found, delimiter, seen) == 0)
            return at;
    }
    return len;
}

/** Continues a delimiter that has begun. False when it turns out not to be one. */
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

/** Some of a part's content; text before the first boundary causes no event. */
static multipart_event tell_data(multipart *m, tern_str *piece, const char *data, size_t len)
{
    *piece = (tern_str){data, len};
    if (len > 0)
        m->is_after_cr = data[len - 1] == '\r';
    return len > 0 && m->is_part_open ? MULTIPART_DATA : MULTIPART_MORE;
}

static multipart_event read_data(multipart *m, tern_str *input, tern_str *piece)
{
    if (m->matched == 0) {
        const char *data = input->data;
        size_t n = find_delimiter(m, data, input->len);
        *input = (tern_str){data + n, input->len - n};
        if (input->len > 0)
            m->matched = m->borrowed = delimiter_start(m);
        if (n > 0)
            return tell_data(m, piece, data, n);
    }
    bool is_delimiter = match_on(m, input);
    size_t matched = m->matched, borrowed = m->borrowed;
    if (is_delimiter && matched < m->delimiter_len)
        return MULTIPART_MORE;
    m->matched = m->borrowed = 0;
    if (!is_delimiter) {
        m->is_after_cr = false; /* the bytes held back are not in the text */
        return tell_data(m, piece, m->delimiter + borrowed, matched - borrowed);
    }
    if (m->parts == 0 && !m->is_after_cr)
        return refuse(m, "a line feed alone before the first boundary");
    m->state = MULTIPART_AFTER_BOUNDARY; /* the part's end is reported once its line is complete */
    return MULTIPART_MORE;
}

/* -- around the parts -- */

/** Takes one byte of the line that a boundary begins; false when it is not allowed there. */
static bool take_line_byte(multipart *m, char byte)
{
    bool is_blank = byte == ' ' || byte == '\t', is_cr = byte == '\r';
    switch (m->state) {
    case MULTIPART_AFTER_BOUNDARY:
    case MULTIPART_IN_PADDING:
        if (byte == '-' && m->state == MULTIPART_AFTER_BOUNDARY) {
            m->state = MULTIPART_IN_DASHES;
            return true;
        }
        m->state = is_cr ? MULTIPART_IN_LINE_END : MULTIPART_IN_PADDING;
        return is_blank || is_cr;
    case MULTIPART_IN_LINE_END:
        m->state = MULTIPART_IN_HEAD;
        return byte == '\n';
    case MULTIPART_IN_DASHES:
        m->state = MULTIPART_AFTER_LAST;
        return byte == '-';
    case MULTIPART_AFTER_LAST:
        m->state = is_cr ? MULTIPART_IN_LAST_LINE_END : MULTIPART_AFTER_LAST;
        return is_blank || is_cr;
    default:
        m->state = MULTIPART_IN_EPILOGUE;
        return byte == '\n';
    }
}

/** Reads on the line of a boundary: CRLF before a part, "--" after the last one. */
static multipart_event read_line(multipart *m, tern_str *input)
{
    while (input->len > 0 && m->state < MULTIPART_IN_EPILOGUE) {
        bool is_last = m->state >= MULTIPART_AFTER_LAST;
        if (!take_line_byte(m, input->data[0]))
            return refuse(m, is_last ? "something follows the last boundary on its line"
                                     : "a line begins with the boundary but does not end there");
        *input = (tern_str){input->data + 1, input->len - 1};
        if (m->is_part_open && (m->state == MULTIPART_IN_HEAD || m->state == MULTIPART_AFTER_LAST)) {
            m->is_part_open = false;
            return MULTIPART_PART_END;
        }
    }
    return MULTIPART_MORE;
}

multipart_event multipart_next(multipart *m, tern_str *input, tern_str *piece)
{
    while (input->len > 0) {
        multipart_event event;
        if (m->state == MULTIPART_IN_DATA)
            event = read_data(m, input, piece);
        else if (m->state == MULTIPART_IN_HEAD)
            event = read_head(m, input);
        else if (m->state == MULTIPART_IN_EPILOGUE)
            break;
        else
            event = read_line(m, input);
        if (event != MULTIPART_MORE)
            return event;
    }
    *input = (tern_str){input->data + input->len, 0};
    return MULTIPART_MORE;
}

bool multipart_is_whole(const multipart *m)
{
    return m->state == MULTIPART_AFTER_LAST || m->state == MULTIPART_IN_EPILOGUE;
}
