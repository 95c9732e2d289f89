#include "runtime/handover.h"

#include "base/mem.h"
#include "runtime/board.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef union handover_control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
} handover_control;

bool handover_open(handover_set *set, unsigned count)
{
    if (set->count >= count)
        return true;
    handover_channel *channels = mem_realloc(set->channels, count * sizeof *channels);
    if (channels == NULL) {
        errno = ENOMEM;
        return false;
    }
    set->channels = channels;
    for (; set->count < count; set->count++)
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, channels[set->count].end) <
            0)
            return false;
    return true;
}

void handover_close(handover_set *set)
{
    for (unsigned i = 0; i < set->count; i++) {
        close(set->channels[i].end[HANDOVER_TAKE]);
        close(set->channels[i].end[HANDOVER_GIVE]);
    }
    mem_free(set->channels);
    memset(set, 0, sizeof *set);
}

bool handover_send(const handover_channel *channel, int fd, const handover_note *note)
{
    handover_control control = {0};
    handover_note copy = *note;
    struct iovec part = {.iov_base = &copy, .iov_len = sizeof copy};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    ssize_t sent;
    do
        sent = sendmsg(channel->end[HANDOVER_GIVE], &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof copy;
}

int handover_take(const handover_channel *channel, handover_note *note)
{
    handover_control control;
    struct iovec part = {.iov_base = note, .iov_len = sizeof *note};
    *note = (handover_note){.record = BOARD_NOBODY};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t got;
    do
        got = recvmsg(channel->end[HANDOVER_TAKE], &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -1;
    const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (!head || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(sizeof(int))) {
        errno = EMFILE;
        return -1;
    }
    int fd;
    memcpy(&fd, CMSG_DATA(head), sizeof fd);
    return fd;
}
