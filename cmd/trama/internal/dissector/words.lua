-- Whole numbers of 64 bits, as two halves (high, low) that are each exact in every Lua that Wireshark has had.

local W = {}

local two32 = 4294967296
local floor = math.floor
local native = bit32 or bit -- Lua 5.2; or the library of Wireshark

if native then
  local band, bor, bxor = native.band, native.bor, native.bxor
  W.band = function(a, b) return band(a, b) % two32 end
  W.bor = function(a, b) return bor(a, b) % two32 end
  W.bxor = function(a, b) return bxor(a, b) % two32 end
else -- Lua 5.3 and later have operators, which older ones cannot even read
  local make = load([[return function(a, b) return a & b end, function(a, b) return a | b end, function(a, b) return a ~ b end]])
  local band, bor, bxor = make()
  local int = math.tointeger
  W.band = function(a, b) return band(int(a), int(b)) end
  W.bor = function(a, b) return bor(int(a), int(b)) end
  W.bxor = function(a, b) return bxor(int(a), int(b)) end
end

-- whole is a number without fraction, as an integer where there is such a thing.
local whole = math.tointeger and function(v) return math.tointeger(v) or v end or function(v) return v end

-- signed is the number that the halves are in two's complement.
function W.signed(hi, lo)
  if hi >= 2147483648 then
    hi = hi - two32
  end
  return hi * two32 + lo
end

-- unsigned likewise; beyond 2^53 the nearest real number.
function W.unsigned(hi, lo)
  return hi == 0 and lo or hi * 4294967296.0 + lo
end

-- halves of a whole number.
function W.halves(v)
  return whole(floor(v / two32) % two32), whole(v % two32)
end

function W.negate(hi, lo)
  lo = (two32 - lo) % two32
  hi = (two32 - hi - (lo ~= 0 and 1 or 0)) % two32
  return hi, lo
end

-- compare says -1, 0 or 1, without sign.
function W.compare(ahi, alo, bhi, blo)
  if ahi ~= bhi then
    return ahi < bhi and -1 or 1
  end
  return alo == blo and 0 or alo < blo and -1 or 1
end

-- has says whether a value is in ranges of {high, low} pairs.
function W.has(ranges, hi, lo)
  for _, r in ipairs(ranges) do
    if W.compare(r[1][1], r[1][2], hi, lo) <= 0 and W.compare(hi, lo, r[2][1], r[2][2]) <= 0 then
      return true
    end
  end
  return false
end

function W.shift_left(hi, lo, n)
  if n >= 32 then
    return whole(lo * 2 ^ (n - 32) % two32), 0
  end
  local m = whole(2 ^ n)
  return whole(hi * m % two32 + floor(lo * m / two32)), whole(lo * m % two32)
end

-- shift_right fills with zeros, or with ones when fill is all ones.
function W.shift_right(hi, lo, n, fill)
  fill = fill or 0
  if n == 0 then
    return hi, lo
  elseif n >= 32 then
    if n == 32 then
      return fill, hi
    end
    hi, lo, n = fill, hi, n - 32
  end
  local m, k = whole(2 ^ n), whole(2 ^ (32 - n))
  return whole(floor(hi / m) + fill * k % two32), whole(floor(lo / m) + hi * k % two32)
end

function W.mask(hi, lo, by)
  return W.band(hi, by[1]), W.band(lo, by[2])
end

-- extend makes a number of fewer bits, which mask has all of, one of 64 in two's complement.
function W.extend(hi, lo, mask)
  local half_hi, half_lo = W.shift_right(mask[1], mask[2], 1)
  if W.compare(hi, lo, half_hi, half_lo) > 0 then
    return hi + two32 - 1 - mask[1], lo + two32 - 1 - mask[2]
  end
  return hi, lo
end

-- big and little read up to eight bytes.
function W.big(b)
  local hi, lo, n = 0, 0, #b
  for i = 1, n do
    if n - i >= 4 then
      hi = hi * 256 + b:byte(i)
    else
      lo = lo * 256 + b:byte(i)
    end
  end
  return hi, lo
end

function W.little(b)
  return W.big(b:reverse())
end

-- ten adds a decimal digit.
function W.ten(hi, lo, digit)
  lo = lo * 10 + digit
  return hi * 10 + whole(floor(lo / two32)), whole(lo % two32)
end

-- decimal is the number in digits, without sign.
function W.decimal(hi, lo)
  if hi == 0 then
    return string.format("%d", lo)
  end
  local out = {}
  while hi > 0 or lo > 0 do
    local rest = hi % 1000000
    hi = whole(floor(hi / 1000000))
    lo = rest * two32 + lo
    table.insert(out, 1, string.format("%06d", lo % 1000000))
    lo = whole(floor(lo / 1000000))
    hi = hi + whole(floor(lo / two32))
    lo = whole(lo % two32)
  end
  return (table.concat(out):gsub("^0+", ""))
end

function W.hex(hi, lo, digits)
  local text = string.format("%08x%08x", hi, lo)
  return (text:sub(1, 16 - digits):gsub("^0+", "")) .. text:sub(17 - digits)
end

return W
