// Finishable tokens: the tokens after which a text can be finished within a budget, found one by one.
//
// A walk down the trie, only where tokens are allowed. What finishes a place is found once: a text that is being read
// and that no recorded text begins with is finished as any other one there, unless that makes it one of the texts that
// are recorded after it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include "completions.h"

namespace structgen {

class FinishableTokens {
 public:
  // `budget`: of tokens, the next one and the end-of-text token included.
  FinishableTokens(Store& store, Positions& positions, Completions& completions, Meter& meter, u64 budget);

  // The tokens at a position; null if there is none. May be called once.
  Row find(const Position& position);

 private:
  // What was found for a place.
  struct Verdict {
    bool fits;
    u32 needed;  // tokens
    RecordedTexts recorded;
    std::size_t begun;  // bytes of the text being read when it was found
  };
  using Key = std::tuple<u32, u32, std::shared_ptr<const void>, std::shared_ptr<const void>>;
  struct Frame {
    Place place;
    u32 state, end;
    u32 written;  // bytes on the way here that the state has; it need not have those of a text that differs from all
  };

  bool enter(u32 node);
  bool read(u32 node, const Frame& top, Frame& next);
  bool fits(const Frame& at, u32 node);
  bool fits_with_state(const Frame& at, u32 node);
  std::optional<bool> fits_as(const Verdict& verdict, const Frame& at, u32 node);
  bool judge(const Frame& at, u32 node, const Key* shared);
  bool has_slack(const UniquenessState& state) const;
  std::string_view bytes_on_way(u32 node, u32 from, u32 to) const;

  const Trie& trie_;
  Positions& positions_;
  Configurations& configurations_;
  Places& places_;
  Completions& completions_;
  Meter& meter_;
  Uniqueness* const uniqueness_;
  const u64 budget_;
  TokenSet kept_;
  std::map<Key, Verdict> verdicts_;
  u32 judged_ = 0;                       // tokens inside items
  std::vector<UniquenessState> states_;  // of the frames; most have that of the one before
  std::vector<Frame> stack_;
};

}  // namespace structgen
