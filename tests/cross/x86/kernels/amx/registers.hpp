// In place of lib/kernels/amx/registers.hpp where the processor has no such registers: the same
// class, whose instructions are loops as Intel's manual describes them. For tests alone: see
// tests/cross/kernels.sh.
#pragma once

#include "kernels/unroll.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tlite {
namespace {

inline constexpr std::size_t kMatrixRows = 16;
inline constexpr std::size_t kMatrixBytes = kMatrixRows * 64;
inline constexpr std::size_t kMatrixWords = kMatrixBytes / 4;

class MatrixRegisters {
 public:
  MatrixRegisters() noexcept { std::memset(&registers(), 0, sizeof(Registers)); }
  MatrixRegisters(const MatrixRegisters&) = delete;
  MatrixRegisters& operator=(const MatrixRegisters&) = delete;

  static void see_writes() noexcept {}

  template <std::size_t kRegister>
  static void zero() noexcept {
    std::memset(&registers()[kRegister], 0, kMatrixBytes);
  }
  template <std::size_t kRegister>
  static void load(const void* from, std::size_t stride) noexcept {
    for (std::size_t row = 0; row < kMatrixRows; ++row) {
      std::memcpy(registers()[kRegister][row], static_cast<const std::byte*>(from) + row * stride,
                  64);
    }
  }
  template <std::size_t kRegister>
  static void store(std::int32_t* to) noexcept {
    std::memcpy(to, &registers()[kRegister], kMatrixBytes);
  }
  template <std::size_t kSums, std::size_t kX, std::size_t kWeights>
  static void multiply() noexcept {
    const auto& x = registers()[kX];
    const auto& w = registers()[kWeights];
    for (std::size_t row = 0; row < kMatrixRows; ++row) {
      for (std::size_t out = 0; out < 16; ++out) {
        std::int32_t sum;
        std::int8_t* const at = registers()[kSums][row] + 4 * out;
        std::memcpy(&sum, at, sizeof sum);
        for (std::size_t k = 0; k < 64; ++k) sum += x[row][k] * w[k / 4][4 * out + k % 4];
        std::memcpy(at, &sum, sizeof sum);
      }
    }
  }

 private:
  using Registers = std::int8_t[8][kMatrixRows][64];

  static Registers& registers() noexcept {
    static thread_local Registers all;
    return all;
  }
};

}  // namespace
}  // namespace tlite
