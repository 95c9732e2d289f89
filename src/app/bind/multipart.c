/**
 * Multipart forms: text is read into the request's memory, files there too or, when they are larger, onto
 * disk.
 *
 * The body may be whole or arrive in pieces; memory use is bounded whatever the client sends.
 */
#include "app/bind/bind.h"

#include "http/media.h"
#include "http/multipart.h"

#include <tern/log.h>
#include <tern/task.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FILE_MEMORY_BYTES = 64 * 1024, /* a longer file is written to disk; also the size of each write */
    FILES_MAX = 100,
    FILES_MEMORY_BYTES = 1024 * 1024, /* all files of one request that stay in memory */
    TEXTS_MAX_BYTES = 1024 * 1024,    /* all texts of one request */
    PIECE_BYTES = 16 * 1024
};

/** The state of one part at a time, and the results of all. */
typedef struct form_reader {
    binding *b;
    int field;           /* the number of the part's field; -1: its content is skipped */
    tern_upload *upload; /* NULL while the part is text */
    bool is_latin_1;     /* its text must be converted to UTF-8 */
    char *text;          /* of the current part */
    size_t text_len, text_room;
    size_t texts_bytes, files_bytes;
    unsigned files;
    char *stage; /* FILE_MEMORY_BYTES of the current file that are not on disk */
    size_t stage_len;
    bind_texts given[BIND_FIELDS_MAX];
    multipart m;
} form_reader;

/* -- the disk -- */

typedef struct disk_write {
    int *fd; /* opened with the first write */
    const char *data;
    size_t len, at;
    int error;
} disk_write;

/** A file without a name: it disappears with its descriptor, however the process ends. */
static int open_nameless(void)
{
    const char *folder = getenv("TMPDIR");
    if (folder == NULL || folder[0] == '\0')
        folder = "/tmp";
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
        return fd;
    char path[4096];
    static const char name[] = "/tern-upload-XXXXXX";
    size_t len = strlen(folder);
    if (len + sizeof name > sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(path, folder, len);
    memcpy(path + len, name, sizeof name);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

/** On a thread of the pool: a disk may be slow. */
static void write_to_disk(void *arg)
{
    disk_write *w = arg;
    if (*w->fd < 0 && (*w->fd = open_nameless()) < 0) {
        w->error = errno;
        return;
    }
    for (size_t done = 0; done < w->len;) {
        ssize_t n = pwrite(*w->fd, w->data + done, w->len - done, (off_t)(w->at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            w->error = n < 0 ? errno : ENOSPC;
            return;
        }
        done += (size_t)n;
    }
}

static _Noreturn void fail_write(tern_ctx *c, int error)
{
    char label[160];
    tern_log(TERN_LOG_ERROR, "%s: an upload could not be stored: %s", ctx_route_label(c, label, sizeof label),
             strerror(error));
    bool is_full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    ctx_fail(c, is_full ? 507 : 503,
             is_full ? "the disk is full: the upload was not stored" : "the upload could not be stored");
}

static void close_upload(tern_ctx *c, void *arg)
{
    (void)c;
    const tern_upload *upload = arg;
    if (upload->fd >= 0)
        close(upload->fd);
}

/** Appends the staged bytes to the file on disk. `upload->size` is its size so far. */
static void flush_stage(form_reader *r)
{
    tern_upload *upload = r->upload;
    tern_ctx *c = r->b->c;
    if (upload->fd < 0) /* first, so that no later failure leaves it open */
        tern_after(c, close_upload, upload);
    disk_write w = {.fd = &upload->fd, .data = r->stage, .len = r->stage_len, .at = upload->size};
    tern_offload(c, write_to_disk, &w);
    if (w.error != 0)
        fail_write(c, w.error);
    upload->size += r->stage_len;
    r->stage_len = 0;
}

/* -- parts -- */

static bool takes_files(const tern_type *type)
{
    return type->kind == TERN_KIND_UPLOAD ||
           (type->kind == TERN_KIND_LIST && type->item->kind == TERN_KIND_UPLOAD);
}

/** Java clients declare every text as ISO-8859-1 by default. */
static void take_charset(form_reader *r)
{
    const multipart_part *part = &r->m.part;
    media_charset charset = part->type.data != NULL ? media_charset_of(part->type) : MEDIA_UTF_8;
    r->is_latin_1 = charset == MEDIA_LATIN_1;
    if (charset == MEDIA_OTHER_CHARSET)
        tern_fail(r->b->c, 415, "form field \"%s\" is %s; text must be UTF-8", part->name.data,
                  part->type.data);
}

static void begin_part(form_reader *r)
{
    tern_ctx *c = r->b->c;
    const multipart_part *part = &r->m.part;
    r->field = bind_form_field(r->b, part->name);
    r->upload = NULL;
    r->text_len = r->text_room = 0;
    r->text = NULL;
    if (r->field < 0)
        return;
    if (part->filename.data == NULL ||
        !takes_files(plan_of(r->b->plan->body)->fields[r->field].field->type)) {
        take_charset(r);
        return;
    }
    if (++r->files > FILES_MAX)
        tern_fail(c, 413, "the form has more than %d files", FILES_MAX);
    if (r->stage == NULL)
        r->stage = ctx_need(c, arena_alloc(ctx_arena(c), FILE_MEMORY_BYTES));
    r->stage_len = 0;
    r->upload = tern_alloc(c, sizeof *r->upload);
    r->upload->fd = -1;
    r->upload->name = ctx_text(c, part->filename);
    r->upload->content_type = part->type.data != NULL ? ctx_text(c, part->type) : "application/octet-stream";
}

static void add_text(form_reader *r, tern_str piece)
{
    tern_ctx *c = r->b->c;
    r->texts_bytes += piece.len;
    if (r->texts_bytes > TEXTS_MAX_BYTES)
        tern_fail(c, 413, "the form has more than %d bytes of text", TEXTS_MAX_BYTES);
    if (r->text == NULL || r->text_room < r->text_len + piece.len + 1) { /* one for the NUL */
        size_t room = 2 * r->text_len + piece.len + 1;
        char *text = ctx_need(c, arena_alloc(ctx_arena(c), room));
        if (r->text != NULL)
            memcpy(text, r->text, r->text_len);
        r->text = text;
        r->text_room = room;
    }
    memcpy(r->text + r->text_len, piece.data, piece.len);
    r->text_len += piece.len;
}

static void add_to_file(form_reader *r, tern_str piece)
{
    while (piece.len > 0) {
        if (r->stage_len == FILE_MEMORY_BYTES)
            flush_stage(r);
        size_t room = FILE_MEMORY_BYTES - r->stage_len, n = piece.len < room ? piece.len : room;
        memcpy(r->stage + r->stage_len, piece.data, n);
        r->stage_len += n;
        piece = (tern_str){piece.data + n, piece.len - n};
    }
}

static void end_file(form_reader *r)
{
    tern_ctx *c = r->b->c;
    tern_upload *upload = r->upload;
    bool is_small = upload->fd < 0 && r->files_bytes + r->stage_len <= FILES_MEMORY_BYTES;
    if (is_small) {
        char *data = ctx_need(c, arena_alloc(ctx_arena(c), r->stage_len + 1));
        memcpy(data, r->stage, r->stage_len);
        data[r->stage_len] = '\0';
        upload->data = data;
        upload->size = r->stage_len;
        r->files_bytes += r->stage_len;
    } else if (r->stage_len > 0) {
        flush_stage(r);
    }
    if (upload->size > 0 || upload->name[0] != '\0') /* otherwise the user chose no file */
        bind_texts_add(c, &r->given[r->field], (tern_str){"", 0}, upload);
}

/** The part's text as UTF-8: at most twice as long. */
static void convert_latin_1(form_reader *r)
{
    char *text = ctx_need(r->b->c, arena_alloc(&r->b->c->x->arena, 2 * r->text_len + 1)), *end = text;
    for (size_t i = 0; i < r->text_len; i++)
        end = media_put_latin_1(end, (unsigned char)r->text[i]);
    r->text = text;
    r->text_len = (size_t)(end - text);
}

static void end_part(form_reader *r)
{
    if (r->field < 0)
        return;
    if (r->upload != NULL) {
        end_file(r);
        return;
    }
    if (r->text == NULL)
        add_text(r, TERN_STR(""));
    if (r->is_latin_1)
        convert_latin_1(r);
    r->text[r->text_len] = '\0';
    bind_texts_add(r->b->c, &r->given[r->field], (tern_str){r->text, r->text_len}, NULL);
}

static void take_piece(form_reader *r, tern_str input)
{
    tern_str piece;
    for (;;) {
        switch (multipart_next(&r->m, &input, &piece)) {
        case MULTIPART_MORE:
            return;
        case MULTIPART_PART:
            begin_part(r);
            break;
        case MULTIPART_DATA:
            if (r->upload != NULL)
                add_to_file(r, piece);
            else if (r->field >= 0)
                add_text(r, piece);
            break;
        case MULTIPART_PART_END:
            end_part(r);
            break;
        case MULTIPART_ERROR:
            tern_fail(r->b->c, 400, "the form is broken: %s", r->m.reason);
        }
    }
}

void bind_multipart(binding *b, tern_str content_type)
{
    tern_ctx *c = b->c;
    form_reader r;
    memset(&r, 0, offsetof(form_reader, given));
    memset(r.given, 0, b->plan->body->field_count * sizeof *r.given);
    r.b = b;
    r.field = -1;
    const char *wrong = multipart_open(&r.m, content_type);
    if (wrong != NULL)
        tern_fail(c, 400, "the form is broken: %s", wrong);
    if (c->x->policy.is_streamed) {
        char piece[PIECE_BYTES];
        size_t n;
        while ((n = tern_body_read(c, piece, sizeof piece)) > 0)
            take_piece(&r, (tern_str){piece, n});
    } else {
        take_piece(&r, c->x->body);
    }
    if (!multipart_is_whole(&r.m))
        ctx_fail(c, 400, "the form is broken: it has no end");
    bind_form_fields(b, r.given);
}
