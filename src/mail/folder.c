/* Messages as files, for development and tests: each is complete once its name ends with .eml. */
#include "mail/carrier.h"

#include "base/file.h"

#include "runtime/offload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct writing {
    const char *folder;
    const mail_message *message;
    char name[4200], ready[4200];
    int error; /* of the system; 0: written */
} writing;

/** On a thread of the pool. */
static void write_file(void *arg)
{
    writing *w = arg;
    if (mkdir(w->folder, 0700) != 0 && errno != EEXIST) {
        w->error = errno;
        return;
    }
    int fd = open(w->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        w->error = errno;
        return;
    }
    bool is_written = file_write_all(fd, w->message->data, w->message->len);
    w->error = is_written ? 0 : errno;
    if (close(fd) != 0 && w->error == 0)
        w->error = errno;
    if (w->error == 0 && rename(w->name, w->ready) != 0)
        w->error = errno;
    if (w->error != 0)
        unlink(w->name);
}

tern_mail_fault mail_folder_send(tern_ctx *c, const char *folder, const mail_message *message,
                                 const char **problem)
{
    mail_marks marks;
    writing *w = arena_alloc(ctx_arena(c), sizeof *w);
    *problem = mail_no_memory;
    if (w == NULL || !mail_marks_make(&marks))
        return TERN_MAIL_NO_MEMORY;
    *w = (writing){.folder = folder, .message = message};
    int len =
        snprintf(w->name, sizeof w->name, "%s/.%lld-%s", folder, (long long)marks.seconds, marks.random);
    snprintf(w->ready, sizeof w->ready, "%.4000s/%lld-%s.eml", folder, (long long)marks.seconds,
             marks.random);
    if (len < 0 || (size_t)len > 4096)
        w->error = ENAMETOOLONG;
    else if (!offload_run(write_file, w))
        return TERN_MAIL_NO_MEMORY;
    if (w->error == 0)
        return TERN_MAIL_OK;
    const char *line = arena_printf(ctx_arena(c), "a message cannot be written to the folder %.200s: %s",
                                    folder, strerror(w->error));
    if (line != NULL)
        *problem = line;
    return TERN_MAIL_BROKEN;
}
