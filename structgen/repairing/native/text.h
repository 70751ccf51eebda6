// What stands in a text: characters, and what may follow them. Looks ahead, never changes anything.
//
// Each question is answered as patterns.py would, or more strictly: in doubt a string has no end here. Look-ahead is
// bounded but for blanks and comments, which are passed over once more when they are read.
#pragma once

#include <Python.h>

#include <algorithm>
#include <cstdint>

namespace structgen::repairing {

using Index = Py_ssize_t;
using Code = std::uint32_t;

constexpr bool is_blank(Code c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
constexpr bool is_digit(Code c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(Code c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool begins_name(Code c) { return is_letter(c) || c == '_' || c == '$'; }
constexpr bool in_name(Code c) { return begins_name(c) || is_digit(c); }

constexpr bool is_quote(Code c) {
  return c == '"' || c == '\'' || c == '`' || c == 0x201c || c == 0x201d || c == 0x201e || c == 0x2018 || c == 0x2019 ||
         c == 0xab;
}

// Whether a quote may end a string that another one began.
constexpr bool closes(Code open, Code c) {
  switch (open) {
    case '"':
      return c == '"';
    case '\'':
      return c == '\'';
    case '`':
      return c == '`' || c == '\'';
    case 0x201c:
    case 0x201d:
      return c == 0x201d || c == 0x201c || c == '"';
    case 0x201e:
      return c == 0x201c || c == 0x201d || c == '"';
    case 0x2018:
    case 0x2019:
      return c == 0x2019 || c == 0x2018 || c == '\'';
    case 0xab:
      return c == 0xbb;
    default:
      return false;
  }
}

// What a quote inside a text may be followed by, if it is not its end.
constexpr bool goes_on(Code c) {
  return is_letter(c) || is_digit(c) || c == '(' || c == '.' || c == '!' || c == '?' || c == '-' || c == '&' ||
         c == '%';
}

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

  bool is_comment(Index i) const { return at(i) == '#' || (at(i) == '/' && (at(i + 1) == '/' || at(i + 1) == '*')); }

  // A name in double quotes with its colon, as it follows a value whose comma is missing.
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

  // A name in quotes or without, with its colon, behind a comma.
  bool is_name(Index i) const {
    const Index most = std::min(stop_, i + kNear);
    if (is_quote(at(i))) {
      const Code open = at(i);
      for (++i; i < most; ++i) {
        const Code c = at(i);
        if (c == '\n' || c == '{' || c == '}' || c == '\\') return false;
        if (closes(open, c)) break;
        if (c == '"') return false;
      }
      ++i;
    } else if (begins_name(at(i))) {
      while (i < most && in_name(at(i))) ++i;
    } else {
      return false;
    }
    while (at(i) == ' ' || at(i) == '\t') ++i;
    return at(i) == ':' || at(i) == '=';
  }

  bool is_word(Index i, const char* word) const {
    for (; *word != 0; ++word, ++i)
      if (at(i) != static_cast<Code>(*word)) return false;
    return !in_name(at(i));
  }

  // Whether a quote, behind which is `i`, ends a string.
  Verdict judge(Index i, Role role, Code open, bool is_empty) const {
    const Index begin = i;
    i = blanks(i);
    const Code c = at(i);
    if (role == Role::Name) {
      if (c == ':') return at(i + 1) == '/' && at(i + 2) == '/' ? Verdict::Doubt : Verdict::End;
      if (c == '=') return Verdict::End;
      return !is_empty && is_value(i) ? Verdict::End : Verdict::Doubt;
    }
    if (i >= stop_) return Verdict::Doubt;
    if (is_comment(i)) return Verdict::End;
    if (role == Role::Member) {
      if (c == '}') return Verdict::End;
      if (c == ',') {
        i = blanks(i + 1);
        const Code d = at(i);
        if ((open == '"' && d == '"') || d == '}' || d == ',' || is_comment(i) || is_name(i)) return Verdict::End;
        return Verdict::Doubt;
      }
      if (c == '"' && i > begin) return is_quoted_name(i) ? Verdict::End : Verdict::Doubt;
    } else {
      if (c == ']') return Verdict::End;
      if (c == ',') {
        i = blanks(i + 1);
        const Code d = at(i);
        const bool follows = is_quote(d) || d == '{' || d == '[' || d == ']' || d == '-' || is_digit(d) || d == ',' ||
                             is_comment(i) || is_word(i, "true") || is_word(i, "false") || is_word(i, "null") ||
                             is_word(i, "True") || is_word(i, "False") || is_word(i, "None");
        return follows ? Verdict::End : Verdict::Doubt;
      }
      if (c == '"' && i > begin) return in_name(at(i + 1)) && at(i + 1) != '$' ? Verdict::End : Verdict::Doubt;
    }
    if (is_empty || open != '"' || !goes_on(c)) return Verdict::Doubt;
    for (Index k = begin; k < i; ++k)
      if (at(k) == '\n' || at(k) == '\r') return Verdict::Doubt;
    return Verdict::Inner;
  }

  // Whether the text ends with the beginning of a literal.
  bool is_cut_literal(Index i) const {
    for (const char* word : {"true", "false", "null"}) {
      Index k = i;
      while (k < stop_ && *word != 0 && at(k) == static_cast<Code>(*word)) ++k, ++word;
      if (k >= stop_) return true;
    }
    return false;
  }

  // Whether the text ends behind a string, where it might have gone on well.
  bool is_end(Index i, Role role) const {
    i = blanks(i);
    if (i >= stop_) return true;
    if (role == Role::Name || at(i) != ',') return false;
    i = blanks(i + 1);
    return i >= stop_ || (role == Role::Item && is_cut_literal(i));
  }

  // A value behind a name whose colon is missing.
  bool is_value(Index i) const {
    const Code c = at(i);
    if (c == '{' || c == '[') return true;
    if (c == '"') {
      const Index most = std::min(stop_, i + kNear);
      for (++i; i < most && at(i) != '"'; ++i)
        if (at(i) == '\n' || at(i) == '\\' || at(i) == ':') return false;
      if (at(i) != '"') return false;
      ++i;
    } else if (is_digit(c) || c == '-') {
      const Index most = std::min(stop_, i + kNear);
      while (i < most &&
             (is_digit(at(i)) || at(i) == '.' || at(i) == '-' || at(i) == '+' || at(i) == 'e' || at(i) == 'E'))
        ++i;
    } else if (is_word(i, "true") || is_word(i, "null")) {
      i += 4;
    } else if (is_word(i, "false")) {
      i += 5;
    } else {
      return false;
    }
    i = blanks(i);
    return at(i) == ',' || at(i) == '}';
  }

  // Whether a quote might begin the next member, although a string is open.
  bool may_begin_member(Index quote, Index begin) const {
    Index i = quote;
    while (i > begin && is_blank(at(i - 1))) {
      if (at(i - 1) == '\n') return true;
      --i;
    }
    return i > begin && at(i - 1) == ',';
  }

  // Whether behind a number or a literal comes what may come there.
  bool is_over(Index i, Role role, bool is_number) const {
    const Index begin = i;
    i = blanks(i);
    const Code c = at(i);
    if (i >= stop_) return false;
    if (c == ',' || c == '}' || c == ']') return true;
    if (c == '/' && is_comment(i)) return true;
    if (c == '#' && is_number) return true;
    if (role == Role::Member) return c == '"' && i > begin && is_quoted_name(i);
    return is_number && ((i > begin && (is_digit(c) || c == '-')) || c == '[' || c == '{');
  }

  bool hex(Index i, Code& value) const {
    value = 0;
    for (Index k = 0; k < 4; ++k) {
      const Code c = at(i + k);
      Code digit;
      if (is_digit(c))
        digit = c - '0';
      else if (c >= 'a' && c <= 'f')
        digit = c - 'a' + 10;
      else if (c >= 'A' && c <= 'F')
        digit = c - 'A' + 10;
      else
        return false;
      value = value << 4 | digit;
    }
    return true;
  }

 protected:
  const Char* text_;
  const Index stop_;
};

}  // namespace structgen::repairing
