-- Wireshark: the protocol, its fields, the stream.

local name = plan.name:gsub("%.", "_")
local title = (plan.title or plan.name) .. " (trama " .. plan.name .. ")"
local made, proto = false, nil
if #name > 1 then -- Wireshark wants two characters at least
  made, proto = pcall(Proto, name, title)
end
if not made then -- Wireshark has a protocol of this name
  name = "trama-" .. name
  proto = Proto(name, title)
end

local makers = {
  u32 = ProtoField.uint32, u64 = ProtoField.uint64, i32 = ProtoField.int32, i64 = ProtoField.int64, double = ProtoField.double,
  string = ProtoField.string, bytes = ProtoField.bytes, none = ProtoField.none,
}

local all = {}
local function declare(f)
  local abbr = name .. "." .. f.path
  local field
  if f.class == "time" then
    field = ProtoField.absolute_time(abbr, f.title, base.UTC)
  elseif f.class == "u32" or f.class == "u64" then
    local labels
    if f.labels then
      labels = {}
      for _, l in ipairs(f.labels) do
        labels[l.lo or 0] = l.label
      end
    end
    field = makers[f.class](abbr, f.title, f.hex and base.HEX or base.DEC, labels)
  elseif f.class == "i32" or f.class == "i64" then
    field = makers[f.class](abbr, f.title, base.DEC)
  else
    field = makers[f.class](abbr, f.title)
  end
  all[#all + 1] = field
  return field
end

local own = {
  message = declare({ path = "message", title = "Message", class = "string" }),
  direction = declare({ path = "direction", title = "Direction", class = "string" }),
  kind = declare({ path = "frame-kind", title = "Kind of frame", class = "string" }),
  noise = declare({ path = "no-frame", title = "Bytes that are no frame", class = "bytes" }),
  reason = declare({ path = "no-frame-reason", title = "Reason", class = "string" }),
}
local declared = {}
for i, f in ipairs(filters) do
  declared[i] = declare(f)
end
proto.fields = all

local expert = {
  sum = ProtoExpert.new(name .. ".checksum_wrong", "Checksum is wrong", expert.group.CHECKSUM, expert.severity.ERROR),
  noise = ProtoExpert.new(name .. ".no_frame", "Bytes that are no frame", expert.group.MALFORMED, expert.severity.WARN),
  time = ProtoExpert.new(name .. ".no_time", "A time that does not exist", expert.group.PROTOCOL, expert.severity.WARN),
}
proto.experts = { expert.sum, expert.noise, expert.time }

proto.prefs.ports = Pref.range("TCP ports of the server", ports, "Frames to these ports are uplink, those from them downlink", 65535)
proto.prefs.way = Pref.enum("Direction", 0, "Which way the frames travel", {
  { 1, "by the port", 0 }, { 2, "uplink", 1 }, { 3, "downlink", 2 }, { 4, "either", 3 },
}, false)

-- way that the bytes of a packet travel: the port by which Wireshark chose this protocol is the server's.
local function way_of(pinfo)
  local chosen = ({ "uplink", "downlink", "any" })[proto.prefs.way]
  if chosen then
    return chosen
  end
  local server = pinfo.match_uint
  if pinfo.dst_port == server and pinfo.src_port ~= server then
    return "uplink"
  elseif pinfo.src_port == server and pinfo.dst_port ~= server then
    return "downlink"
  end
  return "any"
end

---------------------------------------------------------------------------------------------------------------------
-- The tree

local function add_number(tree, filter, range, o, c)
  local class, field = filters[filter].class, declared[filter]
  if class == "double" then
    return tree:add(field, range, values.number(o, c))
  elseif class == "u64" then
    return tree:add(field, range, UInt64.new(c.lo, c.hi))
  elseif class == "i64" then
    local hi, lo = c.hi, c.lo
    if o.code == "bcd" and hi == 2147483648 and lo == 0 then
      hi = 0 -- minus zero
    end
    return tree:add(field, range, Int64.new(lo, hi))
  elseif class == "i32" then
    return tree:add(field, range, o.code == "bcd" and c.hi == 2147483648 and c.lo == 0 and 0 or W.signed(c.hi, c.lo))
  end
  return tree:add(field, range, c.lo)
end

local function add_time(tree, s, range, o, c)
  local at, ms, zone = values.time(o, c)
  if not at then
    local raw = values.raw(o, c)
    local item = tree:add(declared[s.aside], range, raw)
    item:add_proto_expert_info(expert.time)
    return item
  end
  local item = tree:add(declared[s.filter], range, NSTime.new(at, ms * 1000000))
  item:set_text(filters[s.filter].title .. ": " .. values.rfc3339(at, ms, zone))
  return item
end

-- add shows one field and returns its item.
local function add(tree, tvb, base_at, c)
  local o, s = plan.fields[c.field], shown[c.field]
  local f = filters[s.filter]
  local size = c.shown or c.size
  local range = tvb(math.min(base_at + c.off, tvb:len()), math.min(size, math.max(0, tvb:len() - base_at - c.off)))
  local item
  if c.missing then
    item = tree:add(declared[s.aside], range, c.part and c.missing or values.hex(c.bytes))
    item:append_text(" (no value)")
    return item
  elseif f.class == "none" then
    return tree:add(declared[s.filter], range)
  elseif f.class == "time" then
    return add_time(tree, s, range, o, c)
  elseif f.class == "bytes" then
    item = tree:add(declared[s.filter], range)
  elseif f.class == "string" then
    item = tree:add(declared[s.filter], range, values.text(o, c))
    if o.code == "ascii" and values.label(o, c) then
      item:append_text(" (" .. values.label(o, c) .. ")")
    end
  else
    item = add_number(tree, s.filter, range, o, c)
    local label = not f.labels and values.label(o, c)
    if label then
      item:append_text(" (" .. label .. ")")
    end
  end
  if o.unit then
    item:append_text(" " .. o.unit)
  end
  if o.code == "computed" then
    item:set_generated()
  end
  if c.check then
    local good = c.check == "good"
    item:append_text(good and " [correct]" or " [wrong]")
    item:add(declared[s.aside], range, good and "good" or "bad"):set_generated()
    if not good then
      item:add_proto_expert_info(expert.sum, c.check)
    end
  end
  return item
end

-- identity is the first field that says who the device is, as text.
local function identity(m)
  for _, c in ipairs(m.cells) do
    local o = plan.fields[c.field]
    if o.role == "identity" and not c.empty then
      if c.missing then
        return "-"
      elseif o.code == "group" then
        return values.hex(m.data:sub(c.off + 1, c.off + c.size))
      end
      return values.label(o, c) or values.text(o, c)
    end
  end
end

-- show puts a frame into the tree.
local function show(tvb, at, size, m, pinfo, root)
  local range = tvb(at, size)
  local who = identity(m)
  local what = m.body.name .. (who and " " .. who or "")
  local tree = root:add(proto, range)
  tree:set_text((plan.title or plan.name) .. ": " .. what)
  if m.body.title then
    tree:append_text(" (" .. m.body.title .. ")")
  end
  tree:add(own.message, range, m.body.name):set_generated()
  tree:add(own.direction, range, m.up and "uplink" or "downlink"):set_generated()
  if m.kind.name then
    tree:add(own.kind, range, m.kind.name):set_generated()
  end
  for _, text in ipairs(m.wrongs) do
    tree:add_proto_expert_info(expert.sum, text)
  end
  local bytes, base_at = tvb, at + m.begins
  if m.escaped or m.data ~= m.wire then -- what is decoded does not stand on the wire like that: a window of its own
    bytes, base_at = ByteArray.new(m.data, true):tvb("decoded " .. m.body.name), 0
  end
  local around, last = { [0] = tree }, nil
  for _, c in ipairs(m.cells) do
    if c.part then
      add(last, bytes, base_at, c)
    else
      last = add(around[c.depth], bytes, base_at, c)
      around[c.depth + 1] = last
    end
  end
  pinfo.cols.info:set(what .. "  ")
  pinfo.cols.info:fence()
end

-- show_noise says what stands between frames.  If it begins with a frame in which only checksums are wrong, the fields of
-- that are shown all the same, with bytes that may be noise or frames themselves.
local function show_noise(tvb, from, to, way, pinfo, root)
  local range = tvb(from, to - from)
  local data = tvb(from):bytes():raw()
  local n, verdict, m = machine.try(data, way, true)
  local tree = root:add(proto, range)
  tree:set_text(string.format("%s: %d bytes that are no frame", plan.title or plan.name, to - from))
  local item = tree:add(own.noise, range)
  if verdict == machine.whole and #m.wrongs > 0 then
    item:add_proto_expert_info(expert.sum, m.wrongs[1])
    tree:add(own.reason, range, m.wrongs[1]):set_generated()
    show(tvb, from, n, m, pinfo, tree)
    return
  end
  _, _, m = machine.try(data, way)
  local reason = m and m.bad or "no frame begins here"
  item:add_proto_expert_info(expert.noise, string.format("%d bytes that are no frame: %s", to - from, reason))
  tree:add(own.reason, range, reason):set_generated()
  pinfo.cols.info:set(string.format("[%d bytes that are no frame]  ", to - from))
  pinfo.cols.info:fence()
end

---------------------------------------------------------------------------------------------------------------------
-- The stream

local segment, connection = Field.new("tcp.len"), Field.new("tcp.stream")

local function last(field)
  local all = { field() }
  return #all > 0 and all[#all].value or 0
end

-- Where the bytes that are waited for begin among those of earlier segments, Wireshark comes back with these from their
-- first on, although some have been shown.  How many is remembered while packets are seen the first time; when they are
-- looked at again, it shows all such bytes in the last packet.
local pending = {}

function proto.init()
  pending = {}
end

-- already is how many bytes at the beginning of what now comes have been shown.
local function already(pinfo, flow)
  if pinfo.visited then
    return 0
  end
  local size = pending[flow] or 0
  pending[flow] = nil
  return size
end

function proto.dissector(tvb, pinfo, root)
  local data, way = tvb():bytes():raw(), way_of(pinfo)
  pinfo.cols.protocol:set(plan.name:upper())
  pinfo.cols.info:set("")
  local flow = last(connection) .. " " .. pinfo.src_port
  local done = already(pinfo, flow)
  local at, noise, waits, found = 0, 0, false, {}
  while at < #data do
    local n, verdict, m = machine.try(data:sub(at + 1), way)
    if verdict == machine.whole then
      found[#found + 1] = { noise = noise, at = at, size = n, machine = m }
      at = at + n
      noise = at
    elseif verdict == machine.begun then
      waits = true
      break
    else
      at = at + 1
    end
  end
  if waits then -- Wireshark comes back with all bytes from here on and those of the next segment
    pinfo.desegment_offset = at
    pinfo.desegment_len = DESEGMENT_ONE_MORE_SEGMENT
    if not pinfo.visited and at <= tvb:len() - last(segment) then
      pending[flow] = at
    end
  end
  for _, f in ipairs(found) do
    f.noise = math.max(f.noise, done)
    if f.noise < f.at then
      show_noise(tvb, f.noise, f.at, way, pinfo, root)
    end
    if f.at >= done then
      show(tvb, f.at, f.size, f.machine, pinfo, root)
    end
  end
  noise = math.max(noise, done)
  if noise < at then
    show_noise(tvb, noise, at, way, pinfo, root)
  end
end

local tcp = DissectorTable.get("tcp.port")
local registered = ""

local function register()
  local wanted = proto.prefs.ports
  if wanted == registered then
    return
  end
  if registered ~= "" then
    tcp:remove(registered, proto)
  end
  if wanted ~= "" then
    tcp:add(wanted, proto)
  end
  registered = wanted
end

function proto.prefs_changed()
  register()
end

tcp:add_for_decode_as(proto)
if ports ~= "" then
  tcp:add(ports, proto)
  registered = ports
end
