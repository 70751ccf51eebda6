#include "utf8.h"

#include <algorithm>

namespace structgen {

namespace {

constexpr u32 kMostCodePoint = 0x10FFFF, kSurrogates = 0xD800, kAfterSurrogates = 0xE000;

struct Encoded {
  u8 bytes[4];
  std::size_t length;
};

Encoded encode(u32 c) {
  static constexpr u8 kLead[] = {0, 0, 0xC0, 0xE0, 0xF0};
  Encoded found{{}, c < 0x80 ? 1u : c < 0x800 ? 2u : c < 0x10000 ? 3u : 4u};
  for (std::size_t i = found.length; --i > 0; c >>= 6) found.bytes[i] = static_cast<u8>(0x80 | (c & 63));
  found.bytes[0] = static_cast<u8>(kLead[found.length] | c);
  return found;
}

// Where a range has to be cut in two: at a change of length, around the surrogates, and so that a continuation byte
// is either fixed or takes all of its values. 0 if nowhere.
u32 cut_of(u32 lo, u32 hi) {
  for (const u32 border : {0x80u, 0x800u, kSurrogates, kAfterSurrogates, 0x10000u})
    if (lo < border && border <= hi) return border;
  for (const u32 shift : {6u, 12u, 18u}) {
    const u32 low = (1u << shift) - 1;
    if (hi < 0x80 || (lo & ~low) == (hi & ~low)) continue;
    if ((lo & low) != 0) return (lo | low) + 1;
    if ((hi & low) != low) return hi & ~low;
  }
  return 0;
}

void add(u32 lo, u32 hi, std::vector<ByteRanges>& found) {
  if (lo > hi) return;
  if (const u32 cut = cut_of(lo, hi); cut != 0) {
    add(lo, cut - 1, found);
    add(cut, hi, found);
    return;
  }
  if (lo >= kSurrogates && lo < kAfterSurrogates) return;
  const Encoded first = encode(lo), last = encode(hi);
  ByteRanges ranges;
  for (std::size_t i = 0; i < first.length; ++i) ranges.emplace_back(first.bytes[i], last.bytes[i]);
  found.push_back(std::move(ranges));
}

}  // namespace

std::vector<ByteRanges> utf8_ranges(const std::vector<std::pair<u32, u32>>& code_points) {
  std::vector<ByteRanges> found;
  for (const auto& [lo, hi] : code_points) add(lo, std::min(hi, kMostCodePoint), found);
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace structgen
