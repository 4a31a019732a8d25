// The matrix registers of AMX: eight of 16 rows of 64 bytes, and the few instructions on
// them. In assembler, for compilers want the number of a register spelled out in each call.
//
// Fixed uses: registers 0 to 3 hold sums, [rows of x][16 outputs] of 32 bits; 4 and 5 rows of x,
// 64 bytes of k each; 6 and 7 weights of 16 outputs, [k / 4][16][4 of k]: planes of packed tiles.
#pragma once

#include "kernels/unroll.hpp"

#include <cstddef>
#include <cstdint>

namespace tlite {
namespace {

inline constexpr std::size_t kMatrixRows = 16;
inline constexpr std::size_t kMatrixBytes = kMatrixRows * 64;
inline constexpr std::size_t kMatrixWords = kMatrixBytes / 4;

class MatrixRegisters {
 public:
  // All registers whole: products of 16 rows and 64 of k.
  MatrixRegisters() noexcept {
    Shape shape{};
    shape.palette = 1;
    for (std::size_t i = 0; i < 8; ++i) {
      shape.bytes[i] = 64;
      shape.rows[i] = kMatrixRows;
    }
    asm volatile("ldtilecfg %0" ::"m"(shape) : "memory");
  }
  // Gives the registers back to the thread as they were: unused, which spares the system from
  // saving them.
  ~MatrixRegisters() { asm volatile("tilerelease" ::: "memory"); }
  MatrixRegisters(const MatrixRegisters&) = delete;
  MatrixRegisters& operator=(const MatrixRegisters&) = delete;

  // What was written before is there for the loads that follow: the compiler does not see what
  // these read. (Told so by each of them, it would keep nothing in its own registers in between.)
  TLITE_INLINE static void see_writes() noexcept { asm volatile("" ::: "memory"); }

  template <std::size_t kRegister>
  TLITE_INLINE static void zero() noexcept {
    asm volatile("tilezero %%tmm%c0" ::"i"(kRegister));
  }
  template <std::size_t kRegister>
  TLITE_INLINE static void load(const void* from, std::size_t stride) noexcept {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(kRegister));
  }
  template <std::size_t kRegister>
  TLITE_INLINE static void store(std::int32_t* to) noexcept {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(std::size_t{64}), "i"(kRegister)
                 : "memory");
  }
  // sums += x * weights, of signed bytes.
  template <std::size_t kSums, std::size_t kX, std::size_t kWeights>
  TLITE_INLINE static void multiply() noexcept {
    asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kSums), "i"(kX), "i"(kWeights));
  }

 private:
  struct Shape {  // as the processor reads it
    std::uint8_t palette;
    std::uint8_t start_row;
    std::uint8_t reserved[14];
    std::uint16_t bytes[16];
    std::uint8_t rows[16];
  };
  static_assert(sizeof(Shape) == 64);
};

}  // namespace
}  // namespace tlite
