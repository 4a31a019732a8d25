# The night train: three passengers of one model, spoken to in Russian and in English.
extends Node

const Options = preload("res://options.gd")
const FrameTimes = preload("res://frame_times.gd")
const SAVE = "user://conversations.json"

onready var model = $Model
onready var carriage = $Carriage
onready var people = [$Model/Vera, $Model/Reed, $Model/Lev]

# What one can say to them, and how they begin to answer.
const LINES = [
	[["Столица Франции?", ""], ["Какого цвета трава?", ""], ["Столица Японии?", "*вздыхает* "]],
	[["What colour is the sky?", ""], ["Hello! How are you?", ""], ["What is the capital of Spain?", ""]],
	[["Напиши стих про машинное обучение", ""], ["Привет! Как дела?", ""], ["Столица Италии?", ""]],
]

var arguments = OS.get_cmdline_args()  # what Godot itself has not taken
var options = Options.new()
var phase = "loading"  # preparing, playing, failed
var chosen = 0
var asked = [0, 0, 0]
var frame = 0
var answers = 0
var sentences = 0
var usage = [null, null, null]  # of the first answers
var times = FrameTimes.new()

func _ready():
	var wrong = options.read(arguments)
	if wrong == "" and not carriage.set_font(options.font):
		wrong = options.font + ": no font can be read"
	if wrong != "":
		return leave(wrong, 2)
	for i in people.size():
		people[i].connect("piece", self, "on_piece", [i])
		people[i].connect("sentence", self, "on_sentence", [i])
		people[i].connect("finished", self, "on_finished", [i])
		people[i].connect("failed", self, "on_failed")
	model.connect("loaded", self, "on_loaded")
	model.connect("prepared", self, "on_prepared")
	model.connect("failed", self, "on_failed")
	model.threads = options.threads
	model.load_model(options.model)

# Exits at the end of the frame.
func leave(message, status):
	if message != "":
		printerr("night train: " + message)
	phase = "failed"
	get_tree().quit(status)

func on_loaded():
	phase = "preparing"
	people[0].prepare()  # what all begin with is worked through once, while the player looks at a bar

func on_prepared():
	phase = "playing"

func on_failed(message):
	if model.is_loaded():
		carriage.message = message
		return
	phase = "failed"
	carriage.message = message
	if options.frames > 0:
		leave(message, 1)

func say(who, line):
	if phase != "playing" or line >= LINES[who].size():
		return
	carriage.clear(who)
	people[who].say(LINES[who][line][0], LINES[who][line][1])

func on_piece(text, who):
	carriage.add(who, text)

func on_sentence(_text, _who):
	sentences += 1

func on_finished(_answer, _reason, who):
	answers += 1
	if usage[who] == null:
		usage[who] = people[who].get_usage()

func _process(_delta):
	var began = OS.get_ticks_usec()
	var budget = options.budget if phase == "playing" else 14.0
	model.step(budget / 1000)
	if phase == "playing" and options.frames > 0:
		play()
	show_all()
	if phase != "playing":
		return
	times.add(OS.get_ticks_usec() - began)
	frame += 1
	if frame == options.frames:
		finish()

func show_all():
	carriage.phase = phase
	carriage.progress = model.get_progress()
	carriage.chosen = chosen
	carriage.english = options.english
	carriage.lines = LINES[chosen]
	for i in people.size():
		carriage.states[i] = people[i].get_state()

# Plays itself: who comes second asks when the first has answered; then everybody as soon as silent.
func play():
	for i in people.size():
		if i > 0 and usage[i - 1] == null:
			return
		if not people[i].is_busy():
			say(i, asked[i] % LINES[i].size())
			asked[i] += 1
			chosen = i

func finish():
	print(to_json({
		"frames": frame, "answers": answers, "sentences": sentences, "budget_ms": options.budget,
		"process_ms": times.report(), "usage": usage,
	}))
	if options.screenshot != "":
		yield(VisualServer, "frame_post_draw")
		var image = get_viewport().get_texture().get_data()
		image.flip_y()
		image.save_png(options.screenshot)
	get_tree().quit()

func _unhandled_input(event):
	if event is InputEventMouseButton and event.pressed:
		var who = carriage.person_at(event.position)
		var line = carriage.line_at(event.position)
		if who >= 0:
			chosen = who
		elif line >= 0:
			say(chosen, line)
	if not event is InputEventKey or not event.pressed or event.echo:
		return
	if event.scancode >= KEY_1 and event.scancode <= KEY_3:
		say(chosen, event.scancode - KEY_1)
	elif event.scancode == KEY_TAB:
		chosen = (chosen + 1) % people.size()
	elif event.scancode == KEY_ESCAPE:
		people[chosen].interrupt()
	elif event.scancode == KEY_T and phase == "playing":
		carriage.is_tunnel = not carriage.is_tunnel
		for each in people:
			each.note("[За окном туннель. It is dark outside.]" if carriage.is_tunnel else "[Снова видно луну. The moon is back.]")
	elif event.scancode == KEY_F5 and phase == "playing":
		save()
	elif event.scancode == KEY_F9 and phase == "playing":
		restore()

# The file appears when it is whole: a disk that is full costs no older save.
func save():
	var all = []
	for each in people:
		each.interrupt()
		all.append(each.save_conversation())
	var file = File.new()
	var done = file.open(SAVE + ".part", File.WRITE) == OK
	if done:
		file.store_string(to_json(all))
		done = file.get_error() == OK
		file.close()
	done = done and Directory.new().rename(SAVE + ".part", SAVE) == OK
	carriage.message = "Сохранено · saved" if done else "Не записать · cannot write " + SAVE

func restore():
	var file = File.new()
	var all = null
	if file.open(SAVE, File.READ) == OK:
		all = parse_json(file.get_as_text())
		file.close()
	if not all is Array or all.size() != people.size():
		carriage.message = "Не прочесть · cannot read " + SAVE
		return
	var done = true
	for i in people.size():
		people[i].interrupt()
		done = all[i] is String and people[i].load_conversation(all[i]) == OK and done
		carriage.clear(i)
	carriage.message = "Загружено · loaded" if done else "Не прочесть · cannot read " + SAVE
