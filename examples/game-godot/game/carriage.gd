# Draws the compartment: the night outside, who sits there, and what they say. Knows no model.
extends Node2D

const PEOPLE = [
	{"name": "Вера", "x": 180, "coat": Color(0.70, 0.33, 0.36), "hair": Color(0.36, 0.20, 0.14)},
	{"name": "Mr. Reed", "x": 480, "coat": Color(0.20, 0.34, 0.55), "hair": Color(0.75, 0.74, 0.72)},
	{"name": "Лев", "x": 780, "coat": Color(0.30, 0.45, 0.34), "hair": Color(0.16, 0.14, 0.16)},
]
const WINDOW = Rect2(100, 24, 760, 270)
const BUBBLE_LINES = 6
const HINT = ["1 2 3: сказать · Tab: к другому · Esc: перебить · T: туннель · F5, F9: запись",
	"1 2 3: say · Tab: the next one · Esc: stop · T: tunnel · F5, F9: save, load"]

var phase = "loading"
var progress = 0.0
var message = ""
var chosen = 0
var english = false
var lines = []
var states = ["silent", "silent", "silent"]
var is_tunnel = false

var time = 0.0
var fonts = {}
var bubbles = []
var notice

# Godot's own font has no Cyrillic letters.
func set_font(path):
	var data = DynamicFontData.new()
	if not File.new().file_exists(path):
		return false
	data.font_path = path
	for size in [12, 13, 15, 24]:
		fonts[size] = DynamicFont.new()
		fonts[size].font_data = data
		fonts[size].size = size
		fonts[size].use_filter = true
	for each in PEOPLE:
		bubbles.append(label(15, Color(0.13, 0.12, 0.16), Rect2(each.x - 122, 40, 244, 130)))
	notice = label(15, Color(1, 0.65, 0.55), Rect2(120, 252, 720, 140))
	notice.align = Label.ALIGN_CENTER
	return true

func label(size, color, rect):
	var made = Label.new()
	made.add_font_override("font", fonts[size])
	made.add_color_override("font_color", color)
	made.rect_position = rect.position
	made.rect_size = rect.size
	made.autowrap = true
	made.max_lines_visible = BUBBLE_LINES
	add_child(made)
	return made

func clear(who):
	bubbles[who].text = ""
	message = ""

func add(who, text):
	bubbles[who].text += text

func person_at(point):
	for i in PEOPLE.size():
		if phase == "playing" and abs(point.x - PEOPLE[i].x) < 85 and point.y > 190 and point.y < 420:
			return i
	return -1

func line_rect(line):
	return Rect2(34 + 300 * line, 466, 292, 30)

func line_at(point):
	for i in lines.size():
		if line_rect(i).has_point(point):
			return i
	return -1

func _process(delta):
	time += delta
	update()

func card(color, rect, radius):
	var box = StyleBoxFlat.new()
	box.bg_color = color
	box.set_corner_radius_all(radius)
	draw_style_box(box, rect)

func words(size, color, x, y, text, width = -1):
	draw_string(fonts[size], Vector2(x, y), text, color, width)

func centred(size, color, x, y, text):
	words(size, color, x - fonts[size].get_string_size(text).x / 2, y, text)

func night():
	var top = Color(0.02, 0.02, 0.03) if is_tunnel else Color(0.07, 0.09, 0.22)
	var low = Color(0.04, 0.04, 0.05) if is_tunnel else Color(0.25, 0.27, 0.46)
	var end = WINDOW.end
	draw_polygon(PoolVector2Array([WINDOW.position, Vector2(end.x, WINDOW.position.y), end, Vector2(WINDOW.position.x, end.y)]),
		PoolColorArray([top, top, low, low]))
	if is_tunnel:
		for i in 3:
			var x = fposmod(i * 330 - time * 900, 990) + WINDOW.position.x - 115
			draw_rect(Rect2(x, 90, 60, 8).clip(WINDOW), Color(1, 0.85, 0.5))
		return
	for i in 40:
		draw_circle(WINDOW.position + Vector2(fposmod(i * 173.3, 756) + 2, fposmod(i * 61.7, 150) + 4), 1, Color(1, 1, 1, 0.7))
	draw_circle(Vector2(690, 84), 30, Color(0.98, 0.95, 0.82))
	draw_circle(Vector2(678, 78), 26, Color(0.10, 0.12, 0.26))
	hills(205, 26, 150, 14, Color(0.10, 0.14, 0.26))
	hills(240, 20, 90, 60, Color(0.07, 0.11, 0.17))
	for i in 9:
		var x = fposmod(i * 113 - time * 190, 1017) + WINDOW.position.x - 120
		tree(x, 292, 46 + 13 * (i % 3))

func hills(y, height, length, speed, color):
	var points = PoolVector2Array([Vector2(WINDOW.position.x, WINDOW.end.y)])
	for i in 39:
		var x = WINDOW.position.x + i * 20
		var at = (x + time * speed) / length
		points.append(Vector2(x, y + height * (sin(at) + 0.5 * sin(at * 2.3))))
	points.append(WINDOW.end)
	draw_colored_polygon(points, color)

func tree(x, y, height):
	var half = height * 0.28
	if x - half < WINDOW.position.x or x + half > WINDOW.end.x:
		return
	draw_colored_polygon(PoolVector2Array([Vector2(x - half, y), Vector2(x, y - height), Vector2(x + half, y)]), Color(0.03, 0.06, 0.08))

func compartment():
	var wood = Color(0.30, 0.19, 0.14)
	draw_rect(Rect2(0, 0, 960, 24), wood)
	draw_rect(Rect2(0, 24, 100, 516), wood)
	draw_rect(Rect2(860, 24, 100, 516), wood)
	draw_rect(Rect2(100, 294, 760, 246), wood)
	draw_rect(WINDOW.grow(5), Color(0.55, 0.40, 0.25), false, 10)
	for side in [0, 1]:
		for i in 4:
			var x = 62 + i * 17 if side == 0 else 830 + i * 17
			card(Color(0.50, 0.13, 0.17).darkened(0.25 * (i % 2)), Rect2(x, 14, 17, 292), 7)
	draw_rect(Rect2(44, 6, 872, 9), Color(0.72, 0.56, 0.32))
	card(Color(0.40, 0.15, 0.18), Rect2(24, 318, 912, 160), 26)

func person(i):
	var who = PEOPLE[i]
	var light = 0.0 if i == chosen else 0.15
	var y = 330 + 1.5 * sin(time * 6 + i) + 1.5 * sin(time * 1.5 + i * 2)
	card(who.coat.darkened(light), Rect2(who.x - 72, y, 144, 150), 44)
	draw_circle(Vector2(who.x, y - 52), 58, who.hair.darkened(light))
	draw_circle(Vector2(who.x, y - 42), 49, Color(0.94, 0.79, 0.67).darkened(light))
	var blinks = fmod(time + i * 1.3, 4.2) < 0.13
	for eye in [-18, 18]:
		card(Color(0.16, 0.15, 0.2), Rect2(who.x + eye - 4, y - 51, 9, 2 if blinks else 12), 3)
	var speaks = states[i] == "speaking"
	card(Color(0.62, 0.26, 0.26).darkened(light), Rect2(who.x - 13, y - 20, 26, 4 + (8 * abs(sin(time * 9)) if speaks else 0.0)), 2)
	if who.name == "Mr. Reed":
		card(Color(0.12, 0.20, 0.36).darkened(light), Rect2(who.x - 56, y - 112, 112, 34), 10)
		card(Color(0.06, 0.10, 0.18), Rect2(who.x - 62, y - 84, 124, 10), 5)
		draw_circle(Vector2(who.x, y - 96), 7, Color(0.85, 0.70, 0.35))

func bubble(i):
	var shown = bubbles[i]
	var thinks = states[i] == "thinking"
	shown.visible = shown.text != "" and not thinks
	if thinks:
		card(Color(0.98, 0.97, 0.95), Rect2(PEOPLE[i].x - 32, 182, 64, 28), 14)
		for dot in 3:
			draw_circle(Vector2(PEOPLE[i].x - 14 + dot * 14, 196), 3.5, Color(0.3, 0.3, 0.4, 1.0 if int(time * 4) % 3 == dot else 0.35))
	if not shown.visible:
		return
	# The end of what was said, as many lines as fit.
	var count = shown.get_line_count()
	shown.lines_skipped = int(max(0, count - BUBBLE_LINES))
	var height = min(count, BUBBLE_LINES) * (shown.get_line_height() + 3) + 18
	var top = 206 - height
	shown.rect_position.y = top + 9
	card(Color(0.98, 0.97, 0.95), Rect2(PEOPLE[i].x - 134, top, 268, height), 14)
	var tip = Vector2(PEOPLE[i].x, 206)
	draw_colored_polygon(PoolVector2Array([tip + Vector2(-10, -1), tip + Vector2(0, 14), tip + Vector2(10, -1)]), Color(0.98, 0.97, 0.95))

func panel():
	draw_rect(Rect2(0, 446, 960, 94), Color(0.09, 0.08, 0.11))
	draw_rect(Rect2(0, 440, 960, 8), Color(0.55, 0.40, 0.25))
	for i in PEOPLE.size():
		var width = fonts[15].get_string_size(PEOPLE[i].name).x + 28
		var tag = Rect2(PEOPLE[i].x - width / 2, 412, width, 27)
		if i == chosen:
			card(Color(0.85, 0.70, 0.35), tag.grow(2), 11)
		card(PEOPLE[i].coat.darkened(0.5), tag, 9)
		centred(15, Color(1, 1, 1, 1.0 if i == chosen else 0.7), PEOPLE[i].x, 431, PEOPLE[i].name)
	for i in lines.size():
		var rect = line_rect(i)
		card(Color(0.20, 0.19, 0.26), rect, 8)
		words(12, Color(0.95, 0.94, 1), rect.position.x + 10, rect.position.y + 20, "%d  %s" % [i + 1, lines[i][0]], int(rect.size.x) - 12)
	var colour = Color(0.62, 0.62, 0.72) if message == "" else Color(1, 0.75, 0.55)
	words(13, colour, 44, 522, HINT[int(english)] if message == "" else message)

func _draw():
	if fonts.empty():
		return
	for each in bubbles:
		each.visible = false
	notice.text = message if phase == "failed" else ""
	if phase == "failed":
		centred(24, Color(1, 0.98, 0.92), 480, 220, "There is no talking without a model" if english else "Без модели не поговорить")
		return
	if phase != "playing":
		centred(24, Color(1, 0.98, 0.92), 480, 225, "The train is about to leave" if english else "Поезд отправляется")
		card(Color(0.27, 0.26, 0.33), Rect2(280, 264, 400, 16), 8)
		card(Color(0.98, 0.80, 0.45), Rect2(280, 264, max(16, 400 * progress), 16), 8)
		return
	night()
	compartment()
	for i in PEOPLE.size():
		person(i)
	for i in PEOPLE.size():
		bubble(i)
	panel()
