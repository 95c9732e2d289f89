# src/tls: OpenSSL 3. Its libraries are loaded when a listener speaks TLS, so programs without one do not need them;
# its headers are needed here. Without them src/tls/without.c stands for the whole layer.
tern_optional_library(TLS OPENSSL openssl 3.0 openssl/ssl.h SSL_read_ex
    "OpenSSL 3 (libssl-dev, pkg-config) is not there: https listeners will be refused")
