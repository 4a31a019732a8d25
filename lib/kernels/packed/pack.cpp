#include "kernels/packed/pack.hpp"

#include "tensor/blocks.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace tlite {
namespace {

// What planes of a tile are made from: the words from `offset` of block `block` on, and how.
enum class Source : std::uint8_t {
  word,
  flipped,     // q8_0: + 128 in each byte
  two_scales,  // f16 at `offset` of blocks 0 and 1
  wide_scale,  // f16 as f32
  fifth_bits,  // bits sorted by k % 4, then k / 4
};

// One plane, or four that follow each other in the block as they do in the tile.
struct Step {
  std::uint8_t block;
  std::uint8_t offset;
  std::uint8_t planes;  // 1 or 4
  Source source;
};

struct Plan {
  std::array<Step, 16> step{};
  std::size_t steps = 0;
  std::size_t planes = 0;

  constexpr void add(std::size_t block, std::size_t offset, std::size_t words = 1,
                     Source source = Source::word) {
    planes += words;
    for (std::size_t done = 0; done < words;) {
      const std::size_t now = words - done >= 4 ? 4 : 1;
      step[steps++] = {static_cast<std::uint8_t>(block),
                       static_cast<std::uint8_t>(offset + 4 * done), static_cast<std::uint8_t>(now),
                       source};
      done += now;
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
      for (std::size_t half = 0; half < 2; ++half) {
        plan.add(0, offsetof(BlockQ6_K, high) + 32 * half, 8);
        plan.add(0, offsetof(BlockQ6_K, q) + 64 * half, 16);
      }
      break;
    case DataType::iq4_xs:
      plan.add(0, 0, 34);
      break;
    case DataType::bf16:  // of 64, as if they were a block
      plan.add(0, 0, 32);
      break;
    case DataType::f32:
    case DataType::f16:
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

constexpr std::uint32_t kFlip = 0x80808080U;

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

// Bit 4 g + i becomes bit g of byte i: of every fourth bit, neighbours are pushed together.
std::uint32_t sort_fifth_bits(std::uint32_t bits) noexcept {
  std::uint32_t sorted = 0;
  for (unsigned i = 0; i < 4; ++i) {
    std::uint32_t x = bits >> i & 0x11111111U;
    x = (x | x >> 3) & 0x03030303U;
    x = (x | x >> 6) & 0x000F000FU;
    x = (x | x >> 12) & 0xFFU;
    sorted |= x << 8 * i;
  }
  return sorted;
}

using Blocks = std::array<std::array<const std::byte*, kLanes>, 2>;  // of a tile: [block][lane]

std::uint32_t make_word(const Step& step, const Blocks& blocks, std::size_t lane) noexcept {
  const std::byte* from = blocks[step.block][lane] + step.offset;
  switch (step.source) {
    case Source::word:
      return word_at(from);
    case Source::flipped:
      return word_at(from) ^ kFlip;
    case Source::two_scales:
      return half_at(from) | std::uint32_t{half_at(blocks[1][lane] + step.offset)} << 16;
    case Source::wide_scale:
      return std::bit_cast<std::uint32_t>(f16_to_f32(half_at(from)));
    case Source::fifth_bits:
      return sort_fifth_bits(word_at(from));
  }
  return 0;
}

void make_plane(const Step& step, const Blocks& blocks, std::byte* out) noexcept {
  std::array<std::uint32_t, kLanes> words;
  for (std::size_t lane = 0; lane < kLanes; ++lane) words[lane] = make_word(step, blocks, lane);
  std::memcpy(out, words.data(), kPlaneBytes);
}

// The compilers' own vectors, which SSE2 and NEON, part of their baselines, both have: wider ones
// do not help, as this runs at the speed of the memory.
using Quad [[gnu::vector_size(16)]] = std::uint32_t;

Quad quad_at(const std::byte* from) noexcept {
  Quad quad;
  std::memcpy(&quad, from, sizeof quad);
  return quad;
}

// Four planes: 16 lanes of 4 words become 4 planes of 16, transposed 4 by 4.
void make_planes(const Step& step, const Blocks& blocks, std::byte* out) noexcept {
  const std::uint32_t flip = step.source == Source::flipped ? kFlip : 0;
  const Quad flips = {flip, flip, flip, flip};
  const auto& from = blocks[step.block];
  for (std::size_t lane = 0; lane < kLanes; lane += 4, out += sizeof(Quad)) {
    const Quad a = quad_at(from[lane] + step.offset) ^ flips;
    const Quad b = quad_at(from[lane + 1] + step.offset) ^ flips;
    const Quad c = quad_at(from[lane + 2] + step.offset) ^ flips;
    const Quad d = quad_at(from[lane + 3] + step.offset) ^ flips;
    const Quad ab01 = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    const Quad cd01 = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    const Quad ab23 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const Quad cd23 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    const Quad planes[4] = {
        __builtin_shufflevector(ab01, cd01, 0, 1, 4, 5),
        __builtin_shufflevector(ab01, cd01, 2, 3, 6, 7),
        __builtin_shufflevector(ab23, cd23, 0, 1, 4, 5),
        __builtin_shufflevector(ab23, cd23, 2, 3, 6, 7),
    };
    for (std::size_t p = 0; p < 4; ++p)
      std::memcpy(out + p * kPlaneBytes, &planes[p], sizeof(Quad));
  }
}

// A block of zeros: scale 0 makes its weights 0 in every format.
alignas(64) constexpr std::byte kZeroBlock[sizeof(BlockQ6_K)] = {};

// What is copied as a block: of bf16 a whole tile.
BlockShape source_block(DataType type) noexcept {
  return type == DataType::bf16 ? BlockShape{64, 128} : block_shape(type);
}

// The rest of rows that are no whole number of bf16 tiles, filled up with zeros.
struct Rests {
  std::byte bytes[kLanes][128] = {};
};

}  // namespace

ActivationFormat packed_inputs(DataType type) noexcept {
  if (type == DataType::bf16) return ActivationFormat::bf16;
  return block_shape(type).elements == 256 ? ActivationFormat::q8_256 : ActivationFormat::q8_32;
}

PackedShape packed_shape(DataType type, std::size_t out_features,
                         std::size_t in_features) noexcept {
  const std::size_t elements = block_shape(type).elements == 256 ? 256 : 64;
  return {elements, plan_for(type).planes * kPlaneBytes, (in_features + elements - 1) / elements,
          (out_features + kLanes - 1) / kLanes};
}

void pack_group(DataType type, const std::byte* rows, std::size_t out_features,
                std::size_t in_features, std::size_t group, std::byte* out) noexcept {
  const PackedShape shape = packed_shape(type, out_features, in_features);
  const BlockShape block = source_block(type);
  const Plan& plan = plan_for(type);
  const std::size_t row_bytes = bytes_of(type, in_features);
  const std::size_t blocks_per_row = in_features / block.elements;
  const std::size_t rest = row_bytes - blocks_per_row * block.bytes;  // of bf16 alone
  const std::size_t blocks_per_tile = shape.tile_elements / block.elements;
  Blocks blocks;
  Rests rests;
  for (std::size_t tile = 0; tile < shape.tiles_per_group; ++tile) {
    for (std::size_t b = 0; b < blocks_per_tile; ++b) {
      const std::size_t index = tile * blocks_per_tile + b;
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const std::size_t row = group * kLanes + lane;
        const std::byte* const from = rows + row * row_bytes + index * block.bytes;
        blocks[b][lane] = row < out_features && index < blocks_per_row ? from : kZeroBlock;
        if (row < out_features && index == blocks_per_row && rest > 0) {
          std::memcpy(rests.bytes[lane], from, rest);
          blocks[b][lane] = rests.bytes[lane];
        }
      }
    }
    for (std::size_t i = 0; i < plan.steps; ++i) {
      const Step& step = plan.step[i];
      const auto make = step.planes == 4 ? make_planes : make_plane;
      make(step, blocks, out);
      out += step.planes * kPlaneBytes;
    }
  }
}

}  // namespace tlite
