/** When a call is made again. */
#ifndef FETCH_RETRY_H
#define FETCH_RETRY_H

#include <tern/str.h>

#include <stdbool.h>
#include <stdint.h>

/**
 * Reads Retry-After (RFC 9110 section 10.2.3), a number of seconds or a date.
 *
 * @param now_s  the current time, in seconds since 1970.
 * @return false when it is neither. A date that has passed is 0 ms; more than a day counts as a day.
 */
bool retry_after_read(tern_str text, int64_t now_s, uint64_t *ms);

/** How long to wait before retry `number` (from 1): a random part of 100 ms, 200 ms, 400 ms, ... up to 3,200 ms. */
uint64_t retry_delay_ms(unsigned number);

#endif
