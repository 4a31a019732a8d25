// The inner loops of all quantized formats: T input rows times V groups of 16 output rows, written
// once over a tier's vectors S and a Source of weights (direct.hpp: packed tiles as they are in
// memory; strip.hpp: codes unpacked to bytes before).
//
// The order that every tier, tile and source keeps, for one output: the dot product of a sub-block
// is exact in integers; then, block by block,
//   32:  y = fma(dot, scale * x.scale, y), and with minimums y = fma(m, x.sum, y);
//   256: the sum of scale * dot over the sub-blocks is exact in integers too; value = sum * d, with
//        minimums value = fma(integer dot of minimums and sums of x, -dmin, value); then
//        y = fma(value, x.scale, y).
// The largest sum of a 256 is q6_k's: 16 * 128 * (16 * 32 * 127) < 2^27.
//
// Tried: q4_k's sums in f32, which is as exact in two sums of four sub-blocks each (below 2^24) and
// takes vcvtdq2ps and vfmadd where words take vpmulld, two steps, and vpaddd. No faster on AVX-512
// (Emerald Rapids, 512 rows and 8): GCC keeps half of the sums in memory.
#pragma once

#include "kernels/activations.hpp"
#include "kernels/packed/code.hpp"
#include "kernels/packed/job.hpp"
#include "kernels/packed/streamed.hpp"
#include "kernels/unroll.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tlite {

// Where the results go: group v's 16 outputs of row t at y + t * stride + 16 v, of which the last
// group has only `last_lanes`.
struct OutputTile {
  float* y;
  std::size_t stride;
  std::size_t last_lanes;
};

template <class S, std::size_t T, std::size_t V>
struct FloatTile {
  typename S::F value[T][V];

  TLITE_INLINE void clear() noexcept {
    unroll<T>([&](auto t) TLITE_INLINE {
      unroll<V>([&](auto v) TLITE_INLINE { value[t][v] = S::zero(); });
    });
  }

  TLITE_INLINE void load(const OutputTile& out) noexcept {
    unroll<T>([&](auto t) TLITE_INLINE {
      unroll<V>([&](auto v) TLITE_INLINE {
        const float* from = out.y + t * out.stride + v * kLanes;
        value[t][v] = v + 1 < V ? S::load(from) : S::load_some(from, out.last_lanes);
      });
    });
  }

  TLITE_INLINE void store(const OutputTile& out) const noexcept {
    unroll<T>([&](auto t) TLITE_INLINE {
      unroll<V>([&](auto v) TLITE_INLINE {
        float* to = out.y + t * out.stride + v * kLanes;
        if constexpr (v + 1 < V) {
          S::store(to, value[t][v]);
        } else {
          S::store_some(to, value[t][v], out.last_lanes);
        }
      });
    });
  }
};

// dot_sub_block where one instruction takes two rows and 8 of k; of an odd number the last row goes
// with itself.
template <class S, class Source, std::size_t T, std::size_t V, std::size_t kSub, class Start,
          class Codes, class Use>
TLITE_INLINE inline void dot_row_pairs(Source& source, std::size_t outer, Start&& start, Codes&& x,
                                       Use&& use) noexcept {
  constexpr std::size_t kPairs = (T + 1) / 2;
  typename S::template DotPair<Source::kCode, Source::kGroups> dot[kPairs][V];
  const auto second = [](auto pair)
                          TLITE_INLINE { return constant<std::min(2 * pair + 1, T - 1)>; };
  unroll<kPairs>([&](auto p) TLITE_INLINE {
    const auto first = dot[0][0].begin(start(constant<2 * p>), start(second(p)));
    unroll<V>([&](auto v) TLITE_INLINE { dot[p][v] = first; });
  });
  unroll<Source::kGroups / 2>([&](auto g) TLITE_INLINE {
    unroll<V>([&](auto v) TLITE_INLINE {
      const std::pair w(source.template codes<kSub, 2 * g, v>(outer),
                        source.template codes<kSub, 2 * g + 1, v>(outer));
      unroll<kPairs>([&](auto p) TLITE_INLINE {
        dot[p][v].add(w, S::eight(x(constant<2 * p>) + 8 * g, x(second(p)) + 8 * g));
      });
    });
  });
  unroll<T>([&](auto t) TLITE_INLINE {
    unroll<V>([&](auto v) TLITE_INLINE { use(t, v, dot[t / 2][v].template row<t % 2>()); });
  });
}

// The exact dot products of sub-block `outer * kInner + kSub`, handed to use(t, v, dot): a tier's
// Dot. start(t): where those of x's row t begin.
template <class S, class Source, std::size_t T, std::size_t V, std::size_t kSub, class Start,
          class Codes, class Use>
TLITE_INLINE inline void dot_sub_block(Source& source, std::size_t outer, Start&& start, Codes&& x,
                                       Use&& use) noexcept {
  if constexpr (Source::kRowPairs) {
    return dot_row_pairs<S, Source, T, V, kSub>(source, outer, start, x, use);
  } else {
    using Dot = typename Source::Dot;
    Dot dot[T][V];
    unroll<T>([&](auto t) TLITE_INLINE {
      const auto first = Dot::begin(start(t));
      unroll<V>([&](auto v) TLITE_INLINE { dot[t][v] = first; });
    });
    unroll<Source::kGroups>([&](auto g) TLITE_INLINE {
      typename S::V w[V];
      unroll<V>([&](auto v) TLITE_INLINE { w[v] = source.template codes<kSub, g, v>(outer); });
      unroll<T>([&](auto t) TLITE_INLINE {
        const std::int8_t* const at = x(t) + 4 * g;
        if constexpr (V == 1 && requires { dot[t][0].template add_four<g>(w[0], at); }) {
          dot[t][0].template add_four<g>(w[0], at);
        } else {
          const auto four = S::four(at);
          unroll<V>([&](auto v) TLITE_INLINE { dot[t][v].template add<g>(w[v], four); });
        }
      });
    });
    unroll<T>([&](auto t)
                  TLITE_INLINE { unroll<V>([&](auto v) TLITE_INLINE { use(t, v, dot[t][v]); }); });
  }
}

// T rows' blocks of a tile.
template <class Block, std::size_t T>
struct BlocksOf {
  const std::byte* row[T];
  std::size_t at;  // the same for all rows, so that one number has to move

  TLITE_INLINE const Block& operator[](std::size_t t) const noexcept {
    return *reinterpret_cast<const Block*>(row[t] + at);
  }
};

template <class S, class Source, std::size_t T, std::size_t V>
TLITE_INLINE inline void tile_32(Source& source, const BlocksOf<Activation64, T>& x,
                                 FloatTile<S, T, V>& y) noexcept {
  unroll<2>([&](auto sub) TLITE_INLINE {
    dot_sub_block<S, Source, T, V, sub>(
        source, 0,
        [&](auto t) TLITE_INLINE {
          return DotStart{x[t].start[sub], x[t].pair_start[sub]};
        },
        [&](auto t) TLITE_INLINE { return x[t].q + 32 * sub; },
        [&](auto t, auto v, auto dot) TLITE_INLINE {
          const auto scale = S::mul(source.template scale<v>(sub), S::broadcast(x[t].scale[sub]));
          y.value[t][v] = S::fma(S::to_f32(dot.total()), scale, y.value[t][v]);
          if constexpr (Source::kHasMin) {
            y.value[t][v] =
                S::fma(source.template min<v>(sub), S::broadcast(x[t].sum[sub]), y.value[t][v]);
          }
        });
  });
}

// The minimums' part: 16-bit pairs of minimums times pairs of sums of x.
template <class S, class Source, std::size_t T, std::size_t V>
TLITE_INLINE inline void subtract_minimums(Source& source, const BlocksOf<Activation256, T>& x,
                                           FloatTile<S, T, V>& value) noexcept {
  unroll<V>([&](auto v) TLITE_INLINE {
    typename S::V dot[T];
    unroll<T>([&](auto t) TLITE_INLINE { dot[t] = S::zero_words(); });
    unroll<Source::kMinPairs>([&](auto pair) TLITE_INLINE {
      const auto mins = source.template min_pair<v>(pair);
      unroll<T>([&](auto t) TLITE_INLINE {
        const std::int16_t* sums = Source::Format::min_sums(x[t]);
        dot[t] = S::add_pairs(dot[t], mins, sums + 2 * pair);
      });
    });
    const auto scale = S::negate(source.template min_scale<v>());
    unroll<T>([&](auto t) TLITE_INLINE {
      value.value[t][v] = S::fma(S::to_f32(dot[t]), scale, value.value[t][v]);
    });
  });
}

template <class S, class Source, std::size_t T, std::size_t V>
TLITE_INLINE inline void tile_256(Source& source, const BlocksOf<Activation256, T>& x,
                                  FloatTile<S, T, V>& y) noexcept {
  constexpr std::size_t kSubElements = 4 * Source::kGroups;
  typename S::V sum[T][V];
  unroll<T>([&](auto t) TLITE_INLINE {
    unroll<V>([&](auto v) TLITE_INLINE { sum[t][v] = S::zero_words(); });
  });
  for (std::size_t outer = 0; outer < Source::kSubs / Source::kInner; ++outer) {
    unroll<Source::kInner>([&](auto inner) TLITE_INLINE {
      const std::size_t sub = outer * Source::kInner + inner;
      dot_sub_block<S, Source, T, V, inner>(
          source, outer,
          [&](auto t) TLITE_INLINE {
            const Activation256& block = x[t];
            if constexpr (kSubElements == 16) {
              return DotStart{block.start[sub], block.pair_start[sub]};
            } else {
              return DotStart{block.start[2 * sub] + block.start[2 * sub + 1], nullptr};
            }
          },
          [&](auto t) TLITE_INLINE { return x[t].q + sub * kSubElements; },
          [&](auto t, auto v, auto dot) TLITE_INLINE {
            sum[t][v] = dot.add_scaled(sum[t][v], source.template sub_scale<v>(sub));
            // Else GCC 12 stores the dot products of eight sub-blocks and scales all of them later:
            // 8 rows of q6_k on Zen 5 at 19 GB/s a thread, with this 25. (In tile_32 it gains
            // nothing: q4_0 25 either way, q5_0 28 and 25.)
            if constexpr (requires { S::keep(sum[t][v]); }) S::keep(sum[t][v]);
          });
    });
  }
  FloatTile<S, T, V> value;
  unroll<V>([&](auto v) TLITE_INLINE {
    const auto scale = source.template block_scale<v>();
    unroll<T>([&](auto t)
                  TLITE_INLINE { value.value[t][v] = S::mul(S::to_f32(sum[t][v]), scale); });
  });
  if constexpr (Source::kHasMin) subtract_minimums<S, Source, T, V>(source, x, value);
  unroll<T>([&](auto t) TLITE_INLINE {
    const auto scale = S::broadcast(x[t].scale);
    unroll<V>([&](auto v) TLITE_INLINE {
      y.value[t][v] = S::fma(value.value[t][v], scale, y.value[t][v]);
    });
  });
}

// Adds `tiles` tiles of weights to the outputs; `first`: the outputs start from zero. x: the first
// row's first block.
//
// A function of its own: inlined beside tiles of other sizes GCC keeps sums in memory, at a third
// of the speed.
template <class S, class Source, std::size_t T, std::size_t V>
[[gnu::noinline]] void dot_tiles(const StreamedWeights& weights, std::size_t tiles,
                                 const std::byte* x, const ActivationStrides& strides,
                                 const OutputTile& out, bool first) noexcept {
  Source source(weights);
  BlocksOf<typename Source::Format::Activation, T> blocks;
  unroll<T>([&](auto t) TLITE_INLINE { blocks.row[t] = x + t * strides.row; });
  blocks.at = 0;
  FloatTile<S, T, V> y;
  if (first) {
    y.clear();
  } else {
    y.load(out);
  }
  for (std::size_t tile = 0; tile < tiles; ++tile, blocks.at += strides.tile) {
    source.seek(tile);
    if constexpr (Source::kElements == 64) {
      tile_32<S, Source, T, V>(source, blocks, y);
    } else {
      tile_256<S, Source, T, V>(source, blocks, y);
    }
  }
  y.store(out);
}

}  // namespace tlite
