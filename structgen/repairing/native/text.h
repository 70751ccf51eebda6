// Looks ahead in a text: what may come at a place? Never changes anything.
//
// Each question is answered as patterns.py would answer it, or more strictly: in doubt a string does not end here.
// Look-ahead is bounded except for blanks and comments, which are passed over once more when they are read.
#pragma once

#include <algorithm>

#include "characters.h"

namespace structgen::repairing {

enum class Role { Name, Member, Item };
enum class Verdict { End, Inner, Doubt };

constexpr Index kNear = 100;  // how far a name is looked ahead for

template <class Char>
class Text {
 public:
  Text(const Char* text, Index stop) : text_(text), stop_(stop) {}

  Code at(Index i) const { return i < stop_ ? static_cast<Code>(text_[i]) : 0; }

  Index blanks(Index i) const {
    while (i < stop_ && is_blank(static_cast<Code>(text_[i]))) ++i;
    return i;
  }
  Index digits(Index i) const {
    while (is_digit(at(i))) ++i;
    return i;
  }

  bool is_comment(Index i) const { return at(i) == '#' || (at(i) == '/' && (at(i + 1) == '/' || at(i + 1) == '*')); }

  // Where the comment at `i` ends; `i` itself if none begins there, and stop_ + 1 if it is not closed.
  Index comment_end(Index i) const {
    if (!is_comment(i)) return i;
    const bool is_line = at(i) == '#' || at(i + 1) == '/';
    if (is_line) {
      while (i < stop_ && at(i) != '\n') ++i;
      return i;
    }
    for (i += 2; i + 1 < stop_; ++i)
      if (at(i) == '*' && at(i + 1) == '/') return i + 2;
    return stop_ + 1;
  }

  // Returns true if a double-quoted name with its colon begins here, as after a value whose comma is missing.
  bool is_quoted_name(Index i) const {
    if (at(i) != '"') return false;
    const Index most = std::min(stop_, i + kNear);
    for (++i; i < most; ++i) {
      const Code c = at(i);
      if (c == '\n' || c == ':' || c == '\\' || c == '{' || c == '}') return false;
      if (c == '"') return at(blanks(i + 1)) == ':';
    }
    return false;
  }

  // Returns true if a name with its colon begins here, quoted or not, as after a comma.
  bool is_name(Index i) const {
    const Index begin = i;
    i = is_quote(at(i)) ? quoted_name_end(i) : bare_name_end(i, kNear);
    if (i == begin) return false;
    while (at(i) == ' ' || at(i) == '\t') ++i;
    return at(i) == ':' || at(i) == '=';
  }

  // Where the name without quotes ends; `i` itself if none begins there.
  Index bare_name_end(Index i, Index length) const {
    if (!begins_name(at(i))) return i;
    const Index most = std::min(stop_, i + length);
    while (i < most && in_name(at(i))) ++i;
    return i;
  }

  bool is_word(Index i, const char* word) const {
    for (; *word != 0; ++word, ++i)
      if (at(i) != static_cast<Code>(*word)) return false;
    return !in_name(at(i));
  }

  // Does the quote before `i` end a string?
  Verdict judge(Index i, Role role, Code open, bool is_empty) const {
    const Index next = blanks(i);
    if (role == Role::Name) return judge_name(next, is_empty);
    if (next >= stop_) return Verdict::Doubt;
    const bool is_member = role == Role::Member;
    const Code c = at(next);
    if (c == (is_member ? Code{'}'} : Code{']'}) || is_comment(next)) return Verdict::End;
    if (c == ',') return end_if(is_member ? may_follow_member(blanks(next + 1), open) : is_item(blanks(next + 1)));
    if (c == '"' && next > i) return end_if(is_member ? is_quoted_name(next) : is_quoted_item(next));
    const bool is_inner = !is_empty && open == '"' && goes_on(c) && !has_newline(i, next);
    return is_inner ? Verdict::Inner : Verdict::Doubt;
  }

  // Returns true if the text ends with the beginning of a literal.
  bool is_cut_literal(Index i) const {
    for (const char* word : {"true", "false", "null"}) {
      Index k = i;
      while (k < stop_ && *word != 0 && at(k) == static_cast<Code>(*word)) ++k, ++word;
      if (k >= stop_) return true;
    }
    return false;
  }

  // Returns true if the text ends after a string where more could have come.
  bool is_end(Index i, Role role) const {
    i = blanks(i);
    if (i >= stop_) return true;
    if (role == Role::Name || at(i) != ',') return false;
    i = blanks(i + 1);
    return i >= stop_ || (role == Role::Item && is_cut_literal(i));
  }

  // Returns true if a value begins here, as after a name whose colon is missing.
  bool is_value(Index i) const {
    const Code c = at(i);
    if (c == '{' || c == '[') return true;
    const Index end = c == '"' ? near_string_end(i) : is_digit(c) || c == '-' ? near_number_end(i) : literal_end(i);
    if (end == i) return false;
    const Code next = at(blanks(end));
    return next == ',' || next == '}';
  }

  // Returns true if a quote may begin the next member although a string is open.
  bool may_begin_member(Index quote, Index begin) const {
    Index i = quote;
    while (i > begin && is_blank(at(i - 1))) {
      if (at(i - 1) == '\n') return true;
      --i;
    }
    return i > begin && at(i - 1) == ',';
  }

  // Returns true if after a number or a literal comes what may come there.
  bool is_over(Index i, Role role, bool is_number) const {
    const Index next = blanks(i);
    if (next >= stop_) return false;
    const Code c = at(next);
    if (c == ',' || c == '}' || c == ']') return true;
    if (is_comment(next) && (c == '/' || is_number)) return true;
    if (role == Role::Member) return next > i && is_quoted_name(next);
    return is_number && may_follow_number(c, next > i);
  }

  bool hex(Index i, Code& value) const {
    value = 0;
    for (Index k = 0; k < 4; ++k) {
      const Code digit = hex_value(at(i + k));
      if (digit > 15) return false;
      value = value << 4 | digit;
    }
    return true;
  }

  // A number as JSON spells it. Where it is not complete, `end` is the character that should be a digit.
  struct Number {
    Index end;
    bool is_complete, is_float;
  };
  Number number(Index i) const {
    if (at(i) == '-') ++i;
    if (!is_digit(at(i))) return {i, false, false};
    i = at(i) == '0' ? i + 1 : digits(i);
    bool is_float = false;
    if (at(i) == '.') {
      if (!is_digit(at(++i))) return {i, false, true};
      i = digits(i);
      is_float = true;
    }
    if (at(i) == 'e' || at(i) == 'E') {
      i = after_sign(i + 1);
      if (!is_digit(at(i))) return {i, false, true};
      i = digits(i);
      is_float = true;
    }
    return {i, true, is_float};
  }

 protected:
  const Char* text_;
  const Index stop_;

 private:
  Index after_sign(Index i) const { return at(i) == '+' || at(i) == '-' ? i + 1 : i; }

  static Verdict end_if(bool is_end) { return is_end ? Verdict::End : Verdict::Doubt; }

  Verdict judge_name(Index i, bool is_empty) const {
    if (at(i) == ':') return end_if(at(i + 1) != '/' || at(i + 2) != '/');
    return end_if(at(i) == '=' || (!is_empty && is_value(i)));
  }

  // After a comma.
  bool may_follow_member(Index i, Code open) const {
    const Code c = at(i);
    return (open == '"' && c == '"') || c == '}' || c == ',' || is_comment(i) || is_name(i);
  }

  // After a comma in an array.
  bool is_item(Index i) const {
    const Code c = at(i);
    if (is_quote(c) || is_digit(c)) return true;
    if (c == '{' || c == '[' || c == ']' || c == '-' || c == ',') return true;
    if (is_comment(i)) return true;
    for (const char* word : {"true", "false", "null", "True", "False", "None"})
      if (is_word(i, word)) return true;
    return false;
  }

  bool is_quoted_item(Index i) const { return in_name(at(i + 1)) && at(i + 1) != '$'; }

  bool has_newline(Index from, Index to) const {
    for (; from < to; ++from)
      if (at(from) == '\n' || at(from) == '\r') return true;
    return false;
  }

  // In an array.
  static bool may_follow_number(Code c, bool has_blank) {
    return c == '[' || c == '{' || (has_blank && (is_digit(c) || c == '-'));
  }

  // Each gives where a short piece of text ends; `i` itself if it is none.

  Index quoted_name_end(Index i) const {
    const Index begin = i, most = std::min(stop_, i + kNear);
    const Quote& quote = *quote_of(at(i));
    for (++i; i < most; ++i) {
      const Code c = at(i);
      if (c == '\n' || c == '{' || c == '}' || c == '\\') return begin;
      if (quote.closes(c)) break;
      if (c == '"') return begin;
    }
    return i + 1;
  }

  Index near_string_end(Index i) const {
    const Index begin = i, most = std::min(stop_, i + kNear);
    for (++i; i < most && at(i) != '"'; ++i)
      if (at(i) == '\n' || at(i) == '\\' || at(i) == ':') return begin;
    return at(i) == '"' ? i + 1 : begin;
  }

  Index near_number_end(Index i) const {
    const auto in_number = [](Code c) {
      return is_digit(c) || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E';
    };
    const Index most = std::min(stop_, i + kNear);
    while (i < most && in_number(at(i))) ++i;
    return i;
  }

  Index literal_end(Index i) const {
    if (is_word(i, "true") || is_word(i, "null")) return i + 4;
    return is_word(i, "false") ? i + 5 : i;
  }
};

}  // namespace structgen::repairing
