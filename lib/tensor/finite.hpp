// NaN and infinity in stored weights.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include <tlite/data_type.hpp>

namespace tlite {

// Index of the first element that is NaN or infinite, or of the first in the block whose scale or
// minimum is. `data` holds whole elements or blocks, at any address.
std::optional<std::size_t> first_non_finite(DataType type,
                                            std::span<const std::byte> data) noexcept;

}  // namespace tlite
