-- The same for every profile: it walks the tables above, which are the description of the profile.

-- What ends a walk: more bytes are needed, or something that this script does not follow.  A text says what is wrong.
local MORE, OPAQUE = {}, {}

local function refuse(...) error({ why = string.format(...) }, 0) end

-- Numbers

-- number of bytes, exact up to 53 bits.
local function number(b, little)
  local v = 0
  for i = 1, #b do v = v * 256 + b:byte(little and #b - i + 1 or i) end
  return v
end

local function hex(b) return (b:gsub(".", function(c) return string.format("%02x", c:byte()) end)) end

local bxor = bit32 and bit32.bxor or load("return function(a, b) return a ~ b end")()

local function has(ranges, v)
  for _, r in ipairs(ranges) do if r[1] <= v and v <= r[2] then return true end end
  return false
end

local sums = {}

local function plain(b)
  local s = 0
  for i = 1, #b do s = s + b:byte(i) end
  return s
end

sums.sum8, sums.sum16, sums.sum32 = plain, plain, plain
sums.lrc8 = function(b) return -plain(b) end
sums["not-sum8"] = function(b) return 255 - plain(b) % 256 end
sums.xor8 = function(b)
  local s = 0
  for i = 1, #b do s = bxor(s, b:byte(i)) end
  return s
end

local function turned(v, width)
  local out = 0
  for _ = 1, width do out, v = out * 2 + v % 2, math.floor(v / 2) end
  return out
end

-- crc takes bit by bit, the highest first; bytes and result are turned round where the algorithm says so.
local function crc(s, b)
  local top, limit, v = 2 ^ (s.width - 1), 2 ^ s.width, s.init or 0 or 0
  b = b .. (s.extra or "")
  for i = 1, #b do
    local c = s.refin and turned(b:byte(i), 8) or b:byte(i)
    v = bxor(s.late and v * 256 % limit or v, c * 2 ^ (s.width - 8))
    for _ = 1, 8 do
      local carry = v >= top
      v = v * 2 % limit
      if carry then v = bxor(v, s.poly) end
    end
  end
  return s.refout and turned(v, s.width) or v
end

-- sum of bytes; nothing when this script does not know the algorithm.
local function sum(s, b)
  if s.name and sums[s.name] then
    local init, xor = s.init or 0, s.xor or 0
    return s.name == "xor8" and bxor(bxor(sums.xor8(b), init), xor) or bxor((sums[s.name](b) + init) % 2 ^ s.width, xor)
  elseif not s.name and s.width <= 32 then
    return bxor(crc(s, b), s.xor or 0)
  end
end

-- The walk

local M = {}
M.__index = M

-- What expressions are made of.
function M:v(register)
  if self.r[register] == false then error(OPAQUE, 0) end
  return self.r[register] or 0
end

function M:opaque() error(OPAQUE, 0) end
function M:remaining() return self.stop and self.stop - self.off or -1 end

function M:next()
  if self.stop and self.off >= self.stop then return -1 end
  self:need(1)
  return self.data:byte(self.off + 1)
end

-- ahead is whether the bytes of a text come next, or so many bytes on.
function M:ahead(text, skip)
  local from = self.off + math.max(skip or 0, 0)
  local inside = not self.stop or from + #text <= self.stop
  local have = self.data:sub(from + 1, inside and from + #text or self.stop)
  if have == text then return 1 end
  if inside and have == text:sub(1, #have) then error(MORE, 0) end
  return 0
end

local function t(truth) return truth and 1 or 0 end
local function div(a, b)
  local q = b == 0 and 0 or a / b
  return q < 0 and math.ceil(q) or math.floor(q)
end
local function mod(a, b) return b == 0 and 0 or math.fmod(a, b) end
local function shl(a, b) return a * 2 ^ b end
local function shr(a, b) return math.floor(a / 2 ^ b) end
local function band(a, b)
  local out, unit = 0, 1
  while a > 0 and b > 0 do
    if a % 2 == 1 and b % 2 == 1 then out = out + unit end
    a, b, unit = math.floor(a / 2), math.floor(b / 2), unit * 2
  end
  return out
end
local function bor(a, b) return a + b - band(a, b) end

function M:need(n)
  if n < 0 or self.stop and self.off + n > self.stop then refuse("too short: %d bytes needed", n) end
  if self.off + n > #self.data then error(MORE, 0) end
end

-- peek is the next bytes, fewer where the part ends.
function M:peek(n)
  local stop = math.min(self.off + n, self.stop or self.off + n)
  if stop > #self.data then error(MORE, 0) end
  return self.data:sub(self.off + 1, stop)
end

-- cell notes something that is shown.
function M:cell(c)
  c.depth, c.off, c.len = self.depth, c.off or self.off, c.len or 0
  self.cells[#self.cells + 1] = c
  return c
end

function M:nodes(list)
  for _, n in ipairs(list or {}) do self:node(n) end
end

function M:absent(n)
  for _, register in ipairs(n.clear or {}) do self.r[register] = 0 end
end

-- unknown notes that nobody knows what stands in nodes: they are in a part that is not followed.
function M:unknown(list)
  for _, n in ipairs(list or {}) do
    self.r[n.register or 0], self.r[n.counted or 0] = false, false
    self:unknown(n.bits)
    self:unknown(n.fields)
    for _, case in ipairs(n.cases or {}) do self:unknown(case.fields) end
  end
end

-- there is whether the condition of a node holds.  Of a computed value it need not be known: the walk goes on without it.
function M:there(n)
  local ok, v = pcall(n.when, self)
  if ok then return v ~= 0 end
  if v ~= OPAQUE or n.coding ~= "computed" then error(v, 0) end
end

function M:node(n)
  if n.asks then return self:absent(n) end
  local there = not n.when or self:there(n)
  if there == nil then return self:unknown({ n }) end
  if not there then return self:absent(n) end
  if n.before then
    if self:peek(#n.before) ~= n.before then
      if n.optional then return self:absent(n) end
      refuse("not the constant: found %s, expected %s", hex(self:peek(#n.before)), hex(n.before))
    end
    self.off = self.off + #n.before
  end
  if n.mark then self.marks[n.mark] = self.off end
  self[n.node](self, n)
  if n.mark then self.marks[n.mark + 1] = self.off end
end

-- size of a node with bounds of its own; nothing when only what is inside says it.
function M:size(n)
  if n.size then
    return n.size(self)
  elseif n.rest or n.node == "list" and not n.count and not n.stop and not n["until"] and self.stop then
    if not self.stop or (n.tail or 0) < 0 then error(OPAQUE, 0) end
    return self.stop - (n.tail or 0) - self.off
  elseif n["until"] then
    local at = self.data:sub(1, self.stop):find(n["until"], self.off + 1, true)
    if not at and not self.stop then error(MORE, 0) end
    return (at or refuse("no end of a field")) - 1 - self.off
  end
end

-- within walks up to a place, a node or all of the body.  What is not followed is shown as bytes, up to there.
function M:within(stop, walk, n)
  local outer, depth, index = self.stop, self.depth, self.index
  self.stop = stop or outer
  local ok, err = pcall(walk)
  if not ok then
    if err ~= OPAQUE or not stop then error(err, 0) end
    self.depth, self.index, self.left = depth, index, 0
    self:unknown({ n })
    if stop > self.off then
      self:cell({ opaque = true, len = stop - self.off })
      self.off = stop
    end
  elseif stop and self.off ~= stop then
    refuse("the part does not end where it should: %d bytes are left over", stop - self.off)
  end
  self.stop = outer
end

-- part walks a group, a list or a choice.
function M:part(n, walk)
  local size = self:size(n)
  if not size then return n.wire and self:opaque() or walk() end
  if n.wire and n.wire.block then
    size = size + math.ceil(size / n.wire.block) * n.wire.sum.width / 8
  elseif n.wire and n.wire.armour and n.size then
    size = n.wire.armour == "base64" and math.ceil(size / 3) * 4 or 2 * size
  end
  self:need(size)
  self:within(self.off + size, n.wire and M.opaque or walk, n)
  self.off = self.off + #(n["until"] or "")
end

function M:group(n)
  local c = n.f and self:cell({ f = n.f, role = n.role })
  self.depth = self.depth + (c and 1 or 0)
  self:part(n, function()
    if n.separator then self:opaque() end
    self:nodes(n.fields)
    if n.packed then
      if self.rest ~= 0 and self.left > 0 then refuse("bits up to the next byte that are not 0") end
      self.left = 0
    end
  end)
  if c then self.depth, c.len = self.depth - 1, self.off - c.off end
end

-- slice is a field of bits that need not begin with a byte: the byte before has self.left bits that are not taken yet,
-- of the value self.rest.
function M:slice(n)
  local v, have, off = 0, 0, self.left > 0 and self.off - 1 or self.off
  while have < n.width do
    if self.left == 0 then
      self:need(1)
      self.off, self.left, self.rest = self.off + 1, 8, self.data:byte(self.off + 1)
    end
    local take = math.min(n.width - have, self.left)
    local high = 2 ^ (self.left - take) -- what is left is below it
    if n.little then
      v, self.rest = v + self.rest % 2 ^ take * 2 ^ have, math.floor(self.rest / 2 ^ take)
    else
      v, self.rest = v * 2 ^ take + math.floor(self.rest / high), self.rest % high
    end
    have, self.left = have + take, self.left - take
  end
  if n.signed and v >= 2 ^ (n.width - 1) then v = v - 2 ^ n.width end
  local c = self:cell({ f = n.f, off = off, len = self.off - off, role = n.role, opaque = n.odd or n.width > 53 })
  self.r[n.register or 0] = not c.opaque and v
  if not c.opaque then self:num(n, v, c) end
end

function M:list(n)
  local c, outer = n.f and self:cell({ f = n.f }), self.index
  self.depth = self.depth + 1
  self:part(n, function()
    if n.separator or not n.count and not n.stop and not self.stop then self:opaque() end
    local i, count = 0, n.count and n.count(self)
    while count and i < count or not count and (n.stop and (i == 0 or n.stop(self) == 0) or not n.stop and self.off < self.stop) do
      self.index = i
      local from, left, element = self.off, self.left, not n.single and self:cell({ title = "[" .. i .. "]" })
      self.depth = self.depth + (element and 1 or 0)
      self:nodes(n.fields)
      if element then self.depth, element.len = self.depth - 1, self.off - from end
      i = i + 1
      if self.off == from and self.left == left and not count or i > 16384 then refuse("an element without bytes") end
    end
    self.r[n.counted or 0] = i
  end)
  self.depth, self.index = self.depth - 1, outer
  if c then c.len = self.off - c.off end
end

function M:choice(n)
  self:part(n, function()
    local on = n.on and n.on(self)
    for _, case in ipairs(n.cases) do
      if (not on or not case.ranges or has(case.ranges, on)) and (not case.when or not case.asks and case.when(self) ~= 0) then
        self:absent(n)
        return self:nodes(case.fields)
      end
    end
    if on and on > 9 then refuse("no branch for the value: %d (0x%02x)", on, on) end
    refuse("no branch for the value: %d", on or 0)
  end)
end

-- followed does what may ask for values that are not known: then the cell is not dissected.
function M:followed(work, c)
  local ok, err = pcall(work)
  if not ok and err ~= OPAQUE then error(err, 0) end
  c.opaque = c.opaque or not ok
end

-- computed is a value without bytes; what cannot be computed is not shown.
function M:computed(n)
  local c = { f = n.f, generated = true }
  self.r[n.register or 0] = false
  self:followed(function()
    local v = n.value and n.value(self)
    local on = not v and n.on(self)
    for _, row in ipairs(not v and n.cases or {}) do
      if not row.ranges or has(row.ranges, on) then
        v = row.value(self)
        break
      end
    end
    self.r[n.register or 0] = self:num(n, v or self:opaque(), c)
  end, c)
  if not c.opaque then self:cell(c) end
end

function M:field(n)
  if n.coding == "computed" or n.coding == "slice" then return self[n.coding](self, n) end
  local size = n.coding == "run" and #self.data:match("^%" .. n.fill .. "*", self.off + 1) or self:size(n) or n.bytes
  if n.coding == "run" then size = math.min(size, n.most) end
  if not size then self:opaque() end
  local b = self.data:sub(self.off + 1, self.off + size)
  self:plausible(n, b, size)
  self:need(size)
  local c = self:cell({ f = n.f, len = size, little = n.little, role = n.role })
  self.off = self.off + size + #(n["until"] or "")
  self.r[n.register or 0] = false
  if n.odd or n.column or n.layout and not n.zone then
    c.opaque = true
  elseif self:missing(n, b) then
    c.none = true
  else
    self:followed(function()
      local v = M[n.as == "count" and "time" or n.coding](self, n, b, c)
      self.r[n.register or 0] = v or false
      if v and n.value and n.value(self) ~= v then refuse("wrong value: %s: %s", n.key, v) end
    end, c)
  end
  for _, part in ipairs(n.bits or {}) do self:bits_of(part, n.little and b or b:reverse(), c) end
end

-- plausible refuses what has come of a field when nothing that may still come makes it right.
function M:plausible(n, b, size)
  local more = 256 ^ (size - #b)
  local lo = number(b) * more
  if n.want and b ~= n.want:sub(1, #b) then
    self:same(n, b)
  elseif n.ranges and n.coding == "uint" and not n.little and #b < size then
    for _, r in ipairs(n.ranges) do if lo <= r[2] and lo + more > r[1] then return end end
    refuse("out of range: %s", n.key)
  end
end

function M:missing(n, b)
  for _, p in ipairs(n.missing or {}) do if #b > 0 and b == (#p == 1 and p:rep(#b) or p) then return true end end
  return n.bad and hex(b):find("%a") ~= nil
end

-- bits_of is a part of a field of bits, whose bytes stand lowest first.
function M:bits_of(part, b, whole)
  local first = math.floor((part.shift or 0) / 8)
  local v = number(b:sub(first + 1, first + 6), true)
  v = math.floor(v / 2 ^ ((part.shift or 0) - first * 8)) % 2 ^ part.width
  if part.signed and v >= 2 ^ (part.width - 1) then v = v - 2 ^ part.width end
  self.r[part.register or 0] = not part.odd and v
  if not part.odd then
    self:num(part, v, self:cell({ f = part.f, off = whole.off, len = whole.len, role = part.role, inside = true }))
  end
end

-- num is a number of a field: allowed, named and scaled.
function M:num(n, v, c, native)
  if n.ranges and not has(n.ranges, v) then refuse("out of range: %s: %s", n.key, v) end
  for _, l in ipairs(n.enum or {}) do if (l.lo or 0) <= v and v <= (l.hi or 0) then c.label = l.label end end
  if n.scale then
    c.v = (v * n.scale[1] + n.scale[2]) / n.scale[3]
  elseif n.exponent then
    local e = n.exponent(self)
    c.v = e < 0 and v / 10 ^ -e or v * 10 ^ e
  elseif not native then -- else Wireshark reads it of the bytes
    c.v = v
  end
  return v
end

-- The codings return the number that expressions see, if there is one, and put what is shown into the cell.
function M:uint(n, b, c) return self:num(n, number(b, n.little), c, true) and #b <= 6 and number(b, n.little) end
M.bits = M.uint
M["int"] = function(self, n, b, c)
  local v = number(b, n.little)
  return self:num(n, v >= 2 ^ (8 * #b - 1) and v - 2 ^ (8 * #b) or v, c, true)
end

function M:float(n, b, c) self:num(n, Struct.unpack((n.little and "<" or ">") .. (#b == 4 and "f" or "d"), b), c) end

function M:bcd(n, b, c)
  local digits = hex(n.little and b:reverse() or b)
  return self:num(n, tonumber(digits:match("^%d+$") or refuse("not a decimal digit: %s", digits)), c)
end

function M:digits(n, b, c)
  local s = hex(n.little and b:reverse() or b)
  if n.filler then s = s:gsub(n.right and "^" .. n.filler .. "+" or n.filler .. "+$", "") end
  local more = n.digits and #s - n.digits or 0
  if more > 0 and not s:sub(1, more):find("[^0]") then s = s:sub(more + 1) end
  if not n.letters and s:find("%a") then refuse("not a decimal digit: %s", s) end
  self:same(n, b)
  c.v = s
end

function M:same(n, b)
  if n.want and b ~= n.want then refuse("not the constant: %s: found %s, expected %s", n.key, hex(b), hex(n.want)) end
end

function M:hex(n, b, c)
  self:same(n, b)
  c.v = n.reversed and b:reverse() or b
  return not n.reversed and #b <= 6 and number(b)
end

function M:text(n, b, c)
  self:same(n, b)
  for i = 1, n.chars and not n.charset and #b or 0 do
    if not n.chars:find(b:sub(i, i), 1, true) then refuse("not an allowed character: %s", hex(b)) end
  end
  local s, v = b, #b <= 6 and number(b)
  while n.pad and #s > 0 and s:sub(-1) == n.pad do s = s:sub(1, -2) end
  s = n.reversed and s:reverse() or s
  if v then self:num(n, v, c) end
  c.v, c.opaque = s, n.charset == "utf-16" or s:find("[^\032-\126]") ~= nil
  return v
end

function M:decimal(n, b, c)
  local v = self:num(n, tonumber(b:match("^ *[-+]?%d+%.?%d*$") or refuse("not a number: %s", hex(b))), c)
  return math.floor(v) == v and v
end

function M:run(n, b, c)
  c.v = #b
  return #b
end

-- days since 1970 of a date, by the rule of the Gregorian calendar.
local function days(y, m, d)
  y = m > 2 and y or y - 1
  local era = y % 400
  local doy = math.floor((153 * (m + (m > 2 and -3 or 9)) + 2) / 5) + d - 1
  return math.floor(y / 400) * 146097 + era * 365 + math.floor(era / 4) - math.floor(era / 100) + doy - 719468
end

function M:time(n, b, c)
  if n.as == "count" then
    local ms = number(b, n.little) * n.step
    c.v = NSTime.new((n.epoch or 0) + math.floor(ms / 1000), ms % 1000 * 1000000)
    return
  end
  local v, rest, binary = { YYYY = 0, YY = 0, MM = 1, DD = 1, hh = 0, mm = 0, ss = 0, SSS = 0 }, n.layout,
    n.as == "binary"
  local whole = n.reversed and b:reverse() or b
  whole = n.as == "bcd" and hex(whole) or whole
  while #rest > 0 do
    local word = rest:match("^YYYY") or rest:match("^SSS") or rest:match("^%a%a") or rest:sub(1, 1)
    local size = binary and (#word > 2 and 2 or 1) or #word
    local piece, here = whole:sub(1, size), v[word]
    v[word] = here and (binary and number(piece) or tonumber(piece:match("^%d+$")))
    if here and not v[word] or not here and piece ~= word then refuse("not a time: %s", hex(b)) end
    whole, rest = whole:sub(size + 1), rest:sub(#word + 1)
  end
  local y = n.layout:find("YYYY") and v.YYYY or 2000 + v.YY
  local february = y % 4 == 0 and (y % 100 ~= 0 or y % 400 == 0) and 29 or 28
  local length = ({ 31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 })[v.MM]
  c.none = not length or v.DD < 1 or v.DD > length or v.hh > 23 or v.mm > 59 or v.ss > 59 -- a time that does not exist
  if c.none then return end
  local seconds = n.zone == "local"
    and os.time({ year = y, month = v.MM, day = v.DD, hour = v.hh, min = v.mm, sec = v.ss })
    or days(y, v.MM, v.DD) * 86400 + v.hh * 3600 + v.mm * 60 + v.ss - n.zone
  c.v = NSTime.new(seconds, v.SSS * 1000000)
end

function M:checksum(n, b, c)
  local k, off = n.check, self.off - #b
  local found = k.hex and tonumber(b, 16) or not k.hex and number(b, n.little)
    or refuse("not a hexadecimal number: %s", hex(b))
  c.v = k.hex and b or nil
  local function verify()
    local from, to = k.from and self.marks[k.from] or 0, k.to and self.marks[k.to] or k.to ~= -1 and off or self.off
    local computed = not k.onwire and sum(k.sum, self.data:sub(from + 1, to))
    if computed and computed ~= found then
      local form = "%0" .. math.floor(k.sum.width / 4) .. "x"
      refuse("checksum is wrong: found " .. form .. ", computed " .. form, found, computed)
    end
    c.check = computed and "correct" or "not verified"
  end
  if k.to == -1 or k.from and not self.marks[k.from] or k.to and not self.marks[k.to] then -- it covers what comes later
    self.late[#self.late + 1] = verify
  else
    verify()
  end
  return found
end

-- Frames

-- delimit finds the bytes between the marks, as they are before byte stuffing, and the size of the frame.
local function delimit(k, data, m)
  local start = k.start or ""
  local have = data:sub(1, #start)
  if have ~= start:sub(1, #have) then refuse("not the mark that a frame begins with") end
  local coded = {}
  for _, e in ipairs(k.escapes or {}) do coded[e.coded] = e.plain end
  local i, out = #start + 1, {}
  while true do
    if i > #data then error(MORE, 0) end
    local step = 1
    for _, mark in ipairs(k.ends) do
      if data:sub(i, i + #mark - 1) == mark then
        local kept, total = mark:sub(#mark - (k.kept or 0) + 1), i - 1 + #mark + (k.behind or 0)
        if total > #data then error(MORE, 0) end
        m.escaped = m.escaped or #kept > 0 and #kept < #mark
        return table.concat(out) .. kept .. data:sub(i + #mark, total), total
      end
    end
    local c = data:sub(i, i)
    for sequence, byte in pairs(coded) do
      if data:sub(i, i + #sequence - 1) == sequence then c, step, m.escaped = byte, #sequence, true end
    end
    out[#out + 1], i = c, i + step
  end
end

for _, k in ipairs(kinds) do -- messages for whatever else there may be come last
  k.bodies = {}
  for _, late in ipairs({ false, true }) do
    for _, s in ipairs(messages) do
      if s.frame == k.name and (s.default or false) == late then k.bodies[#k.bodies + 1] = s end
    end
  end
end

-- body_end is where the body ends; nothing when only the body itself says so.
function M:body_end(k)
  local l, size = k.length, self.stop
  if l then
    local from = l.mark == -1 and self.off or l.mark and self.marks[l.mark] or 0
    size = from + self:v(l.register) - (l.add or 0) + (l.after or 0)
    if size > k.max or size < self.off + (k.tail or 0) or self.stop and size ~= self.stop then
      refuse("wrong length: it says %d", self:v(l.register))
    end
  end
  self.frame_end = size
  return size and size - (k.tail or 0)
end

function M:choose(k, stop)
  local command = k.command and self:v(k.command)
  local known, size = false, stop and stop - self.off
  for _, s in ipairs(k.bodies) do
    if (s.direction == "any" or s.direction == self.way) and (not s.ranges or has(s.ranges, command))
      and not (s.default and known) then
      known = known or s.ranges ~= nil and not s.default
      local fits = not size or size >= (s.min or 0) and (s.max == -1 or size <= (s.max or 0))
      if fits and (not s.when or s.when(self) ~= 0) then return s end
    end
  end
  refuse(known and "no message of this command fits" or "unknown command")
end

-- frame walks one frame of a kind from the first byte of data; of a kind of several sizes, what has come is one, or the
-- largest that fits.
local function frame(k, data, way, size)
  local fits
  for _, one in ipairs(not size and k.sizes or {}) do
    local m = one <= #data and frame(k, data:sub(1, one), way, one)
    if m and one == #data then return m end
    fits = fits or m or nil
  end
  if k.sizes and not size then
    if #data < k.sizes[1] then return nil, MORE end
    return fits, "no size fits", 0
  end
  local m = setmetatable({ off = 0, left = 0, depth = 0, index = 0, r = {}, marks = {}, late = {}, cells = {}, way = way,
    up = way == "uplink" and 1 or 0, data = data }, M)
  local ok, err = pcall(function()
    if k.ends then
      m.data, m.total = delimit(k, data, m)
      m.stop, m.begins = #m.data, #(k.start or "")
    end
    m.stop = m.stop or size
    m:nodes(k.header)
    local stop = m:body_end(k)
    m.stop = stop
    local start = m.off
    m:within(stop, function()
      m.body = m:choose(k, stop)
      m:nodes(m.body.fields)
    end)
    if k.body then m.marks[k.body], m.marks[k.body + 1] = start, m.off end
    m.stop = m.frame_end
    m:nodes(k.trailer)
    for _, verify in ipairs(m.late) do verify() end
    m.total = m.total or m.off
    if m.frame_end and m.off ~= m.frame_end or m.total > k.max or m.total == 0 then
      refuse("wrong length: %d bytes", m.total)
    end
  end)
  if ok then return m end
  if err == MORE and #data < k.max then return nil, MORE end
  return nil, type(err) == "table" and (err.why or "not dissected") or error(err, 0), m.off
end

-- Protected frames: without the key, nothing but their head can be shown.

local tags, proto = { [0] = 0, [0x10] = 0, [0x11] = 0, [0x20] = 8, [0x21] = 16 }, nil
local function decimal(c) return c < 0xa0 and c % 16 < 10 end

-- protected finds a protected frame at the first byte of data.
local function protected(data, way)
  local s, b, crc24 = security, { data:byte(1, 16) }, { width = 24, poly = 0x864cfb, init = 0xb704ce }
  for i = 1, s and math.min(#b, 11) or 0 do
    if i == 3 and b[3] == 0 or i == 4 and not tags[b[4]] or (i < 4 or i > 7) and not decimal(b[i]) then return nil end
  end
  if not s or tonumber(hex(data:sub(1, 1))) * 100 > s.max + 22 then return nil end
  if #b == 1 then return nil, MORE end
  local n, suite = 7 + tonumber(hex(data:sub(1, 2))), b[4]
  local tag = tags[suite or 0x21]
  local more = tag > 0 and 5 + tag or suite == 0x11 and 2 or 0
  if n < s.header + (suite and more or 0) or n > s.max + more + (tag > 0 and 8 or suite > 0 and 3 or 0) then return nil end
  local weak = suite == 0x10 or suite == 0x11
  if weak and not proto.prefs.weak or suite == 0 and data:sub(5, 7) == "\0\0\0" then return nil end
  for _, at in ipairs(suite and tag == 0 and s.digits or {}) do
    if #data > at and not decimal(data:byte(at + 1)) then return nil end
  end
  if suite and tag == 0 and #data > s.command and not s.letters:find(data:sub(s.command + 1, s.command + 1), 1, true) then return nil end
  if #data < n then return nil, MORE end
  if not weak and sum(crc24, data:sub(1, 4) .. "\0\0\0" .. data:sub(8, n)) ~= number(data:sub(5, 7)) then return nil end
  local from = tag > 0 and (b[12] >= 128 and "downlink" or "uplink") or way
  if way ~= "any" and from ~= way then return nil end
  local m = setmetatable({ off = 0, left = 0, depth = 0, index = 0, r = {}, marks = {}, cells = {}, way = from, data = data, total = n }, M)
  for i = 1, 5 do -- the fields of the head, whatever plain frames have there
    m:node(setmetatable({ ranges = false, want = false }, { __index = kinds[1].header[i] }))
  end
  local name = string.format("protected, suite %02x", suite)
  if tag > 0 then
    local epoch = string.format("epoch %d, counter %d", b[12] % 64, number(data:sub(13, 16)))
    m:cell({ title = (b[12] % 128 >= 64 and "key of the connection, " or "") .. epoch, len = 5 })
    m:cell({ title = "encrypted data", off = 16, len = n - 16 - tag })
    m:cell({ title = "tag", off = n - tag, len = tag })
    name = name .. ", " .. epoch
  elseif suite == 0x11 then
    m:cell({ title = "header in clear", len = s.result - 10 })
    m:cell({ title = "encrypted data", off = s.result + 1, len = n - s.result - 1 })
  else
    m:cell({ title = "data in clear", len = n - 11 })
  end
  m.body = { name = name }
  return m
end

-- try tries all kinds of frames at the first byte of data.
local function try(data, way)
  local why, furthest = "no frame begins here", -1
  for _, one in ipairs({ "uplink", "downlink" }) do
    for _, k in ipairs(kinds) do
      if (way == "any" or way == one) and (k.direction == "any" or k.direction == one) then
        local m, err, off = frame(k, data, one)
        if m or err == MORE then return m, err end
        if off > furthest then why, furthest = err, off end
      end
    end
  end
  local m, err = protected(data, way)
  return m, err or why
end

-- What Wireshark shows

local name = profile:gsub("%.", "_")
local made = false
if #name > 1 then -- Wireshark wants two characters at least
  made, proto = pcall(Proto, name, title .. " (trama " .. profile .. ")")
end
if not made then -- Wireshark has a protocol of this name
  name = "trama-" .. name
  proto = Proto(name, title .. " (trama " .. profile .. ")")
end

local all, own = {}, {}
for i, f in ipairs(fields) do
  local abbr = name .. "." .. f[1]
  all[i] = f[3] == "time" and ProtoField.absolute_time(abbr, f[2], base.UTC) or ProtoField[f[3]](abbr, f[2])
end
for key, f in pairs({ message = { "Message", "string" }, direction = { "Direction", "string" },
  ["no-frame-reason"] = { "Reason", "string" },
  ["no-frame"] = { "Bytes that are no frame", "bytes" }, ["not-dissected"] = { "not dissected", "bytes" } }) do
  own[key] = ProtoField[f[2]](name .. "." .. key, f[1])
  all[#all + 1] = own[key]
end
proto.fields = all

local wrong = ProtoExpert.new(name .. ".wrong", "Bytes that are no frame", expert.group.MALFORMED, expert.severity.WARN)
proto.experts = { wrong }
proto.prefs.ports = Pref.range("TCP ports of the server", ports,
  "Frames to these ports are uplink, those from them downlink", 65535)
proto.prefs.way = Pref.enum("Direction", 0, "Which way the frames travel", {
  { 1, "by the port", 0 }, { 2, "uplink", 1 }, { 3, "downlink", 2 }, { 4, "either", 3 },
}, false)

if security then
  proto.prefs.weak = Pref.bool("Suites 10 and 11", false, "Look for frames of weak suites too: nothing but their tag tells them from other bytes")
end

-- way_of is the direction: the port by which Wireshark chose this protocol is the server's.
local function way_of(pinfo)
  local server = pinfo.match_uint
  return ({ "uplink", "downlink", "any" })[proto.prefs.way]
    or pinfo.dst_port == server and pinfo.src_port ~= server and "uplink"
    or pinfo.src_port == server and pinfo.dst_port ~= server and "downlink" or "any"
end

-- add shows one cell and returns its item.
local function add(tree, bytes, begins, c)
  local at = math.min(begins + c.off, bytes:len())
  local range = bytes(at, math.min(c.len, bytes:len() - at))
  local f, item = fields[c.f or 0], nil
  if c.title then
    return tree:add(range, c.title)
  elseif c.opaque or c.none then
    item = tree:add(own["not-dissected"], range)
    item:prepend_text((f and f[2] .. ": " or "") .. (c.none and "no value, " or ""))
    return item
  elseif f[3] == "none" or f[3] == "bytes" and c.v == nil then
    return tree:add(all[c.f], range)
  elseif c.v == nil then
    item = c.little and tree:add_le(all[c.f], range) or tree:add(all[c.f], range)
  else
    item = tree:add(all[c.f], range, f[3] == "uint64" and UInt64.new(c.v) or f[3] == "int64" and Int64.new(c.v) or c.v)
  end
  item:append_text((c.label and " (" .. c.label .. ")" or "") .. (f[4]) .. (c.check and " [" .. c.check .. "]" or ""))
  if c.generated then item:set_generated() end
  return item
end

-- show puts a frame into the tree.
local function show(tvb, at, m, pinfo, root)
  local range, who = tvb(at, m.total), nil
  local bytes, begins = tvb, at + (m.begins or 0)
  if m.escaped then -- what is decoded does not stand on the wire like that: a window of its own
    bytes, begins = ByteArray.new(m.data, true):tvb("decoded"), 0
  end
  local tree = root:add(proto, range)
  tree:add(own.message, range, m.body and m.body.name or "not dissected"):set_generated()
  tree:add(own.direction, range, m.way):set_generated()
  local around, last = { [0] = tree }, nil
  for _, c in ipairs(m.cells) do
    local item = add(c.inside and last or around[c.depth], bytes, begins, c)
    if not c.inside then last, around[c.depth + 1] = item, item end
    if c.role == "identity" and not who and not c.none then
      local b = m.data:sub(c.off + 1, c.off + c.len)
      who = fields[c.f][3] == "string" and c.v or fields[c.f][3] == "uint64" and tostring(number(b, c.little)) or hex(b)
    end
  end
  local what = (m.body and m.body.name or "not dissected") .. (who and " " .. who or "")
  tree:set_text(title .. ": " .. what)
  pinfo.cols.info:set(what .. "  ")
  pinfo.cols.info:fence()
end

-- show_noise says what stands between frames.
local function show_noise(tvb, from, to, way, pinfo, root)
  local range = tvb(from, to - from)
  local _, reason = try(tvb(from):bytes():raw(), way)
  reason = type(reason) == "string" and reason or "no frame begins here"
  local tree = root:add(proto, range)
  tree:set_text(string.format("%s: %d bytes that are no frame", title, to - from))
  local item = tree:add(own["no-frame"], range)
  item:add_proto_expert_info(wrong, reason)
  tree:add(own["no-frame-reason"], range, reason):set_generated()
  pinfo.cols.info:set(string.format("[%d bytes that are no frame]  ", to - from))
  pinfo.cols.info:fence()
end

local segment, connection = Field.new("tcp.len"), Field.new("tcp.stream")

local function last(field)
  local found = { field() }
  return #found > 0 and found[#found].value or 0
end

-- Where the bytes that are waited for begin among those of earlier segments, Wireshark comes back with these from their
-- first on, although some have been shown.  How many is remembered while packets are seen the first time.
local pending = {}

function proto.init() pending = {} end

function proto.dissector(tvb, pinfo, root)
  local data, way = tvb():bytes():raw(), way_of(pinfo)
  pinfo.cols.protocol:set(profile:upper())
  pinfo.cols.info:set("")
  local flow = last(connection) .. " " .. pinfo.src_port
  local done = not pinfo.visited and pending[flow] or 0
  pending[flow] = pinfo.visited and pending[flow] or nil
  local at, noise, found = 0, 0, {}
  while at < #data do
    local m, err = try(data:sub(at + 1), way)
    if m then
      found[#found + 1] = { noise = noise, at = at, m = m }
      at = at + m.total
      noise = at
    elseif err == MORE then -- Wireshark comes back with all bytes from here on and those of the next segment
      pinfo.desegment_offset = at
      pinfo.desegment_len = DESEGMENT_ONE_MORE_SEGMENT
      if not pinfo.visited and at <= tvb:len() - last(segment) then pending[flow] = at end
      break
    else
      at = at + 1
    end
  end
  found[#found + 1] = { noise = noise, at = at }
  for _, f in ipairs(found) do
    f.noise = math.max(f.noise, done)
    if f.noise < f.at then show_noise(tvb, f.noise, f.at, way, pinfo, root) end
    if f.m and f.at >= done then show(tvb, f.at, f.m, pinfo, root) end
  end
end

local tcp, registered = DissectorTable.get("tcp.port"), ""

function proto.prefs_changed()
  if proto.prefs.ports ~= registered then
    if registered ~= "" then tcp:remove(registered, proto) end
    registered = proto.prefs.ports
    if registered ~= "" then tcp:add(registered, proto) end
  end
end

tcp:add_for_decode_as(proto)
if ports ~= "" then
  tcp:add(ports, proto)
  registered = ports
end
