// Token programs: what a token does to the uniqueness state of a sequence, found once for (configuration, token).
//
// A program is a list of steps: how many bytes are written down or skipped, and which effects follow where a terminal
// ends. Replaying it is much faster than reading the token byte by byte. Most programs are empty.
#pragma once

#include <string_view>

#include "configurations.h"
#include "effects.h"

namespace structgen {

class TokenPrograms {
 public:
  TokenPrograms(Configurations& configurations, Effects& effects)
      : configurations_(configurations), places_(configurations.places()), effects_(effects) {}

  // Of a token that is allowed in the configuration.
  Span find(u32 configuration, u32 token, std::string_view bytes);
  // The program is known, and does nothing.
  bool is_known_empty(u32 configuration, u32 token) const {
    const u32 known = memo_.find(pair_key(configuration, token));
    return known != kNone && programs_[known].size == 0;
  }
  // False if a text is repeated; the state is of no use then.
  static bool replay(Span program, std::string_view bytes, UniquenessState& state);

 private:
  Configurations& configurations_;
  Places& places_;
  Effects& effects_;
  SpanTable programs_;
  Memo memo_;
};

}  // namespace structgen
