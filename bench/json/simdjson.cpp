// simdjson's contestant: on-demand parsing into structs like those that twins.h declares, with the
// checks that Tern makes on the way: no unknown, duplicate or missing key, integers that fit, the limits of the
// to-do.
//
// simdjson FOLDER DOCUMENT decode MILLISECONDS: prints nanoseconds of CPU for one document, and its bytes.
#include <simdjson.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <limits>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace od = simdjson::ondemand;

[[noreturn]] static void refuse(const char *why)
{
    throw std::runtime_error(why);
}

// Memory of one document, as a server gives it to a request: taken from a block that is kept.
struct Memory {
    std::vector<char> block = std::vector<char>(1 << 24);
    size_t used = 0;
    void *take(size_t bytes)
    {
        used = (used + 7) & ~size_t(7);
        if (bytes > block.size() - used)
            refuse("the block is too small");
        void *at = block.data() + used;
        used += bytes;
        return at;
    }
};
static Memory memory;

template <typename T> struct List {
    T *items;
    size_t count;
};
template <typename T> struct Entry {
    const char *key;
    T value;
};
template <typename T> struct Map {
    Entry<T> *entries;
    size_t count;
};
template <typename T> struct Maybe {
    T value;
    bool is_null;
};

static const char *keep(std::string_view text)
{
    char *copy = static_cast<char *>(memory.take(text.size() + 1));
    std::memcpy(copy, text.data(), text.size());
    copy[text.size()] = '\0';
    return copy;
}

// Lists grow in a buffer of their own nesting level and are moved to the memory when their length is known.
template <typename T> struct Growing {
    std::vector<std::unique_ptr<std::vector<T>>> levels;
    size_t depth = 0;
    std::vector<T> &open()
    {
        if (depth == levels.size())
            levels.push_back(std::make_unique<std::vector<T>>());
        levels[depth]->clear();
        return *levels[depth++];
    }
};
template <typename T> static Growing<T> growing;

template <typename T> static T *keep_all(std::vector<T> &items)
{
    T *kept = static_cast<T *>(memory.take(items.size() * sizeof(T)));
    if (!items.empty())
        std::memcpy(static_cast<void *>(kept), items.data(), items.size() * sizeof(T));
    growing<T>.depth--;
    return kept;
}

static void read(od::value v, const char *&out)
{
    out = keep(v.get_string());
}
static void read(od::value v, bool &out)
{
    out = v.get_bool();
}
static void read(od::value v, double &out)
{
    out = v.get_double();
}
static void read(od::value v, int64_t &out)
{
    out = v.get_int64();
}
static void read(od::value v, uint64_t &out)
{
    out = v.get_uint64();
}
static void read(od::value v, int32_t &out)
{
    int64_t wide = v.get_int64();
    if (wide < std::numeric_limits<int32_t>::min() || wide > std::numeric_limits<int32_t>::max())
        refuse("too big for 32 bits");
    out = static_cast<int32_t>(wide);
}
template <typename T> static void read(od::value v, Maybe<T> &out)
{
    out.is_null = v.is_null();
    if (out.is_null)
        out.value = T();
    else
        read(v, out.value);
}
template <typename T> static void read(od::value v, List<T> &out);
template <typename T> static void read(od::value v, Map<T> &out);

// Members arrive in the order of declaration as a rule: the expected key is asked first, then all.
template <typename T> struct Member {
    std::string_view key;
    void (*read)(od::value v, T &out);
};

template <typename T, size_t N> static void read_members(od::value v, T &out, const Member<T> (&members)[N])
{
    uint64_t seen = 0;
    size_t expected = 0;
    for (auto field : v.get_object()) {
        od::raw_json_string raw = field.key();
        size_t at = expected < N ? expected : 0;
        if (!raw.unsafe_is_equal(members[at].key))
            for (at = 0; at < N && !raw.unsafe_is_equal(members[at].key);)
                at++;
        if (at == N)
            refuse("unknown key");
        if (seen >> at & 1)
            refuse("duplicate key");
        seen |= uint64_t(1) << at;
        members[at].read(field.value(), out);
        expected = at + 1;
    }
    if (seen != (uint64_t(1) << N) - 1)
        refuse("missing key");
}

#define M(T, name)                                                                                           \
    {                                                                                                        \
#name, [](od::value v, T & out) { read(v, out.name); }                                               \
    }
#define M_AS(T, name, as)                                                                                    \
    {                                                                                                        \
        as, [](od::value v, T &out) { read(v, out.name); }                                                   \
    }
#define MODEL(T, ...)                                                                                        \
    static void read(od::value v, T &out)                                                                    \
    {                                                                                                        \
        static constexpr Member<T> members[] = {__VA_ARGS__};                                                \
        read_members(v, out, members);                                                                       \
    }

using Text = const char *;

struct DateTime {
    int64_t microseconds;
};

static int digits(const char *&at, int count)
{
    int value = 0;
    for (; count > 0; count--, at++) {
        if (*at < '0' || *at > '9')
            refuse("not a date and time");
        value = value * 10 + (*at - '0');
    }
    return value;
}
static void expect(const char *&at, char byte)
{
    if (*at++ != byte)
        refuse("not a date and time");
}

// RFC 3339 in UTC without fractions, which is all that the to-do has.
static void read(od::value v, DateTime &out)
{
    std::string_view text = v.get_string();
    if (text.size() != 20)
        refuse("not a date and time");
    const char *at = text.data();
    int year = digits(at, 4);
    expect(at, '-');
    int month = digits(at, 2);
    expect(at, '-');
    int day = digits(at, 2);
    expect(at, 'T');
    int hour = digits(at, 2);
    expect(at, ':');
    int minute = digits(at, 2);
    expect(at, ':');
    int second = digits(at, 2);
    expect(at, 'Z');
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leaps = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (month < 1 || month > 12 || day < 1 || day > lengths[month - 1] + (month == 2 && leaps) || hour > 23 ||
        minute > 59 || second > 59)
        refuse("no such date and time");
    int y = year - (month <= 2), era = y / 400, of_era = y - era * 400;
    int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t days = int64_t(era) * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
    out.microseconds = ((days * 24 + hour) * 60 + minute) * 60000000 + int64_t(second) * 1000000;
}

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += (static_cast<unsigned char>(*text) & 0xc0) != 0x80;
    return count;
}

struct Task {
    Text title, note;
    bool done;
    int32_t priority;
    DateTime due;
    List<Text> tags;
};
static void read(od::value v, Task &out)
{
    static constexpr Member<Task> members[] = {M(Task, title),    M(Task, note), M(Task, done),
                                               M(Task, priority), M(Task, due),  M(Task, tags)};
    read_members(v, out, members);
    size_t length = characters(out.title);
    if (length < 1 || length > 120 || out.priority < 0 || out.priority > 9 || out.tags.count > 10)
        refuse("a limit is broken");
}

struct Link {
    Text url, expanded_url;
    List<int32_t> indices;
};
MODEL(Link, M(Link, url), M(Link, expanded_url), M(Link, indices))

struct Hashtag {
    Text text;
    List<int32_t> indices;
};
MODEL(Hashtag, M(Hashtag, text), M(Hashtag, indices))

struct Mention {
    Text screen_name, name;
    uint64_t id;
    Text id_str;
    List<int32_t> indices;
};
MODEL(Mention, M(Mention, screen_name), M(Mention, name), M(Mention, id), M(Mention, id_str),
      M(Mention, indices))

struct Entities {
    List<Hashtag> hashtags;
    List<Link> urls;
    List<Mention> user_mentions;
};
MODEL(Entities, M(Entities, hashtags), M(Entities, urls), M(Entities, user_mentions))

struct Author {
    uint64_t id;
    Text id_str, name, screen_name, location, description;
    Maybe<Text> url;
    bool protected_;
    int32_t followers_count, friends_count, listed_count;
    Text created_at;
    int32_t favourites_count;
    Maybe<int32_t> utc_offset;
    bool geo_enabled, verified;
    int32_t statuses_count;
    Text lang, profile_background_color, profile_image_url;
    bool default_profile, following;
};
MODEL(Author, M(Author, id), M(Author, id_str), M(Author, name), M(Author, screen_name), M(Author, location),
      M(Author, description), M(Author, url), M_AS(Author, protected_, "protected"),
      M(Author, followers_count), M(Author, friends_count), M(Author, listed_count), M(Author, created_at),
      M(Author, favourites_count), M(Author, utc_offset), M(Author, geo_enabled), M(Author, verified),
      M(Author, statuses_count), M(Author, lang), M(Author, profile_background_color),
      M(Author, profile_image_url), M(Author, default_profile), M(Author, following))

struct Any {
    Text text;
};
static void read(od::value v, Any &out)
{
    out.text = keep(v.raw_json_token());
}

struct Tweet {
    Text created_at;
    uint64_t id;
    Text id_str, text, source;
    bool truncated;
    Maybe<uint64_t> in_reply_to_status_id;
    Maybe<Text> in_reply_to_screen_name;
    Author user;
    Maybe<Any> geo;
    int32_t retweet_count, favorite_count;
    Entities entities;
    bool favorited, retweeted;
    Text lang;
};
MODEL(Tweet, M(Tweet, created_at), M(Tweet, id), M(Tweet, id_str), M(Tweet, text), M(Tweet, source),
      M(Tweet, truncated), M(Tweet, in_reply_to_status_id), M(Tweet, in_reply_to_screen_name), M(Tweet, user),
      M(Tweet, geo), M(Tweet, retweet_count), M(Tweet, favorite_count), M(Tweet, entities),
      M(Tweet, favorited), M(Tweet, retweeted), M(Tweet, lang))

struct Timeline {
    List<Tweet> statuses;
    int32_t count;
};
MODEL(Timeline, M(Timeline, statuses), M(Timeline, count))

struct Event {
    Maybe<Text> description;
    int32_t id;
    Maybe<Text> logo;
    Text name;
    List<int32_t> subTopicIds;
    Maybe<Text> subjectCode, subtitle;
    List<int32_t> topicIds;
};
MODEL(Event, M(Event, description), M(Event, id), M(Event, logo), M(Event, name), M(Event, subTopicIds),
      M(Event, subjectCode), M(Event, subtitle), M(Event, topicIds))

struct Price {
    int32_t amount, audienceSubCategoryId, seatCategoryId;
};
MODEL(Price, M(Price, amount), M(Price, audienceSubCategoryId), M(Price, seatCategoryId))

struct Area {
    int32_t areaId;
    List<int32_t> blockIds;
};
MODEL(Area, M(Area, areaId), M(Area, blockIds))

struct SeatCategory {
    List<Area> areas;
    int32_t seatCategoryId;
};
MODEL(SeatCategory, M(SeatCategory, areas), M(SeatCategory, seatCategoryId))

struct Performance {
    int32_t eventId, id;
    Maybe<Text> logo, name;
    List<Price> prices;
    List<SeatCategory> seatCategories;
    Maybe<Text> seatMapImage;
    int64_t start;
    Text venueCode;
};
MODEL(Performance, M(Performance, eventId), M(Performance, id), M(Performance, logo), M(Performance, name),
      M(Performance, prices), M(Performance, seatCategories), M(Performance, seatMapImage),
      M(Performance, start), M(Performance, venueCode))

struct Programme {
    Map<Text> areaNames;
    Map<Event> events;
    List<Performance> performances;
};
MODEL(Programme, M(Programme, areaNames), M(Programme, events), M(Programme, performances))

struct Geometry {
    Text type;
    List<List<List<double>>> coordinates;
};
MODEL(Geometry, M(Geometry, type), M(Geometry, coordinates))

struct Properties {
    Text name;
};
MODEL(Properties, M(Properties, name))

struct Feature {
    Text type;
    Properties properties;
    Geometry geometry;
};
MODEL(Feature, M(Feature, type), M(Feature, properties), M(Feature, geometry))

struct Country {
    Text type;
    List<Feature> features;
};
MODEL(Country, M(Country, type), M(Country, features))

template <typename T> static void read(od::value v, List<T> &out)
{
    std::vector<T> &items = growing<T>.open();
    for (auto item : v.get_array()) {
        T one;
        read(item.value(), one);
        items.push_back(one);
    }
    out.count = items.size();
    out.items = keep_all(items);
}

template <typename T> static void read(od::value v, Map<T> &out)
{
    std::vector<Entry<T>> &items = growing<Entry<T>>.open();
    for (auto field : v.get_object()) {
        Entry<T> one;
        one.key = keep(field.unescaped_key());
        read(field.value(), one.value);
        items.push_back(one);
    }
    out.count = items.size();
    out.entries = keep_all(items);
}

template <typename T> static void read_document(od::parser &parser, simdjson::padded_string_view text, T &out)
{
    od::document document = parser.iterate(text);
    read(document.get_value().value(), out);
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS)
        refuse("more after the document");
}

static uint64_t cpu_ns()
{
    timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return uint64_t(now.tv_sec) * 1000000000 + uint64_t(now.tv_nsec);
}

template <typename T> static double measure(const std::string &text, uint64_t budget_ns)
{
    size_t step = text.size() + simdjson::SIMDJSON_PADDING;
    size_t batch = text.size() < (1 << 20) ? (1 << 20) / step + 1 : 1;
    std::vector<char> copies(batch * step);
    od::parser parser;
    uint64_t spent = 0, documents = 0;
    // As for Tern, each document of a batch lies elsewhere, freshly written; that is not timed.
    for (bool is_warm = false; spent < budget_ns; is_warm = true) {
        for (size_t i = 0; i < batch; i++)
            std::memcpy(&copies[i * step], text.data(), text.size());
        uint64_t start = cpu_ns();
        for (size_t i = 0; i < batch; i++) {
            T value;
            memory.used = 0;
            read_document(parser, simdjson::padded_string_view(&copies[i * step], text.size(), step), value);
        }
        if (is_warm) {
            spent += cpu_ns() - start;
            documents += batch;
        }
    }
    return double(spent) / double(documents);
}

int main(int argc, char **argv)
{
    if (argc != 5 || std::strcmp(argv[3], "decode") != 0) {
        std::fprintf(stderr, "usage: simdjson FOLDER DOCUMENT decode MILLISECONDS\n");
        return 2;
    }
    std::string document = argv[2];
    std::ifstream file(std::string(argv[1]) + "/" + document + ".json", std::ios::binary);
    std::stringstream content;
    content << file.rdbuf();
    std::string text = content.str();
    uint64_t budget_ns = std::strtoull(argv[4], nullptr, 10) * 1000000;
    try {
        double ns = document == "todo"        ? measure<Task>(text, budget_ns)
                    : document == "tweets"    ? measure<Timeline>(text, budget_ns)
                    : document == "programme" ? measure<Programme>(text, budget_ns)
                                              : measure<Country>(text, budget_ns);
        std::printf("%.1f %zu\n", ns, text.size());
    } catch (const std::exception &reason) {
        std::fprintf(stderr, "simdjson: %s: %s\n", argv[2], reason.what());
        return 1;
    }
    return 0;
}
