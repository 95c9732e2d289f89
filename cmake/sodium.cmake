# libsodium, for sealed and signed values, sessions and passwords. The build needs its headers; the library is loaded when
# an application declares that it needs it.
tern_optional_library(SODIUM SODIUM libsodium 1.0.18 sodium.h sodium_init
    "libsodium 1.0.18 or newer (libsodium-dev) is not there: sessions and sealed values will be refused")
