// Values: what a JSON text says, and what the beginning of one may come to say.
//
// Two texts say the same where they differ in escapes, in the order of members and in the spelling of a number. Numbers are
// equal by what they are worth: an integer is exact, and what has a point or an exponent is the double that it stands
// for (as in the judges of JSON Schema: 1 and 1.0 are equal). Of members with one name the last counts.
//
// Not here     blanks between the parts of a text (whoever keeps the text leaves them out), grammars, tokens.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "meter.h"

namespace structgen {

class Value;
using ValuePtr = std::shared_ptr<const Value>;

class Value {
 public:
  // Of a text without blanks between its parts, which may end anywhere; `ends`: it goes no further.
  // Throws LimitExceeded where it nests too deeply.
  static ValuePtr of(std::string_view text, bool ends);

  // Whether this one, the beginning of a value, can become the other, a whole one. Of a number that may go on this is said
  // rather too often.
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
  std::string escape_;           // begun, at the end of a string or name
  u64 hash_ = 0;
};

}  // namespace structgen
