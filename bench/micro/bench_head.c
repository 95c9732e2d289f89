/* How long one request head takes to parse, with each scan kit.
 *
 * Usage: bench_head [ROUNDS [KIT]]   (default: 1000000 rounds with every kit) */
#include "base/clock.h"
#include "http/h1/head.h"
#include "http/scan/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *label, *text;
} requests[] = {
    {"wrk", "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"},
    {"browser",
     "GET /articles/2026/how-it-works?page=2&sort=new HTTP/1.1\r\nHost: www.example.org\r\n"
     "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
     "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
     "Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
     "Referer: https://www.example.org/articles\r\nConnection: keep-alive\r\n"
     "Cookie: session=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08; theme=dark\r\n"
     "Upgrade-Insecure-Requests: 1\r\nSec-Fetch-Mode: navigate\r\n\r\n"},
    {"post", "POST /todos HTTP/1.1\r\nHost: localhost:8000\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n"
             "Content-Type: application/json\r\nContent-Length: 27\r\n\r\n"},
};

static void measure(const scan_kit *kit, const char *label, const char *text, unsigned long rounds)
{
    static h1_head head;
    const http_head_limits limits = {.head_bytes = 16384, .target_bytes = 8192, .fields = HTTP_HEADERS_MAX};
    char data[4096];
    size_t len = strlen(text), used = 0;
    memcpy(data, text, len);
    scan_best = kit;
    uint64_t best_ns = UINT64_MAX;
    for (int turn = 0; turn < 5; turn++) {
        uint64_t start = clock_ns();
        for (unsigned long i = 0; i < rounds / 5; i++) {
            if (h1_head_parse(&head, &limits, data, len, &used) != H1_COMPLETE)
                abort();
            __asm__ volatile("" ::: "memory");
        }
        uint64_t took = clock_ns() - start;
        best_ns = took < best_ns ? took : best_ns;
    }
    printf("%-8s %-8s %4zu bytes %8.1f ns\n", kit->label, label, len,
           (double)best_ns / (double)(rounds / 5 != 0 ? rounds / 5 : 1));
}

int main(int argc, char **argv)
{
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    const scan_kit *kits[SCAN_KITS];
    unsigned count = scan_kits(kits);
    for (unsigned k = 0; k < count; k++)
        for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
            if (argc < 3 || strcmp(argv[2], kits[k]->label) == 0)
                measure(kits[k], requests[i].label, requests[i].text, rounds);
    return 0;
}
