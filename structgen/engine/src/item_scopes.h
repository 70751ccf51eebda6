// Items of arrays that must differ: what a sequence remembers of them.
//
// Items are compared as JSON values, not as texts of terminals. From where an array of unique items opens, the text
// itself is kept, without the whitespace between its parts; a scanner says where an item ends. There the item is
// parsed and added to the values of its array. While an item is read, those values are known that it may still become
// equal to (pending): nearly always none after a few bytes.
//
// A value type, as UniquenessState: copies share what they do not change.
//
// Cost         log() looks at each byte. pending() parses what is read of the item, once for each length of the text.
// Not here     which texts are items (terminals.h), what can come instead of an equal item (distinct_items.h).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rope.h"
#include "values.h"

namespace structgen {

class ItemScopes {
 public:
  static constexpr u32 kRoomy = 2048;  // items after which other ones are sure to exist, where their terminal is roomy
  // A roomy terminal has another text, this many bytes longer than its shortest text at most.
  static constexpr u32 kSlack = 64;

  bool empty() const { return !items_ && !repeated_; }
  bool inside() const { return items_ != nullptr; }
  // An array opens. `roomy`: however many items are in it, up to kRoomy, other ones exist.
  void open(bool roomy);
  // The text goes on; nothing happens outside of arrays. Throws LimitExceeded if an item nests too deeply, or if there
  // are too many.
  void log(std::string_view bytes);
  // The item that ended last equals one before it in its array; until settle() is called.
  bool repeats() const { return repeated_; }
  void settle() { repeated_ = false; }
  // An item that is being read, or ended last, may still become equal to one before it.
  bool pending() const;
  // Other items exist in all arrays, whatever came before; nothing is read of the items that are pending.
  bool others_exist() const;
  bool all_roomy() const { return items_ && items_->roomy; }
  std::size_t length() const { return log_.size(); }  // of the text that is kept
  // The values of the innermost array: equal pointers for equal values, for as long as it is held.
  std::shared_ptr<const void> values() const { return items_ ? items_->values : nullptr; }

  // Equal for equal states.
  u64 hash() const;
  bool is_same(const ItemScopes& other) const;

 private:
  struct Recorded {  // values, the last one first
    mutable std::shared_ptr<const Recorded> next;
    ValuePtr value;
    u32 size;
    u64 hash;
    Recorded(std::shared_ptr<const Recorded> n, ValuePtr v)
        : next(std::move(n)),
          value(std::move(v)),
          size(1 + (next ? next->size : 0)),
          hash(mix(value->hash()) + (next ? next->hash : 0)) {}
    ~Recorded();
  };
  using Candidates = std::shared_ptr<const std::vector<ValuePtr>>;
  struct Items {                                // an array
    mutable std::shared_ptr<const Items> next;  // around it
    std::shared_ptr<const Recorded> values;
    u32 start;              // of the item in the text
    u32 nesting;            // of the item
    Candidates candidates;  // values that the item may become, as far as the text was read; null: none
    bool roomy;             // as are those around it
    Items(std::shared_ptr<const Items> o, std::shared_ptr<const Recorded> v, u32 s, u32 n, Candidates c, bool r)
        : next(std::move(o)), values(std::move(v)), start(s), nesting(n), candidates(std::move(c)), roomy(r) {}
    ~Items();
  };
  void end_item(bool closes);
  void add_value(std::shared_ptr<const Recorded>& values, bool closes);
  void next_item(std::shared_ptr<const Recorded> values);
  Candidates still_possible(const Items& scope, std::string_view text) const;

  mutable std::shared_ptr<const Items> items_;  // mutable for `candidates`
  Rope log_;                                    // from the outermost array on, without whitespace between its parts
  mutable std::size_t examined_ = 0;            // bytes of it + 1, for `candidates`
  mutable u64 begun_hash_ = 0;                  // of what is read of items that may be equal to others
  u32 nesting_ = 0;                             // of brackets
  Scanner scanner_;
  bool repeated_ = false;
};

}  // namespace structgen
