-- Checksums: a CRC by its parameters, in the notation of the catalogue; the others by name.

local sums = {}

local function plain(b)
  local s = 0
  for i = 1, #b do
    s = s + b:byte(i)
  end
  return s
end

-- ones adds with the carry brought round, and complements; words of 16 bits are taken high byte first.
local function ones(b, width)
  local limit, s = 2 ^ width, 0
  if width == 8 then
    s = plain(b)
  else
    for i = 1, #b, 2 do
      s = s + b:byte(i) * 256 + (b:byte(i + 1) or 0)
    end
  end
  while s >= limit do
    s = s % limit + math.floor(s / limit)
  end
  return 0, limit - 1 - s
end

local function fletcher(b, modulus)
  local x, y = 0, 0
  for i = 1, #b do
    x = (x + b:byte(i)) % modulus
    y = (y + x) % modulus
  end
  return 0, x * 256 + y
end

sums["sum8"] = function(b) return 0, plain(b) % 256 end
sums["sum16"] = function(b) return 0, plain(b) % 65536 end
sums["sum32"] = function(b) return 0, plain(b) % 4294967296 end
sums["lrc8"] = function(b) return 0, -plain(b) % 256 end
sums["not-sum8"] = function(b) return 0, 255 - plain(b) % 256 end
sums["ones-sum8"] = function(b) return ones(b, 8) end
sums["ones-sum16"] = function(b) return ones(b, 16) end
sums["fletcher-8"] = function(b) return fletcher(b, 256) end
sums["fletcher-16"] = function(b) return fletcher(b, 255) end
sums["xor8"] = function(b)
  local s = 0
  for i = 1, #b do
    s = W.bxor(s, b:byte(i))
  end
  return 0, s
end

-- reflect turns the lowest width bits round.
local function reflect(hi, lo, width)
  local rhi, rlo = 0, 0
  for _ = 1, width do
    rhi, rlo = W.shift_left(rhi, rlo, 1)
    rlo = rlo + lo % 2
    hi, lo = W.shift_right(hi, lo, 1)
  end
  return rhi, rlo
end

local function xor(ahi, alo, bhi, blo)
  return W.bxor(ahi, bhi), W.bxor(alo, blo)
end

-- crc makes the table of a CRC and the function that walks it.  The register stands at the bottom of the word when bits
-- are taken lowest first, at the top otherwise.
local function crc(s)
  local zero = { 0, 0 }
  local poly, init, last = s.poly or zero, s.init or zero, s.xor or zero
  local t = {}
  if s.refin then
    local phi, plo = reflect(poly[1], poly[2], s.width)
    for i = 0, 255 do
      local hi, lo = 0, i
      for _ = 1, 8 do
        local odd = lo % 2 == 1
        hi, lo = W.shift_right(hi, lo, 1)
        if odd then
          hi, lo = xor(hi, lo, phi, plo)
        end
      end
      t[i] = { hi, lo }
    end
  else
    local phi, plo = W.shift_left(poly[1], poly[2], 64 - s.width)
    for i = 0, 255 do
      local hi, lo = i * 16777216, 0
      for _ = 1, 8 do
        local top = hi >= 2147483648
        hi, lo = W.shift_left(hi, lo, 1)
        if top then
          hi, lo = xor(hi, lo, phi, plo)
        end
      end
      t[i] = { hi, lo }
    end
  end
  return function(b)
    local hi, lo
    b = b .. (s.extra or "")
    if s.refin then
      hi, lo = reflect(init[1], init[2], s.width)
      for i = 1, #b do
        local c = b:byte(i)
        local e
        if s.late then
          hi, lo = W.shift_right(hi, lo, 8)
          lo = W.bxor(lo, c)
          e = t[lo % 256]
        else
          e = t[W.bxor(lo % 256, c)]
        end
        hi, lo = W.shift_right(hi, lo, 8)
        hi, lo = xor(hi, lo, e[1], e[2])
      end
      if not s.refout then
        hi, lo = reflect(hi, lo, s.width)
      end
    else
      hi, lo = W.shift_left(init[1], init[2], 64 - s.width)
      for i = 1, #b do
        local e = t[W.bxor(math.floor(hi / 16777216), b:byte(i))]
        hi, lo = W.shift_left(hi, lo, 8)
        hi, lo = xor(hi, lo, e[1], e[2])
      end
      hi, lo = W.shift_right(hi, lo, 64 - s.width)
      if s.refout then
        hi, lo = reflect(hi, lo, s.width)
      end
    end
    return xor(hi, lo, last[1], last[2])
  end
end

-- from is a sum that begins with another number than zero, and whose bits may be turned round at the end.
local function from(s)
  local base = sums[s.name]
  if not s.init and not s.xor then
    return base
  end
  local init, turned = s.init and s.init[2] or 0, s.xor and s.xor[2] or 0
  return function(b)
    local _, v = base(b)
    if s.name == "xor8" then
      _, v = xor(0, v, 0, init)
    else
      v = (v + init) % 2 ^ s.width
    end
    return xor(0, v, 0, turned)
  end
end

-- sum of an algorithm over bytes, as halves; tables are made at the first use.
return function(s, b)
  if not s.walk then
    s.walk = s.name and from(s) or crc(s)
  end
  return s.walk(b)
end
