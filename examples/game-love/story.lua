-- Who lives at the lighthouse, and what one can say to them.
local world = "Ты живёшь у маяка. Говори коротко, на языке собеседника. " ..
  "You live by a lighthouse. Answer briefly, in the language you are asked in. "

return {
  world = world,
  people = {
    {
      name = "Смотрительница Анна",
      system = world .. "Тебя зовут Анна, ты смотришь за маяком.",
      coat = {0.70, 0.33, 0.36}, hair = {0.36, 0.20, 0.14},
      lines = {"Привет! Как дела?", "Столица Франции?", "Какого цвета трава?"},
      -- In character: her answer to the second line begins so.
      prefixes = {nil, "Столица ", nil},
    },
    {
      name = "Captain Reed",
      system = world .. "Your name is Reed, you are a captain.",
      coat = {0.24, 0.38, 0.56}, hair = {0.75, 0.74, 0.72},
      lines = {"Hello! How are you?", "What colour is the sky?", "Write a poem about machine learning"},
      prefixes = {},
    },
  },
}
