/**
 * Channels that carry connected sockets from one worker to another.
 *
 * There is one for each worker number, both ends held by the master and every worker: what is queued for a
 * worker that dies is taken by its successor.
 */
#ifndef RUNTIME_HANDOVER_H
#define RUNTIME_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

enum { HANDOVER_TAKE, HANDOVER_GIVE }; /* the two ends of a channel */

typedef struct handover_channel {
    int end[2];
} handover_channel;

typedef struct handover_set {
    handover_channel *channels;
    unsigned count;
} handover_set;

/** What travels with a socket: which process the sender has counted the connection for (board.h), so that the
 * taker can correct that, and how the connection arrived. */
typedef struct handover_note {
    uint64_t incarnation;
    int32_t record; /* BOARD_NOBODY: not counted */
    uint8_t kind;   /* the members of a worker_arrival, from here */
    uint8_t is_begun;
    uint8_t peer_family;
    uint8_t reserved;
    uint16_t peer_port;
    uint8_t peer_address[16];
} handover_note;

/** Opens channels until there are `count`; false with errno. `set` is zeroed or holds adopted channels. */
bool handover_open(handover_set *set, unsigned count);
void handover_close(handover_set *set);

/** Sends `fd` (the caller still has to close its own copy); false when the channel is full or memory is
 * short. */
bool handover_send(const handover_channel *channel, int fd, const handover_note *note);
/** Takes one socket, close-on-exec; -1 with errno EAGAIN when none waits, EMFILE when it was lost for want of
 * a descriptor. The sender may be another version of this program: what a shorter note of it lacks is zero. */
int handover_take(const handover_channel *channel, handover_note *note);

#endif
