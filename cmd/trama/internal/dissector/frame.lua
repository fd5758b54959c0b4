-- Frames: marks, escapes, checksums, and which message it is.

function M:size_on_wire(t, n)
  if not t or not t.block then
    return n
  end
  return n + math.floor((n + t.block - 1) / t.block) * (t.sum.width / 8)
end

-- rewrite puts the plain bytes of a part over the beginning of it.
function M:rewrite(t, start, after)
  local plain = {}
  if t.block then
    local wire, size = self.wire:sub(start + 1, after), t.sum.width / 8
    while #wire > 0 do
      local n = math.min(t.block, #wire - size)
      if n <= 0 then
        return self:say(start, "a block without checksum") ~= refused
      end
      local b = wire:sub(n + 1, n + size)
      local hi, lo = (t.little and W.little or W.big)(b)
      local whi, wlo = sum(t.sum, wire:sub(1, n))
      if (hi ~= whi or lo ~= wlo) and not self:wrong(start, t.sum, hi, lo, whi, wlo) then
        return false
      end
      plain[#plain + 1] = wire:sub(1, n)
      wire = wire:sub(n + size + 1)
    end
  else
    for i = start + 1, after do
      plain[#plain + 1] = string.char(W.bxor((self.data:byte(i) - (t.add or 0)) % 256, t.xor or 0))
    end
  end
  plain = table.concat(plain)
  self.data = self.data:sub(1, start) .. plain .. self.data:sub(start + #plain + 1)
  return true
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
  if from > to or to > #self.wire then
    return self:say(off, "checksum is wrong")
  end
  local hi, lo = sum(check.sum, self.wire:sub(from + 1, to))
  if hi ~= c.hi or lo ~= c.lo then
    if not self:wrong(off, check.sum, c.hi, c.lo, hi, lo) then
      return refused
    end
    c.check = self.wrongs[#self.wrongs]
  end
  return whole
end

-- unescape undoes byte stuffing; nothing when a sequence is none.
local function unescape(k, b)
  if not k.plain then
    k.plain, k.lead = {}, {}
    for _, e in ipairs(k.escapes) do
      k.plain[e.plain], k.lead[e.coded:sub(1, 1)] = true, true
    end
  end
  local out, i = {}, 1
  while i <= #b do
    local c = b:sub(i, i)
    if not k.lead[c] then
      if k.plain[c] then
        return nil
      end
      out[#out + 1] = c
      i = i + 1
    else
      local found = false
      for _, e in ipairs(k.escapes) do
        if b:sub(i, i + #e.coded - 1) == e.coded then
          out[#out + 1] = e.plain
          i, found = i + #e.coded, true
          break
        end
      end
      if not found then
        return nil
      end
    end
  end
  return table.concat(out)
end

-- delimit finds the content between the marks of a kind; total is the size of the frame with them.
function M:delimit(k, data)
  local last = k["end"]
  if not last then
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
  local at = data:sub(1, k.max):find(last, #start + 1, true)
  if not at then
    if #data >= k.max then
      return nil, 0, self:say(0, string.format("no end within %d bytes", k.max))
    end
    return nil, 0, self:starve()
  end
  local content, total = data:sub(#start + 1, at - 1), at - 1 + #last
  self.begins = #start
  if k.escapes then
    content = unescape(k, content)
    if not content then
      return nil, 0, self:say(0, "an escape sequence that is none")
    end
    self.escaped = true
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
    hi, lo = W.halves(self.regs[k.commandregister] or 0)
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
      if (way == "any" or way == one) and (k.direction == "any" or k.direction == one) then
        local m = setmetatable({ off = 0, depth = 0, index = 0, regs = {}, marks = {}, late = {}, cells = {}, wrongs = {}, begins = 0,
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

return { try = try, refused = refused, begun = begun, whole = whole, nibble = M.nibble, without_filler = M.without_filler }
