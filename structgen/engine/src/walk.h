// A walk: what the tokens of the vocabulary (or those below a node of its trie) do to a lexer state.
//
// Most tokens stay inside the terminal that is being read; whether they may come next depends on the lexer state alone.
// The few that leave it, such as `",` or `}]`, depend on the parse state as well. A walk consists of
//
//   interior     tokens used up without leaving the terminal
//   exits        tokens in which the terminal ends, by the members that accept there: the bytes that remain of each
//                token are in a residual (residual.h)
//   references   the same where a whole large subtree remains: it is not copied but named, with those of its children
//                that the longest match forbids
//
// A walk may be given as the difference to another one, its base.
#pragma once

#include <memory>

#include "residual.h"
#include "token_set.h"

namespace structgen {

constexpr u32 kStride = 512;  // trie nodes between two checks of the limits
constexpr u32 kLarge = 48;    // tokens of a subtree from which a walk refers to it instead of copying it

struct Walk {
  struct View {
    Walk* walk = nullptr;
    u32 min = 0, max = kNone;  // window of counts for the tail, exits and references; interior: count <= max
  };
  struct Reference {
    u32 accept, node, count;
    std::vector<u32> forbidden;  // children of node where the terminal goes on
  };
  using Exit = structgen::Exit;
  bool counted = false;
  TokenSet interior;                             // not counted
  std::vector<u32> by_count, starts;             // counted: tokens that end inside, ascending by count; starts of each
  std::vector<std::unique_ptr<TokenSet>> up_to;  // of by_count, by the largest count; made on demand
  std::vector<Residual::Entry> tail;             // counted: tokens that end in R
  std::vector<Exit> exits;
  std::vector<Reference> references;
  std::vector<u32> ends;   // not counted: lexer states in which interior tokens end
  u32 max_remaining = 0;   // counted: most bytes that finish the X in which a token ends
  View base;               // the walk of `base_state`; everything else here comes on top of it
  u32 base_state = kNone;  // its members are numbered as those of the state; only with a base
  std::vector<u32> cut;    // subtrees of the trie where the base walk does not apply

  std::size_t bytes() const {
    return interior.bytes() + sizeof(Walk) + 4 * (by_count.size() + cut.size() + ends.size());
  }
};

// A new walk, and the tokens that leave it. No walk if the search gave up.
struct FoundWalk {
  std::unique_ptr<Walk> walk;
  std::vector<Leaving> leaving;
  u64 steps = 0;
};

// Returns how many tokens are below the children of a node, except these children.
inline u32 tokens_of_other_children(const Trie& trie, u32 node, const std::vector<u32>& children) {
  u32 tokens = trie.first_token(trie.end(node)) - trie.first_token(node + 1);
  for (u32 child : children) tokens -= trie.subtree_tokens(child);
  return tokens;
}

// Nodes from the root of a walk to the deepest node below it. Few walks begin below the root of the trie.
inline std::size_t path_length(const Trie& trie, u32 root) {
  return trie.longest() + 6 - std::min(trie.depth(root), trie.longest());
}

}  // namespace structgen
