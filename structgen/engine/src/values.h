// Values: what a JSON text says, and what the beginning of one may come to say. All that the engine knows of JSON is
// here.
//
// Two texts say the same where they differ in escapes, in the order of members and in the spelling of a number. Numbers
// are equal by what they are worth: an integer is exact, and what has a point or an exponent is the double that it
// stands for (as in the judges of JSON Schema: 1 and 1.0 are equal). Of members with one name the last counts.
//
// A text is read for its parts (Scanner) as it comes, and for its value without the blanks between them.
//
// Not here     which texts are kept, and where an item begins (memory.h); grammars, tokens.
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
  // Of a text without blanks between its parts, which may end anywhere; `ends`: it goes no further.
  // Throws LimitExceeded where it nests too deeply.
  static ValuePtr of(std::string_view text, bool ends);

  // Whether this one, the beginning of a value, can become the other, a whole one. Of a number that may go on this is
  // said rather too often.
  bool may_become(const Value& other) const;
  bool equals(const Value& other) const;  // two whole ones
  u64 hash() const { return hash_; }

 private:
  enum Kind : u8 { Nothing, Word, Number, String, Array, Object };
  class Reader;
  using Member = std::pair<std::string, ValuePtr>;

  void seal();
  const Member* member(std::string_view name) const;

  Kind kind_ = Nothing;
  bool whole_ = false;
  std::string text_;             // of a word, a string without its escapes; of a number, what it is worth (so far)
  std::vector<ValuePtr> items_;  // of an array, whole ones
  std::vector<Member> members_;  // of an object, whole ones by name
  ValuePtr begun_;               // the item, or the value of the member, that is being read
  std::string name_;             // of that member; of a whole number, its digits
  bool named_ = false;           // a name is being read
  bool name_is_whole_ = false;
  std::string escape_;  // begun, at the end of a string or name
  u64 hash_ = 0;
};

}  // namespace structgen
