// What is kept of a batch: OpenAI's object, and what is the server's own about it under kOwn.
#pragma once

#include "files.hpp"

#include <cstdint>
#include <functional>
#include <string>

#include <openai/json_fields.hpp>

namespace server {

// {"output", "errors": the ids that its files have or will have, "lifetime": their seconds, if any}.
inline constexpr const char* kOwn = "tlite";
// Seconds: the longest time that a batch has, and that it is told of.
inline constexpr std::int64_t kLongestBatch = std::int64_t{30} * 86400;

// The body of POST /v1/batches as a record. `knows`: whether an endpoint asks a model. Throws
// openai::FieldError.
openai::Json new_batch(const openai::Json& body, const Files& files,
                       const std::function<bool(const std::string& endpoint)>& knows);

// As clients see it.
openai::Json shown(const openai::Json& batch);
bool is_at_work(const openai::Json& batch);

}  // namespace server
