// TliteCharacter: a node that one can speak to.
#pragma once

#include "classes.hpp"
#include "told.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <characters/nodes.hpp>

namespace gdnative {

class TliteCharacter {
 public:
  static constexpr const char* kName = "TliteCharacter";
  static std::shared_ptr<TliteCharacter> make(Object* owner);
  void leave() { node_->leave(); }
  void tell(const Result& result) { told_.tell(result); }

  static const std::vector<MethodOf<TliteCharacter>>& methods();
  static const std::vector<PropertyOf<TliteCharacter>>& properties();
  static const std::vector<SignalOf>& signals();

 private:
  explicit TliteCharacter(Object* owner) : told_(owner) {}
  void listen(const std::weak_ptr<TliteCharacter>& self);
  std::shared_ptr<characters::ModelNode> find_model() const;
  Result with_model();
  template <class Change>
  Result change(Change&& change);
  // A property that is an option.
  template <auto Field>
  static PropertyOf<TliteCharacter> whole(const char* name);
  template <auto Field>
  static PropertyOf<TliteCharacter> real(const char* name, const char* range);
  characters::CharacterNode::Look look();

  Told told_;
  std::shared_ptr<characters::CharacterNode> node_ = std::make_shared<characters::CharacterNode>();
  std::string model_path_;  // of the node; empty: the nearest above
};

}  // namespace gdnative
