// How many rows of prompts a batch may carry beside the tokens of others: as many as delay them by
// no more than a bound, by what batches took so far.
//
// What a row of a prompt adds is measured and not computed: it depends on the model, the machine,
// the format and the position, and up to about eight rows cost little more than one.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>

namespace tlite {

class Pacer {
 public:
  explicit Pacer(std::chrono::nanoseconds bound)
      : bound_(std::chrono::duration<double>(bound).count()) {}

  // Rows of prompts, 1 to `most`, in a batch with `decode_rows` rows of others.
  std::size_t prompt_rows(std::size_t decode_rows, std::size_t most) const noexcept {
    if (row_ <= 0) return decode_rows == 0 ? most : std::min(most, kFew);
    double rows = decode_rows == 0 ? kAlone * bound_ / row_ : bound_ / (row_ + kSure * deviation_);
    if (decode_rows == 0 && is_bound_) rows = std::max(rows, static_cast<double>(kMany));
    return rows >= static_cast<double>(most)
               ? most
               : std::max<std::size_t>(static_cast<std::size_t>(rows), 1);
  }

  // A batch of so many rows took so long.
  void observe(std::size_t decode_rows, std::size_t prompt_rows, double seconds) noexcept {
    const bool is_short = decode_ <= 0 && decode_rows + prompt_rows <= kFew;
    if (prompt_rows == 0 || is_short) return mix(decode_, seconds);
    // More rows in half the time: that one was held up, by weights that came from the disk, say. Not
    // by less, or the mean of what differs would become its least.
    if (seconds < decode_ / 2) decode_ = seconds;
    const double at_most = seconds / static_cast<double>(prompt_rows);
    if (decode_rows > 0 && decode_ > 0) {
      const double row = std::max(seconds - decode_, 0.0) / static_cast<double>(prompt_rows);
      if (row_ > 0) deviation_ = (1 - kNew) * deviation_ + kNew * std::abs(row - row_);
      mix(row_, row);
      is_bound_ = false;
    } else if (prompt_rows >= kMany) {
      // The weights' way through memory is in it: a little too slow, so on the safe side.
      mix(row_, at_most);
      is_bound_ = false;
    }
    // Of a batch of fewer rows, or of one that was held up (a process that was stopped, a machine
    // with other things to do), the mean would be far too slow; and since slow rows make for small
    // batches, of which the above learns nothing, for good.
    if (row_ <= 0 || at_most < row_) {
      row_ = at_most;
      is_bound_ = prompt_rows < kMany;
    }
  }

 private:
  // That take little longer than one: what a batch takes of the first kind that comes, and where
  // nothing is known of rows of prompts.
  static constexpr std::size_t kFew = 8;
  // Nobody to delay but those who come while a batch of prompts alone is under way: long batches
  // read the weights seldom, and ten bounds are half a second.
  static constexpr double kAlone = 10;
  // Of which the weights' way is a small part.
  static constexpr std::size_t kMany = 64;
  static constexpr double kNew = 0.25;  // what the latest batch counts in a mean
  // Half of the batches take longer than the mean says; few take longer by twice what they differ
  // from it in the mean.
  static constexpr double kSure = 2;

  static void mix(double& mean, double value) noexcept {
    mean = mean <= 0 ? value : (1 - kNew) * mean + kNew * value;
  }

  double bound_;
  double decode_ = 0;      // seconds of a batch without prompts; 0: not known
  double row_ = 0;         // seconds that a row of a prompt adds; 0: not known
  bool is_bound_ = false;  // it adds that at most, by a batch of fewer than kMany rows
  double deviation_ = 0;   // what these differ by from batch to batch, beside rows of others
};

}  // namespace tlite
