// Masks onto logits: minus infinity wherever the bit of a token is clear, in place or into other memory.
//
// A row of logits is as wide as the vocabulary, 128k to 262k numbers, and a mask is applied at every step: what counts
// is memory traffic, so there is one pass, and none at all over stretches in which everything is allowed. A mask is
// read in groups of 128 bits:
//
//   all set          the logits are not even loaded
//   a few clear      these are stored, one by one
//   all clear        stored, not loaded
//   mixed            loaded, blended, stored, without a branch on a bit
//
// Tried on a Zen 5, on 131072 logits and on 64 x 262144 with cold caches: groups of 32 took three times as long where
// 95 % of the tokens are allowed at random (a mispredicted branch per word); blending where a few are clear four times
// as long where 99.9 % are allowed; and blending everything took 3.6 µs there instead of 0.5. Masked stores, which
// would spare the load, took up to twice as long as blends once the logits were larger than the caches.
//
// Logits are handled as bit patterns: a forbidden NaN becomes minus infinity, an allowed one stays.
//
// Into other memory, groups are loaded, blended and stored, all but those that are all clear.
//
// Cost         Less than that of a copy of the logits: 0.5 to 6 µs for a row of 128k float32, a copy 6 to 9. Into other
//              memory that of the copy.
// Threads      None are started. Calls may run in parallel on different rows.
//
// Not here: that shapes and types fit is checked by the caller (generation/masking.py).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace structgen {

enum class LogitType : int { Float32 = 0, BFloat16 = 1, Float16 = 2 };

// Rows of `width` contiguous logits, and a packed row for each: bit t % 32 of word t / 32 allows
// token t; bits from `width` up are ignored. Strides are counted in logits and in words.
struct LogitRows {
  void* first;
  LogitType type;
  std::size_t width;
  std::ptrdiff_t stride;
};

struct MaskRows {
  const std::int32_t* first;
  std::ptrdiff_t stride;
};

// What can run on this machine, the best first: "avx512", "avx2", "neon", "portable".
const std::vector<const char*>& apply_instructions();

// Applies each row of `mask` that is named in `rows` to the row of `logits` with that number. `instructions` is an
// index into apply_instructions(); only tests and benchmarks take another than the first.
void apply_bitmask(const LogitRows& logits, const MaskRows& mask, std::span<const std::int64_t> rows,
                   std::size_t instructions = 0);

// Writes the rows of `from` to `to`, those named in `rows` (ascending) masked. Returns for each of these whether
// anything but minus infinity is in it.
std::vector<bool> copy_masked(const LogitRows& from, const LogitRows& to, std::size_t batch, const MaskRows& mask,
                              std::span<const std::int64_t> rows, std::size_t instructions = 0);

}  // namespace structgen
