// What a sequence remembers of texts that must be unique: names of an object, items of an array.
//
// A grammar may mark terminals: one opens a scope, one closes the innermost scope, one records its text in it. A text
// that is recorded in a scope cannot be read there again by a recording terminal.
//
//   scopes   a stack of sets of texts; a scope that is closed is forgotten
//   text     what is read of a terminal that may be recorded
//   items    arrays whose items must differ as values (item_scopes.h)
//
// A state is a value that shares what it does not change: a copy costs as much as a few pointers, so sequences, forks
// and positions to roll back to have states of their own. Empty scopes with no recorded text below them are left out.
// So a state is blank at the beginning, and again after a text that left nothing recorded.
//
// Not here     when something is recorded (unique_reader.h), grammars, tokens.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "item_scopes.h"
#include "rope.h"
#include "text_set.h"

namespace structgen {

class UniquenessState {
 public:
  bool blank() const { return !scopes_ && !writing_ && items_.empty(); }
  // Texts recorded in all scopes.
  u64 recorded() const { return scopes_ ? scopes_->total : 0; }
  const TextSetPtr& seen() const {  // in the innermost scope
    static const TextSetPtr none;
    return scopes_ ? scopes_->texts : none;
  }

  // The terminal being read, which may be recorded, has these bytes too.
  void write(std::string_view bytes);
  bool writing() const { return writing_; }
  std::string written() const { return text_.text(); }
  std::size_t length() const { return text_.size(); }  // of what is written
  // Some recorded text begins with what is written.
  bool may_repeat() const;
  bool repeats() const { return may_repeat() && TextSet::has(seen(), written()); }
  // No recorded text begins with what is written, so that it does not matter what it is.
  bool differs() const { return writing_ && !may_repeat(); }

  void drop();    // the terminal ends, and is not recorded
  void record();  // the terminal ends, and is recorded; the text must be new
  void open();
  void close();

  const ItemScopes& items() const { return items_; }
  void open_items(bool roomy) { touch(), items_.open(roomy); }
  void settle_items() {
    if (items_.repeats()) touch(), items_.settle();
  }
  void log(std::string_view bytes) {
    if (items_.inside()) touch(), items_.log(bytes);
  }

  // Equal pointers for states that go back to the same scopes, for as long as it is held.
  std::shared_ptr<const void> scopes() const { return scopes_; }

  // Equal for equal states; what is written must be short.
  u64 hash(bool with_written = true) const;
  bool is_same(const UniquenessState& other) const;

  // A name for this very state, given by the table that keeps it; 0: none. A copy has it, until it is changed.
  u64 name() const { return name_; }
  void set_name(u64 name) const { name_ = name; }

 private:
  struct Scope {
    mutable std::shared_ptr<const Scope> next;  // around it; mutable for the destructor of a chain
    TextSetPtr texts;
    u64 total, hash;
    Scope(std::shared_ptr<const Scope> o, TextSetPtr t)
        : next(std::move(o)),
          texts(std::move(t)),
          total(TextSet::size(texts) + (next ? next->total : 0)),
          hash(mix(TextSet::hash(texts) + (next ? next->hash : 0) + 1)) {}
    ~Scope();
  };
  void touch() { name_ = 0; }

  std::shared_ptr<const Scope> scopes_;
  Rope text_;
  bool writing_ = false;
  mutable bool differs_ = false;  // known; false: not known
  mutable u64 name_ = 0;
  ItemScopes items_;
};

}  // namespace structgen
