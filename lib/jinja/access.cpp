// Iteration, len(), attributes, subscripts and slices.
#include "jinja/methods.hpp"
#include "jinja/python.hpp"

#include <algorithm>

namespace tlite::jinja {
namespace {

std::vector<Value> characters(Runtime& runtime, const Text& text) {
  runtime.step(text.size() / 4);
  std::vector<Value> items;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = character_at(text.view(), at).size;
    items.push_back(runtime.text(text.substr(at, at + size)));
    at += size;
  }
  return items;
}

std::vector<Value> view_items(Runtime& runtime, const DictView& view) {
  std::vector<Value> items;
  items.reserve(view.dict->size());
  for (const auto& [key, value] : view.dict->entries()) {
    switch (view.part) {
      case DictView::Part::keys:
        items.push_back(key);
        break;
      case DictView::Part::values:
        items.push_back(value);
        break;
      case DictView::Part::items:
        items.push_back(runtime.tuple({key, value}));
        break;
    }
  }
  return items;
}

std::vector<Value> range_items(Runtime& runtime, const Range& range) {
  const std::int64_t length = range.length();
  runtime.step(static_cast<std::size_t>(length));
  std::vector<Value> items;
  items.reserve(static_cast<std::size_t>(length));
  for (std::int64_t i = 0; i < length; ++i) items.emplace_back(range.at(i));
  return items;
}

std::string describe(const Value& value) { return std::string(type_name(value)); }

Value missing_attribute(const Value& value, std::string_view name) {
  return Runtime::undefined("'" + describe(value) + " object' has no attribute '" +
                            std::string(name) + "'");
}

Value missing_element(Runtime& runtime, const Value& value, const Value& key) {
  return Runtime::undefined(describe(value) + " object has no element " +
                            repr(runtime, key).bytes());
}

// Python's normalisation of a slice over `length` elements: first index, step, count.
struct Walk {
  std::int64_t start, step, count;
};

Walk normalize(const Runtime& runtime, const SliceBounds& bounds, std::int64_t length) {
  if (bounds.step == 0) runtime.fail("slice step cannot be zero");
  // A longer step reaches no further element and could overflow.
  const std::int64_t step = std::clamp(bounds.step.value_or(1), -length - 1, length + 1);
  const std::int64_t lowest = step < 0 ? -1 : 0;
  const std::int64_t highest = step < 0 ? length - 1 : length;
  const auto clamp = [&](std::optional<std::int64_t> bound, std::int64_t missing) {
    if (!bound) return missing;
    const std::int64_t index = *bound < 0 ? *bound + length : *bound;
    return std::clamp(index, lowest, highest);
  };
  const std::int64_t start = clamp(bounds.start, step < 0 ? highest : lowest);
  const std::int64_t stop = clamp(bounds.stop, step < 0 ? lowest : highest);
  return {start, step, Range{start, stop, step}.length()};
}

Text slice_text(Runtime& runtime, const Text& text, const SliceBounds& bounds) {
  runtime.scan(text.size());
  std::vector<std::size_t> offsets;
  for (std::size_t at = 0; at < text.size(); at += character_at(text.view(), at).size) {
    offsets.push_back(at);
  }
  const Walk walk = normalize(runtime, bounds, static_cast<std::int64_t>(offsets.size()));
  offsets.push_back(text.size());
  const auto offset = [&](std::int64_t i) { return offsets[static_cast<std::size_t>(i)]; };
  if (walk.count == 0) return Text();
  if (walk.step == 1) return text.substr(offset(walk.start), offset(walk.start + walk.count));
  Text out;
  for (std::int64_t i = 0; i < walk.count; ++i) {
    const std::int64_t at = walk.start + i * walk.step;
    out.append(text, offset(at), offset(at + 1));
  }
  return out;
}

Value text_item(Runtime& runtime, const Value& value, const Value& key) {
  const Text& text = value.text();
  std::int64_t index = to_index(runtime, key, "string index");
  runtime.scan(text.size());
  const auto count = static_cast<std::int64_t>(count_characters(text.view()));
  if (index < 0) index += count;
  if (index < 0 || index >= count) return missing_element(runtime, value, key);
  const std::size_t begin = character_offset(text.view(), static_cast<std::size_t>(index));
  return runtime.text(text.substr(begin, begin + character_at(text.view(), begin).size));
}

// value[key] as Python has it; unset where that raises TypeError or LookupError.
std::optional<Value> python_item(Runtime& runtime, const Value& value, const Value& key) {
  if (value.is(Kind::dict) || value.is(Kind::name_space)) {
    if (!is_hashable(key)) return std::nullopt;
    const Dict& dict = value.is(Kind::dict) ? value.dict() : value.name_space()->attributes;
    const Value* const found = dict.find(key);
    return found != nullptr ? std::optional(*found) : std::nullopt;
  }
  if (!key.is(Kind::integer) && !key.is(Kind::boolean)) return std::nullopt;
  if (value.is_text()) return text_item(runtime, value, key);
  std::int64_t index = to_index(runtime, key, "index");
  if (value.is(Kind::list)) {
    const auto& items = value.list().items;
    const auto size = static_cast<std::int64_t>(items.size());
    if (index < 0) index += size;
    if (index < 0 || index >= size) return std::nullopt;
    return items[static_cast<std::size_t>(index)];
  }
  if (value.is(Kind::range)) {
    const std::int64_t size = value.range().length();
    if (index < 0) index += size;
    if (index < 0 || index >= size) return std::nullopt;
    return value.range().at(index);
  }
  return std::nullopt;
}

// getattr(value, name), where it exists.
std::optional<Value> python_attribute(Runtime& runtime, const Value& value, std::string_view name) {
  if (value.is(Kind::name_space)) {
    const Value* const found = value.name_space()->attributes.find(name);
    return found != nullptr ? std::optional(*found) : std::nullopt;
  }
  if (value.is(Kind::loop)) return loop_attribute(runtime, value, name);
  if (value.is_tuple() && value.list().group) {
    if (name == "grouper") return value.list().items[0];
    if (name == "list") return value.list().items[1];
  }
  return find_method(runtime, value, name);
}

}  // namespace

std::optional<std::vector<Value>> try_iterate(Runtime& runtime, const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
      return std::vector<Value>();
    case Kind::text:
      return characters(runtime, value.text());
    case Kind::list:
      runtime.step(value.list().items.size() / 8);
      return value.list().items;
    case Kind::dict:
      return view_items(runtime, {DictView::Part::keys, value.shared_dict()});
    case Kind::view:
      runtime.step(value.view().dict->size() / 8);
      return view_items(runtime, value.view());
    case Kind::range:
      return range_items(runtime, value.range());
    case Kind::generator: {
      Generator& generator = value.generator();
      const auto first = generator.items.begin() + static_cast<std::ptrdiff_t>(generator.next);
      std::vector<Value> rest(first, generator.items.end());
      generator.next = generator.items.size();
      return rest;
    }
    default:
      return std::nullopt;
  }
}

std::vector<Value> iterate(Runtime& runtime, const Value& value) {
  auto items = try_iterate(runtime, value);
  if (!items) runtime.fail("'" + describe(value) + "' object is not iterable");
  return std::move(*items);
}

std::optional<std::int64_t> length(Runtime& runtime, const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
      return 0;
    case Kind::text:
      runtime.scan(value.text().size());
      return static_cast<std::int64_t>(count_characters(value.text().view()));
    case Kind::list:
      return static_cast<std::int64_t>(value.list().items.size());
    case Kind::dict:
      return static_cast<std::int64_t>(value.dict().size());
    case Kind::view:
      return static_cast<std::int64_t>(value.view().dict->size());
    case Kind::range:
      return value.range().length();
    case Kind::loop:
      return loop_length(*value.loop());
    default:
      return std::nullopt;
  }
}

Value get_attribute(Runtime& runtime, const Value& value, std::string_view name) {
  if (value.is_undefined()) runtime.fail_undefined(value);
  if (auto found = python_attribute(runtime, value, name)) return *found;
  if (value.is(Kind::dict)) {
    if (const Value* const item = value.dict().find(name)) return *item;
  }
  return missing_attribute(value, name);
}

Value get_item(Runtime& runtime, const Value& value, const Value& key) {
  if (value.is_undefined()) runtime.fail_undefined(value);
  if (auto found = python_item(runtime, value, key)) return *found;
  if (!key.is_text()) return missing_element(runtime, value, key);
  if (auto found = python_attribute(runtime, value, key.text().view())) return *found;
  return missing_attribute(value, key.text().view());
}

Value get_slice(Runtime& runtime, const Value& value, const SliceBounds& bounds) {
  if (value.is_undefined()) runtime.fail_undefined(value);
  if (value.is_text()) return runtime.text(slice_text(runtime, value.text(), bounds));
  if (value.is(Kind::list)) {
    const auto& items = value.list().items;
    const Walk walk = normalize(runtime, bounds, static_cast<std::int64_t>(items.size()));
    std::vector<Value> out;
    for (std::int64_t i = 0; i < walk.count; ++i) {
      out.push_back(items[static_cast<std::size_t>(walk.start + i * walk.step)]);
    }
    return runtime.list(std::move(out), value.list().tuple);
  }
  if (value.is(Kind::range)) {
    const Range& range = value.range();
    const Walk walk = normalize(runtime, bounds, range.length());
    const std::int64_t start = range.at(walk.start);
    const std::int64_t step = range.step * walk.step;
    return std::make_shared<const Range>(Range{start, start + walk.count * step, step});
  }
  return Runtime::undefined("'" + describe(value) + "' object cannot be sliced");
}

}  // namespace tlite::jinja
