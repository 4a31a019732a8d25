// Beam search on an engine. Widths, lengths and scoring are checked by tlite::Engine, where they
// come as the numbers that C gave; here is only what C writes otherwise.
#include "arguments.hpp"
#include "engine.hpp"
#include "progress.hpp"
#include "structs.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include <tlite/beam_search.hpp>

// Nothing changes it, so what tlite_beams_get gives out lives as long as the list.
struct tlite_beams {
  std::vector<tlite::Beam> value;
};

namespace tlite::capi {
namespace {

tlite_beam_options default_options() noexcept {
  const BeamOptions defaults;
  tlite_beam_options result = {};
  result.beam_width = defaults.beam_width;
  result.max_new_tokens = TLITE_UNSET;
  result.length_penalty = defaults.length_penalty;
  result.num_return = TLITE_UNSET;
  return result;
}

BeamOptions options_in(const tlite_beam_options* options) {
  const tlite_beam_options given = read_struct(options, default_options());
  require_zero(given.reserved, "beam_options.reserved");
  require_zero(given.reserved2, "beam_options.reserved2");
  // 0 would be taken for unset below.
  if (given.num_return != TLITE_UNSET && given.num_return < 1) {
    throw_invalid("num_return is " + std::to_string(given.num_return) +
                  "; it takes 1 or more, or unset");
  }
  BeamOptions result;
  result.beam_width = given.beam_width;
  result.max_new_tokens = given.max_new_tokens;
  result.scoring = static_cast<BeamScoring>(given.scoring);
  result.early_stopping = static_cast<BeamStopping>(given.early_stopping);
  result.length_penalty = given.length_penalty;
  result.ignore_eos = given.ignore_eos != 0;
  result.num_return = given.num_return == TLITE_UNSET ? 0 : given.num_return;
  result.temperature = given.temperature;
  if (given.has_seed != 0) result.seed = given.seed;
  result.priority = given.priority;
  result.on_progress = progress_in(given.on_progress, given.user, given.progress);
  return result;
}

// Views of an entry of a list that stays: nothing is copied.
tlite_beam beam_out(const Beam& beam) noexcept {
  tlite_beam result = {};
  result.finish_reason = static_cast<tlite_finish_reason>(beam.finish_reason);
  result.tokens = beam.tokens.data();
  result.token_count = beam.tokens.size();
  result.text = text_out(beam.text);
  result.score = beam.score;
  result.logprob = beam.logprob;
  return result;
}

}  // namespace
}  // namespace tlite::capi

using namespace tlite::capi;

tlite_status tlite_beam_options_init(tlite_beam_options* options, size_t struct_size) noexcept {
  return init_struct(options, struct_size, default_options());
}

tlite_status tlite_beam_init(tlite_beam* beam, size_t struct_size) noexcept {
  return init_struct(beam, struct_size, tlite_beam{});
}

tlite_status tlite_engine_beam_search(tlite_engine* engine, const int32_t* ids, size_t id_count,
                                      const tlite_beam_options* options, tlite_beams** out,
                                      tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    tlite::Engine& self = required(engine, "engine").value;
    *out = new tlite_beams{self.beam_search(list_in(ids, id_count, "ids"), options_in(options))};
  });
}

void tlite_beams_free(tlite_beams* beams) noexcept { delete beams; }

size_t tlite_beams_count(const tlite_beams* beams) noexcept {
  return beams == nullptr ? 0 : beams->value.size();
}

tlite_status tlite_beams_get(const tlite_beams* beams, size_t index, tlite_beam* out,
                             tlite_error** error) noexcept {
  return guard(error, [&] {
    const std::vector<tlite::Beam>& value = required(beams, "beams").value;
    const std::size_t size = out_struct_size(out, "out");
    if (index >= value.size()) {
      throw_invalid("index is " + std::to_string(index) + ", of " + std::to_string(value.size()) +
                    " beams");
    }
    copy_out(beam_out(value[index]), out, size);
  });
}
