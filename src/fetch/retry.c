#include "fetch/retry.h"

#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"
#include "http/date.h"

enum { DAY_S = 24 * 3600, FIRST_MS = 100, DOUBLINGS = 5 };

bool retry_after_read(tern_str text, int64_t now_s, uint64_t *ms)
{
    uint64_t seconds;
    int64_t at_s;
    if (text.len != 0 && text_get_u64(text.data, text.len, &seconds)) {
        *ms = (seconds < DAY_S ? seconds : DAY_S) * 1000;
        return true;
    }
    if (!http_date_read(text, now_s, &at_s))
        return false;
    int64_t left_s = at_s <= now_s ? 0 : at_s - now_s;
    *ms = (uint64_t)(left_s < DAY_S ? left_s : DAY_S) * 1000;
    return true;
}

/* Full jitter: calls that failed together do not come back together. */
uint64_t retry_delay_ms(unsigned number)
{
    uint64_t most = (uint64_t)FIRST_MS << (number - 1 < DOUBLINGS ? number - 1 : DOUBLINGS), drawn;
    if (!random_bytes(&drawn, sizeof drawn))
        drawn = clock_ns();
    return drawn % (most + 1);
}
