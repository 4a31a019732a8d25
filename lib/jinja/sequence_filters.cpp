// Filters of sequences and mappings.
#include "jinja/filters.hpp"
#include "jinja/python.hpp"

#include <algorithm>

namespace tlite::jinja {
namespace {

Value list_filter(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "list", arguments, {});
  return runtime.list(iterate(runtime, value));
}

Value first(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "first", arguments, {});
  if (value.is(Kind::generator)) {
    Generator& generator = value.generator();
    if (generator.next < generator.items.size()) return generator.items[generator.next++];
  } else {
    const std::vector<Value> items = iterate(runtime, value);
    if (!items.empty()) return items.front();
  }
  return Runtime::undefined("No first item, sequence was empty.");
}

void check_reversible(const Runtime& runtime, const Value& value) {
  if (value.is(Kind::generator) || value.is_undefined() || value.is(Kind::name_space)) {
    runtime.fail("'" + std::string(type_name(value)) + "' object is not reversible");
  }
}

Value last(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "last", arguments, {});
  check_reversible(runtime, value);
  const std::vector<Value> items = iterate(runtime, value);
  return items.empty() ? Runtime::undefined("No last item, sequence was empty.") : items.back();
}

Value reverse(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "reverse", arguments, {});
  if (value.is_text()) return get_slice(runtime, value, {{}, {}, -1});
  std::vector<Value> items = iterate(runtime, value);
  std::reverse(items.begin(), items.end());
  if (value.is(Kind::generator) || value.is_undefined()) return runtime.list(std::move(items));
  return runtime.generator(std::move(items), "list_reverseiterator");
}

Value items_filter(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "items", arguments, {});
  if (value.is_undefined()) return runtime.generator({});
  if (!value.is(Kind::dict)) runtime.fail("Can only get item pairs from a mapping.");
  const Value view =
      std::make_shared<const DictView>(DictView{DictView::Part::items, value.shared_dict()});
  return runtime.generator(iterate(runtime, view));
}

// ---- keys: an attribute path such as "address.city" or 0, strings without case unless asked

using Path = std::vector<Value>;

Path parse_path(Runtime& runtime, const std::optional<Value>& attribute) {
  if (!attribute || attribute->is_none()) return {};
  if (!attribute->is_text()) return {*attribute};
  Path path;
  std::string_view rest = attribute->text().view();
  while (true) {
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    const std::string_view part = rest.substr(0, dot);
    const bool digits = !part.empty() && part.size() < 10 &&
                        part.find_first_not_of("0123456789") == std::string_view::npos;
    path.push_back(digits ? Value(std::int64_t{std::stoi(std::string(part))}) : runtime.text(part));
    if (dot == rest.size()) return path;
    rest = rest.substr(dot + 1);
  }
}

Value follow(Runtime& runtime, Value item, const Path& path,
             const std::optional<Value>& missing = {}) {
  for (const Value& part : path) {
    item = get_item(runtime, item, part);
    if (item.is_undefined() && missing && !missing->is_none()) item = *missing;
  }
  return item;
}

Value without_case(Runtime& runtime, Value value, bool case_sensitive) {
  if (case_sensitive || !value.is_text()) return value;
  return runtime.text(map_case(value.text(), Case::lower));
}

bool flag(Runtime& runtime, const std::optional<Value>& value) {
  return value && truth(runtime, *value);
}

struct Keyed {
  Value key, item;
};

void sort_by_key(Runtime& runtime, std::vector<Keyed>& keyed, bool descending) {
  // Merge sort: an order that contradicts itself (NaN) must not lead outside the array.
  const auto before = [&](const Keyed& a, const Keyed& b) {
    return descending ? less(runtime, b.key, a.key) : less(runtime, a.key, b.key);
  };
  std::stable_sort(keyed.begin(), keyed.end(), before);
}

Value sorted(Runtime& runtime, std::vector<Keyed> keyed, bool descending) {
  sort_by_key(runtime, keyed, descending);
  std::vector<Value> items;
  items.reserve(keyed.size());
  for (Keyed& entry : keyed) items.push_back(std::move(entry.item));
  return runtime.list(std::move(items));
}

std::vector<Path> parse_paths(Runtime& runtime, const std::optional<Value>& attribute) {
  if (!attribute || !attribute->is_text()) return {parse_path(runtime, attribute)};
  std::vector<Path> paths;
  std::string_view rest = attribute->text().view();
  while (true) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    paths.push_back(parse_path(runtime, runtime.text(rest.substr(0, comma))));
    if (comma == rest.size()) return paths;
    rest = rest.substr(comma + 1);
  }
}

Value sort(Runtime& runtime, const Value& value, Arguments& arguments) {
  const auto bound = bind(runtime, "sort", arguments, {"reverse", "case_sensitive", "attribute"});
  const bool case_sensitive = flag(runtime, bound[1]);
  const std::vector<Path> paths = parse_paths(runtime, bound[2]);
  std::vector<Keyed> keyed;
  for (const Value& item : iterate(runtime, value)) {
    std::vector<Value> key;
    key.reserve(paths.size());
    for (const Path& path : paths) {
      key.push_back(without_case(runtime, follow(runtime, item, path), case_sensitive));
    }
    keyed.push_back({runtime.list(std::move(key)), item});
  }
  return sorted(runtime, std::move(keyed), flag(runtime, bound[0]));
}

Value dictsort(Runtime& runtime, const Value& value, Arguments& arguments) {
  const auto bound = bind(runtime, "dictsort", arguments, {"case_sensitive", "by", "reverse"});
  const std::string by = bound[1] ? to_text(runtime, *bound[1]).bytes() : "key";
  if (by != "key" && by != "value") runtime.fail("dictsort: by must be 'key' or 'value'");
  if (!value.is(Kind::dict)) runtime.fail("dictsort needs a mapping");
  std::vector<Keyed> keyed;
  for (const auto& [key, item] : value.dict().entries()) {
    const Value& chosen = by == "key" ? key : item;
    keyed.push_back(
        {without_case(runtime, chosen, flag(runtime, bound[0])), runtime.tuple({key, item})});
  }
  return sorted(runtime, std::move(keyed), flag(runtime, bound[2]));
}

Value unique(Runtime& runtime, const Value& value, Arguments& arguments) {
  const auto bound = bind(runtime, "unique", arguments, {"case_sensitive", "attribute"});
  const Path path = parse_path(runtime, bound[1]);
  Dict seen;
  std::vector<Value> items;
  for (const Value& item : iterate(runtime, value)) {
    const Value key = without_case(runtime, follow(runtime, item, path), flag(runtime, bound[0]));
    check_hashable(runtime, key);
    runtime.step(key.is_text() ? 1 : 1 + seen.size());
    if (seen.find(key) != nullptr) continue;
    seen.set(key, None{});
    items.push_back(item);
  }
  return runtime.generator(std::move(items));
}

template <bool largest>
Value extreme(Runtime& runtime, const Value& value, Arguments& arguments) {
  const auto bound = bind(runtime, "min", arguments, {"case_sensitive", "attribute"});
  const Path path = parse_path(runtime, bound[1]);
  std::optional<Keyed> best;
  for (const Value& item : iterate(runtime, value)) {
    Value key = without_case(runtime, follow(runtime, item, path), flag(runtime, bound[0]));
    if (!best || (largest ? less(runtime, best->key, key) : less(runtime, key, best->key))) {
      best = Keyed{std::move(key), item};
    }
  }
  return best ? best->item : Runtime::undefined("No aggregated item, sequence was empty.");
}

Value sum(Runtime& runtime, const Value& value, Arguments& arguments) {
  const auto bound = bind(runtime, "sum", arguments, {"attribute", "start"});
  const Path path = parse_path(runtime, bound[0]);
  Value total = bound[1] ? *bound[1] : Value(std::int64_t{0});
  if (total.is_text()) runtime.fail("sum() can't sum strings [use ''.join(seq) instead]");
  for (const Value& item : iterate(runtime, value)) {
    total = arithmetic(runtime, Operator::add, total, follow(runtime, item, path));
  }
  return total;
}

Value join(Runtime& runtime, const Value& value, Arguments& arguments) {
  const auto bound = bind(runtime, "join", arguments, {"d", "attribute"});
  const Text separator = bound[0] ? to_text(runtime, *bound[0]) : Text();
  const Path path = parse_path(runtime, bound[1]);
  Text out;
  bool first_item = true;
  for (const Value& item : iterate(runtime, value)) {
    if (!first_item) out.append(separator);
    first_item = false;
    out.append(to_text(runtime, follow(runtime, item, path)));
    runtime.step();
    runtime.check_text(out.size());
  }
  return runtime.text(std::move(out));
}

Value map(Runtime& runtime, const Value& value, Arguments& arguments) {
  std::vector<Value> items;
  if (arguments.positional.empty()) {
    const auto bound = bind(runtime, "map", arguments, {"attribute", "default"});
    if (!bound[0]) runtime.fail("map requires a filter argument");
    const Path path = parse_path(runtime, bound[0]);
    for (const Value& item : iterate(runtime, value)) {
      items.push_back(follow(runtime, item, path, bound[1]));
    }
    return runtime.generator(std::move(items));
  }
  const std::string name = to_text(runtime, arguments.positional[0]).bytes();
  const Filter filter = find_filter(name);
  for (const Value& item : iterate(runtime, value)) {
    if (filter == nullptr) runtime.fail("No filter named '" + name + "'.");
    Arguments rest{{arguments.positional.begin() + 1, arguments.positional.end()}, arguments.named};
    const Runtime::Nesting nesting(runtime);
    items.push_back(filter(runtime, item, rest));
  }
  return runtime.generator(std::move(items));
}

template <bool keep, bool by_attribute>
Value select(Runtime& runtime, const Value& value, Arguments& arguments) {
  const std::size_t offset = by_attribute ? 1 : 0;
  const auto& positional = arguments.positional;
  if (positional.size() < offset) runtime.fail("Missing parameter for attribute name");
  const Path path = by_attribute ? parse_path(runtime, positional[0]) : Path();
  const bool has_test = positional.size() > offset;
  const std::string name = has_test ? to_text(runtime, positional[offset]).bytes() : "";
  const Test test = has_test ? find_test(name) : nullptr;
  std::vector<Value> items;
  for (const Value& item : iterate(runtime, value)) {
    runtime.step();
    if (has_test && test == nullptr) runtime.fail("No test named '" + name + "'.");
    const Value subject = follow(runtime, item, path);
    bool passes = false;
    if (has_test) {
      const auto rest = positional.begin() + static_cast<std::ptrdiff_t>(offset) + 1;
      Arguments test_arguments{{rest, positional.end()}, arguments.named};
      passes = test(runtime, subject, test_arguments);
    } else {
      passes = truth(runtime, subject);
    }
    if (passes == keep) items.push_back(item);
  }
  return runtime.generator(std::move(items));
}

Value batch(Runtime& runtime, const Value& value, Arguments& arguments) {
  const auto bound = bind(runtime, "batch", arguments, {"linecount", "fill_with"}, 1);
  const std::int64_t size = to_index(runtime, *bound[0], "linecount");
  if (size < 1) runtime.fail("batch needs a positive count");
  std::vector<Value> batches;
  std::vector<Value> batch;
  for (const Value& item : iterate(runtime, value)) {
    if (static_cast<std::int64_t>(batch.size()) == size) {
      batches.push_back(runtime.list(std::exchange(batch, {})));
    }
    batch.push_back(item);
  }
  if (!batch.empty()) {
    while (bound[1] && !bound[1]->is_none() && static_cast<std::int64_t>(batch.size()) < size) {
      runtime.step();
      runtime.allocate(sizeof(Value));
      batch.push_back(*bound[1]);
    }
    batches.push_back(runtime.list(std::move(batch)));
  }
  return runtime.generator(std::move(batches));
}

Value groupby(Runtime& runtime, const Value& value, Arguments& arguments) {
  const auto bound =
      bind(runtime, "groupby", arguments, {"attribute", "default", "case_sensitive"}, 1);
  const Path path = parse_path(runtime, bound[0]);
  std::vector<Keyed> keyed;
  for (const Value& item : iterate(runtime, value)) {
    const Value key = follow(runtime, item, path, bound[1]);
    keyed.push_back({without_case(runtime, key, flag(runtime, bound[2])), item});
  }
  sort_by_key(runtime, keyed, false);
  std::vector<Value> groups;
  for (std::size_t begin = 0; begin < keyed.size();) {
    std::size_t end = begin;
    std::vector<Value> members;
    while (end < keyed.size() && equal(runtime, keyed[begin].key, keyed[end].key)) {
      members.push_back(keyed[end++].item);
    }
    const Value key = follow(runtime, members.front(), path, bound[1]);
    List group = runtime.tuple({key, runtime.list(std::move(members))}).list();
    group.group = true;
    groups.push_back(std::make_shared<const List>(std::move(group)));
    begin = std::max(end, begin + 1);
  }
  return runtime.list(std::move(groups));
}

struct Entry {
  std::string_view name;
  Filter filter;
};

constexpr Entry kFilters[] = {
    {"list", list_filter},
    {"first", first},
    {"last", last},
    {"reverse", reverse},
    {"items", items_filter},
    {"sort", sort},
    {"dictsort", dictsort},
    {"unique", unique},
    {"min", extreme<false>},
    {"max", extreme<true>},
    {"sum", sum},
    {"join", join},
    {"map", map},
    {"select", select<true, false>},
    {"reject", select<false, false>},
    {"selectattr", select<true, true>},
    {"rejectattr", select<false, true>},
    {"batch", batch},
    {"groupby", groupby},
};

}  // namespace

Filter find_sequence_filter(std::string_view name) noexcept {
  const auto* const found = std::find_if(std::begin(kFilters), std::end(kFilters),
                                         [name](const Entry& e) { return e.name == name; });
  return found == std::end(kFilters) ? nullptr : found->filter;
}

}  // namespace tlite::jinja
