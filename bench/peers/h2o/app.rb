# The h2o peer: a Rack-like handler that the server's embedded mruby calls; files never come here.

JSON_TYPE = { "content-type" => "application/json" }
TEXT_TYPE = { "content-type" => "text/plain; charset=utf-8" }

def json(value)
  [200, JSON_TYPE, [JSON.generate(value)]]
end

def refuse(status, reason)
  [status, TEXT_TYPE, [reason]]
end

def unescape(text)
  text.gsub("+", " ").gsub(/%([0-9A-Fa-f]{2})/) { $1.to_i(16).chr }
end

def query_of(env)
  found = {}
  env["QUERY_STRING"].split("&").each do |pair|
    name, value = pair.split("=", 2)
    found[unescape(name)] = unescape(value || "")
  end
  found
end

def integer?(text)
  /\A-?[0-9]{1,9}\z/.match(text || "")
end

def show_user(env, id)
  query = query_of(env)
  return refuse(400, "id is not an integer") unless integer?(id)
  return refuse(400, "page is not an integer") unless integer?(query["page"])

  json("id" => id.to_i, "q" => query["q"], "page" => query["page"].to_i)
end

def upload(env)
  json("bytes" => env["rack.input"].read.bytesize)
end

proc do |env|
  path = env["PATH_INFO"]
  case env["REQUEST_METHOD"]
  when "GET"
    if path == "/"
      json("message" => "Hello, World!")
    elsif path == "/plaintext"
      [200, TEXT_TYPE, ["Hello, World!"]]
    elsif path.start_with?("/users/")
      show_user(env, path[7..-1])
    else
      refuse(404, "not found")
    end
  when "POST"
    path == "/upload" ? upload(env) : refuse(404, "not found")
  else
    refuse(405, "method not allowed")
  end
end
