# libcurl, for calls to other services. The build needs its headers; the library is loaded at the first call, so
# programs that make none do not need it.
tern_optional_library(CURL CURL libcurl 7.87 curl/curl.h curl_multi_socket_action
    "libcurl 7.87 or newer (libcurl4-openssl-dev) is not there: tern_fetch will refuse every call")
