-- The lighthouse: a scene of a visual novel whose people are characters of one model.
--
--   love examples/game-love MODEL

-- A test that fails ends; a player sees LÖVE's blue screen.
local blue_screen = love.errorhandler
function love.errorhandler(message)
  for _, each in ipairs(arg) do
    if each == "--frames" or each == "--cycles" then
      io.stderr:write("lighthouse: " .. debug.traceback(message, 2) .. "\n")
      return function() return 1 end
    end
  end
  return blue_screen(message)
end

local tlite = require("tlite")
local scene = require("scene")
local story = require("story")
local read_options = require("options")

local options
local state = {phase = "loading", chosen = 1, time = 0, frame = 0, longest = 0}
local loading, model, engine

local function told(russian, english) return options.english and english or russian end

local function fail(message) state.phase, state.message = "failed", message end

local function open(loaded)
  local message
  model = loaded
  engine, message = model:engine{context = 4096, max_sequences = 2, max_batch_rows = 128}
  if not engine then return fail(message) end
  for _, person in ipairs(story.people) do
    person.character, message = engine:character{
      name = person.name, system = person.system, context = 1024,
      sampling = {temperature = 0, max_new_tokens = 96},
    }
    if not person.character then return fail(message) end
    person.text, person.subtitles = "", 0
    function person.character.on_piece() person.text = scene.fitting(person.character.answer) end
    function person.character.on_sentence() person.subtitles = person.subtitles + 1 end
    function person.character.on_failed(why) state.message = why end
  end
  -- What both begin with is worked through while the player still looks at the bar.
  local sent
  sent, message = engine:prepare(story.people[1].system)
  if not sent then return fail(message) end
  state.phase = "preparing"
end

local function say(person, line)
  if state.phase ~= "playing" or not person.lines[line] then return end
  person.text, state.message = "", nil
  local said, message = person.character:say(person.lines[line], person.prefixes[line])
  if not said then state.message = message end
end

-- Plays itself, for tests.
local function play()
  local person = story.people[state.chosen]
  if state.phase ~= "playing" or person.character.state ~= "silent" then return end
  if person.asked == #person.lines then
    person.asked = nil
    state.chosen = state.chosen % #story.people + 1
    return
  end
  person.asked = (person.asked or 0) + 1
  say(person, person.asked)
end

local function load_and_unload(count)
  local before
  for i = 1, count do
    local own = assert(tlite.load(options.model))
    local shared = assert(own:engine{context = 512, max_batch_rows = 32, threads = 2})
    local one = assert(shared:character{system = story.world, context = 256})
    assert(one:say("Привет!"))
    while one.answer == "" and one:is_busy() do assert(shared:update(0.01)) end
    if i % 3 == 0 then
      own, shared, one = nil, nil, nil  -- the collector's
      collectgarbage()
      collectgarbage()
    else
      own:close()
      if i % 3 == 1 then one:remove() end
      shared:close()
    end
    if i == math.floor(count / 4) then before = state.memory() end
  end
  print(("cycles: %d, grown by %d KiB since a quarter of them"):format(count, state.memory() - before))
end

-- KiB in memory, of Linux.
function state.memory()
  collectgarbage()
  local file = assert(io.open("/proc/self/status"))
  local text = file:read("*a")
  file:close()
  return tonumber(text:match("VmRSS:%s+(%d+)"))
end

function love.load(arguments)
  local why
  options, why = read_options(arguments)
  if options then
    local found
    found, why = scene.load(options.font)
    if not found then options = nil end
  end
  if not options then
    io.stderr:write("lighthouse: " .. why .. "\n")
    return love.event.quit(2)
  end
  if options.cycles then
    load_and_unload(options.cycles)
    return love.event.quit(0)
  end
  loading, why = tlite.load_async(options.model)
  if not loading then fail(why) end
end

function love.update(dt)
  if not options or not (loading or engine) then return end
  state.time = state.time + dt
  local began = love.timer.getTime()
  if state.phase == "loading" then
    local loaded, message = loading:result()
    if loaded then open(loaded) elseif loaded == false then fail(message) end
  elseif state.phase == "preparing" then
    assert(engine:update(0.014))
    if not engine:is_preparing() then state.phase = "playing" end
  elseif state.phase == "playing" then
    if options.frames then play() end
    -- An engine that is out of memory has lost nothing: the next frame tries again.
    local worked, message = engine:update(options.budget / 1000)
    if not worked then state.message = message end
    state.longest = math.max(state.longest, love.timer.getTime() - began)
    state.frame = state.frame + 1
  end
end

function love.draw()
  if not options then return end
  if state.phase == "failed" then
    scene.draw_loading(told("Без модели не поговорить", "There is no talking without a model"), nil, state.message)
  elseif state.phase ~= "playing" then
    local share = state.phase == "loading" and loading:progress() or 1
    scene.draw_loading(told("Маяк зажигается", "The lighthouse is being lit"), share)
  else
    local person = story.people[state.chosen]
    scene.draw{
      people = story.people, chosen = state.chosen, time = state.time, text = person.text,
      speaks = person.character.state == "speaking", is_thinking = person.character.state == "thinking",
      choices = person.lines, message = state.message,
      hint = told("1 2 3: сказать · Tab: к другому · Esc: перебить", "1 2 3: say · Tab: the other one · Esc: stop"),
    }
  end
  local is_over = state.phase == "failed" or (options.frames and state.frame >= options.frames)
  if not options.frames or not is_over or state.is_over then return end
  state.is_over = true
  if options.screenshot then
    love.graphics.captureScreenshot(function(image)
      local file = assert(io.open(options.screenshot, "wb"))
      file:write(image:encode("png"):getString())
      file:close()
    end)
  end
  if state.phase == "failed" then io.stderr:write("lighthouse: " .. state.message .. "\n") end
  local sentences = 0
  for _, person in ipairs(story.people) do sentences = sentences + (person.subtitles or 0) end
  print(("frames: %d, longest update %.1f ms, sentences: %d"):format(state.frame, state.longest * 1000, sentences))
end

-- The picture is taken at the end of the frame that asked for it.
local run = love.run
function love.run()
  local step = run()
  return function()
    local answer = step()
    if answer ~= nil then return answer end
    if state.is_over then return state.phase == "failed" and 1 or 0 end
  end
end

function love.keypressed(key)
  if state.phase ~= "playing" then return end
  local person = story.people[state.chosen]
  if key == "tab" then
    state.chosen = state.chosen % #story.people + 1
  elseif key == "escape" then
    person.character:interrupt()
  elseif tonumber(key) then
    say(person, tonumber(key))
  end
end

function love.mousepressed(x, y)
  local line = scene.choice_at(x, y)
  if line and state.phase == "playing" then say(story.people[state.chosen], line) end
end

-- Closed in the middle of a load, of a prompt, of an answer: nothing has to end first but a load.
function love.quit()
  if loading then loading:close() end
  if engine then engine:close() end
end
