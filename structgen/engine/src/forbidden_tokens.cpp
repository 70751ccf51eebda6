#include "forbidden_tokens.h"

#include <string>
#include <utility>

namespace structgen {

bool ForbiddenTokens::fits(const Position& position, u32 token) {
  Place p = configurations_.place(position.configuration);
  UniquenessState state = position.state;
  meter_.spend(trie_.bytes(token).size());
  return reader_.read(p, state, trie_.bytes(token)) && items_.is_alive(p, state);
}

// Along the recorded texts, from one place.
class ForbiddenTokens::RepeatWalk {
 public:
  // `ended`: the terminal of the position ended before the token, and another one begins at the place.
  RepeatWalk(ForbiddenTokens& tokens, const Position& position, const UniquenessState& state, bool ended,
             std::vector<u32>& forbidden)
      : tokens_(tokens), position_(position), state_(state), ended_(ended), forbidden_(forbidden) {}

  void run(const Place& from) {
    const Trie& trie = tokens_.trie_;
    begun_ = from.fresh ? "" : state_.written();
    stack_.push_back({from, trie.end(0), begun_, TextSet::next(state_.seen(), begun_)});
    for (u32 node = 1; node < trie.end(0);) {
      while (node >= stack_.back().end) stack_.pop_back();
      node = enter(node) ? node + 1 : trie.end(node);
    }
  }

 private:
  struct Frame {
    Place place;
    u32 end;
    std::string text;    // of the terminal
    TextSet::Next next;  // with which recorded texts go on
  };
  struct Reading {  // of a byte
    bool goes_on = false;
    bool ends = false;     // a terminal does
    bool repeats = false;  // ... and its text was recorded
    bool others = false;   // ... but it can be another terminal, which does not record
  };

  // False if nothing below the node can repeat a text, or all of it was dealt with.
  bool enter(u32 node) {
    const Trie& trie = tokens_.trie_;
    const Frame& top = stack_.back();
    const u8 byte = trie.byte(node);
    // Only a byte with which a recorded text goes on, or before which one may end, can lead to a repetition.
    const bool follows = contains(top.next.bytes, byte);
    if (!top.next.ends && !follows) return false;
    Place p = top.place;
    const Reading reading = read(p, byte, top.text);
    tokens_.meter_.spend(1);
    if (reading.ends && reading.goes_on && reading.repeats) forbid(node, !reading.others);
    if (reading.ends || !reading.goes_on || !follows) return false;
    std::string text = top.text + static_cast<char>(byte);
    UniquenessState state = state_;
    state.write(std::string_view(text).substr(begun_.size()));
    if (!tokens_.items_.is_alive(p, state)) {
      forbid(node, true);
      return false;
    }
    if (trie.end(node) > node + 1) {
      const TextSet::Next next = TextSet::next(state_.seen(), text);
      stack_.push_back({p, trie.end(node), std::move(text), next});
    }
    return true;
  }

  Reading read(Place& p, u8 byte, const std::string& text) {
    Reading found;
    found.goes_on = tokens_.places_.read(p, byte, [&](u32 parse, u32 lexer, bool with_byte) {
      if (found.ends) return;
      found.ends = true;
      found.repeats = (tokens_.effects_.at_end(parse, lexer) & Record) != 0 &&
                      TextSet::has(state_.seen(), with_byte ? text + static_cast<char>(byte) : text);
      if (!found.repeats) return;
      for (u32 t : tokens_.places_.handed(parse, tokens_.places_.accepting(lexer)))
        found.others |= !(tokens_.effects_.of(t) & Record);
    });
    return found;
  }

  // Forbids the tokens at and below a node: all of them, or those that do not fit.
  void forbid(u32 node, bool all) {
    const Trie& trie = tokens_.trie_;
    for (u32 i = trie.first_token(node); i < trie.first_token(trie.end(node)); ++i)
      if ((all && !ended_) || !tokens_.fits(position_, trie.order()[i])) forbidden_.push_back(trie.order()[i]);
    tokens_.meter_.spend(trie.subtree_tokens(node));
  }

  ForbiddenTokens& tokens_;
  const Position& position_;
  const UniquenessState& state_;
  const bool ended_;
  std::vector<u32>& forbidden_;
  std::string begun_;  // of the terminal, before the token
  std::vector<Frame> stack_;
};

void ForbiddenTokens::add_repeats(const Position& position, std::vector<u32>& forbidden) {
  auto walk = [&](const Place& from, const UniquenessState& state, bool ended) {
    if (!state.seen() || !effects_.is_recording(from) || (!from.fresh && !state.may_repeat())) return;
    RepeatWalk(*this, position, state, ended, forbidden).run(from);
  };
  const Place here = configurations_.place(position.configuration);
  walk(here, position.state, false);
  if (!places_.may_end(here)) return;
  Place after = here;
  UniquenessState state = position.state;
  if (reader_.end(after, here.lexer, state)) walk(after, state, true);
}

void ForbiddenTokens::add_equal_items(const Position& position, std::vector<u32>& forbidden,
                                      std::vector<u32>& pending) {
  const Place here = configurations_.place(position.configuration);
  if (!items_.matters(here, position.state)) return;
  struct Frame {
    Place place;
    UniquenessState state;
    u32 end;
  };
  std::vector<Frame> stack{{here, position.state, trie_.end(0)}};
  for (u32 node = 1; node < trie_.end(0);) {
    while (node >= stack.back().end) stack.pop_back();
    Place p = stack.back().place;
    meter_.spend(1);
    if (Place q = p; !places_.read(q, trie_.byte(node))) {
      node = trie_.end(node);
      continue;
    }
    UniquenessState state = stack.back().state;
    if (!reader_.read(p, state, trie_.byte(node)) || !items_.is_alive(p, state)) {
      add_subtree(node, forbidden);
      node = trie_.end(node);
    } else if (!items_.matters(p, state)) {
      node = trie_.end(node);  // what ends an item further on in a token makes the token doubtful
    } else {
      for (u32 i = trie_.first_token(node); i < trie_.first_token(node + 1); ++i) pending.push_back(trie_.order()[i]);
      stack.push_back({p, std::move(state), trie_.end(node)});
      ++node;
    }
  }
}

void ForbiddenTokens::add_subtree(u32 node, std::vector<u32>& forbidden) {
  for (u32 i = trie_.first_token(node); i < trie_.first_token(trie_.end(node)); ++i)
    forbidden.push_back(trie_.order()[i]);
  meter_.spend(trie_.subtree_tokens(node));
}

}  // namespace structgen
