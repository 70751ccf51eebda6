#include "apply.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define STRUCTGEN_X86 1
#define STRUCTGEN_TARGET(features) __attribute__((target(features)))
#include <immintrin.h>
#elif defined(__aarch64__) && (defined(__GNUC__) || defined(__clang__))
#define STRUCTGEN_NEON 1
#include <arm_neon.h>
#endif

namespace structgen {
namespace {

using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

constexpr int kWords = 4;  // in a group
constexpr int kTokens = 32 * kWords;
constexpr int kFew = 2;

enum class Group { AllSet, FewClear, AllClear, Mixed };

inline Group look(const u32* mask) {
  const u64 low = u64{mask[1]} << 32 | mask[0], high = u64{mask[3]} << 32 | mask[2];
  if ((low & high) == ~u64{0}) return Group::AllSet;
  if ((low | high) == 0) return Group::AllClear;
  return std::popcount(~low) + std::popcount(~high) <= kFew ? Group::FewClear : Group::Mixed;
}

template <class Bits>
inline void forbid_few(Bits* logits, const u32* mask, Bits minus_infinity) {
  for (int word = 0; word < kWords; ++word)
    for (u32 clear = ~mask[word]; clear != 0; clear &= clear - 1)
      logits[32 * word + std::countr_zero(clear)] = minus_infinity;
}

// Returns true if the group is done: every token is allowed, or only a few are not.
template <class Bits>
inline bool settle(Group group, Bits* logits, const u32* mask, Bits minus_infinity) {
  if (group == Group::FewClear) forbid_few(logits, mask, minus_infinity);
  return group == Group::AllSet || group == Group::FewClear;
}

// The rest of a row after its last whole group.
template <class Bits>
void apply_singly(Bits* logits, std::size_t width, const u32* mask, Bits minus_infinity) {
  for (std::size_t token = 0; token < width; ++token) {
    const bool allowed = (mask[token / 32] >> (token % 32)) & 1;
    logits[token] = allowed ? logits[token] : minus_infinity;
  }
}

inline bool is_clear(const u32* mask) { return (mask[0] | mask[1] | mask[2] | mask[3]) == 0; }

// The same into other memory. Returns true if anything but minus infinity is in it then.
template <class Bits>
bool copy_singly(const Bits* from, Bits* to, std::size_t width, const u32* mask, Bits minus_infinity) {
  bool left = false;
  for (std::size_t token = 0; token < width; ++token) {
    const bool allowed = (mask[token / 32] >> (token % 32)) & 1;
    to[token] = allowed ? from[token] : minus_infinity;
    left |= to[token] != minus_infinity;
  }
  return left;
}

// ---- each kind of machine has its own way to apply whole groups -------------------------------------------------

// For each byte of a mask, eight patterns: all ones where a token is allowed. Compilers turn the loop over them into
// whatever vectors the machine has.
template <class Bits>
constexpr std::array<std::array<Bits, 8>, 256> make_patterns() {
  std::array<std::array<Bits, 8>, 256> patterns{};
  for (std::size_t byte = 0; byte < 256; ++byte)
    for (std::size_t bit = 0; bit < 8; ++bit)
      patterns[byte][bit] = (byte >> bit) & 1 ? static_cast<Bits>(~Bits{0}) : Bits{0};
  return patterns;
}

template <class Bits>
void apply_portable(Bits* logits, std::size_t groups, const u32* mask, Bits minus_infinity) {
  static constexpr auto kPatterns = make_patterns<Bits>();
  for (; groups > 0; --groups, logits += kTokens, mask += kWords) {
    const Group group = look(mask);
    if (settle(group, logits, mask, minus_infinity)) continue;
    if (group == Group::AllClear) {
      std::fill_n(logits, kTokens, minus_infinity);
      continue;
    }
    for (int byte = 0; byte < kTokens / 8; ++byte) {
      const std::array<Bits, 8>& allowed = kPatterns[(mask[byte / 4] >> (8 * (byte % 4))) & 0xff];
      std::array<Bits, 8> eight;  // by way of a copy: that `logits` and `mask` don't overlap is unknown to a compiler
      std::memcpy(eight.data(), logits + 8 * byte, sizeof(eight));
      for (std::size_t i = 0; i < 8; ++i)
        eight[i] = static_cast<Bits>(minus_infinity ^ ((eight[i] ^ minus_infinity) & allowed[i]));
      std::memcpy(logits + 8 * byte, eight.data(), sizeof(eight));
    }
  }
}

template <class Bits>
bool copy_portable(const Bits* from, Bits* to, std::size_t groups, const u32* mask, Bits minus_infinity) {
  static constexpr auto kPatterns = make_patterns<Bits>();
  Bits left = 0;  // bits in which some logit differs from minus infinity
  for (; groups > 0; --groups, from += kTokens, to += kTokens, mask += kWords) {
    if (is_clear(mask)) {
      std::fill_n(to, kTokens, minus_infinity);
      continue;
    }
    for (int byte = 0; byte < kTokens / 8; ++byte) {
      const std::array<Bits, 8>& allowed = kPatterns[(mask[byte / 4] >> (8 * (byte % 4))) & 0xff];
      std::array<Bits, 8> eight;
      std::memcpy(eight.data(), from + 8 * byte, sizeof(eight));
      for (std::size_t i = 0; i < 8; ++i) {
        const Bits differing = static_cast<Bits>((eight[i] ^ minus_infinity) & allowed[i]);
        left = static_cast<Bits>(left | differing);
        eight[i] = static_cast<Bits>(minus_infinity ^ differing);
      }
      std::memcpy(to + 8 * byte, eight.data(), sizeof(eight));
    }
  }
  return left != 0;
}

#ifdef STRUCTGEN_X86

#define STRUCTGEN_AVX512 STRUCTGEN_TARGET("avx512f,avx512bw,popcnt,bmi")
#define STRUCTGEN_AVX2 STRUCTGEN_TARGET("avx2,popcnt,bmi")

// One vector of logits.
template <class Bits>
struct Avx512 {
  static constexpr bool kWide = sizeof(Bits) == 4;
  static constexpr int kLanes = 64 / sizeof(Bits);

  STRUCTGEN_AVX512 static inline __m512i all(Bits value) {
    return kWide ? _mm512_set1_epi32(static_cast<int>(value)) : _mm512_set1_epi16(static_cast<short>(value));
  }
  STRUCTGEN_AVX512 static inline void store(Bits* to, __m512i vector) { _mm512_storeu_si512(to, vector); }
  // The logits whose bits are set, `forbidden` elsewhere.
  STRUCTGEN_AVX512 static inline __m512i masked(const Bits* from, u32 bits, __m512i forbidden) {
    const __m512i old = _mm512_loadu_si512(from);
    return kWide ? _mm512_mask_mov_epi32(forbidden, static_cast<__mmask16>(bits), old)
                 : _mm512_mask_mov_epi16(forbidden, static_cast<__mmask32>(bits), old);
  }
};

template <class Bits>
STRUCTGEN_AVX512 bool copy_avx512(const Bits* from, Bits* to, std::size_t groups, const u32* mask,
                                  Bits minus_infinity) {
  using Vector = Avx512<Bits>;
  const __m512i forbidden = Vector::all(minus_infinity);
  __m512i differing = _mm512_setzero_si512();
  for (; groups > 0; --groups, from += kTokens, to += kTokens, mask += kWords) {
    if (is_clear(mask)) {
      for (int i = 0; i < kTokens; i += Vector::kLanes) Vector::store(to + i, forbidden);
      continue;
    }
    for (int i = 0; i < kTokens; i += Vector::kLanes) {
      const __m512i masked = Vector::masked(from + i, mask[i / 32] >> (i % 32), forbidden);
      differing = _mm512_or_si512(differing, _mm512_xor_si512(masked, forbidden));
      Vector::store(to + i, masked);
    }
  }
  return _mm512_test_epi32_mask(differing, differing) != 0;
}

template <class Bits>
STRUCTGEN_AVX512 void apply_avx512(Bits* logits, std::size_t groups, const u32* mask, Bits minus_infinity) {
  using Vector = Avx512<Bits>;
  const __m512i forbidden = Vector::all(minus_infinity);
  for (; groups > 0; --groups, logits += kTokens, mask += kWords) {
    const Group group = look(mask);
    if (settle(group, logits, mask, minus_infinity)) continue;
    if (group == Group::AllClear) {
      for (int i = 0; i < kTokens; i += Vector::kLanes) Vector::store(logits + i, forbidden);
      continue;
    }
    for (int i = 0; i < kTokens; i += Vector::kLanes)
      Vector::store(logits + i, Vector::masked(logits + i, mask[i / 32] >> (i % 32), forbidden));
  }
}

template <class Bits>
struct Avx2 {
  static constexpr bool kWide = sizeof(Bits) == 4;
  static constexpr int kLanes = 32 / sizeof(Bits);

  STRUCTGEN_AVX2 static inline __m256i all(Bits value) {
    return kWide ? _mm256_set1_epi32(static_cast<int>(value)) : _mm256_set1_epi16(static_cast<short>(value));
  }
  STRUCTGEN_AVX2 static inline void store(Bits* to, __m256i vector) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), vector);
  }
  // The bit of a mask that decides about each lane.
  STRUCTGEN_AVX2 static inline __m256i lane_bits() {
    return kWide ? _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128)
                 : _mm256_setr_epi16(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, -32768);
  }
  STRUCTGEN_AVX2 static inline __m256i masked(const Bits* from, u32 bits, __m256i forbidden) {
    const __m256i lane = lane_bits(), mine = _mm256_and_si256(all(static_cast<Bits>(bits)), lane);
    const __m256i allowed = kWide ? _mm256_cmpeq_epi32(mine, lane) : _mm256_cmpeq_epi16(mine, lane);
    return _mm256_blendv_epi8(forbidden, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)), allowed);
  }
};

template <class Bits>
STRUCTGEN_AVX2 bool copy_avx2(const Bits* from, Bits* to, std::size_t groups, const u32* mask, Bits minus_infinity) {
  using Vector = Avx2<Bits>;
  const __m256i forbidden = Vector::all(minus_infinity);
  __m256i differing = _mm256_setzero_si256();
  for (; groups > 0; --groups, from += kTokens, to += kTokens, mask += kWords) {
    if (is_clear(mask)) {
      for (int i = 0; i < kTokens; i += Vector::kLanes) Vector::store(to + i, forbidden);
      continue;
    }
    for (int i = 0; i < kTokens; i += Vector::kLanes) {
      const __m256i masked = Vector::masked(from + i, mask[i / 32] >> (i % 32), forbidden);
      differing = _mm256_or_si256(differing, _mm256_xor_si256(masked, forbidden));
      Vector::store(to + i, masked);
    }
  }
  return !_mm256_testz_si256(differing, differing);
}

template <class Bits>
STRUCTGEN_AVX2 void apply_avx2(Bits* logits, std::size_t groups, const u32* mask, Bits minus_infinity) {
  using Vector = Avx2<Bits>;
  const __m256i forbidden = Vector::all(minus_infinity);
  for (; groups > 0; --groups, logits += kTokens, mask += kWords) {
    const Group group = look(mask);
    if (settle(group, logits, mask, minus_infinity)) continue;
    if (group == Group::AllClear) {
      for (int i = 0; i < kTokens; i += Vector::kLanes) Vector::store(logits + i, forbidden);
      continue;
    }
    for (int i = 0; i < kTokens; i += Vector::kLanes)
      Vector::store(logits + i, Vector::masked(logits + i, mask[i / 32] >> (i % 32), forbidden));
  }
}

#endif
#ifdef STRUCTGEN_NEON

void apply_neon(u32* logits, std::size_t groups, const u32* mask, u32 minus_infinity) {
  const uint32x4_t forbidden = vdupq_n_u32(minus_infinity);
  const uint32x4_t lane_bit = {1, 2, 4, 8};
  for (; groups > 0; --groups, logits += kTokens, mask += kWords) {
    const Group group = look(mask);
    if (settle(group, logits, mask, minus_infinity)) continue;
    for (int i = 0; i < kTokens; i += 4) {
      const uint32x4_t allowed = vtstq_u32(vdupq_n_u32(mask[i / 32] >> (i % 32)), lane_bit);
      vst1q_u32(logits + i,
                group == Group::AllClear ? forbidden : vbslq_u32(allowed, vld1q_u32(logits + i), forbidden));
    }
  }
}

void apply_neon(u16* logits, std::size_t groups, const u32* mask, u16 minus_infinity) {
  const uint16x8_t forbidden = vdupq_n_u16(minus_infinity);
  const uint16x8_t lane_bit = {1, 2, 4, 8, 16, 32, 64, 128};
  for (; groups > 0; --groups, logits += kTokens, mask += kWords) {
    const Group group = look(mask);
    if (settle(group, logits, mask, minus_infinity)) continue;
    for (int i = 0; i < kTokens; i += 8) {
      const uint16x8_t allowed = vtstq_u16(vdupq_n_u16(static_cast<u16>(mask[i / 32] >> (i % 32))), lane_bit);
      vst1q_u16(logits + i,
                group == Group::AllClear ? forbidden : vbslq_u16(allowed, vld1q_u16(logits + i), forbidden));
    }
  }
}

#endif

// ---- which one ----------------------------------------------------------------------------------------------------

struct Kernels {
  const char* name;
  void (*wide)(u32*, std::size_t, const u32*, u32);
  void (*narrow)(u16*, std::size_t, const u32*, u16);
  bool (*copy_wide)(const u32*, u32*, std::size_t, const u32*, u32);
  bool (*copy_narrow)(const u16*, u16*, std::size_t, const u32*, u16);
};

// The best first.
std::vector<Kernels> find_kernels() {
  std::vector<Kernels> found;
#ifdef STRUCTGEN_X86
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw"))
    found.push_back({"avx512", apply_avx512<u32>, apply_avx512<u16>, copy_avx512<u32>, copy_avx512<u16>});
  if (__builtin_cpu_supports("avx2"))
    found.push_back({"avx2", apply_avx2<u32>, apply_avx2<u16>, copy_avx2<u32>, copy_avx2<u16>});
#endif
#ifdef STRUCTGEN_NEON
  found.push_back({"neon", apply_neon, apply_neon, copy_portable<u32>, copy_portable<u16>});
#endif
  found.push_back({"portable", apply_portable<u32>, apply_portable<u16>, copy_portable<u32>, copy_portable<u16>});
  return found;
}

const std::vector<Kernels>& kernels() {
  static const std::vector<Kernels> found = find_kernels();
  return found;
}

template <class Bits>
void apply_rows(const LogitRows& logits, const MaskRows& mask, std::span<const std::int64_t> rows,
                void (*apply_groups)(Bits*, std::size_t, const u32*, Bits), Bits minus_infinity) {
  const std::size_t groups = logits.width / kTokens;
  for (const std::int64_t row : rows) {
    Bits* first = static_cast<Bits*>(logits.first) + row * logits.stride;
    const u32* words = reinterpret_cast<const u32*>(mask.first) + row * mask.stride;
    apply_groups(first, groups, words, minus_infinity);
    apply_singly(first + groups * kTokens, logits.width % kTokens, words + groups * kWords, minus_infinity);
  }
}

template <class Bits>
std::vector<bool> copy_rows(const LogitRows& from, const LogitRows& to, std::size_t batch, const MaskRows& mask,
                            std::span<const std::int64_t> rows,
                            bool (*copy_groups)(const Bits*, Bits*, std::size_t, const u32*, Bits),
                            Bits minus_infinity) {
  const std::size_t groups = from.width / kTokens;
  std::vector<bool> left;
  for (std::size_t row = 0; row < batch; ++row) {
    const Bits* source = static_cast<const Bits*>(from.first) + static_cast<std::ptrdiff_t>(row) * from.stride;
    Bits* target = static_cast<Bits*>(to.first) + static_cast<std::ptrdiff_t>(row) * to.stride;
    if (left.size() == rows.size() || rows[left.size()] != static_cast<std::int64_t>(row)) {
      std::copy_n(source, from.width, target);
      continue;
    }
    const u32* words = reinterpret_cast<const u32*>(mask.first) + static_cast<std::ptrdiff_t>(row) * mask.stride;
    const bool any = copy_groups(source, target, groups, words, minus_infinity);
    const std::size_t done = groups * kTokens;
    left.push_back(
        copy_singly(source + done, target + done, from.width - done, words + groups * kWords, minus_infinity) || any);
  }
  return left;
}

}  // namespace

const std::vector<const char*>& apply_instructions() {
  static const std::vector<const char*> names = [] {
    std::vector<const char*> found;
    for (const Kernels& kernel : kernels()) found.push_back(kernel.name);
    return found;
  }();
  return names;
}

void apply_bitmask(const LogitRows& logits, const MaskRows& mask, std::span<const std::int64_t> rows,
                   std::size_t instructions) {
  const Kernels& kernel = kernels().at(instructions);
  switch (logits.type) {
    case LogitType::Float32:
      return apply_rows<u32>(logits, mask, rows, kernel.wide, 0xFF800000u);
    case LogitType::BFloat16:
      return apply_rows<u16>(logits, mask, rows, kernel.narrow, 0xFF80u);
    case LogitType::Float16:
      return apply_rows<u16>(logits, mask, rows, kernel.narrow, 0xFC00u);
  }
}

std::vector<bool> copy_masked(const LogitRows& from, const LogitRows& to, std::size_t batch, const MaskRows& mask,
                              std::span<const std::int64_t> rows, std::size_t instructions) {
  const Kernels& kernel = kernels().at(instructions);
  switch (from.type) {
    case LogitType::Float32:
      return copy_rows<u32>(from, to, batch, mask, rows, kernel.copy_wide, 0xFF800000u);
    case LogitType::BFloat16:
      return copy_rows<u16>(from, to, batch, mask, rows, kernel.copy_narrow, 0xFF80u);
    case LogitType::Float16:
      return copy_rows<u16>(from, to, batch, mask, rows, kernel.copy_narrow, 0xFC00u);
  }
  return {};
}

}  // namespace structgen
