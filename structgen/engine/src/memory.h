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
// paths are copied. Scopes in which nothing is recorded, with none below in which something is, are left out: so a blank
// memory is the beginning, and what a text without recorded texts leaves behind.
//
// Not here     when something is recorded (recording.cpp), grammars, tokens.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "meter.h"

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

class Memory {
 public:
  bool blank() const { return !scopes_ && !writing_; }
  // Texts recorded in all scopes.
  u64 recorded() const { return scopes_ ? scopes_->total : 0; }
  const TextsPtr& texts() const {
    static const TextsPtr none;
    return scopes_ ? scopes_->texts : none;
  }

  // The terminal being read, which may be recorded, has these bytes too.
  void write(std::string_view bytes);
  bool writing() const { return writing_; }
  std::string written() const;
  std::size_t length() const;  // of what is written
  // Whether some recorded text begins with what is written.
  bool may_repeat() const;
  bool repeats() const { return may_repeat() && Texts::has(texts(), written()); }
  // Whether nothing recorded begins with what is written, so that it does not matter what it is.
  bool differs() const { return writing_ && !may_repeat(); }

  void drop();    // the terminal ends, and is not recorded
  void record();  // the terminal ends, and is recorded; the text must be new
  void open();
  void close();

  // Of scopes: equal for memories that go back to the same ones, for as long as it is held.
  std::shared_ptr<const void> scopes() const { return scopes_; }

  // Equal for memories that are the same; what is written must be short.
  u64 hash() const;
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
        : next(std::move(o)), texts(std::move(t)), total(Texts::size(texts) + (next ? next->total : 0)),
          hash(mix(Texts::hash(texts) + (next ? next->hash : 0) + 1)) {}
    ~Scope();
  };
  struct Piece {
    mutable std::shared_ptr<const Piece> next;  // before it
    std::string bytes;
    Piece(std::shared_ptr<const Piece> b, std::string s) : next(std::move(b)), bytes(std::move(s)) {}
    ~Piece();
  };

  std::shared_ptr<const Scope> scopes_;
  std::shared_ptr<const Piece> pieces_;
  std::string tail_;  // of the text, behind the pieces
  bool writing_ = false;
  mutable bool differs_ = false;  // known; false: not known
  mutable u64 name_ = 0;
};

}  // namespace structgen
