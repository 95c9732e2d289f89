/** HTTP-dates of requests: the one form that is written today, and the two that must still be read. */
#include "http/date.h"

#include <string.h>
#include <time.h>

/* In these, letters stand for digits of the field: D day, H hour, M minute, S second, Y year (two or four),
 * and "nnn" for the month's name, "www" for a day's; '_' is a space or a digit of the day. Any other byte
 * stands for itself. */
static const char imf_fixdate[] = "www, dd nnn yyyy hh:mm:ss GMT";
static const char rfc_850[] = "dd-nnn-yy hh:mm:ss GMT"; /* after "Sunday, " */
static const char asctime_form[] = "www nnn _d hh:mm:ss yyyy";

typedef struct parts {
    int day, hour, minute, second, year, month;
} parts;

static int *part_of(parts *p, char letter)
{
    switch (letter) {
    case '_':
    case 'd':
        return &p->day;
    case 'h':
        return &p->hour;
    case 'm':
        return &p->minute;
    case 's':
        return &p->second;
    case 'y':
        return &p->year;
    default:
        return NULL;
    }
}

/** The index of the three letters at `at` in `names`, -1 when they are not one of them. */
static int name_at(const char *at, const char *names)
{
    for (int i = 0; names[3 * i] != '\0'; i++)
        if (memcmp(at, names + 3 * i, 3) == 0)
            return i;
    return -1;
}

/** `text` is as long as `form`, without its NUL. */
static bool read_form(const char *text, const char *form, parts *p)
{
    for (; *form != '\0'; form++, text++) {
        int *part = part_of(p, *form);
        bool is_month = *form == 'n';
        if (is_month || *form == 'w') {
            int number =
                name_at(text, is_month ? "JanFebMarAprMayJunJulAugSepOctNovDec" : "SunMonTueWedThuFriSat");
            if (number < 0)
                return false;
            if (is_month)
                p->month = number;
            form += 2;
            text += 2;
        } else if (part == NULL) {
            if (*text != *form)
                return false;
        } else if (*text >= '0' && *text <= '9') {
            *part = *part * 10 + (*text - '0');
        } else if (*form != '_' || *text != ' ') {
            return false;
        }
    }
    return true;
}

/** Moves past the day's long name and ", " of RFC 850; NULL without them. */
static const char *skip_long_day(tern_str text)
{
    static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        size_t len = strlen(days[i]);
        if (text.len == len + 2 + sizeof rfc_850 - 1 && memcmp(text.data, days[i], len) == 0 &&
            memcmp(text.data + len, ", ", 2) == 0)
            return text.data + len + 2;
    }
    return NULL;
}

/** The year that two digits mean. */
static int whole_year(int digits, int64_t now)
{
    struct tm today;
    time_t at = (time_t)now;
    if (gmtime_r(&at, &today) == NULL)
        return 1900 + digits;
    int this_year = today.tm_year + 1900, year = this_year - this_year % 100 + digits;
    if (year > this_year + 50)
        return year - 100;
    return year <= this_year - 50 ? year + 100 : year;
}

bool http_date_read(tern_str text, int64_t now, int64_t *seconds)
{
    parts p = {0};
    const char *rest = skip_long_day(text);
    bool is_read = rest != NULL                          ? read_form(rest, rfc_850, &p)
                   : text.len == sizeof imf_fixdate - 1  ? read_form(text.data, imf_fixdate, &p)
                   : text.len == sizeof asctime_form - 1 ? read_form(text.data, asctime_form, &p)
                                                         : false;
    if (!is_read)
        return false;
    if (rest != NULL)
        p.year = whole_year(p.year, now);
    struct tm t = {.tm_mday = p.day,
                   .tm_mon = p.month,
                   .tm_year = p.year - 1900,
                   .tm_hour = p.hour,
                   .tm_min = p.minute,
                   .tm_sec = p.second == 60 ? 59 : p.second};
    struct tm same = t;
    *seconds = (int64_t)timegm(&same);
    return p.second <= 60 && same.tm_mday == t.tm_mday && same.tm_mon == t.tm_mon &&
           same.tm_hour == t.tm_hour && same.tm_min == t.tm_min && same.tm_sec == t.tm_sec;
}
