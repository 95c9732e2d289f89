-- A to-do to POST, for the figures of whole requests; reports as load.lua does.
dofile((debug.getinfo(1, "S").source:match("^@(.*)json/") or "bench/") .. "load.lua")
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"title":"Buy milk and bread on the way home","done":false}'
