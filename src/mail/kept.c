/* The mail of a test: kept for it, instead of being sent. Each test runs in a process of its own. */
#include "mail/carrier.h"

#include "base/mem.h"

#include <tern/mail_test.h>

#include <string.h>

static struct {
    tern_sent_mail *items;
    size_t count, room;
} self;

/** A copy of the text that lasts as long as the process. */
static const char *copy(const char *text, bool *is_short)
{
    if (text == NULL)
        return NULL;
    size_t size = strlen(text) + 1;
    char *out = mem_alloc(size);
    *is_short |= out == NULL;
    return out != NULL ? memcpy(out, text, size) : NULL;
}

tern_mail_fault mail_keep(tern_ctx *c, const tern_mail_options *o, const mail_message *message,
                          const char **problem)
{
    (void)c;
    bool is_short = false;
    if (self.count == self.room) {
        size_t room = 2 * self.room + 8;
        tern_sent_mail *larger = mem_realloc(self.items, room * sizeof *larger);
        *problem = mail_no_memory;
        if (larger == NULL)
            return TERN_MAIL_NO_MEMORY;
        self.items = larger;
        self.room = room;
    }
    self.items[self.count] = (tern_sent_mail){.from = copy(o->from, &is_short),
                                              .to = copy(o->to, &is_short),
                                              .cc = copy(o->cc, &is_short),
                                              .bcc = copy(o->bcc, &is_short),
                                              .reply_to = copy(o->reply_to, &is_short),
                                              .subject = copy(o->subject, &is_short),
                                              .text = copy(o->text, &is_short),
                                              .html = copy(o->html, &is_short),
                                              .message = copy(message->data, &is_short)};
    self.count++;
    *problem = mail_no_memory;
    return is_short ? TERN_MAIL_NO_MEMORY : TERN_MAIL_OK;
}

tern_sent_mails tern_test_mails(tern_test *t)
{
    (void)t;
    return (tern_sent_mails){self.items, self.count};
}
