// Memory: the texts that recording terminals have read, so that none of them is read twice.
//
// A grammar may mark terminals: one opens a scope, one closes the innermost scope, one records its text in it. A text
// recorded in a scope is not read there by a recording terminal again. (The names of an object, the items of an array.)
//
//   scopes   a stack of sets of texts; a scope that is closed is forgotten
//   text     what is read of a terminal that may be recorded
//
// A memory is a value that shares what it does not change: a copy costs as much as a few pointers, and sequences, forks
// and places to roll back to have memories of their own. Sets are treaps (Seidel, Aragon, Algorithmica 16, 1996) whose
// paths are copied. Scopes in which nothing is recorded, with none below in which something is, are left out: so a
// blank memory is the beginning, and what a text without recorded texts leaves behind.
//
// Items, which are values and no texts of terminals, are told apart in scopes of their own (distinct_items.cpp): from
// where one is opened the text itself is kept, and says where an item ends.
//
// Not here     when something is recorded (recording.cpp), grammars, tokens.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "values.h"

namespace structgen {

class Texts;
using TextsPtr = std::shared_ptr<const Texts>;

// A set of texts; the empty one is a null pointer.
class Texts {
 public:
  static constexpr u32 kMost = 1u << 20;  // texts in a set

  static TextsPtr with(const TextsPtr& set, const std::string& text);
  // The first text that is not before `text`; null if there is none.
  static const std::string* from(const TextsPtr& set, std::string_view text);
  static bool has(const TextsPtr& set, std::string_view text) {
    const std::string* found = from(set, text);
    return found != nullptr && *found == text;
  }
  static bool has_prefix(const TextsPtr& set, std::string_view prefix) {
    const std::string* found = from(set, prefix);
    return found != nullptr && found->starts_with(prefix);
  }
  // Of the texts that begin with a prefix: the bytes that come next, and whether it is one itself.
  struct Next {
    ByteSet bytes{};
    bool ends = false;
  };
  static Next next(const TextsPtr& set, const std::string& prefix);
  static u32 size(const TextsPtr& set) { return set ? set->size_ : 0; }
  // Equal for equal sets.
  static u64 hash(const TextsPtr& set) { return set ? set->hash_ : 0; }
  static bool same(const TextsPtr& a, const TextsPtr& b);

  Texts(std::string text, u64 priority, TextsPtr left, TextsPtr right);

 private:
  std::string text_;
  u64 priority_;
  u32 size_;
  TextsPtr left_, right_;
  u64 hash_;
};

// A text that grows at its end. A copy shares all but the last bytes.
class Rope {
 public:
  void append(std::string_view bytes);
  void clear();
  std::size_t size() const { return size_; }
  std::string text() const;

 private:
  static constexpr std::size_t kTail = 48;  // bytes that are copied
  struct Piece {
    mutable std::shared_ptr<const Piece> next;  // before it; mutable for the destructor of a chain
    std::string bytes;
    Piece(std::shared_ptr<const Piece> b, std::string s) : next(std::move(b)), bytes(std::move(s)) {}
    ~Piece();
  };
  std::shared_ptr<const Piece> pieces_;
  std::string tail_;  // behind the pieces
  std::size_t size_ = 0;
};

class Memory {
 public:
  bool blank() const { return !scopes_ && !writing_ && !items_ && !repeated_; }
  // Texts recorded in all scopes.
  u64 recorded() const { return scopes_ ? scopes_->total : 0; }
  const TextsPtr& texts() const {
    static const TextsPtr none;
    return scopes_ ? scopes_->texts : none;
  }

  // The terminal being read, which may be recorded, has these bytes too.
  void write(std::string_view bytes);
  bool writing() const { return writing_; }
  std::string written() const { return text_.text(); }
  std::size_t length() const { return text_.size(); }  // of what is written
  // Whether some recorded text begins with what is written.
  bool may_repeat() const;
  bool repeats() const { return may_repeat() && Texts::has(texts(), written()); }
  // Whether nothing recorded begins with what is written, so that it does not matter what it is.
  bool differs() const { return writing_ && !may_repeat(); }

  void drop();    // the terminal ends, and is not recorded
  void record();  // the terminal ends, and is recorded; the text must be new
  void open();
  void close();

  // Items. A scope begins where an array does, and ends with it.
  // `roomy`: however many are in it, up to kRoomy, others are left.
  void open_items(bool roomy) {
    name_ = 0;
    const bool all = roomy && (!items_ || items_->roomy);
    items_ = std::make_shared<const Items>(items_, nullptr, static_cast<u32>(log_.size()), nesting_, nullptr, all);
  }
  static constexpr u32 kRoomy = 2048;
  bool items_roomy() const { return items_ && items_->roomy; }
  bool in_items() const { return items_ != nullptr; }
  // The text goes on. Throws LimitExceeded where an item nests too deeply, or there are too many.
  void log(std::string_view bytes);
  // The item that ended last is equal to one before it in its scope; until that is settled.
  bool repeats_item() const { return repeated_; }
  void settle() {
    if (repeated_) name_ = 0;
    repeated_ = false;
  }
  // Whether an item that is being read, or ended last, may still come to be equal to one before it.
  bool items_pending() const;
  // Whether items that differ are left in all scopes, whatever came before; nothing is read of those that are pending.
  bool items_left() const;
  std::size_t log_length() const { return log_.size(); }
  // Of scopes of items: equal for memories that have the same values, for as long as it is held.
  std::shared_ptr<const void> items() const { return items_ ? items_->values : nullptr; }

  // Of scopes: equal for memories that go back to the same ones, for as long as it is held.
  std::shared_ptr<const void> scopes() const { return scopes_; }

  // Equal for memories that are the same; what is written must be short.
  u64 hash(bool with_written = true) const;
  bool is_same(const Memory& other) const;

  // A name for this very memory, given by who keeps it; 0: none. A copy has it, until it is changed.
  u64 name() const { return name_; }
  void set_name(u64 name) const { name_ = name; }

 private:
  struct Scope {
    mutable std::shared_ptr<const Scope> next;  // around it; mutable for the destructor of a chain
    TextsPtr texts;
    u64 total, hash;
    Scope(std::shared_ptr<const Scope> o, TextsPtr t)
        : next(std::move(o)),
          texts(std::move(t)),
          total(Texts::size(texts) + (next ? next->total : 0)),
          hash(mix(Texts::hash(texts) + (next ? next->hash : 0) + 1)) {}
    ~Scope();
  };
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
  using Left = std::shared_ptr<const std::vector<ValuePtr>>;
  struct Items {  // a scope of items
    mutable std::shared_ptr<const Items> next;
    std::shared_ptr<const Recorded> values;
    u32 start;    // of the item in the text
    u32 nesting;  // of the item
    Left left;    // values that the item may become, as far as it was looked at; null: none
    bool roomy;   // and so are those around it
    Items(std::shared_ptr<const Items> o, std::shared_ptr<const Recorded> v, u32 s, u32 n, Left l, bool r)
        : next(std::move(o)), values(std::move(v)), start(s), nesting(n), left(std::move(l)), roomy(r) {}
    ~Items();
  };
  void end_item(bool closes);
  u64 items_hash() const;

  std::shared_ptr<const Scope> scopes_;
  Rope text_;
  bool writing_ = false;
  mutable bool differs_ = false;  // known; false: not known
  mutable u64 name_ = 0;

  mutable std::shared_ptr<const Items> items_;  // mutable for `left`
  Rope log_;                           // from the outermost scope of items on, without blanks between its parts
  mutable std::size_t looked_at_ = 0;  // bytes of it, for `left`
  mutable u64 begun_hash_ = 0;         // of what is read of items that may be equal to others
  u32 nesting_ = 0;                    // of brackets
  Scanner scanner_;
  bool repeated_ = false;
};

}  // namespace structgen
