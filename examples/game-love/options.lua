-- love examples/game-love MODEL [options]
local usage = [==[
usage: love game-love MODEL [--english] [--font FILE] [--budget MS]
       for tests: [--frames N] [--screenshot FILE] [--cycles N]]==]

local numbers = {["--budget"] = "budget", ["--frames"] = "frames", ["--cycles"] = "cycles"}
local texts = {["--font"] = "font", ["--screenshot"] = "screenshot"}

-- The options, or nil and why not.
return function(arguments)
  local options = {budget = 4, font = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"}
  local i = 1
  while i <= #arguments do
    local name, value = arguments[i], arguments[i + 1]
    if numbers[name] then
      options[numbers[name]] = tonumber(value)
      if not tonumber(value) or tonumber(value) <= 0 then
        return nil, ("%s is %s; it takes a number above 0\n%s"):format(name, tostring(value), usage)
      end
      i = i + 1
    elseif texts[name] then
      if not value then return nil, ("%s needs a value\n%s"):format(name, usage) end
      options[texts[name]] = value
      i = i + 1
    elseif name == "--english" then
      options.english = true
    elseif name:sub(1, 1) == "-" or options.model then
      return nil, ("unknown argument: %s\n%s"):format(name, usage)
    else
      options.model = name
    end
    i = i + 1
  end
  if not options.model then return nil, "which model?\n" .. usage end
  return options
end
