"""Python's side of scripts/bench-fetch: httpx.AsyncClient, with connections kept."""

import asyncio
import json
import resource
import sys

import httpx


def cpu_s():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def main(url, at_once, calls):
    limits = httpx.Limits(max_connections=1000, max_keepalive_connections=1000)
    async with httpx.AsyncClient(limits=limits, timeout=30) as client:
        async def some():
            for _ in range(calls // at_once):
                (await client.get(url)).raise_for_status()
        before = cpu_s()
        await asyncio.gather(*(some() for _ in range(at_once)))
        print(json.dumps({"cpu_s": cpu_s() - before, "failed": 0}))


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
