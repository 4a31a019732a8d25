// Which path is answered by what.
#pragma once

#include "failure.hpp"
#include "http.hpp"
#include "model_calls.hpp"
#include "openai_protocol.hpp"
#include "protocol.hpp"
#include "service.hpp"
#include "storage.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace server {

// What is asked of the server itself.
struct Known {
  const Service& service;
  std::size_t connections;
  std::string id;  // in the place of {id}
};

// How it is answered: by what the server knows, by what is asked of a model, by what a model can say
// at once, or by what is stored.
struct Route {
  std::string_view method, path;
  http::Response (*known)(const Known& server) = nullptr;  // throws Refusal
  std::unique_ptr<Protocol> (*protocol)() = nullptr;
  Told (*tell)(const openai::Json& body, const LoadedModel& model, bool strict) = nullptr;
  Storage::Call stored = nullptr;
  bool open = false;                                        // without a key
  std::string (*failure)(const Failure&) = openai_failure;  // the body of one
};

// A path is that of the first route that it fits. Null: there is none.
const Route* path_of(std::string_view path);
// HEAD is answered by the route of GET.
const Route* route_of(std::string_view method, std::string_view path);
// What stands in the place of {id} in a path of this route, decoded; empty: it has none.
std::string id_of(const Route& route, std::string_view path);

}  // namespace server
