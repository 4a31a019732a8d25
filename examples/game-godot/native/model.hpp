// TliteModel: a node with a model and an engine that its characters share.
#pragma once

#include "classes.hpp"
#include "told.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <characters/nodes.hpp>

namespace gdnative {

class TliteModel {
 public:
  static constexpr const char* kName = "TliteModel";
  static std::shared_ptr<TliteModel> make(Object* owner);
  void leave();
  void tell(const Result& result) { told_.tell(result); }

  static const std::vector<MethodOf<TliteModel>>& methods();
  static const std::vector<PropertyOf<TliteModel>>& properties();
  static const std::vector<SignalOf>& signals();

  // What a Godot object has, if it is a TliteModel.
  static std::shared_ptr<characters::ModelNode> of(Object* object);

 private:
  explicit TliteModel(Object* owner) : told_(owner) {}
  void listen(const std::weak_ptr<TliteModel>& self);
  Result load(const std::string& path);
  Result step(double seconds);
  void process();
  template <auto Field>
  static PropertyOf<TliteModel> whole(const char* name);

  Told told_;
  std::shared_ptr<characters::ModelNode> node_ = std::make_shared<characters::ModelNode>();
  // Properties. Of one thread at a time, as all properties of Godot's are.
  std::string path_;
  characters::CastOptions options_;
  double budget_ = 0.004;
  bool autoload_ = true;
  std::string step_error_;  // told last
};

}  // namespace gdnative
