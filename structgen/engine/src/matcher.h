// One sequence: its position in a compiled grammar, and what is needed to undo its tokens.
//
// A position is a configuration and, where the grammar has unique texts, the state of these. The configurations before
// each token are kept as integers. States are kept only where a token changed them, so that a grammar without unique
// texts keeps none.
//
// Threads      A matcher is used by one thread at a time. advance_known() and advance() need the lock of the store.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "compiled_grammar.h"

namespace structgen {

class Matcher {
 public:
  explicit Matcher(std::shared_ptr<CompiledGrammar> grammar)
      : grammar_(std::move(grammar)), now_{grammar_->initial(), {}} {}

  CompiledGrammar& grammar() const { return *grammar_; }
  const Position& position() const { return now_; }
  bool is_finished() const { return now_.configuration == kFinished; }
  std::size_t advanced() const { return before_.size(); }  // tokens that can be rolled back

  // Advances by a token if the result is known already. Otherwise the answer is false, and advance() decides.
  bool advance_known(u32 token);
  // False if the token is not allowed: then nothing changes. Needs a meter as well.
  bool advance(u32 token);
  // Undoes the last tokens; false if there are not so many.
  bool rollback(std::size_t count);
  // Continues from another position, with nothing to undo.
  void move_to(Position position);
  // Takes over the position and what can be undone; false if the other one has another grammar.
  bool copy_from(const Matcher& other);

 private:
  struct Change {  // of a state
    std::size_t advanced;
    UniquenessState before;
  };
  std::shared_ptr<CompiledGrammar> grammar_;
  Position now_;
  std::vector<u32> before_;      // configurations, one for each token
  std::vector<Change> changes_;  // by tokens that changed the state, oldest first
};

}  // namespace structgen
