"""An authenticator app: reads the QR code of an SVG, and shows codes. One JSON request a line, one reply a line."""

import json
import re
import sys

import numpy
import pyotp
import zxingcpp

SCALE = 8


def read_qr(svg):
    size = int(re.search(r'viewBox="0 0 (\d+) \1"', svg).group(1))
    picture = numpy.full((size * SCALE, size * SCALE), 255, dtype=numpy.uint8)
    for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", svg):
        x, y, run = int(x), int(y), int(run)
        picture[y * SCALE:(y + 1) * SCALE, x * SCALE:(x + run) * SCALE] = 0
    return [found.text for found in zxingcpp.read_barcodes(picture)]


for line in sys.stdin:
    request = json.loads(line)
    if "svg" in request:
        reply = {"texts": read_qr(request["svg"])}
    elif "uri" in request:
        app = pyotp.parse_uri(request["uri"])
        reply = {"code": app.at(request["time"]), "name": app.name, "issuer": app.issuer, "secret": app.secret}
    else:
        reply = {"code": pyotp.TOTP(request["secret"].replace(" ", "")).at(request["time"])}
    print(json.dumps(reply), flush=True)
