/** Keys and certificates for tests: the key of RFC 7515 appendix A.3, a certificate for it (2026-01-01 to 2026-04-01,
 * example.org and www.example.org) whose identifiers are those of RFC 9773 section 4.1, and its issuer. */
#ifndef TESTS_ACME_SAMPLES_H
#define TESTS_ACME_SAMPLES_H

#define LEAF                                                                                                 \
    "-----BEGIN CERTIFICATE-----\n"                                                                          \
    "MIIBgTCCASagAwIBAgIFAIdlQyEwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwEcm9v\n"                                     \
    "dDAeFw0yNjAxMDEwMDAwMDBaFw0yNjA0MDEwMDAwMDBaMA8xDTALBgNVBAMMBGxl\n"                                     \
    "YWYwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAR/zc4ncPbEXUGDy+5v20t7WAcz\n"                                     \
    "NXvp7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWto28w\n"                                     \
    "bTAMBgNVHRMBAf8EAjAAMCcGA1UdEQQgMB6CC2V4YW1wbGUub3Jngg93d3cuZXhh\n"                                     \
    "bXBsZS5vcmcwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4ByNQwEwYDVR0l\n"                                     \
    "BAwwCgYIKwYBBQUHAwEwCgYIKoZIzj0EAwIDSQAwRgIhANXENrRpH29VqbC99HiA\n"                                     \
    "Pb68MqcgIClIKXVyRoFFmHCtAiEApoQTzZh/gM2agMqOsMsxn0Gb3LDy5ixl8igY\n"                                     \
    "kppwrK4=\n"                                                                                             \
    "-----END CERTIFICATE-----\n"

#define ROOT                                                                                                 \
    "-----BEGIN CERTIFICATE-----\n"                                                                          \
    "MIIBIDCBxqADAgECAgEBMAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBHJvb3QwHhcN\n"                                     \
    "MjAwMTAxMDAwMDAwWhcNNDAwMTAxMDAwMDAwWjAPMQ0wCwYDVQQDDARyb290MFkw\n"                                     \
    "EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEzxfUuGp+cQGwgcJ3bsde8E04SHDjvDtn\n"                                     \
    "sGPuTG/w+b+SK1Fko8BXFtJJcxBbzYyb4Qkrs0fcvV91PZIyb34ALaMTMBEwDwYD\n"                                     \
    "VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAnTYXLsz/zSqiAF7l879d\n"                                     \
    "3OYvRqWDpd7qHi6PWaP3KgwCIQDszoztS6/yJQBkyF7ycWpzLF5tw013bE2gjwa+\n"                                     \
    "PY7cNg==\n"                                                                                             \
    "-----END CERTIFICATE-----\n"

#define KEY                                                                                                  \
    "-----BEGIN PRIVATE KEY-----\n"                                                                          \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff\n"                                     \
    "H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp\n"                                     \
    "7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt\n"                                             \
    "-----END PRIVATE KEY-----\n"

#endif
