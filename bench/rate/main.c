/**
 * rate: a constant rate of requests to a server on this machine, and what each had to wait from when it was
 * due.
 *
 *     rate --port P --rate R [--path /] [--method GET] [--type T --body FILE] [--connections N]
 *          [--duration S] [--warm-up S]
 *
 * Prints one line of JSON. One thread; the scripts in bench/ start it.
 */
#include "load.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

typedef struct options {
    const char *path, *method, *type, *body_file;
    long port, rate, connections, duration, warm_up;
} options;

static _Noreturn void usage(const char *message, const char *word)
{
    fprintf(stderr, "rate: %s '%s'; see the head of bench/rate/main.c\n", message, word);
    exit(2);
}

static long number(const char *flag, const char *text, long least, long most)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < least || value > most)
        usage("a number of another size is wanted behind", flag);
    return value;
}

static void parse(options *o, int argc, char **argv)
{
    const struct {
        const char *flag;
        const char **text;
        long *number, least, most;
    } table[] = {
        {"--path", &o->path, NULL, 0, 0},
        {"--method", &o->method, NULL, 0, 0},
        {"--type", &o->type, NULL, 0, 0},
        {"--body", &o->body_file, NULL, 0, 0},
        {"--port", NULL, &o->port, 1, 65535},
        {"--rate", NULL, &o->rate, 1, 10000000},
        {"--connections", NULL, &o->connections, 1, 60000},
        {"--duration", NULL, &o->duration, 1, 3600},
        {"--warm-up", NULL, &o->warm_up, 0, 60},
    };
    for (int i = 1; i < argc; i += 2) {
        bool is_known = false;
        for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
            if (strcmp(argv[i], table[k].flag) != 0)
                continue;
            is_known = true;
            if (i + 1 == argc)
                usage("nothing stands behind", argv[i]);
            if (table[k].text != NULL)
                *table[k].text = argv[i + 1];
            else
                *table[k].number = number(argv[i], argv[i + 1], table[k].least, table[k].most);
        }
        if (!is_known)
            usage("unknown flag", argv[i]);
    }
    if (o->port == 0 || o->rate == 0)
        usage("needed", "--port and --rate");
}

static char *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        usage("cannot read", path);
    long size = ftell(file);
    rewind(file);
    char *data = size < 0 ? NULL : malloc((size_t)size + 1);
    if (data == NULL || fread(data, 1, (size_t)size, file) != (size_t)size)
        usage("cannot read", path);
    fclose(file);
    *len = (size_t)size;
    return data;
}

/** The request's bytes, as they go over the wire each time. */
static char *make_request(const options *o, size_t *len)
{
    size_t body_len = 0;
    char *body = o->body_file == NULL ? NULL : read_file(o->body_file, &body_len);
    char fields[512] = "";
    if (body != NULL)
        snprintf(fields, sizeof fields, "Content-Type: %s\r\nContent-Length: %zu\r\n", o->type, body_len);
    size_t room = strlen(o->method) + strlen(o->path) + sizeof fields + 64 + body_len;
    char *request = malloc(room);
    if (request == NULL)
        exit(1);
    int head = snprintf(request, room, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%ld\r\n%s\r\n", o->method, o->path,
                        o->port, fields);
    if (body != NULL)
        memcpy(request + head, body, body_len);
    *len = (size_t)head + body_len;
    free(body);
    return request;
}

static void print(const load_result *r)
{
    static const struct {
        const char *name;
        double percent;
    } percentiles[] = {{"p50_us", 50}, {"p90_us", 90}, {"p99_us", 99}, {"p999_us", 99.9}};
    printf("{\"requests\": %llu, \"rate\": %.1f, \"avg_us\": %.1f", (unsigned long long)r->answered,
           r->seconds > 0 ? (double)r->answered / r->seconds : 0, histogram_mean(&r->latency_ns) / 1e3);
    for (size_t i = 0; i < sizeof percentiles / sizeof *percentiles; i++)
        printf(", \"%s\": %.1f", percentiles[i].name,
               (double)histogram_percentile(&r->latency_ns, percentiles[i].percent) / 1e3);
    if (r->status_errors != 0)
        for (size_t i = 0; i < sizeof percentiles / sizeof *percentiles; i++)
            printf(", \"ok_%s\": %.1f, \"refused_%s\": %.1f", percentiles[i].name,
                   (double)histogram_percentile(&r->ok_ns, percentiles[i].percent) / 1e3, percentiles[i].name,
                   (double)histogram_percentile(&r->refused_ns, percentiles[i].percent) / 1e3);
    printf(", \"max_us\": %.1f, \"unanswered\": %llu, \"socket_errors\": %llu, \"status_errors\": %llu}\n",
           (double)r->latency_ns.most / 1e3, (unsigned long long)r->unanswered, (unsigned long long)r->broken,
           (unsigned long long)r->status_errors);
}

int main(int argc, char **argv)
{
    options o = {.path = "/",
                 .method = "GET",
                 .type = "application/octet-stream",
                 .connections = 64,
                 .duration = 5,
                 .warm_up = 1};
    parse(&o, argc, argv);
    prctl(PR_SET_TIMERSLACK, 1UL); /* waits end when they are to, not up to 50 us later */
    load_plan plan = {.port = (uint16_t)o.port,
                      .connections = (size_t)o.connections,
                      .rate = (double)o.rate,
                      .warm_up_s = (double)o.warm_up,
                      .seconds = (double)o.duration};
    char *request = make_request(&o, &plan.request_len);
    plan.request = request;
    static load_result result;
    load_run(&plan, &result);
    free(request);
    print(&result);
    return 0;
}
