// The texts of an expression that were not seen yet, the shortest first.
#pragma once

#include <functional>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "languages.h"
#include "text_set.h"

namespace structgen {

class NewTexts {
 public:
  // Of texts that go on with `begun`.
  NewTexts(Languages& languages, Meter& meter, ExprId e, std::string begun);
  // What follows `begun` in the next one, which is not empty as a whole; nothing if there is none. Texts are only added
  // to `seen` between two calls.
  std::optional<std::string> next(const TextSetPtr& seen);

 private:
  struct Prefix {
    u32 length;  // of the shortest text that begins with it
    std::string text;
    ExprId rest;
    // Of prefixes with equal lengths, those that end in a letter or a digit come first.
    bool operator>(const Prefix& o) const {
      if (length != o.length) return length > o.length;
      const bool readable = is_readable(text), other = is_readable(o.text);
      return readable != other ? !readable : text > o.text;
    }
    static bool is_readable(const std::string& text) {
      const char c = text.empty() ? '0' : text.back();
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    }
  };
  void extend(const Prefix& prefix);

  Languages& languages_;
  Expressions& expressions_;
  Meter& meter_;
  std::string begun_;
  std::priority_queue<Prefix, std::vector<Prefix>, std::greater<>> prefixes_;
};

}  // namespace structgen
