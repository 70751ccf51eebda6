// Residuals: what remains of tokens in which a terminal ended, as small tries.
//
// A residual lists, in depth-first order, the bytes of each token that come after the end of the terminal. Tokens with
// the same remaining bytes share a node, so the parser reads `",` once for `x",` and `y",`.
//
// Where a terminal ends before `(`, thousands of subtrees of the vocabulary's trie remain, and most of them are alike.
// They are merged from their roots on, node by node, without a look at the text of any token.
#pragma once

#include "meter.h"
#include "trie.h"

namespace structgen {

// Node 0 is the root.
struct Residual {
  struct Entry {
    u32 token, count;  // count: of X begun, see counted.h
  };
  std::vector<u8> byte;
  std::vector<u32> end, first;  // as in Trie; entries are in depth-first order
  std::vector<Entry> entries;

  std::size_t bytes() const { return byte.size() * 9 + entries.size() * sizeof(Entry); }
};

// Tokens in which the terminal ends at a node of the trie.
struct Leaving {
  enum Kind : u8 {
    BeforeNode,  // before the byte of the node: the tokens at the node and below it remain, with that byte
    AfterNode,   // after that byte: the same tokens, without it
    AtNode,      // after that byte: only the tokens at the node; nothing of them remains
  };
  u32 accept, node, count;  // accept: Lexer::accept_set
  Kind kind;
};

struct Exit {
  u32 accept;    // Lexer::accept_set: the members that match where the terminal ends
  u32 residual;  // its number in Residuals
};

// The residual of some tokens.
Residual residual_of(const Trie& trie, const Leaving* first, const Leaving* last);

// All residuals of a vocabulary, by number.
class Residuals {
 public:
  explicit Residuals(const Trie& trie) : trie_(trie) {}
  // One exit for each accept set among `leaving`.
  std::vector<Exit> add(std::vector<Leaving> leaving, Meter* meter);
  const Residual& operator[](u32 id) const { return *residuals_[id]; }
  std::size_t bytes() const { return bytes_; }

 private:
  const Trie& trie_;
  std::vector<std::unique_ptr<Residual>> residuals_;
  std::size_t bytes_ = 0;
};

}  // namespace structgen
