/** Pages of a login: what a browser shows where a program gets a problem. */
#ifndef AUTH_LOGIN_PAGE_H
#define AUTH_LOGIN_PAGE_H

#include "auth/login/provider.h"

/** Middleware around the routes of a login: gives refusals the form of a page where a browser navigates. */
tern_middleware login_pages(void);

#endif
