#include "check.h"
TEST(x) {}
