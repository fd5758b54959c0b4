-- Leaves: how the bytes of one field are read.

-- nibble k of b, counted from the most significant digit of the value, 0 being the first.
local function nibble(o, b, k)
  local at = math.floor(k / 2)
  if o.little then
    at = #b - 1 - at
  end
  local high = k % 2 == 0
  if o.form and o.form.swapped then
    high = not high
  end
  local c = b:byte(at + 1)
  if high then
    return math.floor(c / 16)
  end
  return c % 16
end
M.nibble = nibble

local function all_digits(b)
  for i = 1, #b do
    local c = b:byte(i)
    if c % 16 > 9 or c > 0x99 then
      return false
    end
  end
  return true
end
M.all_digits = all_digits

-- word is the number that the bytes make, in the order of the field.
local function word(o, b)
  local swap = o.form and o.form.swap
  if swap and #swap == #b then
    local out = {}
    for i, from in ipairs(swap) do
      out[i] = b:sub(from + 1, from + 1)
    end
    return W.big(table.concat(out))
  end
  if o.little then
    return W.little(b)
  end
  return W.big(b)
end

-- digits reads packed digits as a number, with its sign; nothing when they are none.
local function digits(o, b)
  local n, first, negative = #b * 2, 0, false
  local f = o.form
  if f and n > 0 then
    local minus = f.minus or {}
    if f.minusbit and nibble(o, b, 0) >= 8 then
      negative = true
    elseif #minus > 0 and n >= #minus then
      negative = true
      for i, d in ipairs(minus) do
        negative = negative and nibble(o, b, i - 1) == d
      end
      if negative then
        first = #minus
      end
    end
  end
  local hi, lo = 0, 0
  for i = first, n - 1 do
    local d = nibble(o, b, i)
    if i == 0 and negative and first == 0 then
      d = d % 8
    end
    if d > 9 or W.compare(hi, lo, 214748364, 3435973835) > 0 then
      return nil
    end
    hi, lo = W.ten(hi, lo, d)
  end
  if negative then
    if hi == 0 and lo == 0 then
      return 2147483648, 0 -- minus zero
    end
    return W.negate(hi, lo)
  end
  return hi, lo
end

-- key makes signed values comparable as unsigned ones.
local function allows(o, hi, lo)
  if not o.ranges then
    return true
  end
  if o.code == "int" or o.form and o.signed then
    hi = hi >= 2147483648 and hi - 2147483648 or hi + 2147483648
  end
  return W.has(o.ranges, hi, lo)
end

-- nibbles is how many hexadecimal digits the bits of a part make.
local function nibbles(mask)
  local n, rest = 0, mask[1] > 0 and mask[1] or mask[2]
  while rest > 0 do
    n, rest = n + 1, math.floor(rest / 16)
  end
  return mask[1] > 0 and n + 8 or n
end

local function missing(o, b)
  for _, p in ipairs(o.form and o.form.missing or {}) do
    if p.bad then
      if not all_digits(b) then
        return true
      end
    elseif #(p.bytes or "") == 1 then
      if #b > 0 and b == p.bytes:rep(#b) then
        return true
      end
    elseif (p.bytes or "") == b then
      return true
    end
  end
  return false
end

local function only(o, b)
  if not o.chars then
    return true
  end
  if not o.set then
    o.set = {}
    for i = 1, #o.chars do
      o.set[o.chars:byte(i)] = true
    end
  end
  for i = 1, #b do
    if not o.set[b:byte(i)] then
      return false
    end
  end
  return true
end

-- without_filler is the range of nibbles that are digits of the value.
local function without_filler(o, b)
  local lo, hi, f = 0, #b * 2, o.form
  if not f or not f.fills then
    return lo, hi
  end
  local filler = f.filler or 0
  if f.right then
    while lo < hi and nibble(o, b, lo) == filler do
      lo = lo + 1
    end
    return lo, hi
  end
  while hi > lo and nibble(o, b, hi - 1) == filler do
    hi = hi - 1
  end
  return lo, hi
end
M.without_filler = without_filler

local function fillers_fit(o, b)
  local lo, hi = without_filler(o, b)
  for n = lo, hi - 1 do
    if nibble(o, b, n) > 9 and not o.form.hexdigit then
      return false
    end
  end
  return true
end

-- small says that another digit can be taken: a hundredth of 2^63 is not reached.
local function small(hi, lo)
  return W.compare(hi, lo, 21474836, 2061584302) < 0
end

local function hexadecimal(o, b)
  local hi, lo = 0, 0
  if not b:match("^%x+$") then
    return nil
  end
  for i = 1, #b do
    if hi >= 134217728 then -- 2^59
      return nil
    end
    hi, lo = W.shift_left(hi, lo, 4)
    lo = lo + tonumber(b:sub(i, i), 16)
  end
  if not allows(o, hi, lo) then
    return nil
  end
  return hi, lo
end

-- decimal checks a number written in characters; expressions see its whole part, or with so many places behind the point.
local function decimal(o, b)
  local f = o.form or {}
  if f.base == 16 then
    return hexadecimal(o, b)
  end
  local text = b:gsub("^ +", "")
  local sign = text:match("^[-+]") or ""
  local before, behind = text:sub(#sign + 1):match("^(%d*)%.?(%d*)$")
  if not before or #before + #behind == 0 or #before + #behind > 30 then
    return nil
  end
  local hi, lo, places = 0, 0, f.places or 0
  local digits = before .. behind:sub(1, places)
  for i = 1, #digits do
    if small(hi, lo) then
      hi, lo = W.ten(hi, lo, digits:byte(i) - 48)
    end
  end
  for _ = #behind + 1, places do
    if small(hi, lo) then
      hi, lo = W.ten(hi, lo, 0)
    end
  end
  if sign == "-" then
    hi, lo = W.negate(hi, lo)
  end
  if not allows(o, hi, lo) then
    return nil
  end
  return hi, lo
end

local function time_fits(t, b)
  if t.as == "bcd" then
    return all_digits(b)
  end
  if t.as == "ascii" then
    for _, p in ipairs(t.parts) do
      local from = p.offset or 0
      local part = b:sub(from + 1, from + p.size)
      if p.unit then
        if not part:match("^%d+$") then
          return false
        end
      elseif part ~= t.text:sub(from + 1, from + 1) then
        return false
      end
    end
  end
  return true
end

-- places of the parts of a time in YYYYMMDDhhmmssSSS, which is what expressions see of it; a part that is too large
-- makes all of it 0.
local places = { YYYY = 1e13, YY = 1e13, MM = 1e11, DD = 1e9, hh = 1e7, mm = 1e5, ss = 1e3, SSS = 1 }
local limits = { YYYY = 9999, YY = 9999, SSS = 999 }

-- part is the number of one part of a time.
local function part(t, p, b)
  local n = 0
  for i = 1, p.size do
    local c = b:byte((p.offset or 0) + (t.last and p.size + 1 - i or i))
    if t.as == "bcd" then
      n = n * 100 + math.floor(c / 16) * 10 + c % 16
    elseif t.as == "binary" then
      n = n * 256 + c
    else
      n = n * 10 + c - 48
    end
  end
  return p.unit == "YY" and n + 2000 or n
end
M.part = part

-- packed returns a date as YYYYMMDD and a time of day as hhmmssSSS: together they need more digits than a real number has.
local function packed(o, b)
  local day, clock = 0, 0
  if #b ~= o.size then
    return 0, 0
  end
  for _, p in ipairs(o.time.parts) do
    if p.unit then
      local n = part(o.time, p, b)
      if n < 0 or n > (limits[p.unit] or 99) then
        return 0, 0
      end
      local place = places[p.unit]
      if place >= 1e9 then
        day = day + n * (place / 1e9)
      else
        clock = clock + n * place
      end
    end
  end
  return day, clock
end

-- one_of says whether b is one of the texts that the definition lists, if it does.
local function one_of(f, b)
  if not f or not f.texts then
    return true
  end
  for _, text in ipairs(f.texts) do
    if text == b then
      return true
    end
  end
  return false
end

-- varint_size is how many bytes a number of varying width has, with which b begins; the second value says that more are to
-- come.  Nothing: it is none.
local function varint_size(form, b, most)
  if form == "ber" then
    local first = b:byte(1)
    if not first then
      return 1, true
    elseif first < 128 then
      return 1, false
    end
    local n = first - 127
    if n == 1 or n > most then
      return nil
    end
    return n, n > #b
  end
  for n = 1, most do
    if n > #b then
      return n, true
    elseif b:byte(n) < 128 then
      return n, false
    end
  end
end

-- varint is the number that all of b makes.
local function varint(form, b)
  if form == "ber" then
    return W.big(#b == 1 and b or b:sub(2))
  end
  local hi, lo = 0, 0
  for i = 1, #b do
    local c = b:byte(form == "big" and i or #b + 1 - i)
    hi, lo = W.shift_left(hi, lo, 7)
    lo = lo + c % 128
  end
  return hi, lo
end

-- read returns whether the field takes the bytes, whether they mean "no value", and its number.
local function read(o, b)
  local f, code = o.form, o.code
  if f and f.missing and missing(o, b) then
    local hi, lo = 0, 0
    if #b <= 8 then
      hi, lo = W.big(b)
    end
    return true, true, hi, lo
  end
  local hi, lo = 0, 0
  if code == "uint" or code == "bits" or code == "int" then
    if #b > 8 then
      return false
    end
    hi, lo = word(o, b)
    if #b > 0 and (code == "int" or f and f.minusbit) then
      local top = (#b - 1) % 4 * 8 + 7
      local half = 2 ^ top
      local part = #b > 4 and hi or lo
      if part >= half then
        part = part - half
        if #b > 4 then hi = part else lo = part end
        if code == "int" then -- two's complement
          local nhi, nlo = 0, half
          if #b > 4 then nhi, nlo = half, 0 end
          nhi, nlo = W.negate(nhi, nlo)
          lo = lo + nlo
          hi = hi + nhi
          if lo >= 4294967296 then
            lo, hi = lo - 4294967296, hi + 1
          end
          hi = hi % 4294967296
        else
          hi, lo = W.negate(hi, lo)
        end
      end
    end
  elseif code == "float32" or code == "float64" then
    if #b ~= o.size then
      return false
    end
    hi, lo = word(o, b)
    return true, false, hi, lo
  elseif code == "varint" then
    hi, lo = varint(f.varint, b)
    if hi >= 2147483648 then
      return false
    end
  elseif code == "bcd" then
    hi, lo = digits(o, b)
    if not hi then
      return false
    end
  elseif code == "digits" then
    if o.want and b ~= o.want or not one_of(f, b) then
      return false
    end
    if f and (f.hexdigit or f.fills) then
      return fillers_fit(o, b), false, 0, 0
    end
    return all_digits(b), false, 0, 0
  elseif code == "time" then
    return time_fits(o.time, b), false, 0, 0
  elseif code == "hex" then
    return (not o.want or b == o.want) and one_of(f, b), false, 0, 0
  elseif code == "bitset" then
    return true, false, 0, 0
  elseif code == "decimal" then
    hi, lo = decimal(o, b)
    if not hi then
      return false
    end
    return true, false, hi, lo
  elseif code == "ascii" then
    if o.want and b ~= o.want or not (f and f.charset) and not only(o, b) or not one_of(f, b) then
      return false
    end
    if #b <= 8 then
      hi, lo = W.big(b)
    end
    return true, false, hi, lo
  end
  if not allows(o, hi, lo) then
    return false
  end
  return true, false, hi, lo
end

-- plausible says whether b, the first bytes of a field of which more are to come, can begin an accepted value.
local function plausible(o, b)
  local code = o.code
  if (code == "bcd" or code == "digits" or code == "time" and o.time.as == "bcd") and not all_digits(b) then
    return false
  end
  if code == "hex" or code == "ascii" then
    return (not o.want or o.want:sub(1, #b) == b) and only(o, b)
  end
  if o.little or not o.ranges or code ~= "uint" and code ~= "bits" and code ~= "bcd" then
    return true
  end
  -- Most significant byte first: the bytes so far bound the value from both sides.
  local left = o.size - #b
  local lowest, highest = b .. ("\0"):rep(left), b .. (code == "bcd" and "\153" or "\255"):rep(left)
  local ahi, alo, bhi, blo
  if code == "bcd" then
    ahi, alo = digits(o, lowest)
    bhi, blo = digits(o, highest)
  else
    ahi, alo = W.big(lowest)
    bhi, blo = W.big(highest)
  end
  for _, r in ipairs(o.ranges) do
    if W.compare(ahi, alo, r[2][1], r[2][2]) <= 0 and W.compare(bhi, blo, r[1][1], r[1][2]) >= 0 then
      return true
    end
  end
  return false
end

function M:leaf(n)
  local o = fields[n.field]
  if o.code == "computed" then
    return self:computed(n, o)
  elseif o.code == "checksum" then
    return self:checksum(n, o)
  end
  local size, skip = o.size or 0, 0
  if n.size then
    local v, known = self:eval(n.size)
    if not known then
      return begun
    end
    if v < 0 or v > most_bytes then
      return self:say(self.off, string.format("%s: %.0f bytes", o.key, v))
    end
    size = v
  elseif n.rest then
    if not self.stop or (n.tail or 0) < 0 then
      return self:say(self.off, "the part does not end where it should")
    end
    size = self.stop - self.off - (n.tail or 0)
    if size < 0 then
      return self:say(self.off, string.format("%s: too short: %d bytes are missing", o.key, -size))
    end
  elseif n["until"] then
    local at, v = self:find(n["until"])
    if v ~= whole then
      return self:lacking(v)
    end
    size, skip = at - self.off, #n["until"]
  elseif o.code == "varint" then
    local limit, more = self:limit(), false
    size, more = varint_size(o.form.varint, self.data:sub(self.off + 1, limit), o.most)
    if not size then
      return self:say(self.off, string.format("%s: a number of more than %d bytes, or without a size", o.key, o.most))
    elseif more and self.stop == limit then
      return self:say(self.off, string.format("%s: too short: %d left, %d needed", o.key, limit - self.off, size))
    elseif more then
      return self:starve()
    end
  elseif o.code == "run" then
    local v
    size, v = self:run(o)
    if v ~= whole then
      return v
    end
  end
  if n.column and o.form and o.form.column and missing(o, self.data:sub(self.off + 1, self.stop)) then
    size, skip = self.stop - self.off, 0
  end
  if n["until"] and o.size and size ~= o.size then
    return self:say(self.off, string.format("%s: %d bytes, expected %d", o.key, size, o.size))
  end
  if not o.size and (o.most or 0) > 0 and size > o.most then
    return self:say(self.off, string.format("%s: %d bytes, allowed %d", o.key, size, o.most))
  end
  if self.stop and size > self.stop - self.off then
    return self:say(self.off, string.format("%s: too short: %d left, %d needed", o.key, self.stop - self.off, size))
  end
  if size > #self.data - self.off then
    if self.off < #self.data and not o.form and o.size and not self.done and not plausible(o, self.data:sub(self.off + 1)) then
      return self:say(self.off, o.key .. ": not a value of the field")
    end
    return self:starve()
  end
  local b = self.data:sub(self.off + 1, self.off + size)
  local ok, gone, hi, lo = true, false, 0, size
  if o.code ~= "run" then
    ok, gone, hi, lo = read(o, b)
  end
  if not ok then
    return self:say(self.off, o.key .. ": not a value of the field")
  end
  local at = self.off
  self.off = self.off + size + skip
  return self:take(n, o, at, b, hi, lo, gone)
end

-- take notes the value of a field for expressions and in the frame.
function M:take(n, o, at, b, hi, lo, gone)
  if n.value and o.code ~= "computed" then
    local want_hi, want_lo = self:exact(n.value)
    if hi ~= want_hi or lo ~= want_lo then
      return self:say(at, string.format("%s: found %.0f, expected %.0f", o.key, W.signed(hi, lo), W.signed(want_hi, want_lo)))
    end
  end
  self:note(o, hi, lo, b)
  local exponent
  if n.exponent then
    exponent = self:eval(n.exponent)
    if exponent < -20 or exponent > 20 then
      return self:say(at, string.format("%s: 10^%.0f", o.key, exponent))
    end
  end
  local c, v = self:cell(n.field, at, #b)
  if v ~= whole then
    return v
  end
  c.hi, c.lo, c.bytes, c.missing, c.exponent, c.parts = hi, lo, b, gone, exponent, n.parts
  for i = n.field + 1, n.field + (n.parts or 0) do
    local part = fields[i]
    local phi, plo = W.shift_right(hi, lo, part.shift or 0)
    phi, plo = W.mask(phi, plo, part.mask)
    local none
    for _, v in ipairs(part.form and part.form.none or {}) do
      none = none or v[1] == phi and v[2] == plo and W.hex(phi, plo, nibbles(part.mask))
    end
    if part.form and part.form.signed then
      phi, plo = W.extend(phi, plo, part.mask)
    end
    if not none and not allows(part, phi, plo) then
      return self:say(at, part.key .. ": out of range")
    end
    self:note(part, phi, plo)
    local p
    p, v = self:cell(i, at + #b, 0)
    if v ~= whole then
      return v
    end
    p.hi, p.lo, p.part, p.missing = phi, plo, true, none
  end
  return whole
end

-- note keeps a value for expressions.
function M:note(o, hi, lo, b)
  if o.register then
    if o.code == "hex" or o.code == "digits" then
      if #b <= 8 then
        self:keep(o.register, W.big(b))
      else
        self:forget(o.register)
      end
    elseif o.code == "time" then
      local day, clock = packed(o, b)
      self.regs[o.register] = day * 1e9 + clock
      self.times[o.register] = { day, clock }
    else
      self:keep(o.register, hi, lo)
    end
  end
  if o.table then
    local all = self.tables[o.table]
    if all then
      all[#all + 1] = W.signed(hi, lo)
    end
  end
  if o.fold then
    local at = self.regs[o.fold + 1] or 0
    if at < 64 then
      local shi, slo = W.shift_left(hi, lo, at)
      local have_hi, have_lo = self:kept(o.fold)
      self:keep(o.fold, W.bor(have_hi, shi), W.bor(have_lo, slo))
      self.regs[o.fold + 1] = at + o.foldbits
    end
  end
end

-- run counts how often a byte is repeated.
function M:run(o)
  local limit, at = self:limit(), self.off
  local fill = o.form.fill or 0
  while at < limit and self.data:byte(at + 1) == fill and at - self.off < o.most do
    at = at + 1
  end
  local size = at - self.off
  if at == limit and size < o.most and (not self.stop or at < self.stop) then
    return size, self:starve()
  end
  return size, whole
end

function M:computed(n, o)
  local e = n.value
  if n.on then
    local _, known = self:eval(n.on)
    if not known then
      return begun
    end
    local hi, lo = self:exact(n.on)
    for _, r in ipairs(n.rows or {}) do
      if r.other or r.is and W.has(r.is, hi, lo) then
        e = r.value
        break
      end
    end
  end
  if not e then
    if o.register then
      self:forget(o.register)
    end
    return whole
  end
  local v, known = self:eval(e)
  if not known then
    return begun
  end
  if o.kind == "time" then
    return self:joined(n, o, e)
  end
  local hi, lo = self:exact(e)
  if not allows(o, hi, lo) then
    return self:say(self.off, string.format("%s: out of range: %.0f", o.key, v))
  end
  return self:take(n, o, self.off, "", hi, lo, false)
end

-- joined is a time that is the sum of others.
function M:joined(n, o, e)
  local day, clock = 0, 0
  local function add(one)
    local known = one.op == "register" and self.times[one.register]
    if one.op == "+" then
      add(one.a)
      add(one.b)
    elseif known then
      day, clock = day + known[1], clock + known[2]
    else
      local v = self:value(one)
      day, clock = day + math.floor(v / 1e9), clock + v % 1e9
    end
  end
  add(e)
  if day == 0 and clock == 0 then -- no part of it is there
    if o.register then
      self:forget(o.register)
    end
    return whole
  end
  local hi, lo = W.halves(day * 1e9)
  lo = lo + clock
  if lo >= 4294967296 then
    hi, lo = hi + 1, lo - 4294967296
  end
  local v = self:take(n, o, self.off, "", hi, lo, false)
  if v == whole then
    local c = self.cells[#self.cells]
    c.day, c.clock = day, clock
  end
  return v
end
