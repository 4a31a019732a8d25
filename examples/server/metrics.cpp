#include "metrics.hpp"

#include <algorithm>
#include <charconv>

namespace server {
namespace {

std::string number(double value) {
  std::array<char, 64> text = {};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

void head(std::string& out, const std::string& name, const char* type, const std::string& help) {
  out += "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
}

void value(std::string& out, const std::string& name, const char* type, const std::string& help,
           double given) {
  head(out, name, type, help);
  out += name + " " + number(given) + "\n";
}

}  // namespace

void Histogram::add(double seconds) {
  const auto at = std::ranges::lower_bound(kBounds, seconds);
  if (at != kBounds.end()) ++counts_[static_cast<std::size_t>(at - kBounds.begin())];
  ++count_;
  sum_ += seconds;
}

void Histogram::write(std::string& out, const std::string& name, const std::string& help) const {
  head(out, name, "histogram", help);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    below += counts_[i];
    out += name + "_bucket{le=\"" + number(kBounds[i]) + "\"} " + std::to_string(below) + "\n";
  }
  out += name + "_bucket{le=\"+Inf\"} " + std::to_string(count_) + "\n";
  out += name + "_sum " + number(sum_) + "\n" + name + "_count " + std::to_string(count_) + "\n";
}

std::string Metrics::text(const Now& now) const {
  std::string out;
  const auto real = [](auto count) { return static_cast<double>(count); };
  value(out, "vllm:num_requests_running", "gauge", "Requests that tokens are computed for.",
        real(now.running));
  value(out, "vllm:num_requests_waiting", "gauge", "Requests that wait for room.",
        real(now.waiting));
  value(out, "vllm:kv_cache_usage_perc", "gauge", "Room for keys and values in use, 0 to 1.",
        now.cache_usage);
  value(out, "vllm:prompt_tokens_total", "counter", "Tokens of prompts.", real(prompt_tokens));
  value(out, "vllm:generation_tokens_total", "counter", "Tokens of answers.",
        real(generation_tokens));
  value(out, "vllm:prefix_cache_queries_total", "counter", "Tokens looked for in the prefix cache.",
        real(prompt_tokens));
  value(out, "vllm:prefix_cache_hits_total", "counter", "Tokens found in the prefix cache.",
        real(cached_tokens));
  head(out, "vllm:request_success_total", "counter", "Answers by what ended them.");
  for (const auto& [reason, count] : successes) {
    out += "vllm:request_success_total{finished_reason=\"" + reason + "\"} " +
           std::to_string(count) + "\n";
  }
  first_token.write(out, "vllm:time_to_first_token_seconds",
                    "From the request to its first token.");
  between_tokens.write(out, "vllm:inter_token_latency_seconds", "Between two tokens of an answer.");
  whole.write(out, "vllm:e2e_request_latency_seconds", "From the request to its end.");
  head(out, "tlite:request_failure_total", "counter", "Requests that failed, by HTTP status.");
  for (const auto& [status, count] : failures) {
    out += "tlite:request_failure_total{status=\"" + std::to_string(status) + "\"} " +
           std::to_string(count) + "\n";
  }
  value(out, "tlite:connections", "gauge", "Open connections.", real(now.connections));
  return out;
}

}  // namespace server
