/* What simdjson needs for the same work as bench_json_decode: parse with its on-demand reader, copy into the
 * structs of json/twins.h (without their tern_state), text NUL-terminated into a block of memory. Nothing is
 * validated but that it is there.
 *
 * Usage: bench_json_simdjson FOLDER [MILLISECONDS]   (the folder of `bench_json_decode --write FOLDER`) */
#include <simdjson.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace od = simdjson::ondemand;

/* -- memory: as fast as it gets, one block that is used again -- */

static std::vector<char> block(64 << 20);
static size_t used;

static char *take(size_t size)
{
    char *at = block.data() + used;
    used += (size + 15) & ~size_t{15};
    if (used > block.size())
        abort();
    return at;
}

template <class T> struct list {
    T *items;
    size_t count;
};

/* -- single values -- */

static void read(od::value v, bool &out)
{
    out = v.get_bool();
}
static void read(od::value v, int32_t &out)
{
    out = static_cast<int32_t>(v.get_int64().value());
}
static void read(od::value v, int64_t &out)
{
    out = v.get_int64();
}
static void read(od::value v, uint64_t &out)
{
    out = v.get_uint64();
}
static void read(od::value v, double &out)
{
    out = v.get_double();
}
static void keep(std::string_view text, const char *&out)
{
    char *copy = take(text.size() + 1);
    memcpy(copy, text.data(), text.size());
    copy[text.size()] = '\0';
    out = copy;
}
static void read(od::value v, const char *&out)
{
    keep(v.get_string(), out);
}

template <class T> static void read(od::value v, list<T> &out)
{
    static thread_local std::vector<T> pile;
    size_t base = pile.size();
    for (auto item : v.get_array()) {
        T one{};
        read(item.value(), one);
        pile.push_back(one);
    }
    out.count = pile.size() - base;
    out.items = reinterpret_cast<T *>(take(out.count * sizeof(T)));
    if (out.count != 0)
        memcpy(static_cast<void *>(out.items), pile.data() + base, out.count * sizeof(T));
    pile.resize(base);
}

template <class T> static void field(od::object &o, const char *name, T &out)
{
    read(o.find_field(name).value(), out);
}
template <class T> static void nullable(od::object &o, const char *name, T &out)
{
    od::value v = o.find_field(name).value();
    if (v.is_null())
        out = T{};
    else
        read(v, out);
}

/* -- the structs -- */

struct Task {
    const char *title, *note;
    bool done;
    int priority;
    int64_t due;
    list<const char *> tags;
};
static int64_t moment(const char *t) /* of the one form that the document has */
{
    auto two = [t](int at) { return (t[at] - '0') * 10 + (t[at + 1] - '0'); };
    int64_t y = two(0) * 100 + two(2), m = two(5), d = two(8);
    y -= m <= 2;
    int64_t era = y / 400, yoe = y - era * 400, doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t days = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
    return ((days * 24 + two(11)) * 60 + two(14)) * 60 + two(17);
}
static void read(od::value v, Task &t)
{
    od::object o = v.get_object();
    const char *due;
    field(o, "title", t.title), field(o, "note", t.note), field(o, "done", t.done);
    field(o, "priority", t.priority), field(o, "due", due), field(o, "tags", t.tags);
    t.due = moment(due) * 1000000;
}

struct Link {
    const char *url, *expanded_url;
    list<int32_t> indices;
};
static void read(od::value v, Link &l)
{
    od::object o = v.get_object();
    field(o, "url", l.url), field(o, "expanded_url", l.expanded_url), field(o, "indices", l.indices);
}
struct Hashtag {
    const char *text;
    list<int32_t> indices;
};
static void read(od::value v, Hashtag &h)
{
    od::object o = v.get_object();
    field(o, "text", h.text), field(o, "indices", h.indices);
}
struct Mention {
    const char *screen_name, *name;
    uint64_t id;
    const char *id_str;
    list<int32_t> indices;
};
static void read(od::value v, Mention &m)
{
    od::object o = v.get_object();
    field(o, "screen_name", m.screen_name), field(o, "name", m.name), field(o, "id", m.id);
    field(o, "id_str", m.id_str), field(o, "indices", m.indices);
}
struct Entities {
    list<Hashtag> hashtags;
    list<Link> urls;
    list<Mention> user_mentions;
};
static void read(od::value v, Entities &e)
{
    od::object o = v.get_object();
    field(o, "hashtags", e.hashtags), field(o, "urls", e.urls), field(o, "user_mentions", e.user_mentions);
}
struct Author {
    uint64_t id;
    const char *id_str, *name, *screen_name, *location, *description, *url;
    bool is_protected;
    int followers_count, friends_count, listed_count;
    const char *created_at;
    int favourites_count, utc_offset;
    bool geo_enabled, verified;
    int statuses_count;
    const char *lang, *profile_background_color, *profile_image_url;
    bool default_profile, following;
};
static void read(od::value v, Author &a)
{
    od::object o = v.get_object();
    field(o, "id", a.id), field(o, "id_str", a.id_str), field(o, "name", a.name);
    field(o, "screen_name", a.screen_name), field(o, "location", a.location);
    field(o, "description", a.description), nullable(o, "url", a.url), field(o, "protected", a.is_protected);
    field(o, "followers_count", a.followers_count), field(o, "friends_count", a.friends_count);
    field(o, "listed_count", a.listed_count), field(o, "created_at", a.created_at);
    field(o, "favourites_count", a.favourites_count), nullable(o, "utc_offset", a.utc_offset);
    field(o, "geo_enabled", a.geo_enabled), field(o, "verified", a.verified);
    field(o, "statuses_count", a.statuses_count), field(o, "lang", a.lang);
    field(o, "profile_background_color", a.profile_background_color);
    field(o, "profile_image_url", a.profile_image_url), field(o, "default_profile", a.default_profile);
    field(o, "following", a.following);
}
struct Tweet {
    const char *created_at;
    uint64_t id;
    const char *id_str, *text, *source;
    bool truncated;
    uint64_t in_reply_to_status_id;
    const char *in_reply_to_screen_name;
    Author user;
    std::string_view geo;
    int retweet_count, favorite_count;
    Entities entities;
    bool favorited, retweeted;
    const char *lang;
};
static void read(od::value v, Tweet &t)
{
    od::object o = v.get_object();
    field(o, "created_at", t.created_at), field(o, "id", t.id), field(o, "id_str", t.id_str);
    field(o, "text", t.text), field(o, "source", t.source), field(o, "truncated", t.truncated);
    nullable(o, "in_reply_to_status_id", t.in_reply_to_status_id);
    nullable(o, "in_reply_to_screen_name", t.in_reply_to_screen_name), field(o, "user", t.user);
    t.geo = o.find_field("geo").value().raw_json_token();
    field(o, "retweet_count", t.retweet_count), field(o, "favorite_count", t.favorite_count);
    field(o, "entities", t.entities), field(o, "favorited", t.favorited), field(o, "retweeted", t.retweeted);
    field(o, "lang", t.lang);
}
struct Timeline {
    list<Tweet> statuses;
    int count;
};
static void read(od::value v, Timeline &t)
{
    od::object o = v.get_object();
    field(o, "statuses", t.statuses), field(o, "count", t.count);
}

template <class T> struct entry {
    const char *key;
    T value;
};
template <class T> static void read(od::value v, list<entry<T>> &out)
{
    static thread_local std::vector<entry<T>> pile;
    pile.clear();
    for (auto member : v.get_object()) {
        entry<T> one{};
        keep(member.unescaped_key(), one.key);
        read(member.value(), one.value);
        pile.push_back(one);
    }
    out.count = pile.size();
    out.items = reinterpret_cast<entry<T> *>(take(out.count * sizeof(entry<T>)));
    memcpy(static_cast<void *>(out.items), pile.data(), out.count * sizeof(entry<T>));
}
struct Event {
    const char *description;
    int id;
    const char *logo, *name;
    list<int32_t> sub_topics;
    const char *subject_code, *subtitle;
    list<int32_t> topics;
};
static void read(od::value v, Event &e)
{
    od::object o = v.get_object();
    nullable(o, "description", e.description), field(o, "id", e.id), nullable(o, "logo", e.logo);
    field(o, "name", e.name), field(o, "subTopicIds", e.sub_topics),
        nullable(o, "subjectCode", e.subject_code);
    nullable(o, "subtitle", e.subtitle), field(o, "topicIds", e.topics);
}
struct Price {
    int amount, audience, seat;
};
static void read(od::value v, Price &p)
{
    od::object o = v.get_object();
    field(o, "amount", p.amount), field(o, "audienceSubCategoryId", p.audience),
        field(o, "seatCategoryId", p.seat);
}
struct Area {
    int id;
    list<int32_t> blocks;
};
static void read(od::value v, Area &a)
{
    od::object o = v.get_object();
    field(o, "areaId", a.id), field(o, "blockIds", a.blocks);
}
struct SeatCategory {
    list<Area> areas;
    int id;
};
static void read(od::value v, SeatCategory &s)
{
    od::object o = v.get_object();
    field(o, "areas", s.areas), field(o, "seatCategoryId", s.id);
}
struct Performance {
    int event, id;
    const char *logo, *name;
    list<Price> prices;
    list<SeatCategory> categories;
    const char *map;
    int64_t start;
    const char *venue;
};
static void read(od::value v, Performance &p)
{
    od::object o = v.get_object();
    field(o, "eventId", p.event), field(o, "id", p.id), nullable(o, "logo", p.logo),
        nullable(o, "name", p.name);
    field(o, "prices", p.prices), field(o, "seatCategories", p.categories),
        nullable(o, "seatMapImage", p.map);
    field(o, "start", p.start), field(o, "venueCode", p.venue);
}
struct Programme {
    list<entry<const char *>> areas;
    list<entry<Event>> events;
    list<Performance> performances;
};
static void read(od::value v, Programme &p)
{
    od::object o = v.get_object();
    field(o, "areaNames", p.areas), field(o, "events", p.events), field(o, "performances", p.performances);
}

struct Feature {
    const char *type, *name, *shape;
    list<list<list<double>>> coordinates;
};
static void read(od::value v, Feature &f)
{
    od::object o = v.get_object();
    field(o, "type", f.type);
    od::object properties = o.find_field("properties").get_object();
    field(properties, "name", f.name);
    od::object geometry = o.find_field("geometry").get_object();
    field(geometry, "type", f.shape), field(geometry, "coordinates", f.coordinates);
}
struct Country {
    const char *type;
    list<Feature> features;
};
static void read(od::value v, Country &c)
{
    od::object o = v.get_object();
    field(o, "type", c.type), field(o, "features", c.features);
}

/* -- measuring -- */

/** The least nanoseconds that one turn of `work` took. */
template <class F> static double least_ns(size_t bytes, double budget_ms, F work)
{
    using clock = std::chrono::steady_clock;
    size_t batch = bytes < (1 << 20) ? (1 << 20) / (bytes + 1) : 1;
    double best_ns = 1e18;
    for (auto start = clock::now();
         std::chrono::duration<double, std::milli>(clock::now() - start).count() < budget_ms;) {
        auto begin = clock::now();
        for (size_t i = 0; i < batch; i++)
            work();
        double ns = std::chrono::duration<double, std::nano>(clock::now() - begin).count() / double(batch);
        best_ns = ns < best_ns ? ns : best_ns;
    }
    return best_ns;
}

template <class T> static void measure(const std::string &folder, const char *label, double budget_ms)
{
    simdjson::padded_string text = simdjson::padded_string::load(folder + "/" + label + ".json");
    od::parser parser;
    simdjson::dom::parser tree_parser;
    double copied_ns = least_ns(text.size(), budget_ms, [&] {
        used = 0;
        T value{};
        od::document document = parser.iterate(text);
        read(document.get_value(), value);
    });
    double tree_ns = least_ns(text.size(), budget_ms, [&] { tree_parser.parse(text).value(); });
    printf("%-10s %8zu bytes %12.0f ns %8.0f MB/s; its tree alone %12.0f ns\n", label, text.size(), copied_ns,
           double(text.size()) * 1e3 / copied_ns, tree_ns);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("usage: bench_json_simdjson FOLDER [MILLISECONDS]\n", stderr);
        return 1;
    }
    double budget_ms = argc > 2 ? atof(argv[2]) : 500;
    measure<Task>(argv[1], "todo", budget_ms);
    measure<Timeline>(argv[1], "tweets", budget_ms);
    measure<Programme>(argv[1], "programme", budget_ms);
    measure<Country>(argv[1], "country", budget_ms);
    return 0;
}
