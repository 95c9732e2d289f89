/** What the vector kits share: the table of header-name bytes, and the kits of each processor. */
#ifndef HTTP_SCAN_KITS_H
#define HTTP_SCAN_KITS_H

#include "http/scan/scan.h"

/* A byte is allowed in a header name when the bit of its high nibble is set in the row of its low nibble.
 * Bytes below 0x20 and from 0x80 on have no bit. */
#define NAMES_BY_LOW                                                                                         \
    0x3a, 0x3f, 0x3e, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3e, 0x3e, 0x3d, 0x15, 0x34, 0x15, 0x3d, 0x14
#define NAMES_BY_HIGH 0, 0, 1, 2, 4, 8, 16, 32, 0, 0, 0, 0, 0, 0, 0, 0

#if defined(__x86_64__)
extern const scan_kit scan_sse42, scan_avx2;
#elif defined(__aarch64__)
extern const scan_kit scan_neon;
#endif

#endif
