-- Values: what a cell says, as a number, a text or a time.

local nibble, without_filler = machine.nibble, machine.without_filler
local V = {}

-- float decodes IEEE 754.
local function float(hi, lo, size)
  local sign, exponent, fraction, bias, width
  if size == 4 then
    sign, exponent, fraction = math.floor(lo / 2147483648), math.floor(lo / 8388608) % 256, lo % 8388608
    bias, width = 127, 23
  else
    sign, exponent, fraction = math.floor(hi / 2147483648), math.floor(hi / 1048576) % 2048, hi % 1048576 * 4294967296.0 + lo
    bias, width = 1023, 52
  end
  sign = sign == 1 and -1 or 1
  if exponent == 2 * bias + 1 then
    return fraction == 0 and sign * math.huge or 0 / 0
  elseif exponent == 0 then
    return sign * fraction * 2.0 ^ (1 - bias - width)
  end
  return sign * (1 + fraction / 2.0 ^ width) * 2.0 ^ (exponent - bias)
end

-- shortest is the number of the shortest decimal text that means a value of four bytes: 20.95, not 20.9500007629395.
local function shortest(v)
  if v ~= v or v == math.huge or v == -math.huge or v == 0 then
    return v
  end
  local e
  if math.frexp then
    e = select(2, math.frexp(v))
  else
    e = math.floor(math.log(math.abs(v)) / math.log(2)) + 1
  end
  local half = 2.0 ^ (math.max(e, -125) - 25) -- of the distance to the next one
  for digits = 1, 9 do
    local short = tonumber(string.format("%." .. digits .. "g", v))
    if math.abs(short - v) < half then
      return short
    end
  end
  return v
end

-- number is the value of a cell, after scaling.
function V.number(o, c)
  local v
  if o.code == "decimal" then
    if o.form and o.form.base == 16 then
      v = W.unsigned(c.hi, c.lo)
    else
      v = tonumber((c.bytes or ""):match("^ *%+?(.-) *$")) or 0
    end
  elseif o.code == "float32" then
    v = float(c.hi, c.lo, 4)
    if (c.exponent or 0) == 0 then
      v = shortest(v)
    end
  elseif o.code == "float64" then
    v = float(c.hi, c.lo, 8)
  elseif o.code == "bcd" and c.hi == 2147483648 and c.lo == 0 then
    v = 0.0
  elseif o.signed then
    v = W.signed(c.hi, c.lo)
  else
    v = W.unsigned(c.hi, c.lo)
  end
  v = v + 0.0
  local s = o.scale
  if s then
    v = (v * (s.a or 0) + (s.b or 0)) / s.c
  end
  local e = c.exponent or 0
  if e > 0 then
    v = v * 10.0 ^ e
  elseif e < 0 then
    v = v / 10.0 ^ -e
  end
  if o.form and o.form.degrees then
    local sign = v < 0 and -1 or 1
    v = math.abs(v)
    local degrees = math.floor(v / 100)
    v = sign * (degrees + (v - degrees * 100) / 60)
  end
  return v
end

function V.label(o, c)
  if not o.labels or c.missing then
    return nil
  end
  local v = W.signed(c.hi, c.lo)
  for _, l in ipairs(o.labels) do
    if (l.lo or 0) <= v and v <= (l.hi or 0) then
      return l.label
    end
  end
end

-- hex of bytes.
function V.hex(b)
  return (b:gsub(".", function(c) return string.format("%02x", c:byte()) end))
end

-- utf8 of a code point.  NUL, which would end the text, is shown by the sign for it.
local function utf8(v)
  if v == 0 then
    v = 0x2400
  end
  if v < 0x80 then
    return string.char(v)
  elseif v < 0x800 then
    return string.char(0xc0 + math.floor(v / 64), 0x80 + v % 64)
  elseif v < 0x10000 then
    return string.char(0xe0 + math.floor(v / 4096), 0x80 + math.floor(v / 64) % 64, 0x80 + v % 64)
  end
  return string.char(0xf0 + math.floor(v / 262144), 0x80 + math.floor(v / 4096) % 64, 0x80 + math.floor(v / 64) % 64, 0x80 + v % 64)
end

local function latin1(b)
  return (b:gsub("[\0-\255]", function(c) return utf8(c:byte()) end))
end

-- valid says whether b is UTF-8.
local function valid(b)
  local i = 1
  while i <= #b do
    local c = b:byte(i)
    local more = c < 0x80 and 0 or c >= 0xc2 and c < 0xe0 and 1 or c >= 0xe0 and c < 0xf0 and 2 or c >= 0xf0 and c < 0xf5 and 3
    if not more or not b:sub(i + 1, i + more):match("^[\128-\191]*$") or i + more > #b then
      return false
    end
    local second = b:byte(i + 1)
    if c == 0xe0 and second < 0xa0 or c == 0xed and second > 0x9f or c == 0xf0 and second < 0x90 or c == 0xf4 and second > 0x8f then
      return false
    end
    i = i + 1 + more
  end
  return not b:find("\239\191\189", 1, true)
end

-- utf16 reads big-endian UTF-16; nothing when it is none.
local function utf16(b)
  if #b % 2 == 1 then
    return nil
  end
  local out, i = {}, 1
  while i <= #b do
    local v = b:byte(i) * 256 + b:byte(i + 1)
    i = i + 2
    if v >= 0xd800 and v < 0xdc00 and i < #b then
      local low = b:byte(i) * 256 + b:byte(i + 1)
      if low < 0xdc00 or low > 0xdfff then
        return nil
      end
      v, i = 0x10000 + (v - 0xd800) * 1024 + low - 0xdc00, i + 2
    elseif v >= 0xd800 and v < 0xe000 or v == 0xfffd then
      return nil
    end
    out[#out + 1] = utf8(v)
  end
  return table.concat(out)
end

-- from_gbk reads GBK by the table of the script; nothing when it is none.
local rows = {}
local function from_gbk(b)
  local out, i = {}, 1
  while i <= #b do
    local c = b:byte(i)
    if c < 0x80 then
      out[#out + 1] = utf8(c)
    elseif c == 0x80 then
      out[#out + 1] = "\226\130\172" -- the sign of the euro
    else
      if not rows[c] then
        rows[c] = {}
        for one in (gbk[c] or ""):gmatch("[\1-\127\194-\244][\128-\191]*") do
          table.insert(rows[c], one)
        end
      end
      i = i + 1
      local one = rows[c][(b:byte(i) or 0) - 0x3f]
      if not one or one == "\239\191\189" then
        return nil
      end
      out[#out + 1] = one
    end
    i = i + 1
  end
  return table.concat(out)
end

local charsets = {
  ["utf-8"] = function(b)
    return valid(b) and b:gsub("\0", "\226\144\128") or nil
  end,
  ["utf-16"] = utf16,
  ["gbk"] = from_gbk,
}

-- characters reads text; bytes that are none of the charset are shown in hexadecimal.
local function characters(o, c)
  local b, f = c.bytes, o.form
  if f and f.reversed then
    b = b:reverse()
  end
  local trimmed = b
  while o.padded and #trimmed > 0 and trimmed:byte(#trimmed) == (o.pad or 0) do
    trimmed = trimmed:sub(1, -2)
  end
  local charset = f and f.charset
  if not charset then
    return latin1(trimmed)
  end
  local text
  local nul = charset == "utf-16" and "\0\0" or "\0" -- hexadecimal digits begin with it where bytes are no text
  if trimmed:sub(1, #nul) ~= nul then
    text = charsets[charset](trimmed)
  end
  return text or V.hex(b)
end

local function letters(hi, lo)
  local out, text = { hi, lo }, ""
  while hi > 0 or lo > 0 do
    local c = lo % 32
    if c == 0 or c > 26 then
      return W.decimal(out[1], out[2])
    end
    text = string.char(64 + c) .. text
    hi, lo = W.shift_right(hi, lo, 5)
  end
  return text == "" and "0" or text
end

local function packed(o, b)
  local lo, hi = without_filler(o, b)
  local count = o.form and o.form.digits or 0
  if count > 0 and hi - lo > count then
    local zero = true
    for n = lo, hi - count - 1 do
      zero = zero and nibble(o, b, n) == 0
    end
    if zero then
      lo = hi - count
    end
  end
  local out = {}
  for n = lo, hi - 1 do
    out[#out + 1] = string.format("%x", nibble(o, b, n))
  end
  return table.concat(out)
end

-- text of a field that is shown as text.
function V.text(o, c)
  local b = c.bytes or ""
  if o.code == "digits" then
    return packed(o, b)
  elseif o.code == "ascii" then
    return characters(o, c)
  elseif o.code == "hex" then
    return V.hex(o.form and o.form.reversed and b:reverse() or b)
  elseif o.code == "bitset" then
    local out = {}
    for i = 1, #b do
      local v = b:byte(i)
      for _ = 1, 8 do
        out[#out + 1] = v % 2 == 1 and "1" or "0"
        v = math.floor(v / 2)
      end
    end
    return table.concat(out)
  elseif o.code == "checksum" or o.code == "decimal" and not (o.form and o.form.base == 16) then
    return b
  elseif o.code == "time" then
    return V.raw(o, c)
  elseif o.form and o.form.letters then
    return letters(c.hi, c.lo)
  end
  if o.signed and c.hi >= 2147483648 then
    return "-" .. W.decimal(W.negate(c.hi, c.lo))
  end
  return W.decimal(c.hi, c.lo)
end

---------------------------------------------------------------------------------------------------------------------
-- Times

-- days since 1970-01-01 of a date, and back.
local function days(y, m, d)
  if m <= 2 then
    y, m = y - 1, m + 12
  end
  return 365 * y + math.floor(y / 4) - math.floor(y / 100) + math.floor(y / 400) + math.floor((153 * (m - 3) + 2) / 5) + d - 719469
end

local function date(n)
  n = n + 719468
  local era = math.floor(n / 146097)
  local day = n - era * 146097
  local year = math.floor((day - math.floor(day / 1460) + math.floor(day / 36524) - math.floor(day / 146096)) / 365)
  local rest = day - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  local month = math.floor((5 * rest + 2) / 153)
  local d = rest - math.floor((153 * month + 2) / 5) + 1
  local m = month < 10 and month + 3 or month - 9
  return year + era * 400 + (m <= 2 and 1 or 0), m, d
end

-- offset of a zone at a Unix time, in seconds, and from when to when it holds.
local function offset(zone, at)
  if zone == "local" then
    local t = os.date("*t", at)
    return days(t.year, t.month, t.day) * 86400 + t.hour * 3600 + t.min * 60 + t.sec - at, at, at
  end
  local i = #zone
  while i > 1 and zone[i][1] > at do
    i = i - 1
  end
  return zone[i][2], i == 1 and -math.huge or zone[i][1], zone[i + 1] and zone[i + 1][1] or math.huge
end

-- instant is the Unix time of a date and time in a zone, and whether it exists there.
local function instant(zone, y, mo, d, h, mi, s)
  local civil = days(y, mo, d) * 86400 + h * 3600 + mi * 60 + s
  local seconds, from, to = offset(zone, civil)
  local at = civil - seconds
  if at < from or at >= to then
    seconds = offset(zone, at)
    at = civil - seconds
  end
  local there = at + (offset(zone, at))
  return at, math.floor(there / 3600) % 24 == h
end

local days_in = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function exists(y, mo, d)
  if mo < 1 or mo > 12 or d < 1 or d > days_in[mo] then
    return false
  end
  return not (mo == 2 and d == 29 and (y % 4 ~= 0 or y % 100 == 0 and y % 400 ~= 0))
end

local function layout(t, b)
  local v = { YYYY = 0, MM = 0, DD = 0, hh = 0, mm = 0, ss = 0, SSS = 0 }
  for _, p in ipairs(t.parts) do
    if p.unit then
      v[p.unit == "YY" and "YYYY" or p.unit] = machine.part(t, p, b)
    end
  end
  if not exists(v.YYYY, v.MM, v.DD) or v.hh > 23 or v.mm > 59 or v.ss > 59 or v.SSS > 999 then
    return nil
  end
  local at, ok = instant(t.zone, v.YYYY, v.MM, v.DD, v.hh, v.mm, v.ss)
  if ok then
    return at, v.SSS, t.zone
  end
end

local function clock(k, hi, lo)
  local epoch = k.epoch or 0
  if k.kind == "count" then
    local v = W.unsigned(hi, lo)
    if k.milliseconds == 1000 then
      if v > 2 ^ 40 then
        return nil
      end
      return epoch + v, 0, k.zone
    end
    local at = epoch + math.floor(v / 1000)
    if v > 2 ^ 50 or at > 253402300799 then
      return nil
    end
    return at, v % 1000, k.zone
  end
  local function part(from, n)
    local h, l = W.shift_right(hi, lo, from)
    return l % 2 ^ n
  end
  local y, mo, d, h, mi, ms = 0, 0, 0, 0, 0, 0
  if k.kind == "cp16" then
    d, mo, y = part(0, 5), part(8, 4), part(5, 3) + part(12, 4) * 8
  elseif k.kind == "cp32" then
    mi, h, d, mo, y = part(0, 6), part(8, 5), part(16, 5), part(24, 4), part(21, 3) + part(28, 4) * 8
  else
    ms, mi, h, d, mo, y = part(0, 16), part(16, 6), part(24, 5), part(32, 5), part(40, 4), part(48, 7)
  end
  if y > 99 or not exists(2000 + y, mo, d) or h > 23 or mi > 59 or ms > 59999 then
    return nil
  end
  local at, ok = instant(k.zone, 2000 + y, mo, d, h, mi, math.floor(ms / 1000))
  if ok then
    return at, ms % 1000, k.zone
  end
end

-- joined is a time of YYYYMMDD and hhmmssSSS.
local function joined(k, day, clock)
  local y, mo, d = math.floor(day / 10000) % 10000, math.floor(day / 100) % 100, day % 100
  local h, mi, s, ms = math.floor(clock / 1e7), math.floor(clock / 1e5) % 100, math.floor(clock / 1e3) % 100, clock % 1000
  if day <= 0 or not exists(y, mo, d) or h > 23 or mi > 59 or s > 59 then
    return nil
  end
  local at, ok = instant(k.zone, y, mo, d, h, mi, s)
  if ok then
    return at, ms, k.zone
  end
end

-- time of a cell: Unix seconds, milliseconds, zone; nothing when it does not exist.
function V.time(o, c)
  if c.day then
    return joined(o.clock, c.day, c.clock)
  elseif o.clock then
    return clock(o.clock, c.hi, c.lo)
  end
  if #c.bytes ~= o.size or not o.time.whole then
    return nil
  end
  return layout(o.time, c.bytes)
end

-- rfc3339 writes a time in its zone.
function V.rfc3339(at, ms, zone)
  local seconds = offset(zone, at)
  local there = at + seconds
  local y, mo, d = date(math.floor(there / 86400))
  local out = string.format("%04d-%02d-%02dT%02d:%02d:%02d", y, mo, d, math.floor(there / 3600) % 24, math.floor(there / 60) % 60, there % 60)
  if ms > 0 then
    out = out .. string.format(".%03d", ms)
  end
  if seconds == 0 then
    return out .. "Z"
  end
  local minutes = math.floor(math.abs(seconds) / 60)
  return out .. string.format("%s%02d:%02d", seconds < 0 and "-" or "+", math.floor(minutes / 60), minutes % 60)
end

-- raw is a time that does not exist.
function V.raw(o, c)
  if o.clock then
    return W.decimal(c.hi, c.lo)
  elseif o.time.as == "ascii" then
    return latin1(c.bytes)
  elseif o.time.as == "binary" then
    return "0x" .. V.hex(c.bytes)
  end
  return V.hex(c.bytes)
end

return V
