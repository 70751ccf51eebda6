// Sets of bytes.
//
//   ByteSet   any set: bit b % 64 of word b / 64
//   kinds     a set of the 32 kinds of bytes that formats distinguish, in one word. A node of the trie has the kinds of
//             the bytes below it in its own record; the exact set is elsewhere in memory
#pragma once

#include <array>
#include <cstdint>
#include <utility>

namespace structgen {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

using ByteSet = std::array<u64, 4>;

inline bool contains(const ByteSet& set, u8 byte) { return (set[byte >> 6] >> (byte & 63)) & 1; }
inline void include(ByteSet& set, u8 byte) { set[byte >> 6] |= 1ull << (byte & 63); }
inline bool within(const ByteSet& part, const ByteSet& whole) {
  return ((part[0] & ~whole[0]) | (part[1] & ~whole[1]) | (part[2] & ~whole[2]) | (part[3] & ~whole[3])) == 0;
}
// The bytes around one between two borders, where border b lies before byte b.
std::pair<u8, u8> interval_of(const ByteSet& borders, u8 byte);

// The kind of a byte, as a set of one.
u32 kind_of(u8 byte);
// The kinds of which the set has all bytes.
u32 kinds_within(const ByteSet& set);

}  // namespace structgen
