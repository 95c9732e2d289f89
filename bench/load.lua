-- What wrk sends and reports: `wrk -s load.lua URL -- DEPTH`.
-- Sends the plain request, DEPTH of them in one packet when DEPTH is above 1, and prints one line of JSON at the end.

function init(args)
    local depth = tonumber(args[1]) or 1
    if depth > 1 then
        local one = wrk.format("GET")
        local batch = string.rep(one, depth)
        request = function()
            return batch
        end
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
