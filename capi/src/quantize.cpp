// Writing quantized files. The mixes, the types that they give and the writing itself are left to
// tlite::quantize.
#include "arguments.hpp"
#include "host.hpp"
#include "progress.hpp"
#include "structs.hpp"

#include <string>

#include <tlite/quantize.hpp>

namespace tlite::capi {
namespace {

constexpr tlite_quantize_options quantize_defaults() noexcept {
  tlite_quantize_options options = {};
  options.threads = TLITE_UNSET;
  return options;
}
constexpr tlite_quantize_options kQuantizeDefaults = quantize_defaults();

}  // namespace
}  // namespace tlite::capi

using namespace tlite::capi;

tlite_status tlite_quantize_options_init(tlite_quantize_options* options,
                                         size_t struct_size) noexcept {
  return init_struct(options, struct_size, kQuantizeDefaults);
}

tlite_status tlite_quantize(const tlite_host* host, const char* source, size_t source_size,
                            const char* target, size_t target_size, tlite_weight_mix mix,
                            const tlite_quantize_options* options, tlite_error** error) noexcept {
  return guard(error, [&] {
    const tlite_quantize_options given = read_struct(options, kQuantizeDefaults);
    require_zero(given.reserved, "quantize_options.reserved");
    tlite::QuantizeOptions quantize;
    quantize.importance = optional_path_in(given.importance, "importance");
    quantize.threads = threads_in(given.threads, threads_of(host));
    quantize.allow_requantize = given.allow_requantize != 0;
    quantize.progress = fraction_progress_in(given.on_progress, given.user, given.progress);
    quantize.host = host_of(host);
    tlite::quantize(path_in(source, source_size, "source"), path_in(target, target_size, "target"),
                    weight_mix_in(mix, "mix"), quantize);
  });
}

const char* tlite_weight_mix_name(tlite_weight_mix mix) noexcept {
  return tlite::to_string(static_cast<tlite::WeightMix>(mix)).data();
}

tlite_status tlite_weight_mix_parse(const char* name, size_t name_size, tlite_weight_mix* out,
                                    tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    const std::string_view text = text_in(name, name_size, "name");
    const auto mix = tlite::parse_weight_mix(text);
    if (!mix) throw_invalid("name is '" + std::string(text) + "', no weight mix");
    *out = static_cast<tlite_weight_mix>(*mix);
  });
}
