// Measuring what matters to quantizing. The format is checked here, to refuse it in C's words; all
// else is left to tlite::measure_importance.
#include "arguments.hpp"
#include "model.hpp"
#include "progress.hpp"
#include "structs.hpp"

#include <string>

#include <tlite/importance.hpp>

namespace tlite::capi {
namespace {

tlite_importance_options importance_defaults() noexcept {
  tlite_importance_options defaults = {};
  defaults.chunk = ImportanceOptions().chunk;
  defaults.threads = TLITE_UNSET;
  return defaults;
}

}  // namespace
}  // namespace tlite::capi

using namespace tlite::capi;

tlite_status tlite_importance_options_init(tlite_importance_options* options,
                                           size_t struct_size) noexcept {
  return init_struct(options, struct_size, importance_defaults());
}

tlite_status tlite_measure_importance(const tlite_model* model, const int32_t* ids, size_t id_count,
                                      const char* target, size_t target_size,
                                      const tlite_importance_options* options,
                                      tlite_error** error) noexcept {
  return guard(error, [&] {
    const tlite_importance_options given = read_struct(options, importance_defaults());
    if (!is_member(tlite_importance_format_name(given.format))) {
      throw_invalid("format is " + std::to_string(given.format) +
                    ", not a tlite_importance_format");
    }
    tlite::ImportanceOptions importance;
    importance.chunk = given.chunk;
    importance.threads = required(model, "model").threads(given.threads);
    importance.format = static_cast<tlite::ImportanceFormat>(given.format);
    importance.dataset = text_in(given.dataset, "dataset");
    importance.progress = fraction_progress_in(given.on_progress, given.user, given.progress);
    tlite::measure_importance(model->value, list_in(ids, id_count, "ids"),
                              path_in(target, target_size, "target"), importance);
  });
}
