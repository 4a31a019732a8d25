#include "kernels/packed/pack.hpp"

#include "tensor/blocks.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace tlite {
namespace {

// What a plane of a tile is made from: the word at `offset` of block `block`, and how.
enum class Source : std::uint8_t {
  word,
  flipped,     // q8_0: + 128 in each byte
  two_scales,  // f16 at `offset` of blocks 0 and 1
  wide_scale,  // f16 as f32
  fifth_bits,  // bits sorted by k % 4, then k / 4
};

struct Plane {
  std::uint8_t block;
  std::uint8_t offset;
  Source source;
};

struct Plan {
  std::array<Plane, 53> plane{};
  std::size_t planes = 0;

  constexpr void add(std::size_t block, std::size_t offset, std::size_t words = 1,
                     Source source = Source::word) {
    for (std::size_t i = 0; i < words; ++i) {
      plane[planes++] = {static_cast<std::uint8_t>(block),
                         static_cast<std::uint8_t>(offset + 4 * i), source};
    }
  }
};

// The tables at the top of formats_32.hpp and formats_256.hpp, in numbers.
constexpr Plan plan_of(DataType type) {
  Plan plan;
  switch (type) {
    case DataType::q8_0:
      plan.add(0, 0, 1, Source::two_scales);
      for (std::size_t block : {0U, 1U}) plan.add(block, 2, 8, Source::flipped);
      break;
    case DataType::q4_0:
    case DataType::iq4_nl:
      plan.add(0, 0, 1, Source::two_scales);
      for (std::size_t block : {0U, 1U}) plan.add(block, 2, 4);
      break;
    case DataType::q5_0:
      plan.add(0, 0, 1, Source::two_scales);
      for (std::size_t block : {0U, 1U}) plan.add(block, 2, 1, Source::fifth_bits);
      for (std::size_t block : {0U, 1U}) plan.add(block, 6, 4);
      break;
    case DataType::q4_1:
      for (std::size_t block : {0U, 1U}) plan.add(block, 0);
      for (std::size_t block : {0U, 1U}) plan.add(block, 4, 4);
      break;
    case DataType::q5_1:
      for (std::size_t block : {0U, 1U}) plan.add(block, 0);
      for (std::size_t block : {0U, 1U}) plan.add(block, 4, 1, Source::fifth_bits);
      for (std::size_t block : {0U, 1U}) plan.add(block, 8, 4);
      break;
    case DataType::q2_k:
      plan.add(0, offsetof(BlockQ2_K, d));
      plan.add(0, 0, 20);
      break;
    case DataType::q3_k:
      plan.add(0, offsetof(BlockQ3_K, d), 1, Source::wide_scale);
      plan.add(0, offsetof(BlockQ3_K, scales), 3);
      plan.add(0, 0, 24);
      break;
    case DataType::q4_k:
      plan.add(0, 0, 36);
      break;
    case DataType::q5_k:
      plan.add(0, 0, 44);
      break;
    case DataType::q6_k:
      plan.add(0, offsetof(BlockQ6_K, d), 1, Source::wide_scale);
      plan.add(0, offsetof(BlockQ6_K, scales), 4);
      plan.add(0, offsetof(BlockQ6_K, high), 16);
      plan.add(0, offsetof(BlockQ6_K, q), 32);
      break;
    case DataType::iq4_xs:
      plan.add(0, 0, 34);
      break;
    case DataType::f32:
    case DataType::f16:
    case DataType::bf16:
      break;
  }
  return plan;
}

constexpr auto kPlans = [] {
  std::array<Plan, kDataTypes.size()> plans;
  for (const DataType type : kDataTypes) plans[static_cast<std::size_t>(type)] = plan_of(type);
  return plans;
}();

const Plan& plan_for(DataType type) noexcept { return kPlans[static_cast<std::size_t>(type)]; }

std::uint32_t word_at(const std::byte* bytes) noexcept {
  std::uint32_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

std::uint16_t half_at(const std::byte* bytes) noexcept {
  std::uint16_t half;
  std::memcpy(&half, bytes, sizeof half);
  return half;
}

// Bit 4 g + i becomes bit g of byte i.
std::uint32_t sort_fifth_bits(std::uint32_t bits) noexcept {
  std::uint32_t sorted = 0;
  for (unsigned k = 0; k < 32; ++k) sorted |= (bits >> k & 1U) << (k % 4 * 8 + k / 4);
  return sorted;
}

std::uint32_t make_word(const Plane& plane, const std::byte* const (&blocks)[2]) noexcept {
  const std::byte* from = blocks[plane.block] + plane.offset;
  switch (plane.source) {
    case Source::word:
      return word_at(from);
    case Source::flipped:
      return word_at(from) ^ 0x80808080U;
    case Source::two_scales:
      return half_at(from) | std::uint32_t{half_at(blocks[1] + plane.offset)} << 16;
    case Source::wide_scale:
      return std::bit_cast<std::uint32_t>(f16_to_f32(half_at(from)));
    case Source::fifth_bits:
      return sort_fifth_bits(word_at(from));
  }
  return 0;
}

// A block of zeros: scale 0 makes its weights 0 in every format.
alignas(64) constexpr std::byte kZeroBlock[sizeof(BlockQ6_K)] = {};

}  // namespace

PackedShape packed_shape(DataType type, std::size_t out_features,
                         std::size_t in_features) noexcept {
  const std::size_t elements = block_shape(type).elements == 256 ? 256 : 64;
  return {elements, plan_for(type).planes * kPlaneBytes, (in_features + elements - 1) / elements,
          (out_features + kLanes - 1) / kLanes};
}

void pack_group(DataType type, const std::byte* rows, std::size_t out_features,
                std::size_t in_features, std::size_t group, std::byte* out) noexcept {
  const PackedShape shape = packed_shape(type, out_features, in_features);
  const BlockShape block = block_shape(type);
  const Plan& plan = plan_for(type);
  const std::size_t blocks_per_row = in_features / block.elements;
  const std::size_t blocks_per_tile = shape.tile_elements / block.elements;
  for (std::size_t tile = 0; tile < shape.tiles_per_group; ++tile, out += shape.tile_bytes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const std::size_t row = group * kLanes + lane;
      const std::byte* blocks[2] = {kZeroBlock, kZeroBlock};
      for (std::size_t b = 0; b < blocks_per_tile; ++b) {
        const std::size_t index = tile * blocks_per_tile + b;
        if (row < out_features && index < blocks_per_row) {
          blocks[b] = rows + (row * blocks_per_row + index) * block.bytes;
        }
      }
      for (std::size_t p = 0; p < plan.planes; ++p) {
        const std::uint32_t word = make_word(plan.plane[p], blocks);
        std::memcpy(out + p * kPlaneBytes + lane * 4, &word, sizeof word);
      }
    }
  }
}

}  // namespace tlite
