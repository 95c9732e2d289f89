/** What the floor sends: whole replies, made before the first request, whose date is renewed once a second;
 * and the names of those that are made of a database's rows. */
#ifndef FLOOR_PAGE_H
#define FLOOR_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { PAGE_BATCH = 64 /* replies that one send carries at most */, PAGE_DATE_BYTES = 29 };

/** What a page asks of the database. */
typedef enum question { ASKS_NOTHING, ASKS_ROW, ASKS_ROWS, ASKS_FORTUNES, ASKS_CHANGES } question;

typedef struct page {
    question asks;      /* if anything, all that follows is empty */
    size_t reply_bytes; /* of one reply, its body included */
    size_t text_bytes;  /* of one in `replies`: all of it, or its head when the body is a file */
    size_t date_at;
    int file_fd;    /* the body, sent by the kernel; -1 when it stands in `replies` */
    unsigned batch; /* replies that stand one behind the other in `replies` */
    char *replies;
} page;

/** The present date, as a head has it; no NUL ends it. */
extern char page_date[PAGE_DATE_BYTES];

/** Makes the pages; `file` is the one behind GET /static/100k.bin, NULL for none. Ends the program when it is
 * not there. Pages that ask a database are only there with one. */
void pages_prepare(const char *file, bool has_database);

/** Gives all pages the present date; once a second it costs something. */
void pages_renew_date(void);

/** The page for a connection whose first request begins with these bytes. */
const page *page_for(const char *first, size_t len);

/** Sends of `owed` replies, the first `sent` bytes of which are already sent, what the socket takes: its
 * bytes, or -1 as send(2). */
ssize_t page_send(const page *p, int fd, unsigned owed, size_t sent);

#endif
