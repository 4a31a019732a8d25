#include <string>

#include <doctest/doctest.h>
#include <simdjson.h>

#include <tlite/model.hpp>

TEST_CASE("api/model_json: every field reads back, whatever is in the names") {
  tlite::ModelInfo info;
  info.path = "C:\\модель \"один\"\n";
  info.name = "модель";
  info.format = "safetensors";
  info.weight_type = tlite::DataType::bf16;
  info.parameter_count = 7'615'616'512;
  info.weight_bytes = 15'231'233'024;
  info.eos_token_ids = {151645, 151643};
  info.has_chat_template = true;
  info.config.architecture = "qwen2";
  info.config.hidden_size = 3584;
  info.config.rms_norm_eps = 1e-6F;
  info.config.rope_theta = 1e6;
  info.config.tie_word_embeddings = false;
  info.config.yarn = tlite::ModelConfig::Yarn{.factor = 4.0, .attention_factor = 1.138629436};
  info.config.sliding_window = 131072;

  simdjson::dom::parser parser;
  const simdjson::dom::element json = parser.parse(tlite::to_json(info));
  CHECK(std::string(json["path"]) == info.path);
  CHECK(std::string(json["name"]) == info.name);
  CHECK(std::string(json["weight_type"]) == "bf16");
  CHECK(std::uint64_t(json["parameter_count"]) == info.parameter_count);
  CHECK(std::uint64_t(json["weight_bytes"]) == info.weight_bytes);
  CHECK(std::int64_t(json["eos_token_ids"].at(1)) == 151643);
  CHECK(bool(json["has_chat_template"]));
  const simdjson::dom::element config = json["config"];
  CHECK(std::int64_t(config["hidden_size"]) == 3584);
  CHECK(static_cast<float>(double(config["rms_norm_eps"])) == 1e-6F);
  CHECK(double(config["rope_theta"]) == 1e6);
  CHECK(double(config["yarn"]["attention_factor"]) == 1.138629436);
  CHECK(std::int64_t(config["sliding_window"]) == 131072);
}

TEST_CASE("api/model_json: what a model does not have is left out") {
  simdjson::dom::parser parser;
  const simdjson::dom::element json = parser.parse(tlite::to_json(tlite::ModelInfo()));
  CHECK(json["eos_token_ids"].get_array().size() == 0);
  CHECK(json["config"]["yarn"].error() == simdjson::NO_SUCH_FIELD);
  CHECK(json["config"]["sliding_window"].error() == simdjson::NO_SUCH_FIELD);
}
