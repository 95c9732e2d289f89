/** Replies that a test has recorded from the real service; used by stub.c alone. */
#ifndef FETCH_RECORD_H
#define FETCH_RECORD_H

#include "fetch/attempt.h"

/** Opens the file of the test: for recording with TERN_RECORD=1, otherwise for replaying. Fails the test if it cannot. */
void record_open(const char *path);

/** Replies from the file, or ends the attempt with an error that names the call. False when the test has no file, or
 * is recording: then the attempt goes to the network, if record_watches says so. */
bool record_answers(fetch_attempt *a);
/** Whether the test is recording; then the reply is written when the attempt ends. */
bool record_watches(fetch_attempt *a);
/** An attempt has ended: its reply is added to the file if it is watched. */
void record_ended(fetch_attempt *a);

#endif
