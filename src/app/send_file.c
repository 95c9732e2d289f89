/**
 * Replies that are files: whole, a part, several parts, or not at all because the client has the file.
 *
 * The file is opened once; the entity tag, the length and the bytes are those of this open file, also when
 * its name gets another one meanwhile.
 */
#include "app/send_file.h"
#include "app/conditions.h"
#include "app/ctx.h"
#include "app/open_file.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/siphash.h"
#include "http/date.h"
#include "http/range.h"

#include <tern/log.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* -- opening -- */

int ctx_file_status(int error)
{
    static const struct {
        int error, status;
    } known[] = {
        {0, 404}, /* it exists, but is not a regular file */
        {ENOENT, 404}, {ENOTDIR, 404}, {EACCES, 404}, {ELOOP, 404},  {ENAMETOOLONG, 404},
        {ENXIO, 404},  {EPERM, 404},   {EXDEV, 404},  {EISDIR, 404}, {EMFILE, 503},
        {ENFILE, 503}, {ENOMEM, 503},  {EAGAIN, 503},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].error == error)
            return known[i].status;
    return 500; /* EIO and others: the file may exist, so clients must not cache that it does not */
}

int file_open(tern_ctx *c, const char *path, struct stat *facts, int *status)
{
    int fd;
    do
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    while (fd < 0 && errno == EINTR); /* some network file systems block, and are interrupted */
    if (fd >= 0 && fstat(fd, facts) == 0) {
        if (S_ISREG(facts->st_mode))
            return fd;
        errno = 0;
    }
    int error = errno;
    if (fd >= 0)
        close(fd);
    *status = ctx_file_status(error);
    if (*status != 404 || error == EACCES) {
        char label[160];
        tern_log(TERN_LOG_WARN, "%s: cannot open %s: %s", ctx_route_label(c, label, sizeof label), path,
                 strerror(error));
    }
    return -1;
}

/* -- the headers that name this version of the file. Each is left out when out of memory: a client without it
 * only downloads more. -- */

static void put_field(tern_ctx *c, const char *name, const char *value)
{
    if (value != NULL)
        http_field_put(c->x, name, value, true);
}

/** Never later than now: a wrong clock must not keep a file new for years (RFC 9110 section 8.8.2.1). */
static void put_last_modified(tern_ctx *c, int64_t at)
{
    char date[HTTP_DATE_LEN];
    const int64_t now = clock_wall_s();
    if (http_field_get(c->x, "Last-Modified") != NULL)
        return;
    http_date_write(date, at < now ? at : now);
    put_field(c, "Last-Modified", arena_text(ctx_arena(c), date, sizeof date));
}

/**
 * A file that is replaced, written to or cut has another number, time or size. The numbers are hashed,
 * because that of the file is not a client's business (CVE-2003-1418). A second change within the file
 * system's clock tick leaves the same time, so the tag of a fresh file is weak: it may save a download, but
 * never joins parts of two versions.
 */
void file_tag_write(char out[FILE_TAG_BYTES], const struct stat *facts)
{
    static const siphash_key key = {
        {0x7465726e2066696c, 0x652074616720763a}}; /* not a secret: the same in all workers */
    const int64_t numbers[] = {(int64_t)facts->st_ino, (int64_t)facts->st_size,
                               (int64_t)facts->st_mtim.tv_sec, (int64_t)facts->st_mtim.tv_nsec};
    const uint64_t hash = siphash_2_4(&key, numbers, sizeof numbers);
    const bool is_fresh = clock_wall_s() - facts->st_mtim.tv_sec < CONDITIONS_FRESH_S;
    char *at = is_fresh ? stpcpy(out, "W/\"") : stpcpy(out, "\"");
    for (int shift = 60; shift >= 0; shift -= 4)
        *at++ = "0123456789abcdef"[hash >> shift & 15];
    memcpy(at, "\"", 2);
}

static void put_tag(tern_ctx *c, const struct stat *facts)
{
    char tag[FILE_TAG_BYTES];
    if (http_field_get(c->x, "ETag") != NULL)
        return;
    file_tag_write(tag, facts);
    put_field(c, "ETag", arena_text(ctx_arena(c), tag, strlen(tag)));
}

bool file_is_conditional(const tern_ctx *c, const tern_reply *reply)
{
    const http_method method = c->x->request->method;
    return reply->status == 200 && (method == HTTP_GET || method == HTTP_HEAD);
}

void file_put_version(tern_ctx *c, const tern_reply *reply, const struct stat *facts)
{
    put_last_modified(c, facts->st_mtim.tv_sec);
    if (file_is_conditional(c, reply))
        put_tag(c, facts);
}

/* -- parts -- */

/** What the request asks for; a part of the file needs a GET, one Range header and an If-Range that holds. */
static http_range_answer read_ranges(tern_ctx *c, uint64_t size, http_ranges *ranges)
{
    if (c->x->request->method != HTTP_GET)
        return HTTP_RANGE_WHOLE;
    const char *value = tern_header(c, "Range");
    if (value == NULL || tern_header_nth(c, "Range", 1) != NULL || !conditions_allow_range(c))
        return HTTP_RANGE_WHOLE;
    return http_ranges_read((tern_str){value, strlen(value)}, size, ranges);
}

static void send_unsatisfied(tern_ctx *c, uint64_t size)
{
    char value[HTTP_CONTENT_RANGE_BYTES];
    const size_t len = http_content_range_unsatisfied(value, size);
    put_field(c, "Content-Range", arena_text(ctx_arena(c), value, len));
    ctx_send_problem(c, 416);
}

/** A file on its way out. */
typedef struct outgoing {
    const char *bytes; /* in memory; NULL: they are those of `fd` */
    int fd;
    uint64_t size;
    const char *type; /* NULL: the header Content-Type has it */
} outgoing;

/** Sends some of the file with this status. */
static void send_bytes(tern_ctx *c, const outgoing *file, int status, uint64_t first, uint64_t length)
{
    if (file->bytes != NULL)
        http_reply(c->x, status, file->type, file->bytes + first, (size_t)length);
    else
        http_reply_file(c->x, status, file->type, file->fd, first, length);
}

/** Sends one part; false, with nothing sent, when out of memory. */
static bool send_part(tern_ctx *c, const outgoing *file, const http_range *part)
{
    char text[HTTP_CONTENT_RANGE_BYTES];
    const size_t len = http_content_range(text, part, file->size);
    const char *value = arena_text(ctx_arena(c), text, len);
    if (value == NULL || !http_field_put(c->x, "Content-Range", value, true))
        return false;
    send_bytes(c, file, 206, part->first, part->length);
    return true;
}

enum { BOUNDARY_WORDS = 2 };

/** Sends several parts as multipart/byteranges (section 14.6); false, with nothing sent, when out of
 * memory: the file is sent whole, which a server always may. */
static bool send_parts(tern_ctx *c, const outgoing *file, const http_ranges *ranges)
{
    arena *a = ctx_arena(c);
    http_file_part parts[HTTP_RANGES_MAX];
    uint64_t words[BOUNDARY_WORDS]; /* nobody who can write to the file may know them in advance */
    const http_field *header = http_field_get(c->x, "Content-Type");
    const char *type = file->type != NULL ? file->type : header != NULL ? header->value : NULL;
    if (type == NULL || !http_field_is_valid("Content-Type", 12, type, strlen(type)) ||
        !random_bytes(words, sizeof words))
        return false;
    const char *boundary = arena_printf(a, "%016" PRIx64 "%016" PRIx64, words[0], words[1]);
    if (boundary == NULL)
        return false;
    for (unsigned i = 0; i < ranges->count; i++) {
        char range[HTTP_CONTENT_RANGE_BYTES];
        http_content_range(range, &ranges->list[i], file->size);
        const char *head = arena_printf(a, "%s--%s\r\nContent-Type: %s\r\nContent-Range: %s\r\n\r\n",
                                        i == 0 ? "" : "\r\n", boundary, type, range);
        if (head == NULL)
            return false;
        parts[i] = (http_file_part){{head, strlen(head)}, ranges->list[i].first, ranges->list[i].length};
    }
    const char *end = arena_printf(a, "\r\n--%s--\r\n", boundary);
    const char *whole_type = arena_printf(a, "multipart/byteranges; boundary=%s", boundary);
    if (end == NULL || whole_type == NULL)
        return false;
    http_field_remove(c->x, "Content-Type");
    http_field_remove(c->x, "Content-Range");
    http_reply_file_parts(c->x, 206, whole_type, (http_file){file->fd, file->bytes}, parts, ranges->count,
                          (tern_str){end, strlen(end)});
    return true;
}

/* -- the reply -- */

/** Sends the file as the request's conditions and ranges want it. */
static void send_asked(tern_ctx *c, const outgoing *file)
{
    http_ranges ranges;
    const int status = conditions_status(c);
    if (status == 304) {
        conditions_drop_content_headers(c);
        http_reply(c->x, 304, NULL, NULL, 0);
        return;
    }
    if (status != 200) {
        ctx_send_problem(c, status);
        return;
    }
    const http_range_answer answer = read_ranges(c, file->size, &ranges);
    if (answer == HTTP_RANGE_UNSATISFIABLE)
        send_unsatisfied(c, file->size);
    else if (answer == HTTP_RANGE_WHOLE ||
             !(ranges.count == 1 ? send_part(c, file, &ranges.list[0]) : send_parts(c, file, &ranges)))
        send_bytes(c, file, 200, 0, file->size);
}

/** Sends a file that whoever made the reply has opened and set the headers of. */
static void send_opened(tern_ctx *c, const tern_reply *reply, bool has_type)
{
    const open_file *opened = (const open_file *)(const void *)reply->data;
    const outgoing file = {opened->bytes, opened->fd, opened->size, has_type ? NULL : reply->type};
    if (file_is_conditional(c, reply))
        send_asked(c, &file);
    else
        send_bytes(c, &file, reply->status, 0, file.size);
}

void ctx_send_file(tern_ctx *c, const tern_reply *reply, bool has_type)
{
    if (reply->data != NULL) {
        send_opened(c, reply, has_type);
        return;
    }
    const char *path = reply->arg;
    struct stat facts;
    int status;
    outgoing file = {.fd = file_open(c, path, &facts, &status)};
    if (file.fd < 0) {
        ctx_send_problem(c, status);
        return;
    }
    file.size = (uint64_t)facts.st_size;
    if (!has_type)
        file.type = reply->type != NULL ? reply->type : mime_of_path(path);
    file_put_version(c, reply, &facts);
    if (file_is_conditional(c, reply)) {
        put_field(c, "Accept-Ranges", "bytes");
        send_asked(c, &file);
    } else {
        http_reply_file(c->x, reply->status, file.type, file.fd, 0, file.size);
    }
    close(file.fd);
}
