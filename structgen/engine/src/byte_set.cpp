#include "byte_set.h"

#include <bit>
#include <string_view>

namespace structgen {

namespace {

// Control characters, and what UTF-8 (RFC 3629) never has, are the first; then come single characters and groups.
constexpr std::string_view kGroups[] = {
    "\t\r", "\n", " ", "\"", "'",  "\\", "/",   "-",        "+",   ".",          ",",      ":",
    ";",    "_",  "$", "()", "[]", "{}", "<=>", "!%&*?^|~", "#@`", "0123456789", "ABCDEF", "abcdef",
};
constexpr u32 kFirstRange = 1 + static_cast<u32>(std::size(kGroups));
struct Range {
  u8 first, last;
};
constexpr Range kRanges[] = {{'G', 'Z'}, {'g', 'z'}, {0x80, 0xBF}, {0xC2, 0xDF}, {0xE0, 0xEF}, {0xF0, 0xF4}};
static_assert(kFirstRange + std::size(kRanges) <= 32);

struct Kinds {
  std::array<u8, 256> of{};
  std::array<ByteSet, 32> bytes{};

  constexpr Kinds() {
    for (u32 i = 0; i < std::size(kGroups); ++i)
      for (const char c : kGroups[i]) of[static_cast<u8>(c)] = static_cast<u8>(1 + i);
    for (u32 i = 0; i < std::size(kRanges); ++i)
      for (u32 byte = kRanges[i].first; byte <= kRanges[i].last; ++byte) of[byte] = static_cast<u8>(kFirstRange + i);
    for (u32 byte = 0; byte < 256; ++byte) bytes[of[byte]][byte >> 6] |= 1ull << (byte & 63);
  }
};
constexpr Kinds kKinds;

}  // namespace

u32 kind_of(u8 byte) { return 1u << kKinds.of[byte]; }

u32 kinds_within(const ByteSet& set) {
  u32 found = 0;
  for (u32 kind = 0; kind < kFirstRange + std::size(kRanges); ++kind)
    found |= static_cast<u32>(within(kKinds.bytes[kind], set)) << kind;
  return found;
}

std::pair<u8, u8> interval_of(const ByteSet& borders, u8 byte) {
  u32 word = byte >> 6;
  u64 found = borders[word] & (~0ull >> (63 - (byte & 63)));  // up to and with `byte`
  while (found == 0 && word > 0) found = borders[--word];
  const u32 lo = found == 0 ? 0 : word * 64 + 63 - static_cast<u32>(std::countl_zero(found));
  word = byte >> 6;
  found = borders[word] & ~(~0ull >> (63 - (byte & 63)));
  while (found == 0 && word < 3) found = borders[++word];
  const u32 hi = found == 0 ? 255 : word * 64 + static_cast<u32>(std::countr_zero(found)) - 1;
  return {static_cast<u8>(lo), static_cast<u8>(hi)};
}

}  // namespace structgen
