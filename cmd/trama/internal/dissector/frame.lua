-- Frames: marks, escapes, checksums, and which message it is.

-- armours: bytes that are written in characters.
local function from_hex(b, digits)
  if #b % 2 == 1 or b:find("[^" .. digits .. "]") then
    return nil
  end
  return (b:gsub("..", function(d) return string.char(tonumber(d, 16)) end))
end

local function to_hex(b, form)
  return (b:gsub(".", function(c) return string.format(form, c:byte()) end))
end

local letters64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

-- from_base64 is strict: bits that fill up are zero; line breaks are passed over.
local function from_base64(b)
  b = b:gsub("[\r\n]", "")
  local body, fill = b:match("^([%w+/]*)(=?=?)$")
  if not body or #b % 4 ~= 0 or #fill > 0 and #body % 4 < 2 then
    return nil
  end
  local out, value, bits = {}, 0, 0
  for i = 1, #body do
    value = value * 64 + letters64:find(body:sub(i, i), 1, true) - 1
    bits = bits + 6
    if bits >= 8 then
      local unit = 2 ^ (bits - 8)
      out[#out + 1] = string.char(math.floor(value / unit))
      value, bits = value % unit, bits - 8
    end
  end
  if value ~= 0 then
    return nil
  end
  return table.concat(out)
end

local function to_base64(b)
  local out = {}
  for i = 1, #b, 3 do
    local a, c, d = b:byte(i, i + 2)
    local v = a * 65536 + (c or 0) * 256 + (d or 0)
    for k = 3, 0, -1 do
      local letter = math.floor(v / 64 ^ k) % 64 + 1
      out[#out + 1] = (k == 1 and not c or k == 0 and not d) and "=" or letters64:sub(letter, letter)
    end
  end
  return table.concat(out)
end

local armours = {
  HEX = { encode = function(b) return to_hex(b, "%02X") end, decode = function(b) return from_hex(b, "0-9A-F") end, size = function(n) return 2 * n end },
  hex = { encode = function(b) return to_hex(b, "%02x") end, decode = function(b) return from_hex(b, "0-9a-f") end, size = function(n) return 2 * n end },
  base64 = { encode = to_base64, decode = from_base64, size = function(n) return math.floor((n + 2) / 3) * 4 end },
}

function M:size_on_wire(t, n)
  if t and t.armour then
    return armours[t.armour].size(n)
  elseif not t or not t.block then
    return n
  end
  return n + math.floor((n + t.block - 1) / t.block) * math.floor(t.sum.width / 8)
end

-- blocks checks and drops the checksums between the bytes of a part.
function M:blocks(t, start, wire)
  local plain, size = {}, math.floor(t.sum.width / 8)
  while #wire > 0 do
    local n = math.min(t.block, #wire - size)
    if n <= 0 then
      self:say(start, "a block without checksum")
      return nil
    end
    local hi, lo = (t.little and W.little or W.big)(wire:sub(n + 1, n + size))
    local whi, wlo = sum(t.sum, wire:sub(1, n))
    if (hi ~= whi or lo ~= wlo) and not self:wrong(start, t.sum, hi, lo, whi, wlo) then
      return nil
    end
    plain[#plain + 1] = wire:sub(1, n)
    wire = wire:sub(n + size + 1)
  end
  return table.concat(plain)
end

-- reveal puts the plain bytes of a part in the place of those of the wire and says how many they are.
function M:reveal(t, start, after)
  local wire, plain = self.data:sub(start + 1, after), nil
  if t.armour then
    plain = armours[t.armour].decode(wire)
    if not plain or #plain > #wire then
      self:say(start, "not of the form in which bytes are written here")
      return nil
    end
  elseif t.block then
    plain = self:blocks(t, start, wire)
    if not plain then
      return nil
    end
  else
    plain = wire:gsub(".", function(c) return string.char(W.bxor((c:byte() - (t.add or 0)) % 256, t.xor or 0)) end)
  end
  self.data = self.data:sub(1, start) .. plain .. self.data:sub(start + #plain + 1)
  return #plain
end

-- wrong notes a checksum that does not hold; the lenient machine goes on, to show what there is.
function M:wrong(off, s, hi, lo, whi, wlo)
  local digits = math.floor(s.width / 4)
  local text = "checksum is wrong: found " .. W.hex(hi, lo, digits) .. ", computed " .. W.hex(whi, wlo, digits)
  if self.lenient then
    self.wrongs[#self.wrongs + 1] = text
    return true
  end
  self:say(off, text)
  self.sums_only = true
  return false
end

local hex_value = {}
for i = 0, 15 do
  hex_value[string.format("%x", i)], hex_value[string.format("%X", i)] = i, i
end

function M:checksum(n, o)
  if self.stop and o.size > self.stop - self.off then
    return self:say(self.off, string.format("%s: too short: %d left, %d needed", o.key, self.stop - self.off, o.size))
  end
  if o.size > #self.data - self.off then
    return self:starve()
  end
  local b = self.data:sub(self.off + 1, self.off + o.size)
  local hi, lo = 0, 0
  if n.check.hex then
    for i = 1, #b do
      local d = hex_value[b:sub(i, i)]
      if not d then
        return self:say(self.off, o.key .. ": not a hexadecimal digit")
      end
      hi, lo = W.shift_left(hi, lo, 4)
      lo = lo + d
    end
  else
    hi, lo = (o.little and W.little or W.big)(b)
  end
  local c, v = self:cell(n.field, self.off, o.size)
  if v ~= whole then
    return v
  end
  c.hi, c.lo, c.bytes, c.check = hi, lo, b, "good"
  if n.check.to == -1 then
    self.late[#self.late + 1] = { n.check, c, self.off }
  else
    v = self:verify(n.check, c, self.off)
  end
  self.off = self.off + o.size
  return v
end

function M:verify(check, c, off)
  local from, to = 0, off
  if check.from then
    from = self.marks[check.from] or 0
  end
  if check.to == -1 then
    to = self.off
  elseif check.to then
    to = self.marks[check.to] or 0
  end
  local over = self.plain > 0 and self.data or self.wire -- inside a part, the bytes are those that it stands for
  if from < 0 or from > to or to > #over then
    return self:say(off, "checksum is wrong")
  end
  local covered = check.wire and self:stretch(over:sub(1, off), from, to, check.back or 0) or over:sub(from + 1, to)
  local hi, lo = sum(check.sum, covered)
  if hi ~= c.hi or lo ~= c.lo then
    if not self:wrong(off, check.sum, c.hi, c.lo, hi, lo) then
      return refused
    end
    c.check = self.wrongs[#self.wrongs]
  end
  return whole
end

-- prepare makes the sets of bytes that are plain, and that begin a sequence; and says whether a mark begins like one.
local function prepare(k)
  if not k.plain then
    k.plain, k.lead = {}, {}
    for _, e in ipairs(k.escapes or {}) do
      k.plain[e.plain], k.lead[e.coded:sub(1, 1)] = e.coded, true
    end
    for _, mark in ipairs(k.ends) do
      k.steps = k.steps or k.lead[mark:sub(1, 1)]
    end
  end
end

-- sequence is the escape sequence at place i; begins says that one may begin there when more comes.
local function sequence(k, b, i)
  local begins = false
  for _, e in ipairs(k.escapes or {}) do
    if b:sub(i, i + #e.coded - 1) == e.coded then
      return e
    end
    begins = begins or e.coded:sub(1, #b - i + 1) == b:sub(i)
  end
  return nil, begins
end

-- find_end looks for the mark at the end from one byte on, in data.  Where one begins like an escape sequence, sequences
-- are stepped over; what is neither is none, which the third value says.
local function find_end(k, data, i)
  prepare(k)
  if not k.steps then
    local at, which
    for _, mark in ipairs(k.ends) do
      local found = data:find(mark, i, true)
      if found and (not at or found < at) then
        at, which = found, mark
      end
    end
    return at, which
  end
  while i <= #data do
    local e, open = sequence(k, data, i)
    if not e then
      for _, mark in ipairs(k.ends) do
        if data:sub(i, i + #mark - 1) == mark then
          return i, mark
        end
        open = open or mark:sub(1, #data - i + 1) == data:sub(i)
      end
      if not open and k.lead[data:sub(i, i)] then
        return nil, nil, true
      end
    end
    i = i + (e and #e.coded or 1)
  end
end

-- unescape undoes byte stuffing; nothing when a sequence is none.  At most so many bytes are made, if that is given; the
-- second value is the place behind what was read, the third says that more is to come.
local function unescape(k, b, i, most)
  prepare(k)
  local out = {}
  while i <= #b and #out ~= most do
    local c = b:sub(i, i)
    local e, open = sequence(k, b, i)
    if e then
      out[#out + 1] = e.plain
      i = i + #e.coded
    elseif k.lead[c] or k.plain[c] then
      return nil, i, open
    else
      out[#out + 1] = c
      i = i + 1
    end
  end
  return table.concat(out), i, most and #out < most
end

-- written is content as it stands on the wire.
local function written(k, b)
  if k.escapes then
    prepare(k)
    return (b:gsub(".", k.plain))
  elseif k.armour then
    return armours[k.armour].encode(b)
  end
  return b
end

-- stretch is bytes of a frame as they stand on the wire, from one place to another; the content ends so many bytes before
-- the end of b.
function M:stretch(b, from, to, back)
  local k = self.kind_of
  local n = #b - back
  local out = written(k, b:sub(math.min(from, n) + 1, math.min(to, n)))
  if back == 0 then
    return out
  end
  local kept = b:sub(n + 1, n + k.kept)
  if from <= n and to >= n + k.kept then
    out = out .. self.mark
  else
    out = out .. b:sub(math.max(from, n) + 1, math.min(to, n + k.kept))
  end
  n = n + #kept
  local after = b:sub(math.max(from, n) + 1, to)
  return out .. (k.stuffed and written(k, after) or after)
end

-- delimit finds the plain bytes of a frame: those between the marks, and what is kept of the last mark and behind it;
-- total is the size of the frame with them.
function M:delimit(k, data)
  if not k.ends then
    return data, 0, whole
  end
  local start = k.start or ""
  local have = data:sub(1, #start)
  if have ~= start:sub(1, #have) then
    return nil, 0, self:say(0, "not the mark that a frame begins with")
  end
  if #have < #start then
    return nil, 0, self:starve()
  end
  local at, mark, broken = find_end(k, data:sub(1, k.max), #start + 1)
  if broken then
    return nil, 0, self:say(0, "an escape sequence that is none")
  end
  if not at then
    if #data >= k.max then
      return nil, 0, self:say(0, string.format("no end within %d bytes", k.max))
    end
    return nil, 0, self:starve()
  end
  local content, total = data:sub(#start + 1, at - 1), at - 1 + #mark
  self.begins, self.mark, self.kind_of = #start, mark, k
  if k.escapes then
    content = unescape(k, content, 1)
    if not content then
      return nil, 0, self:say(0, "an escape sequence that is none")
    end
    self.escaped = true
  end
  if k.armour then
    content = armours[k.armour].decode(content)
    if not content then
      return nil, 0, self:say(#start, "not of the form in which bytes are written here")
    end
    self.escaped = true
  end
  if k.kept then
    self.escaped = self.escaped or k.kept < #mark
    content = content .. mark:sub(-k.kept)
    if k.markregister then
      self:keep(k.markregister, W.big(mark:sub(-k.kept)))
    end
  end
  if k.behind then
    local behind, i, more
    if k.stuffed then
      behind, i, more = unescape(k, data, total + 1, k.behind)
    else
      behind, i = data:sub(total + 1, total + k.behind), total + 1 + k.behind
      more = #behind < k.behind
    end
    if more then
      return nil, 0, self:starve()
    elseif not behind then
      return nil, 0, self:say(total, "an escape sequence that is none")
    end
    content, total = content .. behind, i - 1
    if total > k.max then
      return nil, 0, self:say(0, string.format("frame of %d bytes, allowed %d", total, k.max))
    end
  end
  return content, total, whole
end

-- body_end is where the body ends; nothing when only the body itself says so.
function M:body_end(k, total)
  local l = k.length
  if l then
    local from = 0
    if l.mark == -1 then
      from = self.off
    elseif l.mark then
      from = self.marks[l.mark] or 0
    end
    local value = self.regs[l.register] or 0
    local size = from + value - (l.add or 0) + (l.after or 0)
    if size > k.max or size < self.off + (k.tail or 0) or value < 0 or value > 2 ^ 40 then
      return nil, self:say(self.off, string.format("wrong length: it says %.0f", value))
    end
    if total > 0 and size ~= self.stop then
      return nil, self:say(self.off, string.format("wrong length: it says %d, the frame has %d bytes and not %d", value, self.stop, size))
    end
    self.stop = size
  end
  if not self.stop then
    return nil, whole
  end
  local stop = self.stop - (k.tail or 0)
  if stop < self.off then
    return nil, self:say(self.off, string.format("too short: %d bytes are missing", self.off - stop))
  end
  return stop, whole
end

-- choose finds the body: by direction, command, size and condition, in the order of the definition.
function M:choose(k)
  local hi, lo = 0, 0
  if k.command then
    hi, lo = self:kept(k.commandregister)
  end
  local known = false
  for _, s in ipairs(k.bodies or {}) do
    local fits = s.direction == "any" or s.direction == (self.up and "uplink" or "downlink")
    fits = fits and (not s.commands or W.has(s.commands, hi, lo))
    fits = fits and not (s.fallback and known)
    if fits then
      known = known or not s.fallback and s.commands ~= nil
      if self.stop then
        local size = self.stop - self.off
        fits = size >= (s.min or 0) and ((s.max or 0) < 0 or size <= (s.max or 0))
      end
    end
    if fits and s.when then
      local v, told = self:eval(s.when)
      if not told then
        return nil, begun
      end
      fits = v ~= 0
    end
    if fits then
      return s, whole
    end
  end
  if known then
    return nil, self:say(self.off, "no message of this command fits")
  end
  return nil, self:say(self.off, "unknown command")
end

-- frame walks one frame of a kind from the first byte of data.
function M:frame(k, data)
  local content, total, v = self:delimit(k, data)
  if v ~= whole then
    return 0, v
  end
  self.data, self.wire, self.stop = content, content, nil
  if total > 0 then
    self.stop = #content
  end
  v = self:nodes(k.header)
  if v ~= whole then
    return 0, v
  end
  local body
  body, v = self:body_end(k, total)
  if v ~= whole then
    return 0, v
  end
  local frame_end = self.stop
  self.stop = body
  local s
  s, v = self:choose(k)
  if v ~= whole then
    return 0, v
  end
  self.kind, self.body = k, s
  local start = self.off
  v = self:nodes(s.nodes)
  if v ~= whole then
    return 0, v
  end
  if k.bodymark then
    self.marks[k.bodymark], self.marks[k.bodymark + 1] = start, self.off
  end
  if body and self.off ~= body then
    return 0, self:say(self.off, string.format("wrong length: %d more than the layout has", body - self.off))
  end
  self.stop = frame_end
  v = self:nodes(k.trailer)
  if v ~= whole then
    return 0, v
  end
  for _, late in ipairs(self.late) do
    v = self:verify(late[1], late[2], late[3])
    if v ~= whole then
      return 0, v
    end
  end
  if self.stop and self.off ~= self.stop then
    return 0, self:say(self.off, string.format("too long: %d bytes are left over", self.stop - self.off))
  end
  if self.off > k.max or self.off == 0 then
    return 0, self:say(0, string.format("frame of %d bytes, allowed %d", self.off, k.max))
  end
  if total > 0 then
    return total, whole
  end
  return self.off, whole
end

-- try tries all kinds of frames at the first byte of data, one way ("uplink", "downlink") or both ("any").  It returns
-- the size, the verdict and the machine, which has the cells.
local function try(data, way, lenient, done)
  local worst
  for _, one in ipairs({ "uplink", "downlink" }) do
    for _, k in ipairs(plan.kinds) do
      local can = (way == "any" or way == one) and (k.direction == "any" or k.direction == one)
      if can and (not k.first or k.first:find(data:sub(1, 1), 1, true)) then
        local m = setmetatable({ off = 0, depth = 0, index = 0, regs = {}, big = {}, times = {}, tables = {}, marks = {}, late = {}, cells = {}, wrongs = {}, begins = 0, plain = 0,
          up = one == "uplink", lenient = lenient, done = done }, M)
        local n, v = m:frame(k, data)
        if v == begun and #data >= k.max then
          v = refused
        end
        if v ~= refused then
          return n, v, m
        end
        if m.bad and (not worst or m.bad_at > worst.bad_at) then
          worst = m
        end
      end
    end
  end
  return 0, refused, worst
end

return { try = try, refused = refused, begun = begun, whole = whole, nibble = M.nibble, without_filler = M.without_filler, part = M.part }
