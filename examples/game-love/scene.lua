-- Draws the scene: the sea at dusk, who speaks, and the box with their words. Knows no model.
local scene = {}

local width = 960
local fonts = {}
local graphics = love.graphics
local sky

-- LÖVE's own font has no Cyrillic letters.
function scene.load(path)
  local file, message = io.open(path, "rb")
  if not file then return nil, message end
  local data = love.filesystem.newFileData(file:read("*a"), "font.ttf")
  file:close()
  for _, size in ipairs{13, 16, 19, 26} do fonts[size] = graphics.newFont(data, size) end
  sky = graphics.newMesh({
    {0, 0, 0, 0, 0.16, 0.20, 0.42}, {width, 0, 0, 0, 0.16, 0.20, 0.42},
    {width, 270, 0, 0, 0.90, 0.63, 0.52}, {0, 270, 0, 0, 0.90, 0.63, 0.52},
  }, "fan")
  return true
end

local function card(color, x, y, w, h, radius)
  graphics.setColor(color)
  graphics.rectangle("fill", x, y, w, h, radius, radius)
end

local function words(text, size, color, x, y, w, align)
  graphics.setFont(fonts[size])
  graphics.setColor(color)
  graphics.printf(text, x, y, w, align or "left")
end

local function backdrop(time)
  graphics.setColor(1, 1, 1)
  graphics.draw(sky)
  graphics.setColor(1, 0.82, 0.55)
  graphics.circle("fill", 660, 262, 46)
  card({0.13, 0.27, 0.40}, 0, 270, width, 270, 0)
  graphics.setColor(1, 0.80, 0.55, 0.35)
  for i = 0, 9 do
    local half = 60 - i * 4 + 6 * math.sin(time * 2 + i)
    graphics.rectangle("fill", 660 - half, 278 + i * 11, 2 * half, 3)
  end
  -- The rock and the lighthouse with its beam.
  graphics.setColor(1, 0.95, 0.7, 0.20)
  local sweep = 60 * math.sin(time * 0.7)
  graphics.polygon("fill", 150, 92, 960, 20 + sweep, 960, 150 + sweep)
  graphics.setColor(0.20, 0.18, 0.22)
  graphics.ellipse("fill", 150, 392, 230, 112)
  graphics.setColor(0.93, 0.91, 0.87)
  graphics.polygon("fill", 126, 110, 174, 110, 190, 310, 110, 310)
  graphics.setColor(0.76, 0.27, 0.25)
  graphics.polygon("fill", 122, 160, 178, 160, 182, 205, 118, 205)
  graphics.polygon("fill", 114, 255, 186, 255, 190, 310, 110, 310)
  card({1, 0.93, 0.62}, 130, 78, 40, 32, 3)
  graphics.setColor(0.25, 0.20, 0.24)
  graphics.polygon("fill", 122, 78, 178, 78, 150, 54)
end

local function portrait(person, x, time, speaks, is_chosen)
  local light = is_chosen and 1 or 0.72
  local function dim(c) return {c[1] * light, c[2] * light, c[3] * light} end
  local y = 300 + 3 * math.sin(time * 1.6 + x)
  card(dim(person.coat), x - 78, y, 156, 140, 46)
  graphics.setColor(dim(person.hair))
  graphics.circle("fill", x, y - 66, 66)
  graphics.setColor(dim{0.94, 0.79, 0.67})
  graphics.circle("fill", x, y - 54, 56)
  local blinks = time % 4 < 0.13
  for _, eye in ipairs{-21, 21} do card(dim{0.16, 0.15, 0.2}, x + eye - 5, y - 64, 10, blinks and 2 or 13, 3) end
  local mouth = speaks and 4 + 8 * math.abs(math.sin(time * 9)) or 4
  card(dim{0.62, 0.26, 0.26}, x - 15, y - 30, 30, mouth, 2)
end

-- What there is to show: people, chosen, time, text, is_thinking, choices, hint, message.
function scene.draw(show)
  backdrop(show.time)
  for i, person in ipairs(show.people) do
    if i ~= show.chosen then portrait(person, 380 + 220 * i - 60, show.time, false, false) end
  end
  local chosen = show.people[show.chosen]
  portrait(chosen, 380 + 220 * show.chosen - 60, show.time, show.speaks, true)
  card({0.09, 0.09, 0.14, 0.93}, 24, 382, 912, 146, 14)
  card(chosen.coat, 44, 366, fonts[16]:getWidth(chosen.name) + 32, 30, 10)
  words(chosen.name, 16, {1, 1, 1}, 60, 371, 400)
  local text = show.is_thinking and ("."):rep(1 + math.floor(show.time * 3) % 3) or show.text
  words(text, 19, {1, 0.98, 0.92}, 48, 406, 500)
  for i, line in ipairs(show.choices) do
    card({0.20, 0.20, 0.28}, 572, 378 + 29 * i - 12, 348, 25, 8)
    words(i .. "  " .. line, 13, {0.93, 0.92, 1}, 584, 378 + 29 * i - 8, 330)
  end
  words(show.message or show.hint, 13, show.message and {1, 0.65, 0.55} or {0.62, 0.62, 0.72}, 572, 500, 348)
end

-- `progress`: nil where it failed.
function scene.draw_loading(title, progress, message)
  graphics.clear(0.09, 0.09, 0.14)
  words(title, 26, {1, 0.98, 0.92}, 0, 200, width, "center")
  if progress then
    card({0.27, 0.26, 0.33}, 280, 264, 400, 16, 8)
    card({0.98, 0.80, 0.45}, 280, 264, math.max(16, 400 * progress), 16, 8)
  else
    words(message, 16, {1, 0.65, 0.55}, 120, 256, 720, "center")
  end
end

-- Which line lies at a point; nil: none.
function scene.choice_at(x, y)
  for i = 1, 3 do
    if x > 572 and x < 920 and y > 366 + 29 * i and y < 391 + 29 * i then return i end
  end
end

-- The end of a text that fits into the box, from the beginning of a line as it is broken.
function scene.fitting(text)
  local _, lines = fonts[19]:getWrap(text, 500)
  local first = math.max(1, #lines - 4)
  local shown = {}
  for i = first, #lines do shown[#shown + 1] = (lines[i]:gsub("%s+$", "")) end
  return table.concat(shown, "\n")
end

return scene
