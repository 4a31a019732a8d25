# The nodes as a game's scripts use and misuse them: all functions called test_*.
extends "testing.gd"

func run():
	var only = argument("--only")
	for each in get_script().get_script_method_list():
		if not each.name.begins_with("test_" + only):
			continue
		var before = failures
		var state = call(each.name)
		if state is GDScriptFunctionState:
			yield(state, "completed")
		if failures > before:
			printerr("FAILED: ", each.name)
		yield(self, "idle_frame")  # this may be a signal of a node still, which cannot be freed then
		for child in root.get_children():
			child.free()
		yield(self, "idle_frame")
	print("%d checks, %d failed" % [checks, failures])
	quit(1 if failures > 0 else 0)

func silent(character):
	while character.is_busy():
		yield(self, "idle_frame")
	yield(self, "idle_frame")

func answer(character, text, prefix = ""):
	equal(character.say(text, prefix), OK, "say " + text)
	yield(silent(character), "completed")
	return character.get_answer()

func loaded(model):
	while not model.is_loaded():
		yield(self, "idle_frame")
	yield(self, "idle_frame")

func test_pieces_and_sentences_arrive():
	var model = new_model()
	var one = new_character(model)
	var two = new_character(model)
	equal(one.say("Столица Франции?"), OK, "said while the model is loading")
	equal(two.say("What colour is the sky?"), OK, "to another")
	equal(one.get_state(), "thinking", "state")
	yield(one, "finished")
	yield(silent(two), "completed")
	contains(one.get_answer(), "Париж", "an answer in Russian")
	contains(two.get_answer().to_lower(), "blue", "an answer in English")
	for each in [one, two]:
		equal(PoolStringArray(heard(each, "piece")).join(""), each.get_answer(), "pieces make the answer")
		check(heard(each, "piece").size() > 2, "there are several")
		equal(heard(each, "sentence").size(), 1, "sentences")
		equal(heard(each, "finished"), ["end_of_text"], "finished")
		equal(heard(each, "answer"), [each.get_answer()], "with the answer")
		equal(heard(each, "failed"), [], "failed")
	yield(answer(one, POEM), "completed")
	check(heard(one, "sentence").size() >= 4, "a poem has sentences")
	equal(model.get_progress(), 1.0, "progress")
	check(model.get_version() != "", "version")
	equal(model.get_status().running, 0, "status")

func test_the_second_character_finds_the_common_prompt_in_the_cache():
	var model = new_model()
	var world = "Ты живёшь в деревне у моря. ".repeat(12)
	var one = new_character(model, world + "Тебя зовут Вера.")
	var two = new_character(model, world + "Тебя зовут Лев.")
	yield(answer(one, "Столица Франции?"), "completed")
	yield(answer(two, "Столица Франции?"), "completed")
	equal(one.get_usage().cached_tokens, 0, "the first one's")
	check(two.get_usage().cached_tokens >= 64, "the second one's: %s" % two.get_usage())
	check(two.get_usage().prompt_tokens > two.get_usage().cached_tokens, "not all of it")
	# Prepared, the first is as fast.
	var other = new_model()
	var three = new_character(other, world + "Тебя зовут Вера.")
	equal(three.prepare(), OK, "prepare while loading")
	yield(other, "prepared")
	check(not other.is_preparing(), "prepared")
	yield(answer(three, "Столица Франции?"), "completed")
	check(three.get_usage().cached_tokens >= 64, "prepared: %s" % three.get_usage())

func test_interrupted_it_goes_on_with_what_was_heard():
	var model = new_model()
	var one = new_character(model)
	one.say(POEM)
	while heard(one, "piece").size() < 3:
		yield(self, "idle_frame")
	equal(one.interrupt(), OK, "interrupt")
	equal(heard(one, "finished"), ["cancelled"], "finished")
	var said = PoolStringArray(heard(one, "piece")).join("")
	equal(heard(one, "answer"), [said], "with what there was")
	contains(parse_json(one.save_conversation())[1].content, said, "it is in the conversation")
	equal(one.interrupt(), OK, "with nothing to interrupt")
	# A question in the middle of an answer, and one before the model is there.
	one.say(POEM)
	one.say("Столица Франции?")
	yield(silent(one), "completed")
	contains(one.get_answer(), "Париж", "the last question counts")
	equal(heard(one, "finished"), ["cancelled", "cancelled", "end_of_text"], "each answer ends once")

func test_prefixes_notes_and_limits():
	var model = new_model()
	var one = new_character(model)
	yield(answer(one, "Столица Франции?", "*вздыхает* "), "completed")
	check(one.get_answer().begins_with("*вздыхает* "), "a prefix: " + one.get_answer())
	equal(heard(one, "piece")[0], "*вздыхает* ", "is the first piece")
	one.note("[Настроение: злой]")
	one.max_new_tokens = 2
	yield(answer(one, "Столица Италии?"), "completed")
	equal(heard(one, "finished")[1], "length", "a limit that was changed")
	contains(one.save_conversation(), "[Настроение: злой]", "a note")
	one.max_new_tokens = 40
	one.reset()
	one.stop_words = PoolStringArray(["нет такого", " Пари"])
	yield(answer(one, "Столица Франции?"), "completed")
	check(not "Пари" in one.get_answer() and heard(one, "finished")[2] == "stop_string", one.get_answer())
	one.stop_words = PoolStringArray()
	one.random_seed = 7
	one.temperature = 1.5
	var first = yield(answer(one, POEM), "completed")
	one.reset()
	one.random_seed = 7
	equal(one.random_seed, 7, "seed")
	equal(one.save_conversation(), "[]\n", "reset forgets")
	check(first != "", "an answer that was drawn")

func test_conversations_are_saved_and_loaded():
	var model = new_model()
	var one = new_character(model)
	yield(answer(one, "Меня зовут Анна."), "completed")
	var saved = one.save_conversation()
	check(not "деревне" in saved, "without who it is")
	var wanted = yield(answer(one, "Как меня зовут?"), "completed")
	var two = new_character(model)
	equal(two.load_conversation(saved), OK, "load")
	equal(two.save_conversation(), saved, "before anything is said")
	equal(yield(answer(two, "Как меня зовут?"), "completed"), wanted, "answers as the first")
	for broken in ["", "{", "[1]", "[{\"role\": 1, \"content\": \"x\"}]", "x".repeat(1 << 20)]:
		equal(two.load_conversation(broken), ERR_INVALID_PARAMETER, "broken: " + broken.left(30))
		check(two.get_error() != "", "says why")
	one.say(POEM)
	equal(one.load_conversation(saved), ERR_BUSY, "not while it speaks")
	equal(one.save_conversation(), "", "nor a save")

func test_a_missing_and_a_broken_model_are_told_in_a_sentence():
	var file = File.new()
	file.open("user://broken.gguf", File.WRITE)
	file.store_string("GGUF, or so it says")
	file.close()
	for path in ["no/such/модель", "user://broken.gguf", "user://"]:
		var model = new_model(path)
		var one = new_character(model)
		one.say("Привет")
		yield(model, "failed")
		yield(self, "idle_frame")
		var sentence = heard(model, "failed")[0]
		contains(sentence, path.replace("user:/", OS.get_user_data_dir()), "names the file")
		equal(heard(one, "failed"), [sentence], "who waits is told")
		check(one.say("Привет") != OK, "nobody speaks")
		equal(heard(one, "failed"), [sentence, sentence], "and is told why")
		equal(model.get_error(), sentence, "get_error")
		check(not model.is_loaded() and not model.is_loading(), "state")
		equal(model.plan(path), null, "no plan")
		# And then a good one.
		model.load_model(model_path)
		yield(answer(one, "Столица Франции?"), "completed")
		contains(one.get_answer(), "Париж", "after a good load")
	var model = new_model("")
	model.context = -2
	model.load_model(model_path)
	yield(model, "failed")
	contains(heard(model, "failed")[0], "context is -2", "an engine that cannot be")
	equal(new_model("").load_model(), ERR_INVALID_PARAMETER, "no path at all")

func test_a_model_is_closed_and_loaded_with_its_conversations():
	var model = new_model()
	var one = new_character(model)
	yield(answer(one, "Меня зовут Анна."), "completed")
	var saved = one.save_conversation()
	one.say(POEM)
	while heard(one, "piece").size() < 9:
		yield(self, "idle_frame")
	equal(model.close(), OK, "close")
	equal(one.get_state(), "silent", "state")
	yield(self, "idle_frame")
	equal(heard(one, "finished"), ["end_of_text", "cancelled"], "the answer ends")
	equal(heard(one, "answer")[1], one.get_answer(), "with what there was")
	check(one.get_answer() != "", "some")
	equal(one.load_conversation(saved), OK, "load without a model")
	equal(one.save_conversation(), saved, "save without a model")
	model.load_model()
	yield(answer(one, "Как меня зовут?"), "completed")
	check(one.get_usage().conversation_tokens > 0, "goes on")
	# A load that is given up.
	model.load_model(model_path)
	model.close()
	model.load_model(model_path)
	yield(loaded(model), "completed")

func test_nodes_are_freed_in_any_order():
	for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]:
		var model = new_model()
		model.budget = 0
		var all = [model, new_character(null), new_character(null)]
		for i in [1, 2]:
			equal(all[i].use_model(model), OK, "use_model")
			all[i].say(POEM)
		while not model.is_loaded():
			model.step(0)
			OS.delay_msec(1)
		model.step(0.000001)  # in the middle of a prompt
		for i in order:
			all[i].free()
			yield(self, "idle_frame")

var victims = []
func free_victims_at_end(_answer, _reason, how):
	free_victims("", how)

func free_victims(_text, how):
	while victims:
		var each = victims.pop_back()
		if how == "free":
			each.free()
		else:
			each.queue_free()

func test_signals_free_whom_they_like():
	for how in ["free", "queue_free"]:
		for name in ["piece", "sentence", "finished"]:
			# The model and the other one; Godot itself keeps who is sending.
			var model = new_model()
			var one = new_character(null)
			var two = new_character(null)
			for each in [one, two]:
				each.use_model(model)
				each.say("Столица Франции?", "Столица " if name == "piece" else "")
			one.connect(name, self, "free_victims_at_end" if name == "finished" else "free_victims", [how])
			victims = [two, model]
			while victims:
				yield(self, "idle_frame")
			yield(self, "idle_frame")
			check(not is_instance_valid(model) and not is_instance_valid(two), "freed by " + name)
			yield(self, "idle_frame")
			yield(self, "idle_frame")
			equal(heard(one, "finished").size(), 1, "the answer of who is left has ended")
			one.say("Привет")
			check("no TliteModel" in one.get_error(), "it has no model: " + one.get_error())
			victims = [one]
			one.free()
			victims = []

func free_sender(_text, sender):
	sender.queue_free()
func free_sender_at_end(_answer, _reason, sender):
	sender.queue_free()

func test_a_signal_frees_its_sender():
	for name in ["piece", "sentence", "finished"]:
		var model = new_model()
		var one = new_character(model)
		one.connect(name, self, "free_sender_at_end" if name == "finished" else "free_sender", [one])
		one.say("Столица Франции?", "Столица ")
		while is_instance_valid(one):
			yield(self, "idle_frame")
		yield(self, "idle_frame")
		equal(model.get_status().running, 0, "nothing runs on")

var steps = []
func step_again(_text, model):
	steps.append(model.step(0.001))

func test_a_step_in_a_signal_is_refused():
	var model = new_model()
	var one = new_character(model)
	one.connect("piece", self, "step_again", [model])
	yield(answer(one, "Столица Франции?"), "completed")
	check(steps.size() > 2 and steps.count(ERR_BUSY) == steps.size(), "steps: %s" % [steps])
	equal(model.step(0.001), OK, "behind it")

var answers_of_threads = []
func ask_in_thread(pair):
	return [pair[1].say("x"), pair[1].interrupt(), pair[1].note("x"), pair[1].load_conversation("[]"),
		pair[0].step(0.001), pair[0].close(), pair[0].load_model("x")]

func ask_in_signal(_text, pair):
	if answers_of_threads:
		return
	var thread = Thread.new()
	thread.start(self, "ask_in_thread", pair)
	answers_of_threads = thread.wait_to_finish()

func test_another_thread_gets_an_error_while_one_is_in():
	var model = new_model()
	var one = new_character(model)
	one.connect("piece", self, "ask_in_signal", [[model, one]])
	yield(answer(one, "Столица Франции?"), "completed")
	equal(answers_of_threads, [ERR_BUSY, ERR_BUSY, ERR_BUSY, ERR_BUSY, ERR_BUSY, ERR_BUSY, ERR_BUSY], "threads")
	contains(one.get_answer(), "Париж", "and nothing has happened")

var thread_is_over = false
func hammer(pair):
	var odd = []
	for i in 60:
		for status in [pair[1].say(POEM), pair[1].interrupt(), pair[0].step(0.0002)]:
			if status != OK and status != ERR_BUSY:
				odd.append(status)
	thread_is_over = true
	return odd

func test_threads_at_once():
	var model = new_model()
	model.budget = 0
	while not model.is_loaded():
		model.step(0)
		OS.delay_msec(1)
	var one = Character.new()  # signals would call this script on both threads
	one.temperature = 0
	one.use_model(model)
	thread_is_over = false
	var thread = Thread.new()
	thread.start(self, "hammer", [model, one])
	var odd = []
	while not thread_is_over:
		for status in [model.step(0.0005), one.say(POEM)]:
			if status != OK and status != ERR_BUSY:
				odd.append(status)
		yield(self, "idle_frame")
	equal(thread.wait_to_finish() + odd, [], "OK or ERR_BUSY, nothing else")
	one.free()

func test_wrong_arguments_are_errors_and_change_nothing():
	var model = new_model()
	var one = new_character(model)
	for call in [["say"], ["say", null], ["say", 5], ["say", Vector2()], ["say", [1]], ["say", {}], ["say", one],
			["say", "x", null], ["say", "x", true], ["say", "x", "y", "z"], ["note"], ["note", 1.5], ["interrupt", 1],
			["load_conversation"], ["load_conversation", PoolByteArray([1])], ["use_model"], ["use_model", null],
			["use_model", 3], ["use_model", root], ["use_model", one]]:
		equal(one.callv(call[0], call.slice(1, call.size() - 1) if call.size() > 1 else []), ERR_INVALID_PARAMETER, str(call))
		check(one.get_error() != "", "says why")
	for call in [["load_model", 5], ["load_model", null], ["load_model", ""], ["step"], ["step", "x"], ["step", null],
			["step", NAN], ["step", INF], ["close", 1]]:
		equal(model.callv(call[0], call.slice(1, call.size() - 1) if call.size() > 1 else []),
			ERR_INVALID_PARAMETER if call != ["load_model", ""] else OK, str(call))
	equal(one.get_answer("x"), null, "a question with too much")
	equal(model.plan(5), null, "plan of a number")
	equal(model.step(-1), OK, "a frame that is late")
	equal(model.step(0), OK, "by a whole number")
	for change in [["context", "x"], ["context", null], ["context", 1.5], ["context", 1 << 40], ["temperature", NAN],
			["temperature", "hot"], ["system_prompt", 1], ["system_prompt", null], ["max_new_tokens", -(1 << 40)], ["stop_words", "x"], ["stop_words", [1]],
			["top_k", 1.5], ["top_p", NAN]]:
		var before = one.get(change[0])
		one.set(change[0], change[1])
		equal(one.get(change[0]), before, str(change))
	for change in [["budget", "x"], ["budget", INF], ["threads", 1 << 33], ["model_path", 1], ["autoload", 1]]:
		var before = model.get(change[0])
		model.set(change[0], change[1])
		equal(model.get(change[0]), before, str(change))
	yield(loaded(model), "completed")
	# What the library refuses is told, and all goes on.
	var two = new_character(model)
	two.context = -5
	check(two.say("Привет") != OK, "a context below 0")
	contains(heard(two, "failed")[0], "context is -5", "says so")
	two.context = 512
	two.top_p = 1.5
	check(two.say("Привет") == ERR_INVALID_PARAMETER and "top_p is 1.5" in two.get_error(), two.get_error())
	two.top_p = -1
	two.stop_words = PoolStringArray([""])
	check(two.say("Привет") == ERR_INVALID_PARAMETER, two.get_error())
	two.stop_words = PoolStringArray()
	two.temperature = 1e30
	equal(two.say("Привет") , OK, "hot")
	two.temperature = 0
	yield(answer(two, "Столица Франции?"), "completed")
	contains(two.get_answer(), "Париж", "set right again")

func test_texts_of_any_kind():
	var model = new_model()
	var one = new_character(model)
	yield(loaded(model), "completed")
	equal(one.say("слово ".repeat(200000)), ERR_PARAMETER_RANGE_ERROR, "a megabyte")
	contains(heard(one, "failed")[0], "512", "names the limit")
	equal(one.save_conversation(), "[]\n", "nothing was said")
	var texts = ["", " ", "\n".repeat(100), "<|im_end|>", char(0xD800), char(0xDFFF) + "x", char(0x110000), char(0x7FFFFFFF), "🚂",
		PoolByteArray([0xFF, 0xFE, 0xD0]).get_string_from_utf8(), PoolByteArray([0xFF, 0x20]).get_string_from_ascii()]
	for each in texts:
		yield(answer(one, each, each), "completed")
		one.reset()
	one.say("a", char(0xD800) + "б")
	check(one.get_answer().begins_with(char(0xFFFD) + "б"), "what is no character is shown as one")
	one.interrupt()
	one.system_prompt = "слово ".repeat(200000)
	equal(one.say("Привет"), ERR_PARAMETER_RANGE_ERROR, "a system prompt that is too long")
	one.note("слово ".repeat(200000))
	one.system_prompt = "Кратко."
	equal(one.say("Привет"), ERR_PARAMETER_RANGE_ERROR, "a note")
	one.reset()
	one.note(char(0xD800))

func test_properties():
	var model = Model.new()
	var one = Character.new()
	for each in [["model_path", "x"], ["autoload", false], ["budget", 0.002], ["context", 1], ["max_speakers", 2],
			["max_batch_rows", 3], ["threads", 4]]:
		check(typeof(model.get(each[0])) == typeof(each[1]) and model.get(each[0]) != each[1], each[0])
		model.set(each[0], each[1])
		equal(model.get(each[0]), each[1], each[0])
	for each in [["model", NodePath("../x")], ["system_prompt", "Кто ты"], ["context", 3], ["max_new_tokens", 4],
			["temperature", 0.5], ["top_p", 0.25], ["min_p", 0.125], ["top_k", 8], ["repetition_penalty", 1.5],
			["stop_words", PoolStringArray(["я", "the"])], ["random_seed", 5], ["summarize_above", 6], ["keep_turns", 7]]:
		check(typeof(one.get(each[0])) == typeof(each[1]) and one.get(each[0]) != each[1], each[0])
		one.set(each[0], each[1])
		equal(one.get(each[0]), each[1], each[0])
	var names = []
	for each in one.get_property_list():
		names.append(each.name)
	check("system_prompt" in names and "model" in names, "the editor sees them")
	check(one.has_signal("piece") and one.has_method("say") and model.has_signal("loaded"), "and signals and methods")
	one.free()
	model.free()

func test_a_character_finds_its_model():
	var one = Character.new()
	equal(one.say("x"), ERR_BUSY, "outside of the tree")
	contains(one.get_error(), "there is no TliteModel above", "none above")
	root.add_child(one)
	one.model = NodePath("../Nobody")
	equal(one.say("x"), ERR_BUSY, "a path to nobody")
	contains(one.get_error(), "../Nobody", "names it")
	equal(one.get_state(), "silent", "state")
	var model = new_model()
	model.name = "Somebody"
	one.model = NodePath("../Somebody")
	yield(answer(one, "Столица Франции?"), "completed")
	check(one.get_answer() != "", "found")
	var deep = Node.new()
	model.add_child(deep)
	var two = new_character(null)
	deep.add_child(two)
	yield(answer(two, "Столица Франции?"), "completed")
	contains(two.get_answer(), "Париж", "some levels above")
	# The path is set anew: another model, the same conversation.
	var saved = two.save_conversation()
	var other = new_model()
	two.model = two.get_path_to(other)
	equal(two.save_conversation(), saved, "moved")
	yield(answer(two, "А Италии?"), "completed")
	equal(other.get_status().running, 0, "it spoke")
	check(two.save_conversation().length() > saved.length(), "there")

func test_autoload():
	var model = Model.new()
	model.model_path = model_path
	root.add_child(model)
	check(model.is_loading(), "as soon as it is in the tree")
	yield(model, "loaded")
	var idle = Model.new()
	idle.autoload = false
	idle.model_path = model_path
	root.add_child(idle)
	check(not idle.is_loading(), "not where that is off")

func test_a_plan_tells_what_it_takes():
	var model = new_model("")
	var plan = model.plan(model_path)
	check(plan.total > 1 << 20 and plan.kv_cache > 0 and plan.total >= plan.kv_cache, str(plan))

# Nanoseconds that each thread of this process has run, by its number.
func run_times():
	var folder = Directory.new()
	folder.open("/proc/self/task")
	folder.list_dir_begin(true)
	var all = {}
	var name = folder.get_next()
	while name != "":
		var file = File.new()
		file.open("/proc/self/task/%s/schedstat" % name, File.READ)
		all[name] = int(file.get_line().split(" ")[0])
		name = folder.get_next()
	return all

func test_a_frame_uses_no_thread_of_ours():
	var godot = run_times()
	var model = new_model()
	var one = new_character(model)
	yield(loaded(model), "completed")
	# Who loaded goes to sleep some milliseconds later, on a busy machine more.
	var before = run_times()
	var busy = true
	while busy:
		yield(create_timer(0.2), "timeout")
		var now = run_times()
		busy = false
		for name in now:
			busy = busy or not name in godot and now[name] != before.get(name)
		before = now
	yield(answer(one, POEM), "completed")
	var after = run_times()
	for name in after:
		# Who loaded may sleep still; nobody has come, and nobody has run.
		check(name in before, "no thread began")
		check(name in godot or after[name] == before[name], "thread %s ran" % name)
	check(after[str(OS.get_process_id())] > before[str(OS.get_process_id())], "the game's own has")

func test_older_turns_become_a_summary():
	var model = new_model()
	var one = new_character(model)
	one.summarize_above = 120
	one.keep_turns = 1
	for i in 30:
		yield(answer(one, "Столица страны номер %d?" % i), "completed")
		while one.get_state() == "remembering":
			yield(self, "idle_frame")
		if heard(one, "summary"):
			break
	equal(heard(one, "summary").size(), 1, "summary")
	check(not "номер 0?" in one.save_conversation(), "the oldest turn is in it")

func test_a_scene_is_played_twice():
	for play in 2:
		var scene = load("res://main.tscn").instance()
		scene.arguments = ["--model=" + model_path]
		root.add_child(scene)
		while scene.phase != "playing":
			yield(self, "idle_frame")
		for i in 3:
			scene.say(i, 0)
		while scene.answers < 3:
			yield(self, "idle_frame")
		check(scene.sentences >= 3 and scene.carriage.message == "", "play %d" % play)
		scene.save()
		equal(scene.carriage.message, "Сохранено · saved", "save")
		scene.restore()
		equal(scene.carriage.message, "Загружено · loaded", "load")
		if play == 0:
			scene.say(0, 0)
			scene.say(2, 0)  # freed in the middle of their answers
		scene.free()
		yield(self, "idle_frame")
