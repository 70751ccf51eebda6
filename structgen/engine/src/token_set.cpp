#include "token_set.h"

#include <algorithm>

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

bool TokenSet::empty() const {
  return dense() ? std::all_of(words_.begin(), words_.end(), [](u32 w) { return w == 0; }) : list_.empty();
}

}  // namespace structgen
