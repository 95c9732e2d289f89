-- What wrk sends and reports: `wrk -s load.lua URL -- [DEPTH [METHOD TYPE BODY_FILE]]`.
-- DEPTH requests go in one packet when it is above 1. Prints one line of JSON at the end.

function init(args)
    local depth = tonumber(args[1]) or 1
    if args[2] then
        wrk.method = args[2]
        wrk.headers["Content-Type"] = args[3]
        local file = assert(io.open(args[4], "rb"))
        wrk.body = file:read("*a")
        file:close()
    end
    local one = wrk.format()
    local batch = string.rep(one, depth)
    request = function()
        return batch
    end
end

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        'RESULT {"requests":%d,"duration_us":%d,"bytes":%d,"avg_us":%.2f,"p50_us":%d,"p99_us":%d,"max_us":%d,' ..
        '"socket_errors":%d,"status_errors":%d,"timeouts":%d}\n',
        summary.requests, summary.duration, summary.bytes, latency.mean, latency:percentile(50),
        latency:percentile(99), latency.max, errors.connect + errors.read + errors.write, errors.status,
        errors.timeout))
end
