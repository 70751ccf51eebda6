#include "token_set.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace structgen {

void TokenSet::densify() {
  words_.assign(width_, 0);
  for (u32 t : list_) words_[t >> 5] |= 1u << (t & 31);
  list_.clear();
  list_.shrink_to_fit();
}

void TokenSet::add(const TokenSet& other) {
  if (!other.dense()) {
    for (u32 t : other.list_) add(t);
    return;
  }
  if (!dense()) {
    const std::vector<u32> mine = std::move(list_);
    list_.clear();
    words_ = other.words_;
    for (u32 t : mine) words_[t >> 5] |= 1u << (t & 31);
    return;
  }
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
}

void TokenSet::remove(u32 token) {
  if (dense())
    words_[token >> 5] &= ~(1u << (token & 31));
  else
    std::erase(list_, token);
}

void TokenSet::remove(const std::vector<u32>& words) {
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= ~words[i];
}

void TokenSet::store(u32* row) const {
  if (dense()) {
    std::copy(words_.begin(), words_.end(), row);
    return;
  }
  std::fill_n(row, width_, 0u);
  for (u32 t : list_) row[t >> 5] |= 1u << (t & 31);
}

void TokenSet::normalize() {
  if (dense()) {
    std::size_t count = 0;  // until it is clear that there are many: most words are 0, or the first few tell
    for (u32 word : words_) {
      if (word == 0) continue;
      count += static_cast<std::size_t>(std::popcount(word));
      if (count > kSparse) return;
    }
    std::vector<u32> tokens;
    tokens.reserve(count);
    each([&](u32 token) { tokens.push_back(token); });
    list_ = std::move(tokens);
    words_ = {};
    return;
  }
  std::sort(list_.begin(), list_.end());
  list_.erase(std::unique(list_.begin(), list_.end()), list_.end());
  list_.shrink_to_fit();
}

u64 TokenSet::hash() const {
  const std::vector<u32>& numbers = dense() ? words_ : list_;
  constexpr std::size_t kLanes = 8;  // each of which waits for its own multiplications only
  constexpr u64 kFactor = 0x9FB21C651E98DF25ull;
  u64 lanes[kLanes] = {1, 2, 3, 4, 5, 6, 7, 8};
  std::size_t i = 0;
  for (; i + 2 * kLanes <= numbers.size(); i += 2 * kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      u64 pair = 0;
      std::memcpy(&pair, &numbers[i + 2 * lane], sizeof pair);
      lanes[lane] = (lanes[lane] ^ pair) * kFactor;
      lanes[lane] ^= lanes[lane] >> 32;
    }
  u64 hash = numbers.size() * 2 + dense();
  for (; i < numbers.size(); ++i) hash = mix(hash ^ numbers[i]);
  for (u64 lane : lanes) hash = mix(hash ^ lane);
  return hash;
}

bool TokenSet::empty() const {
  return dense() ? std::all_of(words_.begin(), words_.end(), [](u32 w) { return w == 0; }) : list_.empty();
}

}  // namespace structgen
