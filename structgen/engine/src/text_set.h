// Sets of texts, as values that share what they have in common.
//
// A set is a treap (Seidel, Aragon, Algorithmica 16, 1996) whose paths are copied: adding a text makes a new set in
// logarithmic time, and the old one stays as it was. The priority of a text follows from its hash, so equal sets nearly
// always have equal shapes; where two texts have the same hash, equal sets may compare as different, which costs time
// only.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "byte_set.h"

namespace structgen {

class TextSet;
using TextSetPtr = std::shared_ptr<const TextSet>;

// The empty set is a null pointer.
class TextSet {
 public:
  static constexpr u32 kMost = 1u << 20;  // texts in a set

  // The set with one more text. Throws LimitExceeded if it has kMost.
  static TextSetPtr with(const TextSetPtr& set, const std::string& text);
  // The smallest element that is not less than `text`; null if there is none.
  static const std::string* lower_bound(const TextSetPtr& set, std::string_view text);
  static bool has(const TextSetPtr& set, std::string_view text) {
    const std::string* found = lower_bound(set, text);
    return found != nullptr && *found == text;
  }
  static bool has_prefix(const TextSetPtr& set, std::string_view prefix) {
    const std::string* found = lower_bound(set, prefix);
    return found != nullptr && found->starts_with(prefix);
  }
  // Of the texts that begin with a prefix: the bytes that come next, and whether the prefix is one itself.
  struct Next {
    ByteSet bytes{};
    bool ends = false;
  };
  static Next next(const TextSetPtr& set, const std::string& prefix);
  static u32 size(const TextSetPtr& set) { return set ? set->size_ : 0; }
  // Equal for equal sets.
  static u64 hash(const TextSetPtr& set) { return set ? set->hash_ : 0; }
  static bool same(const TextSetPtr& a, const TextSetPtr& b);

  TextSet(std::string text, u64 priority, TextSetPtr left, TextSetPtr right);

 private:
  std::string text_;
  u64 priority_;
  u32 size_;
  TextSetPtr left_, right_;
  u64 hash_;
};

}  // namespace structgen
