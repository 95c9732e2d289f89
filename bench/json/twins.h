/**
 * Documents with the statistics of those that JSON parsers are measured with, made by code: a to-do of 200
 * bytes, tweets (much text, half of it not ASCII, nulls, escapes), a theatre's programme (small numbers,
 * maps, deep indentation), a map of a country (long numbers). And the models they are read into.
 */
#ifndef BENCH_JSON_TWINS_H
#define BENCH_JSON_TWINS_H

#include "base/buf.h"

#include <tern/model.h>

TERN_MODEL(Task,
    (const char *, title, .min_length = 1, .max_length = 120),
    (const char *, note),
    (bool, done, .optional = true),
    (int, priority, .min = 0, .max = 9),
    (tern_datetime, due),
    (tern_text_list, tags, .max_items = 10))

TERN_MODEL(Link, (const char *, url), (const char *, expanded_url), (tern_int32_list, indices))
TERN_MODEL(Hashtag, (const char *, text), (tern_int32_list, indices))
TERN_MODEL(Mention,
    (const char *, screen_name),
    (const char *, name),
    (uint64_t, id),
    (const char *, id_str),
    (tern_int32_list, indices))
TERN_MODEL(Entities, (Hashtag_list, hashtags), (Link_list, urls), (Mention_list, user_mentions))
TERN_MODEL(Author,
    (uint64_t, id),
    (const char *, id_str),
    (const char *, name),
    (const char *, screen_name),
    (const char *, location),
    (const char *, description),
    (const char *, url, .optional = true),
    (bool, protected_, .json = "protected"),
    (int, followers_count),
    (int, friends_count),
    (int, listed_count),
    (const char *, created_at),
    (int, favourites_count),
    (int, utc_offset, .optional = true),
    (bool, geo_enabled),
    (bool, verified),
    (int, statuses_count),
    (const char *, lang),
    (const char *, profile_background_color),
    (const char *, profile_image_url),
    (bool, default_profile),
    (bool, following))
TERN_MODEL(Tweet,
    (const char *, created_at),
    (uint64_t, id),
    (const char *, id_str),
    (const char *, text),
    (const char *, source),
    (bool, truncated),
    (uint64_t, in_reply_to_status_id, .optional = true),
    (const char *, in_reply_to_screen_name, .optional = true),
    (Author, user),
    (tern_any, geo, .optional = true),
    (int, retweet_count),
    (int, favorite_count),
    (Entities, entities),
    (bool, favorited),
    (bool, retweeted),
    (const char *, lang))
TERN_MODEL(Timeline, (Tweet_list, statuses), (int, count))

TERN_MODEL(Event,
    (const char *, description, .optional = true),
    (int, id),
    (const char *, logo, .optional = true),
    (const char *, name),
    (tern_int32_list, subTopicIds),
    (const char *, subjectCode, .optional = true),
    (const char *, subtitle, .optional = true),
    (tern_int32_list, topicIds))
TERN_MODEL(Price, (int, amount), (int, audienceSubCategoryId), (int, seatCategoryId))
TERN_MODEL(Area, (int, areaId), (tern_int32_list, blockIds))
TERN_MODEL(SeatCategory, (Area_list, areas), (int, seatCategoryId))
TERN_MODEL(Performance,
    (int, eventId),
    (int, id),
    (const char *, logo, .optional = true),
    (const char *, name, .optional = true),
    (Price_list, prices),
    (SeatCategory_list, seatCategories),
    (const char *, seatMapImage, .optional = true),
    (int64_t, start),
    (const char *, venueCode))
TERN_MODEL(Programme, (tern_text_map, areaNames), (Event_map, events), (Performance_list, performances))

/* Lists of lists: a point, a ring of points, a polygon of rings. */
#define TWIN_LIST(Name, Item)                                                                                \
    typedef struct Name {                                                                                    \
        Item *items;                                                                                         \
        size_t count;                                                                                        \
    } Name;                                                                                                  \
    static tern_type Name##_type = {                                                                         \
        .kind = TERN_KIND_LIST, .name = #Item, .size = sizeof(Name), .item = &Item##_type};
TWIN_LIST(Ring, tern_double_list)
TWIN_LIST(Polygon, Ring)
TERN_MODEL(Geometry, (const char *, type), (Polygon, coordinates))
TERN_MODEL(Properties, (const char *, name))
TERN_MODEL(Feature, (const char *, type), (Properties, properties), (Geometry, geometry))
TERN_MODEL(Country, (const char *, type), (Feature_list, features))

/** The whole decoded value of any of them. */
typedef union twin_value {
    Task task;
    Timeline timeline;
    Programme programme;
    Country country;
} twin_value;

typedef struct twin {
    const char *label;
    tern_type *type;
    void (*write)(buf *out);
    bool is_indented; /* as the originals are */
} twin;

static uint64_t twin_seed;

/** The next of a fixed sequence of numbers below `below`. */
static inline unsigned twin_random(unsigned below)
{
    twin_seed = twin_seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(twin_seed >> 33) % below;
}

static inline void twin_task(buf *out)
{
    buf_add_text(
        out, "{\"title\":\"Buy milk and bread on the way home\",\"note\":\"The small shop closes at six\","
             "\"done\":false,\"priority\":3,\"due\":\"2026-11-23T17:30:00Z\","
             "\"tags\":[\"home\",\"shopping\",\"today\"]}");
}

/** Words of about `len` bytes: of ASCII, or of three-byte characters with a line break among them. */
static inline void twin_words(buf *out, unsigned len, bool is_ascii)
{
    static const char *const far[] = {"\xe3\x81\x82", "\xe3\x82\x8a", "\xe4\xba\xba", "\xe6\x9c\xac",
                                      "\xe3\x81\xae", "\xef\xbc\x81", "\xe6\x97\xa5", " #",
                                      "\\n",          "RT @"};
    static const char *const near[] = {"time ", "the ", "people ", "of ", "reading ", "a ", "now ", "way "};
    for (size_t end = out->len + len; out->len < end;)
        buf_add_text(out, is_ascii ? near[twin_random(8)] : far[twin_random(10)]);
}

static inline void twin_author(buf *out)
{
    unsigned id = 100000000 + twin_random(900000000);
    buf_add_printf(out, "{\"id\":%u,\"id_str\":\"%u\",\"name\":\"", id, id);
    twin_words(out, 12, twin_random(2) == 0);
    buf_add_printf(out, "\",\"screen_name\":\"user_%u\",\"location\":\"\",\"description\":\"",
                   twin_random(100000));
    twin_words(out, 20 + twin_random(160), twin_random(3) == 0);
    buf_add_printf(
        out,
        "\",\"url\":null,\"protected\":false,\"followers_count\":%u,\"friends_count\":%u,"
        "\"listed_count\":%u,\"created_at\":\"Thu Nov 15 01:32:05 +0000 2026\",\"favourites_count\":%u,"
        "\"utc_offset\":%s,\"geo_enabled\":true,\"verified\":false,\"statuses_count\":%u,"
        "\"lang\":\"ja\",\"profile_background_color\":\"C0DEED\",\"profile_image_url\":"
        "\"http:\\/\\/images.example.org\\/profile_images\\/%u\\/aBcDeF_normal.jpeg\","
        "\"default_profile\":true,\"following\":false}",
        twin_random(20000), twin_random(3000), twin_random(20), twin_random(5000),
        twin_random(2) == 0 ? "null" : "32400", twin_random(90000), twin_random(1000000000));
}

static inline void twin_tweet(buf *out)
{
    unsigned id = 10000000 + twin_random(80000000);
    buf_add_printf(
        out,
        "{\"created_at\":\"Sun Aug 31 00:29:15 +0000 2026\",\"id\":50587492%u,\"id_str\":\"50587492%u\","
        "\"text\":\"",
        id, id);
    twin_words(out, 60 + twin_random(250), twin_random(4) == 0);
    buf_add_text(
        out, "\",\"source\":\"<a href=\\\"https:\\/\\/app.example.org\\/download\\\" rel=\\\"nofollow\\\">"
             "Client for phones<\\/a>\",\"truncated\":false,\"in_reply_to_status_id\":null,"
             "\"in_reply_to_screen_name\":null,\"user\":");
    twin_author(out);
    buf_add_printf(out,
                   ",\"geo\":null,\"retweet_count\":%u,\"favorite_count\":%u,\"entities\":{\"hashtags\":[",
                   twin_random(80), twin_random(30));
    if (twin_random(4) == 0)
        buf_add_text(out, "{\"text\":\"\xe6\x97\xa5\xe6\x9c\xac\",\"indices\":[47,51]}");
    buf_add_text(out, "],\"urls\":[");
    if (twin_random(3) == 0)
        buf_add_text(out,
                     "{\"url\":\"http:\\/\\/t.example.org\\/aGhKl8sQ1\",\"expanded_url\":"
                     "\"http:\\/\\/news.example.org\\/2026\\/08\\/31\\/a-long-title\",\"indices\":[33,55]}");
    buf_add_text(out, "],\"user_mentions\":[");
    if (twin_random(2) == 0)
        buf_add_text(out,
                     "{\"screen_name\":\"aym0566x\",\"name\":\"\xe5\x89\x8d\xe7\x94\xb0\",\"id\":866260188,"
                     "\"id_str\":\"866260188\",\"indices\":[0,9]}");
    buf_add_text(out, "]},\"favorited\":false,\"retweeted\":false,\"lang\":\"ja\"}");
}

static inline void twin_timeline(buf *out)
{
    buf_add_text(out, "{\"statuses\":[");
    for (unsigned i = 0; i < 330; i++) {
        if (i > 0)
            buf_add_text(out, ",");
        twin_tweet(out);
    }
    buf_add_text(out, "],\"count\":330}");
}

static inline void twin_event(buf *out)
{
    unsigned id = 138586341 + twin_random(300000000);
    buf_add_printf(out,
                   "\"%u\":{\"description\":null,\"id\":%u,\"logo\":%s,\"name\":\"Concert of the year %u\","
                   "\"subTopicIds\":[337184269,337184283],\"subjectCode\":null,\"subtitle\":null,"
                   "\"topicIds\":[324846099,107888604]}",
                   id, id, twin_random(2) == 0 ? "null" : "\"/images/UE0AAAAACEKo6QAAAAZDSVRN\"",
                   1900 + twin_random(200));
}

static inline void twin_performance(buf *out)
{
    buf_add_printf(out, "{\"eventId\":%u,\"id\":%u,\"logo\":null,\"name\":null,\"prices\":[",
                   138586341 + twin_random(300000000), 339887544 + twin_random(1000000));
    for (unsigned i = 0, count = 1 + twin_random(5); i < count; i++)
        buf_add_printf(out,
                       "%s{\"amount\":%u,\"audienceSubCategoryId\":337100890,\"seatCategoryId\":338937295}",
                       i > 0 ? "," : "", 1000 * (10 + twin_random(90)));
    buf_add_text(out, "],\"seatCategories\":[");
    for (unsigned i = 0, count = 1 + twin_random(4); i < count; i++) {
        buf_add_printf(out, "%s{\"areas\":[", i > 0 ? "," : "");
        for (unsigned k = 0, areas = 2 + twin_random(14); k < areas; k++)
            buf_add_printf(out, "%s{\"areaId\":%u,\"blockIds\":[]}", k > 0 ? "," : "",
                           205705994 + twin_random(100));
        buf_add_text(out, "],\"seatCategoryId\":338937295}");
    }
    buf_add_printf(out, "],\"seatMapImage\":null,\"start\":13739%u00000,\"venueCode\":\"PLEYEL_PLEYEL\"}",
                   10000 + twin_random(80000));
}

static inline void twin_programme(buf *out)
{
    buf_add_text(out, "{\"areaNames\":{\"205705993\":\"Arri\xc3\xa8re-sc\xc3\xa8ne central\",\"205705994\":"
                      "\"1er balcon central\"},\"events\":{");
    for (unsigned i = 0; i < 184; i++) {
        if (i > 0)
            buf_add_text(out, ",");
        twin_event(out);
    }
    buf_add_text(out, "},\"performances\":[");
    for (unsigned i = 0; i < 580; i++) {
        if (i > 0)
            buf_add_text(out, ",");
        twin_performance(out);
    }
    buf_add_text(out, "]}");
}

static inline void twin_country(buf *out)
{
    buf_add_text(out, "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"properties\":"
                      "{\"name\":\"Canada\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[");
    for (unsigned ring = 0; ring < 480; ring++) {
        buf_add_text(out, ring > 0 ? ",[" : "[");
        for (unsigned i = 0, count = 20 + twin_random(200); i < count; i++)
            buf_add_printf(out, "%s[-%u.%06u%09u,%u.%06u%09u]", i > 0 ? "," : "", 50 + twin_random(90),
                           twin_random(1000000), twin_random(2) == 0 ? 0 : 999999000 + twin_random(1000),
                           42 + twin_random(40), twin_random(1000000),
                           twin_random(3) == 0 ? 0 : 999999000 + twin_random(1000));
        buf_add_text(out, "]");
    }
    buf_add_text(out, "]}}]}");
}

static const twin twins[] = {
    {"todo", TERN_TYPE(Task), twin_task, false},
    {"tweets", TERN_TYPE(Timeline), twin_timeline, true},
    {"programme", TERN_TYPE(Programme), twin_programme, true},
    {"country", TERN_TYPE(Country), twin_country, false},
};
enum { TWINS = sizeof twins / sizeof *twins };

static inline void twin_newline(buf *out, unsigned depth)
{
    static const char spaces[] = "\n                                ";
    buf_add(out, spaces, 1 + 2 * depth);
}

/** The document of a twin, the same at every call. */
static inline bool twin_make(const twin *t, buf *out)
{
    buf tight = {0};
    twin_seed = 7;
    t->write(&tight);
    bool in_text = false;
    unsigned depth = 0;
    for (size_t i = 0; i < tight.len; i++) {
        char byte = tight.data[i];
        bool opens = !in_text && (byte == '{' || byte == '['),
             closes = !in_text && (byte == '}' || byte == ']');
        bool is_empty = closes && (tight.data[i - 1] == '{' || tight.data[i - 1] == '[');
        depth -= closes;
        if (t->is_indented && closes && !is_empty)
            twin_newline(out, depth);
        buf_add(out, &byte, 1);
        depth += opens;
        bool next_closes = i + 1 < tight.len && (tight.data[i + 1] == '}' || tight.data[i + 1] == ']');
        if (t->is_indented && ((opens && !next_closes) || (!in_text && byte == ',')))
            twin_newline(out, depth);
        if (t->is_indented && !in_text && byte == ':')
            buf_add(out, " ", 1);
        if (in_text && byte == '\\') {
            buf_add(out, &tight.data[++i], 1);
            continue;
        }
        if (byte == '"')
            in_text = !in_text;
    }
    bool ok = !tight.failed && !out->failed;
    buf_free(&tight);
    return ok;
}

#endif
