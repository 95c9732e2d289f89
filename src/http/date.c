#include "http/date.h"

#include "runtime/loop.h"

#include <string.h>
#include <time.h>

static void put_two(char *out, int value)
{
    out[0] = (char)('0' + value / 10);
    out[1] = (char)('0' + value % 10);
}

void http_date_write(char *out, int64_t seconds)
{
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t when = (time_t)seconds;
    struct tm t;
    if (gmtime_r(&when, &t) == NULL || t.tm_year < -1900 || t.tm_year > 9999 - 1900) /* a clock far off */
        t = (struct tm){.tm_mday = 1, .tm_year = 70, .tm_wday = 4};
    memcpy(out, "Thu, 01 Jan 1970 00:00:00 GMT", HTTP_DATE_LEN);
    memcpy(out, days + 3 * t.tm_wday, 3);
    put_two(out + 5, t.tm_mday);
    memcpy(out + 8, months + 3 * t.tm_mon, 3);
    put_two(out + 12, (t.tm_year + 1900) / 100);
    put_two(out + 14, (t.tm_year + 1900) % 100);
    put_two(out + 17, t.tm_hour);
    put_two(out + 20, t.tm_min);
    put_two(out + 23, t.tm_sec);
}

tern_str http_common_lines(const char *server_name, unsigned *second)
{
    static char lines[256];
    static size_t date_at, len;
    static uint64_t renew_ms;
    static unsigned renewals;
    if (len == 0) {
        size_t name_len = server_name != NULL ? strlen(server_name) : 0;
        if (name_len > 0 && name_len < 128) {
            memcpy(lines, "Server: ", 8);
            memcpy(lines + 8, server_name, name_len);
            memcpy(lines + 8 + name_len, "\r\n", 2);
            date_at = name_len + 10;
        }
        memcpy(lines + date_at, "Date: ", 6);
        date_at += 6;
        memcpy(lines + date_at + HTTP_DATE_LEN, "\r\n", 2);
        len = date_at + HTTP_DATE_LEN + 2;
    }
    if (loop_self.now_ms >= renew_ms) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME_COARSE, &now);
        http_date_write(lines + date_at, (int64_t)now.tv_sec);
        renewals++;
        renew_ms = loop_self.now_ms + 1000 - (uint64_t)now.tv_nsec / 1000000;
    }
    *second = renewals;
    return (tern_str){lines, len};
}
