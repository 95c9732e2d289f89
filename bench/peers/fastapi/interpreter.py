"""Links the program, the shared library and the modules of the interpreter that runs this in the folder that is given."""

import os
import shutil
import sys
import sysconfig

# Other packages, the tests and what only compiling against Python needs are not shipped.
LEFT_OUT = ("site-packages", "dist-packages", "test", "__pycache__", "config-")


def parts():
    yield os.path.realpath(sys.executable)
    library = os.path.join(sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("INSTSONAME"))
    if not library.endswith(".a") and os.path.exists(library):
        yield library
    modules = sysconfig.get_path("stdlib")
    for name in os.listdir(modules):
        if not name.startswith(LEFT_OUT):
            yield os.path.join(modules, name)


def link_all(folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for part in parts():
        os.symlink(part, os.path.join(folder, os.path.basename(part)))


link_all(sys.argv[1])
