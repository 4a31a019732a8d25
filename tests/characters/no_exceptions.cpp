// Compiles without exceptions and without type information, in C++17.
#include <characters/cast.hpp>
#include <characters/loader.hpp>
#include <characters/nodes.hpp>

int use_of_characters(const tlite_model* model);
int use_of_characters(const tlite_model* model) {
  characters::Cast cast;
  characters::Result result = cast.open(model, {});
  characters::Character* const one = cast.add({}, result);
  if (one != nullptr) result = one->say("hello", "");
  return cast.update(std::chrono::milliseconds(1)) ? 0 : 1;
}
