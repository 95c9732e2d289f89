#include "page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

enum { REPLY_MAX = 256 };

static const char date_mark[] = "DDDDDDDDDDDDDDDDDDDDDDDDDDDDD";

char page_date[PAGE_DATE_BYTES];

static page json, text, file, missing;
static const page row = {.asks = ASKS_ROW}, rows = {.asks = ASKS_ROWS}, fortunes = {.asks = ASKS_FORTUNES},
                  changes = {.asks = ASKS_CHANGES};
static bool asks_database;

/* By the first bytes of a connection's first request; anything else gets the last. */
static const struct {
    const char *begins;
    const page *sends;
} table[] = {
    {"GET / ", &json},
    {"GET /plaintext ", &text},
    {"GET /static/100k.bin ", &file},
    {"GET /db ", &row},
    {"GET /queries ", &rows},
    {"GET /fortunes ", &fortunes},
    {"GET /updates ", &changes},
    {"", &missing},
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void prepare(page *p, const char *status, const char *type, size_t length, const char *body,
                    unsigned batch)
{
    char reply[REPLY_MAX];
    int len = snprintf(
        reply, sizeof reply,
        "HTTP/1.1 %s\r\nServer: tern\r\nDate: %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
        status, date_mark, type, length, body);
    *p = (page){.text_bytes = (size_t)len, .reply_bytes = (size_t)len, .file_fd = -1, .batch = batch};
    p->date_at = (size_t)(strstr(reply, date_mark) - reply);
    p->replies = malloc(batch * p->text_bytes);
    if (p->replies == NULL)
        die("no memory");
    for (unsigned i = 0; i < batch; i++)
        memcpy(p->replies + i * p->text_bytes, reply, p->text_bytes);
}

static void put_text(page *p, const char *status, const char *type, const char *body)
{
    prepare(p, status, type, strlen(body), body, PAGE_BATCH);
}

void pages_prepare(const char *path, bool has_database)
{
    asks_database = has_database;
    put_text(&json, "200 OK", "application/json", "{\"message\":\"Hello, World!\"}");
    put_text(&text, "200 OK", "text/plain; charset=utf-8", "Hello, World!");
    put_text(&missing, "404 Not Found", "text/plain; charset=utf-8", "404 Not Found\n");
    if (path == NULL) {
        put_text(&file, "404 Not Found", "text/plain; charset=utf-8", "404 Not Found\n");
    } else {
        struct stat about;
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &about) != 0)
            die(path);
        prepare(&file, "200 OK", "application/octet-stream", (size_t)about.st_size, "", 1);
        file.file_fd = fd;
        file.reply_bytes += (size_t)about.st_size;
    }
    pages_renew_date();
}

static void put_date(page *p, const char *date)
{
    for (unsigned i = 0; i < p->batch; i++)
        memcpy(p->replies + i * p->text_bytes + p->date_at, date, PAGE_DATE_BYTES);
}

void pages_renew_date(void)
{
    static time_t shown;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec == shown)
        return;
    shown = now.tv_sec;
    struct tm utc;
    char date[PAGE_DATE_BYTES + 1];
    gmtime_r(&now.tv_sec, &utc);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    memcpy(page_date, date, sizeof page_date);
    put_date(&json, date);
    put_date(&text, date);
    put_date(&file, date);
    put_date(&missing, date);
}

const page *page_for(const char *first, size_t len)
{
    size_t i = 0;
    for (;; i++) {
        size_t begins = strlen(table[i].begins);
        if (len >= begins && memcmp(first, table[i].begins, begins) == 0)
            return table[i].sends->asks == ASKS_NOTHING || asks_database ? table[i].sends : &missing;
    }
}

ssize_t page_send(const page *p, int fd, unsigned owed, size_t sent)
{
    if (p->file_fd < 0) {
        size_t len = (owed < p->batch ? owed : p->batch) * p->text_bytes - sent;
        return send(fd, p->replies + sent, len, MSG_NOSIGNAL);
    }
    if (sent < p->text_bytes)
        return send(fd, p->replies + sent, p->text_bytes - sent, MSG_NOSIGNAL | MSG_MORE);
    off_t at = (off_t)(sent - p->text_bytes);
    return sendfile(fd, p->file_fd, &at, p->reply_bytes - sent);
}
