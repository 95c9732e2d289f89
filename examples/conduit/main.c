#include "conduit.h"

int main(int argc, char **argv)
{
    return tern_run(make_app(), argc, argv);
}
