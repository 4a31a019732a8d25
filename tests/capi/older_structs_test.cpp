// Programs that were compiled against an older header, whose structures are shorter. There is no
// older header yet, so the structures here are made up.
#include "check.h"
#include "structs.hpp"

#include <cstring>
#include <string>

namespace {

struct Grown {
  std::uint32_t struct_size;
  std::int32_t first;
  std::int64_t second;  // since the second version
  std::int64_t third;   // since the third
};

constexpr Grown kDefaults = {sizeof(Grown), 1, 2, 3};

tlite_status status_of_reading(std::uint32_t size) {
  Grown given = {size, 10, 20, 30};
  try {
    tlite::capi::read_struct(&given, kDefaults);
    return TLITE_OK;
  } catch (const tlite::Error& error) {
    return static_cast<tlite_status>(error.code());
  }
}

}  // namespace

template <>
inline constexpr std::initializer_list<std::size_t> tlite::capi::kOlderSizes<Grown> = {8, 16};

TEST(older_read, "capi/structs: what an older structure lacks is filled in from the defaults") {
  const Grown given[] = {{8, 10, 20, 30}, {16, 10, 20, 30}, {24, 10, 20, 30}};
  const Grown expected[] = {{8, 10, 2, 3}, {16, 10, 20, 3}, {24, 10, 20, 30}};
  for (int i = 0; i < 3; ++i) {
    const Grown read = tlite::capi::read_struct(&given[i], kDefaults);
    CHECK(read.first == expected[i].first && read.second == expected[i].second);
    CHECK(read.third == expected[i].third);
  }
}

TEST(older_sizes, "capi/structs: only sizes that a version had are older versions") {
  for (const std::uint32_t size : {0U, 4U, 7U, 9U, 12U, 15U, 17U, 23U}) {
    CHECK(status_of_reading(size) == TLITE_ERROR_INVALID_ARGUMENT);
  }
  for (const std::uint32_t size : {8U, 16U, 24U}) CHECK(status_of_reading(size) == TLITE_OK);
}

TEST(older_write, "capi/structs: an older structure is not written beyond its end") {
  Grown out = {16, -1, -1, -1};
  tlite::capi::copy_out(kDefaults, &out, tlite::capi::out_struct_size(&out, "out"));
  CHECK(out.struct_size == 16 && out.first == 1 && out.second == 2 && out.third == -1);
}
