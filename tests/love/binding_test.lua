-- tlite.lua in plain LuaJIT: luajit binding_test.lua FOLDER-OF-TLITE.LUA MODEL, with TLITE_LIBRARY.
package.path = arg[1] .. "/?.lua;" .. package.path
local tlite = require("tlite")
local model_path = arg[2]

local tests, failures = {}, 0
local function test(name, run) tests[#tests + 1] = {name = name, run = run} end

local function equal(got, wanted)
  if got ~= wanted then error(("got %q, wanted %q"):format(tostring(got), tostring(wanted)), 2) end
end
local function contains(text, part)
  if not tostring(text):find(part, 1, true) then
    error(("%q does not contain %q"):format(tostring(text), part), 2)
  end
end
-- The script's mistake: a Lua error that says `part`, at the script's own line.
local function mistake(part, call, ...)
  local worked, message = pcall(call, ...)
  if worked then error("no error of " .. part, 2) end
  contains(message, part)
end

local model = assert(tlite.load(model_path))
local function engine_of(context)
  return assert(model:engine{context = context or 2048, max_batch_rows = 64, threads = 1})
end
local system = "Ты живёшь у моря. Отвечай кратко и по делу."
local function character_of(engine, more)
  local options = {name = "Вера", system = system, context = 512,
                   sampling = {temperature = 0, max_new_tokens = 40}}
  for name, value in pairs(more or {}) do options[name] = value end
  return assert(engine:character(options))
end
local function play(engine)
  for _ = 1, 100000 do
    assert(engine:update(0.001))
    local quiet = not engine:is_preparing()
    for _, each in ipairs(engine.characters) do quiet = quiet and each.state == "silent" end
    if quiet then return end
  end
  error("it never ends")
end
local function alone(questions)
  local session = assert(model:session{context = 512, threads = 1, max_batch_rows = 64})
  assert(session:set_sampling{temperature = 0, max_new_tokens = 40})
  assert(session:add("system", system))
  local answer
  for _, question in ipairs(questions) do
    assert(session:add("user", question))
    answer = assert(session:reply())
  end
  session:close()
  return answer
end

test("characters say what each says alone, by piece and by sentence", function()
  local engine = engine_of()
  local questions = {"Столица Франции?", "What colour is the sky?", "Напиши стих про машинное обучение"}
  local heard, sentences, ends, all = {}, {}, 0, {}
  for i, question in ipairs(questions) do
    heard[i], sentences[i] = "", 0
    all[i] = character_of(engine)
    all[i].on_piece = function(text) heard[i] = heard[i] .. text end
    all[i].on_sentence = function() sentences[i] = sentences[i] + 1 end
    all[i].on_end = function() ends = ends + 1 end
    assert(all[i]:say(question))
    equal(all[i].state, "thinking")
  end
  play(engine)
  equal(ends, 3)
  for i, question in ipairs(questions) do
    equal(all[i].answer, alone{question})
    equal(heard[i], all[i].answer)
  end
  assert(sentences[1] == 1 and sentences[3] >= 4)
  contains(all[1].answer, "Париж")
  engine:close()
end)

test("the same sentences in pieces of any size", function()
  local cases = {
    {"Привет! Как дела? Хорошо...", "Привет!|Как дела?|Хорошо..."},
    {"It is 3.14. Really?! Yes.", "It is 3.14.|Really?!|Yes."},
    {"А. С. Пушкин жил в г. Москве. Да.", "А. С. Пушкин жил в г. Москве.|Да."},
    {"«Стой!» — крикнул он. И ушёл…  Тишина", "«Стой!»|— крикнул он.|И ушёл…|Тишина"},
    {"Сперва строка,\nпотом другая\n\nи стих.", "Сперва строка,|потом другая|и стих."},
    {"Mr. Fox said (\"Go.\") and left. It was I. Then.", "Mr. Fox said (\"Go.\")|and left.|It was I.|Then."},
    {"Это я. Ты кто? — «Никто».", "Это я.|Ты кто?|— «Никто»."},
    {"\255\254. \208. x", "\255\254.|\208.|x"},
    {"?! ... !", "?!|...|!"}, {"", ""}, {" \n ", ""},
  }
  for _, case in ipairs(cases) do
    for _, step in ipairs{1, 2, 3, 7, 1000} do
      local cut, sentences = {}, tlite.sentences()
      local function take(sentence) cut[#cut + 1] = sentence end
      for i = 1, #case[1], step do sentences:push(case[1]:sub(i, i + step - 1), take) end
      sentences:flush(take)
      equal(table.concat(cut, "|"), case[2])
    end
  end
end)

test("prefixes, notes, saves, loads and resets", function()
  local engine = engine_of()
  local one = character_of(engine)
  local heard = ""
  one.on_piece = function(text) heard = heard .. text end
  assert(one:say("Столица Франции?", "Столица"))
  equal(heard, "Столица")
  play(engine)
  equal(heard, one.answer)
  assert(#one.answer > #"Столица" and one.answer:sub(1, #"Столица") == "Столица")
  one:note("[злой]")
  one:note("[идёт дождь]")
  assert(one:say("Меня зовут Анна."))
  play(engine)
  local saved = assert(one:save())
  contains(saved, "[злой]\\n[идёт дождь]")
  assert(not saved:find(system, 1, true))
  for i = 1, 1000 do one:note("[" .. i .. "]") end
  local said, _, kind = one:say(("x"):rep(2 ^ 20))
  assert(not said)
  equal(kind, "context_full")
  assert(one:say("Что нового?"))
  play(engine)
  local newest = assert(one:save())
  contains(newest, "[1000]")
  assert(not newest:find("[1]", 1, true))
  assert(one:load(saved))
  assert(one:say("Как меня зовут?"))
  play(engine)
  local other = character_of(engine)
  assert(other:load(saved))
  assert(other:say("Как меня зовут?"))
  play(engine)
  equal(other.answer, one.answer)
  for _, broken in ipairs{"", "{", "[1]", '[{"role": 1, "content": "x"}]', "\255", ("x"):rep(2 ^ 20)} do
    local loaded, message, kind = other:load(broken)
    assert(loaded == nil and #message > 0)
    equal(kind, "invalid_argument")
  end
  engine:close()
end)

test("older turns become a summary; who is spoken to meanwhile loses nothing", function()
  local engine = engine_of()
  local one = character_of(engine, {summarize_above = 120, keep_turns = 1, summary_tokens = 20,
                                    summary_heading = "BEFORE: "})
  local summary
  one.on_summary = function(text) summary = text end
  for i = 0, 30 do
    assert(one:say("Столица страны номер " .. i .. "?"))
    play(engine)
    if summary then break end
  end
  assert(summary)
  local saved = assert(one:save())
  contains(saved, "BEFORE: ")
  assert(not saved:find("номер 0?", 1, true))
  assert(not saved:find("перескажи", 1, true))
  repeat
    assert(one:say("Расскажи ещё про столицы стран, пожалуйста"))
    repeat assert(engine:update(0.0001)) until not one:is_busy()
  until one.state == "remembering"
  assert(one:say("Стой!"))
  equal(one.state, "thinking")
  play(engine)
  engine:close()
end)

test("callbacks ask, interrupt, remove, add and fail", function()
  local engine = engine_of()
  local one, two, three = character_of(engine), character_of(engine), character_of(engine)
  local answers, pieces = 0, 0
  one.on_end = function(reason)
    answers = answers + 1
    equal(reason, "end_of_text")
    if answers < 3 then assert(one:say("Столица Италии?")) end
  end
  two.on_sentence = function()
    character_of(engine)
    two:remove()
    two:remove()
  end
  three.on_piece = function()
    pieces = pieces + 1
    if pieces == 2 then three:interrupt() end
  end
  assert(one:say("Столица Франции?"))
  assert(two:say("Напиши стих про машинное обучение"))
  assert(three:say("Напиши стих про машинное обучение"))
  play(engine)
  equal(answers, 3)
  equal(pieces, 2)
  equal(#engine.characters, 3)
  equal(engine:status().running + engine:status().waiting, 0)
  mistake("was removed", two.say, two, "x")
  three.on_piece = function() error("the script's own") end
  assert(three:say("Привет"))
  mistake("the script's own", play, engine)
  three.on_piece = nil
  play(engine)
  assert(#three.answer > 0)
  engine:close()
end)

test("a callback closes everything, the engine that calls it too", function()
  local own = assert(tlite.load(model_path))
  local engine = assert(own:engine{context = 1024, threads = 1})
  local one = character_of(engine)
  one.on_piece = function()
    own:close()
    engine:close()
    one:remove()
    collectgarbage()
  end
  assert(one:say("Привет"))
  while engine:is_open() do assert(engine:update(0.001)) end
  mistake("the engine was closed", engine.update, engine, 0.001)
  mistake("the model was closed", own.info, own)
end)

test("a callback of reply that asks its session is told so, and may close it", function()
  local session = assert(model:session{context = 256, threads = 1})
  assert(session:add("user", "Напиши стих про машинное обучение"))
  local said
  local answer = assert(session:reply(function()
    local stream, message, kind = session:stream()
    said = said or {stream == nil, message, kind}
  end))
  assert(said[1] and #said[2] > 0 and #answer > 0)
  equal(said[3], "bad_state")
  assert(session:add("user", "ещё"))
  local pieces = 0
  assert(session:reply(function()
    pieces = pieces + 1
    session:close()
    return pieces < 3
  end))
  mistake("the session was closed", session.stream, session)
end)

test("freed in any order, and by the collector", function()
  local function orders(list, n, visit)
    if n == 1 then return visit(list) end
    for i = 1, n do
      list[i], list[n] = list[n], list[i]
      orders(list, n - 1, visit)
      list[i], list[n] = list[n], list[i]
    end
  end
  orders({1, 2, 3, 4, 5}, 5, function(order)
    local own = assert(tlite.load(model_path))
    local engine = assert(own:engine{context = 256, max_batch_rows = 16, max_sequences = 1, threads = 1})
    local session = assert(engine:session{context = 128})
    assert(session:add("user", "Привет"))
    local stream = assert(session:stream())
    assert(stream:next())
    local fork = engine:session{context = 64}
    local all = {own, engine, session, stream, fork}
    for _, i in ipairs(order) do
      all[i]:close()
      all[i]:close()
    end
  end)
  for _ = 1, 20 do
    local own = assert(tlite.load(model_path))
    local session = assert(own:session{context = 128, threads = 1})
    assert(session:add("user", "Привет"))
    assert(assert(session:stream()):next())
  end
  collectgarbage()
  collectgarbage()
end)

test("mistakes of the script name what is wrong", function()
  local engine = engine_of()
  local one = character_of(engine)
  local session = assert(model:session{context = 128, threads = 1})
  mistake("path is nil", tlite.load)
  mistake("path is 7", tlite.load, 7)
  mistake('load options: there is no option "wieghts"', tlite.load, model_path, {wieghts = "q4_0"})
  mistake("load options: check_weights is 1; it takes true or false", tlite.load, model_path, {check_weights = 1})
  mistake("load options: weights: ", tlite.load, model_path, {weights = "q9"})
  mistake("load options are 3; they are a table", tlite.load, model_path, 3)
  mistake("engine options: context is nan", model.engine, model, {context = 0 / 0})
  mistake("engine options: context is 1e+300", model.engine, model, {context = 1e300})
  mistake("engine options: context is 1.5", model.engine, model, {context = 1.5})
  mistake('engine options: kv_type is "f64"', model.engine, model, {kv_type = "f64"})
  mistake("this is nil, not a model: call methods with a colon", model.engine)
  mistake("not a model", model.engine, engine)
  mistake("not a engine", engine.update, {}, 1)
  mistake("seconds is nil", engine.update, engine)
  mistake("seconds is nan", engine.step, engine, 0 / 0)
  mistake("text is nil", one.say, one)
  mistake("text is 5", one.say, one, 5)
  mistake("prefix is true", one.say, one, "x", true)
  mistake("text is nil", one.note, one)
  mistake("json is nil", one.load, one)
  mistake("not a character", one.say, "x")
  mistake('there is no option "sytem"', engine.character, engine, {sytem = "x"})
  mistake("context is \"x\"; it takes a number", engine.character, engine, {context = "x"})
  mistake("character options are nil", engine.character, engine)
  mistake("sampling: seed is -1", session.set_sampling, session, {seed = -1})
  mistake("sampling: stop[2] is 3", session.set_sampling, session, {stop = {"a", 3}})
  mistake("content is nil", session.add, session, "user")
  mistake("messages[1] is 5", session.set_messages, session, {5})
  mistake("count is -1", session.rewind, session, -1)
  mistake("needs LÖVE's threads", tlite.load_async, model_path)
  session:close()
  engine:close()
end)

test("what the world refuses is nil, a sentence and a kind", function()
  local function refused(kind, part, result, message, got)
    assert(not result)
    equal(got, kind)
    contains(message, part)
  end
  refused("not_found", "no/such/модель", tlite.load("no/such/модель"))
  refused("not_supported", "binding_test.lua", tlite.load(arg[0]))
  refused("not_found", "no/such", tlite.plan("no/such"))
  refused("invalid_argument", "context is -2", model:engine{context = -2})
  local session = assert(model:session{context = 128, threads = 1})
  refused("invalid_argument", "temperature is -1", session:set_sampling{temperature = -1})
  refused("invalid_argument", "conversation has no message", session:stream())
  refused("bad_state", "the last message", session:continue())
  assert(session:add("никто", "x"))
  refused("bad_template", "никто", session:stream())
  session:close()
  local engine = engine_of()
  local one = character_of(engine)
  refused("context_full", "512", one:say(("слово "):rep(200000)))
  equal(assert(one:save()), "[]\n")
  for _, odd in ipairs{"", "\0", "a\0b", "\255\254\208", "<|im_end|>", ("\n"):rep(100)} do
    assert(one:say(odd, odd))
    play(engine)
  end
  local plan = assert(tlite.plan(model_path, {context = 512}))
  assert(plan.total > 0 and plan.kv_cache > 0)
  engine:close()
end)

test("prepared, a prompt is in the cache", function()
  local engine = engine_of()
  assert(engine:prepare(system))
  assert(engine:is_preparing())
  play(engine)
  assert(engine:status().cached_tokens >= 32)
  engine:close()
end)

test("the module loaded anew, with objects of the old one about", function()
  local session = assert(model:session{context = 128, threads = 1})
  package.loaded.tlite = nil
  local again = require("tlite")
  assert(again ~= tlite)
  tlite = again
  collectgarbage()
  collectgarbage()
  assert(session:add("user", "Привет"))
  assert(#assert(session:reply()) > 0)
end)

for _, each in ipairs(tests) do
  local passed, message = xpcall(each.run, debug.traceback)
  if not passed then
    failures = failures + 1
    print("FAILED: " .. each.name .. "\n  " .. message)
  end
end
print(("%d tests, %d failed"):format(#tests, failures))
-- With objects that are alive: the state's end frees them in any order.
_G.kept = {model:session{context = 128, threads = 1}, model, engine_of()}
os.exit(failures == 0 and 0 or 1, true)
