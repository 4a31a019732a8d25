#include "jinja/value.hpp"

#include "jinja/python.hpp"

#include <algorithm>

namespace tlite::jinja {

std::int64_t Range::length() const noexcept {
  if (step > 0) return stop > start ? (stop - start - 1) / step + 1 : 0;
  return start > stop ? (start - stop - 1) / -step + 1 : 0;
}

bool Value::same(const Value& other) const noexcept {
  if (kind() != other.kind()) return false;
  return std::visit(
      [&other](const auto& mine) {
        using T = std::decay_t<decltype(mine)>;
        const auto& theirs = std::get<T>(other.data_);
        if constexpr (std::is_same_v<T, Undefined> || std::is_same_v<T, None>) {
          return std::is_same_v<T, None>;
        } else if constexpr (std::is_same_v<T, std::shared_ptr<const Text>>) {
          return mine == theirs || mine->view() == theirs->view();
        } else {
          return mine == theirs;
        }
      },
      data_);
}

int Value::depth() const noexcept {
  switch (kind()) {
    case Kind::list:
      return list().depth;
    case Kind::dict:
      return dict().depth();
    case Kind::view:
      return view().dict->depth() + 1;
    case Kind::generator:
      return generator().depth;
    case Kind::loop:
      return loop()->value_depth;
    case Kind::callable:
      return callable().self ? callable().self->depth() + 1 : 1;
    default:
      return 0;
  }
}

std::size_t Dict::index_of(const Value& key) const {
  if (key.is_text()) {
    const auto found = text_index_.find(key.text().bytes());
    return found == text_index_.end() ? entries_.size() : found->second;
  }
  for (const std::size_t i : other_index_) {
    if (equal_keys(entries_[i].first, key)) return i;
  }
  return entries_.size();
}

const Value* Dict::find(std::string_view key) const {
  const auto found = text_index_.find(std::string(key));
  return found == text_index_.end() ? nullptr : &entries_[found->second].second;
}

const Value* Dict::find(const Value& key) const {
  const std::size_t i = index_of(key);
  return i == entries_.size() ? nullptr : &entries_[i].second;
}

void Dict::set(Value key, Value value) {
  depth_ = std::max({depth_, key.depth() + 1, value.depth() + 1});
  const std::size_t i = index_of(key);
  if (i < entries_.size()) {
    entries_[i].second = std::move(value);
    return;
  }
  if (key.is_text()) {
    text_index_.emplace(key.text().bytes(), i);
  } else {
    other_index_.push_back(i);
  }
  entries_.emplace_back(std::move(key), std::move(value));
}

std::string_view type_name(const Value& value) noexcept {
  switch (value.kind()) {
    case Kind::undefined:
      return "Undefined";
    case Kind::none:
      return "NoneType";
    case Kind::boolean:
      return "bool";
    case Kind::integer:
    case Kind::big_integer:
      return "int";
    case Kind::real:
      return "float";
    case Kind::text:
      return "str";
    case Kind::list:
      return value.list().tuple ? "tuple" : "list";
    case Kind::dict:
      return "dict";
    case Kind::range:
      return "range";
    case Kind::generator:
      return value.generator().type;
    case Kind::view:
      switch (value.view().part) {
        case DictView::Part::keys:
          return "dict_keys";
        case DictView::Part::values:
          return "dict_values";
        case DictView::Part::items:
          return "dict_items";
      }
      return "dict_items";
    case Kind::name_space:
      return "Namespace";
    case Kind::loop:
      return "LoopContext";
    case Kind::callable:
      return value.callable().macro  ? "Macro"
             : value.callable().self ? "builtin_function_or_method"
                                     : "function";
  }
  return "object";
}

Value text_value(Text text) { return std::make_shared<const Text>(std::move(text)); }
Value text_value(std::string_view bytes) { return text_value(Text(std::string(bytes))); }

}  // namespace tlite::jinja
