// Values: parses JSON texts, whole ones and prefixes, and compares the values. All that the engine knows of JSON is
// here.
//
// Two texts have equal values if they differ only in escapes, whitespace, the order of properties and the spelling of
// numbers. An integer is compared exactly; a number with a point or an exponent is compared as a double (as validators
// of JSON Schema do: 1 and 1.0 are equal). Of several properties with one name the last counts.
//
// The Scanner follows a text byte by byte and finds its parts; Value parses a text without whitespace.
//
// Not here     which texts are kept, and where an item begins (item_scopes.h); grammars, tokens.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "meter.h"

namespace structgen {

// Follows a text byte by byte.
class Scanner {
 public:
  enum Part : u8 { Inside, Blank, Opens, Closes, Comma };  // Inside: of a string, or another scalar
  Part read(char c) {
    if (in_string_) {
      in_string_ = escaped_ || c != '"';
      escaped_ = !escaped_ && c == '\\';
      return Inside;
    }
    in_string_ = c == '"';
    switch (c) {
      case ' ':
      case '\t':
      case '\n':
      case '\r':
        return Blank;
      case '{':
      case '[':
        return Opens;
      case '}':
      case ']':
        return Closes;
      case ',':
        return Comma;
      default:
        return Inside;
    }
  }

 private:
  bool in_string_ = false, escaped_ = false;
};

class Value;
using ValuePtr = std::shared_ptr<const Value>;

class Value {
 public:
  // Parses a text without whitespace between its parts, which may end anywhere. `ends`: it is complete.
  // Throws LimitExceeded where it nests too deeply.
  static ValuePtr of(std::string_view text, bool ends);

  // Returns true if this prefix of a value can become the other, whole value. Of a number that may go on the answer may
  // be true by mistake, never false.
  bool may_become(const Value& other) const;
  bool equals(const Value& other) const;  // two whole ones
  u64 hash() const { return hash_; }

 private:
  enum Kind : u8 { Nothing, Word, Number, String, Array, Object };
  class Reader;
  using Property = std::pair<std::string, ValuePtr>;

  void seal();
  const Property* property(std::string_view name) const;
  bool array_may_become(const Value& other) const;
  bool object_may_become(const Value& other) const;

  Kind kind_ = Nothing;
  bool whole_ = false;
  std::string text_;                  // of a word, a string without its escapes; of a number, its value (so far)
  std::vector<ValuePtr> items_;       // of an array, whole ones
  std::vector<Property> properties_;  // of an object, whole ones by name
  ValuePtr begun_;                    // the item, or the value of the property, that is being read
  std::string name_;                  // of that property; of a whole number, its digits
  bool named_ = false;                // a name is being read
  bool name_is_whole_ = false;
  std::string escape_;  // begun, at the end of a string or name
  u64 hash_ = 0;
};

}  // namespace structgen
