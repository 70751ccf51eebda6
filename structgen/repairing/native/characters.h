// Characters and the pairs of quotes that enclose strings.
#pragma once

#include <Python.h>

#include <array>
#include <cstdint>

namespace structgen::repairing {

using Index = Py_ssize_t;
using Code = std::uint32_t;

constexpr bool is_blank(Code c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
constexpr bool is_digit(Code c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(Code c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool begins_name(Code c) { return is_letter(c) || c == '_' || c == '$'; }
constexpr bool in_name(Code c) { return begins_name(c) || is_digit(c); }

// The value of a hexadecimal digit; 16 if it is none.
constexpr Code hex_value(Code c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

// The characters that may close a string, by the quote that opened it.
struct Quote {
  Code open;
  std::array<Code, 3> closing;
  constexpr bool closes(Code c) const { return c == closing[0] || c == closing[1] || c == closing[2]; }
};
constexpr Quote kQuotes[] = {
    {'"', {'"', '"', '"'}},           {'\'', {'\'', '\'', '\''}},
    {'`', {'`', '`', '\''}},          {0x201c, {0x201d, 0x201c, '"'}},  // “
    {0x201d, {0x201d, 0x201c, '"'}},                                    // ”
    {0x201e, {0x201d, 0x201c, '"'}},                                    // „
    {0x2018, {0x2019, 0x2018, '\''}},                                   // ‘
    {0x2019, {0x2019, 0x2018, '\''}},                                   // ’
    {0xab, {0xbb, 0xbb, 0xbb}},                                         // « »
};

// The quotes of a character; null if it is none.
constexpr const Quote* quote_of(Code c) {
  for (const Quote& quote : kQuotes)
    if (quote.open == c) return &quote;
  return nullptr;
}
constexpr bool is_quote(Code c) {
  if (c < 0x80) return c == '"' || c == '\'' || c == '`';
  return quote_of(c) != nullptr;
}

// Returns true for what may follow a quote inside a text.
constexpr bool goes_on(Code c) {
  return is_letter(c) || is_digit(c) || c == '(' || c == '.' || c == '!' || c == '?' || c == '-' || c == '&' ||
         c == '%';
}

}  // namespace structgen::repairing
