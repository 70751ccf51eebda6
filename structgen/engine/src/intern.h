// Interning: a value gets a dense id, once. The engine is built on this alone.
//
//   SpanTable   spans of 32-bit words (expressions, lexer states, item sets) <-> ids 0, 1, 2, ...
//   Memo        64-bit key -> 32-bit value, for memoised functions of two ids
//
// Invariants   Equal spans have equal ids; an id and its memory never change.
//              Look-ups compare whole keys: a hash collision costs time, never a wrong answer.
// Threads      None of its own: the owner holds the lock of the Store.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <vector>

#include "byte_set.h"

// For functions that deep recursion calls: their frames are not part of its frames.
#if defined(__GNUC__) || defined(__clang__)
#define STRUCTGEN_OWN_FRAME __attribute__((noinline))
#else
#define STRUCTGEN_OWN_FRAME
#endif

namespace structgen {

constexpr u32 kNone = UINT32_MAX;
constexpr u32 kFar = 1u << 30;  // length of what does not exist
inline u32 add_lengths(u32 a, u32 b) { return a + b < kFar ? a + b : kFar; }
inline u32 times_length(u32 a, u32 n) { return static_cast<u32>(std::min<u64>(kFar, static_cast<u64>(a) * n)); }

inline u64 mix(u64 h) {
  h ^= h >> 32;
  h *= 0x9E3779B97F4A7C15ull;
  h ^= h >> 29;
  h *= 0xBF58476D1CE4E5B9ull;
  h ^= h >> 32;
  return h;
}

struct Span {
  const u32* data = nullptr;
  u32 size = 0;
  const u32* begin() const { return data; }
  const u32* end() const { return data + size; }
  u32 operator[](u32 i) const { return data[i]; }
};

class SpanTable {
 public:
  // The id of the span; `added` is set to true if it is new.
  u32 intern(const u32* data, u32 size, bool* added = nullptr) {
    if ((spans_.size() + 1) * 2 > slots_.size()) grow();
    const u64 h = hash(data, size);
    u32& slot = slots_[place(data, size, h)];
    if (added) *added = slot == kNone;
    if (slot != kNone) return slot;
    slot = static_cast<u32>(spans_.size());
    u32* copy = allocate(size);
    if (size != 0) std::memcpy(copy, data, size * sizeof(u32));
    hashes_.push_back(h);
    spans_.push_back({copy, size});
    return slot;
  }
  // kNone if it has no id.
  u32 find(const u32* data, u32 size) const {
    return slots_.empty() ? kNone : slots_[place(data, size, hash(data, size))];
  }
  u32 intern(const std::vector<u32>& v, bool* added = nullptr) {
    return intern(v.data(), static_cast<u32>(v.size()), added);
  }
  Span operator[](u32 id) const { return spans_[id]; }
  u32 size() const { return static_cast<u32>(spans_.size()); }
  std::size_t bytes() const { return words_ * sizeof(u32) + spans_.size() * 32; }

 private:
  std::size_t place(const u32* data, u32 size, u64 h) const {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = h & mask;; at = (at + 1) & mask) {
      const u32 id = slots_[at];
      if (id == kNone || (hashes_[id] == h && spans_[id].size == size &&
                          (size == 0 || std::memcmp(spans_[id].data, data, size * sizeof(u32)) == 0)))
        return at;
    }
  }
  static u64 hash(const u32* data, u32 size) {
    u64 h = size * 0x9E3779B97F4A7C15ull;
    for (u32 i = 0; i < size; ++i) h = (h ^ data[i]) * 0xFF51AFD7ED558CCDull, h ^= h >> 31;
    return mix(h);
  }
  u32* allocate(u32 size) {
    constexpr std::size_t kChunk = 1 << 14;
    words_ += size;
    if (size > kChunk / 4) {
      large_.push_back(std::make_unique<u32[]>(size));
      return large_.back().get();
    }
    if (chunks_.empty() || used_ + size > kChunk) {
      chunks_.push_back(std::make_unique<u32[]>(kChunk));
      used_ = 0;
    }
    u32* p = chunks_.back().get() + used_;
    used_ += size;
    return p;
  }
  void grow() {
    std::vector<u32> slots(slots_.empty() ? 64 : slots_.size() * 2, kNone);
    const std::size_t mask = slots.size() - 1;
    for (u32 id = 0; id < spans_.size(); ++id) {
      std::size_t at = hashes_[id] & mask;
      while (slots[at] != kNone) at = (at + 1) & mask;
      slots[at] = id;
    }
    slots_.swap(slots);
  }

  std::vector<u32> slots_;
  std::vector<u64> hashes_;
  std::vector<Span> spans_;
  std::vector<std::unique_ptr<u32[]>> chunks_, large_;
  std::size_t used_ = 0, words_ = 0;
};

class Memo {
 public:
  // The value of `key`, or kNone. (kNone itself is never stored.)
  u32 find(u64 key) const {
    if (keys_.empty()) return kNone;
    const std::size_t mask = keys_.size() - 1;
    for (std::size_t at = mix(key) & mask; values_[at] != kNone; at = (at + 1) & mask)
      if (keys_[at] == key) return values_[at];
    return kNone;
  }
  void put(u64 key, u32 value) {
    if ((size_ + 1) * 3 > keys_.size() * 2) grow();
    insert(key, value);
  }
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return keys_.size() * 12; }
  void clear() {
    keys_.clear();
    values_.clear();
    size_ = 0;
  }

 private:
  void insert(u64 key, u32 value) {
    const std::size_t mask = keys_.size() - 1;
    std::size_t at = mix(key) & mask;
    while (values_[at] != kNone && keys_[at] != key) at = (at + 1) & mask;
    if (values_[at] == kNone) ++size_;
    keys_[at] = key;
    values_[at] = value;
  }
  void grow() {
    std::vector<u64> keys(keys_.empty() ? 64 : keys_.size() * 2);
    std::vector<u32> values(keys.size(), kNone);
    keys.swap(keys_);
    values.swap(values_);
    size_ = 0;
    for (std::size_t i = 0; i < keys.size(); ++i)
      if (values[i] != kNone) insert(keys[i], values[i]);
  }

  std::vector<u64> keys_;
  std::vector<u32> values_;
  std::size_t size_ = 0;
};

inline u64 pair_key(u32 a, u32 b) { return (static_cast<u64>(a) << 32) | b; }

}  // namespace structgen
