-- Keeps ARGV[1] under KEYS[1] for ARGV[2] milliseconds, unless the version there is the same or a greater one.
-- Returns 1 when it was kept and 0 when it wasn't.
--
-- entry.go says what is packed how. A version's two halves are 32 bits each, which Lua's doubles hold exactly.
local there = redis.call('GETRANGE', KEYS[1], 0, 9)
if #there == 10 and string.sub(there, 1, 1) == string.sub(ARGV[1], 1, 1) then
  local high, low = struct.unpack('>I4I4', there, 3)
  local new_high, new_low = struct.unpack('>I4I4', ARGV[1], 3)
  if new_high < high or (new_high == high and new_low <= low) then
    return 0
  end
end
local set = redis.pcall('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if set.err then
  -- A full server still removes. What is there is an old version, so nothing is better.
  redis.pcall('DEL', KEYS[1])
  return set
end
return 1
