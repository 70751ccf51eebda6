// Sets of tokens: rows, and the parts that rows are made of.
#pragma once

#include <bit>
#include <vector>

#include "intern.h"

namespace structgen {

// A set of tokens: a list while it is small, bits when it is not.
class TokenSet {
 public:
  explicit TokenSet(u32 words = 0) : width_(words) {}
  void add(u32 token) {
    if (!words_.empty()) {
      words_[token >> 5] |= 1u << (token & 31);
      return;
    }
    list_.push_back(token);
    if (list_.size() > kSparse) densify();
  }
  void add(const TokenSet& other);
  bool has(u32 token) const { return (words_[token >> 5] >> (token & 31)) & 1; }  // of a dense set
  void remove(u32 token);
  void remove(const std::vector<u32>& words);  // of a dense set
  template <class Keep>
  void keep_if(Keep&& keep) {  // of a list
    std::erase_if(list_, [&](u32 token) { return !keep(token); });
  }
  template <class Visit>
  void each(Visit&& visit) const {
    for (u32 token : list_) visit(token);
    for (u32 word = 0; word < words_.size(); ++word)
      for (u32 left = words_[word]; left != 0; left &= left - 1)
        visit(word * 32 + static_cast<u32>(std::countr_zero(left)));
  }
  bool dense() const { return !words_.empty(); }
  const std::vector<u32>& list() const { return list_; }
  const std::vector<u32>& words() const { return words_; }
  // Writes the row of 32-bit words.
  void store(u32* row) const;
  bool empty() const;
  std::size_t bytes() const { return sizeof(*this) + 4 * (list_.capacity() + words_.capacity()); }
  void shrink() { list_.shrink_to_fit(); }
  // One form for equal sets: a list of up to kSparse tokens, ascending, or else bits. No spare memory.
  void normalize();
  // Of normalized sets.
  u64 hash() const;
  bool operator==(const TokenSet& other) const { return list_ == other.list_ && words_ == other.words_; }

 private:
  static constexpr std::size_t kSparse = 256;
  void densify();

  u32 width_;
  std::vector<u32> list_, words_;
};

}  // namespace structgen
