/** Tern, a web framework for C: the one header an application includes. */
#ifndef TERN_H
#define TERN_H

#include <tern/accept.h>
#include <tern/access.h>
#include <tern/app.h>
#include <tern/auth.h>
#include <tern/cache.h>
#include <tern/coding.h>
#include <tern/compress.h>
#include <tern/context.h>
#include <tern/data.h>
#include <tern/etag.h>
#include <tern/fetch.h>
#include <tern/formats.h>
#include <tern/identity.h>
#include <tern/json.h>
#include <tern/jwt.h>
#include <tern/limits.h>
#include <tern/log.h>
#include <tern/mail.h>
#include <tern/middleware.h>
#include <tern/model.h>
#include <tern/oidc.h>
#include <tern/openapi.h>
#include <tern/page.h>
#include <tern/part.h>
#include <tern/paths.h>
#include <tern/problem.h>
#include <tern/redis.h>
#include <tern/reply.h>
#include <tern/resource.h>
#include <tern/secret.h>
#include <tern/security.h>
#include <tern/shared.h>
#include <tern/sql.h>
#include <tern/sql_values.h>
#include <tern/static.h>
#include <tern/store.h>
#include <tern/str.h>
#include <tern/task.h>
#include <tern/timing.h>
#include <tern/tls.h>
#include <tern/upload.h>
#include <tern/value.h>

#endif
