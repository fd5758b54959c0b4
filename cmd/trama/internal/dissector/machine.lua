-- The machine walks the plan over bytes.  It says of a candidate: no frame begins here, one begins and needs more bytes,
-- or a whole frame is here, with its fields as cells.

local refused, begun, whole = 0, 1, 2
local most_bytes, most_cells, most_elements = 9999, 16384, 4096

local M = {}
M.__index = M

local fields = plan.fields

-- say notes what is wrong; the first thing counts.
function M:say(off, text)
  if not self.bad then
    self.bad, self.bad_at = text, off
  end
  return refused
end

function M:starve()
  if self.done then
    return self:say(self.off, "too short")
  end
  return begun
end

-- limit is the end of what can be read now.
function M:limit()
  if self.stop and self.stop < #self.data then
    return self.stop
  end
  return #self.data
end

---------------------------------------------------------------------------------------------------------------------
-- Expressions

local function truth(b)
  return b and 1 or 0
end

-- Registers are real numbers; those that these cannot hold are kept as halves too.
function M:keep(reg, hi, lo)
  self.regs[reg] = W.signed(hi, lo)
  self.big[reg] = hi >= 2097152 and hi < 4292870144 and { hi, lo } or nil
end

function M:forget(reg)
  self.regs[reg], self.big[reg] = 0, nil
end

-- halves of a register.
function M:kept(reg)
  if self.big[reg] then
    return self.big[reg][1], self.big[reg][2]
  end
  return W.halves(self.regs[reg] or 0)
end

-- exact is the value of an expression as halves; of fields and numbers without loss.
function M:exact(e)
  if e.op == "register" then
    return self:kept(e.register)
  elseif e.op == "number" and type(e.value) == "table" then
    return e.value[1], e.value[2]
  end
  return W.halves(self:value(e))
end

-- words are the operators on all 64 bits.
local words = {
  ["|"] = function(ahi, alo, bhi, blo) return W.bor(ahi, bhi), W.bor(alo, blo) end,
  ["&"] = function(ahi, alo, bhi, blo) return W.band(ahi, bhi), W.band(alo, blo) end,
  ["<<"] = function(ahi, alo, _, blo) return W.shift_left(ahi, alo, blo % 64) end,
  [">>"] = function(ahi, alo, _, blo) return W.shift_right(ahi, alo, blo % 64, ahi >= 2147483648 and 4294967295 or 0) end,
}

local operators = {
  ["<"] = function(a, b) return truth(a < b) end,
  ["<="] = function(a, b) return truth(a <= b) end,
  [">"] = function(a, b) return truth(a > b) end,
  [">="] = function(a, b) return truth(a >= b) end,
  ["+"] = function(a, b) return a + b end,
  ["-"] = function(a, b) return a - b end,
  ["*"] = function(a, b) return a * b end,
  ["/"] = function(a, b)
    if b == 0 then
      return 0
    end
    local q = math.floor(math.abs(a) / math.abs(b))
    return (a < 0) == (b < 0) and q or -q
  end,
  ["%"] = function(a, b)
    if b == 0 then
      return 0
    end
    local r = math.abs(a) % math.abs(b)
    return a < 0 and -r or r
  end,
}

-- value of an expression; self.short is set when more bytes are needed to tell.
function M:value(e)
  local op = e.op
  if op == "number" then
    return type(e.value) == "table" and W.signed(e.value[1], e.value[2]) or e.value or 0
  elseif op == "register" then
    return self.regs[e.register] or 0
  elseif op == "remaining" then
    return self.stop and self.stop - self.off or -1
  elseif op == "next" then
    if self.off >= self:limit() then
      self.short = not (self.stop and self.stop == self.off)
      return -1
    end
    return self.data:byte(self.off + 1)
  elseif op == "ahead" then
    local have = self.data:sub(self.off + 1, math.min(self.off + #e.text, self:limit()))
    if have ~= e.text:sub(1, #have) then
      return 0
    end
    if #have < #e.text then
      self.short = not self.stop or self.stop - self.off >= #e.text
      return 0
    end
    return 1
  elseif op == "uplink" then
    return truth(self.up)
  elseif op == "index" then
    return self.index
  elseif op == "at" then
    local all = self.tables[e.register]
    return all and all[self:value(e.a) + 1] or 0
  elseif op == "not" then
    return truth(self:value(e.a) == 0)
  elseif op == "negative" then
    return -self:value(e.a)
  elseif op == "or" then
    return truth(self:value(e.a) ~= 0 or self:value(e.b) ~= 0)
  elseif op == "and" then
    return truth(self:value(e.a) ~= 0 and self:value(e.b) ~= 0)
  elseif op == "=" or op == "!=" or words[op] then
    local ahi, alo = self:exact(e.a)
    local bhi, blo = self:exact(e.b)
    if words[op] then
      return W.signed(words[op](ahi, alo, bhi, blo))
    end
    return truth((ahi == bhi and alo == blo) == (op == "="))
  end
  return operators[op](self:value(e.a), self:value(e.b))
end

-- eval is value, and whether it is known.
function M:eval(e)
  self.short = false
  local v = self:value(e)
  return v, not (e.looks and self.short) or self.done
end

---------------------------------------------------------------------------------------------------------------------
-- Nodes

function M:nodes(list)
  for _, n in ipairs(list or {}) do
    local v = self:node(n)
    if v ~= whole then
      return v
    end
  end
  return whole
end

function M:node(n)
  if n.asks then -- a capture does not say which request a frame answers
    return whole
  end
  if n.when then
    local v, known = self:eval(n.when)
    if not known then
      return begun
    end
    if v == 0 then
      self:absent(n)
      return whole
    end
  end
  if n.column then
    return self:column(n)
  end
  return self:there(n)
end

-- there walks a node whose condition holds.
function M:there(n)
  if n.before then
    local have, v = self:literal(n.before, n.optional)
    if v ~= whole or not have then
      if v == whole then
        self:absent(n)
      end
      return v
    end
  end
  if n.mark then
    self.marks[n.mark] = self.off
  end
  local v
  if n.kind == "leaf" then
    v = self:leaf(n)
  else
    v = self:region(n)
  end
  if n.mark then
    self.marks[n.mark + 1] = self.off
  end
  return v
end

function M:absent(n)
  for _, reg in ipairs(n.clear or {}) do
    self:forget(reg)
  end
end

-- literal takes a text that stands before a field.
function M:literal(text, optional)
  local rest = self.data:sub(self.off + 1, math.min(self.off + #text, self:limit()))
  if rest ~= text:sub(1, #rest) or #rest < #text and self.stop and self.stop - self.off < #text then
    if optional then
      return false, whole
    end
    return false, self:say(self.off, "not the characters that stand before the field")
  end
  if #rest < #text then
    return false, self:starve()
  end
  self.off = self.off + #text
  return true, whole
end

function M:region(n)
  if not n.field then
    return self:bounded(n)
  end
  local c, v = self:cell(n.field, self.off, 0)
  if v ~= whole then
    return v
  end
  local start = self.off
  v = self:bounded(n)
  if v == whole then
    c.size = self.off - start
    if n.transform then
      c.size = self.inner
    end
  end
  return v
end

-- bounded walks what is inside, up to an end of its own when there is one.
function M:bounded(n)
  if n.kind == "choice" and not n.on and not n.size then
    return self:choice(n)
  end
  local outer, closed, after, start = self.stop, false, 0, self.off
  if n.size then
    local size, known = self:eval(n.size)
    if not known then
      return begun
    end
    if size < 0 or size > most_bytes then
      return self:say(self.off, string.format("a part of %.0f bytes", size))
    end
    local on_wire = self:size_on_wire(n.transform, size)
    if outer and self.off + on_wire > outer then
      return self:say(self.off, string.format("too short: %d left, %d needed", outer - self.off, on_wire))
    end
    self.stop, closed, after = self.off + size, true, self.off + on_wire
  elseif n.rest then
    if not outer then
      return self:say(self.off, "the part does not end where it should")
    end
    closed, after = true, outer - (n.tail or 0)
    self.stop = after
  elseif n["until"] then
    local at, v = self:find(n["until"])
    if v ~= whole then
      return self:lacking(v)
    end
    self.stop, closed, after = at, true, at + #n["until"]
  elseif n.kind == "list" and not n.count and outer and (n.tail or 0) > 0 then
    closed, after = true, outer - n.tail
    self.stop = after
  end
  if closed and self.stop < self.off then
    local missing = self.off - self.stop
    self.stop = outer
    return self:say(self.off, string.format("too short: %d bytes are missing", missing))
  end
  if n.transform then
    if after > #self.data then
      self.stop = outer
      return self:starve()
    end
    local plain = self:reveal(n.transform, start, after - #(n["until"] or ""))
    if not plain then
      self.stop = outer
      return refused
    end
    self.stop = start + plain
    self.plain = self.plain + 1
  end
  local v = self:inside(n)
  if n.transform then
    self.plain = self.plain - 1
  end
  if closed and v == whole then
    if self.off ~= self.stop then
      v = self:say(self.off, string.format("the part does not end where it should: %d bytes are left over", self.stop - self.off))
    end
    self.inner = self.stop - start
    self.off = after
  end
  self.stop = outer
  return v
end

function M:lacking(v)
  if v == begun then
    return self:starve()
  end
  return self:say(self.off, "the part does not end where it should")
end

-- find looks for a delimiter; begun when it may still come.
function M:find(mark)
  local limit = self:limit()
  local at = self.data:find(mark, self.off + 1, true)
  if at and at - 1 + #mark <= limit then
    return at - 1, whole
  end
  if self.stop and #self.data >= self.stop then
    return 0, refused
  end
  return 0, begun
end

function M:inside(n)
  if n.kind == "list" then
    return self:list(n)
  elseif n.kind == "choice" then
    return self:choice(n)
  end
  if n.field then
    self.depth = self.depth + 1
  end
  local v
  if n.separator then
    v = self:columns(n)
  else
    v = self:nodes(n.kids)
  end
  if n.field then
    self.depth = self.depth - 1
  end
  return v
end

-- cell notes a field of the frame.
function M:cell(field, off, size)
  if #self.cells >= most_cells then
    return nil, self:say(self.off, "too many fields")
  end
  local c = { field = field, depth = self.depth, off = off, size = size, hi = 0, lo = 0 }
  self.cells[#self.cells + 1] = c
  return c, whole
end

---------------------------------------------------------------------------------------------------------------------
-- Lists and choices

function M:list(n)
  for _, reg in ipairs(n.folds or {}) do
    self:forget(reg)
  end
  for _, t in ipairs(n.tables or {}) do
    self.tables[t] = {}
  end
  local count
  if n.count then
    local v, known = self:eval(n.count)
    if not known then
      return begun
    end
    if v < 0 or v > most_bytes then
      return self:say(self.off, string.format("%.0f elements", v))
    end
    count = v
  elseif not self.stop and not n.stop then
    return self:say(self.off, "the part does not end where it should")
  end
  local outer = self.index
  local v = self:elements(n, count)
  self.index = outer
  return v
end

function M:elements(n, count)
  local i, again = 0, false
  while true do
    self.index = i
    if count and i >= count or not count and self.stop and self.off >= self.stop and not again and not n.stop then
      break
    end
    if n.stop and i > 0 then
      local v, known = self:eval(n.stop)
      if not known then
        return begun
      end
      if v ~= 0 then
        break
      end
    end
    if i >= most_elements and not count or i > most_cells then
      return self:say(self.off, "too many elements")
    end
    local before, v = self.off, nil
    if n.separator then
      v, again = self:separated(n)
    else
      v = self:element(n)
    end
    if v ~= whole then
      return v
    end
    if self.off == before and not count and not n.separator then
      return self:say(self.off, "an element without bytes")
    end
    i = i + 1
  end
  if n.register then
    self.regs[n.register] = i
  end
  return whole
end

-- separated walks one element up to the separator; the second value says that another one follows.
function M:separated(n)
  local outer, again = self.stop, false
  local at, found = self:find(n.separator)
  if found == whole then
    self.stop, again = at, true
  elseif found == begun and (not outer or #self.data < outer) then
    return self:starve(), false
  end
  local v
  if self.off == self.stop and (n.element or n.kids[1].kind ~= "leaf") then
    v = self:empty(n)
  else
    v = self:element(n)
    if v == whole and self.off ~= self.stop then
      v = self:say(self.off, string.format("the part does not end where it should: %d bytes are left over", self.stop - self.off))
    end
  end
  self.stop = outer
  if again and v == whole then
    self.off = self.off + #n.separator
  end
  return v, again
end

-- empty notes an element between two separators that has nothing in it.
function M:empty(n)
  local field = n.element or n.kids[1].field
  if not field then
    return whole
  end
  local c, v = self:cell(field, self.off, 0)
  if c then
    c.depth, c.bytes, c.empty = self.depth + 1, "", true
  end
  return v
end

function M:element(n)
  local depth = self.depth
  self.depth = depth + 1
  if self.depth > 30 then
    return self:say(self.off, "too deep")
  end
  local v, c = whole, nil
  if n.element then
    c, v = self:cell(n.element, self.off, 0)
    self.depth = self.depth + 1
  end
  local start = self.off
  if v == whole then
    v = self:nodes(n.kids)
  end
  if c then
    c.shown = self.off - start
  end
  self.depth = depth
  return v
end

function M:choice(n)
  local hi, lo = 0, 0
  if n.on then
    local _, known = self:eval(n.on)
    if not known then
      return begun
    end
    hi, lo = self:exact(n.on)
  end
  for _, b in ipairs(n.cases) do
    local fits = not n.on or b.other or b.is and W.has(b.is, hi, lo)
    if fits and b.when then
      local v, known = self:eval(b.when)
      if not known then
        return begun
      end
      fits = v ~= 0
    end
    if fits then
      self:absent(n)
      return self:nodes(b.kids)
    end
  end
  return self:say(self.off, "no branch for the value: " .. W.decimal(hi, lo))
end


---------------------------------------------------------------------------------------------------------------------
-- Columns

-- columns walks the fields of a group with a separator.
function M:columns(n)
  if not self.stop then
    return self:say(self.off, "the part does not end where it should")
  end
  if #self.data < self.stop then
    return self:starve()
  end
  local around, started = self.table, self.started
  self.table, self.started = n, false
  local v = self:nodes(n.kids)
  self.table, self.started = around, started
  return v
end

-- column walks one field up to the next separator.
function M:column(n)
  local around, stop = self.table, self.stop
  local rest = self.data:sub(self.off + 1, stop)
  local before = n.before or ""
  if self.started then
    local mark = around.separator .. before
    if n.optional and (self.off == stop or n.before and rest:sub(1, #mark) ~= mark) then
      self:absent(n)
      return whole
    end
    local _, v = self:literal(around.separator, false)
    if v ~= whole then
      return v
    end
  elseif n.optional and (self.off == stop and not n.before or rest:sub(1, #before) ~= before) then
    self:absent(n)
    return whole
  end
  local ends = stop
  local at = self.data:sub(1, stop):find(around.separator, self.off + 1, true)
  if at then
    ends = at - 1
  end
  self.started, self.table, self.stop = true, nil, ends
  local v = self:there(n)
  if v == whole and self.off ~= ends then
    v = self:say(self.off, string.format("the part does not end where it should: %d bytes are left over", ends - self.off))
  end
  self.started, self.table, self.stop = true, around, stop
  return v
end
